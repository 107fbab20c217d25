// What rules share that relax the activities of a layered network themselves: its layers as a chain, and products with their weights.
#pragma once
#include <proxon/plugin/learning_rule.hpp>

#include <algorithm>
#include <stdexcept>

namespace proxon {

/// The layers of a dense network and the batch, as GradientPass lends them. The output is what comes before its activation.
struct Layered {
  const GradientPass& pass;

  explicit Layered(const GradientPass& p) : pass(p) {
    int64_t width = pass.inputs;
    for (int64_t l = 0; l < count(); ++l) {
      const LayerInfo& layer = pass.layers[l];
      if (layer.role != LayerRole::weights || layer.taps > 1 || layer.gates > 1 || !layer.plain || layer.inputs != width || layer.tape_offset < -1)
        throw std::invalid_argument("it relaxes layers of weights that follow one another, and this approximator has others: choose dense, without dropout, norm and residual");
      width = layer.outputs;
    }
  }

  int64_t count() const { return pass.layer_count; }
  int64_t rows() const { return pass.rows; }
  int64_t units(int64_t l) const { return pass.layers[l].outputs; }
  /// Floats of one number a row and unit, over all layers; and where those of layer l begin.
  int64_t offset(int64_t l) const {
    int64_t sum = 0;
    for (int64_t i = 0; i < l; ++i) sum += rows() * units(i);
    return sum;
  }
  int64_t size() const { return offset(count()); }

  /// z = x W_l + b_l.
  void predict(int64_t l, const float* x, float* z) const {
    const LayerInfo& layer = pass.layers[l];
    for (int64_t row = 0; row < rows(); ++row)
      if (layer.bias_offset < 0)
        std::fill_n(z + row * layer.outputs, layer.outputs, 0.f);
      else
        std::copy_n(pass.weight + layer.bias_offset, layer.outputs, z + row * layer.outputs);
    pass.services->product(pass.services->host, 0, 0, rows(), layer.outputs, layer.inputs, x, layer.inputs, pass.weight + layer.weight_offset,
                           layer.outputs, z, layer.outputs, 1);
  }
  /// below = above W_l^T.
  void carry_back(int64_t l, const float* above, float* below) const {
    const LayerInfo& layer = pass.layers[l];
    pass.services->product(pass.services->host, 0, 1, rows(), layer.inputs, layer.outputs, above, layer.outputs, pass.weight + layer.weight_offset,
                           layer.outputs, below, layer.inputs, 0);
  }
  /// Adds x^T e to the gradient of W_l, and the sums of e to that of b_l; `fresh`: in place of what is there.
  void learn(int64_t l, const float* x, const float* e, bool fresh) const {
    const LayerInfo& layer = pass.layers[l];
    pass.services->product(pass.services->host, 1, 0, layer.inputs, layer.outputs, rows(), x, layer.inputs, e, layer.outputs,
                           pass.gradient + layer.weight_offset, layer.outputs, !fresh);
    if (layer.bias_offset < 0) return;
    float* b = pass.gradient + layer.bias_offset;
    if (fresh) std::fill_n(b, layer.outputs, 0.f);
    for (int64_t row = 0; row < rows(); ++row)
      for (int64_t j = 0; j < layer.outputs; ++j) b[j] += e[row * layer.outputs + j];
  }
  /// What layer l sees below it.
  const float* below(int64_t l, const float* x) const { return l ? x + offset(l - 1) : pass.input; }
  /// A hidden layer between its two neighbours: x_l = f(x_{l-1} W_l + b_l + feedback x_{l+1} W_{l+1}^T). `back` is room for all layers.
  void settle(int64_t l, float* x, float feedback, float* back) const {
    float *xl = x + offset(l), *from_above = back + offset(l);
    predict(l, below(l, x), xl);
    carry_back(l + 1, x + offset(l + 1), from_above);
    for (int64_t i = 0; i < rows() * units(l); ++i) xl[i] += feedback * from_above[i];
    activate(l, xl, xl);
  }
  /// The gradient from two states of the layers: strength feedback^{l-L} (x'_{l-1}^T x'_l - x_{l-1}^T x_l), as differences of the states, which cancel
  /// less than products do. `change` and `back` are room for all layers.
  void learn_difference(const float* moved, const float* x, float strength, float feedback, float* change, float* back) const {
    for (int64_t l = count() - 1; l >= 0; --l, strength /= feedback) {
      const int64_t n = rows() * units(l), at = offset(l);
      for (int64_t i = 0; i < n; ++i) change[at + i] = strength * (moved[at + i] - x[at + i]);
      learn(l, below(l, moved), change + at, true);
      if (l == 0) continue;
      const int64_t under = offset(l - 1);
      const LayerInfo& layer = pass.layers[l];
      for (int64_t i = 0; i < rows() * units(l - 1); ++i) back[under + i] = strength * (moved[under + i] - x[under + i]);
      pass.services->product(pass.services->host, 1, 0, layer.inputs, layer.outputs, rows(), back + under, layer.inputs, x + at, layer.outputs,
                             pass.gradient + layer.weight_offset, layer.outputs, 1);
    }
  }
  void activate(int64_t l, const float* z, float* x) const {
    pass.services->activate(pass.services->host, l + 1 < count() ? pass.layers[l].activation : Activation::linear, z, x, rows() * units(l));
  }
  void activate_back(int64_t l, const float* x, float* dx) const {
    pass.services->activate_back(pass.services->host, pass.layers[l].activation, x, dx, rows() * units(l));
  }
};

}  // namespace proxon
