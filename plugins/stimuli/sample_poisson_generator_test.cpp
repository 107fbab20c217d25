// sample_poisson_generator: what is shown when, and the law of the spikes.
#include <doctest/doctest.h>

#include "driven.hpp"

using namespace stimulus_test;

namespace {

struct TwoSamples {
  std::vector<float> values = std::vector<float>(2 * 300, 0.f);
  std::vector<int32_t> label = {7, 2};
  std::vector<int64_t> order = {1, 0, 1};
  TwoSamples() {
    for (size_t i = 0; i < 300; ++i) values[i] = 200, values[300 + i] = i < 150 ? 0.f : 100.f;
  }
  ShownSamples view() const { return {values.data(), label.data(), order.data(), 2, 300, 3}; }
};

const char* const brief = "{ name = 'sample_poisson_generator', rate = 0.5, exposure = 20, rest = 5 }";

}  // namespace

TEST_CASE("sample_poisson_generator shows samples in their order, says which label, and is silent in between and at the end") {
  const TwoSamples samples;
  const ShownSamples view = samples.view();
  const Driven model(stimulus(brief), 300, 0.5, 1, &view);
  for (int step = 0; step < 400; ++step) {
    CAPTURE(step);
    const double t = 0.5 * step;
    const auto number = static_cast<size_t>(t / 25);
    const bool shown = number < 3 && t - 25.0 * static_cast<double>(number) < 20;
    REQUIRE(model.common(step) == (shown ? samples.label[static_cast<size_t>(samples.order[number])] + 1 : 0));
    const std::vector<float> spikes = model.at(step);
    for (size_t i = 0; i < 300; ++i) {
      REQUIRE((spikes[i] == 0 || spikes[i] == 1));
      if (!shown || samples.values[static_cast<size_t>(samples.order[number]) * 300 + i] == 0) REQUIRE(spikes[i] == 0);
    }
  }
}

TEST_CASE("sample_poisson_generator: each target fires at its own rate, within 4 sigma, and independently of the others") {
  const TwoSamples samples;
  const ShownSamples view = samples.view();
  const Driven model(stimulus("{ name = 'sample_poisson_generator', rate = 0.5, exposure = 10000, rest = 0 }"), 300, 0.5, 3, &view);
  // A value of 100 at 0.5 Hz a unit is 50 Hz: 0.025 a step; the second sample is shown first.
  const int64_t steps = 20000;
  double sum = 0, first = 0, both = 0;
  for (int64_t step = 0; step < steps; ++step) {
    const std::vector<float> spikes = model.at(step);
    for (size_t i = 150; i < 300; ++i) sum += static_cast<double>(spikes[i]);
    first += static_cast<double>(spikes[150]), both += static_cast<double>(spikes[150] * spikes[151]);
  }
  const double p = 0.025, n = static_cast<double>(steps);
  CHECK(std::fabs(sum - 150 * n * p) < 4 * std::sqrt(150 * n * p * (1 - p)));
  CHECK(std::fabs(first - n * p) < 4 * std::sqrt(n * p * (1 - p)));
  CHECK(std::fabs(both - n * p * p) < 4 * std::sqrt(n * p * p));
  double bright = 0;
  for (int64_t step = steps; step < steps + 2000; ++step)
    for (const float x : model.at(step)) bright += static_cast<double>(x);
  CHECK(bright / (2000.0 * 300) == doctest::Approx(0.05).epsilon(0.03));
}

TEST_CASE("sample_poisson_generator with a total: bright and dim samples drive their targets equally, within 4 sigma") {
  TwoSamples samples;
  samples.values[150] = 1000;  // a target that is five times as bright as the others
  samples.order = {0, 1, 0};
  const ShownSamples view = samples.view();
  const Driven model(stimulus("{ name = 'sample_poisson_generator', total = 3000, exposure = 5000, rest = 0 }"), 300, 0.5, 3, &view);
  const int64_t steps = 10000;
  for (const auto& [number, sum] : {std::pair{0, 299 * 200.0 + 1000}, std::pair{1, 150 * 100.0}}) {
    CAPTURE(number);
    double all = 0, one = 0;
    for (int64_t step = number * steps; step < (number + 1) * steps; ++step) {
      const std::vector<float> spikes = model.at(step);
      for (const float x : spikes) all += static_cast<double>(x);
      one += static_cast<double>(spikes[150]);
    }
    // 3000 Hz over 5 s; of them target 150 has its share.
    const double share = static_cast<double>(samples.values[static_cast<size_t>(number) * 300 + 150]) / sum;
    CHECK(std::fabs(all - 15000) < 4 * std::sqrt(15000.0));
    CHECK(std::fabs(one - 15000 * share) < 4 * std::sqrt(15000 * share));
  }
}

TEST_CASE("sample_poisson_generator refuses to show nothing, and values that are no rates") {
  CHECK(refused(brief).find("there is nothing to show: name files in tables [stimuli.NAME.samples.PHASE]") != std::string::npos);
  TwoSamples samples;
  for (const float wrong : {-1.f, 5000.f}) {
    samples.values[17] = wrong;
    const ShownSamples view = samples.view();
    CHECK_THROWS_WITH_AS(Driven(stimulus(brief), 300, 0.5, 1, &view), doctest::Contains("is not between 0 and 1"), Error);
    const char* const all_at_once = "{ name = 'sample_poisson_generator', total = 1e6 }";
    CHECK_THROWS_WITH_AS(Driven(stimulus(all_at_once), 300, 0.5, 1, &view), doctest::Contains("its share of it"), Error);
  }
}
