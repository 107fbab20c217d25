// A small neuron that is right in itself; each target of this folder builds it wrong in one way (see ../CMakeLists.txt).
#include <proxon/plugin/neuron.hpp>

using namespace proxon;

struct Neuron {
  static constexpr Documentation about{.summary = "Fires in every step in which its input is positive."};
  struct Parameters {
    double threshold = 0;
    static constexpr auto fields() { return std::tuple{field<&Parameters::threshold>("pA", "input above which it fires")}; }
  };
  struct State {
    double last = 0;
    static constexpr auto fields() { return std::tuple{field<&State::last>("pA", "input of the last step")}; }
  };
  struct Input {
    float I;
    static constexpr auto fields() { return std::tuple{field<&Input::I>("pA", "current", current)}; }
  };

  double threshold;
  Neuron(const Parameters& p, const Step&) : threshold(p.threshold) {}
  bool step(State& s, const Input& in) const {
    s.last = in.I;
    return in.I > threshold;
  }
};

#define END_OF_PLUGIN(name) PROXON_PLUGIN(neuron, name, Neuron)
END_OF_PLUGIN(NAME)
