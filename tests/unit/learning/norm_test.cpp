// Norms and residual connections against plain loops in double that share no code with them: what they give while training and after it, their gradient
// against central differences, padding, the running means, and the same bits for any number of threads.
#include "support.hpp"

using namespace proxon;
using namespace proxon::testing;

namespace {

constexpr int64_t inputs = 3, outputs = 2, samples = 4, steps = 5;

struct NormLayer {
  int64_t taps, dilation, filters;
};

/// Causal convolutions of tanh units (with one tap: dense layers at every step) and a readout, a layer of all samples at a time.
struct PlainNet {
  std::vector<NormLayer> layers;
  std::string norm;
  bool residual;
  std::vector<float> X, c;
  std::vector<int32_t> length = std::vector<int32_t>(samples, steps);
  double dropout = 0;  ///< of convolutions

  /// What dropout multiplies filter f of layer l with at a step of a sample, in step 0 of a training with key {}.
  double kept(size_t l, int64_t row, size_t f) const {
    if (dropout == 0) return 1;
    const auto number = static_cast<uint64_t>(row % steps * layers[l].filters) + f;
    const uint32_t bits = random_block(Key{}.with(static_cast<uint32_t>(l)), static_cast<uint64_t>(row / steps), 0, static_cast<uint32_t>(number / 4))[number % 4];
    return bits < static_cast<uint32_t>(static_cast<double>(static_cast<float>(dropout)) * 4294967296.0) ? 0 : 1 / (1 - dropout);
  }

  bool own(int64_t row) const { return row % steps < length[static_cast<size_t>(row / steps)]; }

  /// sum of c z over the rows that are no padding. theta: matrices, each with its biases; gains; means; variances. `means` gets those of the batch.
  double operator()(const std::vector<double>& theta, const std::vector<double>& from, bool training, std::vector<double>* means = nullptr) const {
    std::vector<double> x = from;
    size_t at = 0, units = 0, before = 0;
    int64_t channels = inputs;
    size_t matrices = 0;
    for (const NormLayer& l : layers) {
      matrices += static_cast<size_t>(channels * l.taps * l.filters + l.filters), channels = l.filters;
      units += static_cast<size_t>(l.filters);
    }
    matrices += static_cast<size_t>(channels * outputs + outputs);
    channels = inputs;
    const auto rows = samples * steps;
    const auto multiply = [&](int64_t taps, int64_t dilation, int64_t filters) {
      std::vector<double> z(static_cast<size_t>(rows * filters), 0.0);
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t f = 0; f < filters; ++f)
          for (int64_t q = 0; q < channels; ++q)
            for (int64_t k = 0; k < taps && k * dilation <= row % steps; ++k)
              z[static_cast<size_t>(row * filters + f)] +=
                  theta[at + static_cast<size_t>((q * taps + k) * filters + f)] * x[static_cast<size_t>((row - k * dilation) * channels + q)];
      at += static_cast<size_t>(channels * taps * filters);
      return z;
    };
    for (size_t l = 0; l < layers.size(); ++l) {
      const auto n = static_cast<size_t>(layers[l].filters);
      std::vector<double> z = multiply(layers[l].taps, layers[l].dilation, layers[l].filters);
      const auto describe = [&](auto&& each) {
        double sum = 0, squares = 0, count = 0;
        each([&](double v) { sum += v, ++count; });
        each([&](double v) { squares += (v - sum / count) * (v - sum / count); });
        return std::array{sum / count, squares / count, count};
      };
      std::vector<double> mean(z.size()), variance(z.size());
      for (size_t i = 0; i < n && norm == "batch"; ++i) {
        const auto [m, v, count] = describe([&](auto&& take) {
          for (int64_t row = 0; row < rows; ++row)
            if (own(row)) take(z[static_cast<size_t>(row) * n + i]);
        });
        if (means) means->push_back(m), means->push_back(v * count / (count - 1));
        for (size_t row = 0; row < static_cast<size_t>(rows); ++row) {
          mean[row * n + i] = training ? m : theta[matrices + units + before + i];
          variance[row * n + i] = training ? v : theta[matrices + 2 * units + before + i];
        }
      }
      for (size_t row = 0; row < static_cast<size_t>(rows) && norm == "layer"; ++row) {
        const auto [m, v, count] = describe([&](auto&& take) {
          for (size_t i = 0; i < n; ++i) take(z[row * n + i]);
        });
        for (size_t i = 0; i < n; ++i) mean[row * n + i] = m, variance[row * n + i] = v;
      }
      for (size_t k = 0; k < z.size(); ++k) {
        if (norm != "none") z[k] = theta[matrices + before + k % n] * (z[k] - mean[k]) / std::sqrt(variance[k] + 1e-5);
        z[k] += theta[at + k % n];
        if (residual && l > 0 && channels == layers[l].filters) z[k] += x[k];
        z[k] = std::tanh(z[k]);
        if (training) z[k] *= kept(l, static_cast<int64_t>(k / n), k % n);
      }
      at += n, before += n;
      x = z, channels = layers[l].filters;
    }
    const std::vector<double> z = multiply(1, 1, outputs);
    double sum = 0;
    for (size_t k = 0; k < z.size(); ++k)
      if (own(static_cast<int64_t>(k / outputs))) sum += static_cast<double>(c[k]) * (z[k] + theta[at + k % outputs]);
    return sum;
  }
};

/// What an approximator makes of a batch and its error.
struct Ran {
  std::vector<float> z, gradient, input_gradient;
};
Ran run(const Model& model, const std::vector<float>& X, std::vector<float> c, bool training, int64_t batch = samples, int64_t batch_steps = steps,
        const int32_t* length = nullptr) {
  const auto& approximator = model.approximator();
  Ran ran{std::vector<float>(c.size()), std::vector<float>(model.theta().size(), 123.f), std::vector<float>(X.size())};
  std::vector<float> tape(static_cast<size_t>(approximator.table().tape(approximator.object(), batch, batch_steps)), 99.f);
  Status status;
  ForwardPass forward{};
  forward.theta = model.theta().data(), forward.input = X.data(), forward.output = ran.z.data(), forward.tape = tape.data();
  forward.batch = batch, forward.steps = batch_steps, forward.training = training, forward.length = length;
  approximator.table().forward(approximator.object(), &learning_services(), &forward, &status);
  for (size_t row = 0; length && row < static_cast<size_t>(batch * batch_steps); ++row)
    for (size_t j = 0; j < outputs; ++j)
      if (static_cast<int64_t>(row) % batch_steps >= length[row / static_cast<size_t>(batch_steps)]) c[row * outputs + j] = 0;
  BackwardPass backward{};
  backward.theta = model.theta().data(), backward.input = X.data(), backward.output = ran.z.data(), backward.output_gradient = c.data();
  backward.tape = tape.data(), backward.gradient = ran.gradient.data(), backward.input_gradient = ran.input_gradient.data();
  backward.batch = batch, backward.steps = batch_steps, backward.length = length;
  approximator.table().backward(approximator.object(), &learning_services(), &backward, &status);
  REQUIRE(!status.failed);
  return ran;
}

PluginValue chain(const PlainNet& net, bool convolutional) {
  std::vector<int64_t> filters, kernel, dilation;
  for (const NormLayer& l : net.layers) filters.push_back(l.filters), kernel.push_back(l.taps), dilation.push_back(l.dilation);
  std::vector<Setting> settings{{"activation", std::string("tanh")}, {"norm", net.norm}, {"residual", net.residual}};
  if (!convolutional) return settings.push_back({"hidden", filters}), plugin("approximator", "dense", settings);
  settings.insert(settings.end(), {{"filters", filters}, {"kernel", kernel}, {"dilation", dilation}, {"dropout", net.dropout}});
  return plugin("approximator", "convolutional", settings);
}

bool is_average(const Model& model, size_t i) {
  for (const LayerInfo& layer : model.layers())
    if (layer.role == LayerRole::average && i >= static_cast<size_t>(layer.weight_offset) && i < static_cast<size_t>(layer.weight_offset + layer.outputs)) return true;
  return false;
}

/// Some theta; variances above 0.
void fill(Model& model) {
  const std::vector<float> some = gaussian(static_cast<int64_t>(model.theta().size()), 3);
  for (size_t i = 0; i < some.size(); ++i) model.theta()[i] = is_average(model, i) ? 0.5f + std::fabs(some[i]) : 0.7f * some[i];
}

}  // namespace

TEST_CASE("norms, residual connections and dropout are their equations, and their gradient that of central differences, with padding and without") {
  const std::vector<std::vector<NormLayer>> dense_shapes = {{{1, 1, 4}}, {{1, 1, 5}, {1, 1, 5}, {1, 1, 3}, {1, 1, 3}}},
                                            causal_shapes = {{{3, 1, 4}, {2, 2, 4}}, {{2, 1, 3}, {3, 1, 5}, {2, 1, 5}, {1, 1, 5}}};
  for (const bool convolutional : {false, true})
    for (const auto& layers : convolutional ? causal_shapes : dense_shapes)
      for (const std::string norm : {"none", "layer", "batch"})
        for (const bool residual : {false, true})
          for (const bool training : {false, true})
            for (const int variant : {0, 1, 2}) {  // plain, padded, a convolution with dropout
              const bool padded = variant == 1;
              if (variant == 2 && !convolutional) continue;
              PlainNet net{layers, norm, residual, gaussian(samples * steps * inputs, 1), gaussian(samples * steps * outputs, 2)};
              if (padded) net.length = {3, 5, 1, 4};
              if (variant == 2) net.dropout = 0.4;
              Model model(chain(net, convolutional), inputs, outputs);
              fill(model);
              const Ran ran = run(model, net.X, net.c, training, samples, steps, padded ? net.length.data() : nullptr);
              const std::vector<double> theta(model.theta().begin(), model.theta().end()), X(net.X.begin(), net.X.end());
              double sum = 0;
              for (size_t k = 0; k < ran.z.size(); ++k)
                if (net.own(static_cast<int64_t>(k / outputs))) sum += static_cast<double>(net.c[k]) * static_cast<double>(ran.z[k]);
              std::vector<double> means;
              CHECK(sum == doctest::Approx(net(theta, X, training, &means)).epsilon(1e-5).scale(1));
              const std::vector<double> slope = central_differences(theta, [&](const std::vector<double>& at) { return net(at, X, training); });
              for (size_t i = 0; i < theta.size(); ++i)
                if (!is_average(model, i)) CHECK(static_cast<double>(ran.gradient[i]) == doctest::Approx(slope[i]).epsilon(1e-4).scale(3));
              const std::vector<double> pixel = central_differences(X, [&](const std::vector<double>& at) { return net(theta, at, training); });
              for (size_t i = 0; i < X.size(); ++i)
                if (net.own(static_cast<int64_t>(i / inputs))) CHECK(static_cast<double>(ran.input_gradient[i]) == doctest::Approx(pixel[i]).epsilon(1e-4).scale(3));
              // Means move by a tenth of the way to those of the batch, and stand still while nothing trains.
              size_t at = 0;
              for (size_t l = 0; l < layers.size() && norm == "batch"; ++l) {
                const LayerInfo &mean = model.layers()[2 * layers.size() + 1 + l], &variance = model.layers()[3 * layers.size() + 1 + l];
                REQUIRE(mean.role == LayerRole::average);
                for (int64_t u = 0; u < mean.outputs; ++u, at += 2)
                  for (const auto& [layer, of] : {std::pair{mean, means[at]}, {variance, means[at + 1]}}) {
                    const auto k = static_cast<size_t>(layer.weight_offset + u);
                    CHECK(static_cast<double>(ran.gradient[k]) == doctest::Approx(training ? 0.1 * (theta[k] - of) : 0).epsilon(1e-4).scale(1));
                  }
              }
            }
}

TEST_CASE("a convolution over images with a norm is the dense network at every pixel, and its gradient that of differences") {
  for (const std::string norm : {"layer", "batch"}) {
    // One pixel, kernels of one pixel: theta lies as that of dense.
    const Model flat(plugin("approximator", "dense", {{"hidden", std::vector<int64_t>{4, 3}}, {"norm", norm}}), inputs, outputs);
    Model one(flat), image(plugin("approximator", "convolutional_2d", {{"image", std::vector<int64_t>{1, 1, inputs}}, {"filters", std::vector<int64_t>{4, 3}},
                                                                       {"kernel", std::vector<int64_t>{1}}, {"pooling", std::vector<int64_t>{1}},
                                                                       {"activation", std::string("tanh")}, {"norm", norm}}), inputs, outputs);
    fill(one), fill(image);
    const std::vector<float> X = gaussian(9 * inputs, 4), c = gaussian(9 * outputs, 5);
    for (const bool training : {false, true}) {
      const Ran a = run(one, X, c, training, 9, 1), b = run(image, X, c, training, 9, 1);
      for (size_t k = 0; k < a.z.size(); ++k) CHECK(a.z[k] == doctest::Approx(b.z[k]).epsilon(1e-5).scale(1));
      REQUIRE(a.gradient.size() == b.gradient.size());
      for (size_t k = 0; k < a.gradient.size(); ++k) CHECK(a.gradient[k] == doctest::Approx(b.gradient[k]).epsilon(1e-4).scale(1));
    }

    // With pooling and padding: differences of its own output, in single precision.
    Model model(plugin("approximator", "convolutional_2d", {{"image", std::vector<int64_t>{6, 5}}, {"filters", std::vector<int64_t>{6, 5}},
                                                            {"kernel", std::vector<int64_t>{3}}, {"pooling", std::vector<int64_t>{2, 1}},
                                                            {"activation", std::string("tanh")}, {"norm", norm}}), 30, outputs);
    fill(model);
    const std::vector<float> pixels = gaussian(6 * 30, 6), to = gaussian(6 * outputs, 7);
    const Ran ran = run(model, pixels, to, true, 6, 1);
    const auto sum = [&] {
      const Ran at = run(model, pixels, to, true, 6, 1);
      double total = 0;
      for (size_t k = 0; k < to.size(); ++k) total += static_cast<double>(to[k]) * static_cast<double>(at.z[k]);
      return total;
    };
    int64_t wrong = 0, looked_at = 0;
    for (size_t i = 0; i < model.theta().size(); ++i) {
      if (is_average(model, i)) continue;
      const float kept = model.theta()[i], h = 4e-3f;
      model.theta()[i] = kept + h;
      const double up = sum();
      model.theta()[i] = kept - h;
      const double slope = (up - sum()) / (2 * static_cast<double>(h));
      model.theta()[i] = kept;
      wrong += std::fabs(static_cast<double>(ran.gradient[i]) - slope) > 0.01 * (1 + std::fabs(slope)), ++looked_at;
    }
    CHECK_MESSAGE(wrong <= looked_at / 20, norm, ": ", wrong, " of ", looked_at);  // some stand where the largest pixel of a square changes
  }
}

TEST_CASE("means over batches follow the data, no optimizer, decay or clipping touches them, and a trained model predicts a row alone as among others") {
  MemorySource source(inputs, 1);
  std::vector<float> X = gaussian(400 * inputs, 1);
  for (float& x : X) x = 5 + 3 * x;
  source.set(Split::train, X, map_rows(X, inputs, [](const float* x) { return std::vector<double>{static_cast<double>(std::tanh(x[0] - 5) + 0.2f * x[1])}; }));
  Model model(plugin("approximator", "dense", {{"hidden", std::vector<int64_t>{16, 16}}, {"norm", std::string("batch")}, {"residual", true}}), inputs, 1);
  Options options(plugin("learning_rule", "backprop"), plugin("optimizer", "adamw", {{"learning_rate", 0.01}, {"decay", 0.1}}));
  options.epochs = 150, options.batch = 100, options.L1 = 1e-6, options.gradient_clip = 1;
  initialise(model, options, {}, 1);
  const double loss = train(model, source, options, {}, 1).train_loss;
  CHECK(loss < 0.1);  // a batch of 100 knows the mean to a tenth of the spread, which is 0.9
  CHECK(evaluate_loss(model, source, Split::train) < 0.1);  // with the means in place of those of the batch
  const LayerInfo &mean = model.layers()[5], &variance = model.layers()[7];
  REQUIRE(std::string(mean.name.c_str()) == "mean_1");
  REQUIRE(std::string(variance.name.c_str()) == "variance_1");
  for (int64_t u = 0; u < 16; ++u) {
    double expected = 0, spread = 0;
    for (int64_t i = 0; i < inputs; ++i) {
      const double w = static_cast<double>(model.theta()[static_cast<size_t>(i * 16 + u)]);
      expected += 5 * w, spread += 9 * w * w;
    }
    CHECK(static_cast<double>(model.theta()[static_cast<size_t>(mean.weight_offset + u)]) == doctest::Approx(expected).epsilon(0.15).scale(2));
    CHECK(static_cast<double>(model.theta()[static_cast<size_t>(variance.weight_offset + u)]) == doctest::Approx(spread).epsilon(0.5));
  }
  const std::vector<float> all = model.predict(X), alone = model.predict(std::span(X).subspan(7 * inputs, inputs));
  CHECK(alone[0] == all[7]);
}

TEST_CASE("networks with norms train to the same bits on 1, 2, 3 and 8 threads") {
  for (const std::string norm : {"layer", "batch"})
    for (const int kind : {0, 1, 2}) {
      const PluginValue value =
          kind == 0   ? plugin("approximator", "dense", {{"hidden", std::vector<int64_t>{70, 70}}, {"norm", norm}, {"residual", true}, {"dropout", 0.2}})
          : kind == 1 ? plugin("approximator", "convolutional", {{"filters", std::vector<int64_t>{33, 33}}, {"kernel", std::vector<int64_t>{4}}, {"norm", norm}, {"residual", true}})
                      : plugin("approximator", "convolutional_2d", {{"image", std::vector<int64_t>{8, 8}}, {"filters", std::vector<int64_t>{5, 33}}, {"norm", norm}});
      MemorySource source(64, 3, kind == 1 ? 9 : 1);
      source.set(Split::train, gaussian(50 * 64 * source.steps(), 1), gaussian(50 * 3 * source.steps(), 2));
      std::vector<float> first;
      for (const int n : {1, 2, 3, 8}) {
        set_threads(n);
        Options options;
        options.epochs = 2, options.batch = 16;
        Model model(value, 64, 3);
        initialise(model, options, {}, 1);
        train(model, source, options, {}, 1);
        if (n == 1) first.assign(model.theta().begin(), model.theta().end());
        CHECK(std::equal(first.begin(), first.end(), model.theta().begin()));
      }
      set_threads(0);
    }
}

TEST_CASE("rules that relax a chain of layers refuse one that has more") {
  for (const Setting& setting : {Setting{"norm", std::string("layer")}, Setting{"residual", true}, Setting{"dropout", 0.5}}) {
    Model model(plugin("approximator", "dense", {{"hidden", std::vector<int64_t>{4, 4}}, setting}), 2, 1);
    MemorySource source(2, 1);
    source.set(Split::train, gaussian(20, 1), gaussian(10, 2));
    Options options(plugin("learning_rule", "predictive_coding"));
    options.epochs = 1;
    initialise(model, options, {}, 1);
    CHECK(contains(error_of([&] { train(model, source, options, {}, 1); }), "choose dense, without dropout, norm and residual"));
  }
}
