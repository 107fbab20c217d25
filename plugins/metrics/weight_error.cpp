#include <algorithm>
#include <cmath>
#include <proxon/plugin/metric.hpp>

using namespace proxon;

struct weight_error {
  static constexpr Documentation about{
      .summary = "How far the twin's weights lie from the biological ones, synapse by synapse, in units of the length of these. Unlike a correlation it sees a wrong "
                 "scale; a twin whose weights are all 0 has 1.",
      .equation = "||W_theta - W_phi|| / ||W_phi||, Frobenius norms",
      .reference = "Golub & Van Loan 2013, Matrix Computations, 4th edition, section 2.3"};
  static constexpr uint32_t needs = needs_weights | needs_pairs;
  using Parameters = NoParameters;

  weight_error(const Parameters&, const MetricSetup&) {}

  void evaluate(const MetricInput& in, MetricSink& sink) const {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    constexpr const char* meaning = "distance of the weights of the same synapses, relative to the biological ones; 0 is best, 1 is that of weights that are all 0";
    const auto undefined = [&](const char* why) { sink.undefined("weight_error", why, 0, 0, infinity, meaning); };
    if (!in.paired) return undefined("the weights are not of the same synapses");
    double error = 0, length = 0;
    for (int64_t k = 0; k < in.weights_phi; ++k) {
      const double phi = double(in.weight_phi[k]), d = double(in.weight_theta[k]) - phi;
      error += d * d, length += phi * phi;
    }
    if (length == 0) return undefined("the biological weights are all 0");
    sink.value("weight_error", std::sqrt(error / length), in.weights_phi, 0, infinity, meaning);
  }
};

PROXON_PLUGIN(metric, weight_error, weight_error)
