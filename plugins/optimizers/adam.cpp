#include "moments.hpp"

using namespace proxon;

struct adam {
  static constexpr Documentation about{
      .summary = "Adam: steps scaled by running means of the gradient and of its square.",
      .equation = "m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;  "
                  "w -= learning_rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)",
      .reference = "Kingma & Ba 2015, arXiv:1412.6980"};

  struct Parameters {
    double learning_rate = 0.001;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
    static constexpr auto fields() {
      return moment_fields<Parameters>();
    }
  };
  using State = Moments;
  struct Shared {
    float rate, correction;
  };

  double beta1, beta2, log_beta1, log_beta2;
  float epsilon;

  adam(const Parameters& p, const OptimizerSetup&) : beta1(p.beta1), beta2(p.beta2), log_beta1(std::log(beta1)), log_beta2(std::log(beta2)), epsilon(float(p.epsilon)) {}

  Shared prepare(const OptimizerStep& at) const {
    return {float(at.learning_rate / bias_correction(log_beta1, at.t)), float(1 / std::sqrt(bias_correction(log_beta2, at.t)))};
  }
  float step(float g, State& s, const Shared& shared) const {
    s.follow(g, beta1, beta2);
    return -shared.rate * s.m / (std::sqrt(s.v) * shared.correction + epsilon);
  }
};

PROXON_PLUGIN(optimizer, adam, adam)
