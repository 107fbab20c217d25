// A stimulus while it runs: its generator, the port of the target that it enters, and which neurons it drives.
#pragma once
#include "proxon/simulation/population.hpp"
#include "proxon/simulation/simulation.hpp"

namespace proxon {

class Drive {
 public:
  /// Throws Error: an unknown population, receptor or neuron, parameters that the generator refuses.
  Drive(const Stimulus& stimulus, int32_t number, const std::vector<std::unique_ptr<RunningPopulation>>& populations, const Clock& clock,
        uint64_t seed);

  const std::string& name() const { return name_; }
  const char* unit() const { return generator_.table().signal_unit; }
  int32_t population() const { return population_; }

  /// The value that all targets share in a step.
  double common(int64_t step) const;
  /// Adds what the targets within a range get; `scratch` is as long as the range.
  void apply(int64_t step, double common, Range own, float* scratch) const;

 private:
  Instant instant(int64_t step) const { return {step, clock_.time(step), key_}; }

  std::string name_;
  Instance<StimulusTable, StimulusSetup> generator_;
  Clock clock_;
  Key key_;
  int32_t population_ = 0;
  float weight_ = 1;
  std::shared_ptr<const StimulusSamples> samples_;
  std::unique_ptr<const ShownSamples> shown_;  ///< of samples_, where there are any
  float* plane_ = nullptr;
  Range reach_;                   ///< from the first to the last neuron driven
  std::vector<int32_t> neurons_;  ///< those driven; empty: all of reach_
};

/// Position of the population of that name. Throws Error, beginning with `where`.
int32_t find_population(const std::vector<std::unique_ptr<RunningPopulation>>& populations, const std::string& name, const std::string& where);
/// Numbers of neurons as a request gives them: sorted; all when empty. Throws Error for one out of range or twice.
std::vector<int32_t> checked_neurons(std::vector<int32_t> neurons, const RunningPopulation& population, const std::string& where);

}  // namespace proxon
