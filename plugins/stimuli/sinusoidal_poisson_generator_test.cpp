#include <doctest/doctest.h>

#include "driven.hpp"

using namespace stimulus_test;

TEST_CASE("sinusoidal_poisson_generator: mean, amplitude and phase of the rate are those asked for") {
  // 10 Hz at 60 degrees, over ten periods of 100 ms; amplitude and phase from the first Fourier component of the
  // counts.
  const int n = 500, steps = 10000;
  const Driven model(
      stimulus("{ name = 'sinusoidal_poisson_generator', rate = 40, amplitude = 30, frequency = 10, phase = 60 }"), n);
  double sum = 0, sine = 0, cosine = 0;
  for (int step = 0; step < steps; ++step) {
    double count = 0;
    for (const float x : model.at(step)) count += x;
    const double angle = 2 * M_PI * 10e-3 * (step + 0.5) * 0.1;
    sum += count, sine += count * std::sin(angle), cosine += count * std::cos(angle);
  }
  const double seconds = steps * 1e-4, rate = sum / n / seconds;
  // Standard errors of Poisson counts: sqrt(rate / (n T)) of the mean, sqrt(2) times that of a component.
  const double error = std::sqrt(40 / (n * seconds));
  CHECK(std::fabs(rate - 40) < 4 * error);
  const double s = 2 * sine / n / seconds, c = 2 * cosine / n / seconds;
  CHECK(std::fabs(std::hypot(s, c) - 30) < 4 * std::sqrt(2.0) * error);
  CHECK(std::fabs(std::atan2(c, s) - M_PI / 3) < 4 * std::sqrt(2.0) * error / 30);
}

TEST_CASE("sinusoidal_poisson_generator: a sine below 0 is cut off") {
  const Driven model(
      stimulus("{ name = 'sinusoidal_poisson_generator', rate = 10, amplitude = 100, frequency = 5, phase = -90 }"), 1);
  CHECK(model.common(0) == 0);
  CHECK(model.common(1000) == doctest::Approx(110).epsilon(1e-3));
  CHECK(model.sum(0, 100) == 0);
}

TEST_CASE("sinusoidal_poisson_generator: with individual_spike_trains all differ, without it all are the same") {
  const Driven each(stimulus("{ name = 'sinusoidal_poisson_generator', rate = 5000 }"), 600);
  const Driven one(stimulus("{ name = 'sinusoidal_poisson_generator', rate = 5000, individual_spike_trains = false }"),
                   600);
  double spikes = 0;
  bool differ = false;
  for (int step = 0; step < 400; ++step) {
    const auto x = one.at(step), y = each.at(step);
    REQUIRE(std::all_of(x.begin(), x.end(), [&](float v) { return v == x[0]; }));
    differ |= !std::all_of(y.begin(), y.end(), [&](float v) { return v == y[0]; });
    spikes += x[0];
  }
  CHECK(differ);
  CHECK(std::fabs(spikes - 200) < 4 * std::sqrt(200.0));
}
