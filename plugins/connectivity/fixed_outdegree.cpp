#include <proxon/plugin/connectivity.hpp>
#include <stdexcept>
#include <string>

using namespace proxon;

struct fixed_outdegree {
  static constexpr Documentation about{
      .summary = "Every source sends the same number of synapses, to targets drawn at random.",
      .reference = "the rule of this name in NEST: https://nest-simulator.readthedocs.io"};
  static constexpr Axis axis = Axis::source;

  struct Parameters {
    int64_t outdegree = 1;
    bool allow_autapses = true;
    bool allow_multapses = true;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::outdegree>("1", "synapses that each source sends", required, between(0, 2147483647)),
          field<&P::allow_autapses>("1", "whether a neuron may connect to itself"),
          field<&P::allow_multapses>("1", "whether a target may be drawn more than once for a source")};
    }
  };

  int64_t outdegree;
  int32_t
      candidates;  // targets that a source draws from; its own number is left out of them by moving the later ones down
  bool skip_self, repeat;

  fixed_outdegree(const Parameters& p, const ConnectivitySetup& setup)
      : outdegree(p.outdegree),
        candidates(setup.targets - (setup.same_population && !p.allow_autapses)),
        skip_self(setup.same_population && !p.allow_autapses),
        repeat(p.allow_multapses) {
    if (outdegree > (repeat ? int64_t{candidates > 0} * outdegree : candidates))
      throw std::invalid_argument("outdegree is " + std::to_string(outdegree) + " and there are " +
                                  std::to_string(candidates) +
                                  " targets to draw from; lower it, or set allow_multapses = true");
  }

  int64_t count(int32_t) const { return outdegree; }

  template <class Emit>
  void connect(int32_t source, Random& random, Emit&& emit) const {
    auto give = [&](int64_t j) { emit(static_cast<int32_t>(j + (skip_self && j >= source))); };
    if (!repeat) return choose(candidates, outdegree, random, give);
    for (int64_t k = 0; k < outdegree; ++k) give(random.below(static_cast<uint32_t>(candidates)));
  }
};

PROXON_PLUGIN(connectivity, fixed_outdegree, fixed_outdegree)
