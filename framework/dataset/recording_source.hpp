// A recording as a dataset reads it: what was recorded, and any stretch of it, so that it never has to be in memory all
// at once. An archive is one such source, a recording that a simulation left in memory another. Times in ms.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "proxon/archive/reader.hpp"
#include "proxon/simulation/recording.hpp"

namespace proxon {

class RecordingSource {
 public:
  struct Population {
    std::string name;
    int64_t size = 0;
    bool spikes = true;  ///< whether its spikes were recorded
  };
  struct Spikes {
    std::vector<double> time;  ///< ascending
    std::vector<int32_t> neuron;
  };
  std::vector<Population> populations;
  std::vector<TraceInfo> traces;
  std::vector<int64_t> trace_rows;
  std::vector<SignalInfo> signals;
  std::vector<int64_t> signal_rows;
  double end = 0;    ///< the recording is complete up to here
  double trial = 0;  ///< length of a trial; 0: continuous

  virtual ~RecordingSource() = default;
  /// Spikes with begin <= t < end.
  virtual Spikes spikes(int population, double begin, double end) const = 0;
  /// Rows [begin, end) of a trace: [rows x neurons], row-major.
  virtual std::vector<float> trace(int trace, int64_t begin, int64_t end) const = 0;
  virtual std::vector<float> signal(int signal, int64_t begin, int64_t end) const = 0;
};

/// The recordings of an archive, also of a run that was killed: `end` is then what the last flush holds. `reader` must
/// outlive it.
std::unique_ptr<RecordingSource> recording_of(const archive::Reader& reader);

/// A recording in memory, which must outlive it. `spikes` of the populations says which were recorded.
std::unique_ptr<RecordingSource> recording_of(const MemoryRecording& recording,
                                              std::vector<RecordingSource::Population> populations,
                                              std::vector<TraceInfo> traces, std::vector<SignalInfo> signals,
                                              double trial = 0);

}  // namespace proxon
