#include <proxon/base/random_bulk.hpp>
#include <proxon/plugin/stimulus.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>

using namespace proxon;

struct poisson_generator {
  static constexpr Documentation about{
      .summary = "Independent Poisson spike trains, one a target, of a common rate that is constant or drawn anew at intervals.",
      .equation = "spikes in a step ~ Poisson(r dt);  r = rate, or max(0, Normal(rate, rate_std)) drawn every rate_interval for all targets",
      .reference = "Dayan & Abbott 2001, Theoretical Neuroscience, MIT Press, section 1.4"};
  static constexpr Emits emits = Emits::spikes;
  static constexpr const char* signal_unit = "Hz";

  struct Parameters {
    double rate = 0;
    double rate_std = 0;
    double rate_interval = 100;
    double start = 0;
    double stop = 1e300;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::rate>("Hz", "mean rate of each train", at_least(0)),
                        field<&P::rate_std>("Hz", "standard deviation of the rate from interval to interval", at_least(0)),
                        field<&P::rate_interval>("ms", "time between draws of the rate", above(0)),
                        field<&P::start>("ms", "time of the first spikes"), field<&P::stop>("ms", "time after which there are none")};
    }
  };

  double rate, rate_std, rate_interval, start, stop, dt;

  poisson_generator(const Parameters& p, const StimulusSetup& setup)
      : rate(p.rate), rate_std(p.rate_std), rate_interval(p.rate_interval), start(p.start), stop(p.stop), dt(setup.dt) {
    if (stop < start) throw std::invalid_argument("stop must not lie before start");
  }

  double common(const Instant& at) const {
    const double time = at.time + dt / 2;  // the middle of the step: safe from rounding
    if (time < start || time > stop) return 0;
    if (rate_std == 0) return rate;
    return std::max(0.0, rate + rate_std * normal(at.key, 0, static_cast<uint64_t>(time / rate_interval)));
  }

  void fill(double rate_now, const Instant& at, int32_t begin, int32_t end, float* counts) const {
    fill_poisson(at.key, at.step, begin, end, rate_now * dt * 1e-3, counts);
  }
};

PROXON_PLUGIN(stimulus, poisson_generator, poisson_generator)
