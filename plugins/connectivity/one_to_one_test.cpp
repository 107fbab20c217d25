#include <doctest/doctest.h>

#include "../../tests/unit/network/support.hpp"

using namespace network_test;

TEST_CASE("one_to_one: i reaches i, within a population only where autapses are allowed") {
  const Connectome c = build(one_projection(rule("'one_to_one'"), 5, 5), 1);
  CHECK(std::vector<int32_t>(c.projections()[0].target.begin(), c.projections()[0].target.end()) ==
        std::vector<int32_t>{0, 1, 2, 3, 4});
  CHECK(autapses(build(one_projection(rule("'one_to_one'"), 5), 1).projections()[0]) == 5);
  const PluginValue none = rule("{ name = 'one_to_one', allow_autapses = false }");
  CHECK(build(one_projection(none, 5), 1).synapses() == 0);
  CHECK(build(one_projection(none, 5, 5), 1).synapses() == 5);
  CHECK(contains(refusal(one_projection(rule("'one_to_one'"), 5, 6)), "have 5 and 6 neurons"));
}
