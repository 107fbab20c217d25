#include <proxon/plugin/sampler.hpp>

#include <boost/random/sobol.hpp>
#include <stdexcept>
#include <string>

using namespace proxon;

struct sobol {
  static constexpr Documentation about{
      .summary = "Sobol's sequence: any run of it fills the space evenly, best when the number of trials is a power of two. Up to 3,667 axes.",
      .equation = "x_t = XOR of the direction numbers v_k whose bit k is set in t XOR t / 2, then XOR a random shift of each axis",
      .reference = "Joe & Kuo 2008, doi:10.1137/070709359 (direction numbers new-joe-kuo-6.21201)"};

  struct Parameters {
    bool shift = true;
    static constexpr auto fields() {
      return std::tuple{field<&Parameters::shift>("", "shift the points by a random number an axis, bit by bit: another seed gives other points, as evenly spread")};
    }
  };

  SamplerSetup space;
  bool shift;

  sobol(const Parameters& p, const SamplerSetup& setup) : space(setup), shift(p.shift) {
    if (space.axes > max_axes) throw std::runtime_error("has direction numbers for " + std::to_string(max_axes) + " axes");
  }

  static constexpr int64_t max_axes = boost::random::default_sobol_table::max_dimension;
  static constexpr int bits = 52;

  /// Coordinate of point t along an axis, as a whole number of 52 bits. Direction numbers by Bratley & Fox 1988, doi:10.1145/42288.214372.
  static uint64_t element(uint64_t t, size_t axis) {
    using Numbers = boost::random::default_sobol_table;
    const uint64_t gray = t ^ t >> 1;
    uint64_t v[bits], x = 0;
    const uint64_t polynomial = axis == 0 ? 1 : Numbers::polynomial(axis - 1);
    int degree = 0;
    while (polynomial >> (degree + 1)) ++degree;
    for (int k = 0; k < bits && gray >> k; ++k) {
      if (axis == 0) {
        v[k] = uint64_t{1} << (bits - 1 - k);
      } else if (k < degree) {
        v[k] = static_cast<uint64_t>(Numbers::minit(axis - 1, static_cast<size_t>(k))) << (bits - 1 - k);
      } else {
        v[k] = v[k - degree] ^ v[k - degree] >> degree;
        for (int i = 1; i < degree; ++i)
          if (polynomial >> (degree - i) & 1) v[k] ^= v[k - i];
      }
      if (gray >> k & 1) x ^= v[k];
    }
    return x;
  }

  void propose(int64_t trial, const SamplerHistory&, std::span<double> point) const {
    for (size_t a = 0; a < point.size(); ++a) {
      uint64_t x = element(static_cast<uint64_t>(trial), a);
      if (shift) {
        const Block block = random_block(space.key, a, 0);
        x ^= (uint64_t{block[0]} << 32 | block[1]) >> (64 - bits);
      }
      point[a] = at_share(space.axis[a], static_cast<double>(x) / static_cast<double>(uint64_t{1} << bits));
    }
  }
};

PROXON_PLUGIN(sampler, sobol, sobol)
