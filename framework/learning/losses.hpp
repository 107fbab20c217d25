// Losses as functions of what the output layer computes before its activation (z), so that they stay exact where the activation
// saturates. All are means over rows (steps of samples) and outputs.
//
//   mse            mean of (y - t)^2
//   bce            mean of -t ln y - (1 - t) ln(1 - y), y = sigmoid(z), targets in [0, 1]: is there a spike in this bin?
//   poisson        mean of y - t ln y, y = softplus(z) or sigmoid(z), targets >= 0 (without the term ln t!, which no weight changes): counts, rates
//   cross_entropy  mean over rows of -sum_c t_c ln y_c, y = softmax(z), targets the probabilities of classes
//
// A model may have several heads: some of its outputs with a loss of their own, and a weight in the sum that is minimised.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxon/plugin/approximator.hpp"

namespace proxon {

enum class LossKind : uint32_t { mse, bce, poisson, cross_entropy };
inline constexpr const char* loss_choices = "mse|bce|poisson|cross_entropy";

/// Outputs [first, first + columns) with their loss.
struct Head {
  std::string name;
  int64_t first = 0, columns = 0;
  std::string loss = "mse";
  double weight = 1;
};

class Loss {
 public:
  Loss() = default;
  /// `output` is the activation of the output layer; where it is linear, bce takes sigmoid, poisson softplus. Throws Error when a loss cannot
  /// be had with that activation, or when the heads are not the `columns` outputs, each once.
  Loss(std::vector<Head> heads, Activation output, int64_t columns);

  const std::vector<Head>& heads() const { return heads_; }
  /// What a head makes of z: softmax over its columns, or an activation.
  bool is_softmax(size_t head) const { return kinds_[head].loss == LossKind::cross_entropy; }
  Activation output(size_t head) const { return kinds_[head].output; }
  /// Rows that one call of evaluate() may have.
  int64_t most_rows() const { return most_rows_; }

  /// The loss of `rows` rows [rows x columns], summed over rows and weighted over heads; y = f(z); with `dz`, d (loss / counted) / dz, where
  /// `counted` is the number of rows that are averaged over. The order of the sum is fixed.
  double evaluate(const float* z, const float* t, float* y, float* dz, int64_t rows, int64_t counted) const;

  /// Whether it is one head whose values stand by themselves, which is what evaluate_lanes() takes.
  bool is_elementwise() const { return kinds_.size() == 1 && kinds_[0].loss != LossKind::cross_entropy; }
  /// evaluate() of as many models as a vector has lanes, whose values lie beside each other [rows x columns x vector_width], with the same bits:
  /// adds to sums[lane].
  void evaluate_lanes(const float* z, const float* t, float* y, float* dz, int64_t rows, int64_t counted, double* sums) const;

  /// Throws Error with the first target that a loss cannot take.
  void check_targets(const float* t, int64_t rows) const;

  /// What z of an output must be for f(z) to be `mean`, within what the activation reaches.
  float inverse(int64_t column, float mean) const;

 private:
  struct Kind {
    LossKind loss;
    Activation output;
  };
  double piece(const Kind& kind, const float* z, const float* t, float* y, float* dz, float scale, int64_t n) const;
  double classes(const float* z, const float* t, float* y, float* dz, float scale, int64_t rows, int64_t n) const;

  std::vector<Head> heads_;
  std::vector<Kind> kinds_;
  int64_t columns_ = 0, most_rows_ = 1;
};

}  // namespace proxon
