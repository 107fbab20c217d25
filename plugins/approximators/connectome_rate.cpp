#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "graph_weights.hpp"
#include "sums.hpp"

using namespace proxon;

struct connectome_rate {
  static constexpr Documentation about{
      .summary = "The network itself as rate units that drive one another, with weights, gains and biases that are learnt: every output is a neuron of N_phi, "
                 "driven by the inputs and by the twin's own units, never by what was recorded of them. So neurons that no loss looks at have an activity in "
                 "the twin too, and what is known of the connectome (see connectome for the levels of constraint) can be asked what it says of them. Gain and "
                 "weights of a unit are one number too many: learn the gains where the constraint is fixed, which is a connectome that is known up to a factor a "
                 "neuron. A neuron that is an input as well drives the others by what was recorded. Give the dataset a lag of one bin: a unit's activity follows "
                 "from those of the bin before.",
      .equation = "x_j(t) = e^{-bin / tau_j} x_j(t-1) + (1 - e^{-bin / tau_j}) f(gain_j (sum_c u_c(t) W_cj + sum_i x_i(t-1) W_ij) + bias_j)",
      .reference = "Beiran & Litwin-Kumar 2025, Nature Neuroscience, doi:10.1101/2024.02.22.581667"};
  static constexpr bool takes_graph = true;

  struct Parameters {
    std::string_view constraint = "mask";
    std::string_view activation = "tanh";
    double tau = 10;
    double gain = 1;
    double gain_spread = 0;
    bool learn_tau = false;
    bool learn_gain = false;
    bool learn_bias = true;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::constraint>("", "what is known of the weights", one_of(constraint_choices)),
                        field<&P::activation>("", "f", one_of(activation_choices)),
                        field<&P::tau>("ms", "time constant that units begin with", above(0)),
                        field<&P::gain>("1", "gain that units begin with", above(0)),
                        field<&P::gain_spread>("1", "standard deviation of the logarithms of the gains that units begin with, which are drawn", at_least(0)),
                        field<&P::learn_tau>("", "whether each unit's time constant is learnt"),
                        field<&P::learn_gain>("", "whether each unit's gain is learnt"),
                        field<&P::learn_bias>("", "whether each unit's bias is learnt; it begins at 0")};
    }
  };

  Activation activation;
  double tau, gain, gain_spread;
  bool learn_tau, learn_gain, learn_bias;
  int64_t inputs, outputs;
  float bin;
  const GraphView* graph;
  GraphWeights from_inputs, from_units;

  connectome_rate(const Parameters& p, const ApproximatorSetup& s)
      : activation(activation_of(p.activation)), tau(p.tau), gain(p.gain), gain_spread(p.gain_spread), learn_tau(p.learn_tau), learn_gain(p.learn_gain),
        learn_bias(p.learn_bias), inputs(s.inputs), outputs(s.outputs), bin(float(s.bin)), graph(s.graph) {
    if (!graph) throw std::invalid_argument("its units are neurons, and the outputs are not: take a variable of single neurons as targets");
    const auto constraint = GraphWeights::constraint_of(p.constraint);
    from_inputs = {constraint, graph, graph->input_unit, inputs, outputs};
    from_units = {constraint, graph, graph->output_unit, outputs, outputs};
  }

  // theta: weights from inputs, from units, and what each unit has of its own.
  enum Own { bias, log_gain, log_tau };
  int64_t own(Own which) const { return from_inputs.size() + from_units.size() + which * outputs; }
  int32_t layers() const { return 5; }
  LayerInfo layer(int32_t index) const {
    LayerInfo info{};
    const char* const names[] = {"inputs", "recurrent", "bias", "log_gain", "log_tau"};
    info.name.assign(names[index]);
    info.activation = Activation::linear;
    info.role = index == 0 ? LayerRole::weights : index == 1 ? LayerRole::recurrent : LayerRole::per_unit;
    info.inputs = index == 0 ? inputs : index == 1 ? outputs : 1;
    info.outputs = outputs;
    info.weight_offset = index == 0 ? 0 : index == 1 ? from_inputs.size() : own(Own(index - 2));
    info.bias_offset = -1;
    info.tape_offset = index == 0 ? -1 : no_activities;
    return info;
  }

  void begin(float* theta, Key key) const {
    const std::vector<int32_t> output_of = from_units.output_map();
    from_inputs.begin(output_of.data(), theta);
    from_units.begin(output_of.data(), theta + from_inputs.size());
    std::vector<int32_t> given(size_t(outputs), 0);
    map_given(output_of.data(), given.data());
    clear_given(given.data(), theta + from_inputs.size());
    for (int64_t o = 0; o < outputs; ++o) {
      theta[own(bias) + o] = 0;
      theta[own(log_gain) + o] = float(std::log(gain) + (gain_spread > 0 ? gain_spread * normal(key, uint64_t(o), 0) : 0));
      theta[own(log_tau) + o] = float(std::log(tau));
    }
  }

  void acting(const float* theta, float* acting) const {
    std::vector<int32_t> output_of(size_t(graph->units)), given(size_t(outputs), 0);
    std::vector<float> gains(size_t(outputs), 0.f);
    act({.from_inputs = acting, .from_units = acting + from_inputs.size(), .gain = gains.data(), .output_of = output_of.data(), .given = given.data()}, theta);
  }

  /// Where a batch keeps things. A sample has a row more than steps: row t is that of step t, and of the state what was before it.
  struct Tape {
    float *state, *drive;              ///< [batch x (steps + 1) x outputs]: x, and f(...), which becomes the error of its argument
    float *carried, *error, *d_decay;  ///< [batch x outputs]
    float *from_inputs, *from_units;   ///< weights as they act
    float *gain, *decay;               ///< [outputs]
    float *packed;
    int32_t *output_of, *given;        ///< of the neurons; of the outputs, whether they are inputs too
  };
  int64_t packed_bound() const { return outputs * (outputs + 64); }
  int64_t tape(int64_t batch, int64_t steps) const {
    return 2 * batch * (steps + 1) * outputs + 3 * batch * outputs + from_inputs.size() + from_units.size() + 3 * outputs + packed_bound() + graph->units;
  }
  Tape tape_of(float* at, int64_t batch, int64_t steps) const {
    const auto take = [&](int64_t n) { return std::exchange(at, at + n); };
    Tape t{};
    t.state = take(batch * (steps + 1) * outputs), t.drive = take(batch * (steps + 1) * outputs);
    t.carried = take(batch * outputs), t.error = take(batch * outputs), t.d_decay = take(batch * outputs);
    t.from_inputs = take(from_inputs.size()), t.from_units = take(from_units.size());
    t.gain = take(outputs), t.decay = take(outputs);
    t.packed = take(packed_bound());
    t.given = reinterpret_cast<int32_t*>(take(outputs)), t.output_of = reinterpret_cast<int32_t*>(at);
    return t;
  }
  /// Samples that go through time together, on one thread.
  static constexpr int64_t at_once = 8;

  void forward(const Services& services, const ForwardPass& pass) const {
    const Tape t = tape_of(pass.tape, pass.batch, pass.steps);
    act(t, pass.theta);
    for (int64_t o = 0; o < outputs; ++o) t.decay[o] = std::exp(-bin / std::exp(pass.theta[own(log_tau) + o]));
    services.pack(services.host, 0, outputs, outputs, t.from_units, outputs, t.packed);
    const int64_t row = (pass.steps + 1) * outputs;
    services.parallel_for(pass.batch, at_once, [&](int64_t begin, int64_t end) {
      float *state = t.state + begin * row, *drive = t.drive + begin * row;
      for (int64_t s = 0; s < end - begin; ++s) {
        std::fill_n(state + s * row, outputs, 0.f);
        for (int64_t step = 0; step < pass.steps; ++step) std::copy_n(pass.theta + own(bias), outputs, drive + s * row + step * outputs);
        services.product(services.host, 0, 0, pass.steps, outputs, inputs, pass.input + (begin + s) * pass.steps * inputs, inputs, t.from_inputs, outputs,
                         drive + s * row, outputs, 1);
      }
      for (int64_t step = 0; step < pass.steps; ++step) {
        services.product_packed(services.host, end - begin, outputs, outputs, state + step * outputs, row, t.packed, drive + step * outputs, row, 1);
        for (int64_t s = 0; s < end - begin; ++s) {
          float *x = state + s * row + step * outputs, *f = drive + s * row + step * outputs;
          services.activate(services.host, activation, f, f, outputs);
          for (int64_t o = 0; o < outputs; ++o) x[outputs + o] = t.decay[o] * x[o] + (1 - t.decay[o]) * f[o];
          std::copy_n(x + outputs, outputs, pass.output + ((begin + s) * pass.steps + step) * outputs);
        }
      }
    });
  }

  Value to_onnx(const Graph& g, const float* theta, Value x) const {
    std::vector<float> weights(size_t(from_inputs.size() + from_units.size()), 0.f), gains(size_t(outputs), 0.f), decay, rest;
    std::vector<int32_t> output_of(size_t(graph->units)), given(size_t(outputs), 0);
    act({.from_inputs = weights.data(), .from_units = weights.data() + from_inputs.size(), .gain = gains.data(), .output_of = output_of.data(),
         .given = given.data()},
        theta);
    for (int64_t o = 0; o < outputs; ++o) {
      decay.push_back(std::exp(-bin / std::exp(theta[own(log_tau) + o])));
      rest.push_back(1 - decay.back());
    }
    const Value left = g.constant("decay", decay, {outputs}), taken = g.constant("share", rest, {outputs});
    const Value drive = g.affine("inputs", x, weights.data(), inputs, outputs, theta + own(bias));
    return g.loop({g.zeros(x, outputs)}, {drive}, [&](std::span<const Value> at) {
      const Value sum = g.op("Add", {at[1], g.affine("recurrent", at[0], weights.data() + from_inputs.size(), outputs, outputs, nullptr)});
      const Value next = g.op("Add", {g.op("Mul", {left, at[0]}), g.op("Mul", {taken, g.activate(activation, sum)})});
      return std::vector{next, next};
    })[0];
  }

  void backward(const Services& services, const BackwardPass& pass) const {
    const Tape t = tape_of(pass.tape, pass.batch, pass.steps);
    const int64_t row = (pass.steps + 1) * outputs;
    const float* back = pass.path.feedback ? pass.path.feedback + from_inputs.size() : t.from_units;
    services.pack(services.host, 1, outputs, outputs, back, outputs, t.packed);
    services.parallel_for(pass.batch, at_once, [&](int64_t begin, int64_t end) {
      float *state = t.state + begin * row, *drive = t.drive + begin * row;
      float *carried = t.carried + begin * outputs, *error = t.error + begin * outputs, *d_decay = t.d_decay + begin * outputs;
      std::fill_n(carried, (end - begin) * outputs, 0.f), std::fill_n(d_decay, (end - begin) * outputs, 0.f);
      for (int64_t step = pass.steps - 1; step >= 0; --step) {
        for (int64_t s = 0; s < end - begin; ++s) {
          const float* dy = pass.output_gradient + ((begin + s) * pass.steps + step) * outputs;
          const float* x = state + s * row + step * outputs;
          float *f = drive + s * row + step * outputs, *later = carried + s * outputs, *dh = error + s * outputs;
          for (int64_t o = 0; o < outputs; ++o) {
            const float dx = dy[o] + later[o];
            d_decay[s * outputs + o] += dx * (x[o] - f[o]);
            dh[o] = dx * (1 - t.decay[o]);
            later[o] = dx * t.decay[o];
          }
          services.activate_back(services.host, activation, f, dh, outputs);
          std::copy_n(dh, outputs, f);
        }
        if (!pass.path.cut_recurrence)
          services.product_packed(services.host, end - begin, outputs, outputs, drive + step * outputs, row, t.packed, carried, outputs, 1);
      }
      for (int64_t s = 0; s < end - begin; ++s) {
        std::fill_n(drive + s * row + pass.steps * outputs, outputs, 0.f);  // its state is that after the last step
        if (pass.input_gradient)
          services.product(services.host, 0, 1, pass.steps, inputs, outputs, drive + s * row, outputs,
                           pass.path.feedback ? pass.path.feedback : t.from_inputs, outputs, pass.input_gradient + (begin + s) * pass.steps * inputs, inputs, 0);
      }
    });

    // Gradients of the weights as they act, then of those of theta.
    float *d_inputs = pass.gradient, *d_units = pass.gradient + from_inputs.size();
    for (int64_t s = 0; s < pass.batch; ++s)
      services.product(services.host, 1, 0, inputs, outputs, pass.steps, pass.input + s * pass.steps * inputs, inputs, t.drive + s * row, outputs, d_inputs,
                       outputs, s > 0);
    services.product(services.host, 1, 0, outputs, outputs, pass.batch * (pass.steps + 1), t.state, outputs, t.drive, outputs, d_units, outputs, 0);
    column_sums(services, t.drive, pass.batch * (pass.steps + 1), outputs, pass.gradient + own(bias));
    for (int64_t o = 0; o < outputs; ++o) {
      double of_gain = 0, of_decay = 0;
      for (int64_t c = 0; c < inputs; ++c) of_gain += double(d_inputs[c * outputs + o]) * double(t.from_inputs[c * outputs + o]);
      for (int64_t i = 0; i < outputs; ++i) of_gain += double(d_units[i * outputs + o]) * double(t.from_units[i * outputs + o]);
      for (int64_t s = 0; s < pass.batch; ++s) of_decay += double(t.d_decay[s * outputs + o]);
      pass.gradient[own(log_gain) + o] = learn_gain ? float(of_gain) : 0.f;
      pass.gradient[own(log_tau) + o] = learn_tau ? float(of_decay * double(t.decay[o]) * double(bin) / std::exp(double(pass.theta[own(log_tau) + o]))) : 0.f;
      if (!learn_bias) pass.gradient[own(bias) + o] = 0;
    }
    for (int64_t i = 0; i < inputs + outputs; ++i)
      for (int64_t o = 0; o < outputs; ++o) pass.gradient[i * outputs + o] *= t.gain[o];
    clear_given(t.given, d_units);
    // The acting weights are no longer needed.
    from_inputs.constrain(t.output_of, pass.theta, d_inputs, t.from_inputs);
    from_units.constrain(t.output_of, pass.theta + from_inputs.size(), d_units, t.from_units);
    clear_given(t.given, d_units);
  }

 private:
  void map_given(const int32_t* output_of, int32_t* given) const {
    std::fill_n(given, outputs, 0);
    for (int64_t c = 0; c < inputs; ++c)
      if (const int32_t unit = graph->input_unit[c]; unit >= 0 && output_of[unit] >= 0) given[output_of[unit]] = 1;
  }
  /// Rows of units that are inputs too: what is recorded of them acts in their place.
  void clear_given(const int32_t* given, float* matrix) const {
    for (int64_t i = 0; i < outputs; ++i)
      if (given[i]) std::fill_n(matrix + i * outputs, outputs, 0.f);
  }
  /// The weights as they act, with the gains; who is what.
  void act(const Tape& t, const float* theta) const {
    GraphWeights::map_outputs(*graph, outputs, t.output_of);
    map_given(t.output_of, t.given);
    from_inputs.act(t.output_of, theta, t.from_inputs);
    from_units.act(t.output_of, theta + from_inputs.size(), t.from_units);
    clear_given(t.given, t.from_units);
    for (int64_t o = 0; o < outputs; ++o) {
      t.gain[o] = std::exp(theta[own(log_gain) + o]);
      for (int64_t c = 0; c < inputs; ++c) t.from_inputs[c * outputs + o] *= t.gain[o];
      for (int64_t i = 0; i < outputs; ++i) t.from_units[i * outputs + o] *= t.gain[o];
    }
  }
};

PROXON_PLUGIN(approximator, connectome_rate, connectome_rate)
