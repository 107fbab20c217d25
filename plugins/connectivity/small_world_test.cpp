#include <doctest/doctest.h>

#include "../../tests/unit/network/support.hpp"

using namespace network_test;

namespace {
PluginValue small_world(int degree, double rewiring, const std::string& more = "") {
  return rule(fmt::format("{{ name = 'small_world', degree = {}, rewiring = {:.6f}{} }}", degree, rewiring, more));
}
}  // namespace

TEST_CASE("small_world: without rewiring it is the ring") {
  const Connectome c = build(one_projection(small_world(4, 0), 7), 1);
  const SynapseRows& rows = c.projections()[0];
  CHECK(std::vector<int32_t>(rows.target.begin(), rows.target.begin() + 4) == std::vector<int32_t>{1, 2, 5, 6});
  CHECK(std::vector<int32_t>(rows.target.begin() + 12, rows.target.begin() + 16) == std::vector<int32_t>{1, 2, 4, 5});
  CHECK(in_degrees(rows) == std::vector<int32_t>(7, 4));
}

TEST_CASE("small_world: each synapse is moved with that probability, to any free target equally often") {
  const int n = 200, degree = 10;
  for (const double rewiring : {0.1, 1.0}) {
    std::vector<double> at_distance(n, 0);
    double kept = 0;
    const int networks = 50;
    for (uint64_t seed = 0; seed < networks; ++seed) {
      const Connectome c = build(one_projection(small_world(degree, rewiring), n), seed);
      const SynapseRows& rows = c.projections()[0];
      CHECK(autapses(rows) == 0);
      CHECK(multapses(rows) == 0);
      for (int32_t i = 0; i < n; ++i) {
        REQUIRE(rows.offset[i + 1] - rows.offset[i] == degree);
        for (int64_t k = rows.offset[i]; k < rows.offset[i + 1]; ++k)
          ++at_distance[static_cast<size_t>((rows.target[k] - i + n) % n)];
      }
    }
    for (int d = 1; d < n; ++d)
      if (d <= degree / 2 || d >= n - degree / 2) kept += at_distance[static_cast<size_t>(d)];
    // Of the moved ones, some land among the vacated neighbours: a neuron with m moved chooses among n - 1 - degree +
    // m.
    const double all = double(n) * degree * networks;
    double back = 0;
    for (int m = 0; m <= degree; ++m) {
      const double ways = std::exp(std::lgamma(degree + 1.0) - std::lgamma(m + 1.0) - std::lgamma(degree - m + 1.0));
      back += ways * std::pow(rewiring, m) * std::pow(1 - rewiring, degree - m) * m * double(m) / (n - 1 - degree + m);
    }
    const double expected = all * ((1 - rewiring) + back / degree);
    CHECK(std::fabs(kept - expected) < 5 * std::sqrt(all * std::max(rewiring * (1 - rewiring), 0.05)));
    // Outside the neighbourhood every distance is as likely: chi-squared.
    const double each = (all - expected) / (n - 1 - degree);
    double chi2 = 0;
    for (int d = degree / 2 + 1; d < n - degree / 2; ++d)
      chi2 += std::pow(at_distance[static_cast<size_t>(d)] - each, 2) / each;
    CHECK(std::fabs(chi2 - (n - 1 - degree)) < 5 * std::sqrt(2.0 * (n - 1 - degree)));
  }
}

TEST_CASE("small_world: the flags and the edges of what is possible") {
  const std::string both = ", allow_autapses = true, allow_multapses = true";
  const Connectome free_to = build(one_projection(small_world(10, 1, both), 20), 1);
  CHECK(autapses(free_to.projections()[0]) > 0);
  CHECK(multapses(free_to.projections()[0]) > 0);
  CHECK(autapses(build(one_projection(small_world(10, 1, ", allow_multapses = true"), 20), 1).projections()[0]) == 0);
  CHECK(multapses(build(one_projection(small_world(10, 1, ", allow_autapses = true"), 20), 1).projections()[0]) == 0);
  CHECK(build(one_projection(small_world(20, 1), 21), 1).synapses() == 420);
  CHECK(build(one_projection(small_world(0, 0), 1), 1).synapses() == 0);
  CHECK(contains(refusal(one_projection(small_world(22, 0), 21)), "degree is 22 and a neuron has 20 neighbours"));
  CHECK(contains(refusal(one_projection(small_world(3, 0), 21)), "must be even"));
  CHECK(contains(refusal(one_projection(small_world(2, 0), 21, 21)), "from a population to itself"));
}
