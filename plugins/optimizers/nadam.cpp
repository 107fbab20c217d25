#include "moments.hpp"

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
      return moment_fields<Parameters>();
    }
  };
  using State = Moments;
  struct Shared {
    float of_mean, of_gradient, correction;
  };

  double beta1, beta2, log_beta1, log_beta2;
  float epsilon;

  nadam(const Parameters& p, const OptimizerSetup&) : beta1(p.beta1), beta2(p.beta2), log_beta1(std::log(beta1)), log_beta2(std::log(beta2)), epsilon(float(p.epsilon)) {}

  Shared prepare(const OptimizerStep& at) const {
    return {float(at.learning_rate * beta1 / bias_correction(log_beta1, at.t + 1)), float(at.learning_rate * (1 - beta1) / bias_correction(log_beta1, at.t)),
            float(1 / std::sqrt(bias_correction(log_beta2, at.t)))};
  }
  float step(float g, State& s, const Shared& shared) const {
    s.follow(g, beta1, beta2);
    return -(shared.of_mean * s.m + shared.of_gradient * g) / (std::sqrt(s.v) * shared.correction + epsilon);
  }
};

PROXON_PLUGIN(optimizer, nadam, nadam)
