// anti_hebbian: Foldiak's network, in which lateral weights take away correlation.
#include "pairing.hpp"

using namespace proxon;
using namespace proxon::test;

TEST_CASE("anti_hebbian: units with a common drive come to be active together as often as independent ones") {
  constexpr int32_t n = 4;
  constexpr double p = 0.2, eta = 0.01;
  constexpr int steps = 60000;
  Layer lateral(plugin("learning_rule", "anti_hebbian", {{"eta", eta}, {"p", p}}), n, n, 0);
  std::vector<double> threshold(n, 1);
  double together[2][n][n] = {}, active[2][n] = {};
  Stream random(Key{7, purpose("drive")}, 0);
  for (int k = 0; k < steps; ++k) {
    // Common and own drive; then, one after the other as in a network that settles, units that the active ones do not hold down.
    const double common = random.normal();
    double drive[n];
    for (double& u : drive) u = 0.7 * common + 0.7 * random.normal();
    std::vector<float> y(n, 0.f);
    const auto first = static_cast<int32_t>(random.below(n));
    for (int32_t turn = 0; turn < n; ++turn) {
      const int32_t j = (first + turn) % n;
      double sum = drive[j] - threshold[static_cast<size_t>(j)];
      for (int32_t i = 0; i < n; ++i)
        if (i != j) sum += lateral.w(i, j) * y[static_cast<size_t>(i)];
      y[static_cast<size_t>(j)] = sum > 0;
    }
    lateral.step(y, y);
    for (int32_t j = 0; j < n; ++j) threshold[static_cast<size_t>(j)] += 0.005 * (y[static_cast<size_t>(j)] - p);
    const int part = k < steps / 30 ? 0 : k >= steps / 2 ? 1 : 2;
    if (part == 2) continue;
    const double share = 1.0 / (part == 0 ? steps / 30 : steps / 2);
    for (size_t i = 0; i < n; ++i) {
      active[part][i] += y[i] * share;
      for (size_t j = 0; j < n; ++j) together[part][i][j] += y[i] * y[j] * share;
    }
  }
  for (size_t i = 0; i < n; ++i) {
    CHECK(std::fabs(active[1][i] - p) < 0.01);
    for (size_t j = 0; j < i; ++j) {
      CAPTURE(i); CAPTURE(j); CAPTURE(together[0][i][j]);
      // 30,000 draws of probability 0.04: sigma 0.0011.
      CHECK(std::fabs(together[1][i][j] - p * p) < 0.0045);
      CHECK(lateral.w(static_cast<int32_t>(i), static_cast<int32_t>(j)) < -0.1f);
    }
  }
}

TEST_CASE("anti_hebbian: one step is the published formula, and lateral weights never excite") {
  Layer layer(plugin("learning_rule", "anti_hebbian", {{"eta", 0.5}, {"p", 0.5}}), 2, 1, -1);
  layer.step({1, 0}, {1});
  CHECK(layer.w(0, 0) == -1 - 0.5f * 0.75f);
  CHECK(layer.w(1, 0) == -1 + 0.5f * 0.25f);
  for (int k = 0; k < 100; ++k) layer.step({0, 0}, {0});
  CHECK(layer.w(0, 0) == 0);
}
