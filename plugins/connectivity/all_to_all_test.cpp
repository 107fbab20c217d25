#include <doctest/doctest.h>

#include "../../tests/unit/network/support.hpp"

using namespace network_test;

TEST_CASE("all_to_all: every pair once, with or without autapses") {
  const Connectome c = build(one_projection(rule("'all_to_all'"), 7, 5), 1);
  CHECK(c.synapses() == 35);
  CHECK(multapses(c.projections()[0]) == 0);
  const Connectome loops = build(one_projection(rule("'all_to_all'"), 7), 1);
  CHECK(loops.synapses() == 49);
  CHECK(autapses(loops.projections()[0]) == 7);
  const Connectome none = build(one_projection(rule("{ name = 'all_to_all', allow_autapses = false }"), 7), 1);
  CHECK(none.synapses() == 42);
  CHECK(autapses(none.projections()[0]) == 0);
  // Between two populations nobody is itself.
  CHECK(build(one_projection(rule("{ name = 'all_to_all', allow_autapses = false }"), 7, 7), 1).synapses() == 49);
  CHECK(build(one_projection(rule("{ name = 'all_to_all', allow_autapses = false }"), 1), 1).synapses() == 0);
}

TEST_CASE("one_to_one: neuron i to neuron i, and equal sizes only") {
  const Connectome c = build(one_projection(rule("'one_to_one'"), 6, 6), 1);
  CHECK(c.synapses() == 6);
  CHECK(autapses(c.projections()[0]) == 6);
  CHECK(refusal(one_projection(rule("'one_to_one'"), 6, 5)) ==
        "projection 'p': connectivity 'one_to_one': needs two populations of one size, and these have 6 and 5 neurons");
}
