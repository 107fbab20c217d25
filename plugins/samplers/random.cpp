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
    for (size_t a = 0; a < point.size(); ++a) point[a] = at_share(space.axis[a], uniform(space.key, static_cast<uint64_t>(trial), a));
  }
};

PROXON_PLUGIN(sampler, random, random_search)
