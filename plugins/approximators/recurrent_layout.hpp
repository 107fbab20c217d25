// Where things of a recurrent network are: its parameters in theta, and what a batch leaves in the tape.
#pragma once
#include <algorithm>
#include <string>

#include "norm.hpp"
#include "recurrent_cell.hpp"

namespace proxon {

struct RecurrentLayout {
  RecurrentCell::Kind kind;
  std::span<const int64_t> units;
  int64_t directions, embedding, inputs, outputs;
  bool drops;
  Norm norm;

  int32_t depth() const { return int32_t(units.size()); }

  /// Where things of layer l are in theta and, in floats a row, in the tape. The columns of `input` and `bias` are the gates of both directions side by
  /// side; `gain` has the gains of the norm and then its biases. Where there are two directions, with dropout or with a norm, `above` holds what the layer
  /// above takes, row t that of step t; `normed` and `scale` what the norm keeps of it, (h - mean) / deviation and 1 / deviation, and `kept` what dropout
  /// multiplied it with.
  struct Shape {
    RecurrentCell cell;
    int64_t inputs, units, gates, width;  // gates: columns of all gates of one direction; width: of both
    int64_t input, bias, recurrent[2], gain;  // theta
    RecurrentCell::Place at[2];               // tape
    int64_t above, kept, normed, scale;
    int64_t before;  // units of the layers before
    int64_t end_theta, end_row;
    int64_t outputs() const { return width / gates * units; }
  };
  /// Channels of the rows that the first recurrent layer takes.
  int64_t first_inputs() const { return embedding ? embedding : inputs; }
  bool copies() const { return directions > 1 || drops || norm; }
  Shape shape(int32_t l) const {
    Shape s{};
    s.inputs = first_inputs();
    s.input = embedding * inputs;
    s.before = embedding;
    for (int64_t begin = s.inputs + (drops ? embedding : 0), i = 0;; ++i) {
      s.cell = {kind, units[size_t(i)]};
      s.units = s.cell.units, s.gates = s.cell.gates() * s.units, s.width = directions * s.gates;
      s.bias = s.input + s.inputs * s.width;
      s.recurrent[0] = s.bias + s.width;
      s.recurrent[1] = s.recurrent[0] + (directions - 1) * s.units * s.gates;
      s.gain = s.recurrent[1] + s.units * s.gates;
      s.end_theta = s.gain + (norm ? 2 * s.outputs() : 0);
      s.at[0] = s.cell.place(begin);
      s.at[1] = directions > 1 ? s.cell.place(s.at[0].end) : s.at[0];
      s.above = s.at[1].end;
      s.kept = s.above + (copies() ? s.outputs() : 0);
      s.normed = s.kept + (drops ? s.outputs() : 0);
      s.scale = s.normed + (norm ? s.outputs() : 0);
      s.end_row = s.scale + (norm ? 1 : 0);
      if (i == l) return s;
      s.before += s.outputs();
      s.inputs = s.outputs();
      s.input = s.end_theta;
      begin = s.end_row;
    }
  }

  int32_t layers() const { return (embedding ? 1 : 0) + each() * depth() + 1; }
  int32_t each() const { return int32_t(1 + directions) + norm.layers(); }
  LayerInfo layer(int32_t index) const {
    LayerInfo info{};
    info.activation = Activation::linear;
    info.tape_offset = no_activities;
    info.bias_offset = -1;
    if (embedding && index == 0) {
      info.name.assign("embedding");
      info.inputs = inputs, info.outputs = embedding;
      return info;
    }
    if (index == layers() - 1) {
      const Shape s = shape(depth() - 1);
      info.name.assign("output");
      info.inputs = s.outputs(), info.outputs = outputs;
      info.weight_offset = s.end_theta, info.bias_offset = s.end_theta + s.outputs() * outputs;
      info.tape_offset = -1;
      return info;
    }
    index -= embedding ? 1 : 0;
    const int32_t l = index / each(), piece = index % each();
    const Shape s = shape(l);
    if (piece > directions) {
      info = Norm::layer(0, l, s.outputs(), s.gain);
      info.bias_offset = s.gain + s.outputs();
      return info;
    }
    const char* const names[] = {"input_", "recurrent_", "backwards_"};
    info.name.assign((names[piece] + std::to_string(l + 1)).c_str());
    info.activation = kind == RecurrentCell::rnn ? Activation::tanh : Activation::linear;
    info.role = piece == 0 ? LayerRole::weights : LayerRole::recurrent;
    info.inputs = piece == 0 ? s.inputs : s.units;
    info.outputs = piece == 0 ? s.width : s.gates, info.gates = s.cell.gates();
    info.weight_offset = piece == 0 ? s.input : s.recurrent[piece - 1];
    if (piece == 0) info.bias_offset = s.bias;
    return info;
  }

  /// Samples that go through time together, on one thread: enough rows for a product, more where the weights do not stay in the cache.
  int64_t samples_at_once() const {
    int64_t most = 0;
    for (int32_t l = 0; l < depth(); ++l) most = std::max(most, shape(l).units * shape(l).gates);
    return most > 131072 ? 16 : 8;
  }
  /// Packed recurrent weights of all layers, forward and back; `services` knows how large. An upper bound that needs no services: columns are rounded up.
  static int64_t packed_bound(int64_t k, int64_t n) { return k * (n + 64); }
  int64_t packed_offset(int32_t l, int64_t d, bool back) const {
    int64_t offset = 0;
    for (int32_t i = 0; i <= l; ++i) {
      const Shape s = shape(i);
      const int64_t forth = packed_bound(s.units, s.gates), both = forth + packed_bound(s.gates, s.units);
      if (i == l) return offset + d * both + (back ? forth : 0);
      offset += directions * both;
    }
    return offset;
  }
  int64_t packed_size() const { return packed_offset(depth() - 1, directions - 1, true) + packed_bound(shape(depth() - 1).gates, units.back()); }
  int64_t widest() const { return directions * *std::max_element(units.begin(), units.end()); }
  int64_t rows(int64_t batch, int64_t steps) const { return batch * (steps + 1); }

  int64_t groups(int64_t batch) const { return (batch + samples_at_once() - 1) / samples_at_once(); }
  /// What the norms of all layers have in theta.
  int64_t norm_size() const { return norm ? 2 * (shape(depth() - 1).before + shape(depth() - 1).outputs() - embedding) : 0; }
  int64_t norm_offset(const Shape& s) const { return 2 * (s.before - embedding); }

  /// Rows of the input and of all layers; the errors of two layers and of the embedding; packed weights; what each piece of the batch carries back in
  /// time; the errors of gains and biases, a piece.
  int64_t tape(int64_t batch, int64_t steps) const {
    return rows(batch, steps) * (shape(depth() - 1).end_row + 2 * widest() + embedding) + packed_size() + 2 * batch * widest() + groups(batch) * norm_size();
  }

  /// A batch: how its samples lie in rows. A sample has a row more than steps; row t of a direction is step t, or, backwards, the t-th from the end.
  struct Batch {
    int64_t steps, all;
    const int32_t* length;
    int64_t row(int64_t sample) const { return sample * (steps + 1); }
    int64_t own(int64_t sample) const { return length ? length[sample] : steps; }
    int64_t step(int64_t sample, int64_t d, int64_t t) const { return d == 0 || t >= own(sample) ? t : own(sample) - 1 - t; }
  };

  /// The rows that layer l takes, row t of a sample that of step t: the input's or the embedding's, or the activities of the layer below.
  const float* rows_below(const float* tape, int32_t l, int64_t all) const {
    if (l == 0) return tape;
    const Shape s = shape(l - 1);
    return copies() ? tape + all * s.above : tape + all * s.at[0].h + s.units;
  }
};

}  // namespace proxon
