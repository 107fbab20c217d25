// What the tests of the metrics share: call one metric, look at its figures.
#pragma once
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "proxon/base/random.hpp"
#include "proxon/evaluation/evaluation.hpp"

namespace proxon {

inline Registry& built_plugins() {
  static Registry registry(default_folders("."));
  return registry;
}

/// The figures of one metric by name.
struct Figures {
  std::vector<FigureValue> all;
  const FigureValue& operator[](const std::string& name) const {
    for (const FigureValue& figure : all)
      if (figure.name == name) return figure;
    FAIL("there is no figure " << name);
    return all.front();
  }
};

inline Figures run_metric(PluginValue value, const MetricInput& input) {
  const Instance<MetricTable, MetricSetup> metric(std::move(value), MetricSetup{});
  Figures result{figures(metric, input)};
  for (const FigureValue& figure : result.all) {
    INFO(figure.name << " " << figure.value);
    CHECK(figure.value >= (figure.undefined.empty() ? figure.low : 0));
    CHECK(figure.value <= figure.high);
    CHECK(!figure.meaning.empty());
  }
  return result;
}

inline PluginValue metric_value(const std::string& name) { return plugin_value(built_plugins(), "metric", name); }

/// Rows of targets and predictions with `channels` channels.
inline Figures compare(PluginValue value, const std::vector<float>& target, const std::vector<float>& prediction,
                       int64_t channels = 1) {
  REQUIRE(target.size() == prediction.size());
  const char* names[] = {"a", "b", "c", "d"};
  MetricInput input{};
  input.target = target.data();
  input.prediction = prediction.data();
  input.rows = static_cast<int64_t>(target.size()) / channels;
  input.channels = channels;
  input.channel_names = names;
  return run_metric(std::move(value), input);
}
inline Figures compare(const std::string& metric, const std::vector<float>& target,
                       const std::vector<float>& prediction, int64_t channels = 1) {
  return compare(metric_value(metric), target, prediction, channels);
}

inline Figures of_weights(const std::string& metric, const std::vector<float>& phi, const std::vector<float>& theta,
                          bool paired) {
  MetricInput input{};
  input.weight_phi = phi.data();
  input.weight_theta = theta.data();
  input.weights_phi = static_cast<int64_t>(phi.size());
  input.weights_theta = static_cast<int64_t>(theta.size());
  input.paired = paired;
  return run_metric(metric_value(metric), input);
}

inline Figures of_spikes(const std::string& metric, const std::vector<double>& time, const std::vector<int32_t>& neuron,
                         int32_t neurons, double begin, double end) {
  MetricInput input{};
  input.spike_time = time.data();
  input.spike_neuron = neuron.data();
  input.spikes = static_cast<int64_t>(time.size());
  input.neurons = neurons;
  input.begin = begin;
  input.end = end;
  return run_metric(metric_value(metric), input);
}

/// Random floats; with `levels` > 0 whole numbers below it, so that many are equal.
inline std::vector<float> random_floats(uint64_t seed, size_t n, uint32_t levels = 0) {
  std::vector<float> values;
  Stream stream(Key{seed, purpose("test")}, 0);
  for (size_t i = 0; i < n; ++i)
    values.push_back(levels ? static_cast<float>(stream.below(levels)) : static_cast<float>(stream.normal()));
  return values;
}

/// The same rows of `values` in the order of `seed`.
inline std::vector<float> permuted_rows(const std::vector<float>& values, size_t channels, uint64_t seed) {
  std::vector<float> result = values;
  Stream stream(Key{seed, purpose("permutation")}, 0);
  for (size_t i = values.size() / channels; i > 1; --i) {
    const size_t j = stream.below(static_cast<uint32_t>(i));
    for (size_t c = 0; c < channels; ++c) std::swap(result[(i - 1) * channels + c], result[j * channels + c]);
  }
  return result;
}

/// Rounding of sums over a few thousand terms in double.
inline doctest::Approx close_to(double value) { return doctest::Approx(value).epsilon(1e-10); }

}  // namespace proxon
