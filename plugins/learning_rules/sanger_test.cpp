// sanger: the first three principal components, in their order.
#include "pairing.hpp"

using namespace proxon;
using namespace proxon::test;

TEST_CASE("sanger: the weights of three linear targets become the first three principal components in order, of norm 1") {
  const Principal input;
  Layer layer(plugin("learning_rule", "sanger", {{"eta", 5e-4}}), Principal::n, 3, 0.3f);
  for (int32_t i = 0; i < Principal::n; ++i)
    for (int32_t j = 0; j < 3; ++j) layer.w(i, j) += 0.1f * static_cast<float>((i * 7 + j * 3) % 5 - 2);
  for (uint64_t k = 0; k < 80000; ++k) {
    const auto x = input.sample(k);
    layer.step(x, layer.linear(x));
  }
  for (int c = 0; c < 3; ++c) {
    const auto [cosine, norm] = input.compare(layer, c, c);
    MESSAGE("cosine to component " << c + 1 << ": " << cosine << ", norm " << norm);
    CHECK(cosine > 0.99);
    CHECK(std::fabs(norm - 1) < 0.05);
  }
}

TEST_CASE("sanger: one step is the published formula, target by target") {
  Layer layer(plugin("learning_rule", "sanger", {{"eta", 0.01}}), 2, 2, 0);
  const float w[2][2] = {{0.5f, -0.25f}, {1.0f, 0.75f}};  // [source][target]
  for (int32_t i = 0; i < 2; ++i)
    for (int32_t j = 0; j < 2; ++j) layer.w(i, j) = w[i][j];
  const float x[2] = {2, -1}, y[2] = {0.5f, 3};
  layer.step({x[0], x[1]}, {y[0], y[1]});
  for (int32_t i = 0; i < 2; ++i)
    for (int32_t j = 0; j < 2; ++j) {
      double explained = 0;
      for (int32_t k = 0; k <= j; ++k) explained += double(w[i][k]) * y[k];
      CHECK(layer.w(i, j) == doctest::Approx(w[i][j] + 0.01 * y[j] * (x[i] - explained)).epsilon(1e-6));
    }
}
