#include <algorithm>
#include <stdexcept>
#include <string>

#include "norm.hpp"

using namespace proxon;

struct dense {
  static constexpr Documentation about{
      .summary = "Feed-forward network of fully connected layers; over a sequence, the same network at every step.",
      .equation = "y_0 = x;  y_l = f_l(y_{l-1} W_l + b_l);  with a norm: y_l = f_l(gain_l (z_l - mean) / sqrt(var + 1e-5) + b_l), z_l = y_{l-1} W_l;  "
                  "residual: y_{l-1} is added before f_l where layers are as wide;  dropout: y_l is 0 with probability p, else y_l / (1 - p), while it trains",
      .reference = "Rumelhart, Hinton & Williams 1986, Nature 323:533, doi:10.1038/323533a0; dropout: Srivastava et al. 2014, JMLR 15:1929; norms: Ba et al. "
                   "2016, arXiv:1607.06450, Ioffe & Szegedy 2015, arXiv:1502.03167; residual: He et al. 2016, arXiv:1512.03385"};

  static constexpr int64_t default_hidden[] = {64};

  struct Parameters {
    std::span<const int64_t> hidden = default_hidden;
    std::string_view activation = "tanh";
    std::string_view output_activation = "linear";
    double dropout = 0;
    bool bias = true;
    std::string_view norm = "none";
    bool residual = false;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::hidden>("1", "units of each hidden layer, from the input on; [] for none", at_least(1)),
                        field<&P::activation>("", "activation of the hidden layers", one_of(activation_choices)),
                        field<&P::output_activation>("", "activation of the output layer", one_of(activation_choices)),
                        field<&P::dropout>("1", "probability that a hidden unit is silent for a sample while training", at_least(0), below(1)),
                        field<&P::bias>("", "whether layers have biases"),
                        field<&P::norm>("", "what hidden layers are normalised over before their activation: nothing, the units of the layer, or the batch",
                                        one_of(norm_choices)),
                        field<&P::residual>("", "whether what a hidden layer takes is added to what it computes, where both are as wide")};
    }
  };

  std::span<const int64_t> hidden;
  Activation activation, output_activation;
  float dropout;
  bool bias, residual;
  Norm norm;
  ApproximatorSetup setup;
  int64_t hidden_units = 0, widest = 0;  // of hidden layers

  dense(const Parameters& p, const ApproximatorSetup& s)
      : hidden(p.hidden), activation(activation_of(p.activation)), output_activation(activation_of(p.output_activation)),
        dropout(float(p.dropout)), bias(p.bias), residual(p.residual), norm(p.norm), setup(s) {
    for (const int64_t units : hidden) {
      if (units < 1) throw std::invalid_argument("a hidden layer needs at least one unit");
      hidden_units += units;
      widest = std::max(widest, units);
    }
  }

  int32_t depth() const { return int32_t(hidden.size()) + 1; }
  int64_t width(int32_t i) const { return i < 0 ? setup.inputs : i < int32_t(hidden.size()) ? hidden[size_t(i)] : setup.outputs; }
  bool skips(int32_t i) const { return residual && i > 0 && i + 1 < depth() && width(i) == width(i - 1); }

  // In theta: the matrices; then gains, and with norm "batch" means and variances, layer after layer.
  int32_t layers() const { return depth() + norm.layers() * (depth() - 1); }
  LayerInfo layer(int32_t index) const {
    if (index < depth()) return matrix(index);
    const int32_t piece = (index - depth()) / (depth() - 1), i = (index - depth()) % (depth() - 1);
    return Norm::layer(piece, i, width(i), norm_offset(piece, i));
  }
  LayerInfo matrix(int32_t index) const {
    LayerInfo info = first_layer();
    for (int32_t i = 0; i < index; ++i) next_layer(info, i + 1);
    char name[16] = "output";
    if (index < int32_t(hidden.size())) {
      const char text[] = "hidden_";
      std::copy_n(text, 7, name);
      *write_number(name + 7, index + 1) = 0;
    }
    info.name.assign(name);
    return info;
  }

  void begin(float* theta, Key) const {
    for (int32_t piece = 0; piece < norm.layers(); ++piece)
      for (int32_t i = 0; i + 1 < depth(); ++i) Norm::begin(piece, width(i), theta + norm_offset(piece, i));
  }

  /// Activities of the hidden layers; the errors of two layers; with dropout what each activity was multiplied with; what norms keep.
  int64_t tape(int64_t batch, int64_t steps) const { return norm_tape(depth() - 1, batch * steps); }

  void forward(const Services& services, const ForwardPass& pass) const {
    const int64_t batch = pass.batch * pass.steps;
    LayerInfo layer = first_layer();
    const float* x = pass.input;
    for (int32_t i = 0; i < depth(); next_layer(layer, ++i)) {
      const bool last = layer.tape_offset < 0, normed = norm && !last, skip = skips(i);
      float* y = last ? pass.output : pass.tape + layer.tape_offset * batch;
      const int64_t n = layer.outputs;
      const float* b = bias ? pass.theta + layer.bias_offset : nullptr;
      // What the product is added to.
      const bool adds = !normed && (bias || skip);
      if (adds)
        rows(services, batch, n, [&](int64_t row) {
          float* to = y + row * n;
          if (skip) std::copy_n(x + row * n, n, to);
          if (skip && b) add(n, 1, b, to);
          if (!skip) std::copy_n(b, n, to);
        });
      services.product(services.host, 0, 0, batch, n, layer.inputs, x, layer.inputs, pass.theta + layer.weight_offset, n, y, n, adds);
      if (normed) {
        const Pieces<const float*> pieces = norm_of(pass.theta, i);
        norm.forward(services, pass.training, {y, pass.batch, pass.steps, pass.steps * n, pass.length}, n, pieces.at, b, pass.tape + norm_tape(i, batch));
        if (skip) rows(services, batch, n, [&](int64_t row) { add(n, 1, x + row * n, y + row * n); });
      }
      if (!last) services.activate(services.host, layer.activation, y, y, batch * n);
      if (!last && pass.training && dropout > 0) silence(services, pass, i, y, mask(pass.tape, layer, batch), n);
      x = y;
    }
  }

  Value to_onnx(const Graph& g, const float* theta, Value x) const {
    for (int32_t i = 0; i < depth(); ++i) {
      const LayerInfo layer = matrix(i);
      const std::string name = layer.name.c_str();
      const bool last = i + 1 == depth(), normed = norm && !last;
      const float* b = bias ? theta + layer.bias_offset : nullptr;
      Value z = g.affine(name, x, theta + layer.weight_offset, layer.inputs, layer.outputs, normed ? nullptr : b);
      if (normed) z = norm.to_onnx(g, name, z, layer.outputs, norm_of(theta, i).at, b);
      if (skips(i)) z = g.op("Add", {z, x});
      x = last ? z : g.activate(activation, z);
    }
    return x;
  }

  void backward(const Services& services, const BackwardPass& pass) const {
    const int64_t batch = pass.batch * pass.steps;
    float* errors[2] = {pass.tape + batch * hidden_units * (dropout > 0 ? 2 : 1), nullptr};
    errors[1] = errors[0] + batch * widest;
    const float* dz = pass.output_gradient;
    for (int32_t i = depth() - 1; i >= 0; --i) {
      const LayerInfo layer = matrix(i);
      const int64_t m = layer.inputs, n = layer.outputs;
      const LayerInfo below = i ? matrix(i - 1) : LayerInfo{};
      float* x = i ? pass.tape + below.tape_offset * batch : nullptr;
      float* dx = i ? errors[i % 2] : pass.input_gradient;
      const bool skip = skips(i) && !pass.path.direct;

      // The error goes around the weights, and through the norm.
      if (bias) column_sums(services, dz, batch, n, pass.gradient + layer.bias_offset, std::max<int64_t>(64, 32768 / batch));
      if (skip) std::copy_n(dz, batch * n, dx);
      if (norm && i + 1 < depth()) {
        const Pieces<const float*> pieces = norm_of(pass.theta, i);
        const Pieces<float*> gradients = norm_of(pass.gradient, i);
        norm.backward(services, {errors[(i + 1) % 2], pass.batch, pass.steps, pass.steps * n, pass.length}, n, pieces.at, gradients.at,
                      pass.tape + norm_tape(i, batch));
      }

      // Gradients of the weights (x^T dz).
      services.product(services.host, 1, 0, m, n, batch, i ? x : pass.input, m, dz, n, pass.gradient + layer.weight_offset, n, 0);

      // The error of the layer below: through the feedback weights, or straight from the output; and through its activation.
      if (!dx) return;
      if (i && pass.path.direct)
        services.product(services.host, 0, 1, batch, m, setup.outputs, pass.output_gradient, setup.outputs,
                         pass.path.direct + below.tape_offset * setup.outputs, setup.outputs, dx, m, 0);
      else
        services.product(services.host, 0, 1, batch, m, n, dz, n, pass.feedback() + layer.weight_offset, n, dx, m, skip);
      if (!i) return;
      if (dropout > 0) {
        const float* kept = mask(pass.tape, below, batch);
        rows(services, batch, m, [&](int64_t row) {
          for (int64_t j = row * m; j < (row + 1) * m; ++j) {
            dx[j] *= kept[j];
            x[j] *= 1 - dropout;  // the activity as it was before dropout
          }
        });
      }
      services.activate_back(services.host, activation, x, dx, batch * m);
      dz = dx;
    }
  }

 private:
  LayerInfo first_layer() const {
    LayerInfo info{};
    fill_layer(info, 0);
    return info;
  }
  void next_layer(LayerInfo& info, int32_t index) const {
    if (index >= depth()) return;
    info.weight_offset += info.inputs * info.outputs + (bias ? info.outputs : 0);
    info.tape_offset += info.outputs;
    fill_layer(info, index);
  }
  /// What does not follow from the layer before.
  void fill_layer(LayerInfo& info, int32_t index) const {
    info.inputs = width(index - 1);
    info.outputs = width(index);
    info.bias_offset = bias ? info.weight_offset + info.inputs * info.outputs : -1;
    const bool last = index == int32_t(hidden.size());
    info.activation = last ? output_activation : activation;
    info.plain = last || !(norm || dropout > 0 || skips(index));
    if (last) info.tape_offset = -1;
  }
  static char* write_number(char* to, int32_t n) {
    if (n >= 10) to = write_number(to, n / 10);
    *to = char('0' + n % 10);
    return to + 1;
  }

  /// Where a layer's norm has its pieces in theta, and its part of the tape.
  template <class T>
  struct Pieces {
    T at[3];
  };
  int64_t norm_offset(int32_t piece, int32_t i) const {
    const LayerInfo output = matrix(depth() - 1);
    int64_t offset = output.weight_offset + output.inputs * output.outputs + (bias ? output.outputs : 0) + piece * hidden_units;
    for (int32_t k = 0; k < i; ++k) offset += width(k);
    return offset;
  }
  template <class T>
  Pieces<T> norm_of(T theta, int32_t i) const {
    return {{theta + norm_offset(0, i), theta + norm_offset(1, i), theta + norm_offset(2, i)}};
  }
  int64_t norm_tape(int32_t i, int64_t batch) const {
    int64_t offset = batch * (hidden_units * (dropout > 0 ? 2 : 1) + 2 * widest);
    for (int32_t k = 0; k < i; ++k) offset += norm.tape(batch, width(k));
    return offset;
  }

  float* mask(float* tape, const LayerInfo& layer, int64_t batch) const { return tape + (hidden_units + layer.tape_offset) * batch; }

  /// body(row) for all rows of a matrix with n columns.
  template <class Body>
  static void rows(const Services& services, int64_t count, int64_t n, Body&& body) {
    const auto run = [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) body(row);
    };
    if (count * n <= 16384) return run(0, count);
    services.parallel_for(count, std::max<int64_t>(1, 16384 / n), run);
  }

  /// Dropout of a layer; each step in time has draws of its own.
  void silence(const Services& services, const ForwardPass& pass, int32_t index, float* y, float* kept, int64_t n) const {
    rows(services, pass.batch * pass.steps, n, [&](int64_t row) {
      const int64_t sample = row / pass.steps, time = row % pass.steps;
      drop(pass.key.with(uint32_t(index)), pass.first_sample + sample, pass.step, uint32_t(time * ((n + 3) / 4)), dropout, n, y + row * n, kept + row * n);
    });
  }
};

PROXON_PLUGIN(approximator, dense, dense)
