#include <algorithm>
#include <cmath>
#include <proxon/plugin/stimulus.hpp>
#include <stdexcept>

using namespace proxon;

struct spike_replay {
  static constexpr Documentation about{
      .summary = "Recorded spikes again: a spike of the recording's neuron i arrives at target i.",
      .equation =
          "the spike at time t arrives at the step nearest to t + offset; those nearest to 0 or before are left out"};
  static constexpr Emits emits = Emits::spikes;
  static constexpr const char* signal_unit = "1";  // spikes of all neurons

  struct Parameters {
    std::string_view file = "";
    std::span<const std::string_view> files;
    double trial = 0;
    std::string_view series = "";
    std::string_view time_column = "time";
    std::string_view neuron_column = "neuron";
    double time_scale = 1;
    double offset = 0;
    std::span<const double> times;
    std::span<const int64_t> neurons;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::file>(
              "",
              "the recording: a SONATA spike file, an NWB file with units, or text in columns, parted by commas, "
              "semicolons, tabs or blanks; lines that begin with # are passed over",
              file_name),
          field<&P::files>("", "or several recordings, one a trial; what lies beyond the end of its trial is left out",
                           file_name),
          field<&P::trial>("ms", "files: time from one to the next", at_least(0)),
          field<&P::series>("", "SONATA: the population whose spikes are read; the only one when empty"),
          field<&P::time_column>("",
                                 "text: the column of the times; its number, from 0, where no line names the columns"),
          field<&P::neuron_column>("", "text: the column of the neurons' numbers, from 0; empty: all spikes are those "
                                       "of neuron 0"),
          field<&P::time_scale>("ms", "text: what the times count: 0.2 ms for samples at 5 kHz", above(0)),
          field<&P::offset>("ms", "added to each time"),
          field<&P::times>("ms", "the spikes' times, ascending, where there is no file", filled_from_file),
          field<&P::neurons>("1", "and which neuron fired, from 0", filled_from_file, at_least(0))};
    }
  };

  std::span<const double> times;
  std::span<const int64_t> neurons;
  double offset, dt;

  spike_replay(const Parameters& p, const StimulusSetup& setup)
      : times(p.times), neurons(p.neurons), offset(p.offset), dt(setup.dt) {
    if (times.size() != neurons.size()) throw std::invalid_argument("times and neurons must be of one length");
    if (!std::is_sorted(times.begin(), times.end())) throw std::invalid_argument("times must ascend");
  }

  /// Numbers of the spikes that arrive at the end of a step.
  std::pair<size_t, size_t> arriving(const Instant& at) const {
    auto before = [&](double t, int64_t step) { return std::round((t + offset) / dt) < static_cast<double>(step); };
    const auto first = std::lower_bound(times.begin(), times.end(), at.step + 1, before);
    const auto last = std::lower_bound(first, times.end(), at.step + 2, before);
    return {static_cast<size_t>(first - times.begin()), static_cast<size_t>(last - times.begin())};
  }

  double common(const Instant& at) const {
    const auto [first, last] = arriving(at);
    return static_cast<double>(last - first);
  }

  void fill(double count, const Instant& at, int32_t begin, int32_t end, float* counts) const {
    std::fill_n(counts, end - begin, 0.f);
    if (count == 0) return;
    const auto [first, last] = arriving(at);
    for (size_t k = first; k < last; ++k)
      if (neurons[k] >= begin && neurons[k] < end) ++counts[neurons[k] - begin];
  }
};

PROXON_PLUGIN(stimulus, spike_replay, spike_replay)
