#include <proxon/plugin/optimizer.hpp>

#include <cmath>

using namespace proxon;

struct adamw {
  static constexpr Documentation about{
      .summary = "Adam with a decay of the weights that is not part of the gradient, so that it is the same for all of them.",
      .equation = "m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;  "
                  "w -= learning_rate ((m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon) + decay w)",
      .reference = "Loshchilov & Hutter 2019, arXiv:1711.05101"};

  struct Parameters {
    double learning_rate = 0.001;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
    double decay = 0.01;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::learning_rate>("1", "largest step of a weight, about", at_least(0)),
                        field<&P::beta1>("1", "decay of the running mean of the gradient", at_least(0), below(1)),
                        field<&P::beta2>("1", "decay of the running mean of its square", at_least(0), below(1)),
                        field<&P::epsilon>("1", "keeps the denominator from 0", above(0)),
                        field<&P::decay>("1", "share of every weight, times the learning rate, that is lost a step", at_least(0))};
    }
  };
  struct State {
    float m, v;
    static constexpr auto fields() {
      return std::tuple{field<&State::m>("1", "mean gradient"), field<&State::v>("1", "mean squared gradient")};
    }
  };
  struct Shared {
    float rate, correction, lost;
  };

  double beta1, beta2, decay;
  float epsilon;

  adamw(const Parameters& p, const OptimizerSetup&) : beta1(p.beta1), beta2(p.beta2), decay(p.decay), epsilon(float(p.epsilon)) {}

  Shared prepare(const OptimizerStep& at) const {
    return {float(at.learning_rate / (1 - std::pow(beta1, double(at.t)))), float(1 / std::sqrt(1 - std::pow(beta2, double(at.t)))),
            float(at.learning_rate * decay)};
  }
  float step(float w, float g, State& s, const Shared& shared) const {
    s.m = s.m + float(1 - beta1) * (g - s.m);
    s.v = s.v + float(1 - beta2) * (g * g - s.v);
    return -shared.rate * s.m / (std::sqrt(s.v) * shared.correction + epsilon) - shared.lost * w;
  }
};

PROXON_PLUGIN(optimizer, adamw, adamw)
