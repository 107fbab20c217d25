// What the tests of stimuli share: a stimulus chosen as in an experiment file, asked step by step what it gives to n targets.
#pragma once
#include "../../tests/unit/network/support.hpp"
#include "proxon/plugin/stimulus.hpp"

namespace stimulus_test {

using namespace proxon;

struct StimulusChoice {
  PluginRef plugin;
  static constexpr auto fields() {
    return std::tuple{field<&StimulusChoice::plugin>("", "stimulus", plugin_of("stimulus"), required)};
  }
};
inline PluginValue stimulus(const std::string& text) { return network_test::chosen<StimulusChoice>(text); }

class Driven {
 public:
  Driven(const PluginValue& value, int32_t targets, double dt = 0.1, uint64_t seed = 1, const ShownSamples* samples = nullptr)
      : key_{seed, purpose("stimulus test")}, model_(value, StimulusSetup{dt, key_, samples}), targets_(targets), dt_(dt) {}

  double common(int64_t step) const {
    Status status;
    const Instant at = instant(step);
    const double value = model_.table().common(model_.object(), &at, &status);
    check(status, "stimulus", model_.name());
    return value;
  }
  /// What each target gets in a step.
  std::vector<float> at(int64_t step) const {
    Status status;
    const Instant instant_now = instant(step);
    std::vector<float> plane(static_cast<size_t>(targets_), 0.f);
    model_.table().apply(model_.object(), &instant_now, common(step), 1, 0, targets_, plane.data(), &status);
    check(status, "stimulus", model_.name());
    return plane;
  }
  /// Sum over the targets of what they get in the steps [begin, end).
  double sum(int64_t begin, int64_t end) const {
    double all = 0;
    for (int64_t step = begin; step < end; ++step)
      for (const float x : at(step)) all += x;
    return all;
  }

 private:
  Instant instant(int64_t step) const { return {step, static_cast<double>(step) * dt_, key_}; }
  Key key_;
  Instance<StimulusTable, StimulusSetup> model_;
  int32_t targets_;
  double dt_;
};

/// What the stimulus says when it refuses its parameters; "" when it does not.
inline std::string refused(const std::string& text) {
  try {
    Driven(stimulus(text), 1);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace stimulus_test
