#include <algorithm>
#include <cmath>
#include <numeric>

#include "metric_figures.hpp"

using namespace proxon;

namespace {

/// W1 as the integral over quantiles: with n * m equal slices of [0, 1) both quantile functions are constant in each.
double by_quantiles(std::vector<float> a, std::vector<float> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  const size_t slices = a.size() * b.size();
  double sum = 0;
  for (size_t k = 0; k < slices; ++k) sum += std::fabs(double(a[k / b.size()]) - double(b[k / a.size()]));
  return sum / static_cast<double>(slices);
}

}  // namespace

TEST_CASE("weight_wasserstein of small cases in closed form") {
  // The example of scipy.stats.wasserstein_distance([0, 1, 3], [5, 6, 8]): 5
  CHECK(of_weights("weight_wasserstein", {0, 1, 3}, {5, 6, 8}, false)["weight_wasserstein"].value == close_to(5));
  CHECK(of_weights("weight_wasserstein", {0, 1}, {0.5f}, false)["weight_wasserstein"].value == 0.5);
  CHECK(of_weights("weight_wasserstein", {3, 1, 2}, {2, 3, 1}, false)["weight_wasserstein"].value == 0);
  CHECK(of_weights("weight_wasserstein", {1, 1, 1, 2}, {1, 2}, false)["weight_wasserstein"].value == 0.25);
}

TEST_CASE("weight_wasserstein is the integral over quantiles, for samples of different size and with ties") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const auto phi = random_floats(seed, 37, seed % 2 ? 4 : 0), theta = random_floats(seed + 50, 23, seed % 3 ? 0 : 6);
    CHECK(of_weights("weight_wasserstein", phi, theta, false)["weight_wasserstein"].value ==
          close_to(by_quantiles(phi, theta)));
    CHECK(of_weights("weight_wasserstein", theta, phi, false)["weight_wasserstein"].value ==
          close_to(by_quantiles(phi, theta)));
  }
}

TEST_CASE("weight_wasserstein scales with the weights; in standard deviations it does not") {
  auto phi = random_floats(1, 300), theta = random_floats(2, 200);
  const Figures before = of_weights("weight_wasserstein", phi, theta, false);
  for (float& w : phi) w *= 4;
  for (float& w : theta) w *= 4;
  const Figures after = of_weights("weight_wasserstein", phi, permuted_rows(theta, 1, 3), false);
  CHECK(after["weight_wasserstein"].value == close_to(4 * before["weight_wasserstein"].value));
  CHECK(after["in_sigma"].value == close_to(before["in_sigma"].value));
  CHECK(after["in_sigma"].n == 500);
  // -1 and 1 have the standard deviation 1
  CHECK(of_weights("weight_wasserstein", {-1, 1}, {2, 4}, false)["in_sigma"].value == 3);
  CHECK(of_weights("weight_wasserstein", {5, 5}, {2, 4}, false)["in_sigma"].undefined ==
        "the biological weights are all equal");
}
