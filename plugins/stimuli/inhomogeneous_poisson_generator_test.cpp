#include <doctest/doctest.h>

#include "driven.hpp"

using namespace stimulus_test;

TEST_CASE("inhomogeneous_poisson_generator: each stretch has its rate, and none comes before the first") {
  const Driven model(
      stimulus("{ name = 'inhomogeneous_poisson_generator', rate_times = [10, 20, 30], rate_values = [500, 0, 80] }"),
      4000);
  CHECK(model.sum(0, 100) == 0);
  CHECK(model.sum(200, 300) == 0);
  // Poisson counts: mean m and standard deviation sqrt(m); four of these.
  const double first = 4000 * 500 * 0.010, last = 4000 * 80 * 0.010;
  CHECK(std::fabs(model.sum(100, 200) - first) < 4 * std::sqrt(first));
  CHECK(std::fabs(model.sum(300, 400) - last) < 4 * std::sqrt(last));
  CHECK(model.common(99) == 0);
  CHECK(model.common(100) == 500);
  CHECK(model.common(300) == 80);
}

TEST_CASE("inhomogeneous_poisson_generator: the counts of a step have the variance of their mean") {
  const Driven model(stimulus("{ name = 'inhomogeneous_poisson_generator', rate_times = [0], rate_values = [8000] }"),
                     20000);
  double sum = 0, squares = 0;
  for (const float n : model.at(3)) sum += n, squares += double(n) * n;
  const double mean = sum / 20000, variance = squares / 20000 - mean * mean;
  CHECK(std::fabs(mean - 0.8) < 4 * std::sqrt(0.8 / 20000));
  // The variance of a Poisson number's sample variance is (m + 2 m^2) / n.
  CHECK(std::fabs(variance - 0.8) < 4 * std::sqrt((0.8 + 2 * 0.64) / 20000));
}

TEST_CASE("inhomogeneous_poisson_generator: lists that do not fit together are refused") {
  CHECK(refused("{ name = 'inhomogeneous_poisson_generator', rate_times = [1, 2], rate_values = [3] }")
            .find("of one length") != std::string::npos);
  CHECK(refused("{ name = 'inhomogeneous_poisson_generator', rate_times = [2, 1], rate_values = [3, 3] }")
            .find("must ascend") != std::string::npos);
}
