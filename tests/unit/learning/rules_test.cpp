// Gradient rules that are not back-propagation: what each has in common with it, by its paper.
#include "support.hpp"

using namespace proxon;
using namespace proxon::testing;

namespace {

/// The direction in which a rule moves theta of a model over a whole source: by sgd at rate 1.
std::vector<double> direction(Model model, MemorySource& source, const PluginValue& rule, uint64_t seed) {
  Options options(rule, sgd(1));
  options.epochs = 1, options.batch = source.samples(Split::train), options.shuffle = false;
  const std::vector<double> before(model.theta().begin(), model.theta().end());
  train(model, source, options, {}, seed);
  std::vector<double> moved;
  for (size_t i = 0; i < before.size(); ++i) moved.push_back(static_cast<double>(model.theta()[i]) - before[i]);
  return moved;
}

/// Angle in degrees between two directions over the weights of layer 0.
double angle(const Model& model, const std::vector<double>& a, const std::vector<double>& b) {
  const LayerInfo& layer = model.layers()[0];
  double ab = 0, aa = 0, bb = 0;
  for (auto i = static_cast<size_t>(layer.weight_offset); i < static_cast<size_t>(layer.weight_offset + layer.inputs * layer.outputs); ++i)
    ab += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
  return std::acos(ab / std::sqrt(aa * bb)) * 180 / 3.141592653589793;
}

/// A linear teacher, as in Lillicrap et al.: 30 inputs, 10 outputs.
MemorySource teacher() {
  MemorySource source(30, 10);
  const std::vector<float> X = gaussian(400 * 30, 1), T = gaussian(300, 2);
  std::vector<float> Y;
  for (size_t s = 0; s < 400; ++s)
    for (size_t j = 0; j < 10; ++j) {
      float y = 0;
      for (size_t i = 0; i < 30; ++i) y += X[s * 30 + i] * T[i * 10 + j] / std::sqrt(30.f);
      Y.push_back(y);
    }
  source.set(Split::train, X, Y);
  return source;
}

}  // namespace

TEST_CASE("feedback alignment, direct or layer by layer, learns: its angle to backprop begins near 90 degrees, falls, and stays below 90") {
  for (const char* name : {"feedback_alignment", "direct_feedback_alignment"}) {
    MemorySource source = teacher();
    const PluginValue rule = plugin("learning_rule", name), backprop = plugin("learning_rule", "backprop");
    Model model(dense({20}, "linear"), 30, 10);
    Options options(rule, sgd(0.05));
    options.batch = 20, options.epochs = 1;
    initialise(model, options, {}, 3);
    for (float& w : model.weights(1)) w *= 0.1f;  // the weights align themselves with the feedback, not by chance
    const double first = angle(model, direction(model, source, rule, 3), direction(model, source, backprop, 3));
    double last = 0;
    const double loss_before = evaluate_loss(model, source, Split::train);
    for (int i = 0; i < 8; ++i) {
      options.epochs = 5;
      train(model, source, options, {}, 3);
      last = angle(model, direction(model, source, rule, 3), direction(model, source, backprop, 3));
      CHECK(last < 90);
    }
    CHECK_MESSAGE(last < first - 15, name, ": ", first, " -> ", last);
    CHECK(evaluate_loss(model, source, Split::train) < 0.1 * loss_before);
  }
}

TEST_CASE("feedback weights are the same in every step and differ between seeds") {
  MemorySource source = teacher();
  Model model(dense({20}), 30, 10);
  Options options;
  initialise(model, options, {}, 3);
  const PluginValue rule = plugin("learning_rule", "feedback_alignment");
  CHECK(direction(model, source, rule, 3) == direction(model, source, rule, 3));
  CHECK(direction(model, source, rule, 3) != direction(model, source, rule, 4));
}

TEST_CASE("e-prop is back-propagation through time where no unit sees another's past, and only there") {
  std::vector<float> X = gaussian(6 * 12 * 5, 1);
  for (float& x : X) x = x > 0.5f;
  for (const bool recurrent : {false, true}) {
    MemorySource source(5, 2, 12, 0, true);
    source.set(Split::train, X, gaussian(6 * 12 * 2, 2));
    Model model(plugin("approximator", "spiking", {{"units", std::vector<int64_t>{9}}, {"recurrent", recurrent}, {"tau", 4.0}, {"learn_tau", true}}), 5, 2);
    initialise(model, Options(), {}, 5);
    for (float& w : model.weights(0)) w *= 2;
    const std::vector<double> through_time = direction(model, source, plugin("learning_rule", "backprop"), 1);
    const std::vector<double> local = direction(model, source, plugin("learning_rule", "e_prop"), 1);
    double size = 0;
    for (const double d : through_time) size += d * d;
    REQUIRE(size > 1e-4);
    CHECK((local == through_time) == !recurrent);
    if (!recurrent) continue;
    // Without recurrent weights it is again.
    for (float& w : model.weights(model.find_layer("recurrent_1"))) w = 0;
    const std::vector<double> a = direction(model, source, plugin("learning_rule", "backprop"), 1), b = direction(model, source, plugin("learning_rule", "e_prop"), 1);
    CHECK(a == b);
  }
}

TEST_CASE("e-prop learns a recurrent task, with symmetric and with random feedback") {
  // The input of two steps before.
  std::vector<float> X = gaussian(40 * 15, 1), Y(40 * 15, 0.f);
  for (float& x : X) x = x > 0;
  for (size_t s = 0; s < 40; ++s)
    for (size_t t = 2; t < 15; ++t) Y[s * 15 + t] = X[s * 15 + t - 2];
  for (const std::string feedback : {"symmetric", "random"}) {
    MemorySource source(1, 1, 15, 2);
    source.set(Split::train, X, Y);
    Model model(plugin("approximator", "recurrent", {{"cell", std::string("lstm")}, {"units", std::vector<int64_t>{24}}}), 1, 1);
    Options options(plugin("learning_rule", "e_prop", {{"feedback", feedback}}), adam(0.01));
    options.epochs = 60, options.batch = 10;
    initialise(model, options, {}, 5);
    const double before = evaluate_loss(model, source, Split::train);
    CHECK(train(model, source, options, {}, 5).train_loss < 0.4 * before);
  }
}

namespace {

/// |a - b| / |b| over all weights.
double relative_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < a.size(); ++i) difference += (a[i] - b[i]) * (a[i] - b[i]), size += b[i] * b[i];
  REQUIRE(size > 1e-6);
  return std::sqrt(difference / size);
}

}  // namespace

TEST_CASE("predictive coding, contrastive Hebbian learning and equilibrium propagation come as close to backprop as their limit: an output of large variance, "
          "weak feedback") {
  MemorySource source = teacher();
  for (const std::string activation : {"tanh", "softplus"})
    for (const std::vector<int64_t>& hidden : {std::vector<int64_t>{}, {20}, {12, 9}}) {
      Model model(dense(hidden, activation), 30, 10);
      initialise(model, Options(), {}, 3);
      const std::vector<double> exact = direction(model, source, plugin("learning_rule", "backprop"), 3);
      double before = 1e300;
      for (const double variance : {1.0, 30.0, 1000.0}) {
        const double error = relative_difference(
            direction(model, source, plugin("learning_rule", "predictive_coding", {{"output_variance", variance}, {"iterations", int64_t{200}}}), 3), exact);
        if (!hidden.empty()) CHECK(error < before);
        before = error;
      }
      CHECK_MESSAGE(before < 0.01, activation, ", ", hidden.size(), " hidden layers");  // of the order of |W|^2 / variance
      for (const std::string rule : {"contrastive_hebbian", "equilibrium_propagation"}) {
        before = 1e300;
        for (const double feedback : {0.3, 0.1, 0.03}) {
          const double error = relative_difference(direction(model, source, plugin("learning_rule", rule, {{"feedback", feedback}}), 3), exact);
          if (!hidden.empty()) CHECK(error < before);
          before = error;
        }
        CHECK_MESSAGE(before < 0.15, rule, ", ", activation, ", ", hidden.size(), " hidden layers");  // of the order of the feedback, 0.03
      }
    }
}

namespace {

/// The loss (mse) of a network of tanh layers that has settled, in double and by its equations alone: x_l = f(x_{l-1} W_l + b_l + feedback x_{l+1} W_{l+1}^T).
double settled_loss(const Model& model, const std::vector<double>& theta, const std::vector<float>& X, const std::vector<float>& T, double feedback) {
  const std::vector<LayerInfo>& layers = model.layers();
  const auto width = static_cast<size_t>(model.inputs()), outputs = static_cast<size_t>(model.outputs());
  const auto weight = [&](size_t l, size_t i, size_t j) { return theta[static_cast<size_t>(layers[l].weight_offset + static_cast<int64_t>(i) * layers[l].outputs) + j]; };
  double sum = 0;
  for (size_t sample = 0; sample < X.size() / width; ++sample) {
    std::vector<std::vector<double>> x{{X.begin() + static_cast<long>(sample * width), X.begin() + static_cast<long>((sample + 1) * width)}};
    for (const LayerInfo& layer : layers) x.emplace_back(static_cast<size_t>(layer.outputs), 0.0);
    for (int sweep = 0; sweep < 300; ++sweep)
      for (size_t l = 0; l < layers.size(); ++l)
        for (size_t j = 0; j < x[l + 1].size(); ++j) {
          double z = theta[static_cast<size_t>(layers[l].bias_offset) + j];
          for (size_t i = 0; i < x[l].size(); ++i) z += x[l][i] * weight(l, i, j);
          if (l + 1 < layers.size())
            for (size_t k = 0; k < x[l + 2].size(); ++k) z += feedback * x[l + 2][k] * weight(l + 1, j, k);
          x[l + 1][j] = l + 1 < layers.size() ? std::tanh(z) : z;
        }
    for (size_t j = 0; j < outputs; ++j) {
      const double error = x.back()[j] - static_cast<double>(T[sample * outputs + j]);
      sum += error * error;
    }
  }
  return sum / static_cast<double>(T.size());
}

}  // namespace

TEST_CASE("equilibrium propagation gives the gradient of the settled state's loss: its error falls with beta, with its square where both ways are nudged") {
  const std::vector<float> X = gaussian(12 * 4, 1), T = gaussian(12 * 3, 2);
  MemorySource source(4, 3);
  source.set(Split::train, X, T);
  Model model(dense({6, 5}), 4, 3);
  initialise(model, Options(), {}, 3);
  for (float& w : model.theta()) w *= 0.4f;  // one state to settle in, also where layers see one another at full strength
  for (const double feedback : {0.3, 1.0}) {
    std::vector<double> exact = central_differences({model.theta().begin(), model.theta().end()}, [&](const std::vector<double>& theta) {
      return settled_loss(model, theta, X, T, feedback);
    });
    for (double& slope : exact) slope = -slope;
    // It is not that of the forward pass.
    CHECK(relative_difference(direction(model, source, plugin("learning_rule", "backprop"), 3), exact) > 0.05);
    for (const bool symmetric : {false, true}) {
      std::vector<double> errors;
      for (const double beta : {0.2, 0.1, 0.05})
        errors.push_back(relative_difference(
            direction(model, source, plugin("learning_rule", "equilibrium_propagation", {{"beta", beta}, {"feedback", feedback}, {"symmetric", symmetric}, {"iterations", int64_t{200}}}), 3),
            exact));
      CAPTURE(feedback);
      CAPTURE(symmetric);
      const double order = symmetric ? 4 : 2;
      CHECK(errors[0] / errors[1] == doctest::Approx(order).epsilon(0.15));
      CHECK(errors[1] / errors[2] == doctest::Approx(order).epsilon(0.15));
      CHECK(errors[2] < (symmetric ? 0.01 : 0.1));
    }
  }
}

TEST_CASE("predictive coding, contrastive Hebbian learning and equilibrium propagation learn, with the output moved all the way or a little") {
  for (const char* name : {"predictive_coding", "contrastive_hebbian", "equilibrium_propagation"}) {
    MemorySource source = teacher();
    Model model(dense({20}, "tanh"), 30, 10);
    Options options(plugin("learning_rule", name), adam(0.01));
    options.batch = 20, options.epochs = 30;
    initialise(model, options, {}, 3);
    const double before = evaluate_loss(model, source, Split::train);
    CHECK(train(model, source, options, {}, 3).train_loss < 0.1 * before);
  }
}

TEST_CASE("a rule that relaxes layers says what it needs") {
  MemorySource source(3, 1, 5);
  source.set(Split::train, gaussian(30, 1), gaussian(10, 2));
  Model model(plugin("approximator", "recurrent"), 3, 1);
  CHECK(contains(error_of([&] { train(model, source, Options(plugin("learning_rule", "predictive_coding")), {}, 1); }), "choose dense"));
}

TEST_CASE("class_assignment counts: an input belongs to the class in which it is most active on average, whatever the batches and the optimizer") {
  // Input 0 fires for class 1; input 1 more often in all for class 0, of which there are more samples, but most for class 2; input 2 never; input 3 for
  // class 0; input 4 for class 0 as well.
  const std::vector<float> X = {0, 1, 0, 2, 1, 1, 1, 0, 3, 0, 0, 1, 0, 2, 1, 5, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 1, 0};
  const std::vector<float> Y = {1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0};
  const std::vector<float> wanted = {0, 1, 0, 0, 0, 1, 0, 0, 0, 0.5f, 0, 0, 0.5f, 0, 0};
  for (const int64_t batch : {1, 4, 6})
    for (const PluginValue& optimizer : {adam(0.01), sgd(1)}) {
      MemorySource source(5, 3);
      source.set(Split::train, X, Y);
      Options options(plugin("learning_rule", "class_assignment"), optimizer);
      options.epochs = 2, options.batch = batch;
      Model model(dense({}), 5, 3);
      initialise(model, options, {}, 3);
      train(model, source, options, {}, 3);
      const auto weights = model.weights(0);
      CHECK(std::vector<float>(weights.begin(), weights.end()) == wanted);
      for (int64_t c = 0; c < 3; ++c) CHECK(model.theta()[static_cast<size_t>(model.layers()[0].bias_offset + c)] == 0);
    }
  MemorySource source(5, 3);
  source.set(Split::train, X, Y);
  Options options(plugin("learning_rule", "class_assignment"), sgd(1));
  Model deep(dense({4}), 5, 3), without(dense({}, "tanh", "linear", 0, false), 5, 3);
  CHECK(contains(error_of([&] { train(deep, source, options, {}, 3); }), "hidden = []"));
  CHECK(contains(error_of([&] { train(without, source, options, {}, 3); }), "bias = true"));
}
