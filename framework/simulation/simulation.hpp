// The simulation: the only clock. Fixed steps; in each step the input that arrives now is delivered, every neuron integrates, those that fired
// are collected, plastic synapses learn. A thread owns the target neurons that it adds to, and sums keep their order, so that the
// result is equal to the bit for any number of threads.
//
//   Simulation simulation(blueprint, connectome, stimuli, options);
//   simulation.run(sink);
#pragma once
#include <functional>
#include <memory>

#include "proxon/network/connectome.hpp"
#include "proxon/plugin/stimulus.hpp"
#include "proxon/simulation/recording.hpp"

namespace proxon {

/// Labelled samples that a stimulus shows.
struct StimulusSamples {
  std::vector<float> values;   ///< [samples x columns]
  std::vector<int32_t> label;  ///< [samples]
  std::vector<int64_t> order;  ///< [presentations]
  int64_t columns = 0;
  ShownSamples view() const { return {values.data(), label.data(), order.data(), static_cast<int64_t>(label.size()), columns, static_cast<int64_t>(order.size())}; }
};

/// Something that drives a population, or some of its neurons.
struct Stimulus {
  std::string name;
  std::string target;             ///< population
  std::vector<int32_t> neurons;   ///< numbers within it; empty: all
  double weight = 1;              ///< factor on what the generator gives
  std::string receptor;           ///< name of the target's port; "" lets the generator's kind and the sign of the weight choose
  PluginValue generator;
  std::shared_ptr<const StimulusSamples> samples = nullptr;
};

struct SimulationOptions {
  double dt = 0.1;              ///< ms
  double duration = 1000;       ///< ms
  double trial = 0;             ///< ms; > 0: neurons, delays and traces return to their initial state at every multiple of it
  uint64_t seed = 1;
  std::vector<std::string> record_spikes;  ///< populations
  std::vector<TraceRequest> traces;
  std::vector<RateRequest> rates;
  std::vector<CorrelationRequest> correlations;
  double signal_interval = 1;   ///< ms between samples of the stimuli's signals (value at the begin of each interval)
  double weights_interval = 0;  ///< ms between snapshots of plastic weights; 0: only at the end
  double learning_interval = 0; ///< ms between updates of rules on activity or time; 0: every step
  double checkpoint_interval = 0;  ///< ms between checkpoints; 0: none while it runs. A run that is interrupted leaves one in any case
  bool all_threads = false;     ///< as many threads as are wanted, also where the network is so small that fewer are faster
};

class Simulation {
 public:
  /// Checks everything that can be checked before the first step. Throws Error: an unknown port, a delay that is not a multiple of dt or
  /// shorter than it, a rule that needs what the neuron lacks, ... `connectome` must outlive the simulation; plastic weights change in it.
  /// On several ranks it is the share of own_neurons(), all ranks come to the constructor, resume() and run(), and the sink of rank 0 gets everything.
  Simulation(const Blueprint& blueprint, Connectome& connectome, std::vector<Stimulus> stimuli, SimulationOptions options);
  ~Simulation();

  /// In the order of SimulationOptions::traces, of the stimuli and then the rates, of the correlations: what the sink's numbers mean.
  const std::vector<TraceInfo>& traces() const;
  const std::vector<SignalInfo>& signals() const;
  const std::vector<CorrelationInfo>& correlations() const;
  /// Projections whose weights change.
  const std::vector<int32_t>& plastic_projections() const;

  /// Lets run() begin where another run of the same simulation, with any number of threads, left this checkpoint: the two recordings together,
  /// and the weights at the end, are equal to the bit to those of a run without a break. Throws Error when it is of another simulation.
  /// On several ranks that of rank 0 counts.
  void resume(Checkpoint checkpoint);

  /// Runs from the begin (or the checkpoint) to the end. `progress(time)` is called about every 100 ms of biology. Throws Error when a state variable stops being
  /// a finite number (naming neuron, variable, time), Interrupted on Ctrl-C; in both cases the sink has everything up to that time.
  void run(RecordingSink& sink, const std::function<void(double time)>& progress = {});

  struct Counts {
    int64_t steps = 0, spikes = 0, synaptic_events = 0;
  };
  const Counts& counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace proxon
