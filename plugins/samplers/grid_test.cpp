#include <doctest/doctest.h>

#include <set>

#include "proxon/base/error.hpp"
#include "lone_sampler.hpp"

using namespace proxon;

TEST_CASE("a grid has every combination once, the last axis fastest, with the ends of its ranges to the bit") {
  const LoneSampler grid("grid", {{.name = "choice", .choices = 3}, {.name = "ratio", .low = 1e-4, .high = 0.3, .points = 4, .logarithmic = 1},
                                  {.name = "whole", .low = -1, .high = 2, .whole = 1}, {.name = "one", .low = 5, .high = 5}, {.name = "real", .low = 0.1, .high = 0.7, .points = 3}});
  REQUIRE(grid.size() == 3 * 4 * 4 * 1 * 3);
  std::set<std::vector<double>> seen;
  for (int64_t t = 0; t < grid.size(); ++t) seen.insert(grid.propose(t));
  CHECK(seen.size() == 144);
  CHECK(grid.propose(0) == std::vector<double>{0, 1e-4, -1, 5, 0.1});
  CHECK(grid.propose(1) == std::vector<double>{0, 1e-4, -1, 5, 0.1 + 0.5 * (0.7 - 0.1)});
  CHECK(grid.propose(143) == std::vector<double>{2, 0.3, 2, 5, 0.7});
}

TEST_CASE("a grid refuses a range without end, and counts one that nobody can run") {
  CHECK_THROWS_WITH_AS(LoneSampler("grid", ranges(1, 0, 1)), "sampler 'grid': axis 'x' is a range without end; give it `points`, or `values`", Error);
  const LoneSampler huge("grid", std::vector<SamplerAxis>(20, {.name = "x", .choices = 1000}));
  CHECK(huge.size() == 1'000'000'000'000'000'000);
}

TEST_CASE("a grid takes no whole number twice") {
  const LoneSampler grid("grid", {{.name = "n", .low = 1, .high = 3, .points = 10, .whole = 1}});
  CHECK(grid.size() == 3);
}
