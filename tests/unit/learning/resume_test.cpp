// A training that goes on from a checkpoint, with another number of threads, is equal to the bit to one without a break.
#include "support.hpp"

#include <set>

using namespace proxon;
using namespace proxon::testing;

namespace {

struct Run {
  Model model;
  std::vector<EpochRecord> curve;
  TrainingResult result;
};

/// Everything that a training leaves, as bytes.
std::string bits(const Run& run) {
  std::string all;
  const auto add = [&](const void* data, size_t bytes) { all.append(static_cast<const char*>(data), bytes); };
  add(run.model.theta().data(), run.model.theta().size_bytes());
  for (const EpochRecord& row : run.curve) add(&row, sizeof row);
  for (const double loss : {run.result.train_loss, run.result.validation_loss}) add(&loss, sizeof loss);
  return all + fmt::format("{} {} {}", run.result.epochs, run.result.best_epoch, run.result.ended);
}

/// Trains with a checkpoint before every batch, and then once more from each of `stops` of them (spread over the training), with 1 and with 3 threads.
void check_resumed(const Model& begin, MemorySource& source, Options options, int64_t stops, uint64_t seed = 5) {
  options.checkpoint_interval = 1e-9;
  set_threads(1);
  struct Break {
    Checkpoint state;
    std::vector<EpochRecord> curve;
  };
  std::vector<Break> breaks;
  Run whole{begin, {}, {}};
  const auto note_of = [](Run& run) { return [&run](const EpochRecord& epoch) { run.curve.push_back(epoch); }; };
  whole.result = train(whole.model, source, options, {}, seed, note_of(whole), {.keep = [&](Checkpoint state) { breaks.push_back({std::move(state), whole.curve}); }});
  const int64_t batches = (source.samples(Split::train) - 1) / options.batch + 1;
  REQUIRE(static_cast<int64_t>(breaks.size()) == whole.result.epochs * batches);

  for (int64_t stop = 0; stop < stops; ++stop) {
    const auto number = static_cast<size_t>(stop * static_cast<int64_t>(breaks.size() - 1) / (stops - 1));
    CAPTURE(number);
    const Break& at = breaks[number];
    CHECK(at.state.step == static_cast<int64_t>(number));
    for (const int threads : {1, 3}) {
      set_threads(threads);
      Run rest{begin, at.curve, {}};
      for (float& w : rest.model.theta()) w = 99;  // nothing is taken from the model's own weights
      rest.result = train(rest.model, source, options, {}, seed, note_of(rest), {.from = &at.state, .keep = {}});
      CHECK(bits(rest) == bits(whole));
    }
  }
  set_threads(1);
}

/// A noisy task whose validation loss rises in the end.
MemorySource noisy(int64_t inputs, int64_t outputs, int64_t n, int64_t validation) {
  MemorySource source(inputs, outputs);
  for (const auto& [split, rows, key] : {std::tuple{Split::train, n, 1u}, {Split::validation, validation, 2u}}) {
    const std::vector<float> X = gaussian(rows * inputs, 10 + key), E = gaussian(rows * outputs, 20 + key);
    std::vector<float> Y;
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t j = 0; j < outputs; ++j)
        Y.push_back(std::tanh(X[static_cast<size_t>(row * inputs + j % inputs)]) + 0.8f * E[static_cast<size_t>(row * outputs + j)]);
    source.set(split, X, Y);
  }
  return source;
}

Model begin_of(const PluginValue& approximator, const MemorySource& source, const Options& options) {
  Model model(approximator, source.inputs(), source.outputs());
  initialise(model, options, {}, 5);
  return model;
}

}  // namespace

TEST_CASE("a training goes on from any batch with every optimizer") {
  MemorySource source = noisy(4, 2, 50, 20);
  int64_t optimizers = 0;
  for (const FoundPlugin& found : registry().found()) {
    if (found.kind != "optimizer") continue;
    CAPTURE(found.name);
    Options options(plugin("learning_rule", "backprop"), found.name == "sgd" ? sgd(0.05, 0.9) : plugin("optimizer", found.name));
    options.epochs = 5, options.batch = 12, options.L1 = 1e-4, options.gradient_clip = 0.5;
    check_resumed(begin_of(dense({7}), source, options), source, options, 7);
    ++optimizers;
  }
  CHECK(optimizers >= 6);
}

TEST_CASE("a training goes on with every schedule, with and without early stopping and validation samples") {
  for (const std::string schedule : {"constant", "cosine", "step", "plateau"})
    for (const int64_t patience : {0, 4})
      for (const int64_t validation : {0, 30}) {
        CAPTURE(schedule);
        CAPTURE(patience);
        CAPTURE(validation);
        MemorySource source = noisy(3, 1, 30, validation);
        Options options(plugin("learning_rule", "backprop"), adam(0.05));
        options.epochs = 14, options.batch = 8, options.schedule = schedule, options.step_epochs = 2, options.step_factor = 0.5, options.warmup_epochs = 2;
        options.patience = patience, options.shuffle = patience == 0;
        check_resumed(begin_of(dense({9}), source, options), source, options, 9);
      }
}

TEST_CASE("early stopping and the plateau schedule come to act in what is tested of them") {
  MemorySource source = noisy(3, 1, 30, 30);
  Options options(plugin("learning_rule", "backprop"), adam(0.05));
  options.epochs = 14, options.batch = 8, options.schedule = "plateau", options.step_epochs = 2, options.step_factor = 0.5;
  Model model = begin_of(dense({9}), source, options);
  std::set<double> rates;
  train(model, source, options, {}, 5, [&](const EpochRecord& epoch) { rates.insert(epoch.learning_rate); });
  CHECK(rates.size() > 2);
  options.patience = 4;
  model = begin_of(dense({9}), source, options);
  const TrainingResult result = train(model, source, options, {}, 5);
  CHECK(result.epochs < 14);
  CHECK(result.best_epoch < result.epochs);
}

TEST_CASE("a training goes on with dropout, through time, and with every rule that is kept from step to step") {
  {
    MemorySource source = noisy(4, 2, 50, 20);
    Options options;
    options.epochs = 4, options.batch = 12;
    check_resumed(begin_of(dense({20, 10}, "relu", "linear", 0.3), source, options), source, options, 7);
    for (const char* rule : {"feedback_alignment", "direct_feedback_alignment", "predictive_coding", "contrastive_hebbian", "equilibrium_propagation"}) {
      CAPTURE(rule);
      Options other(plugin("learning_rule", rule), adam(0.01));
      other.epochs = 3, other.batch = 12;
      check_resumed(begin_of(dense({8}), source, other), source, other, 5);
    }
  }
  MemorySource source(2, 1, 6, 1);
  source.set(Split::train, gaussian(20 * 6 * 2, 1), gaussian(20 * 6, 2));
  source.set(Split::validation, gaussian(8 * 6 * 2, 3), gaussian(8 * 6, 4));
  Options options(plugin("learning_rule", "e_prop", {{"feedback", std::string("random")}}), adam(0.01));
  options.epochs = 4, options.batch = 8;
  const PluginValue gru = plugin("approximator", "recurrent", {{"cell", std::string("gru")}, {"units", std::vector<int64_t>{6}}, {"dropout", 0.2}});
  check_resumed(begin_of(gru, source, options), source, options, 7);
}

TEST_CASE("a training goes on with local rules, and with what their synapses and neurons remember") {
  MemorySource source = noisy(6, 3, 40, 10);
  for (const char* rule : {"hebb", "oja", "bcm", "covariance", "sanger"}) {
    CAPTURE(rule);
    Options options(plugin("learning_rule", rule), adam(0.01));
    options.epochs = 3, options.batch = 7;
    check_resumed(begin_of(dense({5}, "tanh", "linear", 0, false), source, options), source, options, 7);
  }
}

TEST_CASE("two threads' worth of weights go on as well") {
  MemorySource source = noisy(40, 30, 24, 8);
  Options options;
  options.epochs = 2, options.batch = 10;
  check_resumed(begin_of(dense({300, 200}), source, options), source, options, 3);
}

TEST_CASE("a checkpoint of another model, optimizer or number of samples is refused in a sentence") {
  MemorySource source = noisy(4, 2, 50, 20);
  Options options;
  options.epochs = 2, options.batch = 12, options.checkpoint_interval = 1e-9;
  Checkpoint last;
  Model model = begin_of(dense({7}), source, options);
  train(model, source, options, {}, 5, {}, {.keep = [&](Checkpoint state) { last = std::move(state); }});
  REQUIRE(last.step == 9);
  const auto refusal = [&](const PluginValue& approximator, MemorySource& samples, const Options& with) {
    Model other = begin_of(approximator, samples, with);
    return error_of([&] { train(other, samples, with, {}, 5, {}, {.from = &last, .keep = {}}); });
  };
  CHECK(refusal(dense({7}), source, options) == "");
  CHECK(contains(refusal(dense({8}), source, options), "it belongs to another experiment"));
  Options rmsprop(plugin("learning_rule", "backprop"), plugin("optimizer", "rmsprop"));
  CHECK(contains(refusal(dense({7}), source, rmsprop), "has no 'optimizer/"));
  MemorySource fewer = noisy(4, 2, 20, 20);
  CHECK(contains(refusal(dense({7}), fewer, options), "at sample 48 of 20"));
}

TEST_CASE("no checkpoint is made where nobody asks for one, and none while it runs where the interval is 0 or long") {
  MemorySource source = noisy(4, 2, 50, 20);
  Options options;
  options.epochs = 2, options.batch = 12;
  for (const double interval : {0.0, 1e9}) {
    options.checkpoint_interval = interval;
    int64_t kept = 0;
    Model model = begin_of(dense({7}), source, options);
    train(model, source, options, {}, 5, {}, {.keep = [&](Checkpoint) { ++kept; }});
    CHECK(kept == 0);
  }
}
