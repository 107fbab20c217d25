#include <algorithm>
#include <proxon/plugin/metric.hpp>
#include <vector>

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
    std::vector<std::pair<float, bool>> rows(static_cast<size_t>(in.rows));
    double sum = 0;
    int64_t used = 0, positive = 0;
    for (int64_t c = 0; c < in.channels; ++c) {
      int64_t n_pos = 0;
      for (int64_t i = 0; i < in.rows; ++i) {
        const bool is_pos = in.target[i * in.channels + c] > threshold;
        rows[size_t(i)] = {in.prediction[i * in.channels + c], is_pos};
        n_pos += is_pos;
      }
      positive += n_pos;
      const int64_t n_neg = in.rows - n_pos;
      if (n_pos == 0 || n_neg == 0) continue;

      // Half pairs won, counted group by group of equal predictions: whole numbers, so exact
      std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      int64_t half_pairs = 0, negatives_below = 0;
      for (size_t i = 0; i < rows.size();) {
        int64_t group[2] = {0, 0};
        const float prediction = rows[i].first;
        for (; i < rows.size() && rows[i].first == prediction; ++i) ++group[rows[i].second];
        half_pairs += group[1] * (2 * negatives_below + group[0]);
        negatives_below += group[0];
      }
      sum += double(half_pairs) / (2 * double(n_pos) * double(n_neg));
      ++used;
    }
    constexpr const char* meaning =
        "chance that a row of the class is ranked above another, mean over channels; 1 is best, 0.5 is guessing";
    if (used > 0) return sink.value("roc_auc", sum / double(used), used * in.rows, 0, 1, meaning);
    sink.undefined("roc_auc",
                   positive == 0                       ? "one class only: no target is above the threshold"
                   : positive == in.rows * in.channels ? "one class only: every target is above the threshold"
                                                       : "one class only in every channel",
                   0, 0, 1, meaning);
  }
};

PROXON_PLUGIN(metric, roc_auc, roc_auc)
