#include <cmath>
#include <proxon/plugin/connectivity.hpp>

using namespace proxon;

struct pairwise_bernoulli {
  static constexpr Documentation about{
      .summary = "Each pair of a source and a target is connected with probability p, independently.",
      .equation = "gap to the next target of a source = 1 + floor(ln(u) / ln(1 - p)),  u uniform in (0, 1]",
      .reference = "Batagelj & Brandes 2005, Physical Review E 71:036113, doi:10.1103/PhysRevE.71.036113"};
  static constexpr Axis axis = Axis::source;

  struct Parameters {
    double p = 0;
    bool allow_autapses = true;
    static constexpr auto fields() {
      return std::tuple{field<&Parameters::p>("1", "probability that a pair is connected", required, between(0, 1)),
                        field<&Parameters::allow_autapses>("1", "whether a neuron may connect to itself")};
    }
  };

  int32_t targets;
  bool skip_self;
  double p, inverse_log;

  pairwise_bernoulli(const Parameters& parameters, const ConnectivitySetup& setup)
      : targets(setup.targets),
        skip_self(setup.same_population && !parameters.allow_autapses),
        p(parameters.p),
        inverse_log(1 / std::log1p(-parameters.p)) {}

  template <class Emit>
  void connect(int32_t source, Random& random, Emit&& emit) const {
    if (!(p > 0)) return;
    // At p = 1 the inverse is -0 and every gap is 1.
    for (double j = -1;;) {
      j += 1 + std::floor(std::log(1.0 - random.uniform()) * inverse_log);
      if (!(j < targets)) return;
      if (const auto target = static_cast<int32_t>(j); !(skip_self && target == source)) emit(target);
    }
  }
};

PROXON_PLUGIN(connectivity, pairwise_bernoulli, pairwise_bernoulli)
