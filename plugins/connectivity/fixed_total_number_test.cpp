#include <doctest/doctest.h>

#include "../../tests/unit/network/support.hpp"

using namespace network_test;

namespace {
PluginValue total(int64_t n, bool autapses = true, bool multapses = true) {
  return rule(fmt::format("{{ name = 'fixed_total_number', N = {}, allow_autapses = {}, allow_multapses = {} }}", n,
                          autapses, multapses));
}
}  // namespace

TEST_CASE("fixed_total_number: exactly N synapses, whatever is allowed") {
  for (const bool self : {false, true})
    for (const bool repeat : {false, true})
      for (const int64_t n : {0, 1, 700, 4000, 9000}) {
        const Connectome c = build(one_projection(total(n, self, repeat), 97), 3);
        const SynapseRows& rows = c.projections()[0];
        CHECK(c.synapses() == n);
        if (n >= 700) CHECK((autapses(rows) > 0) == self);
        if (n >= 700) CHECK((multapses(rows) > 0) == repeat);
      }
}

TEST_CASE("fixed_total_number: each pair is drawn equally often, and out-degrees vary as they should") {
  for (const bool repeat : {false, true}) {
    constexpr int networks = 400, sources = 12, targets = 15, pairs = sources * targets, n = 90;
    std::vector<int> count(pairs, 0);
    double spread = 0;
    for (uint64_t seed = 0; seed < networks; ++seed) {
      const Connectome c = build(one_projection(total(n, true, repeat), sources, targets), seed);
      const SynapseRows& rows = c.projections()[0];
      for (int32_t i = 0; i < sources; ++i) {
        spread += std::pow(double(rows.offset[i + 1] - rows.offset[i]) - double(n) / sources, 2);
        for (int64_t k = rows.offset[i]; k < rows.offset[i + 1]; ++k)
          ++count[static_cast<size_t>(i * targets + rows.target[k])];
      }
    }
    // Of a pair: multinomial, or hypergeometric without repetition. Five standard deviations of chi-squared.
    const double expected = double(networks) * n / pairs;
    const double variance = repeat ? networks * n * (1.0 / pairs) * (1 - 1.0 / pairs) : networks * 0.25;
    double chi2 = 0;
    for (const int k : count) chi2 += std::pow(k - expected, 2) / variance;
    CHECK(std::fabs(chi2 - pairs) < 5 * std::sqrt(2.0 * pairs));
    // Of an out-degree: n p (1 - p), times (pairs - n) / (pairs - 1) without repetition; about 4,800 values, standard
    // error 2 %.
    const double of_degree = n * (1.0 / sources) * (1 - 1.0 / sources) * (repeat ? 1 : double(pairs - n) / (pairs - 1));
    CHECK(spread / (networks * sources) ==
          doctest::Approx(of_degree).epsilon(5 * std::sqrt(2.0 / (networks * sources))));
  }
}

TEST_CASE("fixed_total_number: the edges of what is possible") {
  CHECK(build(one_projection(total(2500, true, false), 50), 1).synapses() == 2500);
  CHECK(build(one_projection(total(2449, false, false), 50), 1).synapses() == 2449);
  CHECK(multapses(build(one_projection(total(2449, false, false), 50), 1).projections()[0]) == 0);
  CHECK(refusal(one_projection(total(2451, false, false), 50)) ==
        "projection 'p': connectivity 'fixed_total_number': N is 2451 and there are 2450 pairs to draw from; lower it, "
        "or set "
        "allow_multapses = true");
  CHECK(contains(refusal(one_projection(total(1, false), 1)), "there are 0 pairs"));
}

TEST_CASE("fixed_total_number: large out-degrees are binomial too: mean, variance and skewness") {
  constexpr int networks = 600, sources = 20, n = 20000;
  const double p = 1.0 / sources, variance = n * p * (1 - p);
  double sum = 0, squares = 0, cubes = 0;
  for (uint64_t seed = 0; seed < networks; ++seed) {
    const Connectome c = build(one_projection(total(n), sources, 30), seed);
    CHECK(c.synapses() == n);
    for (int32_t i = 0; i < sources; ++i) {
      const double z =
          (double(c.projections()[0].offset[i + 1] - c.projections()[0].offset[i]) - n * p) / std::sqrt(variance);
      sum += z, squares += z * z, cubes += z * z * z;
    }
  }
  // The degrees of a network sum to N, so that z sums to 0. Standard errors of the second and third moment of normal
  // values: sqrt(2 / m) and sqrt(15 / m); the third is (1 - 2 p) / sqrt(variance) = 0.03.
  constexpr double m = networks * sources;
  CHECK(std::fabs(sum) < 1e-6 * m);
  CHECK(std::fabs(squares / m - 1) < 5 * std::sqrt(2 / m));
  CHECK(std::fabs(cubes / m - 0.03) < 5 * std::sqrt(15 / m));
}
