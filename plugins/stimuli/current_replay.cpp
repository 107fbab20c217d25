#include <algorithm>
#include <proxon/plugin/stimulus.hpp>
#include <stdexcept>

using namespace proxon;

struct current_replay {
  static constexpr Documentation about{.summary =
                                           "Recorded currents again: one for all targets, or that of the recording's "
                                           "neuron i for target i and none for the others.",
                                       .equation =
                                           "I(t) = values[k] for times[k] <= t - offset < times[k + 1]; the last "
                                           "sample lasts as long as the one before; else 0"};
  static constexpr Emits emits = Emits::current;
  static constexpr const char* signal_unit = "pA";  // mean over the recording's neurons

  struct Parameters {
    std::string_view file = "";
    std::span<const std::string_view> files;
    double trial = 0;
    std::string_view series = "";
    std::string_view time_column = "time";
    std::string_view value_column = "";
    double time_scale = 1;
    double offset = 0;
    std::span<const double> times;
    std::span<const double> values;
    std::span<const int64_t> neurons;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::file>("",
                          "the recording: a SONATA report, an NWB time series, or text in columns, parted by commas, "
                          "semicolons, tabs or blanks; lines that begin with # are passed over",
                          file_name),
          field<&P::files>("", "or several recordings, one a trial; what lies beyond the end of its trial is left out",
                           file_name),
          field<&P::trial>("ms", "files: time from one to the next", at_least(0)),
          field<&P::series>(
              "", "SONATA: the report's population, NWB: the path of the time series; the only one when empty"),
          field<&P::time_column>("",
                                 "text: the column of the times; its number, from 0, where no line names the columns"),
          field<&P::value_column>("",
                                  "text: the column of the current that is for all, pA; empty: each column but that of "
                                  "the times is a neuron's, named by its number from 0, and a single one is for all"),
          field<&P::time_scale>("ms", "text: what the times count: 0.2 ms for samples at 5 kHz", above(0)),
          field<&P::offset>("ms", "added to each time"),
          field<&P::times>("ms", "the samples' times, ascending, where there is no file", filled_from_file),
          field<&P::values>("pA",
                            "and the currents, sample by sample: one for all targets, or one for each of `neurons`",
                            filled_from_file),
          field<&P::neurons>("1", "numbers of these neurons, ascending from 0; empty: one current for all",
                             filled_from_file, at_least(0))};
    }
  };

  std::span<const double> times, values;
  std::span<const int64_t> neurons;
  size_t width;
  double offset, half_step, end_time;

  current_replay(const Parameters& p, const StimulusSetup& setup)
      : times(p.times),
        values(p.values),
        neurons(p.neurons),
        width(std::max<size_t>(1, p.neurons.size())),
        offset(p.offset),
        half_step(setup.dt / 2),
        end_time(times.size() < 2 ? 1e300 : 2 * times.back() - times[times.size() - 2]) {
    if (values.size() != times.size() * width)
      throw std::invalid_argument("values must hold one current for each time and neuron");
    if (!std::is_sorted(times.begin(), times.end())) throw std::invalid_argument("times must ascend");
    if (std::any_of(values.begin(), values.end(), [](double value) { return std::fabs(value) > std::numeric_limits<float>::max(); }))
      throw std::invalid_argument("a current is too large");
    if (!std::is_sorted(neurons.begin(), neurons.end())) throw std::invalid_argument("neurons must ascend");
  }

  /// The sample that holds in a step; null where none does.
  const double* sample(const Instant& at) const {
    const double time = at.time + half_step - offset;
    const auto next = std::upper_bound(times.begin(), times.end(), time);
    return next == times.begin() || time > end_time
               ? nullptr
               : values.data() + static_cast<size_t>(next - times.begin() - 1) * width;
  }

  double common(const Instant& at) const {
    const double* row = sample(at);
    double sum = 0;
    for (size_t k = 0; row && k < width; ++k) sum += row[k];
    return sum / static_cast<double>(width);
  }

  void fill(double mean, const Instant& at, int32_t begin, int32_t end, float* currents) const {
    std::fill_n(currents, end - begin, neurons.empty() ? static_cast<float>(mean) : 0.f);
    const double* row = sample(at);
    if (!row) return;
    for (auto i = std::lower_bound(neurons.begin(), neurons.end(), begin); i != neurons.end() && *i < end; ++i)
      currents[*i - begin] = static_cast<float>(row[i - neurons.begin()]);
  }
};

PROXON_PLUGIN(stimulus, current_replay, current_replay)
