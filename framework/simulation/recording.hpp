// What a simulation tells the outside while it runs: spikes, traces of state variables, the stimuli's signals, rates and correlations of
// populations, weights. The archive is one such listener; tests keep everything in memory.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "proxon/base/checkpoint.hpp"

namespace proxon {

/// A request to record one state variable (or, for rate neurons, "activity") of some neurons of a population.
struct TraceRequest {
  std::string population, variable;
  std::vector<int32_t> neurons;  ///< numbers within the population; ascending
  int64_t interval = 1;          ///< in steps
};

/// Neurons of a population.
struct NeuronsRequest {
  std::string population;
  std::vector<int32_t> neurons;  ///< numbers within the population; empty: all
};

/// A request to record the rate of some neurons: spikes a neuron and second, in bins.
struct RateRequest {
  std::string name;
  NeuronsRequest source;
  int64_t interval = 1;  ///< width of a bin in steps
};

/// A request to count pairs of spikes by the time from the source's to the target's. A spike makes no pair with itself.
struct CorrelationRequest {
  std::string name;
  NeuronsRequest source, target;
  int64_t bin = 1;    ///< width of a bin of lags in steps; odd, so that one is centred at lag 0
  int64_t lags = 10;  ///< bins on either side of that one
  int64_t start = 0;  ///< steps: earlier spikes are left out
};

struct TraceInfo {
  std::string population, variable, unit;
  std::vector<int32_t> neurons;
  double start = 0, interval = 0;  ///< ms: row r is the value at start + r * interval
};

/// What is sampled of the whole: the signal of a stimulus (the value at the begin of each interval), or the rate of a population (over the interval).
struct SignalInfo {
  std::string name, unit;
  double start = 0, interval = 0;  ///< ms
  bool population = false;         ///< the rate of a population
};

struct CorrelationInfo {
  std::string name;
  std::vector<double> lags;  ///< ms: the middles of the bins
};

/// Receives a recording in blocks, in the order of time, from one thread.
class RecordingSink {
 public:
  virtual ~RecordingSink() = default;
  /// Spikes of one population: times in ms ascending, neurons (within the population) ascending at equal times.
  virtual void spikes(int32_t population, std::span<const double> time, std::span<const int32_t> neuron) = 0;
  /// Rows of a trace: [rows x neurons], row-major.
  virtual void trace(int32_t trace, std::span<const float> rows) = 0;
  /// Values of a stimulus's signal, or rates of a population.
  virtual void signal(int32_t signal, std::span<const float> values) = 0;
  /// All pairs up to now, a lag, and how many chance would make.
  virtual void correlation(int32_t correlation, std::span<const int64_t> count, std::span<const double> chance) = 0;
  /// Weights of a plastic projection, in the order of its synapses, at a time.
  virtual void weights(int32_t projection, double time, std::span<const float> weight) = 0;
  /// The recording is complete up to this time; a good moment to flush.
  virtual void until(double time) = 0;
  /// A run can go on from here; what was recorded before has been handed over.
  virtual void checkpoint(const Checkpoint&) {}
};

/// Keeps a whole recording in memory.
struct MemoryRecording : RecordingSink {
  struct Spikes {
    std::vector<double> time;
    std::vector<int32_t> neuron;
  };
  std::vector<Spikes> spike;                 ///< [population]
  std::vector<std::vector<float>> traces;    ///< [trace], rows concatenated
  std::vector<std::vector<float>> signals;   ///< [signal]
  struct Correlation {
    std::vector<int64_t> count;
    std::vector<double> chance;
  };
  std::vector<Correlation> correlations;     ///< [correlation], the last
  std::vector<std::vector<float>> last_weights;  ///< [projection]
  double end = 0;
  Checkpoint last_checkpoint;

  void spikes(int32_t population, std::span<const double> time, std::span<const int32_t> neuron) override;
  void trace(int32_t trace, std::span<const float> rows) override;
  void signal(int32_t signal, std::span<const float> values) override;
  void correlation(int32_t correlation, std::span<const int64_t> count, std::span<const double> chance) override;
  void weights(int32_t projection, double time, std::span<const float> weight) override;
  void until(double time) override { end = time; }
  void checkpoint(const Checkpoint& state) override { last_checkpoint = state; }
};

}  // namespace proxon
