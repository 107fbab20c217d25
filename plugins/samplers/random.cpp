#include <cmath>
#include <proxon/plugin/sampler.hpp>

using namespace proxon;

struct random_search {
  static constexpr Documentation about{
      .summary = "Random search: every trial is drawn anew, whatever the others gave.",
      .equation = "x ~ U(low, high), or log x ~ U(log low, log high)",
      .reference = "Bergstra & Bengio 2012, JMLR 13:281"};
  using Parameters = NoParameters;

  SamplerSetup space;

  random_search(const Parameters&, const SamplerSetup& setup) : space(setup) {}

  void propose(int64_t trial, const SamplerHistory&, std::span<double> point) const {
    for (size_t a = 0; a < point.size(); ++a) {
      const SamplerAxis& axis = space.axis[a];
      const double u = uniform(space.key, uint64_t(trial), a);
      if (axis.choices > 0) {
        point[a] = std::floor(u * double(axis.choices));
      } else if (axis.whole) {
        point[a] = axis.low + std::floor(u * (axis.high - axis.low + 1));
      } else if (axis.logarithmic) {
        point[a] = std::min(axis.high, axis.low * std::pow(axis.high / axis.low, u));
      } else {
        point[a] = axis.low + u * (axis.high - axis.low);
      }
    }
  }
};

PROXON_PLUGIN(sampler, random, random_search)
