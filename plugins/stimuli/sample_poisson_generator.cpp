#include <proxon/base/random_bulk.hpp>
#include <proxon/base/sums.hpp>
#include <proxon/plugin/stimulus.hpp>
#include <stdexcept>

using namespace proxon;

struct sample_poisson_generator {
  static constexpr Documentation about{
      .summary = "Shows labelled samples, such as images, one after the other: for `exposure` each target fires as a "
                 "Poisson process whose rate is its value in the sample, then nothing for `rest`. The samples and "
                 "their order are those of the tables [stimuli.NAME.samples.PHASE]; after the last one there is "
                 "nothing. The signal is the number of the label, from 1; 0 in between. With `total` all samples drive their "
                 "targets equally, whether they are bright or dim.",
      .equation = "spike of target i in a step with probability r v_i dt, v_i its value in the sample;  r = rate, or total / sum_i v_i",
      .reference = "Diehl & Cook 2015, Frontiers in Computational Neuroscience 9:99, doi:10.3389/fncom.2015.00099"};
  static constexpr Emits emits = Emits::spikes;
  static constexpr const char* signal_unit = "1";
  static constexpr bool shows_samples = true;

  struct Parameters {
    double rate = 0.25;
    double total = 0;
    double exposure = 350;
    double rest = 150;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::rate>("Hz", "rate for a value of 1: 0.25 Hz gives bytes up to 63.75 Hz", above(0)),
                        field<&P::total>("Hz", "sum of the targets' rates that each sample is brightened or dimmed to, in place of rate; 0: as they are",
                                         at_least(0)),
                        field<&P::exposure>("ms", "time for which a sample is shown", above(0)),
                        field<&P::rest>("ms", "time after it in which nothing is", at_least(0))};
    }
  };

  ShownSamples samples;
  double per_step, total, exposure, period, half_step;

  sample_poisson_generator(const Parameters& p, const StimulusSetup& setup)
      : per_step(p.rate * setup.dt * 1e-3), total(p.total * setup.dt * 1e-3), exposure(p.exposure), period(p.exposure + p.rest), half_step(setup.dt / 2) {
    if (!setup.samples)
      throw std::invalid_argument("there is nothing to show: name files in tables [stimuli.NAME.samples.PHASE]");
    samples = *setup.samples;
    for (int64_t number = 0; number < samples.samples; ++number) {
      const float* values = of(number);
      const double factor = factor_of(values);
      for (int64_t i = 0; i < samples.columns; ++i)
        if (!(values[i] >= 0 && values[i] * factor <= 1))
          throw std::invalid_argument("a value of a sample gives a probability of a spike in a step that is not between "
                                      "0 and 1: values must not be negative, and rate times the largest one (with total: its "
                                      "share of it) must be below 1 / dt");
    }
  }

  const float* of(int64_t number) const { return samples.values + number * samples.columns; }

  /// Probability of a spike in a step for a value of 1.
  double factor_of(const float* values) const {
    if (total == 0) return per_step;
    const auto sum = sum_in_parts<double>(samples.columns, [values](int64_t i) { return values[i]; });
    return sum > 0 ? total / sum : 0;
  }

  double common(const Instant& at) const {
    const double time = at.time + half_step;  // the middle of the step: safe from rounding
    const auto number = static_cast<int64_t>(time / period);
    if (number >= samples.presentations || time - static_cast<double>(number) * period >= exposure) return 0;
    return 1 + samples.label[samples.order[number]];
  }

  void fill(double, const Instant& at, int32_t begin, int32_t end, float* spikes) const {
    const auto number = static_cast<int64_t>((at.time + half_step) / period);
    const float* values = of(samples.order[number]);
    const auto scale = static_cast<float>(factor_of(values) * 0x1p32);
    for_random_bits(at.key, at.step, begin, end, [&](const uint32_t* bits, int32_t first, int32_t n) {
      for (int32_t k = 0; k < n; ++k)
        spikes[first - begin + k] = static_cast<float>(bits[k]) < values[first + k] * scale ? 1.f : 0.f;
    });
  }
};

PROXON_PLUGIN(stimulus, sample_poisson_generator, sample_poisson_generator)
