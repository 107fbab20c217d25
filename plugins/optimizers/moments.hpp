// What Adam and its kin share: running means of a weight's gradient and of its square.
#pragma once
#include <proxon/plugin/optimizer.hpp>

#include <cmath>

namespace proxon {

/// The parameters of each of them, of a struct with members learning_rate, beta1, beta2 and epsilon.
template <class P>
constexpr auto moment_fields() {
  return std::tuple{field<&P::learning_rate>("1", "largest step of a weight, about", at_least(0)),
                    field<&P::beta1>("1", "decay of the running mean of the gradient", at_least(0), below(1)),
                    field<&P::beta2>("1", "decay of the running mean of its square", at_least(0), below(1)),
                    field<&P::epsilon>("1", "keeps the denominator from 0", above(0))};
}

struct Moments {
  float m, v;
  static constexpr auto fields() {
    return std::tuple{field<&Moments::m>("1", "mean gradient"), field<&Moments::v>("1", "mean squared gradient")};
  }
  void follow(float g, double beta1, double beta2) {
    m = m + float(1 - beta1) * (g - m);
    v = v + float(1 - beta2) * (g * g - v);
  }
};

/// 1 - beta^t, what a mean that begins at 0 is divided by after t steps, so that it is unbiased.
inline double bias_correction(double log_beta, int64_t t) { return -std::expm1(log_beta * double(t)); }

}  // namespace proxon
