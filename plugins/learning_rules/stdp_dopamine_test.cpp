// stdp_dopamine: one pair and one dopamine spike against the closed form, for several intervals of integration.
#include "pairing.hpp"

using namespace proxon;
using namespace proxon::test;

TEST_CASE("stdp_dopamine: a pair and dopamine 200 ms later change the weight as the closed form says, to order h / tau_c") {
  // c = C exp(-t / tau_c) meets n = exp(-t / tau_n) / tau_n from the dopamine spike on: dw = C exp(-200 / tau_c) tau_c / (tau_c + tau_n).
  const double met = std::exp(-0.2) * 1000 / 1200;
  for (double h : {0.1, 1.0, 10.0}) {
    CAPTURE(h);
    const PairingSetup setup{.learning_interval = h, .tail = 12000};
    const PluginValue rule = plugin("learning_rule", "stdp_dopamine", {{"w_min", -200.}});
    // A pair or a dopamine spike somewhere within an interval h counts as at its border: h / tau_c + h / tau_n; floats add 1e-5.
    const double tolerance = h * (1 / 1000. + 1 / 200.) + 2e-5;
    const double up = std::exp(-0.5) * met, down = -1.5 * std::exp(-0.25) * met;
    const double got_up = weight_after(rule, {{20}, {30}, {230}}, setup), got_down = weight_after(rule, {{35}, {30}, {235}}, setup);
    MESSAGE("h " << h << " ms: relative error " << got_up / up - 1 << " and " << got_down / down - 1);
    CHECK(std::fabs(got_up / up - 1) < tolerance);
    CHECK(std::fabs(got_down / down - 1) < tolerance);
  }
}

TEST_CASE("stdp_dopamine: without dopamine nothing moves but by the baseline; dopamine before a pair counts what is left of it") {
  const PluginValue plain = plugin("learning_rule", "stdp_dopamine"), baseline = plugin("learning_rule", "stdp_dopamine", {{"b", 1e-3}, {"w_min", -9.}});
  CHECK(weight_after(plain, {{20, 35}, {30}}, {.w = 3, .tail = 3000}) == 3);
  // dw = -b C tau_c over all time; what is left after 12 s is e^-12.
  CHECK(weight_after(baseline, {{20}, {30}}, {.tail = 12000}) == doctest::Approx(-std::exp(-0.5)).epsilon(2e-4));
  // n is exp(-100 / tau_n) / tau_n when the pair comes.
  CHECK(weight_after(plain, {{120}, {130}, {30}}, {.tail = 12000}) == doctest::Approx(std::exp(-0.5) * std::exp(-0.5) / 200 / (1 / 1000. + 1 / 200.)).epsilon(1e-3));
}
