#include <algorithm>
#include <stdexcept>

#include "sums.hpp"

using namespace proxon;

struct recurrent {
  static constexpr Documentation about{
      .summary = "Recurrent layers over time (tanh units, GRU or LSTM) and a linear readout at every step.",
      .equation = "rnn: h = tanh(x W + h' U + b).  lstm: c = f c' + i g, h = o tanh(c), (i, f, o) = sigmoid(x W + h' U + b), g = tanh(...).  "
                  "gru: h = z h' + (1 - z) n, (r, z) = sigmoid(x W + h' U + b), n = tanh(x W + b + r (h' U)).  h' is the step before, 0 at the "
                  "begin;  output(t) = h_L(t) V + c",
      .reference = "Hochreiter & Schmidhuber 1997, Neural Computation 9:1735, doi:10.1162/neco.1997.9.8.1735; Cho et al. 2014, "
                   "arXiv:1406.1078"};
  static constexpr bool takes_events = true;

  static constexpr int64_t default_units[] = {64};

  struct Parameters {
    std::string_view cell = "gru";
    std::span<const int64_t> units = default_units;
    double forget_bias = 1;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::cell>("", "what a unit is", one_of("rnn|gru|lstm")),
                        field<&P::units>("1", "units of each layer, from the input on", at_least(1)),
                        field<&P::forget_bias>("1", "lstm: what the biases of the forget gates begin with")};
    }
  };

  enum Cell { rnn, gru, lstm };

  Cell cell;
  std::span<const int64_t> units;
  float forget_bias;
  ApproximatorSetup setup;

  recurrent(const Parameters& p, const ApproximatorSetup& s)
      : cell(p.cell == "rnn" ? rnn : p.cell == "gru" ? gru : lstm), units(p.units), forget_bias(float(p.forget_bias)), setup(s) {
    if (units.empty()) throw std::invalid_argument("units names no layer: give the number of units of at least one");
    for (const int64_t n : units)
      if (n < 1) throw std::invalid_argument("a recurrent layer needs at least one unit");
  }

  int64_t gates() const { return cell == rnn ? 1 : cell == gru ? 3 : 4; }
  int32_t depth() const { return int32_t(units.size()); }

  /// Where things of layer l are in theta and, in floats a row, in the tape. Row t of a sample belongs to step t; there are steps + 1 rows, so that
  /// `h`, whose row t + 1 holds the activity of step t, has a row of zeros before the first one, and all rows of all samples line up.
  struct Shape {
    int64_t inputs, units, gates;  // gates: columns of all gates together
    int64_t input, bias, recurrent;  // theta
    int64_t gate, h, c, tanh_c, back;  // tape
    int64_t before;  // units of the layers before
    int64_t end_theta, end_row;
  };
  Shape shape(int32_t l) const {
    Shape s{setup.inputs, 0, 0, 0, 0, 0, setup.inputs, 0, 0, 0, 0, 0, 0, 0};
    for (int32_t i = 0;; ++i) {
      s.units = units[size_t(i)], s.gates = gates() * s.units;
      s.bias = s.input + s.inputs * s.gates;
      s.recurrent = s.bias + s.gates;
      s.end_theta = s.recurrent + s.units * s.gates;
      // gru: `back` holds h' U, which one gate needs apart, and on the way back its error.
      s.h = s.gate + s.gates;
      s.c = s.h + s.units;
      s.tanh_c = s.c + (cell == lstm ? s.units : 0);
      s.back = s.tanh_c + (cell == lstm ? s.units : 0);
      s.end_row = s.back + (cell == gru ? s.gates : 0);
      if (i == l) return s;
      s.before += s.units;
      s.inputs = s.units;
      s.input = s.end_theta;
      s.gate = s.end_row;
    }
  }

  int32_t layers() const { return 2 * depth() + 1; }
  LayerInfo layer(int32_t index) const {
    LayerInfo info{};
    info.activation = cell == rnn ? Activation::tanh : Activation::linear;
    info.tape_offset = no_activities;
    info.bias_offset = -1;
    if (index == 2 * depth()) {
      const Shape s = shape(depth() - 1);
      info.name.assign("output");
      info.activation = Activation::linear;
      info.inputs = s.units, info.outputs = setup.outputs;
      info.weight_offset = s.end_theta, info.bias_offset = s.end_theta + s.units * setup.outputs;
      info.tape_offset = -1;
      return info;
    }
    const Shape s = shape(index / 2);
    const bool input = index % 2 == 0;
    char name[16] = "recurrent_";
    if (input) std::copy_n("input_", 7, name);
    char* to = name + (input ? 6 : 10);
    if (index / 2 >= 9) *to++ = char('0' + (index / 2 + 1) / 10 % 10);
    *to++ = char('0' + (index / 2 + 1) % 10);
    *to = 0;
    info.name.assign(name);
    info.role = input ? LayerRole::weights : LayerRole::recurrent;
    info.inputs = input ? s.inputs : s.units;
    info.outputs = s.gates, info.gates = gates();
    info.weight_offset = input ? s.input : s.recurrent;
    if (input) info.bias_offset = s.bias;
    return info;
  }

  void begin(float* theta, Key) const {
    if (cell != lstm) return;
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape s = shape(l);
      std::fill_n(theta + s.bias + s.units, s.units, forget_bias);
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
  int64_t packed_offset(int32_t l, bool back) const {
    int64_t offset = 0;
    for (int32_t i = 0; i < depth(); ++i) {
      const Shape s = shape(i);
      if (i == l && !back) return offset;
      offset += packed_bound(s.units, s.gates);
      if (i == l) return offset;
      offset += packed_bound(s.gates, s.units);
    }
    return offset;
  }
  int64_t widest() const { return *std::max_element(units.begin(), units.end()); }
  int64_t rows(int64_t batch, int64_t steps) const { return batch * (steps + 1); }

  /// Rows of the input and of all layers; the errors of two layers; packed weights; what each piece of the batch carries back in time.
  int64_t tape(int64_t batch, int64_t steps) const {
    return rows(batch, steps) * (shape(depth() - 1).end_row + 2 * widest()) + packed_offset(depth(), false) + 2 * batch * widest();
  }

  void forward(const Services& services, const ForwardPass& pass) const {
    const int64_t batch = pass.batch, steps = pass.steps, all = rows(batch, steps);
    float* packed = pass.tape + all * (shape(depth() - 1).end_row + 2 * widest());
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape s = shape(l);
      services.pack(services.host, 0, s.units, s.gates, pass.theta + s.recurrent, s.gates, packed + packed_offset(l, false));
    }
    services.parallel_for(batch, samples_at_once(), [&](int64_t begin, int64_t end) {
      const int64_t n = end - begin, row = begin * (steps + 1);
      for (int32_t l = 0; l < depth(); ++l) {
        const Shape s = shape(l);
        float* gate = pass.tape + all * s.gate;
        float* h = pass.tape + all * s.h;

        // What comes from below, for all steps at once.
        for (int64_t r = row; r < row + n * (steps + 1); ++r) std::copy_n(pass.theta + s.bias, s.gates, gate + r * s.gates);
        if (l == 0 && pass.events.row_begin)
          for (int64_t sample = begin; sample < end; ++sample)
            for (int64_t t = 0; t < steps; ++t)
              add_events(pass.events, sample * steps + t, pass.theta + s.input, s.gates, gate + (sample * (steps + 1) + t) * s.gates);
        else
          for (int64_t sample = begin; sample < end; ++sample) {
            const float* x = below(pass.tape, l, all) + (sample * (steps + 1) + (l ? 1 : 0)) * s.inputs;
            if (l == 0) {
              float* own = pass.tape + sample * (steps + 1) * s.inputs;
              std::copy_n(pass.input + sample * steps * s.inputs, steps * s.inputs, own);
              std::fill_n(own + steps * s.inputs, s.inputs, 0.f);
            }
            services.product(services.host, 0, 0, steps, s.gates, s.inputs, x, s.inputs, pass.theta + s.input, s.gates,
                             gate + sample * (steps + 1) * s.gates, s.gates, 1);
          }

        // Step by step.
        for (int64_t sample = begin; sample < end; ++sample) {
          std::fill_n(h + sample * (steps + 1) * s.units, s.units, 0.f);
          if (cell == lstm) std::fill_n(pass.tape + all * s.c + sample * (steps + 1) * s.units, s.units, 0.f);
        }
        float* target = cell == gru ? pass.tape + all * s.back : gate;
        for (int64_t t = 0; t < steps; ++t) {
          services.product_packed(services.host, n, s.gates, s.units, h + (row + t) * s.units, (steps + 1) * s.units,
                                  packed + packed_offset(l, false), target + (row + t) * s.gates, (steps + 1) * s.gates, cell != gru);
          for (int64_t sample = begin; sample < end; ++sample) step(services, s, pass.tape, all, sample * (steps + 1) + t);
        }
      }

      // The readout.
      const Shape s = shape(depth() - 1);
      const float* v = pass.theta + s.end_theta;
      for (int64_t sample = begin; sample < end; ++sample) {
        float* y = pass.output + sample * steps * setup.outputs;
        for (int64_t t = 0; t < steps; ++t) std::copy_n(v + s.units * setup.outputs, setup.outputs, y + t * setup.outputs);
        services.product(services.host, 0, 0, steps, setup.outputs, s.units, pass.tape + all * s.h + (sample * (steps + 1) + 1) * s.units, s.units, v,
                         setup.outputs, y, setup.outputs, 1);
      }
    });
  }

  void backward(const Services& services, const BackwardPass& pass) const {
    const int64_t batch = pass.batch, steps = pass.steps, all = rows(batch, steps);
    float* errors[2] = {pass.tape + all * shape(depth() - 1).end_row, nullptr};
    errors[1] = errors[0] + all * widest();
    float* packed = errors[1] + all * widest();
    float* carried = packed + packed_offset(depth(), false);
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape s = shape(l);
      services.pack(services.host, 1, s.gates, s.units, pass.feedback() + s.recurrent, s.gates, packed + packed_offset(l, true));
    }
    services.parallel_for(batch, samples_at_once(), [&](int64_t begin, int64_t end) {
      const int64_t n = end - begin, row = begin * (steps + 1);
      for (int32_t l = depth() - 1; l >= 0; --l) {
        const Shape s = shape(l);
        float* dh = errors[l % 2] + row * (widest() - s.units);  // so that this chunk's rows begin at the same place in every layer

        // The error of every step's activity: from the readout, or from the layer above.
        if (l + 1 == depth() || pass.path.direct)
          for (int64_t sample = begin; sample < end; ++sample)
            services.product(services.host, 0, 1, steps, s.units, setup.outputs, pass.output_gradient + sample * steps * setup.outputs,
                             setup.outputs, pass.path.direct ? pass.path.direct + s.before * setup.outputs : pass.feedback() + s.end_theta,
                             setup.outputs, dh + sample * (steps + 1) * s.units, s.units, 0);
        else
          services.product(services.host, 0, 1, n * (steps + 1), s.units, shape(l + 1).gates, pass.tape + all * shape(l + 1).gate + row * shape(l + 1).gates,
                           shape(l + 1).gates, pass.feedback() + shape(l + 1).input, shape(l + 1).gates, dh + row * s.units, s.units, 0);

        // Back in time: gates become their errors.
        float* gate = pass.tape + all * s.gate;
        float* back = cell == gru ? pass.tape + all * s.back : gate;
        float* from_later = carried + begin * widest();
        float* dc = carried + (batch + begin) * widest();
        std::fill_n(from_later, n * s.units, 0.f);
        std::fill_n(dc, n * s.units, 0.f);
        for (int64_t t = steps - 1; t >= 0; --t) {
          for (int64_t k = 0; k < n; ++k)
            step_back(s, pass.tape, all, row + k * (steps + 1) + t, dh + (row + k * (steps + 1) + t) * s.units, from_later + k * s.units, dc + k * s.units);
          if (t == 0) break;
          const bool add = cell == gru;  // of the state itself, which the unit keeps
          if (pass.path.cut_recurrence) {
            if (!add) std::fill_n(from_later, n * s.units, 0.f);
          } else {
            services.product_packed(services.host, n, s.units, s.gates, back + (row + t) * s.gates, (steps + 1) * s.gates,
                                    packed + packed_offset(l, true), from_later, s.units, add);
          }
        }
        for (int64_t sample = begin; sample < end; ++sample) {
          std::fill_n(gate + (sample * (steps + 1) + steps) * s.gates, s.gates, 0.f);
          if (cell == gru) std::fill_n(back + (sample * (steps + 1) + steps) * s.gates, s.gates, 0.f);
        }
      }
      if (!pass.input_gradient) return;
      const Shape s = shape(0);
      for (int64_t sample = begin; sample < end; ++sample)
        services.product(services.host, 0, 1, steps, s.inputs, s.gates, pass.tape + all * s.gate + sample * (steps + 1) * s.gates, s.gates,
                         pass.feedback() + s.input, s.gates, pass.input_gradient + sample * steps * s.inputs, s.inputs, 0);
    });

    // Weights: one product each over all rows; where rows do not belong together, the error is 0.
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape s = shape(l);
      const float* gate = pass.tape + all * s.gate;
      const float* back = cell == gru ? pass.tape + all * s.back : gate;
      services.product(services.host, 1, 0, s.units, s.gates, all, pass.tape + all * s.h, s.units, back, s.gates, pass.gradient + s.recurrent, s.gates, 0);
      if (l == 0 && pass.events.row_begin)
        sum_events(services, pass.events, s.inputs, s.gates, pass.gradient + s.input,
                   [&](int64_t r) { return gate + (r / steps * (steps + 1) + r % steps) * s.gates; });
      else
        services.product(services.host, 1, 0, s.inputs, s.gates, all - (l ? 1 : 0), below(pass.tape, l, all) + (l ? s.inputs : 0), s.inputs, gate,
                         s.gates, pass.gradient + s.input, s.gates, 0);
      column_sums(services, gate, all, s.gates, pass.gradient + s.bias);
    }
    const Shape s = shape(depth() - 1);
    std::fill_n(pass.gradient + s.end_theta, s.units * setup.outputs, 0.f);
    for (int64_t sample = 0; sample < batch; ++sample)
      services.product(services.host, 1, 0, s.units, setup.outputs, steps, pass.tape + all * s.h + (sample * (steps + 1) + 1) * s.units, s.units,
                       pass.output_gradient + sample * steps * setup.outputs, setup.outputs, pass.gradient + s.end_theta, setup.outputs, 1);
    column_sums(services, pass.output_gradient, batch * steps, setup.outputs, pass.gradient + s.end_theta + s.units * setup.outputs);
  }

 private:
  /// The rows that layer l takes: the input's copy, or the activities of the layer below.
  float* below(float* tape, int32_t l, int64_t all) const { return l ? tape + all * shape(l - 1).h : tape; }

  /// The units of one sample at one step: row r holds what comes in.
  void step(const Services& services, const Shape& s, float* tape, int64_t all, int64_t r) const {
    const int64_t n = s.units;
    float* gate = tape + all * s.gate + r * s.gates;
    const float* before = tape + all * s.h + r * n;
    float* h = tape + all * s.h + (r + 1) * n;
    if (cell == rnn) return services.activate(services.host, Activation::tanh, gate, h, n);
    if (cell == lstm) {
      services.activate(services.host, Activation::sigmoid, gate, gate, 3 * n);
      services.activate(services.host, Activation::tanh, gate + 3 * n, gate + 3 * n, n);
      const float* c_before = tape + all * s.c + r * n;
      float* c = tape + all * s.c + (r + 1) * n;
      float* tanh_c = tape + all * s.tanh_c + r * n;
      const float *i = gate, *f = gate + n, *o = gate + 2 * n, *g = gate + 3 * n;
#pragma GCC ivdep
      for (int64_t k = 0; k < n; ++k) c[k] = f[k] * c_before[k] + i[k] * g[k];
      services.activate(services.host, Activation::tanh, c, tanh_c, n);
#pragma GCC ivdep
      for (int64_t k = 0; k < n; ++k) h[k] = o[k] * tanh_c[k];
      return;
    }
    const float* back = tape + all * s.back + r * s.gates;
#pragma GCC ivdep
    for (int64_t k = 0; k < 2 * n; ++k) gate[k] += back[k];
    services.activate(services.host, Activation::sigmoid, gate, gate, 2 * n);
    const float *reset = gate, *z = gate + n;
    float* candidate = gate + 2 * n;
#pragma GCC ivdep
    for (int64_t k = 0; k < n; ++k) candidate[k] += reset[k] * back[2 * n + k];
    services.activate(services.host, Activation::tanh, candidate, candidate, n);
#pragma GCC ivdep
    for (int64_t k = 0; k < n; ++k) h[k] = z[k] * before[k] + (1 - z[k]) * candidate[k];
  }

  /// Turns the gates of one sample at one step into their errors. `dh` is the activity's error from outside, `from_later` what comes from the step
  /// after through the recurrent weights; gru leaves there what goes to the step before through the state itself; lstm keeps dc.
  void step_back(const Shape& s, float* tape, int64_t all, int64_t r, const float* dh, float* from_later, float* dc) const {
    const int64_t n = s.units;
    float* gate = tape + all * s.gate + r * s.gates;
    const float* before = tape + all * s.h + r * n;
    if (cell == rnn) {
      const float* h = tape + all * s.h + (r + 1) * n;
#pragma GCC ivdep
      for (int64_t k = 0; k < n; ++k) gate[k] = (dh[k] + from_later[k]) * (1 - h[k] * h[k]);
      return;
    }
    if (cell == lstm) {
      const float* c_before = tape + all * s.c + r * n;
      const float* tanh_c = tape + all * s.tanh_c + r * n;
      float *i = gate, *f = gate + n, *o = gate + 2 * n, *g = gate + 3 * n;
#pragma GCC ivdep
      for (int64_t k = 0; k < n; ++k) {
        const float d = dh[k] + from_later[k], in = i[k], forget = f[k], out = o[k], candidate = g[k];
        const float cell_error = dc[k] + d * out * (1 - tanh_c[k] * tanh_c[k]);
        i[k] = cell_error * candidate * in * (1 - in);
        f[k] = cell_error * c_before[k] * forget * (1 - forget);
        o[k] = d * tanh_c[k] * out * (1 - out);
        g[k] = cell_error * in * (1 - candidate * candidate);
        dc[k] = cell_error * forget;
      }
      return;
    }
    float* back = tape + all * s.back + r * s.gates;
    float *reset = gate, *z = gate + n, *candidate = gate + 2 * n;
#pragma GCC ivdep
    for (int64_t k = 0; k < n; ++k) {
      const float d = dh[k] + from_later[k], rk = reset[k], zk = z[k], nk = candidate[k];
      const float dn = d * (1 - zk) * (1 - nk * nk);
      const float dz = d * (before[k] - nk) * zk * (1 - zk);
      const float dr = dn * back[2 * n + k] * rk * (1 - rk);
      reset[k] = dr, z[k] = dz, candidate[k] = dn;
      back[k] = dr, back[n + k] = dz, back[2 * n + k] = dn * rk;
      from_later[k] = d * zk;
    }
  }
};

PROXON_PLUGIN(approximator, recurrent, recurrent)
