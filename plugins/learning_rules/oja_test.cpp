// oja: the first principal component, at norm 1.
#include "pairing.hpp"

using namespace proxon;
using namespace proxon::test;

TEST_CASE("oja: a linear neuron's weights become the first principal component, of norm 1") {
  const Principal input;
  Layer layer(plugin("learning_rule", "oja", {{"eta", 1e-3}}), Principal::n, 1, 0.3f);
  CHECK(input.compare(layer, 0, 0).first < 0.95);
  for (uint64_t k = 0; k < 30000; ++k) {
    const auto x = input.sample(k);
    layer.step(x, layer.linear(x));
  }
  const auto [cosine, norm] = input.compare(layer, 0, 0);
  MESSAGE("cosine to the first component " << cosine << ", norm " << norm);
  CHECK(cosine > 0.99);
  CHECK(std::fabs(norm - 1) < 0.05);  // fluctuates by sqrt(eta variance / 2), some 0.04 at most
}
