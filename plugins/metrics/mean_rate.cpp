#include <limits>
#include <proxon/plugin/metric.hpp>

using namespace proxon;

struct mean_rate {
  static constexpr Documentation about{.summary = "Mean firing rate of the neurons of a population.",
                                       .equation = "mean_rate = spikes / (neurons (end - begin))"};
  static constexpr uint32_t needs = needs_spikes;
  using Parameters = NoParameters;

  mean_rate(const Parameters&, const MetricSetup&) {}

  void evaluate(const MetricInput& in, MetricSink& sink) const {
    constexpr const char* meaning = "spikes a second of a neuron (Hz); describes the biological network";
    constexpr double highest = std::numeric_limits<double>::infinity();
    if (!(in.end > in.begin))
      return sink.undefined("mean_rate", "the recording has no duration", 0, 0, highest, meaning);
    sink.value("mean_rate", 1000.0 * double(in.spikes) / (in.neurons * (in.end - in.begin)), in.neurons, 0, highest,
               meaning);
  }
};

PROXON_PLUGIN(metric, mean_rate, mean_rate)
