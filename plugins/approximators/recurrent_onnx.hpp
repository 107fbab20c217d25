// A recurrent layer in operators of ONNX, which have time first, weights [directions x gates x inputs], and the gates in an order of their own.
#pragma once
#include <string>

#include "recurrent_cell.hpp"

namespace proxon {

/// The weights of a layer as they stand in theta: of `input` [inputs x gates] and `bias` those of both directions side by side.
struct RecurrentWeights {
  int64_t inputs, directions;
  const float *input, *bias, *recurrent[2];
};

/// [steps x batch x inputs] -> [steps x batch x units of all directions].
inline Value recurrent_to_onnx(const Graph& g, const std::string& name, const RecurrentCell& cell, const RecurrentWeights& w, Value x) {
  static constexpr const char* names[] = {"RNN", "GRU", "LSTM"};
  static constexpr int64_t gate_of[][4] = {{0}, {1, 0, 2}, {0, 2, 1, 3}};  // ours of theirs
  const int64_t units = cell.units, gates = cell.gates() * units;
  std::vector<float> W, R, B;
  for (int64_t d = 0; d < w.directions; ++d) {
    for (int64_t k = 0; k < gates; ++k) {
      const int64_t column = gate_of[cell.kind][k / units] * units + k % units;
      for (int64_t i = 0; i < w.inputs; ++i) W.push_back(w.input[(i * w.directions + d) * gates + column]);
      for (int64_t i = 0; i < units; ++i) R.push_back(w.recurrent[d][i * gates + column]);
      B.push_back(w.bias[d * gates + column]);
    }
    B.resize(B.size() + size_t(gates), 0.f);  // of the recurrent weights, which have none
  }
  const std::initializer_list<Value> operands = {x, g.constant((name + ".input").c_str(), W, {w.directions, gates, w.inputs}),
                                                 g.constant((name + ".recurrent").c_str(), R, {w.directions, gates, units}),
                                                 g.constant((name + ".bias").c_str(), B, {w.directions, 2 * gates})};
  const Attribute size = attribute("hidden_size", units), way = attribute("direction", w.directions > 1 ? "bidirectional" : "forward");
  // [steps x directions x batch x units]
  x = cell.kind == RecurrentCell::gru ? g.op(names[cell.kind], operands, {size, way, attribute("linear_before_reset", 1)})
                                      : g.op(names[cell.kind], operands, {size, way});
  return g.op("Reshape", {g.op("Transpose", {x}, {attribute("perm", {0, 2, 1, 3})}), g.integers({0, 0, w.directions * units})});
}

}  // namespace proxon
