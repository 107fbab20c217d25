#include <algorithm>
#include <stdexcept>
#include <string>

#include "recurrent_layout.hpp"
#include "recurrent_onnx.hpp"

using namespace proxon;

struct recurrent : RecurrentLayout {
  static constexpr Documentation about{
      .summary = "Recurrent layers over time (tanh units, GRU or LSTM), forwards or in both directions, and a linear readout at every step.",
      .equation = "rnn: h = tanh(x W + h' U + b).  lstm: c = f c' + i g, h = o tanh(c), (i, f, o) = sigmoid(x W + h' U + b), g = tanh(...).  "
                  "gru: h = z h' + (1 - z) n, (r, z) = sigmoid(x W + h' U + b), n = tanh(x W + b + r (h' U)).  h' is the step before, 0 at the "
                  "begin;  bidirectional: h(t) = (forwards, backwards), of which the second begins at the sample's end and h' is the step after;  "
                  "with a norm: what goes up is gain (h(t) - mean) / sqrt(var + 1e-5) + bias, over the units of the layer at step t;  output(t) = h_L(t) V + c",
      .reference = "Hochreiter & Schmidhuber 1997, Neural Computation 9:1735, doi:10.1162/neco.1997.9.8.1735; Cho et al. 2014, "
                   "arXiv:1406.1078; Schuster & Paliwal 1997, IEEE Transactions on Signal Processing 45:2673, doi:10.1109/78.650093; norm: Ba, Kiros & "
                   "Hinton 2016, arXiv:1607.06450"};
  static constexpr bool takes_events = true;

  static constexpr int64_t default_units[] = {64};

  struct Parameters {
    std::string_view cell = "gru";
    std::span<const int64_t> units = default_units;
    double forget_bias = 1;
    bool bidirectional = false;
    int64_t embedding = 0;
    double dropout = 0;
    std::string_view norm = "none";
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
                                           at_least(0), below(1)),
                        field<&P::norm>("", "what the output of a layer at a step is normalised over before the layer above, or the readout, takes it: nothing, or "
                                            "the units of the layer, of both directions",
                                        one_of("none|layer"))};
    }
  };

  float forget_bias, dropout;

  recurrent(const Parameters& p, const ApproximatorSetup& s)
      : RecurrentLayout{.kind = p.cell == "rnn" ? RecurrentCell::rnn : p.cell == "gru" ? RecurrentCell::gru : RecurrentCell::lstm,
                        .units = p.units,
                        .directions = p.bidirectional ? 2 : 1,
                        .embedding = p.embedding,
                        .inputs = s.inputs,
                        .outputs = s.outputs,
                        .drops = p.dropout > 0,
                        .norm = Norm(p.norm)},
        forget_bias(float(p.forget_bias)), dropout(float(p.dropout)) {
    if (units.empty()) throw std::invalid_argument("units names no layer: give the number of units of at least one");
    for (const int64_t n : units)
      if (n < 1) throw std::invalid_argument("a recurrent layer needs at least one unit");
  }

  void begin(float* theta, Key) const {
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape s = shape(l);
      if (norm) Norm::begin(0, s.outputs(), theta + s.gain);
      for (int64_t d = 0; d < directions && kind == RecurrentCell::lstm; ++d) std::fill_n(theta + s.bias + d * s.gates + s.units, s.units, forget_bias);
    }
  }

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
        float* y = pass.output + sample * steps * outputs;
        for (int64_t t = 0; t < steps; ++t) std::copy_n(v + s.outputs() * outputs, outputs, y + t * outputs);
        services.product(services.host, 0, 0, steps, outputs, s.outputs(), rows_below(pass.tape, depth(), all) + b.row(sample) * s.outputs(), s.outputs(), v,
                         outputs, y, outputs, 1);
      }
    });
  }

  Value to_onnx(const Graph& g, const float* theta, Value x) const {
    const auto swap = [&](Value v) { return g.op("Transpose", {v}, {attribute("perm", {1, 0, 2})}); };
    if (embedding) x = g.affine("embedding", x, theta, inputs, embedding, nullptr);
    x = swap(x);  // time first
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape s = shape(l);
      const std::string name = "layer_" + std::to_string(l + 1);
      x = recurrent_to_onnx(g, name, s.cell, {s.inputs, directions, theta + s.input, theta + s.bias, {theta + s.recurrent[0], theta + s.recurrent[1]}}, x);
      const float* const gain = theta + s.gain;
      if (norm) x = norm.to_onnx(g, name + ".norm", x, s.outputs(), &gain, gain + s.outputs());
    }
    const Shape s = shape(depth() - 1);
    return g.affine("output", swap(x), theta + s.end_theta, s.outputs(), outputs, theta + s.end_theta + s.outputs() * outputs);
  }

  void backward(const Services& services, const BackwardPass& pass) const {
    const Batch b{pass.steps, rows(pass.batch, pass.steps), pass.length};
    const int64_t batch = pass.batch, steps = pass.steps, all = b.all;
    float* errors[2] = {pass.tape + all * shape(depth() - 1).end_row, nullptr};
    errors[1] = errors[0] + all * widest();
    float* embedded = errors[1] + all * widest();
    float* packed = embedded + all * embedding;
    float* carried = packed + packed_size();
    float* norm_sums = carried + 2 * batch * widest();
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
            from_output(services, pass, sample, s.outputs(), pass.path.direct ? pass.path.direct + s.before * outputs : pass.feedback() + s.end_theta,
                        dh + b.row(sample) * s.outputs());
        else
          from_above(services, shape(l + 1), b, begin, end, pass, dh, steps + 1);
        if (drops) multiply(pass.tape + all * s.kept + b.row(begin) * s.outputs(), (b.row(end) - b.row(begin)) * s.outputs(), dh + b.row(begin) * s.outputs());
        if (norm) norm_back(s, b, begin, end, pass.theta, dh, norm_sums + begin / samples_at_once() * norm_size() + norm_offset(s), pass.tape);
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
      if (embedding && drops)
        multiply(pass.tape + all * embedding + b.row(begin) * embedding, (b.row(end) - b.row(begin)) * embedding, embedded + b.row(begin) * embedding);
      if (!pass.input_gradient) return;
      if (!embedding) return from_above(services, shape(0), b, begin, end, pass, pass.input_gradient, steps);
      for (int64_t sample = begin; sample < end; ++sample)
        services.product(services.host, 0, 1, steps, inputs, embedding, embedded + b.row(sample) * embedding, embedding, pass.feedback(), embedding,
                         pass.input_gradient + sample * steps * inputs, inputs, 0);
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
    for (int32_t l = 0; norm && l < depth(); ++l) {
      const Shape s = shape(l);
      std::fill_n(pass.gradient + s.gain, 2 * s.outputs(), 0.f);
      for (int64_t g = 0; g < groups(batch); ++g) add(2 * s.outputs(), 1, norm_sums + g * norm_size() + norm_offset(s), pass.gradient + s.gain);
    }
    if (embedding && pass.events.row_begin)
      sum_events(services, pass.events, inputs, embedding, pass.gradient,
                 [&](int64_t r) { return embedded + (b.row(r / steps) + r % steps) * embedding; });
    else if (embedding)
      for (int64_t sample = 0; sample < batch; ++sample)
        services.product(services.host, 1, 0, inputs, embedding, steps, pass.input + sample * steps * inputs, inputs,
                         embedded + b.row(sample) * embedding, embedding, pass.gradient, embedding, sample > 0);
    const Shape s = shape(depth() - 1);
    std::fill_n(pass.gradient + s.end_theta, s.outputs() * outputs, 0.f);
    for (int64_t sample = 0; sample < batch; ++sample)
      services.product(services.host, 1, 0, s.outputs(), outputs, steps, rows_below(pass.tape, depth(), all) + b.row(sample) * s.outputs(), s.outputs(),
                       pass.output_gradient + sample * steps * outputs, outputs, pass.gradient + s.end_theta, outputs, 1);
    column_sums(services, pass.output_gradient, batch * steps, outputs, pass.gradient + s.end_theta + s.outputs() * outputs);
  }

 private:
  /// The rows of a sample that the first layer takes: a copy of the input, or its embedding; and a row of zeros.
  void first_rows(const Services& services, const ForwardPass& pass, int64_t sample, float* to) const {
    const int64_t steps = pass.steps, width = first_inputs();
    const float* x = pass.input ? pass.input + sample * steps * inputs : nullptr;
    if (!embedding) {
      std::copy_n(x, steps * width, to);
    } else if (x) {
      services.product(services.host, 0, 0, steps, embedding, inputs, x, inputs, pass.theta, embedding, to, embedding, 0);
    } else {
      std::fill_n(to, steps * width, 0.f);
      for (int64_t t = 0; t < steps; ++t) add_events(pass.events, sample * steps + t, pass.theta, embedding, to + t * embedding);
    }
    std::fill_n(to + steps * width, width, 0.f);
    if (embedding && drops) silence(pass, 0, sample, width, to, pass.tape + rows(pass.batch, steps) * embedding + sample * (steps + 1) * width);
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

  /// What the layer above takes: the activities of all directions side by side, by step, and a row of zeros; normalised, and with dropout.
  void hand_up(const Shape& s, const Batch& b, int64_t begin, int64_t end, const ForwardPass& pass, int32_t l) const {
    for (int64_t sample = begin; sample < end; ++sample) {
      float* to = pass.tape + b.all * s.above + b.row(sample) * s.outputs();
      for (int64_t t = 0; t < b.steps; ++t)
        for (int64_t d = 0; d < directions; ++d)
          std::copy_n(pass.tape + b.all * s.at[d].h + (b.row(sample) + b.step(sample, d, t) + 1) * s.units, s.units, to + t * s.outputs() + d * s.units);
      std::fill_n(to + b.steps * s.outputs(), s.outputs(), 0.f);
      const float* const gain = pass.theta + s.gain;
      for (int64_t t = 0, r = b.row(sample); norm && t < b.steps; ++t, ++r)
        pass.tape[b.all * s.scale + r] =
            normalise_row(s.outputs(), gain, gain + s.outputs(), to + t * s.outputs(), pass.tape + b.all * s.normed + r * s.outputs());
      if (drops) silence(pass, l + 1, sample, s.outputs(), to, pass.tape + b.all * s.kept + b.row(sample) * s.outputs());
    }
  }

  /// The error of the rows of one sample, straight from that of the output.
  void from_output(const Services& services, const BackwardPass& pass, int64_t sample, int64_t columns, const float* weights, float* to) const {
    services.product(services.host, 0, 1, pass.steps, columns, outputs, pass.output_gradient + sample * pass.steps * outputs, outputs,
                     weights, outputs, to, columns, 0);
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

  /// The error of what went up becomes that of the activities; `sums` gets those of gains and biases.
  void norm_back(const Shape& s, const Batch& b, int64_t begin, int64_t end, const float* theta, float* dh, float* sums, const float* tape) const {
    const int64_t n = s.outputs();
    std::fill_n(sums, 2 * n, 0.f);
    for (int64_t sample = begin; sample < end; ++sample)
      for (int64_t r = b.row(sample); r < b.row(sample) + b.steps; ++r) {
        const float* normed = tape + b.all * s.normed + r * n;
        float* d = dh + r * n;
        for (int64_t k = 0; k < n; ++k) sums[k] += d[k] * normed[k];
        add(n, 1, d, sums + n);
        normalise_row_back(n, theta + s.gain, normed, tape[b.all * s.scale + r], d);
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
