#include <proxon/plugin/sampler.hpp>

#include <stdexcept>

using namespace proxon;

struct latin_hypercube {
  static constexpr Documentation about{
      .summary = "Latin hypercube: each axis is cut into as many strips as there are trials, and every strip is met once. Trials beyond that begin "
                 "another hypercube.",
      .equation = "u_t = (pi_a(t) + U(0, 1)) / trials, pi_a a random permutation of each axis",
      .reference = "McKay, Beckman & Conover 1979, doi:10.2307/1268522"};

  struct Parameters {
    bool centered = false;
    static constexpr auto fields() { return std::tuple{field<&Parameters::centered>("", "points in the middle of their strips, not anywhere in them")}; }
  };

  SamplerSetup space;
  bool centered;

  latin_hypercube(const Parameters& p, const SamplerSetup& setup) : space(setup), centered(p.centered) {
    if (space.trials < 1) throw std::runtime_error("needs `trials`: the hypercube has as many strips");
  }

  /// A random permutation of [0, n) of which any element can be had by itself: a Feistel network over the next power of four, walked along until
  /// it is back inside (Black & Rogaway 2002, doi:10.1007/3-540-45760-7_9).
  static uint64_t permuted(uint64_t i, uint64_t n, const Key& key, uint64_t which) {
    int half = 1;
    while ((uint64_t{1} << 2 * half) < n) ++half;
    const uint64_t mask = (uint64_t{1} << half) - 1;
    do {
      uint64_t left = i >> half, right = i & mask;
      for (uint64_t round = 0; round < 6; ++round) {
        const uint64_t mixed = random_block(key, right, which * 8 + round, 1)[0] & mask;
        left ^= mixed;
        std::swap(left, right);
      }
      i = left << half | right;
    } while (i >= n);
    return i;
  }

  void propose(int64_t trial, const SamplerHistory&, std::span<double> point) const {
    const auto n = static_cast<uint64_t>(space.trials), t = static_cast<uint64_t>(trial);
    for (size_t a = 0; a < point.size(); ++a) {
      const uint64_t strip = permuted(t % n, n, space.key, t / n * point.size() + a);
      const double within = centered ? 0.5 : uniform(space.key, t, a);
      point[a] = at_share(space.axis[a], (static_cast<double>(strip) + within) / static_cast<double>(n));
    }
  }
};

PROXON_PLUGIN(sampler, latin_hypercube, latin_hypercube)
