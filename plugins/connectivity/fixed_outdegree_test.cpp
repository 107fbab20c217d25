#include <doctest/doctest.h>

#include "../../tests/unit/network/support.hpp"

using namespace network_test;

namespace {
PluginValue outdegree(int n, bool autapses = true, bool multapses = true) {
  return rule(fmt::format("{{ name = 'fixed_outdegree', outdegree = {}, allow_autapses = {}, allow_multapses = {} }}", n,
                          autapses, multapses));
}
}  // namespace

TEST_CASE("fixed_outdegree: every source sends exactly that many, whatever is allowed") {
  for (const bool self : {false, true})
    for (const bool repeat : {false, true}) {
      const Connectome c = build(one_projection(outdegree(30, self, repeat), 101), 3);
      const SynapseRows& rows = c.projections()[0];
      for (int32_t i = 0; i < 101; ++i) REQUIRE(rows.offset[i + 1] - rows.offset[i] == 30);
      CHECK((autapses(rows) > 0) == self);
      CHECK((multapses(rows) > 0) == repeat);
    }
}

TEST_CASE("fixed_outdegree: each target is drawn equally often") {
  for (const bool repeat : {false, true}) {
    const Connectome c = build(one_projection(outdegree(20, true, repeat), 5000, 200), 5);
    // In-degrees: 5,000 sources draw 20 of 200. Chi-squared with 199 degrees of freedom, narrower by 0.9 without repetition.
    const double variance = 5000 * 0.1 * (repeat ? 1 - 1.0 / 200 : 0.9);
    double chi2 = 0;
    for (const int32_t n : in_degrees(c.projections()[0])) chi2 += std::pow(n - 500.0, 2) / variance;
    CHECK(std::fabs(chi2 - 199) < 5 * std::sqrt(2 * 199.0));
  }
}

TEST_CASE("fixed_outdegree: the edges of what is possible") {
  CHECK(build(one_projection(outdegree(0), 5), 1).synapses() == 0);
  CHECK(build(one_projection(outdegree(4, false, false), 5), 1).synapses() == 20);
  CHECK(refusal(one_projection(outdegree(6, true, false), 5)) ==
        "projection 'p': connectivity 'fixed_outdegree': outdegree is 6 and there are 5 targets to draw from; lower it, "
        "or set allow_multapses = true");
  CHECK(contains(refusal(one_projection(outdegree(1, false, true), 1)), "there are 0 targets to draw from"));
}
