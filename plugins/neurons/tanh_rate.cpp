#include <proxon/plugin/neuron.hpp>

#include <cmath>

using namespace proxon;

struct tanh_rate {
  static constexpr Documentation about{
      .summary = "Rate neuron with a hyperbolic tangent as its gain function; without noise.",
      .equation = "tau dX/dt = -lambda X + mu + tanh(g (I + sum_j w_j X_j(t - d_j) - theta)).  Exponential Euler: the drive is held during a "
                  "step. With tau << dt and lambda = 1 it is the map X(t + dt) = mu + tanh(g (I + sum_j w_j X_j - theta)).",
      .reference = "Hahne et al. 2017, Frontiers in Neuroinformatics 11:34, doi:10.3389/fninf.2017.00034"};

  struct Parameters {
    double tau = 10;
    double lambda = 1;
    double mu = 0;
    double g = 1;
    double theta = 0;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::tau>("ms", "time constant of the rate", above(0)),
                        field<&P::lambda>("1", "passive decay of the rate", at_least(0)),
                        field<&P::mu>("1", "mean drive"), field<&P::g>("1", "gain: slope of the tangent at its middle"),
                        field<&P::theta>("1", "input at which the tangent is 0")};
    }
  };

  struct State {
    double rate = 0;
    static constexpr auto fields() { return std::tuple{field<&State::rate>("1", "rate X")}; }
  };

  struct Input {
    float rate, I;
    static constexpr auto fields() {
      return std::tuple{field<&Input::rate>("1", "sum of the weighted rates that arrive", rate_input),
                        field<&Input::I>("1", "drive from outside", current)};
    }
  };

  double decay, growth, mu, g, theta;

  tanh_rate(const Parameters& p, const Step& step)
      : decay(std::exp(-p.lambda * step.dt / p.tau)),
        growth(p.lambda > 0 ? -std::expm1(-p.lambda * step.dt / p.tau) / p.lambda : step.dt / p.tau),
        mu(p.mu),
        g(p.g),
        theta(p.theta) {}

  double activity(const State& s) const { return s.rate; }

  double step(State& s, const Input& in) const {
    s.rate = decay * s.rate + growth * (mu + std::tanh(g * (double{in.rate} + in.I - theta)));
    return s.rate;
  }
};

PROXON_PLUGIN(neuron, tanh_rate, tanh_rate)
