// The gradient of the whole road (dense, loss, regularisers, trainer) against central differences of a plain network in double that shares
// no code with it: one step of sgd at rate 1 over the whole batch moves theta by minus the gradient.
#include "support.hpp"

using namespace proxon;
using namespace proxon::testing;

namespace {

double apply(const std::string& f, double x) {
  if (f == "tanh") return std::tanh(x);
  if (f == "relu") return x > 0 ? x : 0;
  if (f == "sigmoid") return 1 / (1 + std::exp(-x));
  if (f == "softplus") return std::log(1 + std::exp(x));
  return x;
}

/// A plain dense network in double. theta: for each layer W [in x out] row-major, then b.
struct Plain {
  std::vector<int64_t> widths;  ///< inputs, hidden ..., outputs
  std::string hidden, output, loss;
  bool bias = true;
  double dropout = 0;
  uint64_t seed = 0;
  std::vector<float> X, Y;
  double L1 = 0, L2 = 0, structural = 0;
  std::vector<float> phi;  ///< of layer 0

  size_t size() const {
    size_t n = 0;
    for (size_t l = 0; l + 1 < widths.size(); ++l) n += static_cast<size_t>(widths[l + 1] * (widths[l] + bias));
    return n;
  }

  /// What dropout multiplies a hidden unit with, in step 0: the rule stated in dense.
  double kept(size_t layer, size_t sample, size_t unit) const {
    if (dropout == 0) return 1;
    const Key key = Key{seed, purpose("learning/dropout")}.with(static_cast<uint32_t>(layer));
    const uint32_t bits = random_block(key, sample, 0, static_cast<uint32_t>(unit / 4))[unit % 4];
    return bits < static_cast<uint32_t>(static_cast<double>(static_cast<float>(dropout)) * 4294967296.0) ? 0 : 1 / (1 - dropout);
  }

  double operator()(const std::vector<double>& theta) const {
    const auto in = static_cast<size_t>(widths.front()), out = static_cast<size_t>(widths.back());
    double total = 0, penalty = 0;
    for (size_t s = 0; s < X.size() / in; ++s) {
      std::vector<double> x(X.begin() + static_cast<long>(s * in), X.begin() + static_cast<long>((s + 1) * in));
      size_t at = 0;
      for (size_t l = 0; l + 1 < widths.size(); ++l) {
        const bool last = l + 2 == widths.size();
        const auto n = static_cast<size_t>(widths[l + 1]);
        std::vector<double> y(n, 0.0);
        for (size_t i = 0; i < x.size(); ++i)
          for (size_t j = 0; j < n; ++j) {
            const double w = theta[at + i * n + j];
            y[j] += x[i] * w;
            if (s == 0) penalty += L1 * std::fabs(w) + L2 * w * w;
            if (s == 0 && l == 0 && structural > 0) penalty += structural * (w - phi[i * n + j]) * (w - phi[i * n + j]);
          }
        at += x.size() * n;
        for (size_t j = 0; j < n; ++j) y[j] = apply(last ? output : hidden, y[j] + (bias ? theta[at + j] : 0)) * (last ? 1 : kept(l, s, j));
        at += bias ? n : 0;
        x = y;
      }
      for (size_t j = 0; j < out; ++j) {
        const double t = Y[s * out + j], y = x[j];
        total += loss == "mse" ? (y - t) * (y - t) : loss == "bce" ? -t * std::log(y) - (1 - t) * std::log(1 - y) : y - t * std::log(y);
      }
    }
    return total / static_cast<double>(Y.size()) + penalty;
  }

  std::vector<double> gradient(const std::vector<double>& theta) const { return central_differences(theta, *this); }
};

/// Theta before one step of sgd at rate 1, and what it was moved by.
struct Moved {
  std::vector<double> theta, gradient;
  double loss = 0;
};

Moved one_step(const Plain& plain, Options options = Options(plugin("learning_rule", "backprop"), sgd(1))) {
  const std::vector<int64_t> hidden(plain.widths.begin() + 1, plain.widths.end() - 1);
  Model model(dense(hidden, plain.hidden, plain.output, plain.dropout, plain.bias), plain.widths.front(), plain.widths.back());
  REQUIRE(model.theta().size() == plain.size());
  const std::vector<float> theta = gaussian(static_cast<int64_t>(plain.size()), 77);
  for (size_t i = 0; i < theta.size(); ++i) model.theta()[i] = 0.5f * theta[i];
  for (float& b : model.biases(static_cast<int32_t>(hidden.size()))) b += 1;  // so that outputs through relu are not all silent
  MemorySource source(plain.widths.front(), plain.widths.back());
  source.set(Split::train, plain.X, plain.Y);
  options.loss = plain.loss;
  options.epochs = 1;
  options.batch = static_cast<int64_t>(plain.X.size());
  options.shuffle = false;
  options.L1 = plain.L1, options.L2 = plain.L2, options.structural = plain.structural;
  Moved moved{{model.theta().begin(), model.theta().end()}, {}, 0};
  moved.loss = train(model, source, options, {{}, plain.phi, plain.widths[0], plain.widths[1]}, plain.seed).train_loss;
  for (size_t i = 0; i < theta.size(); ++i) moved.gradient.push_back(moved.theta[i] - static_cast<double>(model.theta()[i]));
  return moved;
}

/// Float rounding through a few layers, and of theta itself when it moves: some 1e-6 where the gradient is of size 1.
double worst_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double worst = 0, largest = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::fabs(a[i] - b[i])), largest = std::max(largest, std::fabs(b[i]));
  REQUIRE(largest > 1e-3);  // a gradient of nothing proves nothing
  return worst / (1 + largest);
}
constexpr double tolerance = 3e-6;

struct LossCase {
  std::string loss, output;
};
const LossCase loss_cases[] = {{"mse", "linear"},  {"mse", "tanh"},    {"mse", "relu"},         {"mse", "sigmoid"},
                                   {"mse", "softplus"}, {"bce", "sigmoid"}, {"poisson", "softplus"}, {"poisson", "sigmoid"}};

Plain make_case(std::vector<int64_t> widths, const std::string& hidden, const LossCase& loss, double dropout) {
  Plain plain{.widths = widths, .hidden = hidden, .output = loss.output, .loss = loss.loss, .dropout = dropout, .seed = 5};
  constexpr int64_t samples = 9;
  plain.X = gaussian(samples * widths.front(), 1);
  plain.Y = gaussian(samples * widths.back(), 2);
  if (plain.loss == "bce")
    for (float& t : plain.Y) t = t > 0.8f ? 1.f : t < 0 ? 0.f : t;
  if (plain.loss == "poisson")
    for (float& t : plain.Y) t = std::floor(std::fabs(3 * t));
  return plain;
}

}  // namespace

TEST_CASE("the gradient is that of central differences, for every activation, loss and depth, with dropout and without") {
  for (const std::vector<int64_t>& widths : {std::vector<int64_t>{3, 2}, {3, 5, 2}, {2, 7, 4, 3}, {3, 3, 5, 4, 1}})
    for (const std::string hidden : {"linear", "tanh", "relu", "sigmoid", "softplus"})
      for (const LossCase& loss : loss_cases)
        for (const double dropout : {0.0, 0.4}) {
          const Plain plain = make_case(widths, hidden, loss, dropout);
          const Moved moved = one_step(plain);
          CHECK_MESSAGE(std::fabs(moved.loss - plain(moved.theta)) < 2e-6 * (1 + std::fabs(moved.loss)), hidden, " ", loss.loss, " ", loss.output);
          CHECK_MESSAGE(worst_difference(moved.gradient, plain.gradient(moved.theta)) < tolerance, (widths.size() - 1), " layers, ", hidden, ", ",
                        loss.loss, " of ", loss.output, ", dropout ", dropout);
        }
}

TEST_CASE("the gradient is that of central differences without biases and with L1, L2 and the structural term") {
  Plain plain = make_case({4, 6, 2}, "tanh", {"mse", "linear"}, 0);
  plain.phi = gaussian(24, 8);
  plain.L1 = 0.03;
  Moved moved = one_step(plain);
  CHECK(worst_difference(moved.gradient, plain.gradient(moved.theta)) < tolerance);
  plain.L2 = 0.02, plain.structural = 0.05;
  moved = one_step(plain);
  CHECK(worst_difference(moved.gradient, plain.gradient(moved.theta)) < tolerance);
  plain.bias = false;
  moved = one_step(plain);
  CHECK(worst_difference(moved.gradient, plain.gradient(moved.theta)) < tolerance);
}

TEST_CASE("a gradient longer than gradient_clip is shortened to it and keeps its direction") {
  const Plain plain = make_case({3, 5, 2}, "tanh", {"mse", "linear"}, 0);
  const Moved whole = one_step(plain);
  Options options(plugin("learning_rule", "backprop"), sgd(1));
  options.gradient_clip = 0.1;
  const Moved clipped = one_step(plain, options);
  double norm = 0, norm_clipped = 0, dot = 0;
  for (size_t i = 0; i < whole.gradient.size(); ++i) {
    norm += whole.gradient[i] * whole.gradient[i];
    norm_clipped += clipped.gradient[i] * clipped.gradient[i];
    dot += whole.gradient[i] * clipped.gradient[i];
  }
  REQUIRE(std::sqrt(norm) > 0.2);
  CHECK(std::sqrt(norm_clipped) == doctest::Approx(0.1).epsilon(1e-5));
  CHECK(dot == doctest::Approx(std::sqrt(norm * norm_clipped)).epsilon(1e-6));
  options.gradient_clip = 1e6;
  CHECK(one_step(plain, options).gradient == whole.gradient);
}

TEST_CASE("backward of a sum of outputs: gradients to theta and input, through feedback weights, and straight from the output") {
  for (const double dropout : {0.0, 0.3}) {
    const Model model(dense({6, 5}, "tanh", "sigmoid", dropout), 3, 2);
    const int64_t batch = 4;
    std::vector<float> theta = gaussian(static_cast<int64_t>(model.theta().size()), 3), feedback = gaussian(static_cast<int64_t>(theta.size()), 4);
    const std::vector<float> X = gaussian(batch * 3, 5), c = gaussian(batch * 2, 6);
    const auto& approximator = model.approximator();
    Status status;
    const auto forward = [&](const std::vector<float>& x, const std::vector<float>& weights, std::vector<float>& tape) {
      std::vector<float> y(static_cast<size_t>(batch * 2));
      tape.resize(static_cast<size_t>(approximator.table().tape(approximator.object(), batch, 1)));
      ForwardPass pass{};
      pass.theta = weights.data(), pass.input = x.data(), pass.output = y.data(), pass.tape = tape.data(), pass.batch = batch, pass.steps = 1, pass.training = 1;
      pass.key = Key{1, 2};
      approximator.table().forward(approximator.object(), &learning_services(), &pass, &status);
      return y;
    };
    const auto backward = [&](const ErrorPath& path, std::vector<float>& dx) {
      std::vector<float> tape, gradient(theta.size(), 123.f);  // what was there must not matter
      const std::vector<float> y = forward(X, theta, tape);
      BackwardPass pass{};
      pass.theta = theta.data(), pass.path = path, pass.input = X.data(), pass.output = y.data(), pass.output_gradient = c.data();
      pass.tape = tape.data(), pass.gradient = gradient.data(), pass.batch = batch, pass.steps = 1;
      dx.resize(X.size());
      pass.input_gradient = dx.data();
      approximator.table().backward(approximator.object(), &learning_services(), &pass, &status);
      return gradient;
    };
    const auto objective = [&](const std::vector<float>& x, const std::vector<float>& weights) {
      std::vector<float> tape;
      const std::vector<float> y = forward(x, weights, tape);
      double sum = 0;
      for (size_t i = 0; i < y.size(); ++i) sum += static_cast<double>(y[i]) * static_cast<double>(c[i]);
      return sum;
    };
    std::vector<float> dx, unused;
    const std::vector<float> direct = gaussian(11 * 2, 7);
    const std::vector<float> gradient = backward({}, dx), with_feedback = backward({.feedback = feedback.data()}, unused),
                             straight = backward({.direct = direct.data()}, unused);
    // Differences of a float function: h = 1e-2 balances rounding (1e-7 / h) with curvature (h^2): some 1e-4.
    const auto difference = [&](std::vector<float> at, size_t i, bool input) {
      const float h = 1e-2f;
      std::vector<float> up = at, down = at;
      up[i] += h, down[i] -= h;
      return (input ? objective(up, theta) - objective(down, theta) : objective(X, up) - objective(X, down)) / (2 * static_cast<double>(h));
    };
    for (size_t i = 0; i < theta.size(); ++i) CHECK(gradient[i] == doctest::Approx(difference(theta, i, false)).epsilon(0.002).scale(1));
    for (size_t i = 0; i < X.size(); ++i) CHECK(dx[i] == doctest::Approx(difference(X, i, true)).epsilon(0.002).scale(1));
    // Feedback weights change what lies below the output layer, and the output layer not at all.
    const auto output = static_cast<size_t>(model.layers()[2].weight_offset);
    CHECK(std::equal(gradient.begin() + static_cast<long>(output), gradient.end(), with_feedback.begin() + static_cast<long>(output)));
    CHECK(gradient[0] != with_feedback[0]);
    CHECK(std::equal(gradient.begin() + static_cast<long>(output), gradient.end(), straight.begin() + static_cast<long>(output)));
    // Unit j of the first layer has the error (B c)_j f'(y_j); its bias sums that over samples.
    if (dropout == 0)
      for (size_t j = 0; j < 6; ++j) {
        double sum = 0;
        for (size_t s = 0; s < static_cast<size_t>(batch); ++s) {
          double y = theta[18 + j];
          for (size_t i = 0; i < 3; ++i) y += static_cast<double>(X[s * 3 + i]) * static_cast<double>(theta[i * 6 + j]);
          const double error = static_cast<double>(direct[j * 2] * c[s * 2] + direct[j * 2 + 1] * c[s * 2 + 1]);
          sum += error * (1 - std::tanh(y) * std::tanh(y));
        }
        CHECK(straight[18 + j] == doctest::Approx(sum).epsilon(1e-5).scale(1));
      }
    CHECK(status.failed == 0);
  }
}

TEST_CASE("bce and poisson stay finite and right where their activations saturate") {
  for (const auto& [loss, output, t] : {std::tuple<std::string, std::string, float>{"bce", "sigmoid", 0.f}, {"bce", "sigmoid", 1.f}, {"poisson", "softplus", 3.f},
                                        {"poisson", "softplus", 0.f}, {"poisson", "sigmoid", 1.f}})
    for (const float z : {-300.f, -60.f, -20.f, 20.f, 60.f, 300.f}) {
      Model model(dense({}, "tanh", output), 1, 1);
      model.theta()[1] = z;  // the bias is all there is
      MemorySource source(1, 1);
      source.set(Split::train, {0.f}, {t});
      Options options(plugin("learning_rule", "backprop"), sgd(1));
      options.loss = loss, options.epochs = 1;
      const double measured = train(model, source, options, {}, 1).train_loss, slope = z - static_cast<double>(model.theta()[1]);
      const double softplus = z > 0 ? z + std::log1p(std::exp(-static_cast<double>(z))) : std::log1p(std::exp(static_cast<double>(z)));
      const double sigmoid = 1 / (1 + std::exp(-static_cast<double>(z)));
      const bool poisson = loss == "poisson", rate = output == "softplus";
      const double log_rate = rate ? (z < -30 ? z : std::log(softplus)) : z - softplus;
      const double expected = poisson ? (rate ? softplus : sigmoid) - t * log_rate : softplus - t * z;
      const double expected_slope = !poisson ? sigmoid - t : rate ? sigmoid - t * (z < -30 ? 1 : sigmoid / softplus) : (sigmoid - t) * (1 - sigmoid);
      CHECK_MESSAGE(measured == doctest::Approx(expected).epsilon(1e-6).scale(1e-3), loss, " ", output, " z ", z, " t ", t);
      CHECK_MESSAGE(std::fabs(slope - expected_slope) < 4e-5, loss, " ", output, " z ", z, " t ", t);  // z = 300 rounds the step to 3e-5
    }
}
