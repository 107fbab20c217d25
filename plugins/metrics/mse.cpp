#include <cmath>
#include <limits>
#include <proxon/plugin/metric.hpp>

using namespace proxon;

struct mse {
  static constexpr Documentation about{.summary = "Mean squared error of the prediction, over all rows and channels, and "
                                                  "its root, in the unit of the targets.",
                                       .equation = "mse = 1/n sum_i (y_i - p_i)^2, y target, p prediction;  rmse = sqrt(mse)"};
  static constexpr uint32_t needs = needs_prediction;
  using Parameters = NoParameters;

  mse(const Parameters&, const MetricSetup&) {}

  void evaluate(const MetricInput& in, MetricSink& sink) const {
    const int64_t n = in.rows * in.channels;
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      const double error = double(in.target[i]) - in.prediction[i];
      sum += error * error;
    }
    constexpr double highest = std::numeric_limits<double>::infinity();
    sink.value("mse", sum / double(n), n, 0, highest,
               "mean squared error, in the squared unit of the targets; lower is better");
    sink.value("rmse", std::sqrt(sum / double(n)), n, 0, highest, "its root, in the unit of the targets; lower is better");
  }
};

PROXON_PLUGIN(metric, mse, mse)
