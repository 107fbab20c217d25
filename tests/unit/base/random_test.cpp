#include "proxon/base/random.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace proxon;

TEST_CASE("philox gives the published known answers") {
  // Random123 1.14, kat_vectors: philox4x32 10 rounds.
  CHECK(philox({0, 0, 0, 0}, 0, 0) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, 0xffffffff, 0xffffffff) ==
        Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0) ==
        Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("a draw is a function of seed, purpose, entity and step, and differs when any of them differs") {
  const Key key{7, purpose("a")};
  CHECK(uniform(key, 3, 4) == uniform(key, 3, 4));
  CHECK(uniform(key, 3, 4) != uniform(key, 4, 3));
  CHECK(uniform(key, 3, 4) != uniform(Key{8, purpose("a")}, 3, 4));
  CHECK(uniform(key, 3, 4) != uniform(Key{7, purpose("b")}, 3, 4));
  CHECK(uniform(key.with(0), 3, 4) != uniform(key.with(1), 3, 4));
  CHECK(uniform(key, 3, 4) != uniform(key, 3, uint64_t{4} + (uint64_t{1} << 32)));
}

namespace {
struct Moments {
  double mean = 0, variance = 0;
};
template <class Draw>
Moments moments(Draw draw, int n = 200000) {
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    const double x = draw(i);
    sum += x, squares += x * x;
  }
  return {sum / n, squares / n - sum / n * (sum / n)};
}
}  // namespace

TEST_CASE("distributions have their moments") {
  // Tolerances: five standard errors of the mean of 200,000 draws, and of the variance (kurtosis at most 9).
  const Key key{1, purpose("test")};
  SUBCASE("uniform") {
    const auto m = moments([&](int i) { return Stream(key, i).uniform(); });
    CHECK(m.mean == doctest::Approx(0.5).epsilon(0.007));
    CHECK(m.variance == doctest::Approx(1 / 12.0).epsilon(0.02));
  }
  SUBCASE("normal") {
    const auto m = moments([&](int i) { return Stream(key, i).normal(); });
    CHECK(std::abs(m.mean) < 0.012);
    CHECK(m.variance == doctest::Approx(1).epsilon(0.02));
  }
  SUBCASE("exponential") {
    const auto m = moments([&](int i) { return Stream(key, i).exponential(); });
    CHECK(m.mean == doctest::Approx(1).epsilon(0.012));
    CHECK(m.variance == doctest::Approx(1).epsilon(0.04));
  }
  for (double mean : {0.01, 0.8, 12.0, 29.9, 30.1, 250.0}) {
    CAPTURE(mean);
    const auto m = moments([&](int i) { return static_cast<double>(Stream(key, i).poisson(mean)); });
    CHECK(std::abs(m.mean - mean) < 5 * std::sqrt(mean / 200000));
    CHECK(m.variance == doctest::Approx(mean).epsilon(mean < 0.1 ? 0.12 : 0.03));
  }
  for (double p : {0.02, 0.5, 0.9}) {
    CAPTURE(p);
    const auto m = moments([&](int i) { return static_cast<double>(Stream(key, i).binomial(40, p)); });
    CHECK(std::abs(m.mean - 40 * p) < 5 * std::sqrt(40 * p * (1 - p) / 200000));
    CHECK(m.variance == doctest::Approx(40 * p * (1 - p)).epsilon(0.03));
  }
  SUBCASE("below is unbiased: chi-squared of 7 cells, 6 degrees of freedom, 0.1 % quantile 22.5") {
    std::vector<int> counts(7);
    for (int i = 0; i < 70000; ++i) ++counts[Stream(key, i).below(7)];
    double chi = 0;
    for (int count : counts) chi += (count - 10000.0) * (count - 10000.0) / 10000.0;
    CHECK(chi < 22.5);
  }
}
