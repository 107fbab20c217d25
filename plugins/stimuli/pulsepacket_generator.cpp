#include <algorithm>
#include <cmath>
#include <proxon/plugin/stimulus.hpp>
#include <stdexcept>

using namespace proxon;

struct pulsepacket_generator {
  static constexpr Documentation about{
      .summary = "Packets of spikes around given times, the same for all targets.",
      .equation =
          "packet k: activity spikes at pulse_times[k] + sdev N_i, N_i ~ Normal(0, 1), each at the nearest step",
      .reference = "Diesmann, Gewaltig & Aertsen 1999, Nature 402:529, doi:10.1038/990101"};
  static constexpr Emits emits = Emits::spikes;
  static constexpr const char* signal_unit = "1";

  struct Parameters {
    std::span<const double> pulse_times;
    int64_t activity = 0;
    double sdev = 0;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::pulse_times>("ms", "centres of the packets, ascending", required),
                        field<&P::activity>("1", "spikes of a packet", between(0, 1'000'000)),
                        field<&P::sdev>("ms", "standard deviation of the spikes' times within a packet", at_least(0))};
    }
  };

  std::span<const double> times;
  int64_t activity;
  double sdev, dt;

  pulsepacket_generator(const Parameters& p, const StimulusSetup& setup)
      : times(p.pulse_times), activity(p.activity), sdev(p.sdev), dt(setup.dt) {
    if (!std::is_sorted(times.begin(), times.end())) throw std::invalid_argument("pulse_times must ascend");
  }

  /// Of the packets that can reach this step (normal() gives no value beyond 8.6), the spikes whose nearest step ends
  /// it.
  double common(const Instant& at) const {
    const double arrival = at.time + dt, reach = 9 * sdev + dt;
    int64_t count = 0;
    for (auto t = std::lower_bound(times.begin(), times.end(), arrival - reach);
         t != times.end() && *t <= arrival + reach; ++t) {
      const auto packet = static_cast<uint64_t>(t - times.begin());
      for (int64_t i = 0; i < activity; ++i) {
        const double time = sdev > 0 ? *t + sdev * normal(at.key, uint64_t(i), packet) : *t;
        count += std::llround(time / dt) == at.step + 1;
      }
    }
    return static_cast<double>(count);
  }
};

PROXON_PLUGIN(stimulus, pulsepacket_generator, pulsepacket_generator)
