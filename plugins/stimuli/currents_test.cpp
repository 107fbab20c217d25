// dc_generator and ac_generator.
#include <doctest/doctest.h>

#include "driven.hpp"

using namespace stimulus_test;

TEST_CASE("dc_generator: the current flows in the steps from start to stop, and in no other") {
  const Driven model(stimulus("{ name = 'dc_generator', amplitude = 350, start = 1, stop = 2.5 }"), 300);
  for (int step = 0; step < 40; ++step) CHECK(model.common(step) == (step >= 10 && step < 25 ? 350 : 0));
  for (const float x : model.at(12)) REQUIRE(x == 350.f);
}

TEST_CASE("ac_generator: offset, amplitude, frequency and phase of the sine are those asked for") {
  const Driven model(
      stimulus("{ name = 'ac_generator', amplitude = 100, offset = 20, frequency = 50, phase = 30, stop = 1000 }"), 5);
  for (int step = 0; step < 400; ++step) {
    const double t = (step + 0.5) * 0.1;
    REQUIRE(model.common(step) == doctest::Approx(20 + 100 * std::sin(2 * M_PI * 50e-3 * t + M_PI / 6)).epsilon(1e-12));
  }
  // A whole number of periods has the mean of the offset.
  double sum = 0;
  for (int step = 0; step < 2000; ++step) sum += model.common(step);
  CHECK(sum / 2000 == doctest::Approx(20).epsilon(1e-9));
  CHECK(model.common(10000) == 0);
}
