// covariance: its sign, and its size against eta cov(x, y) t.
#include "pairing.hpp"

using namespace proxon;
using namespace proxon::test;

TEST_CASE("covariance: weights move by eta cov(x, y) a ms, whatever the means are") {
  constexpr double eta = 1e-4;
  constexpr int warm_up = 10000, steps = 40000;
  for (double correlation : {0.6, 0.0, -0.6}) {
    Layer layer(plugin("learning_rule", "covariance", {{"eta", eta}}), 1, 1, 0);
    Stream random(Key{6, purpose("correlated")}, 0);
    float start = 0;
    for (int k = 0; k < warm_up + steps; ++k) {
      if (k == warm_up) start = layer.w(0, 0);
      const double a = random.normal(), b = random.normal();
      layer.step({float(5 + a)}, {float(-3 + correlation * a + std::sqrt(1 - correlation * correlation) * b)});
    }
    const double change = layer.w(0, 0) - start;
    CAPTURE(correlation); CAPTURE(change);
    // Products of unit variance 1 + correlation^2 at most: 4 sigma; the means, measured over 1000 ms, take away 1 / 2000 of the covariance.
    CHECK(std::fabs(change - eta * correlation * steps) < 4 * eta * std::sqrt(1.4 * steps) + 0.002 * eta * steps);
    if (correlation != 0) CHECK(change * correlation > 0);
  }
}
