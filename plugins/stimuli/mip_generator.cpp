#include <proxon/plugin/stimulus.hpp>

using namespace proxon;

struct mip_generator {
  static constexpr Documentation about{
      .summary =
          "Correlated Poisson spike trains: each target gets each spike of one mother train with probability p_copy, "
          "independently.",
      .equation =
          "M ~ Poisson(rate dt) for all targets, then Binomial(M, p_copy) for each: rate p_copy, correlation of two "
          "trains p_copy",
      .reference = "Kuhn, Aertsen & Rotter 2003, Neural Computation 15:67, doi:10.1162/089976603321043702"};
  static constexpr Emits emits = Emits::spikes;
  static constexpr const char* signal_unit = "1";  // spikes of the mother train

  struct Parameters {
    double rate = 0;
    double p_copy = 1;
    double start = 0;
    double stop = 1e300;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::rate>("Hz", "rate of the mother train", at_least(0)),
          field<&P::p_copy>("1", "probability that a target gets a spike of the mother train", between(0, 1)),
          field<&P::start>("ms", "time of the first spikes"), field<&P::stop>("ms", "time after which there are none")};
    }
  };

  double mean, p_copy, start, stop, half_step;

  mip_generator(const Parameters& p, const StimulusSetup& setup)
      : mean(p.rate * setup.dt * 1e-3), p_copy(p.p_copy), start(p.start), stop(p.stop), half_step(setup.dt / 2) {}

  double common(const Instant& at) const {
    if (at.time + half_step < start || at.time + half_step > stop) return 0;
    return static_cast<double>(Random(at.key, 0, static_cast<uint64_t>(at.step)).poisson(mean));
  }

  float each(double mother, Random& random) const {
    return mother > 0 ? static_cast<float>(random.binomial(static_cast<int64_t>(mother), p_copy)) : 0.f;
  }
};

PROXON_PLUGIN(stimulus, mip_generator, mip_generator)
