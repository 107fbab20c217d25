#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "spiking_graph.hpp"
#include "spiking_unit.hpp"
#include "sums.hpp"

using namespace proxon;

struct spiking {
  static constexpr Documentation about{
      .summary = "Layers of leaky integrate-and-fire units, feed-forward or recurrent, trained through a surrogate for the slope of a spike; the "
                 "readout is linear in the last layer's filtered spikes.",
      .equation = "v(t) = e^{-bin / tau} v(t-1) + x(t) W + s(t-1) U + b - theta s(t-1);  s = 1 where v > theta, else 0;  d s / d v := h(v - theta);  "
                  "p(t) = e^{-bin / readout_tau} p(t-1) + s(t);  z = p V + c.  With u = slope (v - theta), h / slope is: fast_sigmoid 1 / (1 + |u|)^2;  arctan "
                  "1 / (1 + u^2);  piecewise_linear max(0, 1 - |u|);  exponential e^{-|u|}.  With rate_cost the loss has the term rate_cost mean_k (r_k / rate_target - 1)^2, "
                  "r_k being the rate of unit k over the batch",
      .reference = "Neftci, Mostafa & Zenke 2019, IEEE Signal Processing Magazine 36:51, doi:10.1109/MSP.2019.2931595; Zenke & Ganguli 2018, "
                   "Neural Computation 30:1514, doi:10.1162/neco_a_01086"};
  static constexpr bool takes_events = true;
  static constexpr bool surrogate_gradient = true;
  static constexpr bool counts_spikes = true;

  static constexpr int64_t default_units[] = {128};

  struct Parameters {
    std::span<const int64_t> units = default_units;
    bool recurrent = false;
    std::string_view surrogate = "fast_sigmoid";
    double slope = 10;
    double tau = 20;
    double threshold = 1;
    bool learn_tau = false;
    bool learn_threshold = false;
    double readout_tau = 20;
    double rate_cost = 0;
    double rate_target = 10;
    bool graded = false;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::units>("1", "units of each layer, from the input on", at_least(1)),
                        field<&P::recurrent>("", "whether the units of a layer see one another's spikes of the step before"),
                        field<&P::surrogate>("", "what stands in for the slope of a spike", one_of("fast_sigmoid|arctan|piecewise_linear|exponential")),
                        field<&P::slope>("1", "how steep it is at threshold, for a threshold of 1", above(0)),
                        field<&P::tau>("ms", "membrane time constant that units begin with", above(0)),
                        field<&P::threshold>("1", "threshold that units begin with", above(0)),
                        field<&P::learn_tau>("", "whether each unit's time constant is learnt"),
                        field<&P::learn_threshold>("", "whether each unit's threshold is learnt"),
                        field<&P::readout_tau>("ms", "time constant of the readout's filter; 0: it sees the spikes of its own step alone", at_least(0)),
                        field<&P::rate_cost>("1", "weight of the units' distance from rate_target in the loss, over all layers; the curves show the loss without it",
                                             at_least(0)),
                        field<&P::rate_target>("Hz", "rate that rate_cost draws each unit to", above(0)),
                        field<&P::graded>("", "whether units give, in place of spikes, the course whose slope the surrogate is: then the gradient is exact, "
                                              "which is what tests of it want")};
    }
  };

  std::span<const int64_t> units;
  SpikingUnit unit;
  bool recurrent, learn_tau, learn_threshold;
  float tau, threshold, readout_decay, bin;
  double rate_cost, rate_target;
  ApproximatorSetup setup;

  spiking(const Parameters& p, const ApproximatorSetup& s)
      : units(p.units),
        unit{p.surrogate == "arctan"             ? SpikingUnit::arctan
             : p.surrogate == "piecewise_linear" ? SpikingUnit::piecewise_linear
             : p.surrogate == "exponential"      ? SpikingUnit::exponential
                                                 : SpikingUnit::fast_sigmoid,
             p.graded, float(p.slope)},
        recurrent(p.recurrent), learn_tau(p.learn_tau), learn_threshold(p.learn_threshold), tau(float(p.tau)), threshold(float(p.threshold)),
        readout_decay(p.readout_tau > 0 ? float(std::exp(-s.bin / p.readout_tau)) : 0), bin(float(s.bin)),
        rate_cost(p.rate_cost), rate_target(p.rate_target), setup(s) {
    if (units.empty()) throw std::invalid_argument("units names no layer: give the number of units of at least one");
    for (const int64_t n : units)
      if (n < 1) throw std::invalid_argument("a spiking layer needs at least one unit");
  }

  int32_t depth() const { return int32_t(units.size()); }

  /// Where things of layer l are in theta and, in floats a row, in the tape. A sample has steps + 1 rows: row t of `v` belongs to step t, row t + 1 of
  /// `s` holds its spikes, so that row 0 is the silence before. On the way back `v` becomes the error of the membrane.
  struct Shape {
    int64_t inputs, units;
    int64_t input, bias, recurrent, log_tau, threshold, end_theta;
    int64_t v, s, error, end_row;
    int64_t before;
  };
  Shape shape(int32_t l) const {
    Shape s{setup.inputs, 0, 0, 0, 0, 0, 0, 0, setup.inputs, 0, 0, 0, 0};
    for (int32_t i = 0;; ++i) {
      s.units = units[size_t(i)];
      s.bias = s.input + s.inputs * s.units;
      s.recurrent = s.bias + s.units;
      s.log_tau = s.recurrent + (recurrent ? s.units * s.units : 0);
      s.threshold = s.log_tau + s.units;
      s.end_theta = s.threshold + s.units;
      s.s = s.v + s.units;
      s.error = s.s + s.units;
      s.end_row = s.error + s.units;
      if (i == l) return s;
      s.before += s.units;
      s.inputs = s.units;
      s.input = s.end_theta;
      s.v = s.end_row;
    }
  }

  int32_t pieces() const { return recurrent ? 4 : 3; }
  int32_t layers() const { return pieces() * depth() + 1; }
  LayerInfo layer(int32_t index) const {
    LayerInfo info{};
    info.activation = Activation::linear;
    info.tape_offset = no_activities;
    info.bias_offset = -1;
    if (index == pieces() * depth()) {
      const Shape s = shape(depth() - 1);
      info.name.assign("output");
      info.inputs = s.units, info.outputs = setup.outputs;
      info.weight_offset = s.end_theta, info.bias_offset = s.end_theta + s.units * setup.outputs;
      info.tape_offset = -1;
      return info;
    }
    const int32_t l = index / pieces(), piece = index % pieces();
    const Shape s = shape(l);
    const int what = piece == 0 ? 0 : recurrent ? piece : piece + 1;
    const char* const names[] = {"input_", "recurrent_", "log_tau_", "threshold_"};
    char name[16] = {};
    char* to = name;
    for (const char* from = names[what]; *from; ++from) *to++ = *from;
    if (l >= 9) *to++ = char('0' + (l + 1) / 10 % 10);
    *to++ = char('0' + (l + 1) % 10);
    info.name.assign(name);
    info.role = what == 0 ? LayerRole::weights : what == 1 ? LayerRole::recurrent : LayerRole::per_unit;
    info.inputs = what == 0 ? s.inputs : what == 1 ? s.units : 1;
    info.outputs = s.units;
    info.weight_offset = what == 0 ? s.input : what == 1 ? s.recurrent : what == 2 ? s.log_tau : s.threshold;
    if (what == 0) info.bias_offset = s.bias;
    return info;
  }

  void begin(float* theta, Key) const {
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape s = shape(l);
      std::fill_n(theta + s.log_tau, s.units, std::log(tau));
      std::fill_n(theta + s.threshold, s.units, threshold);
    }
  }

  static constexpr int64_t samples_at_once = 8;
  static int64_t packed_bound(int64_t n) { return n * (n + 64); }
  int64_t widest() const { return *std::max_element(units.begin(), units.end()); }
  int64_t rows(int64_t batch, int64_t steps) const { return batch * (steps + 1); }
  int64_t packed_size() const { return recurrent ? depth() * 2 * packed_bound(widest()) : 0; }
  int64_t groups(int64_t batch) const { return (batch + samples_at_once - 1) / samples_at_once; }
  int64_t all_units() const { return shape(depth() - 1).before + units.back(); }

  /// Rows of all layers, and of the readout's filter; the layers' decays; packed weights; a unit's errors of tau and threshold, a group of samples; what
  /// is carried back in time; a unit's error of its rate.
  int64_t tape(int64_t batch, int64_t steps) const {
    return rows(batch, steps) * (shape(depth() - 1).end_row + units.back()) + all_units() + packed_size() + groups(batch) * 2 * all_units() +
           3 * batch * widest() + all_units();
  }
  struct Tape {
    float *filtered, *decay, *packed, *sums, *carried, *rate_error;
    int64_t all;
  };
  Tape tape_of(float* tape, int64_t batch, int64_t steps) const {
    const int64_t all = rows(batch, steps);
    Tape t{tape + all * shape(depth() - 1).end_row, nullptr, nullptr, nullptr, nullptr, nullptr, all};
    t.decay = t.filtered + all * units.back();
    t.packed = t.decay + all_units();
    t.sums = t.packed + packed_size();
    t.carried = t.sums + groups(batch) * 2 * all_units();
    t.rate_error = t.carried + 3 * batch * widest();
    return t;
  }

  void forward(const Services& services, const ForwardPass& pass) const {
    const int64_t batch = pass.batch, steps = pass.steps;
    const Tape tape = tape_of(pass.tape, batch, steps);
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape s = shape(l);
      for (int64_t k = 0; k < s.units; ++k) tape.decay[s.before + k] = decay(pass.theta[s.log_tau + k]);
      if (recurrent)
        services.pack(services.host, 0, s.units, s.units, pass.theta + s.recurrent, s.units, tape.packed + 2 * l * packed_bound(widest()));
    }
    services.parallel_for(batch, samples_at_once, [&](int64_t begin, int64_t end) {
      const int64_t n = end - begin, row = begin * (steps + 1);
      for (int32_t l = 0; l < depth(); ++l) {
        const Shape s = shape(l);
        float* v = pass.tape + tape.all * s.v;
        float* spikes = pass.tape + tape.all * s.s;

        // What comes from below, for all steps at once.
        for (int64_t r = row; r < row + n * (steps + 1); ++r) std::copy_n(pass.theta + s.bias, s.units, v + r * s.units);
        for (int64_t sample = begin; sample < end; ++sample) {
          std::fill_n(spikes + sample * (steps + 1) * s.units, s.units, 0.f);
          if (l == 0 && pass.events.row_begin) {
            for (int64_t t = 0; t < steps; ++t)
              add_events(pass.events, sample * steps + t, pass.theta + s.input, s.units, v + (sample * (steps + 1) + t) * s.units);
            continue;
          }
          if (l == 0) {
            float* own = pass.tape + sample * (steps + 1) * s.inputs;
            std::copy_n(pass.input + sample * steps * s.inputs, steps * s.inputs, own);
            std::fill_n(own + steps * s.inputs, s.inputs, 0.f);
          }
          services.product(services.host, 0, 0, steps, s.units, s.inputs,
                           below(pass.tape, l, tape.all) + (sample * (steps + 1) + (l ? 1 : 0)) * s.inputs, s.inputs, pass.theta + s.input, s.units,
                           v + sample * (steps + 1) * s.units, s.units, 1);
        }

        // Step by step.
        for (int64_t t = 0; t < steps; ++t) {
          if (recurrent)
            services.product_packed(services.host, n, s.units, s.units, spikes + (row + t) * s.units, (steps + 1) * s.units,
                                    tape.packed + 2 * l * packed_bound(widest()), v + (row + t) * s.units, (steps + 1) * s.units, 1);
          for (int64_t sample = begin; sample < end; ++sample) {
            const int64_t r = sample * (steps + 1) + t;
            unit.step(s.units, pass.theta + s.threshold, tape.decay + s.before, t > 0 ? v + (r - 1) * s.units : nullptr, spikes + r * s.units,
                      v + r * s.units, spikes + (r + 1) * s.units);
          }
        }
      }

      // The readout.
      const Shape s = shape(depth() - 1);
      const float* weights = pass.theta + s.end_theta;
      for (int64_t sample = begin; sample < end; ++sample) {
        float* filtered = tape.filtered + sample * (steps + 1) * s.units;
        const float* spikes = pass.tape + tape.all * s.s + (sample * (steps + 1) + 1) * s.units;
        for (int64_t t = 0; t < steps; ++t)
          for (int64_t k = 0; k < s.units; ++k)
            filtered[t * s.units + k] = spikes[t * s.units + k] + (t > 0 ? readout_decay * filtered[(t - 1) * s.units + k] : 0.f);
        float* y = pass.output + sample * steps * setup.outputs;
        for (int64_t t = 0; t < steps; ++t) std::copy_n(weights + s.units * setup.outputs, setup.outputs, y + t * setup.outputs);
        services.product(services.host, 0, 0, steps, setup.outputs, s.units, filtered, s.units, weights, setup.outputs, y, setup.outputs, 1);
      }
    });
    if (pass.spike_counts && (rate_cost > 0 || !pass.training)) count_spikes(services, pass, tape.all);
  }

  Value to_onnx(const Graph& g, const float* theta, Value x) const { return network(theta).to_onnx(g, x); }
  Value to_nir(const Graph& g, const float* theta, Value x) const { return network(theta).to_nir(g, x); }

  void backward(const Services& services, const BackwardPass& pass) const {
    const int64_t batch = pass.batch, steps = pass.steps;
    const Tape tape = tape_of(pass.tape, batch, steps);
    if (recurrent)
      for (int32_t l = 0; l < depth(); ++l) {
        const Shape s = shape(l);
        services.pack(services.host, 1, s.units, s.units, pass.feedback() + s.recurrent, s.units,
                      tape.packed + (2 * l + 1) * packed_bound(widest()));
      }
    const bool draws = rate_cost > 0 && pass.spike_counts;
    if (draws) rate_errors(pass, tape.rate_error);
    services.parallel_for(batch, samples_at_once, [&](int64_t begin, int64_t end) {
      const int64_t n = end - begin, row = begin * (steps + 1);
      float* sums = tape.sums + begin / samples_at_once * 2 * all_units();
      std::fill_n(sums, 2 * all_units(), 0.f);
      for (int32_t l = depth() - 1; l >= 0; --l) {
        const Shape s = shape(l);
        float* error = pass.tape + tape.all * s.error;

        // The error of every step's spikes: from the readout and its filter, or from the layer above.
        if (l + 1 == depth() || pass.path.direct) {
          for (int64_t sample = begin; sample < end; ++sample) {
            float* to = error + sample * (steps + 1) * s.units;
            services.product(services.host, 0, 1, steps, s.units, setup.outputs, pass.output_gradient + sample * steps * setup.outputs, setup.outputs,
                             pass.path.direct ? pass.path.direct + s.before * setup.outputs : pass.feedback() + s.end_theta, setup.outputs, to, s.units, 0);
            for (int64_t t = steps - 2; t >= 0; --t)
              for (int64_t k = 0; k < s.units; ++k) to[t * s.units + k] += readout_decay * to[(t + 1) * s.units + k];
          }
        } else {
          const Shape above = shape(l + 1);
          services.product(services.host, 0, 1, n * (steps + 1), s.units, above.units, pass.tape + tape.all * above.v + row * above.units, above.units,
                           pass.feedback() + above.input, above.units, error + row * s.units, s.units, 0);
        }

        for (int64_t sample = begin; sample < end && draws; ++sample)
          for (int64_t t = 0; t < own_steps(pass, sample); ++t) add(s.units, 1.f, tape.rate_error + s.before, error + (sample * (steps + 1) + t) * s.units);

        // Back in time: potentials become their errors.
        float* v = pass.tape + tape.all * s.v;
        const float* spikes = pass.tape + tape.all * s.s;
        float* from_later = tape.carried + begin * widest();
        float* later = tape.carried + (batch + begin) * widest();
        float* before = tape.carried + (2 * batch + begin) * widest();
        std::fill_n(from_later, n * s.units, 0.f);
        std::fill_n(later, n * s.units, 0.f);
        for (int64_t t = steps - 1; t >= 0; --t) {
          for (int64_t k = 0; k < n; ++k) {
            const int64_t r = row + k * (steps + 1) + t;
            const float* v_before = t > 0 ? v + (r - 1) * s.units : before;
            if (t == 0) std::fill_n(before, s.units, 0.f);
            unit.step_back(s.units, pass.theta + s.threshold, tape.decay + s.before, v_before, spikes + r * s.units, error + r * s.units,
                           from_later + k * s.units, later + k * s.units, v + r * s.units, sums + s.before, sums + all_units() + s.before);
          }
          if (recurrent && t > 0 && !pass.path.cut_recurrence)
            services.product_packed(services.host, n, s.units, s.units, v + (row + t) * s.units, (steps + 1) * s.units,
                                    tape.packed + (2 * l + 1) * packed_bound(widest()), from_later, s.units, 0);
        }
        for (int64_t sample = begin; sample < end; ++sample) std::fill_n(v + (sample * (steps + 1) + steps) * s.units, s.units, 0.f);
      }
      if (!pass.input_gradient) return;
      const Shape s = shape(0);
      for (int64_t sample = begin; sample < end; ++sample)
        services.product(services.host, 0, 1, steps, s.inputs, s.units, pass.tape + tape.all * s.v + sample * (steps + 1) * s.units, s.units,
                         pass.feedback() + s.input, s.units, pass.input_gradient + sample * steps * s.inputs, s.inputs, 0);
    });

    // Weights: one product each over all rows; where rows do not belong together, the error is 0.
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape s = shape(l);
      const float* dv = pass.tape + tape.all * s.v;
      if (recurrent)
        services.product(services.host, 1, 0, s.units, s.units, tape.all, pass.tape + tape.all * s.s, s.units, dv, s.units, pass.gradient + s.recurrent,
                         s.units, 0);
      if (l == 0 && pass.events.row_begin)
        sum_events(services, pass.events, s.inputs, s.units, pass.gradient + s.input,
                   [&](int64_t r) { return dv + (r / steps * (steps + 1) + r % steps) * s.units; });
      else
        services.product(services.host, 1, 0, s.inputs, s.units, tape.all - (l ? 1 : 0), below(pass.tape, l, tape.all) + (l ? s.inputs : 0), s.inputs, dv,
                         s.units, pass.gradient + s.input, s.units, 0);
      column_sums(services, dv, tape.all, s.units, pass.gradient + s.bias);
      sum_groups(batch, tape.sums + s.before, s.units, learn_tau, pass.gradient + s.log_tau);
      sum_groups(batch, tape.sums + all_units() + s.before, s.units, learn_threshold, pass.gradient + s.threshold);
      for (int64_t k = 0; k < s.units; ++k) {
        const float decay = tape.decay[s.before + k];
        pass.gradient[s.log_tau + k] *= decay * bin / std::exp(pass.theta[s.log_tau + k]);  // d decay / d log tau
      }
    }
    const Shape s = shape(depth() - 1);
    std::fill_n(pass.gradient + s.end_theta, s.units * setup.outputs, 0.f);
    for (int64_t sample = 0; sample < batch; ++sample)
      services.product(services.host, 1, 0, s.units, setup.outputs, steps, tape.filtered + sample * (steps + 1) * s.units, s.units,
                       pass.output_gradient + sample * steps * setup.outputs, setup.outputs, pass.gradient + s.end_theta, setup.outputs, 1);
    column_sums(services, pass.output_gradient, batch * steps, setup.outputs, pass.gradient + s.end_theta + s.units * setup.outputs);
  }

 private:
  template <class Pass>
  static int64_t own_steps(const Pass& pass, int64_t sample) {
    return pass.length ? pass.length[sample] : pass.steps;
  }

  void count_spikes(const Services& services, const ForwardPass& pass, int64_t all) const {
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape s = shape(l);
      const float* spikes = pass.tape + all * s.s;
      services.parallel_for(s.units, 64, [&](int64_t begin, int64_t end) {
        for (int64_t sample = 0; sample < pass.batch; ++sample)
          for (int64_t t = 1; t <= own_steps(pass, sample); ++t)
            for (int64_t k = begin; k < end; ++k) pass.spike_counts[s.before + k] += double(spikes[(sample * (pass.steps + 1) + t) * s.units + k]);
      });
    }
  }

  /// What each unit's rate over the batch adds to the error of every one of its spikes.
  void rate_errors(const BackwardPass& pass, float* error) const {
    const double hz = 1000 / (double(bin) * double(pass.counted_steps));  // of one spike
    for (int64_t k = 0; k < all_units(); ++k)
      error[k] = float(rate_cost * 2 / double(all_units()) * (pass.spike_counts[k] * hz / rate_target - 1) * hz / rate_target);
  }

  float decay(float log_tau) const { return std::exp(-bin / std::exp(log_tau)); }

  SpikingNetwork network(const float* theta) const {
    if (unit.graded) throw std::invalid_argument("with graded = true its units give no spikes, which is for tests of its gradient alone");
    const Shape last = shape(depth() - 1);
    SpikingNetwork network{{}, bin, readout_decay, setup.outputs, theta + last.end_theta, theta + last.end_theta + last.units * setup.outputs};
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape s = shape(l);
      SpikingLayer& layer = network.layers.emplace_back(
          SpikingLayer{s.inputs, s.units, theta + s.input, theta + s.bias, recurrent ? theta + s.recurrent : nullptr, theta + s.threshold, {}});
      for (int64_t k = 0; k < s.units; ++k) layer.decay.push_back(decay(theta[s.log_tau + k]));
    }
    return network;
  }

  const float* below(const float* tape, int32_t l, int64_t all) const { return l ? tape + all * shape(l - 1).s : tape; }

  /// Sums over the groups of samples, in their order; nothing where it is not learnt.
  void sum_groups(int64_t batch, const float* sums, int64_t n, bool learnt, float* to) const {
    std::fill_n(to, n, 0.f);
    if (!learnt) return;
    for (int64_t g = 0; g < groups(batch); ++g)
      for (int64_t k = 0; k < n; ++k) to[k] += sums[g * 2 * all_units() + k];
  }
};

PROXON_PLUGIN(approximator, spiking, spiking)
