// iaf_psc_alpha (and the forms that the linear models share) against closed forms.
#include "lone_neuron.hpp"
#include "proxon/plugin/integrate.hpp"

using namespace proxon;

TEST_CASE("exponential() is exp() to 2 units in the last place, from 1e-300 to 1e300") {
  double worst = 0;
  Stream random(Key{1, purpose("exponential")}, 0);
  for (int k = 0; k < 200000; ++k) {
    const double x = k < 100000 ? 1400 * random.uniform() - 700 : 4 * random.uniform() - 2;
    worst = std::max(worst, std::fabs(exponential(x) / std::exp(x) - 1));
  }
  CHECK(worst < 2 * 0x1p-52);
  CHECK(exponential(0) == 1);
  CHECK(exponential(-1e9) < 1e-300);
  CHECK(std::isfinite(exponential(1e9)));
  for (double x : {0.0, 1e-12, -1e-12, 1e-4, -1e-4, 9.9e-5, 0.3, -7.0, 40.0}) {
    const double expected = x == 0 ? 1 : x / -std::expm1(-x);
    CHECK(std::fabs(linoid(x, std::exp(-x)) / expected - 1) < 1e-11);
  }
}

TEST_CASE("a membrane never overshoots what it relaxes to, and small steps are exact") {
  double previous = 1;
  for (double B = 1e-9; B < 1e9; B *= 1.3) {
    const double phi = relaxation(B);
    CHECK(phi < previous);
    CHECK(phi * B <= 1 + 0x1p-52);
    if (B < 0.5) CHECK(std::fabs(phi * B / -std::expm1(-B) - 1) <= std::pow(B, 7) / 5040 + 4 * 0x1p-53);
    previous = phi;
  }
}

TEST_CASE("the propagators hold for equal and nearly equal time constants") {
  // Simpson's rule over 2000 pieces: error of some 1e-13 here.
  for (double tau_syn : {0.2, 2.0, 9.9, 9.999999, 10.0, 10.0000001, 10.6, 50.0})
    for (double h : {0.01, 0.1, 1.0}) {
      double exponential = 0, alpha = 0;
      for (int k = 0; k <= 2000; ++k) {
        const double s = h * k / 2000, w = (k == 0 || k == 2000 ? 1 : k % 2 ? 4 : 2) * h / 6000;
        exponential += w * std::exp(-(h - s) / 10 - s / tau_syn);
        alpha += w * s * std::exp(-(h - s) / 10 - s / tau_syn);
      }
      CHECK(std::fabs(exponential_onto_membrane(10, tau_syn, h) / exponential - 1) < 1e-11);
      CHECK(std::fabs(alpha_onto_membrane(10, tau_syn, h) / alpha - 1) < 1e-11);
    }
}

TEST_CASE("iaf_psc_alpha answers a spike with the analytic potential; its current peaks at the weight after tau_syn") {
  for (double tau_syn : {0.5, 2.0, 9.999, 10.0, 10 * (1 + 1e-9), 33.0}) {
    CAPTURE(tau_syn);
    const double tau = 10, C = 250, w = 400, dt = 0.1;
    LoneNeurons up("iaf_psc_alpha", {{"tau_syn_ex", tau_syn}, {"V_th", 1e3}}, dt),
        down("iaf_psc_alpha", {{"tau_syn_in", tau_syn}}, dt);
    up.give("ex", w), down.give("in", -w);
    up.step(), down.step();
    CHECK(up.get("V_m") == -70);
    double worst = 0, worst_current = 0, peak = 0, peak_time = 0;
    for (int k = 1; k < 1500; ++k) {
      up.step(), down.step();
      const double t = k * dt;
      // w e / tau_s times the convolution of t exp(-t / tau_s) with exp(-t / tau) / C.
      const double d = 1 / tau_syn - 1 / tau;
      const double convolved =
          std::fabs(d) * t < 2e-3
              ? t * t * std::exp(-t / tau) * (1.0 / 2 - d * t / 3 + d * d * t * t / 8 - d * d * d * t * t * t / 30)
              : std::exp(-t / tau) * (1 - std::exp(-d * t) * (1 + d * t)) / (d * d);
      const double psp = w * std::exp(1.0) / tau_syn / C * convolved;
      worst = std::max({worst, std::fabs(up.get("V_m") + 70 - psp), std::fabs(down.get("V_m") + 70 + psp)});
      worst_current =
          std::max(worst_current, std::fabs(up.get("I_syn_ex") - w * std::exp(1 - t / tau_syn) * t / tau_syn));
      if (up.get("I_syn_ex") > peak) peak = up.get("I_syn_ex"), peak_time = t;
    }
    // The closed form itself cancels to some 1e-16 / (d t)^2 where the time constants are nearly equal.
    CHECK(worst < 2e-9);
    CHECK(worst_current < 1e-10);
    if (std::fmod(tau_syn, 0.5) == 0)
      CHECK(peak == doctest::Approx(w).epsilon(1e-12)), CHECK(std::fabs(peak_time - tau_syn) < 1e-9);
  }
}

TEST_CASE("the current-based models fire as the closed form of the f-I curve says") {
  for (const char* name : {"iaf_psc_alpha", "iaf_psc_exp", "iaf_psc_delta"})
    for (double I : {376.0, 400.0, 800.0, 3000.0}) {
      CAPTURE(std::string(name));
      CAPTURE(I);
      const double tau = 10, C = 250, ref = 2, dt = 0.1;
      LoneNeurons neuron(name, {}, dt);
      const auto spikes = neuron.spikes(1000, I);
      const double V_inf = tau / C * I;
      const double interval = ref + dt * std::ceil(tau * std::log(V_inf / (V_inf - 15)) / dt - 1e-9);
      REQUIRE(spikes.size() == static_cast<size_t>((1000 + ref + 1e-9) / interval));
      for (size_t k = 1; k < spikes.size(); ++k) CHECK(std::fabs(spikes[k] - spikes[k - 1] - interval) < 1e-9);
      LoneNeurons silent(name, {}, dt);
      CHECK(silent.spikes(1000, 374.9).empty());
    }
}

TEST_CASE("iaf_psc_alpha holds V_m while it is refractory, keeps its currents, and does not fall below V_min") {
  LoneNeurons neuron("iaf_psc_alpha", {{"V_min", -71.}, {"t_ref", 1.}}, 0.1);
  neuron.set("V_m", -40);
  CHECK(neuron.step() == 1);
  neuron.give("ex", 1000);
  for (int k = 0; k < 10; ++k) {
    neuron.step();
    CHECK(neuron.get("V_m") == -70);
  }
  CHECK(neuron.get("I_syn_ex") == doctest::Approx(1000 * std::exp(1 - 0.9 / 2) * 0.9 / 2));
  neuron.step();
  CHECK(neuron.get("V_m") > -70);
  for (int k = 0; k < 300; ++k) neuron.give("in", -500), neuron.step();
  CHECK(neuron.get("V_m") == -71);
}

TEST_CASE("iaf_psc_alpha refuses what cannot be") {
  CHECK(refusal("iaf_psc_alpha", {{"V_reset", -50.}}).find("V_reset must lie below V_th") != std::string::npos);
  CHECK(refusal("iaf_psc_alpha", {{"V_min", -60.}}).find("V_min must not lie above V_reset") != std::string::npos);
  CHECK(refusal("iaf_psc_alpha", {}).empty());
}
