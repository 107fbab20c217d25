#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "graph_weights.hpp"
#include "sums.hpp"

using namespace proxon;

struct connectome {
  static constexpr Documentation about{
      .summary = "The network itself, with weights that are learnt: every output is a neuron of N_phi, a leaky integrator of the recorded spikes of those "
                 "that project to it, which its own spike resets. W_theta has the shape of W_phi and its unit, at a chosen level of constraint: free weights "
                 "(none); only where there is a synapse (mask); and of its sign (mask_sign); one weight a pair of populations (cell_type); W_phi itself "
                 "(fixed), where time constants and gains alone are learnt.",
      .equation = "u_j(t) = (1 - s_j(t)) e^{-bin / tau_j} u_j(t-1) + sum_i s_i(t) W_ij;  z_j(t) = gain_j (u_j(t) - theta_j), the logit of a spike, or a rate "
                  "before its activation",
      .reference = "Lappalainen et al. 2024, Nature 634:1132, doi:10.1038/s41586-024-07939-3; Paninski 2004, Network 15:243, "
                   "doi:10.1088/0954-898X_15_4_002"};
  static constexpr bool takes_events = true;
  static constexpr bool takes_graph = true;

  struct Parameters {
    std::string_view constraint = "mask";
    double tau = 10;
    double threshold = 15;
    double gain = 1;
    bool learn_tau = true;
    bool learn_threshold = false;
    bool learn_gain = true;
    bool reset = true;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::constraint>("", "what is known of the weights", one_of(constraint_choices)),
                        field<&P::tau>("ms", "time constant that units begin with", above(0)),
                        field<&P::threshold>("1", "threshold that units begin with, above rest, in the unit of the weights"),
                        field<&P::gain>("1", "gain that units begin with", above(0)),
                        field<&P::learn_tau>("", "whether each unit's time constant is learnt"),
                        field<&P::learn_threshold>("", "whether each unit's threshold is learnt; with gain and weights free it only sets their unit"),
                        field<&P::learn_gain>("", "whether each unit's gain is learnt: how sharp its threshold is"),
                        field<&P::reset>("", "whether a unit's own recorded spike sets it back to rest")};
    }
  };

  double tau, threshold, gain;
  bool learn_tau, learn_threshold, learn_gain, reset;
  int64_t inputs, outputs;
  float bin;
  const GraphView* graph;
  GraphWeights known;

  connectome(const Parameters& p, const ApproximatorSetup& s)
      : tau(p.tau), threshold(p.threshold), gain(p.gain), learn_tau(p.learn_tau), learn_threshold(p.learn_threshold), learn_gain(p.learn_gain),
        reset(p.reset), inputs(s.inputs), outputs(s.outputs), bin(float(s.bin)), graph(s.graph) {
    if (!graph) throw std::invalid_argument("its units are neurons, and the outputs are not: take spikes or a variable of single neurons as targets");
    known = {GraphWeights::constraint_of(p.constraint), graph, graph->input_unit, inputs, outputs};
  }

  int64_t size() const { return inputs * outputs; }
  int32_t layers() const { return 4; }
  LayerInfo layer(int32_t index) const {
    LayerInfo info{};
    const char* const names[] = {"weights", "log_tau", "threshold", "log_gain"};
    info.name.assign(names[index]);
    info.activation = Activation::linear;
    info.role = index == 0 ? LayerRole::weights : LayerRole::per_unit;
    info.inputs = index == 0 ? inputs : 1;
    info.outputs = outputs;
    info.weight_offset = index == 0 ? 0 : size() + (index - 1) * outputs;
    info.bias_offset = -1;
    info.tape_offset = index == 0 ? -1 : no_activities;
    return info;
  }
  const float* log_tau(const float* theta) const { return theta + size(); }
  const float* threshold_of(const float* theta) const { return theta + size() + outputs; }
  const float* log_gain(const float* theta) const { return theta + size() + 2 * outputs; }

  /// Potentials; the weights as they act; a unit's decay and gain; the output that is the neuron of an input, and of every neuron.
  int64_t tape(int64_t batch, int64_t steps) const { return batch * steps * outputs + size() + 2 * outputs + inputs + graph->units; }
  struct Tape {
    float *u, *weights, *decay, *gain;
    int32_t *output_of_input, *output_of;
  };
  Tape tape_of(float* tape, int64_t rows) const {
    Tape t{tape, tape + rows * outputs, nullptr, nullptr, nullptr, nullptr};
    t.decay = t.weights + size();
    t.gain = t.decay + outputs;
    t.output_of_input = reinterpret_cast<int32_t*>(t.gain + outputs);
    t.output_of = t.output_of_input + inputs;
    return t;
  }

  void begin(float* theta, Key) const {
    std::fill_n(theta + size(), outputs, float(std::log(tau)));
    std::fill_n(theta + size() + outputs, outputs, float(threshold));
    std::fill_n(theta + size() + 2 * outputs, outputs, float(std::log(gain)));
    known.begin(known.output_map().data(), theta);
  }

  void acting(const float* theta, float* acting) const { known.act(known.output_map().data(), theta, acting); }

  void forward(const Services& services, const ForwardPass& pass) const {
    const Tape tape = tape_of(pass.tape, pass.batch * pass.steps);
    map_units(tape);
    for (int64_t o = 0; o < outputs; ++o) {
      tape.decay[o] = std::exp(-bin / std::exp(log_tau(pass.theta)[o]));
      tape.gain[o] = std::exp(log_gain(pass.theta)[o]);
    }
    known.act(tape.output_of, pass.theta, tape.weights);
    const bool events = pass.events.row_begin;
    const float* threshold = threshold_of(pass.theta);
    services.parallel_for(pass.batch, 1, [&](int64_t begin, int64_t end) {
      for (int64_t sample = begin; sample < end; ++sample) {
        float* u = tape.u + sample * pass.steps * outputs;
        float* z = pass.output + sample * pass.steps * outputs;
        if (!events)
          services.product(services.host, 0, 0, pass.steps, outputs, inputs, pass.input + sample * pass.steps * inputs, inputs, tape.weights, outputs, u,
                           outputs, 0);
        for (int64_t t = 0; t < pass.steps; ++t, u += outputs, z += outputs) {
          // What is left of the step before, but for those that fired; z keeps it for a moment.
          for (int64_t o = 0; o < outputs; ++o) z[o] = t > 0 ? tape.decay[o] * u[o - outputs] : 0.f;
          each_reset(tape, pass.input, pass.events, sample * pass.steps + t, 0, outputs, [&](int64_t o) { z[o] = 0; });
          if (events) {
            std::copy_n(z, outputs, u);
            add_events(pass.events, sample * pass.steps + t, tape.weights, outputs, u);
          } else {
            for (int64_t o = 0; o < outputs; ++o) u[o] += z[o];
          }
          for (int64_t o = 0; o < outputs; ++o) z[o] = tape.gain[o] * (u[o] - threshold[o]);
        }
      }
    });
  }

  Value to_onnx(const Graph& g, const float* theta, Value x) const {
    const std::vector<int32_t> output_of = known.output_map();
    std::vector<float> weights(size_t(size()), 0.f), own(size_t(size()), 0.f), decay, gain;
    known.act(output_of.data(), theta, weights.data());
    for (int64_t o = 0; o < outputs; ++o) {
      decay.push_back(std::exp(-bin / std::exp(log_tau(theta)[o])));
      gain.push_back(std::exp(log_gain(theta)[o]));
    }
    const Value drive = g.affine("weights", x, weights.data(), inputs, outputs, nullptr), left = g.constant("decay", decay, {outputs});
    std::vector<Value> sequences = {drive};
    if (reset) {
      // What is left of a unit whose own spike is recorded: nothing.
      for (int64_t c = 0; c < inputs; ++c)
        if (const int32_t unit = graph->input_unit[c]; unit >= 0 && output_of[size_t(unit)] >= 0) own[size_t(c * outputs + output_of[size_t(unit)])] = 1;
      const auto as_number = [&](Value truth) { return g.op("Cast", {truth}, {attribute("to", 1)}); };
      const Value spikes = g.affine("own_spikes", as_number(g.op("Greater", {x, g.number(0.5f)})), own.data(), inputs, outputs, nullptr);
      sequences.push_back(g.op("Mul", {as_number(g.op("Less", {spikes, g.number(0.5f)})), left}));
    }
    const Value u = g.loop({g.zeros(x, outputs)}, sequences, [&](std::span<const Value> at) {
      const Value next = g.op("Add", {g.op("Mul", {reset ? at[2] : left, at[0]}), at[1]});
      return std::vector{next, next};
    })[0];
    return g.op("Mul", {g.op("Sub", {u, g.constant("threshold", threshold_of(theta), {outputs})}), g.constant("gain", gain, {outputs})});
  }

  void backward(const Services& services, const BackwardPass& pass) const {
    const int64_t rows = pass.batch * pass.steps;
    const Tape tape = tape_of(pass.tape, rows);
    const bool events = pass.events.row_begin;

    // Potentials become their errors; what a unit has of its own sums up, over all samples in their order.
    constexpr int64_t units_at_once = 64;
    services.parallel_for(outputs, units_at_once, [&](int64_t begin, int64_t end) {
      const int64_t n = end - begin;
      const float *gain = tape.gain + begin, *decay = tape.decay + begin, *threshold = threshold_of(pass.theta) + begin;
      double d_decay[units_at_once] = {}, d_gain[units_at_once] = {}, d_threshold[units_at_once] = {};
      float kept[units_at_once], later[units_at_once];
      for (int64_t sample = 0; sample < pass.batch; ++sample) {
        std::fill_n(later, n, 0.f);
        for (int64_t t = pass.steps - 1; t >= 0; --t) {
          const int64_t row = sample * pass.steps + t;
          float* u = tape.u + row * outputs + begin;
          const float* dz = pass.output_gradient + row * outputs + begin;
          std::fill_n(kept, n, t > 0 ? 1.f : 0.f);
          each_reset(tape, pass.input, pass.events, row, begin, end, [&](int64_t o) { kept[o - begin] = 0; });
          const float* before = t > 0 ? u - outputs : u;
          for (int64_t o = 0; o < n; ++o) {
            const float du = gain[o] * dz[o] + later[o];
            d_gain[o] += double(dz[o]) * double(u[o] - threshold[o]);
            d_threshold[o] -= double(dz[o]);
            d_decay[o] += double(du * kept[o]) * double(before[o]);
            later[o] = du * kept[o] * decay[o];
            u[o] = du;
          }
        }
      }
      for (int64_t o = 0; o < n; ++o) {
        float* own = pass.gradient + size() + begin + o;
        own[0] = learn_tau ? float(d_decay[o] * double(decay[o]) * double(bin) / std::exp(double(log_tau(pass.theta)[begin + o]))) : 0.f;
        own[outputs] = learn_threshold ? float(d_threshold[o] * double(gain[o])) : 0.f;
        own[2 * outputs] = learn_gain ? float(d_gain[o] * double(gain[o])) : 0.f;
      }
    });

    // The weights, as far as the constraint lets them move.
    if (events)
      sum_events(services, pass.events, inputs, outputs, pass.gradient, [&](int64_t row) { return tape.u + row * outputs; });
    else
      services.product(services.host, 1, 0, inputs, outputs, rows, pass.input, inputs, tape.u, outputs, pass.gradient, outputs, 0);
    if (pass.input_gradient)
      services.product(services.host, 0, 1, rows, inputs, outputs, tape.u, outputs, pass.path.feedback ? pass.path.feedback : tape.weights, outputs,
                       pass.input_gradient, inputs, 0);
    // The acting weights are no longer needed.
    known.constrain(tape.output_of, pass.theta, pass.gradient, tape.weights);
  }

 private:
  void map_units(const Tape& tape) const {
    GraphWeights::map_outputs(*graph, outputs, tape.output_of);
    for (int64_t c = 0; c < inputs; ++c) tape.output_of_input[c] = graph->input_unit[c] >= 0 ? tape.output_of[graph->input_unit[c]] : -1;
  }

  /// use(output) for the outputs in [begin, end) whose own spike is recorded in a row.
  template <class Use>
  void each_reset(const Tape& tape, const float* input, const Events& events, int64_t row, int64_t begin, int64_t end, Use&& use) const {
    if (!reset) return;
    const auto of_input = [&](int64_t c) {
      if (const int64_t o = tape.output_of_input[c]; o >= begin && o < end) use(o);
    };
    if (events.row_begin)
      for (int64_t k = events.row_begin[row]; k < events.row_begin[row + 1]; ++k) of_input(events.channel[k]);
    else
      for (int64_t c = 0; c < inputs; ++c)
        if (input[row * inputs + c] > 0.5f) of_input(c);
  }
};

PROXON_PLUGIN(approximator, connectome, connectome)
