// Losses as functions of what the output layer computes before its activation (z), so that they stay exact where the activation
// saturates. All are means over samples and outputs.
//
//   mse      mean of (y - t)^2
//   bce      mean of -t ln y - (1 - t) ln(1 - y), y = sigmoid(z), targets in [0, 1]
//   poisson  mean of y - t ln y, y = softplus(z) or sigmoid(z), targets >= 0 (without the term ln t!, which no weight changes)
#pragma once
#include <string>
#include <string_view>

#include "proxon/plugin/approximator.hpp"

namespace proxon {

enum class LossKind : uint32_t { mse, bce, poisson };

class Loss {
 public:
  /// Throws Error when the loss cannot be had with that output activation.
  Loss(std::string_view name, Activation output);

  /// The sum (not the mean) of the loss over n values z and targets t, and y = f(z); with `dz`, d loss / dz times `scale`.
  /// The order of the sum is fixed. n <= chunk.
  double evaluate(const float* z, const float* t, float* y, float* dz, float scale, int64_t n) const;
  static constexpr int64_t chunk = 4096;

  /// Throws Error with the first target that the loss cannot take.
  void check_targets(const float* t, int64_t n) const;

 private:
  LossKind kind_;
  Activation output_;
};

}  // namespace proxon
