// What the tests of this room share: plugins by name with parameters set, models, data.
#pragma once
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "proxon/base/threads.hpp"
#include "proxon/learning/trainer.hpp"

namespace proxon::testing {

inline Registry& registry() {
  static Registry registry(default_folders(""));
  return registry;
}

struct Setting {
  std::string name;
  std::variant<double, int64_t, bool, std::string, std::vector<int64_t>> value;
};

/// A plugin with some of its parameters set.
inline PluginValue plugin(std::string_view kind, std::string_view name, const std::vector<Setting>& settings = {}) {
  PluginValue result = plugin_value(registry(), kind, name);
  for (const Setting& setting : settings) {
    const FieldInfo* field = result.values.find(setting.name);
    REQUIRE_MESSAGE(field, setting.name);
    std::visit([&](const auto& value) { result.values.set(*field, value); }, setting.value);
  }
  return result;
}

/// The slope of loss(theta) along each number, by central differences.
template <class Loss>
std::vector<double> central_differences(std::vector<double> theta, Loss&& loss) {
  std::vector<double> slope;
  constexpr double h = 1e-5;
  for (double& w : theta) {
    const double at = w;
    w = at + h;
    const double up = loss(theta);
    w = at - h;
    slope.push_back((up - loss(theta)) / (2 * h));
    w = at;
  }
  return slope;
}

inline PluginValue dense(std::vector<int64_t> hidden, const std::string& activation = "tanh", const std::string& output = "linear",
                         double dropout = 0, bool bias = true) {
  return plugin("approximator", "dense",
                {{"hidden", hidden}, {"activation", activation}, {"output_activation", output}, {"dropout", dropout}, {"bias", bias}});
}

/// Options with the plugins that they point at.
struct Options : TrainingOptions {
  PluginValue rule_value, optimizer_value;
  explicit Options(PluginValue rule_plugin = plugin("learning_rule", "backprop"), PluginValue optimizer_plugin = plugin("optimizer", "adam"))
      : rule_value(std::move(rule_plugin)), optimizer_value(std::move(optimizer_plugin)) {
    rule.value = &rule_value;
    optimizer.value = &optimizer_value;
  }
  Options(const Options& other) : TrainingOptions(other), rule_value(other.rule_value), optimizer_value(other.optimizer_value) {
    rule.value = &rule_value;
    optimizer.value = &optimizer_value;
  }
};

inline PluginValue adam(double rate) { return plugin("optimizer", "adam", {{"learning_rate", rate}}); }
inline PluginValue sgd(double rate, double momentum = 0) {
  return plugin("optimizer", "sgd", {{"learning_rate", rate}, {"momentum", momentum}});
}

/// Standard normal numbers.
inline std::vector<float> gaussian(int64_t n, uint64_t seed) {
  std::vector<float> x;
  for (int64_t i = 0; i < n; ++i) x.push_back(static_cast<float>(normal(Key{seed, purpose("test")}, static_cast<uint64_t>(i), 0)));
  return x;
}

/// Y = f(X row).
template <class F>
std::vector<float> map_rows(const std::vector<float>& X, int64_t inputs, F f) {
  std::vector<float> Y;
  for (size_t row = 0; row < X.size() / static_cast<size_t>(inputs); ++row)
    for (const double y : f(X.data() + row * static_cast<size_t>(inputs))) Y.push_back(static_cast<float>(y));
  return Y;
}

/// The text of the Error that `body` throws; "" when it throws none.
template <class F>
std::string error_of(F body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace proxon::testing
