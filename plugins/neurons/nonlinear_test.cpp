// hh_psc_alpha, the aeif models and izhikevich against plain integrations in tiny steps, the orders of
// their methods, and what the field knows of their behaviour.
#include <array>

#include "lone_neuron.hpp"

using namespace proxon;

namespace {

/// Order of convergence shown by errors at 1, 2, 4, ... substeps.
double slope(double coarse, double fine) { return std::log2(coarse / fine); }

std::array<double, 6> hodgkin_huxley(double I, double, const std::array<double, 6>& y) {
  const auto [V, m, h, n, i, di] = y;
  const auto gate = [](double x) { return std::fabs(x) < 1e-9 ? 1 : x / (1 - std::exp(-x)); };
  const double ionic = 12000 * m * m * m * h * (V - 50) + 3600 * n * n * n * n * (V + 77) + 30 * (V + 54.402);
  return {(I + i - ionic) / 100,
          gate((V + 40) / 10) * (1 - m) - 4 * std::exp(-(V + 65) / 18) * m,
          0.07 * std::exp(-(V + 65) / 20) * (1 - h) - h / (1 + std::exp(-(V + 35) / 10)),
          0.1 * gate((V + 55) / 10) * (1 - n) - 0.125 * std::exp(-(V + 65) / 80) * n,
          di - i / 2,
          -di / 2};
}

struct AdaptiveExponentialOracle {
  bool alpha;
  double I;
  std::array<double, 6> operator()(double, const std::array<double, 6>& y) const {
    const double V = std::min(y[0], 0.0);
    const double spike = 30 * 2 * std::exp((V + 50.4) / 2);
    return {(30 * (-70.6 - V) + spike + y[2] * (0 - V) + y[4] * (-85 - V) - y[1] + I) / 281,
            (4 * (V + 70.6) - y[1]) / 144,
            y[3] - y[2] / 0.2,
            -y[3] / 0.2,
            y[5] - y[4] / 2,
            -y[5] / 2};
  }
};

}  // namespace

TEST_CASE("hh_psc_alpha: Runge-Kutta of order 4, and V_m within the stated tolerance at the default of substeps") {
  const double dt = 0.1;
  // 12 ms with two spikes: the oracle once, then the model at 1, 2, 4, ... substeps.
  std::array<double, 6> y{-65, 0, 0, 0, 0, 0};
  LoneNeurons begin("hh_psc_alpha", {}, dt);
  y[1] = begin.get("Act_m"), y[2] = begin.get("Inact_h"), y[3] = begin.get("Act_n");
  std::vector<double> V{y[0]};
  for (int k = 0; k < 250; ++k) {
    tiny_steps(y, 0, dt, 4000, [](double t, const auto& z) { return hodgkin_huxley(800, t, z); });
    if (k == 20) y[5] -= 300 * std::exp(1.0) / 2;
    V.push_back(y[0]);
  }
  CHECK(*std::max_element(V.begin(), V.end()) > 20);
  double previous = 0;
  std::string shown;
  for (const int64_t substeps : {2, 4, 8, 16}) {
    LoneNeurons neuron("hh_psc_alpha", {{"substeps", substeps}, {"I_e", 800.}}, dt);
    double worst = 0, calm = 0;
    for (int k = 0; k < 250; ++k) {
      if (k == 20) neuron.give("in", -300);
      neuron.step();
      const double error = std::fabs(neuron.get("V_m") - V[static_cast<size_t>(k) + 1]);
      worst = std::max(worst, error);
      if (V[static_cast<size_t>(k) + 1] < -45) calm = std::max(calm, error);
    }
    if (substeps == 4) CHECK(worst < 0.01), CHECK(calm < 0.001);
    if (previous > 0) CHECK(slope(previous, worst) > 3.4);
    shown +=
        " " + std::to_string(substeps) + ": " + std::to_string(worst) + " (" + std::to_string(calm) + " below -45 mV);";
    previous = worst;
  }
  MESSAGE("hh_psc_alpha, error of V_m in mV by substeps of 0.1 ms:" << shown);
}

TEST_CASE("hh_psc_alpha rests at -65 mV, fires once at a weak step and repetitively above rheobase") {
  LoneNeurons rest("hh_psc_alpha", {}, 0.1);
  CHECK(rest.spikes(200).empty());
  CHECK(rest.get("V_m") == doctest::Approx(-65).epsilon(1e-3));
  // In the classic units 1 uA/cm2 is 100 pA at 100 pF; repetitive firing sets in between 6 and 7 uA/cm2, at some 50 to
  // 60 Hz.
  LoneNeurons weak("hh_psc_alpha", {}, 0.1), strong("hh_psc_alpha", {}, 0.1), stronger("hh_psc_alpha", {}, 0.1);
  CHECK(weak.spikes(1000, 400).size() <= 2);
  const size_t n = strong.spikes(1000, 1000).size();
  CHECK(n >= 64);
  CHECK(n <= 72);
  CHECK(stronger.spikes(1000, 2000).size() > n + 10);
  // A spike is one report, at the peak, and none within t_ref.
  LoneNeurons peaks("hh_psc_alpha", {}, 0.1);
  double before = -65;
  for (int k = 0; k < 500; ++k) {
    peaks.give("I", 1000);
    const bool fired = peaks.step() > 0;
    if (fired) CHECK(peaks.get("V_m") > 20), CHECK(before > peaks.get("V_m"));
    before = peaks.get("V_m");
  }
}

TEST_CASE("aeif below threshold follows the plain integration, with order 4 in the sub-step") {
  for (const bool alpha : {false, true}) {
    const std::string name = alpha ? "aeif_cond_alpha" : "aeif_cond_exp";
    const double dt = 0.4;
    std::array<double, 6> y{-60, 20, 0, 0, 0, 0};
    y[alpha ? 3 : 2] = alpha ? 100 : 30, y[alpha ? 5 : 4] = 20;
    const auto start = y;
    tiny_steps(y, 0, 8 * dt, 800000, AdaptiveExponentialOracle{alpha, 300});
    double previous = 0;
    std::string shown;
    for (const int64_t substeps : {2, 4, 8, 16}) {
      LoneNeurons neuron(name, {{"substeps", substeps}}, dt);
      neuron.set("V_m", start[0]), neuron.set("w", start[1]), neuron.set("g_ex", start[2]),
          neuron.set("g_in", start[4]);
      if (alpha) neuron.set("dg_ex", start[3]), neuron.set("dg_in", start[5]);
      for (int k = 0; k < 8; ++k) neuron.give("I", 300), neuron.step();
      const double error = std::fabs(neuron.get("V_m") - y[0]);
      if (previous > 0) CHECK(slope(previous, error) > 3.3);
      if (substeps == 4) CHECK(error < 1e-4);  // as long as the default's at 0.1 ms
      shown += " " + std::to_string(substeps) + ": " + std::to_string(error * 1e6) + " nV;";
      previous = error;
    }
    MESSAGE(name << ", error of V_m by substeps of 0.4 ms:" << shown);
  }
}

TEST_CASE("aeif_cond_beta_multisynapse: four conductances of beta shape, each with its own peak, times and potential") {
  const std::vector<double> E{0, -20, -85, -95}, rise{0.2, 2, 8, 5}, decay{2, 60, 8, 100};
  const NeuronSettings settings{{"E_rev", E}, {"tau_rise", rise}, {"tau_decay", decay}};
  const std::array<double, 4> weight{3, 2, 4, 1.5};
  const auto receptor = [](size_t r) { return "receptor_" + std::to_string(r + 1); };

  // Alone, a spike's conductance is the difference of two exponentials whose largest value is the weight.
  for (size_t r = 0; r < 4; ++r) {
    LoneNeurons neuron("aeif_cond_beta_multisynapse", settings, 0.1);
    neuron.give(receptor(r), weight[r]), neuron.step();
    const auto shape = [&](double t) {
      return rise[r] == decay[r] ? t * std::exp(-t / decay[r]) : std::exp(-t / decay[r]) - std::exp(-t / rise[r]);
    };
    double top = 0, seen = 0;
    for (int k = 0; k < 200000; ++k) top = std::max(top, shape(0.0005 * k));
    for (int k = 1; k <= 1000; ++k) {
      neuron.step();
      const double g = neuron.get("g_" + std::to_string(r + 1));
      REQUIRE(g == doctest::Approx(weight[r] * shape(0.1 * k) / top).epsilon(1e-6));
      seen = std::max(seen, g);
    }
    CHECK(seen == doctest::Approx(weight[r]).epsilon(0.02));  // the peak lies between two steps
  }

  // Together they move the membrane as a plain integration says: V, w, then g and what feeds it of each receptor.
  std::array<double, 10> y{-70.6, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  LoneNeurons neuron("aeif_cond_beta_multisynapse", settings, 0.1);
  const auto slope_of = [&](double, const std::array<double, 10>& z) {
    std::array<double, 10> d{};
    d[0] = 30 * (-70.6 - z[0]) + 30 * 2 * std::exp((z[0] + 50.4) / 2) - z[1] + 300;
    d[1] = (4 * (z[0] + 70.6) - z[1]) / 144;
    for (size_t r = 0; r < 4; ++r) {
      d[0] += z[2 + r] * (E[r] - z[0]);
      d[2 + r] = z[6 + r] - z[2 + r] / decay[r];
      d[6 + r] = -z[6 + r] / rise[r];
    }
    d[0] /= 281;
    return d;
  };
  for (int k = 0; k < 400; ++k) {
    tiny_steps(y, 0, 0.1, 400, slope_of);
    for (size_t r = 0; r < 4; ++r) {
      if (k % 90 != 7 + 20 * static_cast<int>(r)) continue;
      neuron.give(receptor(r), weight[r]);
      const double peak = rise[r] == decay[r] ? rise[r]
                                              : rise[r] * decay[r] / (decay[r] - rise[r]) * std::log(decay[r] / rise[r]);
      y[6 + r] += weight[r] / (rise[r] == decay[r] ? peak * std::exp(-1.0)
                                                   : (std::exp(-peak / decay[r]) - std::exp(-peak / rise[r])) /
                                                         (1 / rise[r] - 1 / decay[r]));
    }
    neuron.give("I", 300);
    REQUIRE(neuron.step() == 0);
    REQUIRE(std::fabs(neuron.get("V_m") - y[0]) < 1e-4);
    REQUIRE(std::fabs(neuron.get("w") - y[1]) < 1e-3);
  }
  CHECK(refusal("aeif_cond_beta_multisynapse", {{"E_rev", std::vector<double>{0, -85}}}).find("four numbers") != std::string::npos);
  CHECK(refusal("aeif_cond_beta_multisynapse", {{"tau_rise", std::vector<double>{3, 1, 1, 1}}}).find("must not lie above tau_decay") !=
        std::string::npos);
}

TEST_CASE("aeif resets when the plain integration does, to 0.001 ms a spike, and adapts") {
  const double dt = 0.1, I = 900;
  LoneNeurons neuron("aeif_cond_exp", {{"I_e", I}}, dt);
  std::array<double, 6> y{-70.6, 0, 0, 0, 0, 0};
  std::vector<double> expected;
  const AdaptiveExponentialOracle f{false, I};
  const double h = 1e-4;
  for (int64_t k = 0; k < 3000000; ++k) {
    tiny_steps(y, 0, h, y[0] > -45 ? 16 : 1, f);
    if (y[0] >= 0) y[0] = -60, y[1] += 80.5, expected.push_back(static_cast<double>(k + 1) * h);
  }
  const auto spikes = neuron.spikes(300);
  REQUIRE(expected.size() > 8);
  REQUIRE(spikes.size() == expected.size());
  for (size_t k = 0; k < spikes.size(); ++k) {
    // Stamped at the end of the step in which it happens.
    const double late = spikes[k] - expected[k], allowed = 0.001 * static_cast<double>(k + 1);
    CHECK(late > -allowed);
    CHECK(late < dt + allowed);
  }
  CHECK(spikes.back() - spikes[spikes.size() - 2] > 2 * (spikes[1] - spikes[0]));
  // Without b and a it does not adapt.
  LoneNeurons regular("aeif_cond_exp", {{"I_e", I}, {"a", 0.}, {"b", 0.}}, dt);
  const auto even = regular.spikes(300);
  CHECK(std::fabs((even.back() - even[even.size() - 2]) - (even[1] - even[0])) < 2 * dt);
}

TEST_CASE("aeif with Delta_T = 0 is a plain threshold; refractory steps are as many as asked for; nothing hangs") {
  LoneNeurons plain("aeif_cond_alpha", {{"Delta_T", 0.}, {"a", 0.}, {"b", 0.}, {"t_ref", 1.}, {"substeps", int64_t{1}}},
                    0.1);
  const double V_inf = -70.6 + 900.0 / 30, tau = 281.0 / 30;
  const double interval = 1 + 0.1 * std::ceil(tau * std::log((V_inf + 60) / (V_inf + 50.4)) / 0.1 - 1e-9);
  const auto spikes = plain.spikes(200, 900);
  REQUIRE(spikes.size() > 5);
  for (size_t k = 1; k < spikes.size(); ++k) CHECK(std::fabs(spikes[k] - spikes[k - 1] - interval) < 1e-9);
  // Held high by a huge inhibitory current and thrown about by huge input.
  LoneNeurons wild("aeif_cond_exp", {}, 0.1);
  for (int k = 0; k < 100; ++k) {
    wild.set("V_m", -20), wild.give("I", k % 2 ? -1e7 : 1e7), wild.give("ex", 1e4);
    wild.step();
    CHECK(std::isfinite(wild.get("V_m")));
  }
}

TEST_CASE("izhikevich is NEST's forward Euler, of order 1, and its published numerics") {
  double V = -65, U = 0;
  LoneNeurons euler("izhikevich", {{"I_e", 5.}}, 0.1);
  for (int k = 0; k < 4000; ++k) {
    euler.give("spikes", k % 700 == 3 ? 4 : 0), euler.give("I", 3);
    const bool fired = euler.step() > 0;
    const double V_new = V + 0.1 * (0.04 * V * V + 5 * V + 140 - U + 8) + (k % 700 == 3 ? 4 : 0);
    U += 0.1 * 0.02 * (0.2 * V - U);
    V = V_new;
    const bool fires = V >= 30;
    if (fires) V = -65, U += 8;
    REQUIRE(fired == fires);
    REQUIRE(std::fabs(euler.get("V_m") - V) < 1e-9);
    REQUIRE(std::fabs(euler.get("U_m") - U) < 1e-9);
  }
  V = -65, U = 0;
  LoneNeurons published("izhikevich", {{"consistent_integration", false}}, 1);
  int spikes = 0;
  for (int k = 0; k < 500; ++k) {
    published.give("spikes", 6), published.give("I", 4);
    const bool fired = published.step() > 0;
    for (int half = 0; half < 2; ++half) V += 0.5 * (0.04 * V * V + 5 * V + 140 - U + 10);
    U += 0.02 * (0.2 * V - U);
    if (V >= 30) V = -65, U += 8, ++spikes, CHECK(fired);
    REQUIRE(std::fabs(published.get("V_m") - V) < 1e-9);
  }
  CHECK(spikes > 5);

  // Below threshold: error against a plain integration halves with the sub-step.
  std::array<double, 2> y{-60, -13};
  tiny_steps(y, 0, 4, 100000, [](double, const auto& z) {
    return std::array<double, 2>{0.04 * z[0] * z[0] + 5 * z[0] + 140 - z[1] + 2, 0.02 * (0.2 * z[0] - z[1])};
  });
  double previous = 0;
  for (const int64_t substeps : {1, 2, 4, 8}) {
    LoneNeurons neuron("izhikevich", {{"substeps", substeps}, {"I_e", 2.}}, 0.1);
    neuron.set("V_m", -60), neuron.set("U_m", -13);
    for (int k = 0; k < 40; ++k) neuron.step();
    const double error = std::fabs(neuron.get("V_m") - y[0]);
    if (previous > 0) CHECK(slope(previous, error) == doctest::Approx(1).epsilon(0.1));
    previous = error;
  }
}

TEST_CASE("izhikevich spikes regularly, bursts and spikes fast with the parameters of the paper") {
  const auto intervals = [](const NeuronSettings& settings) {
    LoneNeurons neuron("izhikevich", settings, 0.1);
    neuron.set("U_m", -13);  // at rest
    const auto spikes = neuron.spikes(1000, 10);
    std::vector<double> all;
    for (size_t k = 1; k < spikes.size(); ++k) all.push_back(spikes[k] - spikes[k - 1]);
    REQUIRE(all.size() > 5);
    return all;
  };
  // Regular spiking adapts: the first interval is the shortest, the late ones are alike.
  const auto regular = intervals({});
  CHECK(regular[0] < 0.8 * regular.back());
  CHECK(std::fabs(regular.back() - regular[regular.size() - 2]) < 1);
  // Chattering: short intervals within bursts, long ones between.
  const auto chattering = intervals({{"c", -50.}, {"d", 2.}});
  const auto [low, high] = std::minmax_element(chattering.begin() + 3, chattering.end());
  CHECK(*high > 5 * *low);
  CHECK(intervals({{"a", 0.1}, {"d", 2.}}).size() > 2 * regular.size());  // fast spiking
  LoneNeurons bounded("izhikevich", {{"V_min", -70.}}, 0.1);
  bounded.give("spikes", -100), bounded.step();
  CHECK(bounded.get("V_m") == -70);
}

TEST_CASE("the non-linear models refuse what cannot be, in one sentence") {
  for (const char* name : {"aeif_cond_exp", "aeif_cond_alpha", "aeif_cond_beta_multisynapse"}) {
    CHECK(refusal(name, {{"V_peak", -55.}}).find("V_peak must not lie below V_th") != std::string::npos);
    CHECK(refusal(name, {{"V_reset", 1.}}).find("V_reset must lie below V_peak") != std::string::npos);
    CHECK(refusal(name, {{"Delta_T", 0.01}}).find("above 600, where the exponential overflows") != std::string::npos);
    CHECK(refusal(name, {{"Delta_T", 0.}}).empty());
    CHECK_FALSE(refusal(name, {{"Delta_T", 0.}, {"V_reset", -50.}}).empty());
  }
  CHECK(refusal("izhikevich", {{"c", 40.}}).find("must lie below V_th") != std::string::npos);
  CHECK(refusal("izhikevich", {{"V_min", -60.}}).find("V_min must not lie above c") != std::string::npos);
}

TEST_CASE("speed of the non-linear models") {
  for (const std::string name : {"izhikevich", "aeif_cond_exp", "aeif_cond_alpha", "aeif_cond_beta_multisynapse", "hh_psc_alpha"}) {
    const double ns = nanoseconds(name);
    MESSAGE(name << ": " << ns << " ns a neuron and step");
    CHECK(ns < 5000);
  }
}
