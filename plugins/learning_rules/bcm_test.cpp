// bcm: a linear neuron becomes selective for one of two patterns.
#include "pairing.hpp"

using namespace proxon;
using namespace proxon::test;

TEST_CASE("bcm: of two orthogonal patterns one comes to drive the neuron up to its threshold, the other not at all") {
  for (const bool first : {true, false}) {
    Layer layer(plugin("learning_rule", "bcm", {{"eta", 2e-3}, {"tau_theta", 50.}}), 2, 1, 0.4f);
    layer.w(first ? 0 : 1, 0) = 0.45f;
    const std::vector<float> a{0.8f, 0.6f}, b{-0.6f, 0.8f};
    auto& favoured = layer.linear(a)[0] > layer.linear(b)[0] ? a : b;
    auto& other = &favoured == &a ? b : a;
    Stream random(Key{5, purpose("patterns")}, 0);
    double theta = 0;
    for (int k = 0; k < 60000; ++k) {
      const auto& x = random.uniform() < 0.5 ? a : b;
      layer.step(x, layer.linear(x));
      if (k >= 50000) theta += layer.memory(0, 0) / 10000;
    }
    // With two patterns of equal chance theta = y^2 / 2 and y = theta: y = 2. The threshold's own noise (relative size sqrt(1 / 100)) shifts
    // the mean by some of its variance.
    MESSAGE("responses " << layer.linear(favoured)[0] << " and " << layer.linear(other)[0] << ", threshold " << theta);
    CHECK(std::fabs(layer.linear(favoured)[0] - 2) < 0.15);
    CHECK(std::fabs(layer.linear(other)[0]) < 0.02);
    CHECK(std::fabs(theta - layer.linear(favoured)[0]) < 0.15);
  }
}

TEST_CASE("bcm: the sign of the change turns at the threshold, which follows the mean square") {
  Layer layer(plugin("learning_rule", "bcm", {{"eta", 1e-6}, {"tau_theta", 200.}}), 1, 1, 0);
  for (int k = 0; k < 3000; ++k) layer.step({0}, {1.5f});
  CHECK(layer.memory(0, 0) == doctest::Approx(2.25 * (1 - std::exp(-15.))).epsilon(1e-5));
  layer.w(0, 0) = 0;
  layer.step({1}, {2.3f}), CHECK(layer.w(0, 0) > 0);
  layer.w(0, 0) = 0;
  layer.step({1}, {1.0f}), CHECK(layer.w(0, 0) < 0);
}
