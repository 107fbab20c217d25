#include <algorithm>
#include <proxon/plugin/connectivity.hpp>
#include <stdexcept>
#include <string>
#include <vector>

using namespace proxon;

struct small_world {
  static constexpr Documentation about{
      .summary =
          "A ring in which each neuron reaches its nearest neighbours, and some of these synapses are moved to targets "
          "drawn at random.",
      .equation =
          "i -> i +- 1 ... i +- degree / 2 on the ring; each moved with probability rewiring to a target that i does "
          "not reach yet",
      .reference = "Watts & Strogatz 1998, Nature 393:440, doi:10.1038/30918; SmallWorldConnector of PyNN"};
  static constexpr Axis axis = Axis::source;

  struct Parameters {
    int64_t degree = 2;
    double rewiring = 0;
    bool allow_autapses = false;
    bool allow_multapses = false;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::degree>("1", "neighbours that each neuron reaches, half of them on either side; even",
                                          required, between(0, 2147483646)),
                        field<&P::rewiring>("1", "probability that a synapse is moved", between(0, 1)),
                        field<&P::allow_autapses>("1", "whether a moved synapse may end at its own neuron"),
                        field<&P::allow_multapses>("1", "whether a moved synapse may end where another does already")};
    }
  };

  int32_t neurons, half;
  double rewiring;
  bool autapses, multapses;

  small_world(const Parameters& p, const ConnectivitySetup& setup)
      : neurons(setup.sources),
        half(static_cast<int32_t>(p.degree / 2)),
        rewiring(p.rewiring),
        autapses(p.allow_autapses),
        multapses(p.allow_multapses) {
    if (!setup.same_population) throw std::invalid_argument("needs a projection from a population to itself");
    if (p.degree % 2) throw std::invalid_argument("degree is " + std::to_string(p.degree) + ", and must be even");
    if (p.degree > neurons - 1)
      throw std::invalid_argument("degree is " + std::to_string(p.degree) + " and a neuron has " +
                                  std::to_string(neurons - 1) + " neighbours; lower it");
  }

  int64_t count(int32_t) const { return 2 * int64_t{half}; }

  template <class Emit>
  void connect(int32_t source, Random& random, Emit&& emit) const {
    // The neighbours that stay; they and the neuron itself are what a moved synapse must not take.
    std::vector<int32_t> taken;
    int64_t moved = 0;
    for (int32_t step = -half; step <= half; ++step) {
      if (step == 0) continue;
      if (random.uniform() < rewiring) {
        ++moved;
        continue;
      }
      const auto neighbour = static_cast<int32_t>((int64_t{source} + step + neurons) % neurons);
      emit(neighbour);
      if (!multapses) taken.push_back(neighbour);
    }
    if (!autapses) taken.push_back(source);
    std::sort(taken.begin(), taken.end());

    // The others: numbers among those that are free, moved past the taken ones.
    const int64_t left = neurons - static_cast<int64_t>(taken.size());
    size_t passed = 0;
    auto give = [&](int64_t j) {
      while (passed < taken.size() && taken[passed] <= j + static_cast<int64_t>(passed)) ++passed;
      emit(static_cast<int32_t>(j + static_cast<int64_t>(passed)));
    };
    if (!multapses) return choose(left, moved, random, give);
    for (; moved > 0; --moved) passed = 0, give(random.below(static_cast<uint32_t>(left)));
  }
};

PROXON_PLUGIN(connectivity, small_world, small_world)
