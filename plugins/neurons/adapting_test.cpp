// Adapting and random thresholds (mat2_psc_exp, gif_psc_exp, glif_psc), poisson_neuron and parrot_neuron.
#include "lone_neuron.hpp"

using namespace proxon;

TEST_CASE("mat2_psc_exp: the threshold has two time constants, the membrane is not reset, and t_ref is kept") {
  LoneNeurons neuron("mat2_psc_exp", {}, 0.1);
  // A short strong current makes one spike; afterwards membrane and threshold follow their closed forms.
  int fired = 0;
  double V = 0, when = 0;
  for (int k = 1; k <= 40 && !fired; ++k) {
    neuron.give("I", 1000);
    fired = static_cast<int>(neuron.step());
    V = 5.0 / 100 * 1000 * (1 - std::exp(-0.1 * k / 5));
    when = 0.1 * k;
  }
  REQUIRE(fired == 1);
  CHECK(when == doctest::Approx(0.1 * std::ceil(-5 * std::log(1 - 19.0 / 50) / 0.1)));
  CHECK(neuron.get("V_m") == doctest::Approx(-70 + V).epsilon(1e-12));
  for (int k = 1; k <= 5000; ++k) {
    CHECK(neuron.step() == 0);
    const double t = 0.1 * k;
    REQUIRE(std::fabs(neuron.get("V_th") - (-51 + 37 * std::exp(-t / 10) + 2 * std::exp(-t / 200))) < 1e-9);
    REQUIRE(std::fabs(neuron.get("V_m") - (-70 + V * std::exp(-t / 5))) < 1e-9);
  }
  // Far above any threshold it fires every t_ref + a step, as NEST counts.
  LoneNeurons driven("mat2_psc_exp", {{"alpha_1", 0.}, {"alpha_2", 0.}, {"t_ref", 1.}}, 0.1);
  const auto spikes = driven.spikes(100, 2000);
  for (size_t k = 1; k < spikes.size(); ++k) CHECK(spikes[k] - spikes[k - 1] == doctest::Approx(1.1));
  CHECK(refusal("mat2_psc_exp", {{"t_ref", 0.01}}).find("t_ref must be at least one step") != std::string::npos);
  CHECK(refusal("mat2_psc_exp", {{"omega", -71.}}).find("omega must lie above E_L") != std::string::npos);
}

TEST_CASE(
    "mat2_psc_exp answers a spike with the analytic potential, for equal time constants too (which NEST refuses)") {
  for (const double tau_syn : {1.0, 5.0, 5.000001}) {
    LoneNeurons neuron("mat2_psc_exp", {{"tau_syn_ex", tau_syn}}, 0.1);
    neuron.give("ex", 100), neuron.step();
    for (int k = 1; k < 400; ++k) {
      neuron.step();
      const double t = 0.1 * k, psp = std::fabs(tau_syn - 5) < 1e-3 ? 100 / 100.0 * t * std::exp(-t / 5)
                                                                    : 100 / 100.0 * 5 * tau_syn / (5 - tau_syn) *
                                                                          (std::exp(-t / 5) - std::exp(-t / tau_syn));
      REQUIRE(std::fabs(neuron.get("V_m") + 70 - psp) < 1e-5);
    }
  }
}

TEST_CASE("gif_psc_exp fires at the rate of its hazard, within 4 sigma, and adapts") {
  // The membrane is held by a strong leak 1 mV below the threshold: lambda = lambda_0 exp(-1 / 0.5).
  const double dt = 0.1, lambda = 100 * std::exp(-2.0), p = 1 - std::exp(-lambda * dt / 1000);
  constexpr int n = 200, steps = 20000;
  LoneNeurons neurons("gif_psc_exp", {{"E_L", -36.}, {"V_reset", -36.}, {"lambda_0", 100.}, {"t_ref", 3.}}, dt, n);
  int64_t spikes = 0;
  for (int k = 0; k < steps; ++k) spikes += neurons.step();
  // Intervals are t_ref plus a geometric number of steps of mean 1 / p and variance (1 - p) / p^2.
  const double mean = 30 + 1 / p, variance = (1 - p) / (p * p), expected = n * steps / mean;
  const double sigma = std::sqrt(n * steps * variance / (mean * mean * mean));
  MESSAGE("gif_psc_exp: " << spikes << " spikes, expected " << expected << " +- " << sigma);
  CHECK(std::fabs(static_cast<double>(spikes) - expected) <
        4 * sigma + n);  // each train's begin is worth up to a spike

  // After a spike threshold and current jump by q and decay.
  LoneNeurons one("gif_psc_exp",
                  {{"q_sfa_1", 20.},
                   {"tau_sfa_1", 15.},
                   {"q_sfa_2", 3.},
                   {"tau_sfa_2", 300.},
                   {"q_stc_1", 10.},
                   {"tau_stc_1", 40.}},
                  dt);
  one.set("V_m", 0);
  REQUIRE(one.step() == 1);
  CHECK(one.get("V_m") == -55);
  CHECK(one.get("E_sfa") == doctest::Approx(-12));
  CHECK(one.get("I_stc") == 10);
  for (int k = 1; k <= 1000; ++k) {
    CHECK(one.step() == 0);
    const double t = k * dt;
    REQUIRE(std::fabs(one.get("E_sfa") - (-35 + 20 * std::exp(-t / 15) + 3 * std::exp(-t / 300))) < 1e-9);
    REQUIRE(std::fabs(one.get("I_stc") - 10 * std::exp(-t / 40)) < 1e-9);
    // Held for t_ref = 4 ms, then free under the decaying outward current.
    const double s = std::max(t - 4, 0.0), i = 10 * std::exp(-4 / 40.0), tau = 80 / 4.0;
    const double V =
        -70 + 15 * std::exp(-s / tau) - i / 80 * tau * 40 / (40 - tau) * (std::exp(-s / 40) - std::exp(-s / tau));
    REQUIRE(std::fabs(one.get("V_m") - V) < 1e-8);
  }
  LoneNeurons plain("gif_psc_exp", {}, dt), adapting("gif_psc_exp", {{"q_sfa_1", 10.}, {"q_stc_1", 20.}}, dt);
  CHECK(plain.spikes(2000, 200).size() > 2 * adapting.spikes(2000, 200).size());
}

TEST_CASE("glif_psc: each of the five models resets and adapts as it says") {
  const double dt = 0.05, E = -78.85;
  const auto settings = [](bool R, bool ASC, bool A) {
    return NeuronSettings{{"spike_dependent_threshold", R}, {"after_spike_currents", ASC}, {"adapting_threshold", A}};
  };
  // GLIF 1 is a plain leaky neuron: intervals in closed form.
  const double tau = 58.72 / 9.43;
  LoneNeurons glif_1("glif_psc", settings(false, false, false), dt);
  const auto spikes = glif_1.spikes(300, 400);
  const double V_inf = 400 / 9.43, interval = 3.75 + dt * std::ceil(tau * std::log(V_inf / (V_inf - 27.17)) / dt);
  REQUIRE(spikes.size() > 10);
  for (size_t k = 1; k < spikes.size(); ++k)
    CHECK(spikes[k] - spikes[k - 1] == doctest::Approx(interval).epsilon(1e-9));

  // GLIF 5 against the equations, step by step, with Simpson's rule for what moves the threshold.
  LoneNeurons glif_5("glif_psc", settings(true, true, true), dt);
  double u = 0, spike = 0, voltage = 0, asc[2] = {0, 0};
  const double k[2] = {0.003, 0.1}, amplitude[2] = {-9.18, -198.94};
  int held = 0, count = 0;
  for (int step = 0; step < 8000; ++step) {
    const double I = static_cast<double>(static_cast<float>(350 + 100 * std::sin(step / 900.0)));
    glif_5.give("I", I);
    const bool fired = glif_5.step() > 0;
    bool fires = false;
    if (held > 0) {
      --held;
    } else {
      const double before = u;
      spike *= std::exp(-0.009 * dt);
      double sum = I;
      for (int a : {0, 1}) sum += asc[a] * (1 - std::exp(-k[a] * dt)) / (k[a] * dt), asc[a] *= std::exp(-k[a] * dt);
      const auto u_at = [&](double s) { return sum / 9.43 + (before - sum / 9.43) * std::exp(-s / tau); };
      const auto moving = [&](double s) { return 0.005 * u_at(s) * std::exp(-0.09 * (dt - s)); };
      voltage = voltage * std::exp(-0.09 * dt) + dt / 6 * (moving(0) + 4 * moving(dt / 2) + moving(dt));
      u = u_at(dt);
      fires = u > 27.17 + spike + voltage;
      if (fires) {
        u = 0.2 * before + 18.51, spike = spike * std::exp(-0.009 * 3.75) + 0.37, held = 75, ++count;
        for (int a : {0, 1}) asc[a] = amplitude[a] + asc[a] * std::exp(-k[a] * 3.75);
      }
    }
    REQUIRE(fired == fires);
    REQUIRE(std::fabs(glif_5.get("V_m") - (E + u)) < 1e-7);
    REQUIRE(std::fabs(glif_5.get("threshold") - (-51.68 + spike + voltage)) < 1e-7);
    REQUIRE(std::fabs(glif_5.get("ASC_1") - asc[0]) < 1e-9);
    REQUIRE(std::fabs(glif_5.get("ASC_2") - asc[1]) < 1e-9);
  }
  CHECK(count > 10);

  // The mechanisms each lower the rate.
  const auto n = [&](bool R, bool ASC) {
    LoneNeurons neuron("glif_psc", settings(R, ASC, false), dt);
    return neuron.spikes(1000, 400).size();
  };
  CHECK(n(false, true) < n(false, false));
  CHECK(n(true, true) < n(true, false));

  // A synaptic current peaks at its weight, of either sign.
  LoneNeurons synapse("glif_psc", {}, dt);
  synapse.give("syn", -50), synapse.step();
  double lowest = 0;
  for (int step = 0; step < 200; ++step) synapse.step(), lowest = std::min(lowest, synapse.get("I_syn"));
  CHECK(lowest == doctest::Approx(-50).epsilon(1e-12));
  CHECK(synapse.get("V_m") < E);
}

TEST_CASE("glif_psc refuses flags that are no model, and holds where its time constants are equal") {
  CHECK(refusal("glif_psc", {{"adapting_threshold", true}}).find("adapting_threshold needs") != std::string::npos);
  CHECK(refusal("glif_psc", {{"V_reset", 0.}}).find("V_reset must lie below V_th") != std::string::npos);
  LoneNeurons equal("glif_psc",
                    {{"spike_dependent_threshold", true},
                     {"after_spike_currents", true},
                     {"adapting_threshold", true},
                     {"th_voltage_decay", 9.43 / 58.72}},
                    0.1);
  equal.spikes(100, 400);
  CHECK(std::isfinite(equal.get("threshold")));
  CHECK(equal.get("threshold_voltage") > 0);
}

TEST_CASE("poisson_neuron fires at its own rate, moved by its input, within 4 sigma, and not below 0") {
  const double dt = 0.1;
  constexpr int n = 400, steps = 20000;
  LoneNeurons neurons("poisson_neuron", {{"rate", 20.}}, dt, n);
  for (int i = n / 2; i < n; ++i) neurons.set("rate", 80, i);
  neurons.set("rate", 0, 0);
  std::vector<int64_t> count(n, 0);
  std::vector<int64_t> sum_of_squares(n, 0);
  for (int k = 0; k < steps; ++k) {
    neurons.give("I", -50, 1), neurons.give("drive", 30, 2), neurons.give("I", 40, 3);
    const int64_t fired = neurons.step();
    for (int64_t f = 0; f < fired; ++f) ++count[static_cast<size_t>(neurons.fired[static_cast<size_t>(f)])];
  }
  const auto check = [&](double rate, int begin, int end) {
    const double p = 1 - std::exp(-rate * dt / 1000), trials = double{steps} * (end - begin), expected = p * trials;
    double got = 0, squares = 0;
    for (int i = begin; i < end; ++i)
      got += static_cast<double>(count[static_cast<size_t>(i)]),
          squares += std::pow(static_cast<double>(count[static_cast<size_t>(i)]) - p * steps, 2);
    CHECK(std::fabs(got - expected) < 4 * std::sqrt(expected * (1 - p)));
    // Counts of neurons are independent: their variance is that of a binomial, to 4 of its own sigmas.
    if (end - begin > 50) CHECK(std::fabs(squares / expected - 1) < 4 * std::sqrt(2.0 / (end - begin)));
  };
  CHECK(count[0] == 0);
  CHECK(count[1] == 0);
  check(50, 2, 3), check(60, 3, 4), check(20, 4, n / 2), check(80, n / 2, n);
}

TEST_CASE("parrot_neuron repeats the steps in which spikes arrive, whatever the weight, and nothing else") {
  LoneNeurons parrot("parrot_neuron", {}, 0.1, 3);
  CHECK(parrot.step() == 0);
  parrot.give("spikes", 0.001, 0), parrot.give("spikes", -4, 2);
  REQUIRE(parrot.step() == 2);
  CHECK(parrot.fired[0] == 0);
  CHECK(parrot.fired[1] == 2);
  CHECK(parrot.step() == 0);
}

TEST_CASE("speed of the adapting and random models") {
  for (const std::string name : {"mat2_psc_exp", "gif_psc_exp", "glif_psc", "parrot_neuron"}) {
    const double ns = nanoseconds(name);
    MESSAGE(name << ": " << ns << " ns a neuron and step");
    CHECK(ns < 5000);
  }
  const double ns = nanoseconds("poisson_neuron", {{"rate", 10.}});
  MESSAGE("poisson_neuron: " << ns << " ns a neuron and step");
  CHECK(ns < 5000);
}
