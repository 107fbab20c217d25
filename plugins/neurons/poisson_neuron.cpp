#include <cmath>
#include <proxon/plugin/neuron.hpp>

using namespace proxon;

struct poisson_neuron {
  static constexpr Documentation about{
      .summary = "Fires as a Poisson process of its own rate, which input raises or lowers; it has no membrane and "
                 "forgets nothing.",
      .equation = "lambda(t) = rate + I(t) + sum_j w_j X_j(t - d_j) in Hz, 0 where that is negative;  fires in a step "
                  "with probability 1 - exp(-lambda dt), so at most once a step: the mean rate is lambda (1 - lambda "
                  "dt / 2) for small lambda dt. The rate is a state variable: each neuron may have its own "
                  "(initial.rate), and it stays as it is.",
      .reference = "Dayan & Abbott 2001, Theoretical Neuroscience, section 1.4"};

  struct Parameters {
    double rate = 0;
    static constexpr auto fields() {
      return std::tuple{field<&Parameters::rate>("Hz", "rate of every neuron that is not given its own", at_least(0))};
    }
  };

  struct State {
    double rate = 0;
    static constexpr auto fields() { return std::tuple{field<&State::rate>("Hz", "rate without input")}; }
  };

  struct Input {
    float I, drive;
    static constexpr auto fields() {
      return std::tuple{
          field<&Input::I>("Hz", "what currents add to the rate, 1 pA as 1 Hz", current),
          field<&Input::drive>("Hz", "what rate neurons add to the rate, weight times activity", rate_input)};
    }
  };

  double rate, per_Hz;

  poisson_neuron(const Parameters& p, const Step& step) : rate(p.rate), per_Hz(-step.dt / 1000) {}

  State initial() const { return {.rate = rate}; }

  bool step(State& s, const Input& in, Random& random) const {
    const double lambda = s.rate + in.I + in.drive;
    if (!(lambda > 0)) return false;
    return random.uniform() < -std::expm1(lambda * per_Hz);
  }
};

PROXON_PLUGIN(neuron, poisson_neuron, poisson_neuron)
