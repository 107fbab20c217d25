// clopath: pairs at +10 and -10 ms over frequency against the rule's equations integrated in very small steps, the homeostatic amplitude,
// and the order of the method.
#include "pairing.hpp"

using namespace proxon;
using namespace proxon::test;

namespace {

constexpr double rest = -70.6, after_spike = -58, tau_m = 25;

/// Fires when told to; after a spike its potential stays raised for a while, as that of the paper's neurons does.
PluginValue depolarised() {
  return plugin("neuron", "iaf_psc_delta", {{"tau_m", tau_m}, {"E_L", rest}, {"V_reset", after_spike}, {"V_th", 1e6}, {"t_ref", 0.}});
}

struct Change {
  double up = 0, down = 0;
  double sum() const { return up - down; }
};

/// The rule's equations in steps of 1 us; the potential is 33 mV for 2 ms after a spike and then that of depolarised().
Change oracle(const Trains& trains, bool homeostatic) {
  const double h = 0.001, end = std::max(trains.pre.back(), trains.post.back()) + 50;
  double d[4] = {rest, rest, rest, rest}, u_minus = rest, u_plus = rest, mean = 0, x = 0, last = -INFINITY;
  Change change;
  size_t i = 0, j = 0;
  for (int64_t k = 0; double(k) * h < end; ++k) {
    const double t = double(k) * h;
    for (; i < trains.pre.size() && trains.pre[i] <= t + h / 2; ++i) {
      change.down += 14e-5 * (homeostatic ? mean * mean / 60 : 1) * std::max(0.0, u_minus + 70.6);
      x += 1.0 / 15;
    }
    for (; j < trains.post.size() && trains.post[j] <= t + h / 2; ++j) last = trains.post[j];
    const double V = t < last + 2 - h / 2 ? 33 : rest + (after_spike - rest) * std::exp(-(t - last) / tau_m);
    change.up += h * 8e-5 * x * std::max(0.0, V + 45.3) * std::max(0.0, u_plus + 70.6);
    mean += h / 500 * (u_minus + 70.6 - mean);
    u_minus += h / 10 * (d[3] - u_minus), u_plus += h / 7 * (d[3] - u_plus);
    for (int c = 3; c > 0; --c) d[c] += h / 1.25 * (d[c - 1] - d[c]);
    d[0] += h / 1.25 * (V - d[0]);
    x -= h / 15 * x;
  }
  return change;
}

/// From weight 0 and with amplitudes a hundred times smaller, so that the synapse itself does not move the potential.
double simulated(const Trains& trains, double dt, bool homeostatic) {
  PluginValue rule = plugin("learning_rule", "clopath", {{"A_LTD", 14e-7}, {"A_LTP", 8e-7}, {"w_min", -9.}});
  rule.values.set(*rule.values.find("homeostatic"), homeostatic);
  return 100 * weight_after(rule, trains, {.dt = dt, .tail = 50, .target = depolarised()});
}

Trains pairings(double frequency, double distance) {
  Trains trains;
  for (int k = 0; k < 15; ++k) trains.pre.push_back(20 + k * 1000 / frequency), trains.post.push_back(20 + distance + k * 1000 / frequency);
  return trains;
}

}  // namespace

TEST_CASE("clopath: pairing depresses with post before pre at low frequency, and potentiates at high, as in the paper's figure 2") {
  double previous = -1;
  for (double frequency : {1.0, 10.0, 20.0, 40.0, 50.0}) {
    CAPTURE(frequency);
    const double after = simulated(pairings(frequency, 10), 0.1, false), before = simulated(pairings(frequency, -10), 0.1, false);
    MESSAGE(frequency << " Hz: dw " << after << " (post after pre), " << before << " (before)");
    CHECK(after > previous);
    previous = after;
    if (frequency <= 1) CHECK(std::fabs(after) < 0.3 * std::fabs(before));
    if (frequency <= 10) CHECK(before < 0);
    if (frequency >= 40) CHECK(after > 0);
    CHECK(after > before);
  }
}

TEST_CASE("clopath: weights follow the equations, the error falls in proportion to the step") {
  for (const bool homeostatic : {false, true})
    for (const Trains& trains : {pairings(20, 10), pairings(20, -10), Trains{{20, 33, 35, 61, 70, 92}, {18, 26, 31, 60, 66, 90}}}) {
      const Change exact = oracle(trains, homeostatic);
      const double coarse = simulated(trains, 0.1, homeostatic) - exact.sum(), fine = simulated(trains, 0.025, homeostatic) - exact.sum();
      MESSAGE("up " << exact.up << ", down " << exact.down << ": error " << coarse << " at 0.1 ms, " << fine << " at 0.025 ms");
      // Order 1: a step is 0.1 ms of a spike of 2 ms and of time constants of 7 ms. Potentials near -70 mV are floats: low-passes stop
      // moving some 4e-4 mV, 3e-4 of the whole, before their end.
      CHECK(std::fabs(coarse) < 0.05 * (exact.up + exact.down));
      CHECK(std::fabs(fine) < 0.35 * std::fabs(coarse) + 3e-4 * (exact.up + exact.down));
    }
}

TEST_CASE("clopath: weights stop at their bounds") {
  const PluginValue rule = plugin("learning_rule", "clopath", {{"w_min", -0.001}, {"w_max", 0.0005}});
  CHECK(weight_after(rule, pairings(50, 10), {.tail = 50, .target = depolarised()}) == 0.0005f);
  CHECK(weight_after(rule, pairings(10, -10), {.tail = 50, .target = depolarised()}) == -0.001f);
}
