#include <proxon/plugin/optimizer.hpp>

#include <cmath>

using namespace proxon;

struct adagrad {
  static constexpr Documentation about{
      .summary = "Adagrad: steps that shrink with the sum of squared gradients, each weight's own.",
      .equation = "G = G + g^2;  w -= learning_rate g / (sqrt(G) + epsilon)",
      .reference = "Duchi, Hazan & Singer 2011, JMLR 12:2121"};

  struct Parameters {
    double learning_rate = 0.01;
    double epsilon = 1e-10;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::learning_rate>("1", "first step of every weight", at_least(0)),
                        field<&P::epsilon>("1", "keeps the denominator from 0", above(0))};
    }
  };
  struct State {
    float G;
    static constexpr auto fields() { return std::tuple{field<&State::G>("1", "sum of squared gradients")}; }
  };

  float epsilon;

  adagrad(const Parameters& p, const OptimizerSetup&) : epsilon(float(p.epsilon)) {}

  float step(float g, State& s, const OptimizerStep& at) const {
    s.G += g * g;
    return -float(at.learning_rate) * g / (std::sqrt(s.G) + epsilon);
  }
};

PROXON_PLUGIN(optimizer, adagrad, adagrad)
