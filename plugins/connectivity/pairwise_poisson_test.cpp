#include <doctest/doctest.h>

#include "../../tests/unit/network/support.hpp"

using namespace network_test;

namespace {
PluginValue poisson(double mean, bool autapses = true) {
  return rule(fmt::format("{{ name = 'pairwise_poisson', pairwise_avg_num_conns = {:.9f}, allow_autapses = {} }}", mean,
                          autapses));
}
}  // namespace

TEST_CASE("pairwise_poisson: the number of synapses of each pair is Poisson, independently of the others") {
  for (const double mean : {0.05, 1.3}) {
    // How often each number is there among 300 x 400 pairs.
    const Connectome c = build(one_projection(poisson(mean), 300, 400), 7);
    const SynapseRows& rows = c.projections()[0];
    std::vector<int> of_pair(300 * 400, 0);
    for (int32_t i = 0; i < 300; ++i)
      for (int64_t k = rows.offset[i]; k < rows.offset[i + 1]; ++k)
        ++of_pair[static_cast<size_t>(i * 400 + rows.target[k])];
    double probability = std::exp(-mean);
    for (int n = 0; n < 5; probability *= mean / ++n) {
      const double seen = double(std::count(of_pair.begin(), of_pair.end(), n));
      CHECK(std::fabs(seen - 120000 * probability) < 5 * std::sqrt(120000 * probability * (1 - probability)) + 1);
    }
    // Row sums are Poisson(400 mean): chi-squared of 300 of them, five standard deviations.
    double chi2 = 0;
    for (int32_t i = 0; i < 300; ++i)
      chi2 += std::pow(double(rows.offset[i + 1] - rows.offset[i]) - 400 * mean, 2) / (400 * mean);
    CHECK(std::fabs(chi2 - 300) < 5 * std::sqrt(600.0));
  }
}

TEST_CASE("pairwise_poisson: the flags") {
  CHECK(autapses(build(one_projection(poisson(2, false), 100), 1).projections()[0]) == 0);
  CHECK(autapses(build(one_projection(poisson(2), 100), 1).projections()[0]) > 0);
  CHECK(build(one_projection(poisson(0), 100), 1).synapses() == 0);
  CHECK(build(one_projection(poisson(3, false), 1), 1).synapses() == 0);
  CHECK(contains(refusal(one_projection(
                     rule("{ name = 'pairwise_poisson', pairwise_avg_num_conns = 1, allow_multapses = false }"), 5)),
                 "a pair may have more than one synapse"));
}
