#include <proxon/plugin/connectivity.hpp>
#include <stdexcept>

using namespace proxon;

struct symmetric_pairwise_bernoulli {
  static constexpr Documentation about{
      .summary =
          "Each two neurons of one population are connected with probability p, independently, and then in both "
          "directions.",
      .equation = "i -> j and j -> i where u_ij < p,  u_ij uniform in [0, 1), drawn once for each pair i < j",
      .reference = "the rule of this name in NEST: https://nest-simulator.readthedocs.io"};
  static constexpr Axis axis = Axis::source;

  struct Parameters {
    double p = 0;
    bool allow_autapses = false;
    static constexpr auto fields() {
      return std::tuple{
          field<&Parameters::p>("1", "probability that two neurons are connected", required, between(0, 1)),
          field<&Parameters::allow_autapses>("1", "must be false: a neuron is no pair")};
    }
  };

  int32_t neurons;
  double p;
  Key key;

  symmetric_pairwise_bernoulli(const Parameters& parameters, const ConnectivitySetup& setup)
      : neurons(setup.sources), p(parameters.p), key(setup.key.with(1)) {
    if (!setup.same_population) throw std::invalid_argument("needs a projection from a population to itself");
    if (parameters.allow_autapses) throw std::invalid_argument("has no autapses; set allow_autapses = false");
  }

  // The draw of a pair is a function of its two numbers, so that each end finds the other without a list of pairs: O(N)
  // a neuron.
  template <class Emit>
  void connect(int32_t i, Random&, Emit&& emit) const {
    if (!(p > 0)) return;
    for (int32_t j = 0; j < neurons; ++j)
      if (j != i && uniform(key, static_cast<uint64_t>(std::min(i, j)), static_cast<uint64_t>(std::max(i, j))) < p)
        emit(j);
  }
};

PROXON_PLUGIN(connectivity, symmetric_pairwise_bernoulli, symmetric_pairwise_bernoulli)
