#include <algorithm>
#include <stdexcept>
#include <string>

#include "recurrent_cell.hpp"
#include "sums.hpp"

using namespace proxon;

struct recurrent {
  static constexpr Documentation about{
      .summary = "Recurrent layers over time (tanh units, GRU or LSTM), forwards or in both directions, and a linear readout at every step.",
      .equation = "rnn: h = tanh(x W + h' U + b).  lstm: c = f c' + i g, h = o tanh(c), (i, f, o) = sigmoid(x W + h' U + b), g = tanh(...).  "
                  "gru: h = z h' + (1 - z) n, (r, z) = sigmoid(x W + h' U + b), n = tanh(x W + b + r (h' U)).  h' is the step before, 0 at the "
                  "begin;  bidirectional: h(t) = (forwards, backwards), of which the second begins at the sample's end and h' is the step after;  "
                  "output(t) = h_L(t) V + c",
      .reference = "Hochreiter & Schmidhuber 1997, Neural Computation 9:1735, doi:10.1162/neco.1997.9.8.1735; Cho et al. 2014, "
                   "arXiv:1406.1078; Schuster & Paliwal 1997, IEEE Transactions on Signal Processing 45:2673, doi:10.1109/78.650093"};
  static constexpr bool takes_events = true;

  static constexpr int64_t default_units[] = {64};

  struct Parameters {
    std::string_view cell = "gru";
    std::span<const int64_t> units = default_units;
    double forget_bias = 1;
    bool bidirectional = false;
    int64_t embedding = 0;
    double dropout = 0;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::cell>("", "what a unit is", one_of("rnn|gru|lstm")),
                        field<&P::units>("1", "units of each layer, from the input on; of each direction", at_least(1)),
                        field<&P::forget_bias>("1", "lstm: what the biases of the forget gates begin with"),
                        field<&P::bidirectional>("", "whether each layer has as many units again that run from the end of a sample to its begin: its output "
                                                     "then depends on input that comes later"),
                        field<&P::embedding>("1", "units of a linear layer without bias before the first recurrent one, for inputs of many channels such as "
                                                  "words; 0: none",
                                             at_least(0)),
                        field<&P::dropout>("1", "probability that a number of the embedding, or what a unit gives to the layer above, is silent in a step of a "
                                                "sample while training",
                                           at_least(0), below(1))};
    }
  };

  RecurrentCell::Kind kind;
  std::span<const int64_t> units;
  float forget_bias, dropout;
  int64_t directions, embedding;
  ApproximatorSetup setup;

  recurrent(const Parameters& p, const ApproximatorSetup& s)
      : kind(p.cell == "rnn" ? RecurrentCell::rnn : p.cell == "gru" ? RecurrentCell::gru : RecurrentCell::lstm), units(p.units),
        forget_bias(float(p.forget_bias)), dropout(float(p.dropout)), directions(p.bidirectional ? 2 : 1), embedding(p.embedding), setup(s) {
    if (units.empty()) throw std::invalid_argument("units names no layer: give the number of units of at least one");
    for (const int64_t n : units)
      if (n < 1) throw std::invalid_argument("a recurrent layer needs at least one unit");
  }

  int32_t depth() const { return int32_t(units.size()); }

  /// Where things of layer l are in theta and, in floats a row, in the tape. The columns of `input` and `bias` are the gates of both directions side by
  /// side. Where there are two, or with dropout, `above` holds what the layer above takes, row t that of step t, and `kept` what dropout multiplied it
  /// with.
  struct Shape {
    RecurrentCell cell;
    int64_t inputs, units, gates, width;  // gates: columns of all gates of one direction; width: of both
    int64_t input, bias, recurrent[2];    // theta
    RecurrentCell::Place at[2];           // tape
    int64_t above, kept;
    int64_t before;  // units of the layers before
    int64_t end_theta, end_row;
    int64_t outputs() const { return width / gates * units; }
  };
  /// Channels of the rows that the first recurrent layer takes.
  int64_t first_inputs() const { return embedding ? embedding : setup.inputs; }
  bool copies() const { return directions > 1 || dropout > 0; }
  Shape shape(int32_t l) const {
    Shape s{};
    s.inputs = first_inputs();
    s.input = embedding * setup.inputs;
    s.before = embedding;
    for (int64_t begin = s.inputs + (dropout > 0 ? embedding : 0), i = 0;; ++i) {
      s.cell = {kind, units[size_t(i)]};
      s.units = s.cell.units, s.gates = s.cell.gates() * s.units, s.width = directions * s.gates;
      s.bias = s.input + s.inputs * s.width;
      s.recurrent[0] = s.bias + s.width;
      s.recurrent[1] = s.recurrent[0] + (directions - 1) * s.units * s.gates;
      s.end_theta = s.recurrent[1] + s.units * s.gates;
      s.at[0] = s.cell.place(begin);
      s.at[1] = directions > 1 ? s.cell.place(s.at[0].end) : s.at[0];
      s.above = s.at[1].end;
      s.kept = s.above + (copies() ? s.outputs() : 0);
      s.end_row = s.kept + (dropout > 0 ? s.outputs() : 0);
      if (i == l) return s;
      s.before += s.outputs();
      s.inputs = s.outputs();
      s.input = s.end_theta;
      begin = s.end_row;
    }
  }

  int32_t layers() const { return (embedding ? 1 : 0) + int32_t(1 + directions) * depth() + 1; }
  LayerInfo layer(int32_t index) const {
    LayerInfo info{};
    info.activation = Activation::linear;
    info.tape_offset = no_activities;
    info.bias_offset = -1;
    if (embedding && index == 0) {
      info.name.assign("embedding");
      info.inputs = setup.inputs, info.outputs = embedding;
      return info;
    }
    if (index == layers() - 1) {
      const Shape s = shape(depth() - 1);
      info.name.assign("output");
      info.inputs = s.outputs(), info.outputs = setup.outputs;
      info.weight_offset = s.end_theta, info.bias_offset = s.end_theta + s.outputs() * setup.outputs;
      info.tape_offset = -1;
      return info;
    }
    index -= embedding ? 1 : 0;
    const int32_t each = int32_t(1 + directions), l = index / each, piece = index % each;
    const Shape s = shape(l);
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

  void begin(float* theta, Key) const {
    if (kind != RecurrentCell::lstm) return;
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape s = shape(l);
      for (int64_t d = 0; d < directions; ++d) std::fill_n(theta + s.bias + d * s.gates + s.units, s.units, forget_bias);
    }
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

  /// Rows of the input and of all layers; the errors of two layers and of the embedding; packed weights; what each piece of the batch carries back in
  /// time.
  int64_t tape(int64_t batch, int64_t steps) const {
    return rows(batch, steps) * (shape(depth() - 1).end_row + 2 * widest() + embedding) + packed_size() + 2 * batch * widest();
  }

  /// A batch: how its samples lie in rows. A sample has a row more than steps; row t of a direction is step t, or, backwards, the t-th from the end.
  struct Batch {
    int64_t steps, all;
    const int32_t* length;
    int64_t row(int64_t sample) const { return sample * (steps + 1); }
    int64_t own(int64_t sample) const { return length ? length[sample] : steps; }
    int64_t step(int64_t sample, int64_t d, int64_t t) const { return d == 0 || t >= own(sample) ? t : own(sample) - 1 - t; }
  };

  void forward(const Services& services, const ForwardPass& pass) const {
    const Batch b{pass.steps, rows(pass.batch, pass.steps), pass.length};
    const int64_t steps = pass.steps, all = b.all;
    float* packed = pass.tape + all * (shape(depth() - 1).end_row + 2 * widest() + embedding);
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape s = shape(l);
      for (int64_t d = 0; d < directions; ++d)
        services.pack(services.host, 0, s.units, s.gates, pass.theta + s.recurrent[d], s.gates, packed + packed_offset(l, d, false));
    }
    const bool events = pass.events.row_begin && !embedding;
    services.parallel_for(pass.batch, samples_at_once(), [&](int64_t begin, int64_t end) {
      if (!events)
        for (int64_t sample = begin; sample < end; ++sample) first_rows(services, pass, sample, pass.tape + b.row(sample) * first_inputs());
      for (int32_t l = 0; l < depth(); ++l) {
        const Shape s = shape(l);
        for (int64_t d = 0; d < directions; ++d) {
          // What comes from below, for all steps at once.
          float* gate = pass.tape + all * s.at[d].gate;
          const float* weights = pass.theta + s.input + d * s.gates;
          for (int64_t r = b.row(begin); r < b.row(end); ++r) std::copy_n(pass.theta + s.bias + d * s.gates, s.gates, gate + r * s.gates);
          for (int64_t sample = begin; sample < end; ++sample)
            if (l == 0 && events) {
              for (int64_t t = 0; t < steps; ++t)
                add_events(pass.events, sample * steps + b.step(sample, d, t), weights, s.gates, s.width, gate + (b.row(sample) + t) * s.gates);
            } else {
              // Backwards, rows are taken from the sample's last on.
              const float* x = rows_below(pass.tape, l, all) + (b.row(sample) + b.step(sample, d, 0)) * s.inputs;
              services.product(services.host, 0, 0, d ? b.own(sample) : steps, s.gates, s.inputs, x, d ? -s.inputs : s.inputs, weights, s.width,
                               gate + b.row(sample) * s.gates, s.gates, 1);
            }
          through_time(services, s, b, d, begin, end, packed + packed_offset(l, d, false), pass.tape);
        }
        if (copies()) hand_up(s, b, begin, end, pass, l);
      }

      // The readout.
      const Shape s = shape(depth() - 1);
      const float* v = pass.theta + s.end_theta;
      for (int64_t sample = begin; sample < end; ++sample) {
        float* y = pass.output + sample * steps * setup.outputs;
        for (int64_t t = 0; t < steps; ++t) std::copy_n(v + s.outputs() * setup.outputs, setup.outputs, y + t * setup.outputs);
        services.product(services.host, 0, 0, steps, setup.outputs, s.outputs(), rows_below(pass.tape, depth(), all) + b.row(sample) * s.outputs(), s.outputs(), v,
                         setup.outputs, y, setup.outputs, 1);
      }
    });
  }

  /// The operators of ONNX have time first, weights [directions x gates x inputs], and the gates in an order of their own.
  Value to_onnx(const Graph& g, const float* theta, Value x) const {
    static constexpr const char* names[] = {"RNN", "GRU", "LSTM"};
    static constexpr int64_t gate_of[][4] = {{0}, {1, 0, 2}, {0, 2, 1, 3}};  // ours of theirs
    const auto swap = [&](Value v) { return g.op("Transpose", {v}, {attribute("perm", {1, 0, 2})}); };
    if (embedding) x = g.affine("embedding", x, theta, setup.inputs, embedding, nullptr);
    x = swap(x);
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape s = shape(l);
      std::vector<float> W, R, B;
      for (int64_t d = 0; d < directions; ++d) {
        for (int64_t k = 0; k < s.gates; ++k) {
          const int64_t column = gate_of[kind][k / s.units] * s.units + k % s.units;
          for (int64_t i = 0; i < s.inputs; ++i) W.push_back(theta[s.input + i * s.width + d * s.gates + column]);
          for (int64_t i = 0; i < s.units; ++i) R.push_back(theta[s.recurrent[d] + i * s.gates + column]);
          B.push_back(theta[s.bias + d * s.gates + column]);
        }
        B.resize(B.size() + size_t(s.gates), 0.f);  // of the recurrent weights, which have none
      }
      const std::string name = "layer_" + std::to_string(l + 1);
      const std::initializer_list<Value> operands = {x, g.constant((name + ".input").c_str(), W, {directions, s.gates, s.inputs}),
                                                     g.constant((name + ".recurrent").c_str(), R, {directions, s.gates, s.units}),
                                                     g.constant((name + ".bias").c_str(), B, {directions, 2 * s.gates})};
      const Attribute size = attribute("hidden_size", s.units), way = attribute("direction", directions > 1 ? "bidirectional" : "forward");
      // [steps x directions x batch x units]
      x = kind == RecurrentCell::gru ? g.op(names[kind], operands, {size, way, attribute("linear_before_reset", 1)}) : g.op(names[kind], operands, {size, way});
      x = g.op("Reshape", {g.op("Transpose", {x}, {attribute("perm", {0, 2, 1, 3})}), g.integers({0, 0, s.outputs()})});
    }
    const Shape s = shape(depth() - 1);
    return g.affine("output", swap(x), theta + s.end_theta, s.outputs(), setup.outputs, theta + s.end_theta + s.outputs() * setup.outputs);
  }

  void backward(const Services& services, const BackwardPass& pass) const {
    const Batch b{pass.steps, rows(pass.batch, pass.steps), pass.length};
    const int64_t batch = pass.batch, steps = pass.steps, all = b.all;
    float* errors[2] = {pass.tape + all * shape(depth() - 1).end_row, nullptr};
    errors[1] = errors[0] + all * widest();
    float* embedded = errors[1] + all * widest();
    float* packed = embedded + all * embedding;
    float* carried = packed + packed_size();
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape s = shape(l);
      for (int64_t d = 0; d < directions; ++d)
        services.pack(services.host, 1, s.gates, s.units, pass.feedback() + s.recurrent[d], s.gates, packed + packed_offset(l, d, true));
    }
    services.parallel_for(batch, samples_at_once(), [&](int64_t begin, int64_t end) {
      for (int32_t l = depth() - 1; l >= 0; --l) {
        const Shape s = shape(l);
        float* dh = errors[l % 2] + b.row(begin) * (widest() - s.outputs());  // so that this chunk's rows begin at the same place in every layer

        // The error of every step's activity: from the readout, or from the layer above.
        if (l + 1 == depth() || pass.path.direct)
          for (int64_t sample = begin; sample < end; ++sample)
            from_output(services, pass, sample, s.outputs(), pass.path.direct ? pass.path.direct + s.before * setup.outputs : pass.feedback() + s.end_theta,
                        dh + b.row(sample) * s.outputs());
        else
          from_above(services, shape(l + 1), b, begin, end, pass, dh, steps + 1);
        if (dropout > 0) multiply(pass.tape + all * s.kept + b.row(begin) * s.outputs(), (b.row(end) - b.row(begin)) * s.outputs(), dh + b.row(begin) * s.outputs());
        for (int64_t d = 0; d < directions; ++d)
          back_in_time(services, s, b, d, begin, end, pass.path.cut_recurrence, packed + packed_offset(l, d, true), dh, carried + begin * widest(),
                       carried + (batch + begin) * widest(), pass.tape);
      }

      // The error of the input.
      if (embedding && pass.path.direct)
        for (int64_t sample = begin; sample < end; ++sample)
          from_output(services, pass, sample, embedding, pass.path.direct, embedded + b.row(sample) * embedding);
      else if (embedding)
        from_above(services, shape(0), b, begin, end, pass, embedded, steps + 1);
      if (embedding && dropout > 0)
        multiply(pass.tape + all * embedding + b.row(begin) * embedding, (b.row(end) - b.row(begin)) * embedding, embedded + b.row(begin) * embedding);
      if (!pass.input_gradient) return;
      if (!embedding) return from_above(services, shape(0), b, begin, end, pass, pass.input_gradient, steps);
      for (int64_t sample = begin; sample < end; ++sample)
        services.product(services.host, 0, 1, steps, setup.inputs, embedding, embedded + b.row(sample) * embedding, embedding, pass.feedback(), embedding,
                         pass.input_gradient + sample * steps * setup.inputs, setup.inputs, 0);
    });

    // Weights: one product each over all rows; where rows do not belong together, the error is 0.
    for (int32_t l = 0; l < depth(); ++l)
      for (int64_t d = 0; d < directions; ++d) {
        const Shape s = shape(l);
        const float* gate = pass.tape + all * s.at[d].gate;
        const float* back = kind == RecurrentCell::gru ? pass.tape + all * s.at[d].back : gate;
        float* weights = pass.gradient + s.input + d * s.gates;
        services.product(services.host, 1, 0, s.units, s.gates, all, pass.tape + all * s.at[d].h, s.units, back, s.gates, pass.gradient + s.recurrent[d],
                         s.gates, 0);
        if (l == 0 && pass.events.row_begin && !embedding)
          sum_events(services, pass.events, s.inputs, s.gates, s.width, weights, [&](int64_t r) {
            const int64_t sample = r / steps;
            return gate + (b.row(sample) + b.step(sample, d, r % steps)) * s.gates;
          });
        else if (d == 0)
          services.product(services.host, 1, 0, s.inputs, s.gates, all - (l && !copies() ? 1 : 0), rows_below(pass.tape, l, all), s.inputs, gate, s.gates,
                           weights, s.width, 0);
        else
          for (int64_t sample = 0; sample < batch; ++sample)
            services.product(services.host, 1, 0, s.inputs, s.gates, b.own(sample), rows_below(pass.tape, l, all) + (b.row(sample) + b.own(sample) - 1) * s.inputs,
                             -s.inputs, gate + b.row(sample) * s.gates, s.gates, weights, s.width, sample > 0);
        column_sums(services, gate, all, s.gates, pass.gradient + s.bias + d * s.gates);
      }
    if (embedding && pass.events.row_begin)
      sum_events(services, pass.events, setup.inputs, embedding, pass.gradient,
                 [&](int64_t r) { return embedded + (b.row(r / steps) + r % steps) * embedding; });
    else if (embedding)
      for (int64_t sample = 0; sample < batch; ++sample)
        services.product(services.host, 1, 0, setup.inputs, embedding, steps, pass.input + sample * steps * setup.inputs, setup.inputs,
                         embedded + b.row(sample) * embedding, embedding, pass.gradient, embedding, sample > 0);
    const Shape s = shape(depth() - 1);
    std::fill_n(pass.gradient + s.end_theta, s.outputs() * setup.outputs, 0.f);
    for (int64_t sample = 0; sample < batch; ++sample)
      services.product(services.host, 1, 0, s.outputs(), setup.outputs, steps, rows_below(pass.tape, depth(), all) + b.row(sample) * s.outputs(), s.outputs(),
                       pass.output_gradient + sample * steps * setup.outputs, setup.outputs, pass.gradient + s.end_theta, setup.outputs, 1);
    column_sums(services, pass.output_gradient, batch * steps, setup.outputs, pass.gradient + s.end_theta + s.outputs() * setup.outputs);
  }

 private:
  /// The rows that layer l takes, row t of a sample that of step t: the input's or the embedding's, or the activities of the layer below.
  const float* rows_below(const float* tape, int32_t l, int64_t all) const {
    if (l == 0) return tape;
    const Shape s = shape(l - 1);
    return copies() ? tape + all * s.above : tape + all * s.at[0].h + s.units;
  }

  /// The rows of a sample that the first layer takes: a copy of the input, or its embedding; and a row of zeros.
  void first_rows(const Services& services, const ForwardPass& pass, int64_t sample, float* to) const {
    const int64_t steps = pass.steps, width = first_inputs();
    const float* x = pass.input ? pass.input + sample * steps * setup.inputs : nullptr;
    if (!embedding) {
      std::copy_n(x, steps * width, to);
    } else if (x) {
      services.product(services.host, 0, 0, steps, embedding, setup.inputs, x, setup.inputs, pass.theta, embedding, to, embedding, 0);
    } else {
      std::fill_n(to, steps * width, 0.f);
      for (int64_t t = 0; t < steps; ++t) add_events(pass.events, sample * steps + t, pass.theta, embedding, to + t * embedding);
    }
    std::fill_n(to + steps * width, width, 0.f);
    if (embedding && dropout > 0) silence(pass, 0, sample, width, to, pass.tape + rows(pass.batch, steps) * embedding + sample * (steps + 1) * width);
  }

  /// Dropout of the rows of one sample; while it does not train, all is kept.
  void silence(const ForwardPass& pass, int32_t layer, int64_t sample, int64_t width, float* x, float* kept) const {
    const int64_t n = (pass.steps + 1) * width;
    if (pass.training) drop(pass.key.with(uint32_t(layer)), pass.first_sample + sample, pass.step, 0, dropout, n, x, kept);
    else std::fill_n(kept, n, 1.f);
  }
  static void multiply(const float* kept, int64_t n, float* error) {
    for (int64_t i = 0; i < n; ++i) error[i] *= kept[i];
  }

  /// Step by step, one direction of a layer.
  void through_time(const Services& services, const Shape& s, const Batch& b, int64_t d, int64_t begin, int64_t end, const float* packed, float* tape) const {
    const RecurrentCell::Place& at = s.at[d];
    const int64_t n = end - begin, row = b.row(begin), stride = b.steps + 1;
    float* gate = tape + b.all * at.gate;
    float* h = tape + b.all * at.h;
    for (int64_t sample = begin; sample < end; ++sample) {
      std::fill_n(h + b.row(sample) * s.units, s.units, 0.f);
      if (kind == RecurrentCell::lstm) std::fill_n(tape + b.all * at.c + b.row(sample) * s.units, s.units, 0.f);
    }
    float* target = kind == RecurrentCell::gru ? tape + b.all * at.back : gate;
    for (int64_t t = 0; t < b.steps; ++t) {
      services.product_packed(services.host, n, s.gates, s.units, h + (row + t) * s.units, stride * s.units, packed, target + (row + t) * s.gates,
                              stride * s.gates, kind != RecurrentCell::gru);
      for (int64_t sample = begin; sample < end; ++sample) s.cell.step(services, at, tape, b.all, b.row(sample) + t);
    }
  }

  /// What the layer above takes: the activities of all directions side by side, by step, and a row of zeros; with dropout.
  void hand_up(const Shape& s, const Batch& b, int64_t begin, int64_t end, const ForwardPass& pass, int32_t l) const {
    for (int64_t sample = begin; sample < end; ++sample) {
      float* to = pass.tape + b.all * s.above + b.row(sample) * s.outputs();
      for (int64_t t = 0; t < b.steps; ++t)
        for (int64_t d = 0; d < directions; ++d)
          std::copy_n(pass.tape + b.all * s.at[d].h + (b.row(sample) + b.step(sample, d, t) + 1) * s.units, s.units, to + t * s.outputs() + d * s.units);
      std::fill_n(to + b.steps * s.outputs(), s.outputs(), 0.f);
      if (dropout > 0) silence(pass, l + 1, sample, s.outputs(), to, pass.tape + b.all * s.kept + b.row(sample) * s.outputs());
    }
  }

  /// The error of the rows of one sample, straight from that of the output.
  void from_output(const Services& services, const BackwardPass& pass, int64_t sample, int64_t columns, const float* weights, float* to) const {
    services.product(services.host, 0, 1, pass.steps, columns, setup.outputs, pass.output_gradient + sample * pass.steps * setup.outputs, setup.outputs,
                     weights, setup.outputs, to, columns, 0);
  }

  /// The error of the rows that a layer took, `stride` rows a sample, from the errors of its gates in both directions.
  void from_above(const Services& services, const Shape& above, const Batch& b, int64_t begin, int64_t end, const BackwardPass& pass, float* to,
                  int64_t stride) const {
    const float* gate = pass.tape + b.all * above.at[0].gate;
    if (stride == b.steps + 1)
      services.product(services.host, 0, 1, b.row(end) - b.row(begin), above.inputs, above.gates, gate + b.row(begin) * above.gates, above.gates,
                       pass.feedback() + above.input, above.width, to + b.row(begin) * above.inputs, above.inputs, 0);
    for (int64_t sample = begin; sample < end; ++sample) {
      if (stride == b.steps)
        services.product(services.host, 0, 1, b.steps, above.inputs, above.gates, gate + b.row(sample) * above.gates, above.gates,
                         pass.feedback() + above.input, above.width, to + sample * stride * above.inputs, above.inputs, 0);
      if (directions > 1)
        services.product(services.host, 0, 1, b.own(sample), above.inputs, above.gates,
                         pass.tape + b.all * above.at[1].gate + (b.row(sample) + b.own(sample) - 1) * above.gates, -above.gates,
                         pass.feedback() + above.input + above.gates, above.width, to + sample * stride * above.inputs, above.inputs, 1);
    }
  }

  /// Gates of one direction become their errors, from the last row to the first.
  void back_in_time(const Services& services, const Shape& s, const Batch& b, int64_t d, int64_t begin, int64_t end, bool cut, const float* packed,
                    const float* dh, float* from_later, float* dc, float* tape) const {
    const RecurrentCell::Place& at = s.at[d];
    const int64_t n = end - begin, row = b.row(begin), stride = b.steps + 1;
    float* gate = tape + b.all * at.gate;
    float* back = kind == RecurrentCell::gru ? tape + b.all * at.back : gate;
    std::fill_n(from_later, n * s.units, 0.f);
    std::fill_n(dc, n * s.units, 0.f);
    for (int64_t t = b.steps - 1; t >= 0; --t) {
      for (int64_t k = 0; k < n; ++k)
        s.cell.step_back(at, tape, b.all, row + k * stride + t, dh + (row + k * stride + b.step(begin + k, d, t)) * s.outputs() + d * s.units,
                         from_later + k * s.units, dc + k * s.units);
      if (t == 0) break;
      const bool add = kind == RecurrentCell::gru;  // of the state itself, which the unit keeps
      if (cut) {
        if (!add) std::fill_n(from_later, n * s.units, 0.f);
      } else {
        services.product_packed(services.host, n, s.units, s.gates, back + (row + t) * s.gates, stride * s.gates, packed, from_later, s.units, add);
      }
    }
    for (int64_t sample = begin; sample < end; ++sample) {
      std::fill_n(gate + (b.row(sample) + b.steps) * s.gates, s.gates, 0.f);
      if (kind == RecurrentCell::gru) std::fill_n(back + (b.row(sample) + b.steps) * s.gates, s.gates, 0.f);
    }
  }
};

PROXON_PLUGIN(approximator, recurrent, recurrent)
