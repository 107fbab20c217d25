// Single neurons, and the convention of delays, against closed forms.
#include <doctest/doctest.h>

#include <cmath>

#include "../../reference/small_network.hpp"

using namespace proxon;
using namespace proxon::test;

namespace {

// States are doubles and recorded as floats: half a unit in the last place of 70 mV.
constexpr double recorded = 70 * 0x1p-24;

std::vector<double> multiples(double dt, int n) {
  std::vector<double> all;
  for (int k = 1; k <= n; ++k) all.push_back(k * dt);
  return all;
}

}  // namespace

TEST_CASE("iaf_psc_delta under a step current follows the closed form and fires when that says") {
  const double tau = 10, C = 250, E = -65, theta = -50, reset = -60, ref = 2, I = 450, dt = 0.1;
  SmallNetwork network;
  network.population("N", 1,
                     plugin("neuron", "iaf_psc_delta",
                            {{"tau_m", tau}, {"C_m", C}, {"E_L", E}, {"V_th", theta}, {"V_reset", reset}, {"t_ref", ref}}));
  const Stimulus step{.name = "step",
                      .target = "N",
                      .generator = plugin("stimulus", "step_current_generator",
                                          {{"amplitude_times", std::vector<double>{5}}, {"amplitude_values", std::vector<double>{I}}})};
  const auto got = run(network, {step},
                       {.dt = dt, .duration = 100, .record_spikes = {"N"}, .traces = {{.population = "N", .variable = "V_m"}}});

  // Threshold is reached from V0 after tau ln((V_inf - V0) / (V_inf - theta)); a spike falls on the end of that step.
  const double V_inf = E + tau / C * I;
  auto steps_to_threshold = [&](double V0) { return std::ceil(tau * std::log((V_inf - V0) / (V_inf - theta)) / dt - 1e-9); };
  std::vector<double> spikes;
  for (double t = 5 + dt * steps_to_threshold(E); t <= 100 + 1e-9; t += ref + dt * steps_to_threshold(reset)) spikes.push_back(t);
  REQUIRE(spikes.size() > 3);
  REQUIRE(got.spike[0].time.size() == spikes.size());
  for (size_t k = 0; k < spikes.size(); ++k) CHECK(got.spike[0].time[k] == doctest::Approx(spikes[k]).epsilon(1e-12));

  REQUIRE(got.traces[0].size() == 1000);
  double worst = 0;
  for (int row = 0; row < 1000; ++row) {
    const double t = (row + 1) * dt;
    double V = t <= 5 ? E : V_inf + (E - V_inf) * std::exp(-(t - 5) / tau);
    for (double s : spikes)
      if (t > s - dt / 2) V = t <= s + ref + dt / 2 ? reset : V_inf + (reset - V_inf) * std::exp(-(t - s - ref) / tau);
    worst = std::max(worst, std::fabs(V - static_cast<double>(got.traces[0][static_cast<size_t>(row)])));
  }
  CHECK(worst < recorded);
}

TEST_CASE("the update of iaf_psc_delta is exact to rounding over 10,000 steps") {
  // 10,000 steps, each of relative error 2^-53, on 15 mV: 1.7e-11 at most; asked for is 1e-9.
  const PluginValue value = plugin("neuron", "iaf_psc_delta", {{"I_e", 300.}, {"tau_m", 20.}});
  const Instance<NeuronTable, Step> neuron(value, Step{0.1});
  double V = 0;
  int32_t refractory = 0, fired[8];
  float delta = 0, I = 0;
  void* columns[] = {&V, &refractory};
  float* planes[] = {&delta, &I};
  Status status;
  neuron.table().initial(neuron.object(), columns, 0, 1, &status);
  CHECK(V == -70);
  double worst = 0;
  for (int n = 0; n < 10000; ++n) {
    const StepContext context{n, Key{}, 0};
    // 300 pA * 20 ms / 250 pF = 24 mV above rest; the threshold of -55 mV is crossed, so keep the neuron below it by inhibition.
    delta = n % 50 == 49 ? -10.f : 0.f;
    neuron.table().update(neuron.object(), columns, planes, 0, 1, &context, fired, nullptr, &status);
    double expected = -70 + 24 * (1 - std::exp(-(n + 1) * 0.1 / 20));
    for (int k = 49; k <= n; k += 50) expected -= 10 * std::exp(-(n - k) * 0.1 / 20);
    worst = std::max(worst, std::fabs(V - expected));
  }
  CHECK(delta == 0);
  CHECK(worst < 1e-9);
}

TEST_CASE("iaf_psc_exp answers a spike with the analytic potential, for equal and unequal time constants") {
  for (double tau_syn : {2.0, 10.0, 10.0 * (1 + 1e-9), 10.001, 0.3}) {
    CAPTURE(tau_syn);
    const double tau = 10, C = 250, w = 400, dt = 0.1;
    SmallNetwork network;
    network.population("N", 2, plugin("neuron", "iaf_psc_exp", {{"tau_syn_ex", tau_syn}, {"tau_syn_in", tau_syn}}));
    const PluginValue spike = plugin("stimulus", "spike_generator", {{"spike_times", std::vector<double>{3}}});
    const auto got = run(network, {{.name = "e", .target = "N", .neurons = {0}, .weight = w, .generator = spike},
                                   {.name = "i", .target = "N", .neurons = {1}, .weight = -w, .generator = spike}},
                         {.dt = dt, .duration = 60, .traces = {{.population = "N", .variable = "V_m"}, {.population = "N", .variable = "I_syn_in"}}});
    double worst = 0, worst_current = 0;
    for (size_t row = 0; row < 600; ++row) {
      const double t = static_cast<double>(row + 1) * dt - 3;
      const bool equal = std::fabs(tau_syn - tau) < 1e-6;
      const double psp = t <= 0  ? 0
                         : equal ? w / C * t * std::exp(-t / tau)
                                 : w / C * tau * tau_syn / (tau - tau_syn) * (std::exp(-t / tau) - std::exp(-t / tau_syn));
      worst = std::max({worst, std::fabs(got.traces[0][2 * row] - (-70 + psp)), std::fabs(got.traces[0][2 * row + 1] - (-70 - psp))});
      const double psc = t < -dt / 2 ? 0 : -w * std::exp(-t / tau_syn);
      worst_current = std::max(worst_current, std::fabs(got.traces[1][2 * row + 1] - psc));
    }
    CHECK(worst < recorded + 1e-9);  // the 1e-9 is for the two nearly equal time constants
    CHECK(worst_current < w * 0x1p-24);
  }
}

TEST_CASE("a spike of delay d that is stamped t takes effect in the update that ends at t + d, down to d = dt") {
  const double dt = 0.1;
  for (double delay : {0.1, 0.2, 1.5, 3.0}) {
    CAPTURE(delay);
    SmallNetwork network;
    network.population("A", 1, plugin("neuron", "iaf_psc_delta", {{"t_ref", 0.}}));
    network.population("B", 1, plugin("neuron", "iaf_psc_delta"));
    network.population("C", 1, plugin("neuron", "iaf_psc_exp"));
    network.projection("AB", "A", "B", {{0, 0, 1.5, delay}});
    network.projection("AC", "A", "C", {{0, 0, -80, delay}});
    // Two spikes, the second in the step after the first.
    const Stimulus kick{.name = "kick",
                        .target = "A",
                        .weight = 100,
                        .generator = plugin("stimulus", "spike_generator", {{"spike_times", std::vector<double>{1.0, 1.1}}})};
    const auto got = run(network, {kick},
                         {.dt = dt, .duration = 6, .record_spikes = {"A", "B"}, .traces = {{.population = "B", .variable = "V_m"}, {.population = "C", .variable = "I_syn_in"}}});
    CHECK(got.spike[0].time == std::vector<double>{1.0, 1.1});
    for (size_t row = 0; row < 60; ++row) {
      const double t = static_cast<double>(row + 1) * dt;
      double V = -70, I = 0;
      for (double s : {1.0, 1.1}) {
        if (t > s + delay - dt / 2) V += 1.5 * std::exp(-(t - s - delay) / 10), I -= 80 * std::exp(-(t - s - delay) / 2);
      }
      CHECK(got.traces[0][row] == doctest::Approx(V).epsilon(1e-7));
      CHECK(got.traces[1][row] == doctest::Approx(I).epsilon(1e-6));
    }
  }
}

TEST_CASE("input during the refractory period is lost, and a spike at its end counts") {
  SmallNetwork network;
  network.population("N", 1, plugin("neuron", "iaf_psc_delta", {{"t_ref", 2.}}));
  // Fires at 1.0; the updates that end at 1.1 ... 3.0 are refractory, the one that ends at 3.1 is not.
  const Stimulus kick{.name = "kick",
                      .target = "N",
                      .weight = 100,
                      .generator = plugin("stimulus", "spike_generator", {{"spike_times", std::vector<double>{1, 2, 2.9, 3.1, 5.1, 7.2}}})};
  CHECK(run(network, {kick}, {.duration = 10, .record_spikes = {"N"}}).spike[0].time == std::vector<double>{1, 3.1, 7.2});
}

TEST_CASE("two rate neurons with tau far below dt are the map X(t + 1) = tanh(I + W X(t))") {
  SmallNetwork network;
  network.population("N", 2, plugin("neuron", "tanh_rate", {{"tau", 1e-3}}));
  network.projection("W", "N", "N", {{1, 0, 0.5, 1}, {0, 1, 0.3, 1}});
  auto current = [&](const char* name, int32_t neuron, double I) {
    return Stimulus{.name = name, .target = "N", .neurons = {neuron},
                    .generator = plugin("stimulus", "step_current_generator", {{"amplitude_times", std::vector<double>{0}}, {"amplitude_values", std::vector<double>{I}}})};
  };
  const auto got = run(network, {current("x1", 0, 0.3), current("x2", 1, 0.7)},
                       {.dt = 1, .duration = 6, .trial = 2, .traces = {{.population = "N", .variable = "activity"}}});
  // Weights and activities travel as floats: 2 * 2^-24 on sums below 1.
  for (size_t trial = 0; trial < 3; ++trial) {
    CHECK(got.traces[0][4 * trial] == doctest::Approx(std::tanh(0.3)).epsilon(2e-7));
    CHECK(got.traces[0][4 * trial + 2] == doctest::Approx(std::tanh(0.3 + 0.5 * std::tanh(0.7))).epsilon(2e-7));
    CHECK(got.traces[0][4 * trial + 3] == doctest::Approx(std::tanh(0.7 + 0.3 * std::tanh(0.3))).epsilon(2e-7));
  }
}

TEST_CASE("tanh_rate relaxes exponentially, and its initial rate is what others see first") {
  const double tau = 20, lambda = 0.5, dt = 0.5;
  SmallNetwork network;
  network.population("A", 1, plugin("neuron", "tanh_rate", {{"tau", tau}, {"lambda", lambda}, {"theta", 0.}}), {{"rate", Distribution::constant(0.8)}});
  network.population("B", 1, plugin("neuron", "tanh_rate", {{"tau", 1e-6}, {"g", 2.}, {"theta", 0.1}, {"mu", 0.25}}));
  network.projection("AB", "A", "B", {{0, 0, -1.5, 2}});
  const auto got = run(network, {}, {.dt = dt, .duration = 30, .traces = {{.population = "A", .variable = "rate"}, {.population = "B", .variable = "rate"}}});
  for (size_t row = 0; row < 60; ++row) {
    const double t = static_cast<double>(row + 1) * dt;
    const double x = 0.8 * std::exp(-lambda * t / tau);
    CHECK(got.traces[0][row] == doctest::Approx(x).epsilon(1e-6));
    const double arrived = t < 2 ? 0.8 : 0.8 * std::exp(-lambda * (t - 2) / tau);
    CHECK(got.traces[1][row] == doctest::Approx(0.25 + std::tanh(2 * (-1.5 * arrived - 0.1))).epsilon(1e-6));
  }
}

TEST_CASE("all spikes of a dense train arrive, each at its own time") {
  SmallNetwork network;
  network.population("A", 3, plugin("neuron", "iaf_psc_delta", {{"t_ref", 0.}}));
  const Stimulus kick{.name = "kick", .target = "A", .neurons = {0, 2}, .weight = 100, .generator = plugin("stimulus", "spike_generator", {{"spike_times", multiples(0.1, 500)}})};
  const auto got = run(network, {kick}, {.duration = 50, .record_spikes = {"A"}});
  REQUIRE(got.spike[0].time.size() == 1000);
  for (size_t k = 0; k < 1000; ++k) {
    CHECK(got.spike[0].time[k] == static_cast<double>(k / 2 + 1) / 10);
    CHECK(got.spike[0].neuron[k] == (k % 2 == 0 ? 0 : 2));
  }
}

TEST_CASE("a neuron with several receptors for spikes must be told which, and then only that one opens") {
  const auto four = [](const std::string& receptor) {
    SmallNetwork network;
    network.population("A", 1, plugin("neuron", "iaf_psc_delta")).population("B", 1, plugin("neuron", "aeif_cond_beta_multisynapse"));
    network.projection("AB", "A", "B", {{0, 0, 2}}, {}, receptor);
    const Stimulus kick{.name = "kick", .target = "A", .weight = 100, .generator = plugin("stimulus", "spike_generator", {{"spike_times", multiples(1, 1)}})};
    return run(network, {kick}, {.duration = 20, .traces = {{.population = "B", .variable = "g_2"}, {.population = "B", .variable = "g_3"}}});
  };
  CHECK_THROWS_WITH_AS(four(""), doctest::Contains("has several receptors for spikes; name one (it has receptor_1, receptor_2, receptor_3, receptor_4, I)"), Error);
  CHECK_THROWS_WITH_AS(four("receptor_5"), doctest::Contains("Did you mean 'receptor_"), Error);
  const auto got = four("receptor_2");
  CHECK(*std::max_element(got.traces[0].begin(), got.traces[0].end()) == doctest::Approx(2).epsilon(0.01));
  CHECK(*std::max_element(got.traces[1].begin(), got.traces[1].end()) == 0);
}
