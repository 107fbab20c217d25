// Models trained together: every one must be what it is alone, to the bit.
#include "support.hpp"

#include <cstring>
#include <list>

#include "proxon/learning/train_together.hpp"

using namespace proxon;
using namespace proxon::testing;

namespace {

bool same_bits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }

MemorySource make_source(int64_t inputs, int64_t outputs, int64_t n, int64_t validation, bool counts = false) {
  MemorySource source(inputs, outputs);
  const auto targets = [&](int64_t rows, uint64_t seed) {
    std::vector<float> Y = gaussian(rows * outputs, seed);
    for (float& y : Y) y = counts ? 1 / (1 + std::exp(-y)) : y;
    return Y;
  };
  source.set(Split::train, gaussian(n * inputs, 61), targets(n, 62));
  source.set(Split::validation, gaussian(validation * inputs, 63), targets(validation, 64));
  return source;
}

/// Trains every model alone and all together, and compares weights, curves, results and errors. Gives how many failed.
int64_t compare(const PluginValue& approximator, MemorySource source, const std::list<Options>& options, const std::vector<uint64_t>& seeds,
                const BiologicalWeights& biology = {}) {
  std::vector<Model> alone, at_once(options.size(), Model(approximator, source.inputs(), source.outputs()));
  std::vector<Together> members;
  size_t m = 0;
  for (const Options& own : options) {
    at_once[m].set_common_loss(own.loss);
    initialise(at_once[m], own, biology, seeds[m % seeds.size()]);
    members.push_back({.model = &at_once[m], .options = &own, .seed = seeds[m % seeds.size()]});
    ++m;
  }
  alone = at_once;
  REQUIRE(train_together(members, source, biology));
  m = 0;
  int64_t failed = 0;
  for (const Options& own : options) {
    CAPTURE(m);
    std::vector<EpochRecord> curve;
    TrainingResult result;
    const std::string error = error_of([&] {
      result = train(alone[m], source, own, biology, seeds[m % seeds.size()], [&](const EpochRecord& epoch) { curve.push_back(epoch); });
    });
    const Together& together = members[m];
    CHECK(together.error == error);
    CHECK(std::memcmp(std::as_const(alone[m]).theta().data(), std::as_const(at_once[m]).theta().data(), alone[m].theta().size_bytes()) == 0);
    REQUIRE(together.curve.size() == curve.size());
    for (size_t e = 0; e < curve.size(); ++e) {
      CHECK(together.curve[e].epoch == curve[e].epoch);
      CHECK(same_bits(together.curve[e].train_loss, curve[e].train_loss));
      CHECK(same_bits(together.curve[e].validation_loss, curve[e].validation_loss));
      CHECK(same_bits(together.curve[e].learning_rate, curve[e].learning_rate));
    }
    failed += !error.empty();
    if (error.empty()) {
      CHECK(together.result.ended == result.ended);
      CHECK((together.result.epochs == result.epochs && together.result.best_epoch == result.best_epoch));
      CHECK((same_bits(together.result.train_loss, result.train_loss) && same_bits(together.result.validation_loss, result.validation_loss)));
    }
    ++m;
  }
  return failed;
}

Options short_training(PluginValue optimizer) {
  Options options(plugin("learning_rule", "backprop"), std::move(optimizer));
  options.epochs = 7, options.batch = 5;
  return options;
}

}  // namespace

TEST_CASE("models trained together are those trained alone, with every optimizer, at rates, seeds and numbers of their own") {
  for (const std::string optimizer : {"sgd", "adam", "adamw", "nadam", "adagrad", "rmsprop"}) {
    CAPTURE(optimizer);
    std::list<Options> options;
    // More than two vectors hold, so that one is not full.
    for (int m = 0; m < 37; ++m) {
      Options& own = options.emplace_back(short_training(plugin("optimizer", optimizer, {{"learning_rate", 0.002 * (1 + m % 5)}})));
      own.L1 = m % 3 == 0 ? 1e-3 : 0, own.L2 = 1e-3 * m, own.gradient_clip = m % 4 == 1 ? 0.05 : 0;
      own.shuffle = m % 7 != 0, own.epochs = 3 + m % 5;
      own.init = m % 2 ? "glorot_uniform" : "he_normal";
      own.schedule = m % 3 == 0 ? "cosine" : m % 3 == 1 ? "plateau" : "step", own.step_epochs = 2, own.warmup_epochs = m % 2;
    }
    CHECK(compare(dense({3, 4}), make_source(2, 3, 33, 21), options, {1, 1, 2, 3, 99}) == 0);
  }
}

TEST_CASE("models trained together are those trained alone, whatever the activation, the loss and the shape") {
  const auto run = [](const PluginValue& approximator, const char* loss, int64_t inputs, int64_t outputs, int64_t n, int64_t batch, bool counts) {
    std::list<Options> options;
    for (int m = 0; m < 17; ++m) options.emplace_back(short_training(adam(0.003 * (1 + m)))).loss = loss, options.back().batch = batch, options.back().epochs = 3;
    CHECK(compare(approximator, make_source(inputs, outputs, n, 40, counts), options, {5, 6}) == 0);
  };
  for (const std::string activation : {"tanh", "relu", "sigmoid", "softplus", "linear"}) {
    CAPTURE(activation);
    run(dense({2}, activation), "mse", 1, 1, 40, 16, false);
    run(dense({5}, activation, activation), "mse", 3, 2, 40, 16, false);
    run(dense({4, 3}, activation, "linear", 0, false), "bce", 3, 2, 40, 7, true);
  }
  run(dense({2}), "poisson", 1, 1, 40, 16, true);
  run(dense({2}, "tanh", "sigmoid"), "poisson", 1, 1, 40, 16, true);
  run(dense({}), "mse", 4, 2, 12, 5, false);
  run(dense({2}), "mse", 1, 1, 1, 32, false);
  // Sums over more than one block of a product, products that are packed, and a loss over more than one piece.
  run(dense({3}), "mse", 300, 2, 300, 290, false);
  run(dense({40}), "mse", 20, 1, 64, 32, false);
  run(dense({2}), "mse", 1, 40, 300, 256, false);
}

TEST_CASE("a model that diverges fails alone, with the words that it has alone") {
  std::list<Options> options;
  for (int m = 0; m < 20; ++m) options.emplace_back(short_training(sgd(m == 3 || m == 17 ? 1e20 : 0.01)));
  CHECK(compare(dense({3}, "relu"), make_source(2, 1, 30, 10), options, {1, 2}) == 2);
  // The first of them, which is the one that is also trained alone.
  options.front().optimizer_value = sgd(1e30);
  CHECK(compare(dense({3}, "relu"), make_source(2, 1, 30, 0), options, {1, 2}) == 3);
}

TEST_CASE("early stopping ends each model at its own epoch") {
  std::list<Options> options;
  for (int m = 0; m < 24; ++m) {
    options.emplace_back(short_training(adam(m % 2 ? 0.3 : 0.02)));
    options.back().epochs = m == 5 ? 0 : 40, options.back().patience = m == 6 ? 0 : 1 + m % 4;
  }
  CHECK(compare(dense({4}), make_source(1, 1, 20, 15), options, {1, 2, 3}) == 0);
}

TEST_CASE("the structural term and the mean bias go along") {
  const std::vector<float> phi = gaussian(6, 71);
  const BiologicalWeights biology{phi, phi, 2, 3};
  std::list<Options> options;
  for (int m = 0; m < 9; ++m) options.emplace_back(short_training(adam(0.01))).structural = 0.1 * m, options.back().init = "connectome";
  CHECK(compare(dense({}), make_source(2, 3, 20, 5), options, {4, 5}, biology) == 0);
}

TEST_CASE("what is no chain of dense layers, or learns otherwise, is not trained together and stays as it was") {
  MemorySource source = make_source(2, 2, 20, 5);
  const auto refused = [&](const PluginValue& approximator, const PluginValue& rule) {
    Options options(rule, adam(0.01));
    options.epochs = 2, options.batch = 5;
    std::vector<Model> models(3, Model(approximator, 2, 2));
    std::vector<Together> members;
    for (Model& model : models) {
      initialise(model, options, {}, 3);
      members.push_back({.model = &model, .options = &options});
    }
    const std::vector<float> before(models[0].theta().begin(), models[0].theta().end());
    const bool together = train_together(members, source, {});
    for (const Model& model : models) CHECK(std::equal(before.begin(), before.end(), model.theta().begin()));
    for (const Together& member : members) CHECK(member.curve.empty());
    return !together;
  };
  const PluginValue backprop = plugin("learning_rule", "backprop");
  CHECK(refused(dense({3}, "tanh", "linear", 0.2), backprop));
  CHECK(refused(plugin("approximator", "recurrent"), backprop));
  CHECK(refused(dense({3}), plugin("learning_rule", "feedback_alignment")));
  CHECK(refused(dense({3}), plugin("learning_rule", "predictive_coding")));
  CHECK(refused(dense({3}), plugin("learning_rule", "oja")));
}
