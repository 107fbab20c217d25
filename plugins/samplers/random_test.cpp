// Random search against the distribution that each kind of axis must have.
#include <doctest/doctest.h>

#include "proxon/plugin/registry.hpp"

using namespace proxon;

TEST_CASE("random search draws each axis from its range, evenly in the axis's own measure") {
  Registry registry(default_folders(""));
  const PluginInfo& info = registry.find("sampler", "random");
  const SamplerAxis axes[] = {{.name = "plain", .low = -1, .high = 3},
                              {.name = "ratios", .low = 1e-4, .high = 1, .logarithmic = 1},
                              {.name = "whole", .low = 2, .high = 5, .whole = 1},
                              {.name = "choices", .choices = 3}};
  const uint32_t minimise = 0;
  const Instance<SamplerTable, SamplerSetup> sampler({info.kind, info.name, &info, Values(*info.parameters)},
                                                     {{7, purpose("sampler")}, axes, 4, &minimise, 1, 0});
  const int64_t n = 6000;
  double plain = 0, decades = 0;
  int whole[4] = {}, choices[3] = {};
  for (int64_t trial = 0; trial < n; ++trial) {
    double x[4];
    Status status;
    const SamplerHistory none{};
    sampler.table().propose(sampler.object(), trial, &none, x, 4, &status);
    REQUIRE(!status.failed);
    REQUIRE((x[0] >= -1 && x[0] <= 3 && x[1] >= 1e-4 && x[1] <= 1));
    plain += x[0], decades += std::log10(x[1]);
    ++whole[static_cast<size_t>(x[2]) - 2], ++choices[static_cast<size_t>(x[3])];
  }
  // Means within five standard errors of (high - low) / sqrt(12 n); counts within five of sqrt(n p (1 - p)).
  CHECK(std::abs(plain / n - 1) < 5 * 4 / std::sqrt(12.0 * n));
  CHECK(std::abs(decades / n + 2) < 5 * 4 / std::sqrt(12.0 * n));
  for (const int count : whole) CHECK(std::abs(count - n / 4.0) < 5 * std::sqrt(n * 0.25 * 0.75));
  for (const int count : choices) CHECK(std::abs(count - n / 3.0) < 5 * std::sqrt(n / 3.0 * 2 / 3));
}
