#include <algorithm>
#include <cmath>
#include <proxon/plugin/metric.hpp>
#include <vector>

using namespace proxon;

struct weight_ks {
  static constexpr Documentation about{
      .summary = "Two-sample Kolmogorov-Smirnov test of the two distributions of weights.",
      .equation =
          "D = max_w |F_phi(w) - F_theta(w)|; p = Q(sqrt(n m / (n + m)) D), Q(x) = 2 sum_k (-1)^(k-1) exp(-2 k^2 x^2), "
          "the limit for many weights",
      .reference = "Smirnov 1948, Annals of Mathematical Statistics 19:279, doi:10.1214/aoms/1177730256"};
  static constexpr uint32_t needs = needs_weights;
  using Parameters = NoParameters;

  weight_ks(const Parameters&, const MetricSetup&) {}

  /// Q(x); below 1 by the other series of the same function, which there converges faster.
  static double survival(double x) {
    constexpr double pi = 3.141592653589793;
    if (x < 0.04) return 1;
    double sum = 0;
    if (x < 1) {
      for (int k = 1; k < 20; k += 2) sum += std::exp(-k * k * pi * pi / (8 * x * x));
      return 1 - std::sqrt(2 * pi) / x * sum;
    }
    for (int k = 1; k < 20; ++k) sum += (k % 2 ? 2 : -2) * std::exp(-2.0 * k * k * x * x);
    return std::clamp(sum, 0.0, 1.0);
  }

  void evaluate(const MetricInput& in, MetricSink& sink) const {
    std::vector<float> phi(in.weight_phi, in.weight_phi + in.weights_phi),
        theta(in.weight_theta, in.weight_theta + in.weights_theta);
    std::sort(phi.begin(), phi.end());
    std::sort(theta.begin(), theta.end());
    const auto n = double(phi.size()), m = double(theta.size());

    // Largest difference of the step functions after each weight of either
    double statistic = 0;
    for (size_t i = 0, j = 0; i < phi.size() && j < theta.size();) {
      const float at = std::min(phi[i], theta[j]);
      while (i < phi.size() && phi[i] == at) ++i;
      while (j < theta.size() && theta[j] == at) ++j;
      statistic = std::max(statistic, std::fabs(double(i) / n - double(j) / m));
    }
    const int64_t count = in.weights_phi + in.weights_theta;
    sink.value("weight_ks", statistic, count, 0, 1,
               "largest difference of the distribution functions of the weights; 0 is best");
    sink.value("p", survival(std::sqrt(n * m / (n + m)) * statistic), count, 0, 1,
               "chance of such a difference if both were drawn from one distribution; small: they differ");
  }
};

PROXON_PLUGIN(metric, weight_ks, weight_ks)
