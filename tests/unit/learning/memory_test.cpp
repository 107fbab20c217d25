// Batches whose activities would take more memory than they may: they go in pieces, and the gradient is the same but for rounding.
#include "support.hpp"

using namespace proxon;
using namespace proxon::testing;

namespace {

constexpr int64_t inputs = 12, outputs = 3, samples = 20, steps = 15;

struct Case {
  std::string what;
  PluginValue approximator;
  int64_t steps;
  bool sparse;
  double rate = 0.1;
};

MemorySource source_of(const Case& c) {
  MemorySource source(inputs, outputs, c.steps, c.steps > 4 ? 3 : 0, c.sparse);
  std::vector<float> X = gaussian(samples * c.steps * inputs, 1);
  for (float& x : X) x = x > 0.7f;
  source.set(Split::train, X, gaussian(samples * c.steps * outputs, 2));
  return source;
}

struct Fitted {
  std::vector<float> theta;
  double first_loss;
};
Fitted fit(const Case& c, double megabytes) {
  MemorySource source = source_of(c);
  Model model(c.approximator, inputs, outputs);
  Options options(plugin("learning_rule", "backprop"), sgd(c.rate));
  options.epochs = 3, options.batch = 17, options.memory = megabytes;
  initialise(model, options, {}, 5);
  double first = 0;
  train(model, source, options, {}, 5, [&](const EpochRecord& epoch) {
    if (epoch.epoch == 1) first = epoch.train_loss;
  });
  return {{model.theta().begin(), model.theta().end()}, first};
}

}  // namespace

TEST_CASE("a batch that goes in pieces has the gradient of the whole, with the same dropout, and the same bits on 1, 2, 3 and 8 threads") {
  const std::vector<int64_t> units{24, 10};
  const Case cases[] = {{"dense", plugin("approximator", "dense", {{"hidden", units}, {"dropout", 0.3}}), 1, false},
                        {"gru", plugin("approximator", "recurrent", {{"cell", std::string("gru")}, {"units", units}, {"dropout", 0.3}, {"norm", std::string("layer")}}), steps, false},
                        {"lstm, events", plugin("approximator", "recurrent", {{"cell", std::string("lstm")}, {"units", units}}), steps, true},
                        {"spiking, events", plugin("approximator", "spiking", {{"units", units}, {"recurrent", true}, {"learn_tau", true}}), steps, true, 1e-3},  // small: rounding that makes a spike more is no longer rounding
                        {"spiking with a rate that it is drawn to", plugin("approximator", "spiking", {{"units", units}, {"rate_cost", 0.5}, {"rate_target", 100.0}}), steps, false, 1e-3},
                        {"convolutional", plugin("approximator", "convolutional", {{"filters", units}, {"kernel", std::vector<int64_t>{5, 3}}, {"dropout", 0.2}}), steps, false}};
  for (const Case& c : cases) {
    const Fitted whole = fit(c, 0), roomy = fit(c, 1000);
    CHECK_MESSAGE(roomy.theta == whole.theta, c.what);
    for (const double megabytes : {0.02, 1e-6}) {  // a few samples at a time; one
      const Fitted pieces = fit(c, megabytes);
      double worst = 0, largest = 0;
      for (size_t i = 0; i < whole.theta.size(); ++i) {
        worst = std::max(worst, static_cast<double>(std::fabs(pieces.theta[i] - whole.theta[i])));
        largest = std::max(largest, static_cast<double>(std::fabs(whole.theta[i])));
      }
      CHECK_MESSAGE(worst < 1e-5 * largest, c.what, ", ", megabytes, " MB");
      CHECK_MESSAGE(pieces.first_loss == doctest::Approx(whole.first_loss).epsilon(1e-5), c.what);
      for (const int count : {1, 2, 3, 8}) {
        set_threads(count);
        CHECK_MESSAGE(fit(c, megabytes).theta == pieces.theta, c.what, ", ", count, " threads");
      }
      set_threads(0);
    }
  }
}

TEST_CASE("what needs a whole batch says so where memory forbids one") {
  Options options(plugin("learning_rule", "backprop"), sgd(0.1));
  options.memory = 1e-6;
  const Case normed{"", plugin("approximator", "dense", {{"hidden", std::vector<int64_t>{8}}, {"norm", std::string("batch")}}), 1, false};
  MemorySource source = source_of(normed);
  Model model(normed.approximator, inputs, outputs);
  CHECK(contains(error_of([&] { train(model, source, options, {}, 1); }), "is a mean over the whole batch: raise it"));
  Options local(plugin("learning_rule", "oja"));
  local.memory = 1e-6;
  Model plain(plugin("approximator", "dense", {{"hidden", std::vector<int64_t>{8}}}), inputs, outputs);
  CHECK(contains(error_of([&] { train(plain, source, local, {}, 1); }), "'oja' looks at all of them"));
}
