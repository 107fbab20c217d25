// The area under the ROC curve (AUC), which roc_auc gives and complexity_score turns into a score.
#pragma once
#include <algorithm>
#include <proxon/plugin/metric.hpp>
#include <vector>

namespace proxon {

struct MeanAuc {
  double value = 0;        ///< mean over the channels that have both classes
  int64_t n = 0;           ///< rows that it rests on, of these channels
  const char* why = "";    ///< why there is none
};

/// The chance that a row whose target is above `threshold` has a higher prediction than another, ties as one half.
inline MeanAuc mean_auc(const MetricInput& in, double threshold) {
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
  if (used > 0) return {sum / double(used), used * in.rows, ""};
  return {0, 0,
          positive == 0                       ? "one class only: no target is above the threshold"
          : positive == in.rows * in.channels ? "one class only: every target is above the threshold"
                                              : "one class only in every channel"};
}

}  // namespace proxon
