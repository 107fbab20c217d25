// gap_junction: two passive neurons relax as in closed form, with an error of order one; a spike is seen on the other side as a spikelet.
#include "../learning_rules/pairing.hpp"

using namespace proxon;
using namespace proxon::test;

namespace {

/// Potentials of two neurons (a row a step) that are coupled both ways by g nS.
std::vector<float> coupled(double dt, double duration, double g, const PluginValue& neuron, double V0, std::vector<Stimulus> stimuli, double delay) {
  SmallNetwork network;
  network.population("A", 1, neuron, {{"V_m", Distribution::constant(V0)}}).population("B", 1, neuron, {{"V_m", Distribution::constant(-70)}});
  network.projection("AB", "A", "B", {{0, 0, g, delay}}).projection("BA", "B", "A", {{0, 0, g, delay}});
  for (const char* name : {"AB", "BA"}) projection(network, name).synapse = plugin("synapse", "gap_junction");
  const auto got = run(network, std::move(stimuli), {.dt = dt, .duration = duration, .traces = {{.population = "A", .variable = "V_m"}, {.population = "B", .variable = "V_m"}}});
  std::vector<float> rows;
  for (size_t k = 0; k < got.traces[0].size(); ++k) rows.push_back(got.traces[0][k]), rows.push_back(got.traces[1][k]);
  return rows;
}

}  // namespace

TEST_CASE("gap_junction: two passive neurons relax as in closed form; the error falls with the step") {
  // The mean relaxes with tau, the difference with tau / (1 + 2 g tau / C).
  const double tau = 10, C = 250, E = -70, g = 15;
  const PluginValue neuron = plugin("neuron", "iaf_psc_delta", {{"tau_m", tau}, {"C_m", C}, {"E_L", E}});
  double previous = 0;
  for (double dt : {0.5, 0.25, 0.125, 0.0625}) {
    const auto rows = coupled(dt, 30, g, neuron, -58, {}, dt);
    double worst = 0;
    for (size_t k = 0; k < rows.size() / 2; ++k) {
      const double t = double(k + 1) * dt, mean = 6 * std::exp(-t / tau), half = 6 * std::exp(-t * (1 / tau + 2 * g / C));
      worst = std::max({worst, std::fabs(rows[2 * k] - (E + mean + half)), std::fabs(rows[2 * k + 1] - (E + mean - half))});
    }
    MESSAGE("dt " << dt << " ms: largest error " << worst << " mV");
    CHECK(worst < 0.5 * dt);
    if (previous > 0) CHECK(worst / previous == doctest::Approx(0.5).epsilon(0.1));
    previous = worst;
  }
}

TEST_CASE("gap_junction: a longer delay shows the source's past and the target's present") {
  // dt = 1 and g so small that the potentials are those without coupling: the current of step n is g (V_A(n - 4) - V_B(n - 1)).
  const double g = 1e-3, decay = std::exp(-0.1), gain = 10. / 250 * (1 - decay);
  const PluginValue neuron = plugin("neuron", "iaf_psc_delta", {{"C_m", 250.}});
  const auto rows = coupled(1, 30, g, neuron, -60, {}, 4);
  double b = 0;
  for (int n = 0; n < 30; ++n) {
    const double a_then = 10 * std::pow(decay, std::max(0, n - 3));
    b = b * decay + gain * g * (a_then - b);
    CHECK(std::fabs(rows[2 * size_t(n) + 1] + 70 - b) < 1e-5);  // recorded as a float of size 70
  }
}

TEST_CASE("gap_junction: a neuron's reset is seen by its neighbour as a spikelet of the size that the equations say") {
  const double tau = 10, C = 250, E = -60, g = 5, dt = 0.1;
  const PluginValue neuron = plugin("neuron", "iaf_psc_delta", {{"tau_m", tau}, {"C_m", C}, {"E_L", E}, {"V_reset", -75.}, {"t_ref", 0.}});
  const Stimulus kick{.name = "kick", .target = "A", .weight = 100, .generator = plugin("stimulus", "spike_generator", {{"spike_times", Times{50}}})};
  const auto rows = coupled(dt, 80, g, neuron, E, {kick}, dt);
  // After the reset at 50 ms: difference and mean of two coupled leaks, from A - E = -15 and what B had before.
  const double start = rows[2 * 499 + 1] - E;
  double lowest = 0, worst = 0;
  for (size_t k = 499; k < 800; ++k) {
    const double t = double(k - 499) * dt, mean = (-15 + start) / 2 * std::exp(-t / tau), half = (-15 - start) / 2 * std::exp(-t * (1 / tau + 2 * g / C));
    worst = std::max(worst, std::fabs(rows[2 * k + 1] - (E + mean - half)));
    lowest = std::min(lowest, rows[2 * k + 1] - E);
  }
  CHECK(rows[2 * 499] == -75);
  CHECK(worst < 0.01);  // of order one in dt, see above
  CHECK(lowest < -0.8);
}

TEST_CASE("gap_junction: neurons without the variable, and learning rules, are refused by name") {
  SmallNetwork network;
  network.population("A", 1, obedient()).population("P", 1, plugin("neuron", "parrot_neuron"));
  network.projection("AP", "A", "P", {{0, 0, 1, 1}});
  projection(network, "AP").synapse = plugin("synapse", "gap_junction");
  CHECK_THROWS_WITH_AS(run(network, {}, {.dt = 1, .duration = 5}), doctest::Contains("V_m"), Error);
  SmallNetwork plastic;
  plastic.population("A", 1, obedient()).population("B", 1, obedient());
  plastic.projection("AB", "A", "B", {{0, 0, 1, 1}}, plugin("learning_rule", "stdp_pair"));
  projection(plastic, "AB").synapse = plugin("synapse", "gap_junction");
  CHECK_THROWS_WITH_AS(run(plastic, {}, {.dt = 1, .duration = 5}), doctest::Contains("learning rule"), Error);
}
