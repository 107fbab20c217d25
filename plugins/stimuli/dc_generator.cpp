#include <proxon/plugin/stimulus.hpp>

using namespace proxon;

struct dc_generator {
  static constexpr Documentation about{.summary = "A constant current.",
                                       .equation = "I(t) = amplitude for start <= t < stop, else 0"};
  static constexpr Emits emits = Emits::current;
  static constexpr const char* signal_unit = "pA";

  struct Parameters {
    double amplitude = 0;
    double start = 0;
    double stop = 1e300;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::amplitude>("pA", "the current"),
                        field<&P::start>("ms", "time at which the current begins"),
                        field<&P::stop>("ms", "time at which it ends")};
    }
  };

  double amplitude, start, stop, half_step;

  dc_generator(const Parameters& p, const StimulusSetup& setup)
      : amplitude(p.amplitude), start(p.start), stop(p.stop), half_step(setup.dt / 2) {}

  double common(const Instant& at) const {
    return at.time + half_step > start && at.time + half_step < stop ? amplitude : 0;
  }
};

PROXON_PLUGIN(stimulus, dc_generator, dc_generator)
