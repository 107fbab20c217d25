// iaf_cond_exp, with a fixed and with an adaptive threshold, and iaf_cond_alpha against a plain integration in tiny steps, and the order of their method.
#include <array>

#include "lone_neuron.hpp"

using namespace proxon;

namespace {

struct Conductances {
  bool alpha;
  double tau_ex, tau_in;
  double g_L = 16.6667, C = 250, E_L = -70, E_ex = 0, E_in = -85, I = 0;
  // y = V, g_ex, dg_ex, g_in, dg_in; without alpha the slopes stay 0.
  std::array<double, 5> operator()(double, const std::array<double, 5>& y) const {
    return {(g_L * (E_L - y[0]) + y[1] * (E_ex - y[0]) + y[3] * (E_in - y[0]) + I) / C, y[2] - y[1] / tau_ex,
            -y[2] / tau_ex, y[4] - y[3] / tau_in, -y[4] / tau_in};
  }
};

/// V_m after 3.2 ms of strong conductances, in steps of dt.
double free_run(const char* name, bool alpha, double dt) {
  LoneNeurons neuron(name, {{"V_th", 1e3}, {"tau_syn_ex", 0.6}, {"tau_syn_in", 2.5}}, dt);
  neuron.set("V_m", -62);
  if (alpha)
    neuron.set("g_ex", 20), neuron.set("dg_ex", 200), neuron.set("g_in", 60), neuron.set("dg_in", 150);
  else
    neuron.set("g_ex", 150), neuron.set("g_in", 250);
  for (int k = 0; k < std::lround(3.2 / dt); ++k) neuron.give("I", 200), neuron.step();
  return neuron.get("V_m");
}

}  // namespace

TEST_CASE("iaf_cond_exp and iaf_cond_alpha converge with order 4 in dt to the plain integration") {
  for (const bool alpha : {false, true}) {
    const char* name = alpha ? "iaf_cond_alpha" : "iaf_cond_exp";
    std::array<double, 5> y{-62, 150, 0, 250, 0};
    if (alpha) y = {-62, 20, 200, 60, 150};
    tiny_steps(y, 0, 3.2, 400000, Conductances{.alpha = alpha, .tau_ex = 0.6, .tau_in = 2.5, .I = 200});
    double previous = 0;
    std::string shown;
    for (const double dt : {0.8, 0.4, 0.2, 0.1}) {
      const double error = std::fabs(free_run(name, alpha, dt) - y[0]);
      if (previous > 0) CHECK(std::log2(previous / error) > 3.5);
      shown += " " + std::to_string(dt) + " ms: " + std::to_string(error * 1e6) + " nV;";
      previous = error;
    }
    CHECK(previous < 1e-5);  // mV at 0.1 ms
    MESSAGE(std::string(name) << ", error of V_m at steps of" << shown);
  }
}

TEST_CASE(
    "under synaptic bombardment both are within the stated tolerance of the plain integration at dt 0.1 ms, and fire "
    "in the same "
    "steps") {
  for (const bool alpha : {false, true}) {
    const char* name = alpha ? "iaf_cond_alpha" : "iaf_cond_exp";
    CAPTURE(std::string(name));
    const double dt = 0.1;
    LoneNeurons neuron(name, {{"I_e", 120.}}, dt);
    std::array<double, 5> y{-70, 0, 0, 0, 0};
    const Conductances f{.alpha = alpha, .tau_ex = 0.2, .tau_in = 2, .I = 120};
    Stream random(Key{7, purpose("bombardment")}, alpha);
    int refractory = 0, spikes = 0;
    double worst = 0, worst_g = 0;
    for (int k = 0; k < 3000; ++k) {
      const double ex = random.uniform() < 0.2 ? 60 * random.uniform() : 0,
                   in = random.uniform() < 0.05 ? -20 * random.uniform() : 0;
      const auto ex_arrived = static_cast<double>(static_cast<float>(ex)),
                 in_arrived = static_cast<double>(static_cast<float>(in));
      neuron.give("ex", ex), neuron.give("in", in);
      const bool fired = neuron.step() > 0;
      const double before = y[0];
      tiny_steps(y, 0, dt, 2000, f);
      if (refractory > 0) y[0] = before, --refractory;
      const bool fires = y[0] >= -55;
      if (fires) y[0] = -60, refractory = 20, ++spikes;
      y[alpha ? 2 : 1] += ex_arrived * (alpha ? std::exp(1.0) / 0.2 : 1);
      y[alpha ? 4 : 3] -= in_arrived * (alpha ? std::exp(1.0) / 2 : 1);
      REQUIRE(fired == fires);
      worst = std::max(worst, std::fabs(neuron.get("V_m") - y[0]));
      worst_g = std::max({worst_g, std::fabs(neuron.get("g_ex") - y[1]), std::fabs(neuron.get("g_in") - y[3])});
    }
    CHECK(spikes > 5);
    CHECK(worst < (alpha ? 5e-5 : 1e-5));
    CHECK(worst_g < 1e-4);  // the tiny steps' own error
    MESSAGE(std::string(name) << ": " << spikes << " spikes, V_m within " << worst << " mV");
  }
}

TEST_CASE("a conductance of alpha shape peaks at the weight after tau_syn, and one that decays starts at the weight") {
  LoneNeurons alpha("iaf_cond_alpha", {{"tau_syn_ex", 1.}, {"tau_syn_in", 3.}}, 0.1), exp("iaf_cond_exp", {}, 0.1);
  alpha.give("ex", 5), alpha.give("in", -7), exp.give("ex", 5), exp.give("in", -7);
  alpha.step(), exp.step();
  CHECK(alpha.get("V_m") == -70);
  CHECK(exp.get("g_ex") == 5);
  CHECK(exp.get("g_in") == 7);
  double g_ex = 0, g_in = 0;
  int when_ex = 0, when_in = 0;
  for (int k = 1; k < 100; ++k) {
    alpha.step();
    if (alpha.get("g_ex") > g_ex + 1e-12) g_ex = alpha.get("g_ex"), when_ex = k;
    if (alpha.get("g_in") > g_in + 1e-12) g_in = alpha.get("g_in"), when_in = k;
  }
  CHECK(g_ex == doctest::Approx(5).epsilon(1e-12));
  CHECK(g_in == doctest::Approx(7).epsilon(1e-12));
  CHECK(when_ex == 10);
  CHECK(when_in == 30);
}

TEST_CASE("iaf_cond_exp_adaptive_threshold is iaf_cond_exp whose threshold a spike raises, falls back, and stays after theta_stop") {
  const double dt = 0.5, I = 60;
  const NeuronSettings settings{{"theta", 15.}, {"theta_plus", 0.5}, {"tau_theta", 2000.}, {"theta_stop", 600.}};
  LoneNeurons adapting("iaf_cond_exp_adaptive_threshold", settings, dt);
  double V = -65, theta = 15;
  int held = 0, spikes = 0, late = 0;
  for (int k = 0; k < 3000; ++k) {
    adapting.give("I", I);
    const bool fired = adapting.step() > 0;
    V = held > 0 ? V : -65 + I + (V + 65 - I) * std::exp(-dt / 100);
    const bool fires = V >= -72 + theta;
    held = fires ? 10 : std::max(held - 1, 0);
    if (fires) V = -65, ++spikes, late += k >= 1200;
    if (k < 1200) theta = theta * std::exp(-dt / 2000) + (fires ? 0.5 : 0);
    REQUIRE(fired == fires);
    REQUIRE(std::fabs(adapting.get("theta") - theta) < 1e-9);
    REQUIRE(std::fabs(adapting.get("V_m") - V) < 1e-4);
  }
  CHECK(spikes > 20);
  CHECK(late > 5);
  // With a threshold that stays it is iaf_cond_exp to the bit, under synaptic input too.
  LoneNeurons fixed("iaf_cond_exp_adaptive_threshold", {{"theta_plus", 0.}, {"tau_theta", 1e300}}, dt);
  LoneNeurons plain("iaf_cond_exp",
                    {{"V_th", -52.}, {"V_reset", -65.}, {"t_ref", 5.}, {"g_L", 1.}, {"C_m", 100.}, {"E_L", -65.}, {"E_in", -100.}, {"tau_syn_ex", 1.}, {"tau_syn_in", 2.}}, dt);
  Stream random(Key{7, purpose("bombardment")}, 0);
  int together = 0;
  for (int k = 0; k < 4000; ++k) {
    const double ex = 3 * random.uniform(), in = random.uniform() < 0.01 ? -17 : 0;
    for (LoneNeurons* neuron : {&fixed, &plain}) neuron->give("ex", ex), neuron->give("in", in);
    const bool a = fixed.step() > 0, b = plain.step() > 0;
    REQUIRE(a == b);
    REQUIRE(fixed.get("V_m") == plain.get("V_m"));
    together += a;
  }
  CHECK(together > 20);
  CHECK(refusal("iaf_cond_exp_adaptive_threshold", {{"theta", 5.}}).find("V_reset must lie below V_th + theta") != std::string::npos);
}

TEST_CASE("even absurd conductances leave V_m between the reversal potentials, and absurd steps are stable") {
  for (const char* name : {"iaf_cond_exp", "iaf_cond_alpha"})
    for (double dt : {0.1, 0.5, 10.0}) {
      CAPTURE(dt);
      LoneNeurons neuron(name, {{"V_th", 1e3}}, dt);
      for (int k = 0; k < 200; ++k) {
        if (k % 3 == 0) neuron.give("ex", 300), neuron.give("in", -300);
        neuron.step();
        // Steps far above tau_syn leave the range of the series, by no more than what separates the reversal
        // potentials.
        CHECK(neuron.get("V_m") > (dt > 1 ? -170 : -86));
        CHECK(neuron.get("V_m") < (dt > 1 ? 85 : 1));
      }
    }
}

TEST_CASE("the conductance-based models fire as the closed form of the f-I curve says, and refuse what cannot be") {
  for (const char* name : {"iaf_cond_exp", "iaf_cond_alpha"}) {
    const double tau = 250 / 16.6667, dt = 0.1;
    for (double I : {300.0, 900.0}) {
      LoneNeurons neuron(name, {}, dt);
      const double V_inf = -70 + I / 16.6667;
      const double interval = 2 + dt * std::ceil(tau * std::log((V_inf + 60) / (V_inf + 55)) / dt - 1e-9);
      const auto spikes = neuron.spikes(500, I);
      REQUIRE(spikes.size() > 5);
      for (size_t k = 1; k < spikes.size(); ++k) CHECK(std::fabs(spikes[k] - spikes[k - 1] - interval) < 1e-9);
    }
    CHECK(refusal(name, {{"V_reset", -55.}}).find("V_reset must lie below V_th") != std::string::npos);
  }
}

TEST_CASE("speed of the linear and the conductance-based models") {
  for (const std::string name : {"iaf_psc_delta", "iaf_psc_exp", "iaf_psc_alpha", "iaf_cond_exp", "iaf_cond_alpha"}) {
    const double ns = nanoseconds(name);
    MESSAGE(std::string(name) << ": " << ns << " ns a neuron and step");
    CHECK(ns < 1000);
  }
}
