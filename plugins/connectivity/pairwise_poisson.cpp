#include <cmath>
#include <proxon/plugin/connectivity.hpp>
#include <stdexcept>

using namespace proxon;

struct pairwise_poisson {
  static constexpr Documentation about{
      .summary = "Each pair of a source and a target has a Poisson number of synapses, independently.",
      .equation =
          "synapses of a source ~ Poisson(targets x pairwise_avg_num_conns), each to a target drawn at random: the "
          "same law",
      .reference = "the rule of this name in NEST: https://nest-simulator.readthedocs.io"};
  static constexpr Axis axis = Axis::source;

  struct Parameters {
    double pairwise_avg_num_conns = 0;
    bool allow_autapses = true;
    bool allow_multapses = true;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::pairwise_avg_num_conns>("1", "mean number of synapses of a pair", required, at_least(0)),
          field<&P::allow_autapses>("1", "whether a neuron may connect to itself"),
          field<&P::allow_multapses>("1", "must be true: a Poisson number may be above 1")};
    }
  };

  int32_t candidates;  // targets of a source; its own number is left out by moving the later ones down
  bool skip_self;
  double mean;

  pairwise_poisson(const Parameters& p, const ConnectivitySetup& setup)
      : candidates(setup.targets - (setup.same_population && !p.allow_autapses)),
        skip_self(setup.same_population && !p.allow_autapses),
        mean(p.pairwise_avg_num_conns * candidates) {
    if (!p.allow_multapses)
      throw std::invalid_argument(
          "a pair may have more than one synapse; set allow_multapses = true, or take pairwise_bernoulli");
    if (!(mean < 1e9))
      throw std::invalid_argument("pairwise_avg_num_conns gives a source more than 1e9 synapses; lower it");
  }

  template <class Emit>
  void connect(int32_t source, Random& random, Emit&& emit) const {
    for (int64_t k = random.poisson(mean); k > 0; --k) {
      const int32_t j = static_cast<int32_t>(random.below(static_cast<uint32_t>(candidates)));
      emit(j + (skip_self && j >= source));
    }
  }
};

PROXON_PLUGIN(connectivity, pairwise_poisson, pairwise_poisson)
