#include <algorithm>
#include <stdexcept>
#include <string>

#include "norm.hpp"

using namespace proxon;

struct convolutional {
  static constexpr Documentation about{
      .summary = "Causal convolutions over time, layer after layer, and a linear readout at every step (a temporal convolutional network).",
      .equation = "y_0 = x;  z_l(t) = sum_k y_{l-1}(t - k d_l) W_l[k], 0 before the begin;  y_l(t) = f(z_l(t) + b_l);  z(t) = y_L(t) W + b;  with a norm: "
                  "y_l(t) = f(gain_l (z_l(t) - mean) / sqrt(var + 1e-5) + b_l);  residual: y_{l-1}(t) is added before f where layers have as many filters;  "
                  "dropout: y_l(t) is 0 with probability p, else y_l(t) / (1 - p), while it trains",
      .reference = "Beniaguev, Segev & London 2021, Neuron 109:2727, doi:10.1016/j.neuron.2021.07.002; Bai, Kolter & Koltun 2018, "
                   "arXiv:1803.01271; norms: Ba et al. 2016, arXiv:1607.06450, Ioffe & Szegedy 2015, arXiv:1502.03167; residual: He et al. 2016, "
                   "arXiv:1512.03385"};
  static constexpr bool takes_events = true;

  static constexpr int64_t default_filters[] = {32}, default_kernel[] = {20}, default_dilation[] = {1};

  struct Parameters {
    std::span<const int64_t> filters = default_filters;
    std::span<const int64_t> kernel = default_kernel;
    std::span<const int64_t> dilation = default_dilation;
    std::string_view activation = "relu";
    bool bias = true;
    std::string_view norm = "none";
    bool residual = false;
    double dropout = 0;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::filters>("1", "filters of each layer, from the input on", at_least(1)),
                        field<&P::kernel>("1", "taps of each layer's kernels, in bins; one number for all layers, or one each", at_least(1)),
                        field<&P::dilation>("1", "bins from one tap to the next; one number for all layers, or one each", at_least(1)),
                        field<&P::activation>("", "activation of the layers", one_of(activation_choices)),
                        field<&P::bias>("", "whether the layers before the readout have biases"),
                        field<&P::norm>("", "what layers are normalised over before their activation: nothing, the filters of a step, or all steps of the batch",
                                        one_of(norm_choices)),
                        field<&P::residual>("", "whether what a layer after the first takes is added to what it computes, where both have as many filters"),
                        field<&P::dropout>("1", "probability that a filter is silent at a step of a sample while training", at_least(0), below(1))};
    }
  };

  /// One layer of convolution. Its weights in theta are [channel][tap][filter]: what an event of a channel does to the steps that follow is one
  /// contiguous run of numbers, added to one contiguous run of the output.
  struct Shape {
    int64_t channels, taps, dilation, filters;
    int64_t weights, biases;  // offsets in theta
    int64_t units;            // of the layers before
    int64_t reach() const { return (taps - 1) * dilation; }
    int64_t size() const { return channels * taps * filters; }
  };

  std::span<const int64_t> filters, kernel, dilation;
  Activation activation;
  bool bias, residual;
  float dropout;
  Norm norm;
  ApproximatorSetup setup;

  convolutional(const Parameters& p, const ApproximatorSetup& s)
      : filters(p.filters), kernel(p.kernel), dilation(p.dilation), activation(activation_of(p.activation)), bias(p.bias),
        residual(p.residual), dropout(float(p.dropout)), norm(p.norm), setup(s) {
    if (filters.empty()) throw std::invalid_argument("filters names no layer: give the number of filters of at least one");
    for (const auto& [list, what] : {std::pair{kernel, "kernel"}, {dilation, "dilation"}})
      if (list.size() != 1 && list.size() != filters.size())
        throw std::invalid_argument(std::string(what) + " must have one number for all layers, or as many as filters");
    for (const auto list : {filters, kernel, dilation})
      for (const int64_t n : list)
        if (n < 1) throw std::invalid_argument("filters, kernel and dilation must be at least 1");
  }

  int32_t depth() const { return int32_t(filters.size()); }
  static int64_t pick(std::span<const int64_t> list, int32_t l) { return list[list.size() == 1 ? 0 : size_t(l)]; }

  /// Layer l of 0 .. depth; the last is the readout.
  Shape shape(int32_t l) const {
    Shape s{setup.inputs, 0, 0, 0, 0, 0, 0};
    for (int32_t i = 0;; ++i) {
      const bool readout = i == depth();
      s.taps = readout ? 1 : pick(kernel, i);
      s.dilation = readout ? 1 : pick(dilation, i);
      s.filters = readout ? setup.outputs : filters[size_t(i)];
      s.biases = bias || readout ? s.weights + s.size() : -1;
      if (i == l) return s;
      s.weights += s.size() + (bias ? s.filters : 0);
      s.units += s.filters;
      s.channels = s.filters;
    }
  }

  bool skips(int32_t l) const { return residual && l > 0 && l < depth() && filters[size_t(l)] == filters[size_t(l) - 1]; }

  // In theta: the kernels and the readout; then gains, and with norm "batch" means and variances, layer after layer.
  int32_t layers() const { return depth() + 1 + norm.layers() * depth(); }
  int64_t norm_offset(int32_t piece, int32_t l) const {
    const Shape out = shape(depth()), at = shape(l);
    return out.biases + out.filters + piece * out.units + at.units;
  }
  template <class T>
  struct Pieces {
    T at[3];
  };
  template <class T>
  Pieces<T> norm_of(T theta, int32_t l) const {
    return {{theta + norm_offset(0, l), theta + norm_offset(1, l), theta + norm_offset(2, l)}};
  }
  void begin(float* theta, Key) const {
    for (int32_t piece = 0; piece < norm.layers(); ++piece)
      for (int32_t l = 0; l < depth(); ++l) Norm::begin(piece, shape(l).filters, theta + norm_offset(piece, l));
  }

  LayerInfo layer(int32_t index) const {
    if (index > depth()) {
      const int32_t piece = (index - depth() - 1) / depth(), l = (index - depth() - 1) % depth();
      return Norm::layer(piece, l, shape(l).filters, norm_offset(piece, l));
    }
    const Shape s = shape(index);
    LayerInfo info{};
    char name[] = "conv_???";
    char* to = name + 5;
    for (int32_t n = index + 1, unit = n >= 100 ? 100 : n >= 10 ? 10 : 1; unit; unit /= 10) *to++ = char('0' + n / unit % 10);
    *to = 0;
    info.name.assign(index == depth() ? "output" : name);
    info.activation = index == depth() ? Activation::linear : activation;
    info.inputs = s.channels * s.taps;
    info.outputs = s.filters;
    info.weight_offset = s.weights;
    info.bias_offset = s.biases;
    info.tape_offset = index == depth() ? -1 : no_activities;
    info.taps = s.taps;
    return info;
  }

  // What the tape holds. The activities of layer l stand in rows, with as many rows of zeros before each sample as layer l + 1 looks back: its
  // windows are then runs of memory, rows that overlap, which a product takes as they are. Errors stand likewise before their own layer.
  int64_t front(int32_t l) const { return l < depth() ? shape(l).reach() : 0; }
  /// Where the input of layer l begins.
  int64_t input_offset(int32_t l, int64_t batch, int64_t steps) const {
    int64_t offset = 0;
    for (int32_t i = 0; i < l; ++i) offset += batch * (front(i) + steps) * shape(i).channels;
    return offset;
  }
  int64_t error_size(int64_t batch, int64_t steps) const {
    int64_t most = 0;
    for (int32_t l = 0; l < depth(); ++l) most = std::max(most, (batch * (front(l) + steps) + front(l)) * shape(l).filters);
    return most;
  }
  int64_t scratch_size() const {
    int64_t most = 0;
    for (int32_t l = 0; l < depth(); ++l) most = std::max(most, shape(l).size());
    return most;
  }
  /// Where the norm of layer l keeps what it needs, after all that.
  int64_t norm_tape(int32_t l, int64_t batch, int64_t steps) const {
    int64_t offset = input_offset(depth() + 1, batch, steps) + 2 * error_size(batch, steps) + scratch_size();
    for (int32_t i = 0; i < l; ++i) offset += norm.tape(batch * steps, shape(i).filters);
    return offset;
  }
  /// Where what dropout multiplied the activities of layer l with stands, sample after sample, after all that.
  int64_t kept_tape(int32_t l, int64_t batch, int64_t steps) const { return norm_tape(depth(), batch, steps) + batch * steps * shape(l).units; }
  int64_t tape(int64_t batch, int64_t steps) const { return dropout > 0 ? kept_tape(depth(), batch, steps) : norm_tape(depth(), batch, steps); }

  void forward(const Services& services, const ForwardPass& pass) const {
    const int64_t batch = pass.batch, steps = pass.steps;
    float* scratch = pass.tape + norm_tape(0, batch, steps) - scratch_size();
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape s = shape(l);
      const bool events = l == 0 && pass.events.row_begin;
      float* input = pass.tape + input_offset(l, batch, steps);
      float* output = pass.tape + input_offset(l + 1, batch, steps);
      const int64_t before = front(l), after = front(l + 1);
      const bool skip = skips(l);
      // What the layer takes at a step, which is added with `residual`; through the activation.
      const auto add_input = [&](int64_t sample, float* y) {
        const float* x = input + (sample * (before + steps) + before) * s.channels;
        add(steps * s.filters, 1, x, y);
      };
      const auto finish = [&](int64_t sample) {
        float* y = output + (sample * (after + steps) + after) * s.filters;
        if (norm && skip) add_input(sample, y);
        services.activate(services.host, activation, y, y, steps * s.filters);
        if (dropout == 0) return;
        float* kept = pass.tape + kept_tape(l, batch, steps) + sample * steps * s.filters;
        if (pass.training) drop(pass.key.with(uint32_t(l)), pass.first_sample + sample, pass.step, 0, dropout, steps * s.filters, y, kept);
        else std::fill_n(kept, steps * s.filters, 1.f);
      };
      if (!events) by_tap(services, s, pass.theta + s.weights, scratch, true);
      const double work = double(steps * s.filters) + (events ? double(pass.events.count / batch * s.taps * s.filters) : double(steps * s.size()));
      services.parallel_for(batch, piece(work, events ? 4 : 1), [&](int64_t begin, int64_t end) {
        for (int64_t sample = begin; sample < end; ++sample) {
          float* y = output + sample * (after + steps) * s.filters;
          std::fill_n(y, after * s.filters, 0.f);
          y += after * s.filters;
          if (bias && !norm && s.filters > 1)
            for (int64_t t = 0; t < steps; ++t) std::copy_n(pass.theta + s.biases, s.filters, y + t * s.filters);
          else
            std::fill_n(y, steps * s.filters, bias && !norm ? pass.theta[s.biases] : 0.f);
          if (skip && !norm) add_input(sample, y);
          if (events) continue;
          float* x = input + sample * (before + steps) * s.channels;
          if (l == 0) {
            std::fill_n(x, before * s.channels, 0.f);
            std::copy_n(pass.input + sample * steps * s.channels, steps * s.channels, x + before * s.channels);
          }
          windows(services, s, steps, x, scratch, y);
        }
        if (events) add_events(s, pass.theta + s.weights, pass.events, begin, end, steps, output, after);
        if (!norm)
          for (int64_t sample = begin; sample < end; ++sample) finish(sample);
      });
      if (!norm) continue;
      norm.forward(services, pass.training, {output + after * s.filters, batch, steps, (after + steps) * s.filters, pass.length}, s.filters,
                   norm_of(pass.theta, l).at, bias ? pass.theta + s.biases : nullptr, pass.tape + norm_tape(l, batch, steps));
      services.parallel_for(batch, piece(double(steps * s.filters), 1), [&](int64_t begin, int64_t end) {
        for (int64_t sample = begin; sample < end; ++sample) finish(sample);
      });
    }

    // The readout: one product over all rows.
    const Shape s = shape(depth());
    for (int64_t row = 0; row < batch * steps; ++row) std::copy_n(pass.theta + s.biases, s.filters, pass.output + row * s.filters);
    services.product(services.host, 0, 0, batch * steps, s.filters, s.channels, pass.tape + input_offset(depth(), batch, steps), s.channels,
                     pass.theta + s.weights, s.filters, pass.output, s.filters, 1);
  }

  Value to_onnx(const Graph& g, const float* theta, Value x) const {
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape s = shape(l);
      const std::string name = layer(l).name.c_str();
      const float* b = bias ? theta + s.biases : nullptr;
      // [filters x channels x taps], the present last.
      std::vector<float> kernels(size_t(s.size()));
      for (int64_t c = 0; c < s.channels; ++c)
        for (int64_t k = 0; k < s.taps; ++k)
          for (int64_t f = 0; f < s.filters; ++f)
            kernels[size_t((f * s.channels + c) * s.taps + s.taps - 1 - k)] = theta[s.weights + (c * s.taps + k) * s.filters + f];
      const Value weights = g.constant((name + ".weight").c_str(), kernels, {s.filters, s.channels, s.taps});
      const auto flip = [&](Value v) { return g.op("Transpose", {v}, {attribute("perm", {0, 2, 1})}); };
      Value z = g.op("Conv", {flip(x), weights},
                     {attribute("kernel_shape", {s.taps}), attribute("dilations", {s.dilation}), attribute("pads", {s.reach(), 0})});
      z = flip(z);
      if (norm) z = norm.to_onnx(g, name, z, s.filters, norm_of(theta, l).at, b);
      else if (b) z = g.op("Add", {z, g.constant((name + ".bias").c_str(), b, {s.filters})});
      if (skips(l)) z = g.op("Add", {z, x});
      x = g.activate(activation, z);
    }
    const Shape s = shape(depth());
    return g.affine("output", x, theta + s.weights, s.channels, s.filters, theta + s.biases);
  }

  void backward(const Services& services, const BackwardPass& pass) const {
    const int64_t batch = pass.batch, steps = pass.steps;
    float* errors[2] = {pass.tape + input_offset(depth() + 1, batch, steps), nullptr};
    errors[1] = errors[0] + error_size(batch, steps);
    float* scratch = errors[1] + error_size(batch, steps);

    // The readout.
    const Shape out = shape(depth());
    services.product(services.host, 1, 0, out.channels, out.filters, batch * steps, pass.tape + input_offset(depth(), batch, steps), out.channels,
                     pass.output_gradient, out.filters, pass.gradient + out.weights, out.filters, 0);
    column_sums(services, pass.output_gradient, batch * steps, out.filters, pass.gradient + out.biases);

    for (int32_t l = depth() - 1; l >= 0; --l) {
      const Shape s = shape(l), above = shape(l + 1);
      const bool events = l == 0 && pass.events.row_begin;
      const int64_t before = front(l), after = front(l + 1);
      float* dz = errors[l % 2];
      const float* dz_above = errors[(l + 1) % 2];
      float* y = pass.tape + input_offset(l + 1, batch, steps);

      // The error of this layer's outputs: from the layer above, or straight from the output; then through the activation.
      const double work = double(steps * s.filters) * double(l + 1 == depth() ? setup.outputs : above.taps * above.filters);
      services.parallel_for(batch, piece(work, 1), [&](int64_t begin, int64_t end) {
        for (int64_t sample = begin; sample < end; ++sample) {
          float* to = dz + sample * (before + steps) * s.filters;
          std::fill_n(to, before * s.filters, 0.f);
          to += before * s.filters;  // with `residual` it holds what came around the layer above
          const float* dout = pass.output_gradient + sample * steps * setup.outputs;
          if (pass.path.direct)
            services.product(services.host, 0, 1, steps, s.filters, setup.outputs, dout, setup.outputs, pass.path.direct + s.units * setup.outputs,
                             setup.outputs, to, s.filters, 0);
          else if (l + 1 == depth())
            services.product(services.host, 0, 1, steps, s.filters, setup.outputs, dout, setup.outputs, pass.feedback() + above.weights,
                             setup.outputs, to, s.filters, 0);
          else
            windows_back(services, above, steps, dz_above + (sample * (after + steps) + after) * above.filters, pass.feedback() + above.weights, to,
                         skips(l + 1));
          float* own = y + (sample * (after + steps) + after) * s.filters;
          if (dropout > 0) {
            const float* kept = pass.tape + kept_tape(l, batch, steps) + sample * steps * s.filters;
            for (int64_t i = 0; i < steps * s.filters; ++i) to[i] *= kept[i], own[i] /= kept[i] > 0 ? kept[i] : 1.f;  // the activity as it was before dropout
          }
          services.activate_back(services.host, activation, own, to, steps * s.filters);
        }
      });
      std::fill_n(dz + batch * (before + steps) * s.filters, before * s.filters, 0.f);
      if (bias) column_sums(services, dz, batch * (before + steps), s.filters, pass.gradient + s.biases);

      // Around the layer, and through its norm.
      if (skips(l) && !pass.path.direct) {
        const int64_t below = front(l - 1);
        for (int64_t sample = 0; sample < batch; ++sample)
          std::copy_n(dz + (sample * (before + steps) + before) * s.filters, steps * s.filters,
                      errors[(l - 1) % 2] + (sample * (below + steps) + below) * s.filters);
      }
      if (norm)
        norm.backward(services, {dz + before * s.filters, batch, steps, (before + steps) * s.filters, pass.length}, s.filters, norm_of(pass.theta, l).at,
                      norm_of(pass.gradient, l).at, pass.tape + norm_tape(l, batch, steps));

      // Its weights.
      if (events)
        sum_events(services, s, pass.events, steps, dz, pass.gradient + s.weights);
      else
        windows_gradient(services, s, batch * (before + steps) - before, pass.tape + input_offset(l, batch, steps), dz + before * s.filters, scratch,
                         pass.gradient + s.weights);
    }
    if (!pass.input_gradient) return;
    const Shape s = shape(0);
    services.parallel_for(batch, 1, [&](int64_t begin, int64_t end) {
      for (int64_t sample = begin; sample < end; ++sample)
        windows_back(services, s, steps, errors[0] + (sample * (front(0) + steps) + front(0)) * s.filters, pass.feedback() + s.weights,
                     pass.input_gradient + sample * steps * s.channels);
    });
  }

 private:
  /// How many samples (channels) make a piece of work that is worth a thread, of `work` additions each; results do not depend on it.
  static int64_t piece(double work, int64_t least) { return std::max(least, int64_t(3e5 / (work + 1))); }

  /// Between theta's order [channel][tap][filter] and that of the windows, [tap, oldest first][channel][filter].
  static void by_tap(const Services& services, const Shape& s, const float* from, float* to, bool to_windows) {
    services.parallel_for(s.channels, std::max<int64_t>(1, 16384 / (s.taps * s.filters)), [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c)
        for (int64_t k = 0; k < s.taps; ++k) {
          const int64_t in_theta = (c * s.taps + k) * s.filters, in_windows = ((s.taps - 1 - k) * s.channels + c) * s.filters;
          std::copy_n(from + (to_windows ? in_theta : in_windows), s.filters, to + (to_windows ? in_windows : in_theta));
        }
    });
  }

  /// y += x * W for `rows` windows, the first of which begins at x.
  static void windows(const Services& services, const Shape& s, int64_t rows, const float* x, const float* by_tap, float* y) {
    if (s.dilation == 1 || s.taps == 1)
      return services.product(services.host, 0, 0, rows, s.filters, s.taps * s.channels, x, s.channels, by_tap, s.filters, y, s.filters, 1);
    for (int64_t k = 0; k < s.taps; ++k)
      services.product(services.host, 0, 0, rows, s.filters, s.channels, x + k * s.dilation * s.channels, s.channels,
                       by_tap + k * s.channels * s.filters, s.filters, y, s.filters, 1);
  }

  /// dx (+)= dz * W backwards in time: a step's error is that of the steps that it was seen from. In theta's order W is [channels x taps filters].
  static void windows_back(const Services& services, const Shape& s, int64_t steps, const float* dz, const float* weights, float* dx,
                           bool adds = false) {
    const int64_t row = s.taps * s.filters;
    if (s.dilation == 1 || s.taps == 1)
      return services.product(services.host, 0, 1, steps, s.channels, row, dz, s.filters, weights, row, dx, s.channels, adds);
    for (int64_t k = 0; k < s.taps; ++k)
      services.product(services.host, 0, 1, steps, s.channels, s.filters, dz + k * s.dilation * s.filters, s.filters, weights + k * s.filters, row,
                       dx, s.channels, adds || k > 0);
  }

  /// dW = windows^T dz over all samples at once: rows between samples see windows of two, and their error is 0.
  static void windows_gradient(const Services& services, const Shape& s, int64_t rows, const float* x, const float* dz, float* scratch, float* dw) {
    if (s.dilation == 1 || s.taps == 1)
      services.product(services.host, 1, 0, s.taps * s.channels, s.filters, rows, x, s.channels, dz, s.filters, scratch, s.filters, 0);
    else
      for (int64_t k = 0; k < s.taps; ++k)
        services.product(services.host, 1, 0, s.channels, s.filters, rows, x + k * s.dilation * s.channels, s.channels, dz, s.filters,
                         scratch + k * s.channels * s.filters, s.filters, 0);
    by_tap(services, s, scratch, dw, false);
  }

  /// Adds to the steps after each event what it does to them, channel by channel, so that a channel's kernel stays in the cache.
  static void add_events(const Shape& s, const float* weights, const Events& events, int64_t begin, int64_t end, int64_t steps, float* output,
                         int64_t front) {
    for (int64_t c = 0; c < s.channels; ++c) {
      const int32_t* const last = events.row + events.channel_begin[c + 1];
      const int32_t* row = std::lower_bound(events.row + events.channel_begin[c], last, int32_t(begin * steps));
      const float* kernel = weights + c * s.taps * s.filters;
      for (; row != last && *row < end * steps; ++row) {
        const int64_t sample = *row / steps, t = *row % steps;
        float* y = output + (sample * (front + steps) + front + t) * s.filters;
        each_tap(s, steps - t, [&](int64_t to, int64_t from, int64_t n) { add(n, events.value_by_channel[row - events.row], kernel + from, y + to); });
      }
    }
  }

  /// dW of a channel: the errors of the steps after its events.
  static void sum_events(const Services& services, const Shape& s, const Events& events, int64_t steps, const float* dz, float* dw) {
    services.parallel_for(s.channels, piece(double(events.count) * double(s.taps * s.filters) / double(s.channels), 16), [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) {
        float* kernel = dw + c * s.taps * s.filters;
        std::fill_n(kernel, s.taps * s.filters, 0.f);
        for (int64_t k = events.channel_begin[c]; k < events.channel_begin[c + 1]; ++k) {
          const int64_t sample = events.row[k] / steps, t = events.row[k] % steps;
          const float* error = dz + (sample * (s.reach() + steps) + s.reach() + t) * s.filters;
          each_tap(s, steps - t, [&](int64_t from, int64_t to, int64_t n) { add(n, events.value_by_channel[k], error + from, kernel + to); });
        }
      }
    });
  }

  /// use(offset in the steps, offset in the kernel, numbers) for the taps that reach less than `left` steps.
  template <class Use>
  static void each_tap(const Shape& s, int64_t left, Use&& use) {
    if (s.dilation == 1) return use(0, 0, std::min(s.taps, left) * s.filters);
    for (int64_t k = 0; k < s.taps && k * s.dilation < left; ++k) use(k * s.dilation * s.filters, k * s.filters, s.filters);
  }
};

PROXON_PLUGIN(approximator, convolutional, convolutional)
