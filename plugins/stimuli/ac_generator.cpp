#include <cmath>
#include <proxon/plugin/stimulus.hpp>

using namespace proxon;

struct ac_generator {
  static constexpr Documentation about{.summary = "A current that follows a sine.",
                                       .equation =
                                           "I(t) = offset + amplitude sin(2 pi frequency t + phase) for start <= t < "
                                           "stop, else 0; constant within a step, t its middle"};
  static constexpr Emits emits = Emits::current;
  static constexpr const char* signal_unit = "pA";

  struct Parameters {
    double amplitude = 0;
    double offset = 0;
    double frequency = 0;
    double phase = 0;
    double start = 0;
    double stop = 1e300;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::amplitude>("pA", "amplitude of the sine"),
                        field<&P::offset>("pA", "constant part of the current"),
                        field<&P::frequency>("Hz", "frequency of the sine", at_least(0)),
                        field<&P::phase>("deg", "phase of the sine at time 0"),
                        field<&P::start>("ms", "time at which the current begins"),
                        field<&P::stop>("ms", "time at which it ends")};
    }
  };

  double amplitude, offset, radians_per_ms, phase, start, stop, half_step;

  ac_generator(const Parameters& p, const StimulusSetup& setup)
      : amplitude(p.amplitude),
        offset(p.offset),
        radians_per_ms(6.283185307179586e-3 * p.frequency),
        phase(p.phase * 0.017453292519943295),
        start(p.start),
        stop(p.stop),
        half_step(setup.dt / 2) {}

  double common(const Instant& at) const {
    const double time = at.time + half_step;
    return time > start && time < stop ? offset + amplitude * std::sin(radians_per_ms * time + phase) : 0;
  }
};

PROXON_PLUGIN(stimulus, ac_generator, ac_generator)
