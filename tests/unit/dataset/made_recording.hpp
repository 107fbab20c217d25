// Recordings made by hand for the tests of the dataset room.
#pragma once
#include <cmath>

#include "proxon/dataset/dataset.hpp"

namespace proxon {

/// A recording that owns what it shows. Fill, then call source().
struct MadeRecording {
  MemoryRecording memory;
  std::vector<RecordingSource::Population> populations;
  std::vector<TraceInfo> traces;
  std::vector<SignalInfo> signals;

  void add_population(const std::string& name, int64_t size, std::vector<double> time, std::vector<int32_t> neuron) {
    populations.push_back({name, size, true});
    memory.spike.push_back({std::move(time), std::move(neuron)});
  }
  /// A population that does not spike, with one recorded variable; `rows` is [rows x neurons].
  void add_trace(const std::string& name, const std::string& variable, std::vector<int32_t> neurons, double start,
                 double interval, std::vector<float> rows) {
    populations.push_back({name, 1 + neurons.back(), false});
    memory.spike.emplace_back();
    traces.push_back({name, variable, "1", std::move(neurons), start, interval});
    memory.traces.push_back(std::move(rows));
  }
  void add_signal(const std::string& name, double start, double interval, std::vector<float> values) {
    signals.push_back({name, "Hz", start, interval});
    memory.signals.push_back(std::move(values));
  }
  std::unique_ptr<RecordingSource> source(double end, double trial = 0) {
    memory.end = end;
    return recording_of(memory, populations, traces, signals, trial);
  }
};

/// 0, 1, 2, ... n - 1, each plus `first`.
inline std::vector<float> counting(int n, float first = 0) {
  std::vector<float> values;
  for (int i = 0; i < n; ++i) values.push_back(first + static_cast<float>(i));
  return values;
}

inline DatasetOptions plain_options(double bin) {
  DatasetOptions options;
  options.bin = bin;
  options.normalise = "none";
  options.train = 1;
  options.validation = options.test = 0;
  return options;
}

struct Samples {
  std::vector<float> X, Y;
  bool operator==(const Samples&) const = default;
};

inline Samples gather(Dataset& dataset, Split split, std::vector<int64_t> numbers) {
  const auto n = static_cast<int64_t>(numbers.size());
  Samples samples{std::vector<float>(static_cast<size_t>(n * dataset.inputs())),
                  std::vector<float>(static_cast<size_t>(n * dataset.outputs()))};
  dataset.gather(split, numbers, samples.X.data(), samples.Y.data());
  return samples;
}

inline Samples gather_all(Dataset& dataset, Split split) {
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < dataset.samples(split); ++i) numbers.push_back(i);
  return gather(dataset, split, std::move(numbers));
}

}  // namespace proxon
