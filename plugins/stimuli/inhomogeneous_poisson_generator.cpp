#include <algorithm>
#include <proxon/base/random_bulk.hpp>
#include <proxon/plugin/stimulus.hpp>
#include <stdexcept>

using namespace proxon;

struct inhomogeneous_poisson_generator {
  static constexpr Documentation about{
      .summary =
          "Independent Poisson spike trains, one a target, of a common rate that changes at given times; none before "
          "the first.",
      .equation =
          "spikes in a step ~ Poisson(r(t) dt);  r(t) = rate_values[k] for rate_times[k] <= t < rate_times[k + 1]",
      .reference = "the model of this name in NEST: https://nest-simulator.readthedocs.io"};
  static constexpr Emits emits = Emits::spikes;
  static constexpr const char* signal_unit = "Hz";

  struct Parameters {
    std::span<const double> rate_times;
    std::span<const double> rate_values;
    double start = 0;
    double stop = 1e300;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::rate_times>("ms", "times at which the rate changes, ascending", required, at_least(0)),
          field<&P::rate_values>("Hz", "rate of each train from each of these times on", required, at_least(0)),
          field<&P::start>("ms", "time of the first spikes"), field<&P::stop>("ms", "time after which there are none")};
    }
  };

  std::span<const double> times, rates;
  double start, stop, dt;

  inhomogeneous_poisson_generator(const Parameters& p, const StimulusSetup& setup)
      : times(p.rate_times), rates(p.rate_values), start(p.start), stop(p.stop), dt(setup.dt) {
    if (times.size() != rates.size()) throw std::invalid_argument("rate_times and rate_values must be of one length");
    if (!std::is_sorted(times.begin(), times.end())) throw std::invalid_argument("rate_times must ascend");
    if (stop < start) throw std::invalid_argument("stop must not lie before start");
  }

  double common(const Instant& at) const {
    const double time = at.time + dt / 2;  // the middle of the step: safe from rounding
    if (time < start || time > stop) return 0;
    const auto next = std::upper_bound(times.begin(), times.end(), time);
    return next == times.begin() ? 0 : rates[static_cast<size_t>(next - times.begin()) - 1];
  }

  void fill(double rate, const Instant& at, int32_t begin, int32_t end, float* counts) const {
    fill_poisson(at.key, at.step, begin, end, rate * dt * 1e-3, counts);
  }
};

PROXON_PLUGIN(stimulus, inhomogeneous_poisson_generator, inhomogeneous_poisson_generator)
