#include <cmath>
#include <proxon/base/random_bulk.hpp>
#include <proxon/plugin/stimulus.hpp>
#include <stdexcept>

using namespace proxon;

struct sinusoidal_poisson_generator {
  static constexpr Documentation about{
      .summary = "Poisson spike trains whose rate follows a sine, independent for each target or one for all.",
      .equation =
          "spikes in a step ~ Poisson(r(t) dt);  r(t) = max(0, rate + amplitude sin(2 pi frequency t + phase)), t the "
          "middle of the step",
      .reference = "the model of this name in NEST: https://nest-simulator.readthedocs.io"};
  static constexpr Emits emits = Emits::spikes;
  static constexpr const char* signal_unit = "Hz";

  struct Parameters {
    double rate = 0;
    double amplitude = 0;
    double frequency = 0;
    double phase = 0;
    bool individual_spike_trains = true;
    double start = 0;
    double stop = 1e300;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::rate>("Hz", "mean rate; the sine is cut off below 0, so that an amplitude above it raises the mean",
                          at_least(0)),
          field<&P::amplitude>("Hz", "amplitude of the rate's sine", at_least(0)),
          field<&P::frequency>("Hz", "frequency of the sine", at_least(0)),
          field<&P::phase>("deg", "phase of the sine at time 0"),
          field<&P::individual_spike_trains>("", "whether each target has a train of its own; else all have the same"),
          field<&P::start>("ms", "time of the first spikes"),
          field<&P::stop>("ms", "time after which there are none")};
    }
  };

  double rate, amplitude, radians_per_ms, phase, start, stop, dt;
  bool individual;

  sinusoidal_poisson_generator(const Parameters& p, const StimulusSetup& setup)
      : rate(p.rate),
        amplitude(p.amplitude),
        radians_per_ms(6.283185307179586e-3 * p.frequency),
        phase(p.phase * 0.017453292519943295),
        start(p.start),
        stop(p.stop),
        dt(setup.dt),
        individual(p.individual_spike_trains) {
    if (stop < start) throw std::invalid_argument("stop must not lie before start");
  }

  double common(const Instant& at) const {
    const double time = at.time + dt / 2;
    if (time < start || time > stop) return 0;
    return std::max(0.0, rate + amplitude * std::sin(radians_per_ms * time + phase));
  }

  void fill(double rate_now, const Instant& at, int32_t begin, int32_t end, float* counts) const {
    const double mean = rate_now * dt * 1e-3;
    if (individual) return fill_poisson(at.key, at.step, begin, end, mean, counts);
    const auto all = static_cast<float>(Random(at.key, 0, static_cast<uint64_t>(at.step)).poisson(mean));
    std::fill_n(counts, end - begin, all);
  }
};

PROXON_PLUGIN(stimulus, sinusoidal_poisson_generator, sinusoidal_poisson_generator)
