#include <cmath>
#include <limits>

#include "auc.hpp"

using namespace proxon;

struct complexity_score {
  static constexpr Documentation about{
      .summary = "Functional complexity of a neuron: how far a twin of its spikes stays from a perfect one, in decades "
                 "of 1 - AUC. 0 where the area under the ROC curve is 0.999, 1 where it is 0.9; the harder the neuron "
                 "is to stand in for, the higher. It is the neuron's only for a twin that is as good as twins of its "
                 "kind become: compare neurons by twins of one architecture.",
      .equation = "FCI = log10(1000 (1 - auc)) / log10(1000 (1 - 0.9)), auc that of the metric roc_auc",
      .reference = "Aizenbud et al. 2026, PNAS 123(28)"};
  static constexpr uint32_t needs = needs_prediction;

  struct Parameters {
    double threshold = 0.5;
    static constexpr auto fields() {
      return std::tuple{field<&Parameters::threshold>("1", "targets above it, in their own unit, are of the class")};
    }
  };

  double threshold;

  complexity_score(const Parameters& p, const MetricSetup&) : threshold(p.threshold) {}

  void evaluate(const MetricInput& in, MetricSink& sink) const {
    constexpr const char* meaning = "decades of 1 - AUC above 0.001, half of them; the higher, the harder the neuron";
    constexpr double low = -std::numeric_limits<double>::infinity(), high = 1.5;
    const MeanAuc auc = mean_auc(in, threshold);
    if (auc.n == 0) return sink.undefined("complexity_score", auc.why, 0, low, high, meaning);
    if (auc.value == 1)
      return sink.undefined("complexity_score",
                            "the area under the ROC curve is 1: these rows are too few to tell how much is missing",
                            auc.n, low, high, meaning);
    sink.value("complexity_score", std::log10(1000 * (1 - auc.value)) / 2, auc.n, low, high, meaning);
  }
};

PROXON_PLUGIN(metric, complexity_score, complexity_score)
