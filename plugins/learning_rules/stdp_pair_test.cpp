// stdp_pair: its window, its dependence on the weight, and random trains against sums that keep no trace.
#include "pairing.hpp"

using namespace proxon;
using namespace proxon::test;

// Weights and traces are floats: a trace that decays over n steps is off by some sqrt(n) 2^-24, and the weight by 2^-24 an update.
TEST_CASE("stdp_pair: the window is that of the closed form, 1e-5 relative in single precision") {
  const PluginValue rule = plugin("learning_rule", "stdp_pair", {{"A_plus", 1.5}, {"A_minus", 0.75}, {"tau_plus", 17.}, {"tau_minus", 34.}, {"w_min", -9.}, {"w_max", 9.}});
  for (double distance : {0.1, 0.3, 1.0, 5.0, 10.0, 20.0, 50.0, 100.0}) {
    CAPTURE(distance);
    CHECK(weight_after(rule, {{20}, {20 + distance}}) == doctest::Approx(1.5 * std::exp(-distance / 17)).epsilon(1e-5));
    CHECK(weight_after(rule, {{20 + distance}, {20}}) == doctest::Approx(-0.75 * std::exp(-distance / 34)).epsilon(1e-5));
  }
  CHECK(weight_after(rule, {{20}, {20}}) == 0);
}

TEST_CASE("stdp_pair: growth and fall depend on the weight as Gutig's family says, for mu 0, 1 and between") {
  for (double mu : {0.0, 0.02, 0.5, 1.0})
    for (double w : {0.1, 1.0, 1.9}) {
      CAPTURE(mu); CAPTURE(w);
      const PluginValue rule = plugin("learning_rule", "stdp_pair", {{"A_plus", 0.02}, {"A_minus", 0.03}, {"mu_plus", mu}, {"mu_minus", mu}, {"w_max", 2.}});
      // The change is the difference of two floats of size w: 2^-24 w each.
      const double tolerance = 4 * w * 0x1p-24 + 1e-7;
      const double up = 0.02 * std::pow(1 - w / 2, mu) * std::exp(-0.5), down = 0.03 * std::pow(w / 2, mu) * std::exp(-0.5);
      CHECK(std::fabs(weight_after(rule, {{20}, {30}}, {.w = w}) - (w + up)) < tolerance);
      CHECK(std::fabs(weight_after(rule, {{30}, {20}}, {.w = w}) - (w - down)) < tolerance);
    }
}

TEST_CASE("stdp_pair: random trains end where sums over all pairs say, and weights stop at their bounds") {
  const Trains trains{random_train(1, 60, 1500), random_train(2, 40, 1500)};
  const PluginValue wide = plugin("learning_rule", "stdp_pair", {{"tau_minus", 30.}, {"w_min", -50.}, {"w_max", 50.}});
  double expected = 0.25;
  walk(trains, [&](double t) { expected -= 0.0105 * trace(trains.post, t, 30); }, [&](double t) { expected += 0.01 * trace(trains.pre, t, 20); });
  CHECK(std::fabs(expected - 0.25) > 0.1);
  CHECK(std::fabs(weight_after(wide, trains, {.w = 0.25}) - expected) < 2e-5);
  CHECK(weight_after(plugin("learning_rule", "stdp_pair", {{"A_minus", 0.}}), trains, {.w = 0.5}) == 1);
  CHECK(weight_after(plugin("learning_rule", "stdp_pair", {{"A_plus", 0.}}), trains, {.w = 0.5}) == 0);
}

TEST_CASE("stdp_pair: the multiplicative rule settles where growth and fall balance") {
  // Independent trains: growth A+ r r' tau+ (1 - v) and fall A- r r' tau- v are equal at v = 1 / (1 + A- / A+).
  const PluginValue rule = plugin("learning_rule", "stdp_pair", {{"A_plus", 0.002}, {"A_minus", 0.006}, {"mu_plus", 1.}, {"mu_minus", 1.}});
  double mean = 0;
  for (uint64_t seed = 1; seed <= 4; ++seed) mean += weight_after(rule, {random_train(10 + seed, 100, 10000), random_train(20 + seed, 100, 10000)}, {.w = 0.9}) / 4;
  CHECK(std::fabs(mean - 0.25) < 0.04);  // fluctuates by about sqrt(A / 2), some 0.03 a run
}
