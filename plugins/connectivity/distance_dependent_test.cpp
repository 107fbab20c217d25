#include <doctest/doctest.h>

#include "../../tests/unit/network/support.hpp"

using namespace network_test;

namespace {

PluginValue kernel(const std::string& text) { return rule("{ name = 'distance_dependent', " + text + " }"); }

Blueprint placed(const PluginValue& connectivity, Positions source, int32_t sources, Positions target,
                 int32_t targets) {
  Blueprint b;
  b.add(Population{.name = "E", .size = sources, .positions = std::move(source)});
  b.add(Population{.name = "I", .size = targets, .positions = std::move(target)});
  b.add(Projection{.name = "p", .source = "E", .target = "I", .connectivity = connectivity});
  return b;
}

using Layout = Positions::Layout;

}  // namespace

TEST_CASE(
    "distance_dependent: pairs at a distance are connected as often as the kernel says, in 1, 2 and 3 dimensions") {
  struct Case {
    std::string text;
    std::function<double(double)> probability;
  };
  const Case cases[] = {{"kernel = 'gaussian', p0 = 0.8, length = 120",
                         [](double d) { return 0.8 * std::exp(-d * d / (2 * 120 * 120)); }},
                        {"kernel = 'exponential', p0 = 0.9, length = 100, cutoff = 400",
                         [](double d) { return d > 400 ? 0 : 0.9 * std::exp(-d / 100); }},
                        {"kernel = 'box', p0 = 0.4, length = 250", [](double d) { return d > 250 ? 0 : 0.4; }}};
  for (const Case& c : cases)
    for (size_t dimensions = 1; dimensions <= 3; ++dimensions)
      for (const bool periodic : {false, true}) {
        const Positions box{
            .layout = Layout::uniform, .extent = std::vector<double>(dimensions, 1000), .periodic = periodic};
        const Connectome made = build(placed(kernel(c.text), box, 400, box, 500), 3);
        const auto from = coordinates(box, 400, "E", 3), to = coordinates(box, 500, "I", 3);
        const SynapseRows& rows = made.projections()[0];
        CHECK(multapses(rows) == 0);
        // Pairs in bins of 50 um: seen against expected, each within five standard deviations.
        std::vector<double> seen(40, 0), expected(40, 0), variance(40, 0);
        auto bin_of = [&](int i, int j, double& d) {
          double sum = 0;
          for (size_t k = 0; k < 3; ++k) {
            double x = std::fabs(from[size_t(i)][k] - to[size_t(j)][k]);
            if (periodic && k < dimensions) x = std::min(x, 1000 - x);
            sum += x * x;
          }
          d = std::sqrt(sum);
          return static_cast<size_t>(d / 50);
        };
        double d = 0;
        for (int i = 0; i < 400; ++i) {
          for (int j = 0; j < 500; ++j) {
            const size_t bin = bin_of(i, j, d);
            const double p = c.probability(d);
            expected[bin] += p, variance[bin] += p * (1 - p);
          }
          for (int64_t k = rows.offset[i]; k < rows.offset[i + 1]; ++k) {
            const size_t bin = bin_of(i, rows.target[k], d);
            REQUIRE(c.probability(d) > 0);
            ++seen[bin];
          }
        }
        for (size_t bin = 0; bin < 40; ++bin)
          CHECK(std::fabs(seen[bin] - expected[bin]) <= 5 * std::sqrt(variance[bin]) + 1);
      }
}

TEST_CASE("distance_dependent: on a grid the neighbours are who they are, over the border too when it is periodic") {
  for (const bool periodic : {false, true}) {
    const Positions grid{.layout = Layout::grid, .shape = {4, 3}, .extent = {400, 300}, .periodic = periodic};
    Blueprint b;
    b.add(Population{.name = "E", .size = 12, .positions = grid});
    b.add(Projection{.name = "p",
                     .source = "E",
                     .target = "E",
                     .connectivity = kernel("kernel = 'box', length = 101, allow_autapses = false")});
    const Connectome c = build(b, 1);
    const SynapseRows& rows = c.projections()[0];
    // Neuron 0 is a corner: 1 to the right, 4 above; over the border 3 and 8.
    const std::vector<int32_t> reached(rows.target.begin(), rows.target.begin() + rows.offset[1]);
    CHECK(reached == (periodic ? std::vector<int32_t>{1, 3, 4, 8} : std::vector<int32_t>{1, 4}));
  }
}

TEST_CASE("distance_dependent: a population without positions is named as missing") {
  const Positions line{.layout = Layout::uniform, .extent = {100}},
      plane{.layout = Layout::uniform, .extent = {100, 100}},
      ring{.layout = Layout::uniform, .extent = {100}, .periodic = true};
  CHECK(refusal(placed(kernel("length = 10"), line, 5, {}, 5)) ==
        "projection 'p': connectivity 'distance_dependent': needs the positions of both populations; give each a table "
        "[network.populations.NAME.positions]");
  CHECK(contains(refusal(placed(kernel("length = 10"), line, 5, plane, 5)), "positions in 1 dimensions and 'I' in 2"));
  CHECK(contains(refusal(placed(kernel("length = 10"), line, 5, ring, 5)), "both be periodic, or neither"));
  CHECK_THROWS_AS(kernel("length = 0"), Error);
  CHECK_THROWS_AS(kernel("kernel = 'sphere', length = 1"), Error);
}
