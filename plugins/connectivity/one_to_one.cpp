#include <proxon/plugin/connectivity.hpp>
#include <stdexcept>
#include <string>

using namespace proxon;

struct one_to_one {
  static constexpr Documentation about{.summary = "Neuron i connects to neuron i of a population of the same size."};
  static constexpr Axis axis = Axis::source;

  struct Parameters {
    bool allow_autapses = true;
    static constexpr auto fields() {
      return std::tuple{field<&Parameters::allow_autapses>(
          "1", "whether neurons of one population connect to themselves, the only synapses that it can have")};
    }
  };

  bool none;

  one_to_one(const Parameters& p, const ConnectivitySetup& setup) : none(setup.same_population && !p.allow_autapses) {
    if (setup.sources != setup.targets)
      throw std::invalid_argument("needs two populations of one size, and these have " + std::to_string(setup.sources) +
                                  " and " + std::to_string(setup.targets) + " neurons");
  }

  int64_t count(int32_t) const { return !none; }

  template <class Emit>
  void connect(int32_t source, Random&, Emit&& emit) const {
    if (!none) emit(source);
  }
};

PROXON_PLUGIN(connectivity, one_to_one, one_to_one)
