// Throws in the middle of a simulation.
#include <proxon/plugin/neuron.hpp>

#include <stdexcept>

using namespace proxon;

struct ThrowsInStep {
  static constexpr Documentation about{.summary = "Throws where its input is negative."};
  using Parameters = NoParameters;
  struct State {
    double V_m = 0;
    static constexpr auto fields() { return std::tuple{field<&State::V_m>("mV", "membrane potential")}; }
  };
  struct Input {
    float I;
    static constexpr auto fields() { return std::tuple{field<&Input::I>("pA", "current", current)}; }
  };
  ThrowsInStep(const Parameters&, const Step&) {}
  bool step(State&, const Input& in) const {
    if (in.I < 0) throw std::domain_error("the current is negative");
    return false;
  }
};

PROXON_PLUGIN(neuron, throws_in_step, ThrowsInStep)
