// The convolution over images against plain loops in double that share no code with it: what it gives, and its gradient against central
// differences, with every stride, padding and pooling; refusals; and the same bits for any number of threads.
#include "support.hpp"

using namespace proxon;
using namespace proxon::testing;

namespace {

/// A plain network in double. Images are [rows][columns][channels].
struct PlainImages {
  int64_t rows, columns, channels, outputs;
  std::vector<int64_t> filters, kernel, stride, pooling;
  bool same;

  std::vector<double> operator()(const std::vector<double>& theta, std::vector<double> image) const {
    size_t at = 0;
    int64_t h = rows, w = columns, c = channels;
    for (size_t l = 0; l < filters.size(); ++l) {
      const int64_t k = kernel[l], s = stride[l], f = filters[l], border = same ? (k - 1) / 2 : 0;
      const int64_t oh = (h + 2 * border - k) / s + 1, ow = (w + 2 * border - k) / s + 1, ph = oh / pooling[l], pw = ow / pooling[l];
      std::vector<double> next(static_cast<size_t>(ph * pw * f), -1e300);
      for (int64_t y = 0; y < ph * pooling[l]; ++y)
        for (int64_t x = 0; x < pw * pooling[l]; ++x)
          for (int64_t o = 0; o < f; ++o) {
            double z = theta[at + static_cast<size_t>(k * k * c * f + o)];
            for (int64_t i = 0; i < k; ++i)
              for (int64_t j = 0; j < k; ++j)
                for (int64_t q = 0; q < c; ++q) {
                  const int64_t from_y = y * s + i - border, from_x = x * s + j - border;
                  if (from_y < 0 || from_y >= h || from_x < 0 || from_x >= w) continue;
                  z += image[static_cast<size_t>((from_y * w + from_x) * c + q)] * theta[at + static_cast<size_t>(((i * k + j) * c + q) * f + o)];
                }
            double& to = next[static_cast<size_t>((y / pooling[l] * pw + x / pooling[l]) * f + o)];
            to = std::max(to, std::tanh(z));
          }
      at += static_cast<size_t>(k * k * c * f + f);
      image = next, h = ph, w = pw, c = f;
    }
    std::vector<double> out(static_cast<size_t>(outputs));
    for (size_t j = 0; j < out.size(); ++j) {
      out[j] = theta[at + image.size() * out.size() + j];
      for (size_t i = 0; i < image.size(); ++i) out[j] += image[i] * theta[at + i * out.size() + j];
    }
    CHECK(at + (image.size() + 1) * out.size() == theta.size());
    return out;
  }

  PluginValue value() const {
    return plugin("approximator", "convolutional_2d",
                  {{"image", channels > 1 ? std::vector<int64_t>{rows, columns, channels} : std::vector<int64_t>{rows, columns}}, {"filters", filters},
                   {"kernel", kernel}, {"stride", stride}, {"pooling", pooling}, {"padding", std::string(same ? "same" : "valid")},
                   {"activation", std::string("tanh")}});
  }
};

const PlainImages image_cases[] = {{7, 6, 1, 2, {3}, {3}, {1}, {2}, true},         {6, 7, 2, 3, {4}, {3}, {2}, {1}, false},
                             {9, 9, 1, 2, {3, 2}, {5, 3}, {1, 1}, {2, 2}, true}, {8, 9, 3, 2, {2, 3}, {3, 1}, {2, 1}, {1, 2}, true},
                             {5, 5, 1, 1, {2}, {5}, {1}, {1}, false},         {10, 8, 1, 2, {2, 3, 2}, {3, 3, 3}, {1, 1, 1}, {2, 1, 2}, true}};

constexpr int64_t image_count = 11;

}  // namespace

TEST_CASE("convolution over images is its equation, and its gradient that of central differences, for every stride, padding and pooling") {
  for (const PlainImages& plain : image_cases) {
    const int64_t inputs = plain.rows * plain.columns * plain.channels;
    const std::vector<float> X = gaussian(image_count * inputs, 1), Y = gaussian(image_count * plain.outputs, 2);
    Model model(plain.value(), inputs, plain.outputs);
    const std::vector<float> some = gaussian(static_cast<int64_t>(model.theta().size()), 3);
    for (size_t i = 0; i < some.size(); ++i) model.theta()[i] = 0.3f * some[i];
    const std::vector<double> theta(model.theta().begin(), model.theta().end());
    const auto image = [&](int64_t s) { return std::vector<double>(X.begin() + s * inputs, X.begin() + (s + 1) * inputs); };
    const std::vector<float> y = model.predict(X);
    for (int64_t s = 0; s < image_count; ++s) {
      const std::vector<double> z = plain(theta, image(s));
      for (size_t j = 0; j < z.size(); ++j)
        CHECK(y[static_cast<size_t>(s * plain.outputs) + j] == doctest::Approx(z[j]).epsilon(1e-5).scale(1));
    }

    const auto loss = [&](const std::vector<double>& at) {
      double sum = 0;
      for (int64_t s = 0; s < image_count; ++s) {
        const std::vector<double> z = plain(at, image(s));
        for (size_t j = 0; j < z.size(); ++j) sum += std::pow(z[j] - static_cast<double>(Y[static_cast<size_t>(s * plain.outputs) + j]), 2);
      }
      return sum / static_cast<double>(Y.size());
    };
    MemorySource source(inputs, plain.outputs);
    source.set(Split::train, X, Y);
    Options options(plugin("learning_rule", "backprop"), sgd(1));
    options.epochs = 1, options.batch = image_count, options.shuffle = false;
    CHECK(train(model, source, options, {}, 1).train_loss == doctest::Approx(loss(theta)).epsilon(1e-5));
    const std::vector<double> slope = central_differences(theta, loss);
    double largest = 0;
    for (size_t i = 0; i < theta.size(); ++i) {
      largest = std::max(largest, std::fabs(slope[i]));
      // Single precision over some hundred products, and theta's own rounding when it moves.
      CHECK(std::fabs(theta[i] - static_cast<double>(model.theta()[i]) - slope[i]) < 2e-5);
    }
    CHECK(largest > 1e-2);
  }
}

TEST_CASE("convolution over images: the error of the pixels is that of central differences") {
  for (const PlainImages& plain : image_cases) {
    const int64_t inputs = plain.rows * plain.columns * plain.channels;
    const Model model(plain.value(), inputs, plain.outputs);
    const std::vector<float> theta = gaussian(static_cast<int64_t>(model.theta().size()), 5), X = gaussian(2 * inputs, 6), c = gaussian(2 * plain.outputs, 7);
    const auto& approximator = model.approximator();
    std::vector<float> tape(static_cast<size_t>(approximator.table().tape(approximator.object(), 2, 1))), y(c.size()), dx(X.size()), gradient(theta.size());
    Status status;
    ForwardPass forward{};
    forward.theta = theta.data(), forward.input = X.data(), forward.output = y.data(), forward.tape = tape.data(), forward.batch = 2, forward.steps = 1;
    approximator.table().forward(approximator.object(), &learning_services(), &forward, &status);
    BackwardPass backward{};
    backward.theta = theta.data(), backward.input = X.data(), backward.output = y.data(), backward.output_gradient = c.data(), backward.tape = tape.data();
    backward.gradient = gradient.data(), backward.input_gradient = dx.data(), backward.batch = 2, backward.steps = 1;
    approximator.table().backward(approximator.object(), &learning_services(), &backward, &status);
    REQUIRE(!status.failed);
    const std::vector<double> weights(theta.begin(), theta.end());
    for (size_t s = 0; s < 2; ++s) {
      const auto objective = [&](const std::vector<double>& image) {
        const std::vector<double> z = plain(weights, image);
        double sum = 0;
        for (size_t j = 0; j < z.size(); ++j) sum += z[j] * static_cast<double>(c[s * z.size() + j]);
        return sum;
      };
      const auto width = static_cast<size_t>(inputs);
      const std::vector<double> slope =
          central_differences({X.begin() + static_cast<long>(s * width), X.begin() + static_cast<long>((s + 1) * width)}, objective);
      for (size_t i = 0; i < width; ++i) CHECK(dx[s * width + i] == doctest::Approx(slope[i]).epsilon(1e-3).scale(1));
    }
  }
}

TEST_CASE("convolution over images trains to the same bits on 1, 2, 3 and 8 threads") {
  const PlainImages& plain = image_cases[2];
  MemorySource source(81, 2);
  source.set(Split::train, gaussian(37 * 81, 1), gaussian(37 * 2, 2));
  std::vector<float> first;
  for (const int count : {1, 2, 3, 8}) {
    set_threads(count);
    Model model(plain.value(), 81, 2);
    Options options;
    options.epochs = 2, options.batch = 19;
    initialise(model, options, {}, 4);
    train(model, source, options, {}, 4);
    if (first.empty()) first.assign(model.theta().begin(), model.theta().end());
    CHECK(std::equal(first.begin(), first.end(), model.theta().begin()));
  }
  set_threads(0);
}

TEST_CASE("an image that does not fit is refused with its numbers") {
  const auto refusal = [](std::vector<Setting> settings) {
    return error_of([&] { Model(plugin("approximator", "convolutional_2d", settings), 36, 2); });
  };
  using Numbers = std::vector<int64_t>;
  CHECK(contains(refusal({{"image", Numbers{6, 7}}}), "image has 42 numbers, and a sample has 36"));
  CHECK(contains(refusal({{"image", Numbers{36}}}), "image must be [rows, columns] or [rows, columns, channels]"));
  CHECK(contains(refusal({{"image", Numbers{6, 6}}, {"kernel", Numbers{4}}}), "give odd sides"));
  CHECK(contains(refusal({{"image", Numbers{6, 6}}, {"kernel", Numbers{7}}, {"padding", std::string("valid")}}), "nothing is left of the image after layer 1"));
  CHECK(contains(refusal({{"image", Numbers{6, 6}}, {"kernel", Numbers{3, 3, 3}}}), "kernel must have one number for all layers, or as many as filters"));
}
