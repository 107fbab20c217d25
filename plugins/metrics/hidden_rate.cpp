#include <limits>
#include <proxon/plugin/metric.hpp>

using namespace proxon;

struct hidden_rate {
  static constexpr Documentation about{
      .summary = "Mean firing rate of a spiking twin's hidden units, layer by layer, and how many of them never spike.",
      .equation = "hidden_rate = mean_k r_k, r_k being the spikes a second of unit k over the samples that are compared;  silent = share of units with r_k = 0"};
  static constexpr uint32_t needs = needs_hidden;
  using Parameters = NoParameters;

  hidden_rate(const Parameters&, const MetricSetup&) {}

  void evaluate(const MetricInput& in, MetricSink& sink) const {
    double sum = 0;
    int64_t silent = 0;
    for (int64_t k = 0; k < in.hidden_units; ++k) sum += in.hidden_rate[k], silent += in.hidden_rate[k] == 0;
    const double n = double(in.hidden_units);
    sink.value("hidden_rate", sum / n, in.hidden_units, 0, std::numeric_limits<double>::infinity(),
               "spikes a second of a hidden unit of the twin (Hz); fewer take less energy on hardware of spikes");
    sink.value("silent", double(silent) / n, in.hidden_units, 0, 1, "share of hidden units that never spike; 0 is best");
  }
};

PROXON_PLUGIN(metric, hidden_rate, hidden_rate)
