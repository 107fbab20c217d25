#include "proxon/plugin/sampling.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace proxon;

namespace {

/// Chi-squared of the sets that choose() gives against "each set equally likely", in standard deviations from its mean.
double excess(int64_t size, int64_t n, int64_t sets, int64_t draws) {
  std::map<std::vector<int64_t>, int64_t> seen;
  for (int64_t i = 0; i < draws; ++i) {
    Stream stream(Key{5, purpose("choose")}, static_cast<uint64_t>(i), static_cast<uint64_t>(size));
    std::vector<int64_t> set;
    choose(size, n, stream, [&](int64_t k) { set.push_back(k); });
    ++seen[set];
  }
  CHECK(static_cast<int64_t>(seen.size()) <= sets);
  const double expected = double(draws) / double(sets);
  double chi2 = double(sets - static_cast<int64_t>(seen.size())) * expected;
  for (const auto& [set, count] : seen) chi2 += (double(count) - expected) * (double(count) - expected) / expected;
  const double freedom = double(sets - 1);
  return (chi2 - freedom) / std::sqrt(2 * freedom);
}

}  // namespace

TEST_CASE("numbers without repetition: each set is equally likely, dense and sparse") {
  // Five standard deviations of a chi-squared variable with many degrees of freedom.
  CHECK(std::fabs(excess(6, 3, 20, 20000)) < 5);
  CHECK(std::fabs(excess(60, 2, 1770, 177000)) < 5);
  CHECK(std::fabs(excess(50, 3, 19600, 196000)) < 5);
  CHECK(std::fabs(excess(20, 19, 20, 20000)) < 5);
  CHECK(std::fabs(excess(1000, 1, 1000, 100000)) < 5);
}

TEST_CASE("numbers without repetition ascend, are in range and are as many as asked for, at every size") {
  for (const int64_t size : {int64_t{1}, int64_t{2}, int64_t{13}, int64_t{14}, int64_t{1000}, int64_t{4294967295}})
    for (const int64_t n : {int64_t{0}, int64_t{1}, int64_t{2}, int64_t{13}, int64_t{999}, int64_t{1000}}) {
      if (n > size) continue;
      Stream stream(Key{1, 2}, static_cast<uint64_t>(n), static_cast<uint64_t>(size));
      int64_t count = 0, last = -1;
      bool ascends = true;
      choose(size, n, stream, [&](int64_t k) { ascends &= k > last && k < size, last = k, ++count; });
      CHECK(ascends);
      CHECK(count == n);
    }
}

TEST_CASE("sparse numbers are spread over the whole range") {
  // Mean of the chosen numbers: 1,000 draws of 100 out of a million, standard error 1e6 / sqrt(12 * 1e5) = 913.
  double sum = 0;
  for (uint64_t i = 0; i < 1000; ++i) {
    Stream stream(Key{9, 9}, i);
    choose(1000000, 100, stream, [&](int64_t k) { sum += double(k); });
  }
  CHECK(sum / 1e5 == doctest::Approx(499999.5).epsilon(5 * 913 / 5e5));
}
