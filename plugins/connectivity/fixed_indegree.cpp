#include <proxon/plugin/connectivity.hpp>
#include <stdexcept>
#include <string>

using namespace proxon;

struct fixed_indegree {
  static constexpr Documentation about{
      .summary = "Every target receives the same number of synapses, from sources drawn at random.",
      .reference = "the rule of this name in NEST: https://nest-simulator.readthedocs.io"};
  static constexpr Axis axis = Axis::target;

  struct Parameters {
    int64_t indegree = 1;
    bool allow_autapses = true;
    bool allow_multapses = true;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::indegree>("1", "synapses that each target receives", required, between(0, 2147483647)),
          field<&P::allow_autapses>("1", "whether a neuron may connect to itself"),
          field<&P::allow_multapses>("1", "whether a source may be drawn more than once for a target")};
    }
  };

  int64_t indegree;
  int32_t
      candidates;  // sources that a target draws from; its own number is left out of them by moving the later ones down
  bool skip_self, repeat;

  fixed_indegree(const Parameters& p, const ConnectivitySetup& setup)
      : indegree(p.indegree),
        candidates(setup.sources - (setup.same_population && !p.allow_autapses)),
        skip_self(setup.same_population && !p.allow_autapses),
        repeat(p.allow_multapses) {
    if (indegree > (repeat ? int64_t{candidates > 0} * indegree : candidates))
      throw std::invalid_argument("indegree is " + std::to_string(indegree) + " and there are " +
                                  std::to_string(candidates) +
                                  " sources to draw from; lower it, or set allow_multapses = true");
  }

  int64_t count(int32_t) const { return indegree; }

  template <class Emit>
  void connect(int32_t target, Random& random, Emit&& emit) const {
    auto give = [&](int64_t i) { emit(static_cast<int32_t>(i + (skip_self && i >= target))); };
    if (!repeat) return choose(candidates, indegree, random, give);
    for (int64_t k = 0; k < indegree; ++k) give(random.below(static_cast<uint32_t>(candidates)));
  }
};

PROXON_PLUGIN(connectivity, fixed_indegree, fixed_indegree)
