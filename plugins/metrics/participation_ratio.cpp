#include <cmath>
#include <proxon/plugin/metric.hpp>
#include <vector>

using namespace proxon;

struct participation_ratio {
  static constexpr Documentation about{
      .summary = "How many dimensions the activity of the channels has: 1 where all follow one of them, their number where all vary alike and independently. Of the "
                 "targets and of the twin's predictions.",
      .equation = "D = (sum_k lambda_k)^2 / sum_k lambda_k^2 = tr(C)^2 / tr(C^2), lambda_k the eigenvalues of the covariance C of the channels over the rows",
      .reference = "Litwin-Kumar, Harris, Axel, Sompolinsky & Abbott 2017, Neuron 93:1153, doi:10.1016/j.neuron.2017.01.030"};
  static constexpr uint32_t needs = needs_prediction;
  using Parameters = NoParameters;

  participation_ratio(const Parameters&, const MetricSetup&) {}

  static void dimension(const float* values, int64_t rows, int64_t channels, const char* name, const char* meaning, MetricSink& sink) {
    const double most = double(channels);
    std::vector<double> mean(size_t(channels), 0.0), covariance(size_t(channels * channels), 0.0), deviation(size_t(channels), 0.0);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < channels; ++c) mean[size_t(c)] += double(values[r * channels + c]) / double(rows);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < channels; ++c) deviation[size_t(c)] = double(values[r * channels + c]) - mean[size_t(c)];
      for (int64_t i = 0; i < channels; ++i)
        for (int64_t j = 0; j < channels; ++j) covariance[size_t(i * channels + j)] += deviation[size_t(i)] * deviation[size_t(j)] / double(rows);
    }
    double trace = 0, squares = 0;
    for (int64_t i = 0; i < channels; ++i) {
      trace += covariance[size_t(i * channels + i)];
      for (int64_t j = 0; j < channels; ++j) squares += covariance[size_t(i * channels + j)] * covariance[size_t(i * channels + j)];
    }
    if (!(squares > 0)) return sink.undefined(name, "no channel varies", rows, 1, most, meaning);
    // Rounding may lead beyond the range.
    sink.value(name, std::fmin(std::fmax(trace * trace / squares, 1), most), rows, 1, most, meaning);
  }

  void evaluate(const MetricInput& in, MetricSink& sink) const {
    dimension(in.target, in.rows, in.channels, "participation_ratio", "dimensions of the targets' activity, at most the number of channels", sink);
    dimension(in.prediction, in.rows, in.channels, "prediction", "dimensions of the twin's activity; as many as the targets' are best", sink);
  }
};

PROXON_PLUGIN(metric, participation_ratio, participation_ratio)
