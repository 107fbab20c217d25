// What each rank of several builds, put together again, is the network that one rank builds.
#include <doctest/doctest.h>

#include "support.hpp"

using namespace network_test;

namespace {

/// One population to itself by a rule of each axis; weights and delays drawn in every way that there is.
Blueprint network(const std::string& edges) {
  Blueprint b;
  const Positions plane{.layout = Positions::Layout::uniform, .shape = {}, .extent = {1000, 500}, .center = {}};
  b.add(Population{.name = "E", .size = 700, .positions = plane});
  b.add(Population{.name = "I", .size = 65, .positions = plane});
  const Distribution normal{DistributionKind::normal, 0.5, 0.2, 0}, uniform{.kind = DistributionKind::uniform, .low = 0.5, .high = 3.05};
  Distribution far = Distribution::constant(0.3), fading = normal;
  far.law = DistanceLaw::linear, far.scale = 0.01;
  fading.law = DistanceLaw::gaussian, fading.scale = 300;
  const auto add = [&](const char* name, const char* source, const char* target, const std::string& connectivity, const Distribution& weight, const Distribution& delay) {
    b.add(Projection{.name = name, .source = source, .target = target, .connectivity = rule(connectivity.c_str()), .weight = weight, .delay = delay});
  };
  add("by target", "E", "E", "{ name = 'fixed_indegree', indegree = 101 }", normal, uniform);
  add("by source", "E", "E", "{ name = 'fixed_outdegree', outdegree = 333 }", Distribution::constant(2), Distribution::constant(1.5));
  add("by source, drawn", "I", "E", "{ name = 'pairwise_bernoulli', p = 0.3 }", {DistributionKind::lognormal, -2, 0.5}, far);
  add("total", "E", "I", "{ name = 'fixed_total_number', N = 20000 }", fading, {DistributionKind::normal, 1.5, 0.75});
  add("listed", "I", "I", fmt::format("{{ name = 'from_file', file = '{}', reader = {{ name = 'csv', weight = 'w', delay = 'd' }} }}", edges), normal, uniform);
  add("all", "I", "I", "'all_to_all'", normal, uniform);
  return b;
}

/// A table of edges with weights and delays, in no order.
std::string edge_table() {
  std::string text = "source,target,w,d\n";
  for (int k = 0; k < 900; ++k) text += fmt::format("{},{},{},{}\n", k * 37 % 65, k * k % 65, k % 17, 0.5 + 0.1 * (k % 5));
  return text;
}

}  // namespace

TEST_CASE("neurons are divided among ranks in order, without gap, in blocks of 64") {
  const TemporaryFolder folder;
  const Blueprint b = network(folder.write("edges.csv", edge_table()));
  for (const int32_t ranks : {1, 2, 3, 8, 20}) {
    std::vector<int32_t> end(2, 0);
    for (int32_t r = 0; r < ranks; ++r) {
      const std::vector<Range> own = own_neurons(b, r, ranks);
      for (size_t p = 0; p < 2; ++p) {
        CHECK(own[p].begin == end[p]);
        CHECK((own[p].begin % 64 == 0 || own[p].size() == 0));
        end[p] = own[p].end;
      }
    }
    CHECK(end == std::vector<int32_t>{700, 65});
  }
}

TEST_CASE("the parts of a network that ranks build are those of the whole, synapse by synapse") {
  const TemporaryFolder folder;
  const Blueprint b = network(folder.write("edges.csv", edge_table()));
  const Connectome whole = build(b, 5, 0.1);
  for (const int32_t ranks : {2, 3, 20}) {
    std::vector<std::vector<bool>> seen;
    for (const SynapseRows& rows : whole.projections()) seen.emplace_back(static_cast<size_t>(rows.size()), false);
    for (int32_t r = 0; r < ranks; ++r) {
      const std::vector<Range> own = own_neurons(b, r, ranks);
      const Connectome part = build(b, 5, 0.1, own);
      CHECK(part.all_synapses() == whole.synapses());
      for (size_t p = 0; p < seen.size(); ++p) {
        const SynapseRows &some = part.projections()[p], &all = whole.projections()[p];
        CAPTURE(all.name);
        const Range mine = own[static_cast<size_t>(all.target_population)];
        int64_t wrong = 0;
        for (int32_t i = 0; i < all.sources; ++i)
          for (int64_t k = some.offset[static_cast<size_t>(i)]; k < some.offset[static_cast<size_t>(i) + 1]; ++k) {
            const int64_t n = some.first_of(i) + k - some.offset[static_cast<size_t>(i)];
            const auto at = static_cast<size_t>(n), here = static_cast<size_t>(k);
            REQUIRE(n >= all.offset[static_cast<size_t>(i)]);
            REQUIRE(n < all.offset[static_cast<size_t>(i) + 1]);
            wrong += some.target[here] != all.target[at] || some.weight[here] != all.weight[at] || some.delay[k] != all.delay[n] || seen[p][at] ||
                     some.target[here] < mine.begin || some.target[here] >= mine.end;
            seen[p][at] = true;
          }
        CHECK(wrong == 0);
      }
    }
    for (const auto& synapses : seen) CHECK(std::count(synapses.begin(), synapses.end(), false) == 0);
  }
}

TEST_CASE("a rank holds its share of the synapses, and no more") {
  Blueprint b;
  b.add(Population{.name = "E", .size = 6400});
  b.add(Projection{.name = "E_E", .source = "E", .target = "E", .connectivity = rule("{ name = 'fixed_indegree', indegree = 100 }")});
  for (int32_t r = 0; r < 4; ++r) {
    const Connectome part = build(b, 1, 0.1, own_neurons(b, r, 4));
    CHECK(part.synapses() == 160000);
    CHECK(part.all_synapses() == 640000);
  }
}
