#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <proxon/plugin/metric.hpp>
#include <stdexcept>
#include <vector>

using namespace proxon;

struct coincidence_factor {
  static constexpr Documentation about{
      .summary =
          "How many spikes of two trains coincide beyond chance (Gamma): 1 where all do, 0 where no more than those of a "
          "Poisson train of the same rate would. The targets are counts of spikes in a bin, the predictions the chance "
          "of one. A predicted train has its spikes at the peaks of the prediction, the highest first, as many as it "
          "expects in a trial: no threshold is taken from what it is compared with, and a prediction that is a train "
          "itself stays as it is, but for intervals within `refractory`. Where trials repeat a stimulus, a recorded train is compared with the others of its "
          "stimulus too: that is how well the cell predicts itself. Trials and channels count alike in the means. "
          "The formula is for f w well below 1: a regular train that fires faster than once a window meets every spike, and "
          "the factor that is left says little; look at its rate beside it.",
      .equation =
          "Gamma = (N_coinc - f w N_data) / (1 - f w) / ((N_data + N_model) / 2);  f: rate of the model's train;  "
          "w = (2 floor(delta / bin) + 1) bin, the window that a coincidence has in bins: 2 delta where bins are "
          "short;  a spike coincides with one spike at most;  performance = coincidence_factor / repeatability",
      .reference = "Kistler, Gerstner & van Hemmen 1997, Neural Computation 9:1015, doi:10.1162/neco.1997.9.5.1015; "
                   "Jolivet et al. 2008, Biological Cybernetics 99:417, doi:10.1007/s00422-008-0261-x"};
  static constexpr uint32_t needs = needs_prediction;

  struct Parameters {
    double delta = 2;
    double refractory = 2;
    double trial = 0;
    int64_t repetitions = 1;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::delta>("ms", "how far apart two spikes are that coincide, at most", at_least(0)),
          field<&P::refractory>("ms", "predicted spikes are further apart than this, at least one bin", at_least(0)),
          field<&P::trial>("ms", "length of a trial, in which trains begin anew; 0: all rows are one trial", at_least(0)),
          field<&P::repetitions>("1", "trials that follow each other and repeat one stimulus", at_least(1))};
    }
  };

  /// Numbers of the bins that have a spike, ascending.
  using Train = std::vector<int64_t>;
  /// The rows of a trial, in the order of time.
  struct Trial {
    std::vector<int64_t> row, bin;
  };

  double delta, refractory, trial;
  int64_t repetitions;

  coincidence_factor(const Parameters& p, const MetricSetup&)
      : delta(p.delta), refractory(p.refractory), trial(p.trial), repetitions(p.repetitions) {
    if (repetitions > 1 && trial == 0) throw std::invalid_argument("repetitions are of trials: give trial, the length of one");
  }

  void evaluate(const MetricInput& in, MetricSink& sink) const {
    double bin = 0;
    const std::map<int64_t, Trial> trials = trials_of(in, bin);
    if (trials.empty()) return undefined(sink, "the rows are not bins that follow each other in time");

    Mean twin, cell;
    for (int64_t c = 0; c < in.channels; ++c) {
      std::map<int64_t, std::vector<std::pair<Train, double>>> of_stimulus;  // recorded trains, and how long each is
      for (const auto& [number, rows] : trials) {
        Train recorded;
        for (size_t i = 0; i < rows.row.size(); ++i)
          if (in.target[rows.row[i] * in.channels + c] > 0.5f) recorded.push_back(rows.bin[i]);
        const auto bins = static_cast<double>(rows.bin.size());
        twin.add(gamma(recorded, predicted(in, c, rows, bin), bins, bin), recorded.size());
        of_stimulus[number / repetitions].emplace_back(std::move(recorded), bins);
      }
      for (const auto& [stimulus, trains] : of_stimulus)
        for (size_t i = 0; i < trains.size(); ++i)
          for (size_t j = 0; j < trains.size(); ++j)
            if (i != j) cell.add(gamma(trains[i].first, trains[j].first, trains[j].second, bin), trains[i].first.size());
    }
    if (twin.n == 0) return undefined(sink, "no train has a spike");
    if (!std::isfinite(twin.sum)) return undefined(sink, "a predicted train has more spikes than windows of this delta have room");
    sink.value("coincidence_factor", twin.mean(), twin.spikes, lowest, 1, meaning);
    if (repetitions == 1) return;
    if (cell.n == 0 || !std::isfinite(cell.sum))
      return sink.undefined("repeatability", cell.n == 0 ? "no stimulus has two trials with a spike" : "a recorded train has more spikes than windows of this delta have room",
                            0, lowest, 1, meaning_cell);
    sink.value("repeatability", cell.mean(), cell.spikes, lowest, 1, meaning_cell);
    constexpr double high = std::numeric_limits<double>::infinity();
    if (!(cell.mean() > 0)) return sink.undefined("performance", "the cell does not predict itself", cell.spikes, lowest, high, meaning_both);
    sink.value("performance", twin.mean() / cell.mean(), twin.spikes, lowest, high, meaning_both);
  }

 private:
  static constexpr double lowest = -std::numeric_limits<double>::infinity();
  static constexpr const char* meaning = "coincidences of the twin's spikes with the recorded ones beyond chance, mean over trials; 1 is best, 0 is chance";
  static constexpr const char* meaning_cell = "the same of each recorded train with the others of its stimulus: how well the cell predicts itself";
  static constexpr const char* meaning_both = "the first over the second: 1 is a twin that is as good as another trial of the cell";

  /// A mean over pairs of trains that have a spike; not finite where one is too dense.
  struct Mean {
    double sum = 0;
    int64_t n = 0, spikes = 0;
    void add(double value, size_t of) {
      if (value != value) return;
      sum += value, ++n, spikes += static_cast<int64_t>(of);
    }
    double mean() const { return sum / static_cast<double>(n); }
  };

  static void undefined(MetricSink& sink, const char* why) { sink.undefined("coincidence_factor", why, 0, lowest, 1, meaning); }

  /// Rows by the trial that their bin lies in; the bin is the shortest time between two rows. None where rows have no time in common.
  std::map<int64_t, Trial> trials_of(const MetricInput& in, double& bin) const {
    std::map<int64_t, Trial> trials;
    if (!in.row_time) return trials;
    std::vector<std::pair<double, int64_t>> order;
    for (int64_t i = 0; i < in.rows; ++i) order.emplace_back(in.row_time[i], i);
    std::sort(order.begin(), order.end());
    for (size_t i = 1; i < order.size(); ++i) {
      const double step = order[i].first - order[i - 1].first;
      if (!(step > 0)) return trials;
      bin = i == 1 ? step : std::min(bin, step);
    }
    if (!(bin > 0)) return trials;
    for (const auto& [time, row] : order) {
      // A row's time is the end of its bin
      const double middle = time - bin / 2;
      const int64_t number = trial > 0 ? static_cast<int64_t>(std::floor(middle / trial)) : 0;
      trials[number].row.push_back(row);
      trials[number].bin.push_back(std::llround((time - static_cast<double>(number) * trial) / bin));
    }
    return trials;
  }

  /// The highest peaks of the prediction, as many as it expects.
  Train predicted(const MetricInput& in, int64_t channel, const Trial& rows, double bin) const {
    const size_t n = rows.row.size();
    const int64_t near = std::max<int64_t>(1, static_cast<int64_t>(std::floor(refractory / bin + 1e-6)));
    const auto p = [&](size_t i) { return static_cast<double>(in.prediction[rows.row[i] * in.channels + channel]); };
    double expected = 0;
    std::vector<size_t> peaks;
    for (size_t i = 0; i < n; ++i) {
      expected += p(i);
      bool peak = p(i) > 0;
      for (size_t j = i; peak && j-- > 0 && rows.bin[i] - rows.bin[j] <= near;) peak = p(j) < p(i);
      for (size_t j = i + 1; peak && j < n && rows.bin[j] - rows.bin[i] <= near; ++j) peak = p(j) <= p(i);
      if (peak) peaks.push_back(i);
    }
    const auto wanted = static_cast<size_t>(std::round(std::clamp(expected, 0.0, static_cast<double>(n))));
    std::stable_sort(peaks.begin(), peaks.end(), [&](size_t a, size_t b) { return p(a) > p(b); });
    peaks.resize(std::min(peaks.size(), wanted));
    Train train;
    for (const size_t i : peaks) train.push_back(rows.bin[i]);
    std::sort(train.begin(), train.end());
    return train;
  }

  /// NaN where neither train has a spike, infinite where windows about the model's spikes would fill all time.
  double gamma(const Train& data, const Train& model, double bins, double bin) const {
    const auto reach = static_cast<int64_t>(std::floor(delta / bin + 1e-6));
    int64_t coincidences = 0;
    for (size_t i = 0, j = 0; i < data.size() && j < model.size();) {
      const int64_t lag = model[j] - data[i];
      if (std::abs(lag) <= reach)
        ++coincidences, ++i, ++j;
      else
        ++(lag < 0 ? j : i);
    }
    const auto n_data = static_cast<double>(data.size()), n_model = static_cast<double>(model.size());
    const double by_chance = n_model / bins * static_cast<double>(2 * reach + 1);  // f w
    if (n_data + n_model == 0) return std::numeric_limits<double>::quiet_NaN();
    if (!(by_chance < 1)) return std::numeric_limits<double>::infinity();
    // Equal trains may come out above 1 by a rounding
    return std::min(1.0, (static_cast<double>(coincidences) - by_chance * n_data) / (1 - by_chance) / ((n_data + n_model) / 2));
  }
};

PROXON_PLUGIN(metric, coincidence_factor, coincidence_factor)
