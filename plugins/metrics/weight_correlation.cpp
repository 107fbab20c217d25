#include <algorithm>
#include <cmath>
#include <proxon/plugin/metric.hpp>

using namespace proxon;

struct weight_correlation {
  static constexpr Documentation about{
      .summary = "Linear correlation of the twin's weights with the biological ones, synapse by synapse.",
      .equation =
          "r = sum_k (phi_k - mean phi)(theta_k - mean theta) / sqrt(sum_k (phi_k - mean phi)^2 sum_k (theta_k - mean "
          "theta)^2)",
      .reference = "Pearson 1896, Philosophical Transactions A 187:253, doi:10.1098/rsta.1896.0007"};
  static constexpr uint32_t needs = needs_weights | needs_pairs;
  using Parameters = NoParameters;

  weight_correlation(const Parameters&, const MetricSetup&) {}

  void evaluate(const MetricInput& in, MetricSink& sink) const {
    constexpr const char* meaning = "linear correlation of the weights of the same synapses; 1 is best, 0 is none";
    auto undefined = [&](const char* why) { sink.undefined("weight_correlation", why, 0, -1, 1, meaning); };
    if (!in.paired) return undefined("the weights are not of the same synapses");
    const int64_t n = in.weights_phi;
    const float *phi = in.weight_phi, *theta = in.weight_theta;
    if (std::all_of(phi, phi + n, [&](float w) { return w == phi[0]; }))
      return undefined("the biological weights are all equal");
    if (std::all_of(theta, theta + n, [&](float w) { return w == theta[0]; }))
      return undefined("the twin's weights are all equal");

    double mean_phi = 0, mean_theta = 0;
    for (int64_t k = 0; k < n; ++k) mean_phi += phi[k], mean_theta += theta[k];
    mean_phi /= double(n), mean_theta /= double(n);
    double pp = 0, tt = 0, pt = 0;
    for (int64_t k = 0; k < n; ++k) {
      const double p = phi[k] - mean_phi, t = theta[k] - mean_theta;
      pp += p * p, tt += t * t, pt += p * t;
    }
    sink.value("weight_correlation", std::clamp(pt / (std::sqrt(pp) * std::sqrt(tt)), -1.0, 1.0), n, -1, 1, meaning);
  }
};

PROXON_PLUGIN(metric, weight_correlation, weight_correlation)
