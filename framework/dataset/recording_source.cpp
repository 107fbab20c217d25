#include "proxon/dataset/recording_source.hpp"

#include <algorithm>
#include <limits>

namespace proxon {
namespace {

class ArchiveRecording : public RecordingSource {
 public:
  explicit ArchiveRecording(const archive::Reader& reader) : reader_(reader) {
    for (const auto& population : reader.populations())
      populations.push_back({population.name, population.size, population.spikes});
    for (const auto& trace : reader.traces())
      traces.push_back({trace.population, trace.variable, trace.unit, trace.neurons, trace.start_ms, trace.step_ms});
    for (const auto& signal : reader.signals())
      signals.push_back({signal.name, signal.unit, signal.start_ms, signal.step_ms, signal.population});
    for (size_t i = 0; i < traces.size(); ++i) trace_rows.push_back(reader.trace_rows(static_cast<int>(i)));
    for (size_t i = 0; i < signals.size(); ++i) signal_rows.push_back(reader.signal_rows(static_cast<int>(i)));
    end = reader.recorded_ms();
    trial = trial_length();
  }

  Spikes spikes(int population, double begin, double until) const override {
    archive::SpikeBlock block = reader_.spikes(population, begin, until);
    return {std::move(block.ms), std::move(block.neurons)};
  }
  std::vector<float> trace(int trace, int64_t begin, int64_t until) const override {
    return reader_.trace(trace, begin, until);
  }
  std::vector<float> signal(int signal, int64_t begin, int64_t until) const override {
    return reader_.signal(signal, begin, until);
  }

 private:
  double trial_length() const {
    for (const archive::Object& object : reader_.objects()) {
      if (object.name != "simulation") continue;
      for (const archive::Attribute& attribute : object.attributes)
        if (const double* value = std::get_if<double>(&attribute.value); attribute.name == "trial" && value)
          return *value;
    }
    return 0;
  }

  const archive::Reader& reader_;
};

class RecordingInMemory : public RecordingSource {
 public:
  RecordingInMemory(const MemoryRecording& recording, std::vector<Population> recorded,
                    std::vector<TraceInfo> trace_infos, std::vector<SignalInfo> signal_infos, double trial_length)
      : recording_(recording) {
    populations = std::move(recorded);
    traces = std::move(trace_infos);
    signals = std::move(signal_infos);
    end = recording.end;
    trial = trial_length;
    for (size_t i = 0; i < traces.size(); ++i)
      trace_rows.push_back(
          static_cast<int64_t>(recording.traces[i].size() / std::max<size_t>(1, traces[i].neurons.size())));
    for (size_t i = 0; i < signals.size(); ++i)
      signal_rows.push_back(static_cast<int64_t>(recording.signals[i].size()));
  }

  Spikes spikes(int population, double begin, double until) const override {
    const auto& all = recording_.spike[static_cast<size_t>(population)];
    const auto first = std::lower_bound(all.time.begin(), all.time.end(), begin) - all.time.begin();
    const auto last = std::lower_bound(all.time.begin(), all.time.end(), until) - all.time.begin();
    return {{all.time.begin() + first, all.time.begin() + last},
            {all.neuron.begin() + first, all.neuron.begin() + last}};
  }
  std::vector<float> trace(int trace, int64_t begin, int64_t until) const override {
    const auto& rows = recording_.traces[static_cast<size_t>(trace)];
    const auto columns = static_cast<int64_t>(traces[static_cast<size_t>(trace)].neurons.size());
    return {rows.begin() + begin * columns, rows.begin() + until * columns};
  }
  std::vector<float> signal(int signal, int64_t begin, int64_t until) const override {
    const auto& values = recording_.signals[static_cast<size_t>(signal)];
    return {values.begin() + begin, values.begin() + until};
  }

 private:
  const MemoryRecording& recording_;
};

}  // namespace

std::unique_ptr<RecordingSource> recording_of(const archive::Reader& reader) {
  return std::make_unique<ArchiveRecording>(reader);
}

std::unique_ptr<RecordingSource> recording_of(const MemoryRecording& recording,
                                              std::vector<RecordingSource::Population> populations,
                                              std::vector<TraceInfo> traces, std::vector<SignalInfo> signals,
                                              double trial) {
  return std::make_unique<RecordingInMemory>(recording, std::move(populations), std::move(traces), std::move(signals),
                                             trial);
}

}  // namespace proxon
