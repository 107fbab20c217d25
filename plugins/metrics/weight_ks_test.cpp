#include <algorithm>
#include <cmath>

#include "metric_figures.hpp"

using namespace proxon;

namespace {

double brute_statistic(const std::vector<float>& a, const std::vector<float>& b) {
  auto share = [](const std::vector<float>& values, float w) {
    return static_cast<double>(std::count_if(values.begin(), values.end(), [w](float v) { return v <= w; })) /
           static_cast<double>(values.size());
  };
  double largest = 0;
  for (const auto* values : {&a, &b})
    for (const float w : *values) largest = std::max(largest, std::fabs(share(a, w) - share(b, w)));
  return largest;
}

}  // namespace

TEST_CASE("weight_ks is the largest difference of the distribution functions, with ties") {
  CHECK(of_weights("weight_ks", {1, 2}, {3, 4, 5}, false)["weight_ks"].value == 1);
  CHECK(of_weights("weight_ks", {1, 2, 3}, {3, 1, 2}, false)["weight_ks"].value == 0);
  CHECK(of_weights("weight_ks", {1, 1, 2, 2}, {1, 2, 2, 2}, false)["weight_ks"].value == 0.25);
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const auto phi = random_floats(seed, 61, seed % 2 ? 5 : 0), theta = random_floats(seed + 50, 40, seed % 2 ? 4 : 0);
    CHECK(of_weights("weight_ks", phi, theta, false)["weight_ks"].value == brute_statistic(phi, theta));
    auto exp_phi = phi, exp_theta = theta;  // depends on the order alone
    for (float& w : exp_phi) w = 3 * w - 1;
    for (float& w : exp_theta) w = 3 * w - 1;
    CHECK(of_weights("weight_ks", permuted_rows(exp_phi, 1, 3), exp_theta, false)["weight_ks"].value ==
          brute_statistic(phi, theta));
  }
}

TEST_CASE("the p value is Kolmogorov's limit distribution") {
  // n = m = 2 k weights, shifted by s of them: D = s / 2k, x = sqrt(k) D. Values of 2 sum (-1)^(k-1) exp(-2 k^2 x^2) to
  // 40 digits
  auto p_of = [](int k, int shift) {
    std::vector<float> phi, theta;
    for (int i = 0; i < 2 * k; ++i)
      phi.push_back(static_cast<float>(i)), theta.push_back(static_cast<float>(i + shift));
    const Figures figures = of_weights("weight_ks", phi, theta, false);
    CHECK(figures["weight_ks"].value == close_to(shift / (2.0 * k)));
    return figures["p"].value;
  };
  CHECK(p_of(100, 10) == doctest::Approx(0.96394524366487511).epsilon(1e-12));
  CHECK(p_of(100, 20) == doctest::Approx(0.2699996716773545).epsilon(1e-12));
  CHECK(p_of(100, 30) == doctest::Approx(0.02221796261652513).epsilon(1e-12));
  CHECK(p_of(100, 5) == doctest::Approx(0.99999997317618994).epsilon(1e-12));
  CHECK(p_of(100, 60) == doctest::Approx(3.0459959489425258e-08).epsilon(1e-12));
  CHECK(p_of(100, 0) == 1);
}
