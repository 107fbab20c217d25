#include <proxon/plugin/optimizer.hpp>

#include <cmath>

using namespace proxon;

struct nadam {
  static constexpr Documentation about{
      .summary = "Adam that looks ahead along the mean gradient, as Nesterov's momentum does.",
      .equation = "m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;  "
                  "w -= learning_rate (beta1 m / (1 - beta1^{t+1}) + (1 - beta1) g / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)",
      .reference = "Dozat 2016, ICLR workshop, Incorporating Nesterov momentum into Adam"};

  struct Parameters {
    double learning_rate = 0.001;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::learning_rate>("1", "largest step of a weight, about", at_least(0)),
                        field<&P::beta1>("1", "decay of the running mean of the gradient", at_least(0), below(1)),
                        field<&P::beta2>("1", "decay of the running mean of its square", at_least(0), below(1)),
                        field<&P::epsilon>("1", "keeps the denominator from 0", above(0))};
    }
  };
  struct State {
    float m, v;
    static constexpr auto fields() {
      return std::tuple{field<&State::m>("1", "mean gradient"), field<&State::v>("1", "mean squared gradient")};
    }
  };
  struct Shared {
    float of_mean, of_gradient, correction;
  };

  double beta1, beta2;
  float epsilon;

  nadam(const Parameters& p, const OptimizerSetup&) : beta1(p.beta1), beta2(p.beta2), epsilon(float(p.epsilon)) {}

  Shared prepare(const OptimizerStep& at) const {
    const double t = double(at.t);
    return {float(at.learning_rate * beta1 / (1 - std::pow(beta1, t + 1))), float(at.learning_rate * (1 - beta1) / (1 - std::pow(beta1, t))),
            float(1 / std::sqrt(1 - std::pow(beta2, t)))};
  }
  float step(float g, State& s, const Shared& shared) const {
    s.m = s.m + float(1 - beta1) * (g - s.m);
    s.v = s.v + float(1 - beta2) * (g * g - s.v);
    return -(shared.of_mean * s.m + shared.of_gradient * g) / (std::sqrt(s.v) * shared.correction + epsilon);
  }
};

PROXON_PLUGIN(optimizer, nadam, nadam)
