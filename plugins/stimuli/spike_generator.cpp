#include <proxon/plugin/stimulus.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

using namespace proxon;

struct spike_generator {
  static constexpr Documentation about{.summary = "Spikes at given times, the same for all targets.",
                                       .equation = "the spike at spike_times[k] arrives at that time, spike_multiplicities[k] times (default: once)"};
  static constexpr Emits emits = Emits::spikes;
  static constexpr const char* signal_unit = "1";

  struct Parameters {
    std::span<const double> spike_times;
    std::span<const int64_t> spike_multiplicities;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::spike_times>("ms", "times of the spikes, ascending multiples of the step", required, above(0)),
                        field<&P::spike_multiplicities>("1", "how many spikes each of them stands for; empty: one", at_least(0))};
    }
  };

  std::span<const double> times;
  std::span<const int64_t> multiplicities;
  double dt;

  spike_generator(const Parameters& p, const StimulusSetup& setup)
      : times(p.spike_times), multiplicities(p.spike_multiplicities), dt(setup.dt) {
    if (!multiplicities.empty() && multiplicities.size() != times.size())
      throw std::invalid_argument("spike_multiplicities must be empty or as long as spike_times");
    if (!std::is_sorted(times.begin(), times.end())) throw std::invalid_argument("spike_times must ascend");
    for (double t : times) {
      if (!(t > dt / 2)) throw std::invalid_argument("spike_times must lie after 0");
      if (std::abs(t / dt - std::round(t / dt)) > 1e-6 * std::max(1.0, t / dt))
        throw std::invalid_argument("spike_times must be multiples of the simulation's step");
    }
  }

  double common(const Instant& at) const {
    // Those within half a step of the end of this step.
    double count = 0;
    for (auto t = std::lower_bound(times.begin(), times.end(), at.time + dt / 2); t != times.end() && *t < at.time + 1.5 * dt; ++t)
      count += multiplicities.empty() ? 1 : static_cast<double>(multiplicities[static_cast<size_t>(t - times.begin())]);
    return count;
  }
};

PROXON_PLUGIN(stimulus, spike_generator, spike_generator)
