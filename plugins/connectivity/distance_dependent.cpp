#include <cmath>
#include <proxon/base/random_bulk.hpp>
#include <proxon/plugin/connectivity.hpp>
#include <stdexcept>

using namespace proxon;

struct distance_dependent {
  static constexpr Documentation about{
      .summary =
          "Each pair of a source and a target is connected with a probability that falls with their distance, "
          "independently.",
      .equation =
          "p(d) = p0 exp(-d^2 / (2 length^2)) (gaussian),  p0 exp(-d / length) (exponential),  p0 for d <= length "
          "(box); "
          "0 for d > cutoff",
      .reference = "Hellwig 2000, Biological Cybernetics 82:111, doi:10.1007/PL00007964; NEST's spatial networks"};
  static constexpr Axis axis = Axis::source;

  struct Parameters {
    std::string_view kernel = "gaussian";
    double p0 = 1;
    double length = 0;
    double cutoff = 1e300;
    bool allow_autapses = true;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::kernel>("", "how the probability falls with distance", one_of("gaussian|exponential|box")),
          field<&P::p0>("1", "probability at distance 0", between(0, 1)),
          field<&P::length>("um", "standard deviation (gaussian), decay length (exponential) or radius (box)", required,
                            above(0)),
          field<&P::cutoff>("um", "no connections beyond this distance", above(0)),
          field<&P::allow_autapses>("1", "whether a neuron may connect to itself")};
    }
  };

  enum Kernel { gaussian, exponential, box } kernel;
  Space space;
  int32_t targets;
  bool skip_self;
  double p0, length, reach;
  Key key;

  distance_dependent(const Parameters& p, const ConnectivitySetup& setup)
      : kernel(p.kernel == "box"           ? box
               : p.kernel == "exponential" ? exponential
                                           : gaussian),
        space(setup.space),
        targets(setup.targets),
        skip_self(setup.same_population && !p.allow_autapses),
        p0(p.p0),
        length(p.length),
        key(setup.key.with(1)) {
    if (space.dimensions == 0)
      throw std::invalid_argument(
          "needs the positions of both populations; give each a table [network.populations.NAME.positions]");
    // Beyond it the probability is below 2^-32, which no draw of 32 bits reaches.
    const double decay = 32 * std::log(2.0);
    reach = std::min(p.cutoff, kernel == box        ? length
                               : kernel == gaussian ? length * std::sqrt(2 * decay)
                                                    : length * decay);
  }

  double probability(double d) const {
    if (d > reach) return 0;
    const double x = d / length;
    return kernel == box ? p0 : p0 * std::exp(kernel == gaussian ? -x * x / 2 : -x);
  }

  template <class Emit>
  void connect(int32_t source, Random&, Emit&& emit) const {
    for_random_bits(key, source, 0, targets, [&](const uint32_t* bits, int32_t first, int32_t n) {
      for (int32_t k = 0; k < n; ++k) {
        const int32_t target = first + k;
        const double p = probability(space.distance(source, target));
        if (bits[k] < p * 0x1p32 && !(skip_self && target == source)) emit(target);
      }
    });
  }
};

PROXON_PLUGIN(connectivity, distance_dependent, distance_dependent)
