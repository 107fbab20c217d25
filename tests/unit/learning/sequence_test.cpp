// Samples that are sequences: the causal convolution against a plain loop in double, its gradient through heads and burn-in against central
// differences of that loop, spikes as events, and the same bits for any number of threads.
#include "proxon/learning/products.hpp"
#include "proxon/learning/response.hpp"
#include "support.hpp"

using namespace proxon;
using namespace proxon::testing;

namespace {

struct Layer {
  int64_t taps, dilation, filters;
};

/// Causal convolutions and a readout in double, one number at a time.
struct PlainConvolution {
  int64_t inputs, outputs, steps, burn_in;
  std::vector<Layer> layers;
  std::vector<Head> heads;
  std::vector<float> X, Y;

  size_t size() const {
    int64_t n = 0, channels = inputs;
    for (const Layer& l : layers) n += channels * l.taps * l.filters + l.filters, channels = l.filters;
    return static_cast<size_t>(n + channels * outputs + outputs);
  }
  int64_t samples() const { return static_cast<int64_t>(X.size()) / (steps * inputs); }

  /// z of one sample, [steps x outputs].
  std::vector<double> forward(const std::vector<double>& theta, int64_t sample) const {
    std::vector<double> x(X.begin() + sample * steps * inputs, X.begin() + (sample + 1) * steps * inputs);
    size_t at = 0;
    int64_t channels = inputs;
    const auto layer = [&](int64_t taps, int64_t dilation, int64_t filters, bool last) {
      std::vector<double> y(static_cast<size_t>(steps * filters));
      const size_t bias = at + static_cast<size_t>(channels * taps * filters);
      for (int64_t t = 0; t < steps; ++t)
        for (int64_t f = 0; f < filters; ++f) {
          double sum = theta[bias + static_cast<size_t>(f)];
          for (int64_t c = 0; c < channels; ++c)
            for (int64_t k = 0; k < taps && k * dilation <= t; ++k)
              sum += theta[at + static_cast<size_t>((c * taps + k) * filters + f)] * x[static_cast<size_t>((t - k * dilation) * channels + c)];
          y[static_cast<size_t>(t * filters + f)] = last ? sum : std::tanh(sum);
        }
      at = bias + static_cast<size_t>(filters);
      channels = filters;
      x = y;
    };
    for (const Layer& l : layers) layer(l.taps, l.dilation, l.filters, false);
    layer(1, 1, outputs, true);
    return x;
  }

  double operator()(const std::vector<double>& theta) const {
    double total = 0;
    for (int64_t sample = 0; sample < samples(); ++sample) {
      const std::vector<double> z = forward(theta, sample);
      for (int64_t t = burn_in; t < steps; ++t)
        for (const Head& head : heads) {
          double sum = 0, exps = 0;
          for (int64_t c = 0; c < head.columns; ++c) exps += std::exp(z[static_cast<size_t>(t * outputs + head.first + c)]);
          for (int64_t c = 0; c < head.columns; ++c) {
            const double zc = z[static_cast<size_t>(t * outputs + head.first + c)];
            const double y = Y[static_cast<size_t>((sample * steps + t) * outputs + head.first + c)];
            if (head.loss == "mse") sum += (zc - y) * (zc - y);
            if (head.loss == "bce") sum += std::log1p(std::exp(zc)) - y * zc;
            if (head.loss == "poisson") sum += std::log1p(std::exp(zc)) - y * std::log(std::log1p(std::exp(zc)));
            if (head.loss == "cross_entropy") sum += -y * (zc - std::log(exps)) * static_cast<double>(head.columns);
          }
          total += head.weight * sum / static_cast<double>(head.columns);
        }
    }
    return total / static_cast<double>(samples() * (steps - burn_in));
  }

  std::vector<double> gradient(const std::vector<double>& theta) const { return central_differences(theta, *this); }

  PluginValue approximator() const {
    std::vector<int64_t> filters, kernel, dilation;
    for (const Layer& l : layers) filters.push_back(l.filters), kernel.push_back(l.taps), dilation.push_back(l.dilation);
    return plugin("approximator", "convolutional",
                  {{"filters", filters}, {"kernel", kernel}, {"dilation", dilation}, {"activation", std::string("tanh")}});
  }
  MemorySource source(bool sparse) const {
    MemorySource source(inputs, outputs, steps, burn_in, sparse);
    source.set(Split::train, X, Y);
    return source;
  }
};

/// Sparse numbers, 0, 1 and 2, as counts of spikes.
std::vector<float> spikes(int64_t n, uint64_t seed, float threshold = 0.8f) {
  std::vector<float> x = gaussian(n, seed);
  for (float& v : x) v = v > threshold + 0.8f ? 2.f : v > threshold ? 1.f : 0.f;
  return x;
}

PlainConvolution make_case(std::vector<Layer> layers, int64_t burn_in) {
  PlainConvolution plain{.inputs = 4, .outputs = 7, .steps = 13, .burn_in = burn_in, .layers = std::move(layers)};
  plain.heads = {{"spikes", 0, 2, "bce", 1}, {"voltage", 2, 1, "mse", 0.3}, {"rate", 3, 1, "poisson", 2}, {"class", 4, 3, "cross_entropy", 0.7}};
  constexpr int64_t samples = 5;
  plain.X = spikes(samples * plain.steps * plain.inputs, 1);
  plain.Y = gaussian(samples * plain.steps * plain.outputs, 2);
  for (size_t i = 0; i < plain.Y.size(); i += 7) {
    for (size_t c = 0; c < 2; ++c) plain.Y[i + c] = plain.Y[i + c] > 0.5f;
    plain.Y[i + 3] = std::floor(std::fabs(3 * plain.Y[i + 3]));
    const auto chosen = static_cast<size_t>(std::fabs(10 * plain.Y[i + 4])) % 3;
    for (size_t c = 0; c < 3; ++c) plain.Y[i + 4 + c] = c == chosen;
  }
  return plain;
}

const std::vector<std::vector<Layer>> shapes = {{{3, 1, 2}}, {{1, 1, 3}}, {{20, 1, 2}}, {{3, 2, 3}, {2, 1, 5}}, {{2, 1, 3}, {3, 1, 2}, {2, 4, 4}}};

}  // namespace

TEST_CASE("a causal convolution is the plain loop, and its gradient that of central differences, over heads, burn-in, dilation and kernels longer "
          "than the sample, for rows and for events") {
  for (const std::vector<Layer>& layers : shapes)
    for (const int64_t burn_in : {0, 5})
      for (const bool sparse : {false, true}) {
        const PlainConvolution plain = make_case(layers, burn_in);
        Model model(plain.approximator(), plain.inputs, plain.outputs);
        REQUIRE(model.theta().size() == plain.size());
        model.set_heads(plain.heads);
        const std::vector<float> start = gaussian(static_cast<int64_t>(plain.size()), 9);
        for (size_t i = 0; i < start.size(); ++i) model.theta()[i] = 0.4f * start[i];
        const std::vector<double> theta(model.theta().begin(), model.theta().end());

        // One step of sgd at rate 1 moves theta by minus the gradient.
        MemorySource source = plain.source(sparse);
        Options options(plugin("learning_rule", "backprop"), sgd(1));
        options.epochs = 1, options.batch = plain.samples(), options.shuffle = false;
        const double loss = train(model, source, options, {}, 1).train_loss;
        CHECK(loss == doctest::Approx(plain(theta)).epsilon(3e-6));
        const std::vector<double> expected = plain.gradient(theta);
        double worst = 0, largest = 0;
        for (size_t i = 0; i < theta.size(); ++i) {
          worst = std::max(worst, std::fabs(theta[i] - static_cast<double>(model.theta()[i]) - expected[i]));
          largest = std::max(largest, std::fabs(expected[i]));
        }
        REQUIRE(largest > 1e-2);
        CHECK_MESSAGE(worst < 3e-6 * (1 + largest), layers.size(), " layers, burn-in ", burn_in, sparse ? ", events" : ", rows");  // float rounding
      }
}

TEST_CASE("predictions of a sequence have the activation of their head") {
  const PlainConvolution plain = make_case(shapes[3], 0);
  Model model(plain.approximator(), plain.inputs, plain.outputs);
  model.set_heads(plain.heads);
  const std::vector<float> start = gaussian(static_cast<int64_t>(plain.size()), 9);
  std::copy(start.begin(), start.end(), model.theta().begin());
  const std::vector<float> y = model.predict(plain.X, plain.steps);
  for (int64_t sample = 0; sample < plain.samples(); ++sample) {
    const std::vector<double> z = plain.forward({start.begin(), start.end()}, sample);
    for (int64_t t = 0; t < plain.steps; ++t) {
      const double* zt = z.data() + t * 7;
      const float* yt = y.data() + (sample * plain.steps + t) * 7;
      const double exps = std::exp(zt[4]) + std::exp(zt[5]) + std::exp(zt[6]);
      const double expected[] = {1 / (1 + std::exp(-zt[0])), 1 / (1 + std::exp(-zt[1])), zt[2], std::log1p(std::exp(zt[3])),
                                 std::exp(zt[4]) / exps, std::exp(zt[5]) / exps, std::exp(zt[6]) / exps};
      for (int c = 0; c < 7; ++c) CHECK(yt[c] == doctest::Approx(expected[c]).epsilon(1e-5).scale(1));
    }
  }
}

TEST_CASE("training on sequences is equal to the bit for 1, 2, 3 and 8 threads, and a long sequence predicted alone is the one predicted among others") {
  for (const bool sparse : {false, true}) {
    MemorySource source(70, 3, 60, 10, sparse);
    const std::vector<float> X = spikes(33 * 60 * 70, 3, 1.5f), Y = gaussian(33 * 60 * 3, 4);
    source.set(Split::train, X, Y);
    source.set(Split::validation, spikes(5 * 60 * 70, 5, 1.5f), gaussian(5 * 60 * 3, 6));
    std::vector<float> first, predicted;
    for (const int count : {1, 2, 3, 8}) {
      set_threads(count);
      Model model(plugin("approximator", "convolutional", {{"filters", std::vector<int64_t>{48, 20}}, {"kernel", std::vector<int64_t>{17, 9}}}), 70, 3);
      Options options;
      options.epochs = 2, options.batch = 11;
      initialise(model, options, {}, 3);
      train(model, source, options, {}, 3);
      const std::vector<float> y = model.predict(X, 60);
      if (first.empty()) first.assign(model.theta().begin(), model.theta().end()), predicted = y;
      CHECK(std::equal(first.begin(), first.end(), model.theta().begin()));
      CHECK(y == predicted);
      const std::vector<float> alone = model.predict(std::span(X).subspan(7 * 60 * 70, 60 * 70), 60);
      CHECK(std::equal(alone.begin(), alone.end(), y.begin() + 7 * 60 * 3));
    }
    set_threads(0);
  }
}

TEST_CASE("the response of a linear convolution to an impulse is its kernel times the readout") {
  constexpr int64_t taps = 6;
  Model model(plugin("approximator", "convolutional", {{"filters", std::vector<int64_t>{1}}, {"kernel", std::vector<int64_t>{taps}}, {"activation", std::string("linear")}}), 20, 2);
  const std::vector<float> theta = gaussian(static_cast<int64_t>(model.theta().size()), 8);
  std::copy(theta.begin(), theta.end(), model.theta().begin());
  const std::vector<float> response = impulse_response(model, 9);
  REQUIRE(response.size() == 9 * 20 * 2);
  for (int64_t k = 0; k < 9; ++k)
    for (int64_t i = 0; i < 20; ++i)
      for (int64_t j = 0; j < 2; ++j) {
        const float expected = k < taps ? theta[static_cast<size_t>(i * taps + k)] * theta[static_cast<size_t>(20 * taps + 1 + j)] : 0;
        CHECK(response[static_cast<size_t>((k * 20 + i) * 2 + j)] == doctest::Approx(expected).epsilon(1e-4).scale(1));
      }
}

TEST_CASE("output_bias mean begins with the mean targets, through the inverse of each head's activation") {
  Model model(plugin("approximator", "dense"), 3, 4);
  model.set_heads({{"a", 0, 1, "bce", 1}, {"b", 1, 1, "poisson", 1}, {"c", 2, 2, "mse", 1}});
  Options options;
  options.output_bias = "mean";
  const std::vector<float> means{0.02f, 3.5f, -61.f, 0.f};
  initialise(model, options, {}, 1, means);
  const LayerInfo& output = model.output_layer();
  std::fill_n(model.theta().begin() + output.weight_offset, output.inputs * output.outputs, 0.f);
  const std::vector<float> y = model.predict(std::vector<float>{1, -2, 0.5f});
  for (size_t j = 0; j < 4; ++j) CHECK(y[j] == doctest::Approx(means[j]).epsilon(1e-5).scale(1e-3));
}

TEST_CASE("heads that do not go together are refused in a sentence that says what to do") {
  Model model(plugin("approximator", "dense"), 3, 4);
  CHECK(contains(error_of([&] { model.set_heads({{"a", 0, 4, "hinge", 1}}); }), "mse, bce, poisson or cross_entropy"));
  CHECK(contains(error_of([&] { model.set_heads({{"a", 0, 4, "mse", -1}}); }), "head 'a' must be 0 or above"));
  Model bent(dense({}, "tanh", "tanh"), 3, 4);
  CHECK(contains(error_of([&] { bent.set_heads({{"a", 0, 4, "bce", 1}}); }), "output_activation"));
  model.set_heads({{"a", 0, 3, "bce", 1}, {"b", 3, 1, "mse", 1}});
  MemorySource source(3, 4);
  source.set(Split::train, {1, 2, 3}, {0, 1, 2, 5});
  CHECK(contains(error_of([&] { train(model, source, Options(), {}, 1); }), "between 0 and 1, and found 2"));
}

TEST_CASE("a packed product has the bits of product(), for every shape") {
  for (const int64_t m : {1, 3, 8, 9, 21})
    for (const int64_t n : {1, 31, 32, 33, 100})
      for (const int64_t k : {1, 40, 256, 300}) {
        const std::vector<float> a = gaussian(m * (k + 3), 1), b = gaussian(k * n, 2);
        for (const bool transposed : {false, true})
          for (const bool add : {false, true}) {
            std::vector<float> expected(static_cast<size_t>(m * n), 0.5f), packed(static_cast<size_t>(packed_size(k, n))), c = expected;
            const MatrixRef B{b.data(), transposed ? k : n, transposed};
            product(m, n, k, {a.data(), k + 3}, B, expected.data(), n, add);
            pack_matrix(k, n, B, packed.data());
            product_packed(m, n, k, a.data(), k + 3, packed.data(), c.data(), n, add);
            CHECK_MESSAGE(c == expected, m, " x ", n, " x ", k);
          }
      }
}
