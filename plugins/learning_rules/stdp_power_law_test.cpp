// stdp_power_law against the formula, applied pair by pair in double.
#include "pairing.hpp"

using namespace proxon;
using namespace proxon::test;

TEST_CASE("stdp_power_law: growth goes with w^mu, fall with w; window of the closed form") {
  const PluginValue rule = plugin("learning_rule", "stdp_power_law", {{"lambda", 0.05}, {"alpha", 0.5}, {"w_0", 2.}, {"tau_minus", 40.}});
  for (double w : {0.01, 1.0, 40.0})
    for (double distance : {0.1, 3.0, 10.0, 40.0}) {
      CAPTURE(w); CAPTURE(distance);
      const double up = 0.05 * std::pow(2, 0.6) * std::pow(w, 0.4) * std::exp(-distance / 20), down = 0.025 * w * std::exp(-distance / 40);
      // The weight is a float: 2^-24 of it, and 1e-5 of the change for the trace.
      CHECK(std::fabs(weight_after(rule, {{20}, {20 + distance}}, {.w = w}) - (w + up)) < 2 * 0x1p-24 * w + 1e-5 * up);
      CHECK(std::fabs(weight_after(rule, {{20 + distance}, {20}}, {.w = w}) - (w - down)) < 2 * 0x1p-24 * w + 1e-5 * down);
    }
}

TEST_CASE("stdp_power_law: random trains follow the double oracle, and a weight stays positive") {
  const Trains trains{random_train(3, 50, 1000), random_train(4, 50, 1000)};
  double expected = 0.7;
  walk(trains, [&](double t) { expected = std::max(0.0, expected - 0.1 * expected * trace(trains.post, t, 20)); },
       [&](double t) { expected += 0.1 * std::pow(expected, 0.4) * trace(trains.pre, t, 20); });
  CHECK(std::fabs(expected - 0.7) > 0.1);
  CHECK(weight_after(plugin("learning_rule", "stdp_power_law"), trains, {.w = 0.7}) == doctest::Approx(expected).epsilon(2e-5));
  CHECK(weight_after(plugin("learning_rule", "stdp_power_law", {{"alpha", 50.}}), {{20, 21}, {19}}, {.w = 0.7}) == 0);
}
