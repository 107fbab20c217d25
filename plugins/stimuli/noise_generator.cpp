#include <proxon/plugin/stimulus.hpp>

#include <cmath>
#include <stdexcept>

using namespace proxon;

struct noise_generator {
  static constexpr Documentation about{
      .summary = "Gaussian white noise current, constant for intervals of dt; every target has its own.",
      .equation = "I(t) = mean + std N_j, N_j ~ Normal(0, 1) drawn anew for each interval [j dt, (j + 1) dt)",
      .reference = "as NEST's model of this name; Rotter & Diesmann 1999, Biological Cybernetics 81:381, doi:10.1007/s004220050570"};
  static constexpr Emits emits = Emits::current;
  static constexpr const char* signal_unit = "pA";

  struct Parameters {
    double mean = 0;
    double std = 0;
    double dt = 1;
    double start = 0;
    double stop = 1e300;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::mean>("pA", "mean of the current"),
                        field<&P::std>("pA", "standard deviation of the current", at_least(0)),
                        field<&P::dt>("ms", "time between changes of the current, a multiple of the simulation's step", above(0)),
                        field<&P::start>("ms", "time at which the current begins"), field<&P::stop>("ms", "time at which it ends")};
    }
  };

  double mean, std, start, stop, half_step;
  int64_t steps;  // between changes

  noise_generator(const Parameters& p, const StimulusSetup& setup)
      : mean(p.mean), std(p.std), start(p.start), stop(p.stop), half_step(setup.dt / 2), steps(std::llround(p.dt / setup.dt)) {
    if (steps < 1 || std::abs(p.dt / setup.dt - static_cast<double>(steps)) > 1e-6)
      throw std::invalid_argument("dt must be a multiple of the simulation's step");
  }

  bool active(const Instant& at) const { return at.time + half_step > start && at.time + half_step < stop; }

  double common(const Instant& at) const { return active(at) ? mean : 0; }

  void fill(double now, const Instant& at, int32_t begin, int32_t end, float* currents) const {
    const double deviation = active(at) ? std : 0;
    for (int32_t i = begin; i < end; ++i)
      currents[i - begin] = static_cast<float>(now + deviation * normal(at.key, uint64_t(i) + 1, uint64_t(at.step / steps)));
  }
};

PROXON_PLUGIN(stimulus, noise_generator, noise_generator)
