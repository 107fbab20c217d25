#include <doctest/doctest.h>

#include "driven.hpp"

using namespace stimulus_test;

TEST_CASE(
    "pulsepacket_generator: every packet has all its spikes, with the mean and the standard deviation asked for") {
  const Driven model(stimulus("{ name = 'pulsepacket_generator', pulse_times = [50, 120], activity = 500, sdev = 3 }"),
                     3);
  for (const double centre : {50.0, 120.0}) {
    double n = 0, sum = 0, squares = 0;
    for (int step = static_cast<int>(centre * 10) - 350; step < centre * 10 + 350; ++step) {
      const double count = model.common(step), arrival = (step + 1) * 0.1 - centre;
      n += count, sum += count * arrival, squares += count * arrival * arrival;
      for (const float x : model.at(step)) REQUIRE(x == count);
    }
    CHECK(n == 500);
    // Standard errors sdev / sqrt(n) and sdev / sqrt(2 n); rounding to the step adds dt^2 / 12 to the variance, 0.05 %
    // of it.
    CHECK(std::fabs(sum / n) < 4 * 3 / std::sqrt(500.0));
    CHECK(std::fabs(std::sqrt(squares / n - sum * sum / n / n) - 3) < 4 * 3 / std::sqrt(1000.0));
  }
}

TEST_CASE("pulsepacket_generator: without a width all spikes come at once, at their time") {
  const Driven model(stimulus("{ name = 'pulsepacket_generator', pulse_times = [10, 10, 30], activity = 7 }"), 1);
  CHECK(model.common(99) == 14);
  CHECK(model.common(299) == 7);
  CHECK(model.sum(0, 400) == 21);
}

TEST_CASE("pulsepacket_generator: packets differ from one another") {
  const Driven model(stimulus("{ name = 'pulsepacket_generator', pulse_times = [100, 200], activity = 50, sdev = 5 }"),
                     1);
  bool differ = false;
  for (int step = 500; step < 1500; ++step) differ |= model.common(step) != model.common(step + 1000);
  CHECK(differ);
}
