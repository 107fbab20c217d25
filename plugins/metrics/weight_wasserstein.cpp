#include <algorithm>
#include <cmath>
#include <limits>
#include <proxon/plugin/metric.hpp>
#include <vector>

using namespace proxon;

struct weight_wasserstein {
  static constexpr Documentation about{
      .summary =
          "Wasserstein-1 distance of the two distributions of weights: how far weights must be moved, on average, to "
          "turn one into the other.",
      .equation =
          "W1 = integral |F_phi(w) - F_theta(w)| dw, F the empirical distribution functions; in_sigma: W1 / std(phi)",
      .reference = "Vallender 1974, Theory of Probability and its Applications 18:784, doi:10.1137/1118101"};
  static constexpr uint32_t needs = needs_weights;
  using Parameters = NoParameters;

  weight_wasserstein(const Parameters&, const MetricSetup&) {}

  void evaluate(const MetricInput& in, MetricSink& sink) const {
    std::vector<float> phi(in.weight_phi, in.weight_phi + in.weights_phi),
        theta(in.weight_theta, in.weight_theta + in.weights_theta);
    std::sort(phi.begin(), phi.end());
    std::sort(theta.begin(), theta.end());

    // Both step functions from one weight of either to the next
    double distance = 0;
    size_t i = 0, j = 0;
    double at = std::min(phi[0], theta[0]);
    while (i < phi.size() || j < theta.size()) {
      const double next = j == theta.size() || (i < phi.size() && phi[i] <= theta[j]) ? phi[i] : theta[j];
      distance += std::fabs(double(i) / double(phi.size()) - double(j) / double(theta.size())) * (next - at);
      at = next;
      while (i < phi.size() && phi[i] == next) ++i;
      while (j < theta.size() && theta[j] == next) ++j;
    }

    // In standard deviations of the biological weights
    const auto n = double(phi.size());
    double mean = 0, squares = 0;
    for (const float w : phi) mean += w;
    mean /= n;
    for (const float w : phi) squares += (w - mean) * (w - mean);
    constexpr double highest = std::numeric_limits<double>::infinity();
    constexpr const char* sigma_meaning = "the same in standard deviations of the biological weights; 0 is best";
    const int64_t count = in.weights_phi + in.weights_theta;
    sink.value("weight_wasserstein", distance, count, 0, highest,
               "distance of the distributions of weights, in their unit; 0 is best");
    if (phi.front() == phi.back())
      return sink.undefined("in_sigma", "the biological weights are all equal", count, 0, highest, sigma_meaning);
    sink.value("in_sigma", distance / std::sqrt(squares / n), count, 0, highest, sigma_meaning);
  }
};

PROXON_PLUGIN(metric, weight_wasserstein, weight_wasserstein)
