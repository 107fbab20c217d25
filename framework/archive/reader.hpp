// Reads an archive, whole or while it is written. Everything that a report needs comes from here. Rows that were not
// flushed before a kill are never shown: all lengths are those of the last flush. Large things are read by ranges;
// shapes are in records.hpp. Opening an archive that a killed run left behind repairs it first and says so in note().
#pragma once
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxon/archive/records.hpp"
#include "proxon/base/checkpoint.hpp"

namespace proxon::archive {

/// Spikes in order of time.
struct SpikeBlock {
  std::vector<double> ms;
  std::vector<std::int32_t> neurons;
};

/// Synapses [begin, end) of a projection, in order of source.
struct SynapseBlock {
  std::vector<std::int32_t> targets;
  std::vector<float> weights;
  std::vector<float> delays_ms;
};

/// Pairs of spikes a lag, and how many independent spikes of the same rates would make.
struct CorrelationBlock {
  std::vector<std::int64_t> count;
  std::vector<double> chance;
};

class Reader {
 public:
  explicit Reader(const std::string& path);
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  const std::string& path() const;
  /// What was done to open the file ("the run was killed; recovered up to its last flush"), or "".
  const std::string& note() const;
  /// True while another process writes the file; refresh() then shows what has come since.
  bool being_written() const;
  void refresh();

  // What was run.
  std::string text(std::string_view slot) const;  ///< text_slots and "log"
  std::string version() const;
  std::string revision() const;
  std::string started() const;
  std::string description() const;
  std::string identifier() const;
  std::uint64_t seed() const;
  double duration_ms() const;  ///< as the skeleton stated it
  /// How far the recordings reach: the stated duration, or of a run that was stopped the end of what was flushed.
  double recorded_ms() const;
  std::vector<PluginRecord> plugins() const;
  std::vector<Object> objects() const;  ///< of the skeleton, then of later stages
  std::vector<StageRecord> stages() const;
  bool stage_done(std::string_view stage) const;
  /// The newest whole checkpoint of a stage ("simulate", "fit") that was interrupted; none where there is nothing to go on with.
  std::optional<Checkpoint> checkpoint(std::string_view stage) const;

  // The network.
  const std::vector<PopulationRecord>& populations() const;
  const std::vector<ProjectionRecord>& projections() const;
  std::vector<std::int64_t> offsets(int projection) const;  ///< n_source + 1
  SynapseBlock synapses(int projection, std::int64_t begin, std::int64_t end) const;
  std::vector<double> snapshot_times_ms(int projection) const;  ///< empty where weights never changed
  std::vector<float> snapshot(int projection, std::int64_t index, std::int64_t begin, std::int64_t end) const;

  // Recordings.
  std::int64_t n_spikes(int population) const;
  /// Spikes with begin_ms <= t < end_ms.
  SpikeBlock spikes(int population, double begin_ms = -std::numeric_limits<double>::infinity(),
                    double end_ms = std::numeric_limits<double>::infinity()) const;
  /// Spikes [begin, end) by their number: to go through all of them in bounded memory.
  SpikeBlock spike_range(int population, std::int64_t begin, std::int64_t end) const;
  const std::vector<TraceRecord>& traces() const;
  std::int64_t trace_rows(int trace) const;
  std::vector<float> trace(int trace, std::int64_t begin, std::int64_t end) const;  ///< [rows, n_neurons]
  const std::vector<SignalRecord>& signals() const;
  std::int64_t signal_rows(int signal) const;
  std::vector<float> signal(int signal, std::int64_t begin, std::int64_t end) const;
  const std::vector<CorrelationRecord>& correlations() const;
  CorrelationBlock correlation(int correlation) const;

  // Later stages.
  std::optional<ModelRecord> model() const;
  std::vector<EpochRecord> epochs() const;
  std::vector<std::string> prediction_channels() const;
  std::int64_t prediction_rows() const;
  PredictionBlock predictions(std::int64_t begin, std::int64_t end) const;
  std::vector<MetricRecord> metrics() const;

  /// Index by name; throws Error with the nearest name.
  int population(std::string_view name) const;
  int projection(std::string_view name) const;
  int trace(std::string_view population, std::string_view variable) const;
  int signal(std::string_view name) const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace proxon::archive
