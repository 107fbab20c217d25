#include "proxon/simulation/recording.hpp"

namespace proxon {
namespace {

template <class T>
T& grown(std::vector<T>& all, int32_t i) {
  if (all.size() <= static_cast<size_t>(i)) all.resize(static_cast<size_t>(i) + 1);
  return all[static_cast<size_t>(i)];
}

}  // namespace

void MemoryRecording::spikes(int32_t population, std::span<const double> time, std::span<const int32_t> neuron) {
  Spikes& s = grown(spike, population);
  s.time.insert(s.time.end(), time.begin(), time.end());
  s.neuron.insert(s.neuron.end(), neuron.begin(), neuron.end());
}

void MemoryRecording::trace(int32_t trace, std::span<const float> rows) {
  auto& t = grown(traces, trace);
  t.insert(t.end(), rows.begin(), rows.end());
}

void MemoryRecording::signal(int32_t signal, std::span<const float> values) {
  auto& s = grown(signals, signal);
  s.insert(s.end(), values.begin(), values.end());
}

void MemoryRecording::correlation(int32_t correlation, std::span<const int64_t> count, std::span<const double> chance) {
  grown(correlations, correlation) = {{count.begin(), count.end()}, {chance.begin(), chance.end()}};
}

void MemoryRecording::weights(int32_t projection, double, std::span<const float> weight) {
  grown(last_weights, projection).assign(weight.begin(), weight.end());
}

}  // namespace proxon
