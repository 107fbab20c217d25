#include <cmath>

#include "metric_figures.hpp"

using namespace proxon;

namespace {

/// Responses w e^{-(k - delay) bin / tau} from bin `delay` on, one a weight, with noise.
FigureValue time_constant(double tau, double bin, int64_t delay, const std::vector<double>& weights, double noise = 0) {
  constexpr int64_t bins = 90;
  std::vector<float> response;
  Stream stream(Key{1, purpose("test")}, 0);
  for (int64_t k = 0; k < bins; ++k)
    for (const double w : weights)
      response.push_back(static_cast<float>((k < delay ? 0 : w * std::exp(-static_cast<double>(k - delay) * bin / tau)) + noise * stream.normal()));
  MetricInput input{};
  input.response = response.data();
  input.response_bins = bins;
  input.inputs = static_cast<int64_t>(weights.size()), input.outputs = 1;
  input.bin = bin;
  return run_metric(metric_value("response_time_constant"), input)["response_time_constant"];
}

}  // namespace

TEST_CASE("response_time_constant finds the decay of exponentials, whatever their sizes, signs, delay and bin") {
  const std::vector<double> weights{1, -2, 0.5, 3, -0.1};
  for (const double tau : {2.0, 7.5, 20.0})
    for (const double bin : {0.5, 1.0})
      for (const int64_t delay : {0, 1, 4}) CHECK(time_constant(tau, bin, delay, weights).value == doctest::Approx(tau).epsilon(1e-4));  // float responses
  CHECK(time_constant(20, 1, 1, weights, 0.02).value == doctest::Approx(20).epsilon(0.05));  // noise of 2 % of a synapse, averaged
  CHECK(time_constant(20, 1, 1, weights).n == 5);
}

TEST_CASE("response_time_constant says why it is undefined") {
  CHECK(time_constant(20, 1, 0, {0, 0}).undefined == "a spike does nothing to the output");
  CHECK(time_constant(20, 1, 89, {1}).undefined == "the response is shorter than three bins");
}
