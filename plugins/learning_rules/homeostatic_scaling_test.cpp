// homeostatic_scaling: rates come back to the set point, and weights keep their proportions.
#include "pairing.hpp"

using namespace proxon;
using namespace proxon::test;

TEST_CASE("homeostatic_scaling: a rate that was disturbed comes back to its set point, and weights are scaled by one factor") {
  for (double scale : {0.6, 1.6}) {
    CAPTURE(scale);
    constexpr int32_t sources = 100, targets = 20;
    SmallNetwork network;
    network.population("E", sources, plugin("neuron", "poisson_neuron", {{"rate", 20.}})).population("T", targets, plugin("neuron", "iaf_psc_delta", {{"tau_m", 20.}}));
    std::vector<Edge> edges;
    for (int32_t i = 0; i < sources; ++i)
      for (int32_t j = 0; j < targets; ++j) edges.push_back({i, j, scale * (i % 2 ? 0.3 : 0.6), 1});
    network.projection("ET", "E", "T", edges, plugin("learning_rule", "homeostatic_scaling", {{"eta", 5e-6}, {"rate", 8.}, {"tau_r", 1000.}}));
    Connectome connectome = network.connectome();
    const auto got = run(network.blueprint, connectome, {}, {.dt = 0.5, .duration = 40000, .record_spikes = {"T"}, .learning_interval = 10});
    int64_t early = 0, late = 0;
    for (double t : got.spike[1].time) early += t < 1000, late += t >= 20000;
    const double rate_early = double(early) / targets, rate_late = double(late) / targets / 20;
    MESSAGE("scale " << scale << ": " << rate_early << " Hz, then " << rate_late << " Hz");
    CHECK((rate_early > 8) == (scale > 1));
    CHECK(std::fabs(rate_early - 8) > 3);
    CHECK(std::fabs(rate_late - 8) < 0.05 * 8);  // 3200 spikes: 2 %
    // Each target has its own factor: 4000 products of floats round by some sqrt(4000) 2^-24.
    const SynapseRows& rows = connectome.projections()[0];
    for (size_t j = 0; j < targets; ++j) CHECK(rows.weight[j] / rows.weight[targets + j] == doctest::Approx(2).epsilon(1e-5));
  }
}

TEST_CASE("homeostatic_scaling: one spike acts as the closed form says") {
  // d ln w / dt = eta (rate - r), r = exp(-t / tau_r) / tau_r after the spike; without spikes before it r = 0.
  const double eta = 1e-5, rate = 5, tau_r = 500;
  const PluginValue rule = plugin("learning_rule", "homeostatic_scaling", {{"eta", eta}, {"rate", rate}, {"tau_r", tau_r}});
  const double got = weight_after(rule, {{}, {100}}, {.w = 1, .tail = 900});
  const double expected = std::exp(eta * (rate * 1000 - 1000 * (1 - std::exp(-900 / tau_r))));
  // Euler's method: eta^2 rate^2 dt t / 2 = 1e-7; 10,000 steps of a float near 1, each rounded by up to 2^-24: some 1e-5.
  CHECK(std::fabs(got - expected) < 3e-5);
  CHECK(std::fabs(expected - 1) > 0.03);
}
