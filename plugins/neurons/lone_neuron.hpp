// What the tests of the neuron models share: one neuron, or many alike, stepped by hand through the model's table.
#pragma once
#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <deque>
#include <string>
#include <variant>
#include <vector>

#include "proxon/plugin/neuron.hpp"
#include "proxon/plugin/registry.hpp"

namespace proxon {

using NeuronSetting = std::variant<double, int64_t, bool, std::vector<double>>;
using NeuronSettings = std::vector<std::pair<std::string, NeuronSetting>>;

inline PluginValue neuron_model(const std::string& name, const NeuronSettings& settings) {
  static Registry registry(default_folders(""));
  PluginValue value = plugin_value(registry, "neuron", name);
  for (const auto& [key, setting] : settings) {
    const FieldInfo* field = value.values.find(key);
    REQUIRE_MESSAGE(field != nullptr, name << " has no parameter " << key);
    std::visit([&](const auto& v) { value.values.set(*field, v); }, setting);
  }
  return value;
}

/// The sentence with which a model refuses parameters; "" when it takes them.
inline std::string refusal(const std::string& name, const NeuronSettings& settings, double dt = 0.1) {
  try {
    const Instance<NeuronTable, Step> model(neuron_model(name, settings), Step{dt});
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

class LoneNeurons {
 public:
  LoneNeurons(const std::string& name, const NeuronSettings& settings, double dt, int32_t n = 1, uint64_t seed = 1)
      : dt(dt), model_(neuron_model(name, settings), Step{dt}), n_(n), key_{seed, purpose("neuron")} {
    const auto size = static_cast<size_t>(n) + 64;
    for (const FieldInfo& field : model_.table().state->list()) {
      columns_.emplace_back(size * (field.type == FieldType::real ? 8 : 4));
      column_pointers_.push_back(columns_.back().data());
    }
    for (size_t p = 0; p < model_.table().input->count; ++p)
      plane_pointers_.push_back(planes_.emplace_back(size, 0.f).data());
    fired.resize(size);
    activity.resize(size);
    Status status;
    model_.table().initial(model_.object(), column_pointers_.data(), 0, n, &status);
    check(status, "neuron", name);
  }

  double get(const std::string& variable, int32_t i = 0) const {
    const size_t c = index(*model_.table().state, variable);
    const auto k = static_cast<size_t>(i);
    switch (model_.table().state->list()[c].type) {
      case FieldType::real:
        return reinterpret_cast<const double*>(columns_[c].data())[k];
      case FieldType::real32:
        return reinterpret_cast<const float*>(columns_[c].data())[k];
      default:
        return reinterpret_cast<const int32_t*>(columns_[c].data())[k];
    }
  }
  void set(const std::string& variable, double value, int32_t i = 0) {
    const size_t c = index(*model_.table().state, variable);
    const auto k = static_cast<size_t>(i);
    switch (model_.table().state->list()[c].type) {
      case FieldType::real:
        reinterpret_cast<double*>(columns_[c].data())[k] = value;
        break;
      case FieldType::real32:
        reinterpret_cast<float*>(columns_[c].data())[k] = static_cast<float>(value);
        break;
      default:
        reinterpret_cast<int32_t*>(columns_[c].data())[k] = static_cast<int32_t>(value);
    }
  }
  /// What arrives at the end of the next step.
  void give(const std::string& port, double value, int32_t i = 0) {
    planes_[index(*model_.table().input, port)][static_cast<size_t>(i)] = static_cast<float>(value);
  }
  /// One step; how many fired, whose numbers are in `fired`.
  int64_t step() {
    const StepContext context{steps_++, key_, 0};
    Status status;
    const int64_t count = model_.table().update(model_.object(), column_pointers_.data(), plane_pointers_.data(), 0, n_,
                                                &context, fired.data(), activity.data(), &status);
    check(status, "neuron", model_.name());
    return model_.table().spiking ? count : 0;
  }
  double time() const { return static_cast<double>(steps_) * dt; }

  /// Spike times of neuron 0 over a while with a steady current.
  std::vector<double> spikes(double duration, double I = 0) {
    std::vector<double> times;
    const auto end = std::lround(duration / dt);
    for (int64_t k = 0; k < end; ++k) {
      if (I != 0) give("I", I);
      if (step() > 0) times.push_back(time());
    }
    return times;
  }

  const double dt;
  std::vector<int32_t> fired;
  std::vector<float> activity;

 private:
  size_t index(const SchemaInfo& schema, const std::string& name) const {
    for (size_t i = 0; i < schema.count; ++i)
      if (schema.list()[i].name == name) return i;
    FAIL(model_.name() << " has no " << name);
    return 0;
  }
  Instance<NeuronTable, Step> model_;
  int32_t n_;
  Key key_;
  int64_t steps_ = 0;
  std::deque<std::vector<char>> columns_;
  std::deque<std::vector<float>> planes_;
  std::vector<void*> column_pointers_;
  std::vector<float*> plane_pointers_;
};

/// One step of y' = f(t, y) by Heun's method in very small sub-steps: an oracle that shares nothing with the models.
template <class Y, class F>
void tiny_steps(Y& y, double t, double dt, int n, F&& f) {
  const double h = dt / n;
  for (int k = 0; k < n; ++k) {
    const Y a = f(t + k * h, y);
    Y z = y;
    for (size_t i = 0; i < y.size(); ++i) z[i] += h * a[i];
    const Y b = f(t + (k + 1) * h, z);
    for (size_t i = 0; i < y.size(); ++i) y[i] += h / 2 * (a[i] + b[i]);
  }
}

/// Nanoseconds a neuron and step of a population of 4000 that fits into the cache, the best of several tries; a steady
/// current if asked for.
inline double nanoseconds(const std::string& name, const NeuronSettings& settings = {}) {
  constexpr int32_t n = 4000;
  constexpr int steps = 50;
  LoneNeurons neurons(name, settings, 0.1, n);
  double best = 1e9;
  for (int attempt = 0; attempt < 8; ++attempt) {
    const auto begin = std::chrono::steady_clock::now();
    for (int k = 0; k < steps; ++k) neurons.step();
    best = std::min(best, std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() /
                              (double{n} * steps));
  }
  return best;
}

}  // namespace proxon
