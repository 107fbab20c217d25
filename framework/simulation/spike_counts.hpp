// What is counted of spikes while a simulation runs: the rate of a population, in bins, and the cross-correlation of two populations (as NEST's
// correlation_detector). Both are fed by one thread, in the order of steps, and count in whole numbers, so that they are equal to the bit for any
// number of threads. A spike of step n is stamped with the end of that step, and belongs to the bin (begin, end] that holds its stamp.
#pragma once
#include "proxon/simulation/drive.hpp"

namespace proxon {

/// Some neurons of a population.
class Members {
 public:
  Members() = default;
  /// Throws Error, beginning with `where`: an unknown population, one that does not spike, neurons that it lacks.
  Members(const NeuronsRequest& request, const std::vector<std::unique_ptr<RunningPopulation>>& populations, const std::string& where);

  int32_t population() const { return population_; }
  int64_t size() const { return size_; }
  bool holds(int32_t neuron) const { return chosen_.empty() || chosen_[static_cast<size_t>(neuron)]; }
  /// How many of the neurons it holds.
  int64_t count(std::span<const int32_t> neurons) const;

 private:
  int32_t population_ = 0;
  int64_t size_ = 0;
  std::vector<char> chosen_;  ///< [neuron]; empty: all
};

class PopulationRate {
 public:
  PopulationRate(const RateRequest& request, const std::vector<std::unique_ptr<RunningPopulation>>& populations, const Clock& clock);

  SignalInfo info() const { return {.name = name_, .unit = "Hz", .start = 0, .interval = interval_, .population = true}; }
  const Members& members() const { return members_; }

  void prepare(int64_t first_step);
  void spikes(int64_t step, std::span<const int32_t> neurons);
  /// The rates of the bins that are complete when all steps before `end` are done, since the last call.
  std::vector<float> take(int64_t end);

  /// Calls see(name, data, bytes) for what the next bins depend on, right after take().
  template <class See>
  void columns(See&& see) {
    see("rate " + name_ + "/spikes", &open_, sizeof open_);
  }

 private:
  void close_bins(int64_t bin);

  std::string name_;
  Members members_;
  int64_t steps_;      ///< of a bin
  double interval_;    ///< the same, ms
  int64_t bin_ = 0, open_ = 0;  ///< the bin that is being filled, and its spikes
  std::vector<float> rows_;
};

class Correlogram {
 public:
  Correlogram(const CorrelationRequest& request, const std::vector<std::unique_ptr<RunningPopulation>>& populations, const Clock& clock);

  CorrelationInfo info() const;
  const Members& source() const { return source_; }
  const Members& target() const { return target_; }

  void prepare(int64_t first_step);
  /// Neurons of a population that fired in a step.
  void spikes(int32_t population, int64_t step, std::span<const int32_t> neurons);
  /// Counts the pairs that the steps before `end` complete.
  void finish(int64_t end);
  /// Pairs a lag.
  std::vector<int64_t> counts() const;
  /// Pairs a lag that independent spikes of the same rates would make: n_source n_target delta_tau (T - |lag|) / T^2.
  std::vector<double> chance() const;

  template <class See>
  void columns(See&& see) {
    const std::string name = "correlation " + name_;
    const auto bytes = static_cast<size_t>(window_) * sizeof(int64_t);
    see(name + "/pairs", pairs_.data(), pairs_.size() * sizeof(int64_t));
    see(name + "/spikes", spikes_, sizeof spikes_);
    see(name + "/source, past", past_source_.data(), bytes);
    see(name + "/target, past", past_target_.data(), bytes);
  }

 private:
  int64_t& at(std::vector<int64_t>& past, int64_t step);

  std::string name_;
  Members source_, target_;
  Clock clock_;
  int64_t bin_, lags_;    ///< steps of a bin; bins on either side of lag 0
  int64_t first_;         ///< step from which spikes count
  int64_t window_;        ///< longest lag, steps
  int64_t done_ = 0;      ///< steps that are counted
  int64_t spikes_[2] = {};
  std::vector<int64_t> pairs_;                      ///< [lag in steps, from -window to window]
  std::vector<int64_t> past_source_, past_target_;  ///< spikes a step: the window before done_, and what has come since
};

}  // namespace proxon
