#include "moments.hpp"

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
      return std::tuple_cat(moment_fields<P>(), std::tuple{field<&P::decay>("1", "share of every weight, times the learning rate, that is lost a step", at_least(0))});
    }
  };
  using State = Moments;
  struct Shared {
    float rate, correction, lost;
  };

  double beta1, beta2, log_beta1, log_beta2, decay;
  float epsilon;

  adamw(const Parameters& p, const OptimizerSetup&) : beta1(p.beta1), beta2(p.beta2), log_beta1(std::log(beta1)), log_beta2(std::log(beta2)), decay(p.decay), epsilon(float(p.epsilon)) {}

  Shared prepare(const OptimizerStep& at) const {
    return {float(at.learning_rate / bias_correction(log_beta1, at.t)), float(1 / std::sqrt(bias_correction(log_beta2, at.t))),
            float(at.learning_rate * decay)};
  }
  float step(float w, float g, State& s, const Shared& shared) const {
    s.follow(g, beta1, beta2);
    return -shared.rate * s.m / (std::sqrt(s.v) * shared.correction + epsilon) - shared.lost * w;
  }
};

PROXON_PLUGIN(optimizer, adamw, adamw)
