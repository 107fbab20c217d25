// Writes an archive: first the whole skeleton, into a file beside the target that is renamed into place; from then on
// only appends and rewrites of data sets that exist, flushed every `flush_interval_s`. A process killed at any moment
// leaves a file that opens and holds everything up to the last flush (HDF5 single-writer multiple-reader mode, and a
// count of the rows that were flushed for every stream). A Writer, and HDF5 as a whole, is used by one thread at a
// time. Layout: docs/archive.md.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxon/archive/records.hpp"
#include "proxon/simulation/recording.hpp"

namespace proxon::archive {

struct WriterOptions {
  double flush_interval_s = 1.0;  ///< the loss bound; 0 flushes after every append
};

class Writer {
 public:
  /// Makes the archive, replacing a file of that name, and opens it. Throws Error and leaves nothing new behind on
  /// failure.
  static Writer create(const std::string& path, const Skeleton& skeleton, WriterOptions options = {});

  /// Opens an archive for a later stage; one left by a killed run is recovered first.
  static Writer open(const std::string& path, WriterOptions options = {});

  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;
  /// Closes the file; errors are dropped. Call close() to hear of them.
  ~Writer();

  const std::string& path() const;

  // Recording. Populations, traces, signals and projections are numbered as in the skeleton.

  /// Spikes in order of time, within the call and after all earlier calls: time in ms, neuron in [0, size).
  void append_spikes(int population, std::span<const double> ms, std::span<const std::int32_t> neurons);

  /// Rows of trace i, [n_rows, n_neurons] row-major.
  void append_trace(int trace, std::span<const float> rows);

  /// Values of signal i, one a step.
  void append_signal(int signal, std::span<const float> values);

  /// All pairs of correlation i up to now, a lag, and how many chance would make; replaces what was there.
  void set_correlation(int correlation, std::span<const std::int64_t> count, std::span<const double> chance);

  /// All weights of a plastic projection at one time, in the order of its synapses.
  void append_weights(int projection, double time_ms, std::span<const float> weights);

  /// Fills NWB /units from the recorded spikes (seconds, unit by unit), holding `spikes_in_memory` spikes at most.
  void finalise_units(std::int64_t spikes_in_memory = 16 << 20);

  // Stages that can be gone on with: "simulate", whose rows are the recordings, and "fit", whose rows are the curves.

  /// Keeps the state of the stage, and how many rows it had written, in the place of the checkpoint before the last.
  void set_checkpoint(std::string_view stage, const Checkpoint& state);
  /// Cuts what the stage wrote back to the newest whole checkpoint and returns it; nothing changes when there is none.
  std::optional<Checkpoint> rewind(std::string_view stage);
  /// The stage is over: no checkpoint is needed any more.
  void clear_checkpoint(std::string_view stage);

  // Later stages. set_* replaces what is there.

  void set_text(std::string_view slot, std::string_view text);  ///< slots: text_slots
  void append_log(std::string_view line);
  void set_plugins(std::span<const PluginRecord> plugins);
  /// Parameters of things that later stages use (model, learning rule, optimizer, metrics): an object of the same name
  /// is replaced, the others stay. Kept in a table, since attributes cannot be added to an archive that is open.
  void set_objects(std::span<const Object> objects);
  void set_model(const std::vector<LayerRecord>& layers, std::span<const float> theta,
                 std::string_view description = "");
  void clear_epochs();
  void append_epoch(const EpochRecord& row);
  void start_predictions(const std::vector<std::string>& channels);
  void append_predictions(const PredictionBlock& block);
  void set_metrics(std::span<const MetricRecord> rows);

  /// Removes the outcome of fit and evaluate (model, curves, predictions, metrics) and the fit's checkpoint before they run anew.
  void clear_fit();

  /// Notes that a stage is done and flushes. A stage of the same name is replaced.
  void end_stage(std::string_view stage, double seconds);

  /// Flushes when the interval is over; call it where nothing is appended for long.
  void tick();
  void flush();
  /// Flushes, and closes so that every reader opens the file.
  void close();

  struct Impl;

 private:
  explicit Writer(std::unique_ptr<Impl>);
  std::unique_ptr<Impl> impl_;
};

/// Texts that can be rewritten: "experiment" (the file's text), "dataset", "evaluation" (free text, JSON by custom).
inline constexpr std::array<std::string_view, 3> text_slots = {"experiment", "dataset", "evaluation"};

}  // namespace proxon::archive
