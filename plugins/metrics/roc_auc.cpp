#include "auc.hpp"

using namespace proxon;

struct roc_auc {
  static constexpr Documentation about{
      .summary =
          "Area under the ROC curve: the chance that a row of the class has a higher prediction than a row outside it, "
          "ties as one "
          "half; mean over the channels that have both.",
      .equation = "auc_c = [#(p_i > p_j) + #(p_i = p_j) / 2] / (n_pos n_neg), over pairs with y_i > threshold >= y_j",
      .reference = "Hanley & McNeil 1982, Radiology 143:29, doi:10.1148/radiology.143.1.7063747"};
  static constexpr uint32_t needs = needs_prediction;

  struct Parameters {
    double threshold = 0.5;
    static constexpr auto fields() {
      return std::tuple{field<&Parameters::threshold>("1", "targets above it, in their own unit, are of the class")};
    }
  };

  double threshold;

  roc_auc(const Parameters& p, const MetricSetup&) : threshold(p.threshold) {}

  void evaluate(const MetricInput& in, MetricSink& sink) const {
    constexpr const char* meaning =
        "chance that a row of the class is ranked above another, mean over channels; 1 is best, 0.5 is guessing";
    const MeanAuc auc = mean_auc(in, threshold);
    if (auc.n > 0) return sink.value("roc_auc", auc.value, auc.n, 0, 1, meaning);
    sink.undefined("roc_auc", auc.why, 0, 0, 1, meaning);
  }
};

PROXON_PLUGIN(metric, roc_auc, roc_auc)
