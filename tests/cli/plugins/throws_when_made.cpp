// A neuron that refuses to be made.
#include <proxon/plugin/neuron.hpp>
#include <stdexcept>

using namespace proxon;

struct ThrowsWhenMade {
  static constexpr Documentation about{.summary = "Refuses its parameters."};
  using Parameters = NoParameters;
  struct State {
    double V_m = 0;
    static constexpr auto fields() { return std::tuple{field<&State::V_m>("mV", "membrane potential")}; }
  };
  struct Input {
    float I;
    static constexpr auto fields() { return std::tuple{field<&Input::I>("pA", "current", current)}; }
  };
  ThrowsWhenMade(const Parameters&, const Step&) { throw std::invalid_argument("tau_m must not be equal to tau_syn"); }
  bool step(State&, const Input&) const { return false; }
};

PROXON_PLUGIN(neuron, throws_when_made, ThrowsWhenMade)
