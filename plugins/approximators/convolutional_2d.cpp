#include <algorithm>
#include <stdexcept>
#include <string>

#include "norm.hpp"

using namespace proxon;

struct convolutional_2d {
  static constexpr Documentation about{
      .summary = "Convolutions over the rows and columns of images, each followed by pooling, and a linear readout; over a sequence, the same at every step.",
      .equation = "z_l(y, x) = b_l + sum_{i,j,c} a_{l-1}(y s + i - p, x s + j - p, c) W_l[i, j, c], 0 beyond the image;  a_l = f(max of z_l over squares of "
                  "pooling x pooling that do not overlap);  output = a_L V + c;  p = (kernel - 1) / 2 where padding is \"same\", else 0;  with a norm, "
                  "gain_l (z_l - b_l - mean) / sqrt(var + 1e-5) + b_l in place of z_l",
      .reference = "LeCun, Bottou, Bengio & Haffner 1998, Proceedings of the IEEE 86:2278, doi:10.1109/5.726791; norms: Ba et al. 2016, "
                   "arXiv:1607.06450, Ioffe & Szegedy 2015, arXiv:1502.03167"};

  static constexpr int64_t default_filters[] = {16, 32}, default_kernel[] = {5}, default_stride[] = {1}, default_pooling[] = {2};

  struct Parameters {
    std::span<const int64_t> image;
    std::span<const int64_t> filters = default_filters;
    std::span<const int64_t> kernel = default_kernel;
    std::span<const int64_t> stride = default_stride;
    std::span<const int64_t> pooling = default_pooling;
    std::string_view padding = "same";
    std::string_view activation = "relu";
    std::string_view norm = "none";
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::image>("1", "rows and columns of the images and, where there are several, channels, of which those of a pixel lie together",
                                         at_least(1), required),
                        field<&P::filters>("1", "filters of each layer, from the input on", at_least(1)),
                        field<&P::kernel>("1", "side of each layer's kernels; one number for all layers, or one each", at_least(1)),
                        field<&P::stride>("1", "pixels from one place of the kernel to the next; one number, or one a layer", at_least(1)),
                        field<&P::pooling>("1", "side of the squares of which the largest value goes on; 1: none; one number, or one a layer", at_least(1)),
                        field<&P::padding>("", "whether images are seen with a border of zeros, so that with stride 1 they keep their size, or without",
                                           one_of("same|valid")),
                        field<&P::activation>("", "activation of the layers", one_of(activation_choices)),
                        field<&P::norm>("", "what layers are normalised over before pooling: nothing, the filters of a pixel, or all pixels of the batch",
                                        one_of(norm_choices))};
    }
  };

  /// One layer of convolution; as the readout, `columns` (of the matrix of weights) are its inputs and `filters` its outputs.
  struct Shape {
    int64_t rows, columns, channels;           // of its input
    int64_t kernel, stride, border, filters;
    int64_t out_rows, out_columns;             // before pooling
    int64_t pooling, pooled_rows, pooled_columns;
    int64_t weights, biases;                   // theta
    int64_t z, y;                              // tape, floats a sample of the batch; z is y where nothing is pooled
    int64_t units;                             // filters of the layers before
    int64_t end_theta, end_tape;
    int64_t window() const { return kernel * kernel * channels; }
    int64_t places() const { return out_rows * out_columns; }
    int64_t size() const { return rows * columns * channels; }                          // of its input
    int64_t features() const { return pooled_rows * pooled_columns * filters; }         // of its output
  };

  std::span<const int64_t> image, filters, kernel, stride, pooling;
  bool same;
  Activation activation;
  Norm norm;
  ApproximatorSetup setup;

  convolutional_2d(const Parameters& p, const ApproximatorSetup& s)
      : image(p.image), filters(p.filters), kernel(p.kernel), stride(p.stride), pooling(p.pooling), same(p.padding == "same"),
        activation(activation_of(p.activation)), norm(p.norm), setup(s) {
    if (image.size() != 2 && image.size() != 3) throw std::invalid_argument("image must be [rows, columns] or [rows, columns, channels]");
    int64_t numbers = 1;
    for (const int64_t n : image) numbers *= n;
    if (numbers != setup.inputs)
      throw std::invalid_argument("image has " + std::to_string(numbers) + " numbers, and a sample has " + std::to_string(setup.inputs));
    if (filters.empty()) throw std::invalid_argument("filters names no layer: give the number of filters of at least one");
    for (const auto& [list, what] : {std::pair{kernel, "kernel"}, {stride, "stride"}, {pooling, "pooling"}})
      if (list.size() != 1 && list.size() != filters.size())
        throw std::invalid_argument(std::string(what) + " must have one number for all layers, or as many as filters");
    for (const auto list : {image, filters, kernel, stride, pooling})
      for (const int64_t n : list)
        if (n < 1) throw std::invalid_argument("image, filters, kernel, stride and pooling must be at least 1");
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape shape = this->shape(l);
      if (same && shape.kernel % 2 == 0) throw std::invalid_argument("with padding \"same\" a kernel has a middle: give odd sides");
      if (shape.pooled_rows < 1 || shape.pooled_columns < 1)
        throw std::invalid_argument("nothing is left of the image after layer " + std::to_string(l + 1) + ": make kernel, stride or pooling smaller");
    }
  }

  int32_t depth() const { return int32_t(filters.size()); }
  static int64_t pick(std::span<const int64_t> list, int32_t l) { return list[list.size() == 1 ? 0 : size_t(l)]; }

  Shape shape(int32_t l) const {
    Shape s{};
    s.rows = image[0], s.columns = image[1], s.channels = image.size() > 2 ? image[2] : 1;
    for (int32_t i = 0;; ++i) {
      s.kernel = pick(kernel, i), s.stride = pick(stride, i), s.pooling = pick(pooling, i), s.filters = filters[size_t(i)];
      s.border = same ? (s.kernel - 1) / 2 : 0;
      const auto places = [&](int64_t n) { return n + 2 * s.border < s.kernel ? 0 : (n + 2 * s.border - s.kernel) / s.stride + 1; };
      s.out_rows = places(s.rows), s.out_columns = places(s.columns);
      s.pooled_rows = s.out_rows / s.pooling, s.pooled_columns = s.out_columns / s.pooling;
      s.weights = s.end_theta;
      s.biases = s.weights + s.window() * s.filters;
      s.end_theta = s.biases + s.filters;
      s.z = s.end_tape;
      s.y = s.z + (s.pooling > 1 ? s.places() * s.filters : 0);
      s.end_tape = s.y + s.features();
      if (i == l) return s;
      s.units += s.filters;
      s.rows = s.pooled_rows, s.columns = s.pooled_columns, s.channels = s.filters;
    }
  }

  // In theta: the kernels and the readout; then gains, and with norm "batch" means and variances, layer after layer.
  int32_t layers() const { return depth() + 1 + norm.layers() * depth(); }
  int64_t norm_offset(int32_t piece, int32_t l) const {
    const Shape top = shape(depth() - 1);
    return top.end_theta + (top.features() + 1) * setup.outputs + piece * (top.units + top.filters) + shape(l).units;
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
      for (int32_t l = 0; l < depth(); ++l) Norm::begin(piece, filters[size_t(l)], theta + norm_offset(piece, l));
  }

  LayerInfo layer(int32_t index) const {
    LayerInfo info{};
    if (index > depth()) {
      const int32_t piece = (index - depth() - 1) / depth(), l = (index - depth() - 1) % depth();
      return Norm::layer(piece, l, filters[size_t(l)], norm_offset(piece, l));
    }
    if (index == depth()) {
      const Shape s = shape(depth() - 1);
      info.name.assign("output");
      info.activation = Activation::linear;
      info.inputs = s.features(), info.outputs = setup.outputs;
      info.weight_offset = s.end_theta, info.bias_offset = s.end_theta + s.features() * setup.outputs;
      info.tape_offset = -1;
      return info;
    }
    const Shape s = shape(index);
    info.name.assign(("conv_" + std::to_string(index + 1)).c_str());
    info.activation = activation;
    info.inputs = s.window(), info.outputs = s.filters;
    info.weight_offset = s.weights, info.bias_offset = s.biases;
    info.tape_offset = no_activities;
    return info;
  }

  // What the tape holds: what shape() says, layer after layer; the errors of two layers; then, a group of samples that one thread takes, the windows
  // of an image, the error of a layer before pooling, and what the group adds to the gradient of the convolutions. With a norm, which meets all samples
  // layer by layer, the errors before pooling are those of all samples, and the norms keep their own.
  static constexpr int64_t samples_at_once = 4;
  int64_t groups(int64_t batch) const { return (batch + samples_at_once - 1) / samples_at_once; }
  template <class Of>
  int64_t most(Of of) const {
    int64_t n = 0;
    for (int32_t l = 0; l < depth(); ++l) n = std::max(n, of(shape(l)));
    return n;
  }
  int64_t windows_size() const { return most([](const Shape& s) { return s.places() * s.window(); }); }
  int64_t widest() const { return most([](const Shape& s) { return std::max(s.features(), s.size()); }); }
  int64_t error_size() const { return most([](const Shape& s) { return s.places() * s.filters; }); }
  int64_t own_size() const { return windows_size() + (norm ? 0 : error_size()) + shape(depth() - 1).end_theta; }
  /// Where the errors before pooling of all samples stand when there is a norm, and what the norm of layer l keeps.
  int64_t all_errors(int64_t batch) const { return batch * (shape(depth() - 1).end_tape + 2 * widest()) + groups(batch) * own_size(); }
  int64_t norm_tape(int32_t l, int64_t batch) const {
    int64_t offset = all_errors(batch) + (norm ? batch * error_size() : 0);
    for (int32_t i = 0; i < l; ++i) offset += norm.tape(batch * shape(i).places(), filters[size_t(i)]);
    return offset;
  }
  int64_t tape(int64_t batch, int64_t steps) const { return norm_tape(depth(), batch * steps); }
  float* own(float* tape, int64_t batch, int64_t sample) const {
    return tape + batch * (shape(depth() - 1).end_tape + 2 * widest()) + sample / samples_at_once * own_size();
  }

  void forward(const Services& services, const ForwardPass& pass) const {
    const int64_t batch = pass.batch * pass.steps;
    const auto convolve = [&](int64_t sample, int32_t l) {
      const Shape s = shape(l);
      float *windows = own(pass.tape, batch, sample), *z = pass.tape + batch * s.z + sample * s.places() * s.filters;
      take_windows(s, input(pass.input, pass.tape, batch, sample, l), windows);
      services.product(services.host, 0, 0, s.places(), s.filters, s.window(), windows, s.window(), pass.theta + s.weights, s.filters, z, s.filters, 0);
    };
    const auto finish = [&](int64_t sample, int32_t l) {
      const Shape s = shape(l);
      float* y = pass.tape + batch * s.y + sample * s.features();
      pool(s, pass.tape + batch * s.z + sample * s.places() * s.filters, pass.theta + s.biases, y);
      services.activate(services.host, activation, y, y, s.features());
    };
    if (!norm)
      each_sample(services, batch, [&](int64_t sample) {
        for (int32_t l = 0; l < depth(); ++l) convolve(sample, l), finish(sample, l);
      });
    for (int32_t l = 0; norm && l < depth(); ++l) {
      const Shape s = shape(l);
      each_sample(services, batch, [&](int64_t sample) { convolve(sample, l); });
      norm.forward(services, pass.training, {pass.tape + batch * s.z, batch, s.places(), s.places() * s.filters}, s.filters, norm_of(pass.theta, l).at,
                   nullptr, pass.tape + norm_tape(l, batch));
      each_sample(services, batch, [&](int64_t sample) { finish(sample, l); });
    }

    // The readout: one product over all images.
    const Shape s = shape(depth() - 1);
    const float* bias = pass.theta + s.end_theta + s.features() * setup.outputs;
    for (int64_t row = 0; row < batch; ++row) std::copy_n(bias, setup.outputs, pass.output + row * setup.outputs);
    services.product(services.host, 0, 0, batch, setup.outputs, s.features(), pass.tape + batch * s.y, s.features(), pass.theta + s.end_theta, setup.outputs,
                     pass.output, setup.outputs, 1);
  }

  Value to_onnx(const Graph& g, const float* theta, Value x) const {
    const Value batch_and_steps = g.op("Shape", {x}, {attribute("start", 0), attribute("end", 2)});
    const auto channels_first = [&](Value v) { return g.op("Transpose", {v}, {attribute("perm", {0, 3, 1, 2})}); };
    const auto channels_last = [&](Value v) { return g.op("Transpose", {v}, {attribute("perm", {0, 2, 3, 1})}); };
    const Shape first = shape(0);
    x = channels_first(g.op("Reshape", {x, g.integers({-1, first.rows, first.columns, first.channels})}));
    for (int32_t l = 0; l < depth(); ++l) {
      const Shape s = shape(l);
      const std::string name = layer(l).name.c_str();
      const float* b = theta + s.biases;
      // [filters x channels x kernel x kernel]
      std::vector<float> kernels(size_t(s.window() * s.filters));
      for (int64_t place = 0; place < s.kernel * s.kernel; ++place)
        for (int64_t c = 0; c < s.channels; ++c)
          for (int64_t f = 0; f < s.filters; ++f)
            kernels[size_t((f * s.channels + c) * s.kernel * s.kernel + place)] = theta[s.weights + (place * s.channels + c) * s.filters + f];
      const Value weights = g.constant((name + ".weight").c_str(), kernels, {s.filters, s.channels, s.kernel, s.kernel});
      // The bias may come before the pooling: the largest number stays the largest.
      x = g.op("Conv", {x, weights, norm ? Value{} : g.constant((name + ".bias").c_str(), b, {s.filters})},
               {attribute("kernel_shape", {s.kernel, s.kernel}), attribute("strides", {s.stride, s.stride}),
                attribute("pads", {s.border, s.border, s.border, s.border})});
      if (norm) x = channels_first(norm.to_onnx(g, name, channels_last(x), s.filters, norm_of(theta, l).at, b));
      if (s.pooling > 1)
        x = g.op("MaxPool", {x}, {attribute("kernel_shape", {s.pooling, s.pooling}), attribute("strides", {s.pooling, s.pooling})});
      x = g.activate(activation, x);
    }
    const Shape s = shape(depth() - 1);
    x = g.op("Reshape", {channels_last(x), g.op("Concat", {batch_and_steps, g.integers({s.features()})}, {attribute("axis", 0)})});
    return g.affine("output", x, theta + s.end_theta, s.features(), setup.outputs, theta + s.end_theta + s.features() * setup.outputs);
  }

  void backward(const Services& services, const BackwardPass& pass) const {
    const int64_t batch = pass.batch * pass.steps, stride = widest();
    float* errors[2] = {pass.tape + batch * shape(depth() - 1).end_tape, nullptr};
    errors[1] = errors[0] + batch * stride;

    // The readout.
    const Shape top = shape(depth() - 1);
    const int64_t outputs = setup.outputs;
    services.product(services.host, 1, 0, top.features(), outputs, batch, pass.tape + batch * top.y, top.features(), pass.output_gradient, outputs,
                     pass.gradient + top.end_theta, outputs, 0);
    column_sums(services, pass.output_gradient, batch, outputs, pass.gradient + top.end_theta + top.features() * outputs);
    if (!pass.path.direct)
      services.product(services.host, 0, 1, batch, top.features(), outputs, pass.output_gradient, outputs, pass.feedback() + top.end_theta, outputs,
                       errors[(depth() - 1) % 2], stride, 0);

    // Image by image, from the last layer to the first: the error before pooling; then the layer's weights and biases, and the error of what it saw.
    const auto error_of = [&](int64_t sample, const Shape& s) {
      if (norm) return pass.tape + all_errors(batch) + sample * s.places() * s.filters;
      return s.pooling > 1 ? own(pass.tape, batch, sample) + windows_size() : nullptr;
    };
    const auto go_back = [&](int64_t sample, int32_t l) {
      const Shape s = shape(l);
      float* dy = errors[l % 2] + sample * stride;
      if (pass.path.direct)
        for (int64_t place = 0; place < s.pooled_rows * s.pooled_columns; ++place)
          services.product(services.host, 0, 1, 1, s.filters, outputs, pass.output_gradient + sample * outputs, outputs,
                           pass.path.direct + s.units * outputs, outputs, dy + place * s.filters, s.filters, 0);
      services.activate_back(services.host, activation, pass.tape + batch * s.y + sample * s.features(), dy, s.features());
      if (s.pooling > 1)
        unpool(s, pass.tape + batch * s.z + sample * s.places() * s.filters, dy, error_of(sample, s));
      else if (norm)
        std::copy_n(dy, s.features(), error_of(sample, s));
    };
    const auto learn = [&](int64_t sample, int32_t l) {
      const Shape s = shape(l);
      float* windows = own(pass.tape, batch, sample);
      float* sums = windows + own_size() - top.end_theta;
      const float* dy = errors[l % 2] + sample * stride;
      const float* error = norm || s.pooling > 1 ? error_of(sample, s) : dy;
      const bool first = sample % samples_at_once == 0;
      take_windows(s, input(pass.input, pass.tape, batch, sample, l), windows);
      services.product(services.host, 1, 0, s.window(), s.filters, s.places(), windows, s.window(), error, s.filters, sums + s.weights, s.filters, !first);
      if (first) std::fill_n(sums + s.biases, s.filters, 0.f);
      for (int64_t place = 0; place < s.pooled_rows * s.pooled_columns; ++place) add(s.filters, 1, dy + place * s.filters, sums + s.biases);

      float* dx = l ? errors[(l - 1) % 2] + sample * stride : pass.input_gradient ? pass.input_gradient + sample * setup.inputs : nullptr;
      if (!dx || (l && pass.path.direct)) return;
      services.product(services.host, 0, 1, s.places(), s.window(), s.filters, error, s.filters, pass.feedback() + s.weights, s.filters, windows,
                       s.window(), 0);
      put_windows(s, windows, dx);
    };
    if (!norm)
      each_sample(services, batch, [&](int64_t sample) {
        for (int32_t l = depth() - 1; l >= 0; --l) go_back(sample, l), learn(sample, l);
      });
    for (int32_t l = depth() - 1; norm && l >= 0; --l) {
      const Shape s = shape(l);
      each_sample(services, batch, [&](int64_t sample) { go_back(sample, l); });
      norm.backward(services, {pass.tape + all_errors(batch), batch, s.places(), s.places() * s.filters}, s.filters, norm_of(pass.theta, l).at,
                    norm_of(pass.gradient, l).at, pass.tape + norm_tape(l, batch));
      each_sample(services, batch, [&](int64_t sample) { learn(sample, l); });
    }

    // Groups are added in their order.
    services.parallel_for(top.end_theta, 4096, [&](int64_t begin, int64_t end) {
      std::fill(pass.gradient + begin, pass.gradient + end, 0.f);
      for (int64_t g = 0; g < groups(batch); ++g)
        add(end - begin, 1, own(pass.tape, batch, g * samples_at_once) + own_size() - top.end_theta + begin, pass.gradient + begin);
    });
  }

 private:
  /// body(sample), a group of samples on one thread.
  template <class Body>
  static void each_sample(const Services& services, int64_t batch, Body&& body) {
    services.parallel_for(batch, samples_at_once, [&](int64_t begin, int64_t end) {
      for (int64_t sample = begin; sample < end; ++sample) body(sample);
    });
  }

  /// What layer l sees of an image.
  const float* input(const float* images, const float* tape, int64_t batch, int64_t sample, int32_t l) const {
    if (l == 0) return images + sample * setup.inputs;
    const Shape below = shape(l - 1);
    return tape + batch * below.y + sample * below.features();
  }

  /// Calls use(place in the image, place in the window, numbers) for the runs of each window that lie in the image; `place` is that of the window.
  template <class Use>
  static void each_run(const Shape& s, int64_t y, int64_t x, Use&& use) {
    const int64_t left = x * s.stride - s.border, from = std::max<int64_t>(0, -left), to = std::min(s.kernel, s.columns - left);
    for (int64_t i = 0; i < s.kernel; ++i) {
      const int64_t row = y * s.stride + i - s.border;
      if (row < 0 || row >= s.rows || to <= from) continue;
      use((row * s.columns + left + from) * s.channels, (i * s.kernel + from) * s.channels, (to - from) * s.channels);
    }
  }

  /// The windows of an image, a row each: [places x window].
  static void take_windows(const Shape& s, const float* image, float* windows) {
    for (int64_t y = 0; y < s.out_rows; ++y)
      for (int64_t x = 0; x < s.out_columns; ++x, windows += s.window()) {
        const int64_t top = y * s.stride - s.border, left = x * s.stride - s.border;
        if (top < 0 || left < 0 || top + s.kernel > s.rows || left + s.kernel > s.columns) std::fill_n(windows, s.window(), 0.f);
        each_run(s, y, x, [&](int64_t from, int64_t to, int64_t n) { std::copy_n(image + from, n, windows + to); });
      }
  }

  /// The errors of the windows, added up where they overlap.
  static void put_windows(const Shape& s, const float* windows, float* image) {
    std::fill_n(image, s.size(), 0.f);
    for (int64_t y = 0; y < s.out_rows; ++y)
      for (int64_t x = 0; x < s.out_columns; ++x, windows += s.window())
        each_run(s, y, x, [&](int64_t to, int64_t from, int64_t n) { add(n, 1, windows + from, image + to); });
  }

  /// y = the largest z of each square, plus the bias; z may be y where nothing is pooled.
  static void pool(const Shape& s, const float* z, const float* bias, float* y) {
    for (int64_t row = 0; row < s.pooled_rows; ++row)
      for (int64_t column = 0; column < s.pooled_columns; ++column, y += s.filters) {
        const float* corner = z + (row * s.pooling * s.out_columns + column * s.pooling) * s.filters;
        std::copy_n(corner, s.filters, y);
        for (int64_t k = 1; k < s.pooling * s.pooling; ++k) {
          const float* other = corner + (k / s.pooling * s.out_columns + k % s.pooling) * s.filters;
#pragma GCC ivdep
          for (int64_t f = 0; f < s.filters; ++f) y[f] = other[f] > y[f] ? other[f] : y[f];
        }
        for (int64_t f = 0; f < s.filters; ++f) y[f] += bias[f];
      }
  }

  /// dz = dy at the first largest z of each square, 0 elsewhere.
  static void unpool(const Shape& s, const float* z, const float* dy, float* dz) {
    std::fill_n(dz, s.places() * s.filters, 0.f);
    for (int64_t row = 0; row < s.pooled_rows; ++row)
      for (int64_t column = 0; column < s.pooled_columns; ++column, dy += s.filters) {
        const int64_t corner = (row * s.pooling * s.out_columns + column * s.pooling) * s.filters;
        for (int64_t f = 0; f < s.filters; ++f) {
          int64_t best = corner + f;
          for (int64_t k = 1; k < s.pooling * s.pooling; ++k) {
            const int64_t other = corner + (k / s.pooling * s.out_columns + k % s.pooling) * s.filters + f;
            best = z[other] > z[best] ? other : best;
          }
          dz[best] = dy[f];
        }
      }
  }
};

PROXON_PLUGIN(approximator, convolutional_2d, convolutional_2d)
