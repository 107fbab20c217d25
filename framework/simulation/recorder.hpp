// What the recording gathers between two flushes: each thread appends its own neurons' spikes and fills its own columns of the traces;
// one thread merges, counts what is made of spikes, and hands over.
#pragma once
#include "proxon/simulation/spike_counts.hpp"

namespace proxon {

class Recorder {
 public:
  /// Throws Error for a request that cannot be met.
  Recorder(const SimulationOptions& options, const std::vector<std::unique_ptr<RunningPopulation>>& populations,
           const std::vector<Drive>& drives, const Clock& clock);

  const std::vector<TraceInfo>& traces() const { return traces_; }
  const std::vector<SignalInfo>& signals() const { return signals_; }
  const std::vector<CorrelationInfo>& correlations() const { return correlation_infos_; }

  /// The longest time between flushes, at most `wanted` steps, for which the traces take up no more than 64 MB.
  int64_t flush_steps(int64_t wanted) const;
  /// Empties everything; room for `threads` and for `steps` between flushes. What lies before `first_step` was handed over by another run.
  /// `own`: neurons of each rank and population.
  void prepare(int32_t threads, int64_t steps, int64_t first_step, const std::vector<std::vector<Range>>& own);

  /// Whether anything is made of a population's spikes.
  bool wants_spikes(int32_t population) const { return wants_spikes_[static_cast<size_t>(population)]; }
  /// By a thread: neurons of a population that fired in a step, ascending.
  void spikes(int32_t thread, int32_t population, int64_t step, std::span<const int32_t> neurons);
  /// By a thread that owns `own` of each population: the traces after a step.
  void record_traces(int64_t step, const std::vector<Range>& own);
  /// By one thread: the value of a stimulus at the begin of a step.
  bool wants_signals(int64_t step) const { return step % signal_steps_ == 0; }
  void signal(int32_t stimulus, double value) { signal_values_[static_cast<size_t>(stimulus)].push_back(static_cast<float>(value)); }

  /// By one thread, while the others wait, a meeting of the ranks: rank 0 gets what the others have gathered of the steps before `end`.
  void collect_from_ranks(int64_t end);
  /// By one thread, while the others wait: hands over all that belongs to the steps before `end`.
  void flush(RecordingSink& sink, int64_t end);
  /// Calls see(name, data, bytes) for what the rest of the recording depends on, right after a flush.
  template <class See>
  void columns(See&& see) {
    for (PopulationRate& rate : rates_) rate.columns(see);
    for (Correlogram& correlation : correlations_) correlation.columns(see);
  }

 private:
  struct Spike {
    int64_t step;
    int32_t neuron;
  };
  /// On a line of memory of its own: while one thread appends, another appends to its neighbour.
  struct alignas(cache_line) Spikes : std::vector<Spike> {};
  struct Trace {
    int32_t population, variable;
    int64_t interval, rows_done = 0;
    std::vector<float> rows;
  };

  const std::vector<std::unique_ptr<RunningPopulation>>& populations_;
  Clock clock_;
  int64_t signal_steps_ = 1;
  std::vector<bool> keeps_spikes_, wants_spikes_;
  std::vector<std::vector<Spikes>> spikes_;  ///< [thread, then on rank 0 each other rank][population]
  std::vector<std::vector<Range>> own_;                  ///< [rank][population]
  std::vector<TraceInfo> traces_;
  std::vector<Trace> buffers_;
  std::vector<SignalInfo> signals_;
  std::vector<std::vector<float>> signal_values_;        ///< of the stimuli, which come first
  std::vector<PopulationRate> rates_;
  std::vector<Correlogram> correlations_;
  std::vector<CorrelationInfo> correlation_infos_;

  /// Calls see(data, bytes) for the values of a trace's complete rows that neurons of a rank gave.
  template <class See>
  void trace_pieces(size_t t, int64_t end, size_t of_rank, See&& see);
  void flush_spikes(RecordingSink& sink, int64_t end);
};

}  // namespace proxon
