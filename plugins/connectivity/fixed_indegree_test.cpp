#include <doctest/doctest.h>

#include "../../tests/unit/network/support.hpp"

using namespace network_test;

namespace {
PluginValue indegree(int n, bool autapses = true, bool multapses = true) {
  return rule(fmt::format("{{ name = 'fixed_indegree', indegree = {}, allow_autapses = {}, allow_multapses = {} }}", n,
                          autapses, multapses));
}
}  // namespace

TEST_CASE("fixed_indegree: every target receives exactly that many, whatever is allowed") {
  for (const bool self : {false, true})
    for (const bool repeat : {false, true}) {
      const Connectome c = build(one_projection(indegree(30, self, repeat), 101), 3);
      const SynapseRows& rows = c.projections()[0];
      CHECK(in_degrees(rows) == std::vector<int32_t>(101, 30));
      CHECK((autapses(rows) > 0) == self);
      CHECK((multapses(rows) > 0) == repeat);
    }
}

TEST_CASE("fixed_indegree: each source is drawn equally often") {
  for (const bool repeat : {false, true}) {
    const Connectome c = build(one_projection(indegree(20, true, repeat), 200, 5000), 5);
    // Out-degrees: 5,000 targets draw 20 of 200. Chi-squared with 199 degrees of freedom, narrower by 0.9 without
    // repetition.
    const double variance = 5000 * 0.1 * (repeat ? 1 - 1.0 / 200 : 0.9);
    double chi2 = 0;
    for (int32_t i = 0; i < 200; ++i)
      chi2 += std::pow(double(c.projections()[0].offset[i + 1] - c.projections()[0].offset[i]) - 500, 2) / variance;
    CHECK(std::fabs(chi2 - 199) < 5 * std::sqrt(2 * 199.0));
  }
}

TEST_CASE("fixed_indegree: with repetition two draws are the same as often as chance has it") {
  // 5,000 targets draw 2 of 50: 100 pairs expected, standard deviation 9.9.
  const Connectome c = build(one_projection(indegree(2), 50, 5000), 5);
  CHECK(std::fabs(double(multapses(c.projections()[0])) - 100) < 50);
}

TEST_CASE("fixed_indegree: the edges of what is possible") {
  CHECK(build(one_projection(indegree(0), 5), 1).synapses() == 0);
  CHECK(build(one_projection(indegree(5, true, false), 5), 1).synapses() == 25);
  CHECK(build(one_projection(indegree(4, false, false), 5), 1).synapses() == 20);
  CHECK(build(one_projection(indegree(100), 1), 1).synapses() == 100);
  CHECK(refusal(one_projection(indegree(6, true, false), 5)) ==
        "projection 'p': connectivity 'fixed_indegree': indegree is 6 and there are 5 sources to draw from; lower it, "
        "or set allow_multapses = true");
  CHECK(contains(refusal(one_projection(indegree(5, false, false), 5)), "indegree is 5 and there are 4 sources"));
  CHECK(contains(refusal(one_projection(indegree(1, false, true), 1)), "there are 0 sources to draw from"));
}
