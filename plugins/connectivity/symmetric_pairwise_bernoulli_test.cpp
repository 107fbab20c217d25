#include <doctest/doctest.h>

#include "../../tests/unit/network/support.hpp"

using namespace network_test;

namespace {
PluginValue symmetric(double p) {
  return rule(fmt::format("{{ name = 'symmetric_pairwise_bernoulli', p = {:.9f} }}", p));
}
}  // namespace

TEST_CASE("symmetric_pairwise_bernoulli: whom a neuron reaches reaches it, with probability p for each pair") {
  for (const double p : {0.03, 0.4}) {
    constexpr int n = 40, networks = 300;
    std::vector<int> count(n * n, 0);
    for (uint64_t seed = 0; seed < networks; ++seed) {
      const Connectome c = build(one_projection(symmetric(p), n), seed);
      const SynapseRows& rows = c.projections()[0];
      std::vector<int> there(n * n, 0);
      for (int32_t i = 0; i < n; ++i)
        for (int64_t k = rows.offset[i]; k < rows.offset[i + 1]; ++k)
          ++there[static_cast<size_t>(i * n + rows.target[k])];
      for (int i = 0; i < n; ++i)
        for (int j = 0; j < n; ++j) {
          REQUIRE(there[static_cast<size_t>(i * n + j)] == there[static_cast<size_t>(j * n + i)]);
          REQUIRE(there[static_cast<size_t>(i * n + j)] <= (i == j ? 0 : 1));
          count[static_cast<size_t>(i * n + j)] += there[static_cast<size_t>(i * n + j)];
        }
    }
    // 780 pairs, chi-squared, five standard deviations.
    double chi2 = 0;
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < i; ++j)
        chi2 += std::pow(count[static_cast<size_t>(i * n + j)] - networks * p, 2) / (networks * p * (1 - p));
    CHECK(std::fabs(chi2 - 780) < 5 * std::sqrt(2 * 780.0));
  }
}

TEST_CASE("symmetric_pairwise_bernoulli: the edges of what is possible") {
  CHECK(build(one_projection(symmetric(1), 50), 1).synapses() == 50 * 49);
  CHECK(build(one_projection(symmetric(0), 50), 1).synapses() == 0);
  CHECK(contains(refusal(one_projection(symmetric(0.5), 50, 50)), "from a population to itself"));
  CHECK(contains(
      refusal(one_projection(rule("{ name = 'symmetric_pairwise_bernoulli', p = 0.5, allow_autapses = true }"), 50)),
      "has no autapses"));
}
