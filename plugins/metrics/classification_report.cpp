#include <algorithm>
#include <proxon/plugin/metric.hpp>
#include <string>
#include <vector>

using namespace proxon;

struct classification_report {
  static constexpr Documentation about{
      .summary =
          "Precision, recall, f1 and support of each class, and their micro, macro and support-weighted means. The "
          "class of a row is "
          "its largest channel; with one channel it is whether that is above the threshold.",
      .equation =
          "precision = TP / (TP + FP), recall = TP / (TP + FN), f1 = 2 TP / (2 TP + FP + FN), support = TP + FN",
      .reference =
          "Sokolova & Lapalme 2009, Information Processing & Management 45:427, doi:10.1016/j.ipm.2009.03.002"};
  static constexpr uint32_t needs = needs_prediction;

  struct Parameters {
    double threshold = 0.5;
    std::string_view zero_division = "zero";
    int64_t most_classes = 20;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::threshold>("1", "a target above it, in its own unit, is of its channel's class"),
          field<&P::zero_division>(
              "",
              "precision of a class that is never predicted, recall of one that never occurs, f1 where "
              "both: 0, 1, or undefined and left out of the means",
              one_of("zero|one|undefined")),
          field<&P::most_classes>("1", "with more classes than this only the means are given", at_least(0))};
    }
  };

  double threshold, by_zero;
  bool left_out;
  int64_t most_classes;

  classification_report(const Parameters& p, const MetricSetup&)
      : threshold(p.threshold),
        by_zero(p.zero_division == "one"),
        left_out(p.zero_division == "undefined"),
        most_classes(p.most_classes) {}

  /// TP / denominator, or what stands for it where that is 0.
  struct Ratio {
    double value;
    int64_t denominator;
    bool defined;
  };
  Ratio ratio(int64_t above, int64_t below) const {
    if (below == 0) return {by_zero, 0, !left_out};
    return {double(above) / double(below), below, true};
  }

  static void give(MetricSink& sink, const std::string& name, const Ratio& r, const char* why, const char* meaning) {
    if (r.defined) return sink.value(name.c_str(), r.value, r.denominator, 0, 1, meaning);
    sink.undefined(name.c_str(), why, 0, 0, 1, meaning);
  }

  void evaluate(const MetricInput& in, MetricSink& sink) const {
    // Classes of targets and predictions
    const bool binary = in.channels == 1;
    const int64_t classes = binary ? 2 : in.channels;
    std::vector<int64_t> hit(size_t(classes), 0), predicted(size_t(classes), 0), support(size_t(classes), 0);
    for (int64_t i = 0; i < in.rows; ++i) {
      const float *y = in.target + i * in.channels, *p = in.prediction + i * in.channels;
      if (!binary && std::count_if(y, y + classes, [&](float v) { return v > threshold; }) != 1)
        return sink.undefined("f1[macro]",
                              "targets are not classes: a row does not have exactly one channel above the threshold", 0,
                              0, 1, "f1, mean over classes; 1 is best");
      const int64_t target = binary ? y[0] > threshold : std::max_element(y, y + classes) - y;
      const int64_t prediction = binary ? p[0] > threshold : std::max_element(p, p + classes) - p;
      ++support[size_t(target)];
      ++predicted[size_t(prediction)];
      hit[size_t(target)] += target == prediction;
    }

    // Each class
    struct Mean {
      double sum = 0, weight = 0, weighted = 0;
      int64_t n = 0;
      void add(const Ratio& r, int64_t support) {
        if (!r.defined) return;
        sum += r.value, ++n;
        weighted += r.value * double(support), weight += double(support);
      }
    };
    Mean means[3];
    int64_t hits = 0;
    for (int64_t c = 0; c < classes; ++c) {
      const auto k = size_t(c);
      hits += hit[k];
      const Ratio of[] = {ratio(hit[k], predicted[k]), ratio(hit[k], support[k]),
                          ratio(2 * hit[k], predicted[k] + support[k])};
      for (int f = 0; f < 3; ++f) means[f].add(of[f], support[k]);
      if (classes > most_classes) continue;
      const std::string name = binary ? std::string(c ? "above" : "not above") : in.channel_names[c];
      give(sink, "precision[" + name + "]", of[0], "the class is never predicted",
           "of n predictions of the class the share that is right; 1 is best");
      give(sink, "recall[" + name + "]", of[1], "the class never occurs",
           "of n rows of the class the share that is found; 1 is best");
      give(sink, "f1[" + name + "]", of[2], "the class neither occurs nor is predicted",
           "harmonic mean of precision and recall; 1 is best");
      sink.value(("support[" + name + "]").c_str(), double(support[k]), in.rows, 0, double(in.rows),
                 "rows of the class");
    }

    // Their means
    constexpr const char* names[] = {"precision", "recall", "f1"};
    for (int f = 0; f < 3; ++f) {
      const std::string name = names[f];
      sink.value((name + "[micro]").c_str(), double(hits) / double(in.rows), in.rows, 0, 1,
                 "over all rows: the share that is right; 1 is best");
      give(sink, name + "[macro]",
           {means[f].sum / double(std::max<int64_t>(means[f].n, 1)), means[f].n, means[f].n > 0},
           "it is undefined for every class", "mean over n classes; 1 is best");
      give(sink, name + "[weighted]",
           {means[f].weight > 0 ? means[f].weighted / means[f].weight : 0, in.rows, means[f].weight > 0},
           "it is undefined for every class that occurs", "mean over classes, weighted by their support; 1 is best");
    }
  }
};

PROXON_PLUGIN(metric, classification_report, classification_report)
