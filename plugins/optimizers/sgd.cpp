#include <proxon/plugin/optimizer.hpp>

using namespace proxon;

struct sgd {
  static constexpr Documentation about{
      .summary = "Stochastic gradient descent, plain or with momentum (Polyak's or Nesterov's).",
      .equation = "v = momentum v + g;  w -= learning_rate v   (Nesterov: w -= learning_rate (g + momentum v))",
      .reference = "Polyak 1964, doi:10.1016/0041-5553(64)90137-5; Sutskever, Martens, Dahl & Hinton 2013, PMLR 28:1139"};

  struct Parameters {
    double learning_rate = 0.01;
    double momentum = 0;
    bool nesterov = false;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::learning_rate>("1", "step along the gradient", at_least(0)),
                        field<&P::momentum>("1", "share of the velocity that is kept from step to step", at_least(0), below(1)),
                        field<&P::nesterov>("", "look ahead along the velocity")};
    }
  };
  struct State {
    float v;
    static constexpr auto fields() { return std::tuple{field<&State::v>("1", "velocity")}; }
  };

  float momentum, look_ahead, direct;  // w -= learning_rate (direct g + look_ahead v)

  sgd(const Parameters& p, const OptimizerSetup&)
      : momentum(float(p.momentum)), look_ahead(p.nesterov ? float(p.momentum) : 1), direct(p.nesterov) {}

  float step(float g, State& s, const OptimizerStep& at) const {
    s.v = momentum * s.v + g;
    return -float(at.learning_rate) * (direct * g + look_ahead * s.v);
  }
};

PROXON_PLUGIN(optimizer, sgd, sgd)
