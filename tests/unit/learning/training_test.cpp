#include "support.hpp"

#include <limits>
#include <set>

#include "proxon/learning/steps.hpp"

using namespace proxon;
using namespace proxon::testing;

namespace {

/// y = f(x) for standard normal x, in a training and a validation part.
template <class F>
MemorySource make_source(int64_t inputs, int64_t outputs, int64_t n, F f, int64_t validation = 0) {
  MemorySource source(inputs, outputs);
  const std::vector<float> X = gaussian(n * inputs, 21), V = gaussian(validation * inputs, 22);
  source.set(Split::train, X, map_rows(X, inputs, f));
  source.set(Split::validation, V, map_rows(V, inputs, f));
  return source;
}

/// A source of y = noise: what it is has nothing to do with x.
MemorySource noise_source(int64_t n, int64_t validation) {
  MemorySource source(1, 1);
  source.set(Split::train, gaussian(n, 31), gaussian(n, 32));
  source.set(Split::validation, gaussian(validation, 33), gaussian(validation, 34));
  return source;
}

}  // namespace

TEST_CASE("XOR is learnt") {
  MemorySource source(2, 1);
  source.set(Split::train, {0, 0, 0, 1, 1, 0, 1, 1}, {0, 1, 1, 0});
  Model model(dense({4}, "tanh", "sigmoid"), 2, 1);
  Options options(plugin("learning_rule", "backprop"), adam(0.05));
  options.loss = "bce", options.epochs = 400, options.batch = 4;
  initialise(model, options, {}, 1);
  const TrainingResult result = train(model, source, options, {}, 1);
  CHECK(result.train_loss < 0.05);
  CHECK(result.epochs == 400);
  const std::vector<float> y = model.predict(std::vector<float>{0, 0, 0, 1, 1, 0, 1, 1});
  CHECK((y[0] < 0.1f && y[1] > 0.9f && y[2] > 0.9f && y[3] < 0.1f));
}

TEST_CASE("linear regression ends at the least squares solution of the normal equations") {
  constexpr int64_t n = 60, d = 3;
  const std::vector<float> noise = gaussian(n, 40);
  int64_t row = 0;
  MemorySource source(d, 1);
  const std::vector<float> X = gaussian(n * d, 41);
  const std::vector<float> Y = map_rows(X, d, [&](const float* x) {
    return std::vector<double>{1.5 * x[0] - 0.7 * x[1] + 0.2 * x[2] + 0.4 + 0.5 * static_cast<double>(noise[static_cast<size_t>(row++)])};
  });
  source.set(Split::train, X, Y);
  // (X'X) w = X'y with a column of ones, by Gaussian elimination.
  double a[4][5] = {};
  for (int64_t s = 0; s < n; ++s) {
    const double x[4] = {X[static_cast<size_t>(s * d)], X[static_cast<size_t>(s * d + 1)], X[static_cast<size_t>(s * d + 2)], 1};
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 4; ++j) a[i][j] += x[i] * x[j];
      a[i][4] += x[i] * static_cast<double>(Y[static_cast<size_t>(s)]);
    }
  }
  for (int p = 0; p < 4; ++p)
    for (int i = 0; i < 4; ++i)
      if (i != p)
        for (int j = 4; j >= p; --j) a[i][j] -= a[i][p] / a[p][p] * a[p][j];

  Model model(dense({}), d, 1);
  Options options(plugin("learning_rule", "backprop"), sgd(0.2));
  options.epochs = 400, options.batch = n;
  train(model, source, options, {}, 1);
  for (int i = 0; i < 4; ++i) CHECK(model.theta()[static_cast<size_t>(i)] == doctest::Approx(a[i][4] / a[i][i]).epsilon(1e-4).scale(1));
}

TEST_CASE("targets that are noise end at their variance, which no model can beat") {
  MemorySource source = noise_source(4000, 4000);
  Model model(dense({2}), 1, 1);
  Options options(plugin("learning_rule", "backprop"), adam(0.01));
  options.epochs = 30, options.batch = 16;
  initialise(model, options, {}, 2);
  const TrainingResult result = train(model, source, options, {}, 2);
  // The variance of 4,000 samples is 1 within 0.022 (one standard deviation); 7 parameters can fit 7 / 4,000 of it.
  CHECK(result.train_loss == doctest::Approx(1).epsilon(0.08));
  CHECK(result.validation_loss > 0.93);
  CHECK(result.validation_loss < 1.1);
}

TEST_CASE("y = tanh(x) is learnt by one input, two hidden units, one output; more epochs learn it better, too few do not") {
  MemorySource source = make_source(1, 1, 100, [](const float* x) { return std::vector<double>{std::tanh(x[0])}; }, 50);
  Options options(plugin("learning_rule", "backprop"), adam(0.01));
  options.batch = 16;
  double loss[3];
  int run = 0;
  for (const int64_t epochs : {2, 100, 1000}) {
    Model model(dense({2}), 1, 1);
    options.epochs = epochs;
    initialise(model, options, {}, 7);
    loss[run++] = train(model, source, options, {}, 7).validation_loss;
  }
  CHECK(loss[0] > 0.02);
  CHECK(loss[1] < 0.01);
  CHECK(loss[2] < 1e-4);
}

TEST_CASE("a large model learns few noisy samples by heart, and early stopping keeps the weights that were best on others") {
  MemorySource source = noise_source(20, 100);
  Options options(plugin("learning_rule", "backprop"), adam(0.01));
  options.epochs = 2000, options.batch = 20;
  Model heart(dense({32, 32}), 1, 1);
  initialise(heart, options, {}, 3);
  const TrainingResult by_heart = train(heart, source, options, {}, 3);
  CHECK(by_heart.train_loss < 0.2);
  CHECK(by_heart.validation_loss > 1.2);

  options.patience = 25;
  Model model(dense({32, 32}), 1, 1);
  initialise(model, options, {}, 3);
  std::vector<double> curve;
  const TrainingResult result = train(model, source, options, {}, 3, [&](const EpochRecord& epoch) { curve.push_back(epoch.validation_loss); });
  const auto best = std::min_element(curve.begin(), curve.end());
  CHECK(result.best_epoch == best - curve.begin() + 1);
  CHECK(result.epochs == result.best_epoch + 25);
  CHECK(curve.size() == static_cast<size_t>(result.epochs));
  CHECK(result.validation_loss == *best);
  CHECK(evaluate_loss(model, source, Split::validation) == *best);  // the model itself, not only its number
  CHECK(*best < curve.back());
  CHECK(contains(result.ended, "early stopping"));
}

TEST_CASE("every sample is met once an epoch, in another order each epoch, and as numbered without shuffling") {
  struct Counting : MemorySource {
    using MemorySource::MemorySource;
    std::vector<int64_t> met;
    void gather(Split split, std::span<const int64_t> numbers, float* X, float* Y) override {
      if (split == Split::train) met.insert(met.end(), numbers.begin(), numbers.end());
      MemorySource::gather(split, numbers, X, Y);
    }
  };
  Counting source(1, 1);
  source.set(Split::train, gaussian(53, 1), gaussian(53, 2));
  Model model(dense({2}), 1, 1);
  Options options;
  options.epochs = 2, options.batch = 10;
  train(model, source, options, {}, 9);
  REQUIRE(source.met.size() == 106);
  CHECK(std::set<int64_t>(source.met.begin(), source.met.begin() + 53).size() == 53);
  CHECK(std::set<int64_t>(source.met.begin() + 53, source.met.end()).size() == 53);
  CHECK(!std::equal(source.met.begin(), source.met.begin() + 53, source.met.begin() + 53));
  const std::vector<int64_t> before = source.met;
  source.met.clear();
  train(model, source, options, {}, 9);
  CHECK(source.met == before);
  source.met.clear();
  options.shuffle = false;
  train(model, source, options, {}, 9);
  CHECK(std::is_sorted(source.met.begin(), source.met.begin() + 53));
}

TEST_CASE("a whole training is equal to the bit for 1, 2, 3 and 8 threads") {
  struct Shape {
    int64_t inputs, outputs, samples, batch;
    std::vector<int64_t> hidden;
    std::string activation, loss, output;
    int64_t epochs;
  };
  const Shape shapes[] = {{3, 2, 101, 7, {17, 9}, "relu", "mse", "linear", 2},
                          {130, 70, 75, 37, {300, 133}, "tanh", "poisson", "softplus", 2},
                          {40, 301, 90, 41, {257}, "softplus", "bce", "sigmoid", 2}};
  for (const Shape& shape : shapes) {
    const auto f = [&](const float* x) {
      std::vector<double> y;
      for (int64_t j = 0; j < shape.outputs; ++j) y.push_back(1 / (1 + std::exp(-static_cast<double>(x[j % shape.inputs]))));
      return y;
    };
    std::vector<float> first;
    std::vector<double> first_curve;
    for (const int count : {1, 2, 3, 8}) {
      set_threads(count);
      MemorySource source = make_source(shape.inputs, shape.outputs, shape.samples, f, 33);
      Model model(dense(shape.hidden, shape.activation, shape.output, 0.2), shape.inputs, shape.outputs);
      Options options;
      options.loss = shape.loss, options.epochs = shape.epochs, options.batch = shape.batch;
      options.L1 = 1e-5, options.L2 = 1e-4, options.gradient_clip = 0.05;
      initialise(model, options, {}, 11);
      std::vector<double> curve;
      train(model, source, options, {}, 11, [&](const EpochRecord& e) { curve.insert(curve.end(), {e.train_loss, e.validation_loss}); });
      if (first.empty()) first.assign(model.theta().begin(), model.theta().end()), first_curve = curve;
      CHECK(std::equal(first.begin(), first.end(), model.theta().begin()));
      CHECK(curve == first_curve);
    }
    CHECK(first_curve[2] < first_curve[0]);  // and it was a training
  }
  set_threads(0);
}

TEST_CASE("a loss that is no longer finite stops with one sentence, and the model keeps the last whole epoch's weights") {
  MemorySource source = make_source(2, 1, 40, [](const float* x) { return std::vector<double>{x[0] * 3.0}; }, 10);
  Model model(dense({8}, "relu"), 2, 1);
  Options options(plugin("learning_rule", "backprop"), sgd(30));
  options.epochs = 1000, options.batch = 10;
  initialise(model, options, {}, 4);
  int64_t last = 0;
  const std::string error = error_of([&] { train(model, source, options, {}, 4, [&](const EpochRecord& e) { last = e.epoch; }); });
  CHECK(contains(error, fmt::format("in epoch {}", last + 1)));
  CHECK(contains(error, "lower the learning rate"));
  for (const float w : model.theta()) CHECK(std::isfinite(w));
  // A NaN among the data does the same.
  source.set(Split::train, {1, 2, std::nanf(""), 4}, {1, 2});
  CHECK(contains(error_of([&] { train(model, source, options, {}, 4); }), "epoch 1"));
}

TEST_CASE("an interruption leaves the best weights so far") {
  MemorySource source = make_source(2, 1, 40, [](const float* x) { return std::vector<double>{x[0] * 3.0}; }, 10);
  Model model(dense({8}), 2, 1);
  Options options;
  options.patience = 100;
  initialise(model, options, {}, 4);
  double best = std::numeric_limits<double>::infinity();
  const auto interrupt = [&](const EpochRecord& e) {
    best = std::min(best, e.validation_loss);
    if (e.epoch == 5) throw Interrupted("fit was interrupted");
  };
  CHECK_THROWS_AS(train(model, source, options, {}, 4, interrupt), Interrupted);
  CHECK(evaluate_loss(model, source, Split::validation) == best);
}

TEST_CASE("the structural term draws a layer to W_phi") {
  MemorySource source = noise_source(50, 0);
  const std::vector<float> phi{0.3f, -0.2f, 0.9f};
  Model model(dense({3}), 1, 1);
  Options options(plugin("learning_rule", "backprop"), sgd(0.1));
  options.structural = 2, options.epochs = 50;
  initialise(model, options, {}, 4);
  train(model, source, options, {{}, phi, 1, 3}, 4);
  for (size_t i = 0; i < 3; ++i) CHECK(model.weights(0)[i] == doctest::Approx(phi[i]).epsilon(0.1).scale(1));
}

TEST_CASE("options that do not go together are refused in a sentence that says what to do") {
  MemorySource source = make_source(2, 1, 40, [](const float* x) { return std::vector<double>{x[0] - 1.0}; });
  Model model(dense({3}), 2, 1);
  const auto error = [&](auto change, Model* of = nullptr) {
    Options options;
    change(options);
    return error_of([&] { train(of ? *of : model, source, options, {}, 1); });
  };
  Model bent(dense({}, "tanh", "tanh"), 2, 1);
  CHECK(contains(error([](Options& o) { o.loss = "bce"; }, &bent), "output_activation = \"sigmoid\""));
  CHECK(contains(error([](Options& o) { o.loss = "poisson"; }, &bent), "output_activation = \"softplus\""));
  CHECK(contains(error([](Options& o) { o.loss = "cross_entropy"; }, &bent), "output_activation = \"linear\""));
  CHECK(contains(error([](Options& o) { o.loss = "hinge"; }), "mse, bce, poisson or cross_entropy"));
  CHECK(contains(error([](Options& o) { o.structural = 1; }), "structural"));
  CHECK(contains(error([](Options& o) { o.L2 = -1; }), "L2 = -1"));
  CHECK(contains(error([](Options& o) { o.batch = 0; }), "batch"));
  CHECK(contains(error([](Options& o) { o.schedule = "linear"; }), "schedule"));
  Model sigmoid(dense({}, "tanh", "sigmoid"), 2, 1), softplus(dense({}, "tanh", "softplus"), 2, 1);
  CHECK(contains(error([](Options& o) { o.loss = "bce"; }, &sigmoid), "between 0 and 1"));
  CHECK(contains(error([](Options& o) { o.loss = "poisson"; }, &softplus), "0 or above"));
  Model other(dense({}), 3, 1);
  CHECK(contains(error([](Options&) {}, &other), "3 inputs"));
  Options spiking(plugin("learning_rule", "stdp_pair"));
  CHECK(contains(error_of([&] { train(model, source, spiking, {}, 1); }), "spikes alone"));
  Options local(plugin("learning_rule", "hebb"));
  local.L1 = 0.1;
  CHECK(contains(error_of([&] { train(model, source, local, {}, 1); }), "L1 = 0.1"));
  local.L1 = 0, local.schedule = "cosine";
  CHECK(contains(error_of([&] { train(model, source, local, {}, 1); }), "schedule"));
  Options structural;
  structural.structural = 1;
  const std::vector<float> phi(20);
  CHECK(contains(error_of([&] { train(model, source, structural, {{}, phi, 4, 5}, 1); }), "4 x 5"));
  structural.structural_layer = "hiden_1";
  CHECK(contains(error_of([&] { train(model, source, structural, {{}, phi, 4, 5}, 1); }), "Did you mean 'hidden_1'"));
  MemorySource empty(2, 1);
  CHECK(contains(error_of([&] { train(model, empty, Options(), {}, 1); }), "no training samples"));
}

TEST_CASE("a model predicts the same for a row alone as for many, and comes back from its record") {
  Model model(dense({40, 30}, "tanh", "softplus"), 7, 5);
  Options options;
  initialise(model, options, {}, 8);
  const std::vector<float> X = gaussian(700 * 7, 50);
  const std::vector<float> Y = model.predict(X);
  REQUIRE(Y.size() == 3500);
  bool same = true;
  for (size_t row = 0; row < 700; row += 13) {
    const std::vector<float> one = model.predict(std::span(X).subspan(row * 7, 7));
    same &= std::equal(one.begin(), one.end(), Y.begin() + static_cast<long>(row * 5));
  }
  CHECK(same);
  CHECK(model.predict(std::vector<float>{}).empty());

  const archive::ModelRecord record = model.record();
  CHECK(record.layers[0].name == "hidden_1");
  CHECK((record.layers[0].inputs == 7 && record.layers[0].outputs == 40 && record.layers[2].activation == "softplus"));
  Model again(dense({40, 30}, "tanh", "softplus"), 7, 5);
  again.restore(record);
  CHECK(again.predict(X) == Y);
  Model other(dense({40, 31}, "tanh", "softplus"), 7, 5);
  CHECK(contains(error_of([&] { other.restore(record); }), "hidden_2"));
  CHECK(model.find_layer("output") == 2);
  CHECK(contains(error_of([&] { model.find_layer("hidden_11"); }), "Did you mean 'hidden_1'"));
}

TEST_CASE("oja on a layer finds the first principal component") {
  // Variances 4, 1 and 0.25 along three orthogonal directions, the first of them (2, 2, 1) / 3.
  const double axes[3][3] = {{2.0 / 3, 2.0 / 3, 1.0 / 3}, {-2.0 / 3, 1.0 / 3, 2.0 / 3}, {1.0 / 3, -2.0 / 3, 2.0 / 3}};
  const std::vector<float> draws = gaussian(3 * 2000, 60);
  const std::vector<float> X = map_rows(draws, 3, [&](const float* d) {
    std::vector<double> x(3);
    for (int k = 0; k < 3; ++k) x[static_cast<size_t>(k)] = 2 * d[0] * axes[0][k] + d[1] * axes[1][k] + 0.5 * d[2] * axes[2][k];
    return x;
  });
  MemorySource source(3, 1);
  source.set(Split::train, X, std::vector<float>(2000, 0.f));
  Model model(dense({}, "tanh", "linear", 0, false), 3, 1);
  Options options(plugin("learning_rule", "oja", {{"eta", 0.002}}));
  options.batch = 1, options.epochs = 5, options.clamp_output = false, options.init = "lecun_normal";
  initialise(model, options, {}, 5);
  train(model, source, options, {}, 5);
  double norm = 0, along = 0;
  for (size_t k = 0; k < 3; ++k) norm += model.theta()[k] * model.theta()[k], along += model.theta()[k] * axes[0][k];
  CHECK(std::sqrt(norm) == doctest::Approx(1).epsilon(0.05));      // fluctuates by about sqrt(eta)
  CHECK(std::fabs(along) / std::sqrt(norm) > 0.99);
}

TEST_CASE("hebb on layers is the plain loop over samples and synapses, free or with the output clamped to the target") {
  for (const bool clamp : {false, true}) {
    constexpr int64_t in = 3, hidden = 4, out = 2, n = 10, batch = 4;
    MemorySource source(in, out);
    const std::vector<float> X = gaussian(n * in, 70), Y = gaussian(n * out, 71);
    source.set(Split::train, X, Y);
    Model model(dense({hidden}, "tanh", "tanh", 0, false), in, out);
    Options options(plugin("learning_rule", "hebb", {{"eta", 0.05}, {"decay", 0.01}}));
    options.batch = batch, options.epochs = 3, options.shuffle = false, options.clamp_output = clamp;
    initialise(model, options, {}, 6);
    std::vector<double> V(model.weights(0).begin(), model.weights(0).end()), W(model.weights(1).begin(), model.weights(1).end());
    train(model, source, options, {}, 6);
    for (int epoch = 0; epoch < 3; ++epoch)
      for (int64_t first = 0; first < n; first += batch) {
        const std::vector<double> v = V, w = W;  // activities are those of the weights at the batch's begin
        for (int64_t s = first; s < std::min(first + batch, n); ++s) {
          double h[hidden], y[out];
          for (int64_t j = 0; j < hidden; ++j) {
            h[j] = 0;
            for (int64_t i = 0; i < in; ++i) h[j] += static_cast<double>(X[static_cast<size_t>(s * in + i)]) * v[static_cast<size_t>(i * hidden + j)];
            h[j] = std::tanh(h[j]);
          }
          for (int64_t k = 0; k < out; ++k) {
            y[k] = 0;
            for (int64_t j = 0; j < hidden; ++j) y[k] += h[j] * w[static_cast<size_t>(j * out + k)];
            y[k] = clamp ? static_cast<double>(Y[static_cast<size_t>(s * out + k)]) : std::tanh(y[k]);
          }
          for (int64_t i = 0; i < in; ++i)
            for (int64_t j = 0; j < hidden; ++j) {
              double& weight = V[static_cast<size_t>(i * hidden + j)];
              weight += 0.05 * static_cast<double>(X[static_cast<size_t>(s * in + i)]) * h[j] - 0.01 * weight;
            }
          for (int64_t j = 0; j < hidden; ++j)
            for (int64_t k = 0; k < out; ++k) {
              double& weight = W[static_cast<size_t>(j * out + k)];
              weight += 0.05 * h[j] * y[k] - 0.01 * weight;
            }
        }
      }
    // 30 float additions to weights of size 1.
    for (size_t i = 0; i < V.size(); ++i) CHECK(model.weights(0)[i] == doctest::Approx(V[i]).epsilon(1e-5).scale(1));
    for (size_t i = 0; i < W.size(); ++i) CHECK(model.weights(1)[i] == doctest::Approx(W[i]).epsilon(1e-5).scale(1));
  }
}

TEST_CASE("a local rule is equal to the bit for 1, 2, 3 and 8 threads") {
  std::vector<float> first;
  for (const int count : {1, 2, 3, 8}) {
    set_threads(count);
    MemorySource source(150, 90);
    source.set(Split::train, gaussian(40 * 150, 80), gaussian(40 * 90, 81));
    Model model(dense({133}), 150, 90);
    Options options(plugin("learning_rule", "oja"));
    options.epochs = 2, options.batch = 17;
    initialise(model, options, {}, 6);
    train(model, source, options, {}, 6);
    if (first.empty()) first.assign(model.theta().begin(), model.theta().end());
    CHECK(std::equal(first.begin(), first.end(), model.theta().begin()));
  }
  set_threads(0);
}
