#include <proxon/plugin/optimizer.hpp>

#include <cmath>

using namespace proxon;

struct rmsprop {
  static constexpr Documentation about{
      .summary = "Steps scaled by a running mean of the squared gradient, with momentum where that is wanted.",
      .equation = "v = rho v + (1 - rho) g^2;  u = momentum u + g / (sqrt(v) + epsilon);  w -= learning_rate u",
      .reference = "Tieleman & Hinton 2012, Neural Networks for Machine Learning, lecture 6.5"};

  struct Parameters {
    double learning_rate = 0.001;
    double rho = 0.99;
    double momentum = 0;
    double epsilon = 1e-8;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::learning_rate>("1", "step of a weight whose gradient stays the same", at_least(0)),
                        field<&P::rho>("1", "decay of the running mean of the squared gradient", at_least(0), below(1)),
                        field<&P::momentum>("1", "share of the velocity that is kept from step to step", at_least(0), below(1)),
                        field<&P::epsilon>("1", "keeps the denominator from 0", above(0))};
    }
  };
  struct State {
    float v, u;
    static constexpr auto fields() {
      return std::tuple{field<&State::v>("1", "mean squared gradient"), field<&State::u>("1", "velocity")};
    }
  };

  float rho, momentum, epsilon;

  rmsprop(const Parameters& p, const OptimizerSetup&) : rho(float(p.rho)), momentum(float(p.momentum)), epsilon(float(p.epsilon)) {}

  float step(float g, State& s, const OptimizerStep& at) const {
    s.v = rho * s.v + (1 - rho) * g * g;
    s.u = momentum * s.u + g / (std::sqrt(s.v) + epsilon);
    return -float(at.learning_rate) * s.u;
  }
};

PROXON_PLUGIN(optimizer, rmsprop, rmsprop)
