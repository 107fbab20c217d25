#include <limits>
#include <proxon/plugin/metric.hpp>

using namespace proxon;

struct r2 {
  static constexpr Documentation about{
      .summary =
          "Coefficient of determination: the share of the target's variance that the prediction explains; channels "
          "whose target is "
          "constant are left out.",
      .equation =
          "r2_c = 1 - sum_i (y_ic - p_ic)^2 / sum_i (y_ic - mean y_c)^2; r2 = mean over channels c; pooled: both sums "
          "over all channels",
      .reference = "Kvalseth 1985, The American Statistician 39:279, doi:10.1080/00031305.1985.10479448"};
  static constexpr uint32_t needs = needs_prediction;
  using Parameters = NoParameters;

  r2(const Parameters&, const MetricSetup&) {}

  void evaluate(const MetricInput& in, MetricSink& sink) const {
    double sum = 0, all_error = 0, all_spread = 0;
    int64_t used = 0;
    for (int64_t c = 0; c < in.channels; ++c) {
      // Mean of the target, and whether it varies at all
      double mean = 0;
      bool varies = false;
      for (int64_t i = 0; i < in.rows; ++i) {
        mean += in.target[i * in.channels + c];
        varies |= in.target[i * in.channels + c] != in.target[c];
      }
      if (!varies) continue;
      mean /= double(in.rows);

      // Error and spread around that mean
      double error = 0, spread = 0;
      for (int64_t i = 0; i < in.rows; ++i) {
        const double y = in.target[i * in.channels + c], p = in.prediction[i * in.channels + c];
        error += (y - p) * (y - p);
        spread += (y - mean) * (y - mean);
      }
      sum += 1 - error / spread;
      all_error += error;
      all_spread += spread;
      ++used;
    }
    constexpr double lowest = -std::numeric_limits<double>::infinity();
    constexpr const char* mean_meaning =
        "explained share of the variance, mean over channels; 1 is best, 0 is the test mean";
    constexpr const char* pooled_meaning = "explained share of the variance of all channels together; 1 is best";
    if (used == 0) {
      sink.undefined("r2", "every target is constant", 0, lowest, 1, mean_meaning);
      return sink.undefined("pooled", "every target is constant", 0, lowest, 1, pooled_meaning);
    }
    sink.value("r2", sum / double(used), used * in.rows, lowest, 1, mean_meaning);
    sink.value("pooled", 1 - all_error / all_spread, used * in.rows, lowest, 1, pooled_meaning);
  }
};

PROXON_PLUGIN(metric, r2, r2)
