#include <doctest/doctest.h>

#include "driven.hpp"

using namespace stimulus_test;

TEST_CASE("mip_generator: each train has the rate p_copy times the mother's, and two trains the correlation p_copy") {
  for (const double p : {0.2, 0.7}) {
    const int steps = 200000;
    const Driven model(stimulus(fmt::format("{{ name = 'mip_generator', rate = 2000, p_copy = {} }}", p)), 2);
    double a = 0, b = 0, ab = 0, aa = 0, bb = 0, mother = 0;
    for (int step = 0; step < steps; ++step) {
      const auto x = model.at(step);
      mother += model.common(step);
      a += x[0], b += x[1], ab += double(x[0]) * x[1], aa += double(x[0]) * x[0], bb += double(x[1]) * x[1];
    }
    CHECK(std::fabs(mother - 0.2 * steps) < 4 * std::sqrt(0.2 * steps));
    for (const double count : {a, b}) CHECK(std::fabs(count - 0.2 * p * steps) < 4 * std::sqrt(0.2 * p * steps));
    const double n = steps, covariance = ab / n - a * b / n / n;
    const double correlation = covariance / std::sqrt((aa / n - a * a / n / n) * (bb / n - b * b / n / n));
    // Counts of a mean of 0.2 p are far from normal: the standard error is about sqrt((1 + 1 / (0.2 p)) / n).
    CHECK(std::fabs(correlation - p) < 4 * std::sqrt((1 + 1 / (0.2 * p)) / n));
  }
}

TEST_CASE("mip_generator: p_copy of 1 copies every spike to all, p_copy of 0 none") {
  const Driven all(stimulus("{ name = 'mip_generator', rate = 3000, p_copy = 1 }"), 300),
      none(stimulus("{ name = 'mip_generator', rate = 3000, p_copy = 0 }"), 300);
  for (int step = 0; step < 200; ++step)
    for (const float x : all.at(step)) REQUIRE(x == all.common(step));
  CHECK(none.sum(0, 200) == 0);
}
