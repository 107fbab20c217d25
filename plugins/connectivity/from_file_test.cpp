#include <doctest/doctest.h>

#include "../../tests/unit/network/support.hpp"

using namespace network_test;

namespace {

/// Population "worm" with names, projecting to itself by what `text` lists.
std::string refused(const TemporaryFolder& folder, const std::string& text,
                    const std::string& reader = "{ name = 'csv', weight = 'w', delay = 'd' }",
                    const std::string& more = "", std::vector<std::string> names = {"ADAL", "ADAR", "AVAL"}) {
  Blueprint b;
  b.add(Population{.name = "worm", .size = 3, .neuron_names = std::move(names)});
  b.add(Projection{.name = "p",
                   .source = "worm",
                   .target = "worm",
                   .connectivity = from_file(folder.write("e.csv", text), reader, more)});
  return refusal(b);
}

}  // namespace

TEST_CASE("from_file: weights times the scale, delays of their own, rows sorted with what belongs to them") {
  const TemporaryFolder folder;
  const std::string path = folder.write("e.csv", "source,target,w,d\nb,c,3,1\nb,a,-1,2\na,b,5,1.5\nb,c,4,0.5\n");
  Blueprint b;
  b.add(Population{.name = "P", .size = 3, .neuron_names = {"a", "b", "c"}});
  b.add(Projection{.name = "p",
                   .source = "P",
                   .target = "P",
                   .connectivity = from_file(path, "{ name = 'csv', weight = 'w', delay = 'd' }"),
                   .weight_scale = 2});
  b.add(Projection{.name = "bare",
                   .source = "P",
                   .target = "P",
                   .connectivity = from_file(path, "'csv'"),
                   .weight = {DistributionKind::uniform, 0, 0, 1, 2},
                   .weight_scale = 100,
                   .delay = Distribution::constant(3)});
  const Connectome c = build(b, 1);
  const SynapseRows& rows = c.projections()[0];
  CHECK(std::vector<int64_t>(rows.offset.begin(), rows.offset.end()) == std::vector<int64_t>{0, 1, 4, 4});
  CHECK(std::vector<int32_t>(rows.target.begin(), rows.target.end()) == std::vector<int32_t>{1, 0, 2, 2});
  CHECK(std::vector<float>(rows.weight.begin(), rows.weight.end()) == std::vector<float>{10, -2, 6, 8});
  CHECK(delays_of(rows) == std::vector<double>{1.5, 2, 1, 0.5});
  const SynapseRows& bare = c.projections()[1];
  CHECK(bare.delay.shared());
  CHECK(bare.delay[0] == 3);
  for (const float w : bare.weight) CHECK((w >= 1 && w <= 2));
  const Estimate e = estimate(b, 1);
  CHECK(e.synapses == 8);
  CHECK(e.bytes == c.bytes());
}

TEST_CASE("from_file: equal delays become the one delay of the projection") {
  const TemporaryFolder folder;
  Blueprint b;
  b.add(Population{.name = "P", .size = 10});
  b.add(Projection{.name = "p",
                   .source = "P",
                   .target = "P",
                   .connectivity = from_file(folder.write("e.csv", "source,target,d\n1,2,0.7\n9,0,0.7\n"),
                                             "{ name = 'csv', delay = 'd' }")});
  const Connectome c = build(b, 1);
  CHECK(c.projections()[0].delay.shared());
  CHECK(c.projections()[0].delay[0] == 0.7);
  CHECK(c.projections()[0].weight[0] == 1);
}

TEST_CASE("from_file: a file over all neurons is divided among populations by number or by name") {
  const TemporaryFolder folder;
  // Numbered from 1: E has 1 to 3, I has 4 and 5.
  const std::string numbers = folder.write("n.csv", "source,target\n1,2\n1,4\n3,5\n4,1\n5,5\n");
  Blueprint b;
  b.add(Population{.name = "E", .size = 3});
  b.add(Population{.name = "I", .size = 2});
  b.add(
      Projection{.name = "E_I",
                 .source = "E",
                 .target = "I",
                 .connectivity = from_file(numbers, "'csv'", "first_source = 1, first_target = 4, outside = 'skip'")});
  const std::string names = folder.write("m.csv", "source,target\na,b\na,x\nb,muscle\n");
  b.add(Population{.name = "A", .size = 2, .neuron_names = {"a", "b"}});
  b.add(Projection{
      .name = "A_A", .source = "A", .target = "A", .connectivity = from_file(names, "'csv'", "outside = 'skip'")});
  const Connectome c = build(b, 1);
  CHECK(std::vector<int64_t>(c.projections()[0].offset.begin(), c.projections()[0].offset.end()) ==
        std::vector<int64_t>{0, 1, 1, 2});
  CHECK(std::vector<int32_t>(c.projections()[0].target.begin(), c.projections()[0].target.end()) ==
        std::vector<int32_t>{0, 1});
  CHECK(c.projections()[1].size() == 1);
}

TEST_CASE("from_file: what is wrong in a file is said with file and line") {
  const TemporaryFolder folder;
  const std::string at = "projection 'p': " + folder.path.string() + "/e.csv", head = "source,target,w,d\n";
  CHECK(refused(folder, head + "ADAL,AVAL,1,1\nADAL,AVAR,1,1\n") ==
        at + ":3: 'AVAR' is not a neuron of population 'worm'. Did you mean 'ADAR'?");
  CHECK(refused(folder, head + "ADAl,AVAL,1,1\n") ==
        at + ":2: 'ADAl' is not a neuron of population 'worm'. Did you mean 'ADAL'?");
  CHECK(refused(folder, head + "0,1,1,1\n1,3,1,1\n", "{ name = 'csv', weight = 'w', delay = 'd' }", "", {}) ==
        at + ":3: neuron 3 is outside population 'worm', whose neurons are 0 to 2 in this file.");
  CHECK(contains(refused(folder, head + "0,-1,1,1\n", "'csv'", "", {}), ":2: neuron -1 is outside"));
  CHECK(contains(refused(folder, head + "0,ADAL,1,1\n", "'csv'", "", {}),
                 ":2: 'ADAL' is not a number, and population 'worm' does not name"));
  CHECK(contains(refused(folder, head + "ADAL,AVAL,1,0\n"),
                 "e.csv:2: has the delay 0 ms; a delay must be a finite number above 0."));
  CHECK(contains(refused(folder, head + "ADAL,AVAL,nan,1\n"), "e.csv:2: 'nan' in column 'w' is not a finite number."));
  CHECK(contains(refused(folder, head + "ADAL,AVAL,1,inf\n"), "e.csv:2: 'inf' in column 'd' is not a finite number."));
  CHECK(contains(refused(folder, head + "ADAL,AVAL,1e300,1\n"), "is not a finite number"));
  CHECK(contains(refused(folder, "source,target,w,d\nX,Y,1,1\n", "'csv'", "outside = 'skip'"),
                 "none of its 1 edges runs from population 'worm'"));
  CHECK_THROWS_AS(rule("'from_file'"), Error);
  CHECK_THROWS_AS(rule("{ name = 'from_file', file = 'x', outside = 'ignore' }"), Error);
}
