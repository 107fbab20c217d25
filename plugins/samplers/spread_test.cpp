// How evenly Sobol's sequence and Latin hypercubes fill a space, against published numbers and against random points.
#include <doctest/doctest.h>

#include <boost/random/sobol.hpp>
#include <set>

#include "lone_sampler.hpp"

using namespace proxon;

namespace {

/// Centred L2 discrepancy (Hickernell 1998, doi:10.1090/S0025-5718-98-00894-1).
double discrepancy(const std::vector<std::vector<double>>& x) {
  const auto n = static_cast<double>(x.size()), d = static_cast<double>(x[0].size());
  double single = 0, pairs = 0;
  for (const auto& a : x) {
    double product = 1;
    for (const double u : a) product *= 1 + 0.5 * std::fabs(u - 0.5) - 0.5 * (u - 0.5) * (u - 0.5);
    single += product;
    for (const auto& b : x) {
      product = 1;
      for (size_t k = 0; k < a.size(); ++k) product *= 1 + 0.5 * std::fabs(a[k] - 0.5) + 0.5 * std::fabs(b[k] - 0.5) - 0.5 * std::fabs(a[k] - b[k]);
      pairs += product;
    }
  }
  return std::sqrt(std::pow(13.0 / 12, d) - 2 / n * single + pairs / (n * n));
}

std::vector<std::vector<double>> points(const LoneSampler& sampler, int64_t n) {
  std::vector<std::vector<double>> all;
  for (int64_t t = 0; t < n; ++t) all.push_back(sampler.propose(t));
  return all;
}

void no_shift(Values& values) { values.set(*values.find("shift"), false); }

/// The plainest form of the sequence, from the first rows of new-joe-kuo-6.21201: degree s, coefficients a, m.
double plain_sobol(uint64_t t, size_t axis) {
  struct Row {
    unsigned s, a;
    std::vector<uint64_t> m;
  };
  static const std::vector<Row> published{{1, 0, {1}}, {2, 1, {1, 3}}, {3, 1, {1, 3, 1}}, {3, 2, {1, 1, 1}}, {4, 1, {1, 1, 3, 3}}, {4, 4, {1, 3, 5, 13}},
                                          {5, 2, {1, 1, 5, 5, 17}}, {5, 4, {1, 1, 5, 5, 5}}};
  std::vector<uint64_t> m;
  for (unsigned k = 0; k < 32; ++k) {
    if (axis == 0) {
      m.push_back(1);
      continue;
    }
    const Row& row = published[axis - 1];
    if (k < row.s) {
      m.push_back(row.m[k]);
      continue;
    }
    uint64_t next = m[k - row.s] ^ m[k - row.s] << row.s;
    for (unsigned i = 1; i < row.s; ++i)
      if (row.a >> (row.s - 1 - i) & 1) next ^= m[k - i] << i;
    m.push_back(next);
  }
  const uint64_t gray = t ^ t >> 1;
  double x = 0;
  uint64_t bits = 0;
  for (unsigned k = 0; k < 32; ++k)
    if (gray >> k & 1) bits ^= m[k] << (31 - k);
  x = static_cast<double>(bits) / 4294967296.0;
  return x;
}

}  // namespace

TEST_CASE("Sobol's points are those of the published direction numbers") {
  const LoneSampler sobol("sobol", ranges(9, 0, 1), 1, 0, {0}, no_shift);
  for (int64_t t = 0; t < 300; ++t) {
    const auto point = sobol.propose(t);
    for (size_t a = 0; a < 9; ++a) CHECK(point[a] == plain_sobol(static_cast<uint64_t>(t), a));
  }
  // As printed in many places.
  CHECK(sobol.propose(0) == std::vector<double>(9, 0));
  CHECK(sobol.propose(1) == std::vector<double>(9, 0.5));
  const auto third = sobol.propose(2), fourth = sobol.propose(4);
  CHECK((third[0] == 0.75 && third[1] == 0.25 && third[2] == 0.25));
  CHECK((fourth[0] == 0.375 && fourth[1] == 0.375 && fourth[2] == 0.625));
}

TEST_CASE("Sobol's points in many dimensions are those of Boost's engine") {
  const LoneSampler sobol("sobol", ranges(100, 0, 1), 1, 0, {0}, no_shift);
  boost::random::sobol_engine<uint32_t, 32> engine(100);
  // Boost leaves the first point, the origin, out.
  for (int64_t t = 1; t < 50; ++t)
    for (const double x : sobol.propose(t)) CHECK(x == static_cast<double>(engine()) / 4294967296.0);
}

TEST_CASE("of Sobol's sequence every stretch of a power of two has one point in each strip, with a random shift too") {
  for (const uint64_t seed : {1, 2}) {
    const LoneSampler sobol("sobol", ranges(5, 0, 1), seed);
    const auto all = points(sobol, 256);
    for (size_t begin : {0, 64, 192})
      for (size_t a = 0; a < 5; ++a) {
        std::set<int> strips;
        for (size_t t = begin; t < begin + 64; ++t) strips.insert(static_cast<int>(all[t][a] * 64));
        CHECK(strips.size() == 64);
      }
  }
}

TEST_CASE("a Latin hypercube meets every strip of every axis once, and the next one too") {
  for (const int64_t n : {1, 2, 7, 100, 1000}) {
    const LoneSampler lhs("latin_hypercube", ranges(3, 0, 1), 5, n);
    for (int64_t cube = 0; cube < 2; ++cube)
      for (size_t a = 0; a < 3; ++a) {
        std::set<int64_t> strips;
        for (int64_t t = 0; t < n; ++t) strips.insert(static_cast<int64_t>(lhs.propose(cube * n + t)[a] * static_cast<double>(n)));
        CHECK(strips.size() == static_cast<size_t>(n));
      }
  }
}

TEST_CASE("two axes of a Latin hypercube know nothing of each other") {
  const LoneSampler lhs("latin_hypercube", ranges(2, 0, 1), 3, 2000);
  double sum = 0;
  for (const auto& x : points(lhs, 2000)) sum += (x[0] - 0.5) * (x[1] - 0.5) * 12;
  CHECK(std::fabs(sum / 2000) < 5 / std::sqrt(2000.0));  // a correlation of independent columns has the standard deviation n^(-1/2)
}

TEST_CASE("discrepancy: Sobol's sequence lies below Latin hypercubes, and these below random points") {
  // Expected square of random points: ((5/4)^d - (13/12)^d) / n.
  const double n = 256, random = std::sqrt((std::pow(1.25, 5) - std::pow(13.0 / 12, 5)) / n);
  double lhs = 0, sobol = 0, drawn = 0;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    lhs += discrepancy(points(LoneSampler("latin_hypercube", ranges(5, 0, 1), seed, 256), 256)) / 5;
    sobol += discrepancy(points(LoneSampler("sobol", ranges(5, 0, 1), seed), 256)) / 5;
    drawn += discrepancy(points(LoneSampler("random", ranges(5, 0, 1), seed), 256)) / 5;
  }
  MESSAGE("centred L2 discrepancy of 256 points in 5 dimensions: sobol ", sobol, ", latin_hypercube ", lhs, ", random ", drawn, " (expected ", random, ")");
  CHECK(drawn == doctest::Approx(random).epsilon(0.3));
  CHECK(lhs < 0.75 * random);
  CHECK(sobol < 0.4 * random);
}
