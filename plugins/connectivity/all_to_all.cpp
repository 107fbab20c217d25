#include <proxon/plugin/connectivity.hpp>

using namespace proxon;

struct all_to_all {
  static constexpr Documentation about{.summary = "Every source connects to every target."};
  static constexpr Axis axis = Axis::source;

  struct Parameters {
    bool allow_autapses = true;
    static constexpr auto fields() {
      return std::tuple{field<&Parameters::allow_autapses>("1", "whether a neuron may connect to itself")};
    }
  };

  int32_t targets;
  bool skip_self;

  all_to_all(const Parameters& p, const ConnectivitySetup& setup)
      : targets(setup.targets), skip_self(setup.same_population && !p.allow_autapses) {}

  int64_t count(int32_t) const { return targets - skip_self; }

  template <class Emit>
  void connect(int32_t source, Random&, Emit&& emit) const {
    for (int32_t j = 0; j < targets; ++j)
      if (!(skip_self && j == source)) emit(j);
  }
};

PROXON_PLUGIN(connectivity, all_to_all, all_to_all)
