#include <doctest/doctest.h>

#include "../../tests/unit/network/support.hpp"

using namespace network_test;

namespace {
PluginValue bernoulli(double p, bool autapses = true) {
  return rule(fmt::format("{{ name = 'pairwise_bernoulli', p = {:.9f}, allow_autapses = {} }}", p, autapses));
}
}  // namespace

TEST_CASE("pairwise_bernoulli: each pair is there with probability p, independently of the others") {
  for (const double p : {0.02, 0.3, 0.97}) {
    // How often each of 20 x 30 pairs is there in 500 networks: chi-squared with 600 degrees of freedom, five standard
    // deviations.
    constexpr int networks = 500;
    std::vector<int> count(600, 0);
    std::vector<double> size;
    for (uint64_t seed = 0; seed < networks; ++seed) {
      const Connectome c = build(one_projection(bernoulli(p), 20, 30), seed);
      const SynapseRows& rows = c.projections()[0];
      CHECK(multapses(rows) == 0);
      for (int32_t i = 0; i < 20; ++i)
        for (int64_t k = rows.offset[i]; k < rows.offset[i + 1]; ++k)
          ++count[static_cast<size_t>(i * 30 + rows.target[k])];
      size.push_back(double(c.synapses()));
    }
    double chi2 = 0;
    for (const int n : count) chi2 += std::pow(n - networks * p, 2) / (networks * p * (1 - p));
    CHECK(std::fabs(chi2 - 600) < 5 * std::sqrt(2 * 600.0));
    // The number of synapses is binomial: mean 600 p, variance 600 p (1 - p).
    double mean = 0, variance = 0;
    for (const double n : size) mean += n / networks;
    for (const double n : size) variance += (n - mean) * (n - mean) / (networks - 1);
    CHECK(std::fabs(mean - 600 * p) < 5 * std::sqrt(600 * p * (1 - p) / networks));
    CHECK(std::fabs(variance / (600 * p * (1 - p)) - 1) < 5 * std::sqrt(2.0 / networks));
  }
}

TEST_CASE("pairwise_bernoulli: p of 0 is nobody, p of 1 is everybody, and nearly 0 does not overflow") {
  CHECK(build(one_projection(bernoulli(0), 50, 60), 1).synapses() == 0);
  CHECK(build(one_projection(bernoulli(1), 50, 60), 1).synapses() == 3000);
  CHECK(build(one_projection(bernoulli(1, false), 50), 1).synapses() == 2450);
  CHECK(build(one_projection(rule("{ name = 'pairwise_bernoulli', p = 1e-300 }"), 50, 60), 1).synapses() == 0);
  CHECK(build(one_projection(rule("{ name = 'pairwise_bernoulli', p = 0.9999999999999999 }"), 50, 60), 1).synapses() ==
        3000);
  CHECK(autapses(build(one_projection(bernoulli(0.5, false), 200), 1).projections()[0]) == 0);
}

TEST_CASE("pairwise_bernoulli: a probability outside 0 to 1 and a missing one are refused") {
  CHECK_THROWS_AS(rule("{ name = 'pairwise_bernoulli', p = 1.5 }"), Error);
  CHECK_THROWS_AS(rule("{ name = 'pairwise_bernoulli', p = -0.1 }"), Error);
  CHECK_THROWS_AS(rule("'pairwise_bernoulli'"), Error);
}
