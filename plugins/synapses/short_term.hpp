// What the tests of short-term plasticity share: the amplitude that each spike of a train has, as a Simulation delivers it.
#pragma once
#include "../learning_rules/pairing.hpp"

namespace proxon::test {

/// Amplitudes, in the unit of the weight, of the spikes that arrive at `times` (multiples of 0.5 ms).
inline std::vector<double> amplitudes(const PluginValue& synapse, const Times& times, double w) {
  constexpr double dt = 0.5;
  SmallNetwork network;
  // With tau_m far below the step the potential shows what arrived in this step and nothing else.
  network.population("S", 1, obedient()).population("T", 1, plugin("neuron", "iaf_psc_delta", {{"tau_m", 0.005}, {"E_L", 0.}, {"V_reset", -1.}, {"V_th", 1e6}}));
  network.projection("W", "S", "T", {{0, 0, w, dt}});
  projection(network, "W").synapse = synapse;
  Times sent = times;
  for (double& t : sent) t -= dt;
  const auto got = run(network, {fire("S", sent)}, {.dt = dt, .duration = times.back() + 10, .traces = {{.population = "T", .variable = "V_m"}}});
  std::vector<double> all;
  double elsewhere = 0;
  for (double V : got.traces[0]) elsewhere += V;
  for (double t : times) {
    all.push_back(got.traces[0][static_cast<size_t>(std::lround(t / dt)) - 1]);
    elsewhere -= all.back();
  }
  CHECK(std::fabs(elsewhere) < 1e-4);
  return all;
}

inline Times half_ms_train(uint64_t seed, int n, double mean) {
  Stream random(Key{seed, purpose("train")}, 0);
  Times times;
  double t = 1;
  for (int k = 0; k < n; ++k) times.push_back(t), t += 0.5 * (1 + std::floor(2 * mean * random.exponential()));
  return times;
}

}  // namespace proxon::test
