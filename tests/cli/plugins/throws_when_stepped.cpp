// A neuron that throws in the middle of a simulation: at the step that its parameter names.
#include <proxon/plugin/neuron.hpp>
#include <stdexcept>

using namespace proxon;

struct ThrowsWhenStepped {
  static constexpr Documentation about{.summary = "Throws at one step."};
  struct Parameters {
    int64_t at = 1000;
    static constexpr auto fields() { return std::tuple{field<&Parameters::at>("1", "step at which it throws")}; }
  };
  struct State {
    double steps = 0;
    static constexpr auto fields() { return std::tuple{field<&State::steps>("1", "steps made so far")}; }
  };
  struct Input {
    float I;
    static constexpr auto fields() { return std::tuple{field<&Input::I>("pA", "current", current)}; }
  };
  double at;
  ThrowsWhenStepped(const Parameters& p, const Step&) : at(double(p.at)) {}
  bool step(State& s, const Input&) const {
    if (++s.steps > at) throw std::domain_error("the potential has left its range");
    return false;
  }
};

PROXON_PLUGIN(neuron, throws_when_stepped, ThrowsWhenStepped)
