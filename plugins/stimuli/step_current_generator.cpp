#include <proxon/plugin/stimulus.hpp>

#include <algorithm>
#include <stdexcept>

using namespace proxon;

struct step_current_generator {
  static constexpr Documentation about{.summary = "A current that changes at given times and is constant between them; 0 before the first.",
                                       .equation = "I(t) = amplitude_values[k] for amplitude_times[k] <= t < amplitude_times[k + 1]"};
  static constexpr Emits emits = Emits::current;
  static constexpr const char* signal_unit = "pA";

  struct Parameters {
    std::span<const double> amplitude_times;
    std::span<const double> amplitude_values;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::amplitude_times>("ms", "times at which the current changes, ascending", required, at_least(0)),
                        field<&P::amplitude_values>("pA", "current from each of these times on", required)};
    }
  };

  std::span<const double> times, values;
  double half_step;

  step_current_generator(const Parameters& p, const StimulusSetup& setup)
      : times(p.amplitude_times), values(p.amplitude_values), half_step(setup.dt / 2) {
    if (times.size() != values.size()) throw std::invalid_argument("amplitude_times and amplitude_values must be of one length");
    if (!std::is_sorted(times.begin(), times.end())) throw std::invalid_argument("amplitude_times must ascend");
  }

  double common(const Instant& at) const {
    // Half a step of slack: 0.3 ms is the third step of 0.1 ms whatever the rounding.
    const auto next = std::upper_bound(times.begin(), times.end(), at.time + half_step);
    return next == times.begin() ? 0 : values[static_cast<size_t>(next - times.begin()) - 1];
  }
};

PROXON_PLUGIN(stimulus, step_current_generator, step_current_generator)
