#include <cmath>
#include <limits>
#include <proxon/plugin/metric.hpp>
#include <vector>

using namespace proxon;

struct cv_isi {
  static constexpr Documentation about{
      .summary =
          "Irregularity of firing: coefficient of variation of the intervals between spikes, mean over the neurons "
          "with three spikes or more.",
      .equation = "CV = std(ISI) / mean(ISI), the standard deviation with 1/n; 0 for a clock, 1 for a Poisson process",
      .reference = "Softky & Koch 1993, Journal of Neuroscience 13:334, doi:10.1523/JNEUROSCI.13-01-00334.1993"};
  static constexpr uint32_t needs = needs_spikes;
  using Parameters = NoParameters;

  cv_isi(const Parameters&, const MetricSetup&) {}

  void evaluate(const MetricInput& in, MetricSink& sink) const {
    // Running mean and squares of the intervals of each neuron (Welford)
    struct Train {
      double last = 0, mean = 0, squares = 0;
      int64_t spikes = 0;
    };
    std::vector<Train> trains(static_cast<size_t>(in.neurons));
    for (int64_t i = 0; i < in.spikes; ++i) {
      Train& train = trains[size_t(in.spike_neuron[i])];
      if (train.spikes++ > 0) {
        const double interval = in.spike_time[i] - train.last, step = interval - train.mean;
        train.mean += step / double(train.spikes - 1);
        train.squares += step * (interval - train.mean);
      }
      train.last = in.spike_time[i];
    }

    double sum = 0;
    int64_t used = 0;
    for (const Train& train : trains) {
      if (train.spikes < 3 || !(train.mean > 0)) continue;
      sum += std::sqrt(train.squares / double(train.spikes - 1)) / train.mean;
      ++used;
    }
    constexpr const char* meaning =
        "irregularity of firing, mean over n neurons; 0 is a clock, 1 a Poisson process; describes the biological "
        "network";
    constexpr double highest = std::numeric_limits<double>::infinity();
    if (used == 0) return sink.undefined("cv_isi", "no neuron has three spikes", 0, 0, highest, meaning);
    sink.value("cv_isi", sum / double(used), used, 0, highest, meaning);
  }
};

PROXON_PLUGIN(metric, cv_isi, cv_isi)
