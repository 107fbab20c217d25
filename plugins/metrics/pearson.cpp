#include <algorithm>
#include <cmath>
#include <proxon/plugin/metric.hpp>

using namespace proxon;

struct pearson {
  static constexpr Documentation about{
      .summary =
          "Linear correlation of prediction and target, mean over channels; channels where either is constant are left "
          "out.",
      .equation =
          "r_c = sum_i (y_ic - mean y_c)(p_ic - mean p_c) / sqrt(sum_i (y_ic - mean y_c)^2 sum_i (p_ic - mean p_c)^2)",
      .reference = "Pearson 1896, Philosophical Transactions A 187:253, doi:10.1098/rsta.1896.0007"};
  static constexpr uint32_t needs = needs_prediction;
  using Parameters = NoParameters;

  pearson(const Parameters&, const MetricSetup&) {}

  void evaluate(const MetricInput& in, MetricSink& sink) const {
    double sum = 0;
    int64_t used = 0;
    bool target_varies = false;
    for (int64_t c = 0; c < in.channels; ++c) {
      // Means, and whether both vary at all
      double mean_y = 0, mean_p = 0;
      bool y_varies = false, p_varies = false;
      for (int64_t i = 0; i < in.rows; ++i) {
        const float y = in.target[i * in.channels + c], p = in.prediction[i * in.channels + c];
        mean_y += y, mean_p += p;
        y_varies |= y != in.target[c];
        p_varies |= p != in.prediction[c];
      }
      target_varies |= y_varies;
      if (!y_varies || !p_varies) continue;
      mean_y /= double(in.rows), mean_p /= double(in.rows);

      // Covariance over both spreads
      double yy = 0, pp = 0, yp = 0;
      for (int64_t i = 0; i < in.rows; ++i) {
        const double y = in.target[i * in.channels + c] - mean_y, p = in.prediction[i * in.channels + c] - mean_p;
        yy += y * y, pp += p * p, yp += y * p;
      }
      sum += std::clamp(yp / (std::sqrt(yy) * std::sqrt(pp)), -1.0, 1.0);
      ++used;
    }
    constexpr const char* meaning = "linear correlation with the target, mean over channels; 1 is best, 0 is none";
    if (used == 0)
      return sink.undefined("pearson", target_varies ? "the prediction is constant" : "every target is constant", 0, -1,
                            1, meaning);
    sink.value("pearson", sum / double(used), used * in.rows, -1, 1, meaning);
  }
};

PROXON_PLUGIN(metric, pearson, pearson)
