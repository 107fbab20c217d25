// vogels_sprekeler: the window, both conventions of sign, and the rate of the target.
#include "pairing.hpp"

using namespace proxon;
using namespace proxon::test;

TEST_CASE("vogels_sprekeler: a lone pre spike weakens, a pair in either order strengthens, for negative and positive inhibitory weights") {
  const PluginValue negative = plugin("learning_rule", "vogels_sprekeler", {{"eta", 0.1}, {"rho_0", 5.}, {"w_min", -9.}});
  const PluginValue positive = plugin("learning_rule", "vogels_sprekeler", {{"eta", 0.1}, {"rho_0", 5.}, {"w_min", 0.}, {"w_max", 9.}});
  const double alpha = 2 * 5 * 0.02;
  for (double distance : {0.1, 5.0, 20.0, 60.0})
    for (const Trains& trains : {Trains{{20}, {20 + distance}}, Trains{{20 + distance}, {20}}}) {
      const double change = 0.1 * (std::exp(-distance / 20) - alpha);
      // A float of size 1: 2^-24 an update, and 1e-6 for the trace.
      CHECK(std::fabs(weight_after(negative, trains, {.w = -1}) - (-1 - change)) < 5e-7);
      CHECK(std::fabs(weight_after(positive, trains, {.w = 1}) - (1 + change)) < 5e-7);
    }
  CHECK(weight_after(negative, {{20}, {}}, {.w = -0.01}) == 0);
  CHECK(weight_after(positive, {{20, 21}, {20.5, 20.6, 20.7}}, {.w = 8.99}) == 9);
}

TEST_CASE("vogels_sprekeler: the rates of targets come to rho_0, from above and from below") {
  for (double start : {0.0, -0.7}) {
    CAPTURE(start);
    constexpr int32_t inhibitory = 100, targets = 20;
    SmallNetwork network;
    network.population("E", 200, plugin("neuron", "poisson_neuron", {{"rate", 10.}}))
        .population("I", inhibitory, plugin("neuron", "poisson_neuron", {{"rate", 10.}}))
        .population("T", targets, plugin("neuron", "iaf_psc_delta", {{"tau_m", 20.}}));
    std::vector<Edge> E, I;
    for (int32_t j = 0; j < targets; ++j) {
      for (int32_t i = 0; i < 200; ++i) E.push_back({i, j, 0.5, 1});
      for (int32_t i = 0; i < inhibitory; ++i) I.push_back({i, j, start, 1});
    }
    network.projection("ET", "E", "T", E).projection("IT", "I", "T", I, plugin("learning_rule", "vogels_sprekeler", {{"eta", 1e-2}, {"rho_0", 6.}, {"w_min", -5.}}));
    Connectome connectome = network.connectome();
    const auto got = run(network.blueprint, connectome, {}, {.dt = 0.5, .duration = 60000, .record_spikes = {"T"}});
    int64_t early = 0, late = 0;
    for (double t : got.spike[2].time) early += t < 500, late += t >= 40000;
    const double rate_early = double(early) / targets / 0.5, rate_late = double(late) / targets / 20;
    MESSAGE("start " << start << ": " << rate_early << " Hz, then " << rate_late << " Hz");
    CHECK(std::fabs(rate_early - 6) > 3);
    // 2400 spikes: 2 % of Poisson noise. Inhibition makes post spikes rarer just after pre spikes, so that fewer pairs meet than the
    // product of the rates says and the rate settles above rho_0, here by some 10 %.
    CHECK(std::fabs(rate_late - 6) < 0.15 * 6);
  }
}
