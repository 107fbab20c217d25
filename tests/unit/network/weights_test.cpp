#include <doctest/doctest.h>

#include "support.hpp"

using namespace network_test;

namespace {

std::vector<double> weights(const Distribution& d) {
  const Connectome c = build(one_projection(rule("'all_to_all'"), 400, 500, d), 11);
  return {c.projections()[0].weight.begin(), c.projections()[0].weight.end()};
}

struct Moments {
  double mean, variance, fourth;  // central
};
Moments moments(const std::vector<double>& x) {
  double mean = 0, variance = 0, fourth = 0;
  for (const double v : x) mean += v / double(x.size());
  for (const double v : x)
    variance += (v - mean) * (v - mean) / double(x.size()), fourth += std::pow(v - mean, 4) / double(x.size());
  return {mean, variance, fourth};
}

/// Mean and variance lie within five standard errors of what they should be.
void check_moments(const std::vector<double>& x, double mean, double variance) {
  const Moments m = moments(x);
  CHECK(std::fabs(m.mean - mean) < 5 * std::sqrt(variance / double(x.size())));
  CHECK(std::fabs(m.variance - variance) < 5 * std::sqrt((m.fourth - m.variance * m.variance) / double(x.size())));
}

/// Largest distance between the distribution of x and `cumulative`, times sqrt(n): 2.5 has a chance of 7e-6
/// (Kolmogorov).
double kolmogorov(std::vector<double> x, const std::function<double(double)>& cumulative) {
  std::sort(x.begin(), x.end());
  double largest = 0;
  for (size_t i = 0; i < x.size(); ++i)
    largest = std::max({largest, std::fabs(cumulative(x[i]) - double(i) / double(x.size())),
                        std::fabs(cumulative(x[i]) - double(i + 1) / double(x.size()))});
  return largest * std::sqrt(double(x.size()));
}

double density(double z) { return std::exp(-z * z / 2) / std::sqrt(2 * M_PI); }
double cumulative(double z) { return std::erfc(-z / std::sqrt(2)) / 2; }

}  // namespace

TEST_CASE("a constant weight is that weight") {
  for (const double w : weights(Distribution::constant(-0.3))) REQUIRE(w == double(-0.3f));
}

TEST_CASE("normal weights have their mean, standard deviation and shape") {
  const auto x = weights({DistributionKind::normal, 0.5, 0.2});
  check_moments(x, 0.5, 0.04);
  CHECK(kolmogorov(x, [](double w) { return cumulative((w - 0.5) / 0.2); }) < 2.5);
  CHECK(*std::min_element(x.begin(), x.end()) < 0);
}

TEST_CASE("truncated normal weights keep Dale's law and the shape inside the bounds") {
  struct Case {
    double mean, std, low, high;
  };
  const double infinite = std::numeric_limits<double>::infinity();
  for (const Case& c :
       {Case{0.5, 0.5, 0, infinite}, Case{-1, 2, -infinite, 0}, Case{0, 1, -0.5, 2}, Case{-2, 1, 0, infinite}}) {
    const auto x = weights({DistributionKind::normal, c.mean, c.std, c.low, c.high});
    const double a = (c.low - c.mean) / c.std, b = (c.high - c.mean) / c.std;
    const double z = cumulative(b) - cumulative(a);
    const double pa = std::isfinite(a) ? density(a) : 0, pb = std::isfinite(b) ? density(b) : 0;
    const double shift = (pa - pb) / z, tails = ((std::isfinite(a) ? a * pa : 0) - (std::isfinite(b) ? b * pb : 0)) / z;
    check_moments(x, c.mean + c.std * shift, c.std * c.std * (1 + tails - shift * shift));
    CHECK(kolmogorov(x, [&](double w) { return (cumulative((w - c.mean) / c.std) - cumulative(a)) / z; }) < 2.5);
    // Bounds hold up to the rounding of a double to a float; the sign holds exactly.
    for (const double w : x) {
      REQUIRE(w >= c.low - 1e-7 * std::fabs(c.low));
      REQUIRE(w <= c.high + 1e-7 * std::fabs(c.high));
      if (c.low == 0) REQUIRE(w >= 0);
      if (c.high == 0) REQUIRE(w <= 0);
    }
  }
}

TEST_CASE("bounds that nearly nothing meets end at the nearest bound, not in an endless loop") {
  for (const double w : weights({DistributionKind::normal, 0, 1e-6, 5, 6})) REQUIRE(w == 5);
  for (const double w : weights({DistributionKind::normal, 0, 0, -6, -5})) REQUIRE(w == -5);
}

TEST_CASE("lognormal weights have the mean and standard deviation of the values, and one sign") {
  for (const double mean : {0.5, -4.0}) {
    const auto x = weights({DistributionKind::lognormal, mean, 0.3 * std::fabs(mean)});
    check_moments(x, mean, 0.09 * mean * mean);
    const double sigma = std::sqrt(std::log1p(0.09)), mu = std::log(std::fabs(mean)) - sigma * sigma / 2;
    std::vector<double> size;
    for (const double w : x) {
      REQUIRE(w * mean > 0);
      size.push_back(std::log(std::fabs(w)));
    }
    CHECK(kolmogorov(size, [&](double w) { return cumulative((w - mu) / sigma); }) < 2.5);
  }
}

TEST_CASE("uniform weights fill their range evenly") {
  const auto x = weights({.kind = DistributionKind::uniform, .low = -2, .high = 1});
  check_moments(x, -0.5, 9.0 / 12);
  CHECK(kolmogorov(x, [](double w) { return (w + 2) / 3; }) < 2.5);
  CHECK(*std::min_element(x.begin(), x.end()) >= -2);
  CHECK(*std::max_element(x.begin(), x.end()) <= 1);
}

TEST_CASE("the weights of neighbouring synapses are uncorrelated") {
  const auto x = weights({DistributionKind::normal, 0, 1});
  for (const size_t lag : {size_t{1}, size_t{2}, size_t{500}}) {
    double sum = 0;
    for (size_t i = lag; i < x.size(); ++i) sum += x[i] * x[i - lag];
    CHECK(std::fabs(sum / std::sqrt(double(x.size()))) < 5);
  }
}
