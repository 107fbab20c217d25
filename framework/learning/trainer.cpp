#include "proxon/learning/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "proxon/base/progress.hpp"
#include "proxon/learning/steps.hpp"

namespace proxon {
namespace {

constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

/// The order in which an epoch meets the samples: Fisher & Yates, a function of (seed, epoch) alone.
void permute(std::vector<int64_t>& order, uint64_t seed, int64_t epoch) {
  std::iota(order.begin(), order.end(), 0);
  Stream stream(Key{seed, purpose("learning/shuffle")}, 0, static_cast<uint64_t>(epoch));
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[stream.below(static_cast<uint32_t>(i))]);
}

/// Mean loss over a split.
double mean_loss(BatchPass& pass, SampleSource& source, Split split, int64_t batch, std::vector<int64_t>& numbers) {
  const int64_t n = source.samples(split);
  if (n == 0) return no_value;
  double sum = 0;
  for (int64_t first = 0; first < n; first += batch) {
    numbers.resize(static_cast<size_t>(std::min(batch, n - first)));
    std::iota(numbers.begin(), numbers.end(), first);
    pass.load(source, split, numbers, 0);
    sum += pass.forward(false);
    pass.check_plugin();
  }
  return sum / static_cast<double>(n * (source.steps() - source.burn_in()));
}

/// Samples that are looked at together when nothing trains: some hundred rows.
int64_t looking_batch(const SampleSource& source) { return std::max<int64_t>(1, 256 / source.steps()); }

void check_shapes(const Model& model, const SampleSource& source) {
  if (model.inputs() != source.inputs() || model.outputs() != source.outputs())
    fail("the model has {} inputs and {} outputs, the samples have {} and {}", model.inputs(), model.outputs(), source.inputs(), source.outputs());
}

void check_options(const TrainingOptions& options, const SampleSource& source) {
  const int64_t n = source.samples(Split::train);
  if (n == 0) fail("there are no training samples: make the training part of the split, or the recording, longer");
  if (n > int64_t{UINT32_MAX} && options.shuffle) fail("{} training samples are too many to shuffle: set shuffle = false", n);
  if (options.batch < 1) fail("batch = {} must be at least 1", options.batch);
  if (options.step_epochs < 1) fail("step_epochs = {} must be at least 1", options.step_epochs);
  for (const auto& [name, value] : {std::pair{"L1", options.L1}, {"L2", options.L2}, {"gradient_clip", options.gradient_clip},
                                    {"structural", options.structural}, {"epochs", static_cast<double>(options.epochs)},
                                    {"patience", static_cast<double>(options.patience)}})
    if (!(value >= 0)) fail("{} = {:g} must be 0 or above", name, value);
}

bool finite(std::span<const float> theta) {
  return std::all_of(theta.begin(), theta.end(), [](float w) { return std::isfinite(w); });
}

/// The weights to go back to: the best so far with early stopping, else those of the last whole epoch.
struct Kept {
  Column<float> theta;
  TrainingResult result;
  double best = std::numeric_limits<double>::infinity();
};

}  // namespace

double schedule_factor(const TrainingOptions& options, int64_t epoch) {
  if (epoch < options.warmup_epochs) return static_cast<double>(epoch + 1) / static_cast<double>(options.warmup_epochs + 1);
  const auto since = static_cast<double>(epoch - options.warmup_epochs);
  if (options.schedule == "constant" || options.schedule == "plateau") return 1;
  if (options.schedule == "step") return std::pow(options.step_factor, std::floor(since / static_cast<double>(options.step_epochs)));
  if (options.schedule != "cosine") fail("schedule '{}' is unknown: choose constant, cosine, step or plateau", options.schedule);
  const auto span = static_cast<double>(std::max<int64_t>(1, options.epochs - options.warmup_epochs));
  return 0.5 * (1 + std::cos(3.141592653589793 * since / span));
}

double evaluate_loss(const Model& model, SampleSource& source, Split split) {
  check_shapes(model, source);
  Model copy = model;
  const int64_t batch = looking_batch(source);
  BatchPass pass(copy, source, batch, 0);
  std::vector<int64_t> numbers;
  return mean_loss(pass, source, split, batch, numbers);
}

struct Predictor::State {
  Model model;
  BatchPass pass;
  State(const Model& of, const SampleSource& source, int64_t most) : model(of), pass(model, source, most, 0) {}
};

Predictor::Predictor(const Model& model, const SampleSource& source, int64_t most) : state_(std::make_unique<State>(model, source, most)) {}
Predictor::~Predictor() = default;

std::pair<std::span<const float>, std::span<const float>> Predictor::operator()(SampleSource& source, Split split, std::span<const int64_t> numbers) {
  BatchPass& pass = state_->pass;
  pass.load(source, split, numbers, 0);
  pass.forward(false);
  pass.check_plugin();
  const auto n = static_cast<size_t>(pass.rows() * state_->model.outputs());
  return {{pass.Y(), n}, {pass.predictions(), n}};
}

TrainingResult train(Model& model, SampleSource& source, const TrainingOptions& options, const BiologicalWeights& biology, uint64_t seed,
                     const std::function<void(const EpochRecord&)>& each_epoch) {
  check_shapes(model, source);
  check_options(options, source);
  model.set_common_loss(options.loss);
  const std::unique_ptr<TrainingStep> step = make_step(model, options, biology, seed);

  // Everything that is needed is allocated here.
  const int64_t n = source.samples(Split::train), batch = std::min(options.batch, n);
  const bool validates = source.samples(Split::validation) > 0;
  BatchPass pass(model, source, batch, seed, step->looks_at_input());
  const int64_t validation_batch = validates ? std::max(batch, looking_batch(source)) : 1;
  BatchPass validation(model, source, validation_batch, seed);
  std::vector<int64_t> order(static_cast<size_t>(n)), numbers;
  std::iota(order.begin(), order.end(), 0);
  numbers.reserve(static_cast<size_t>(validation_batch));
  Kept kept;
  kept.theta.assign(model.theta().begin(), model.theta().end());
  kept.result.train_loss = kept.result.validation_loss = no_value;

  const auto not_finite = [&](const char* which, int64_t epoch) {
    fail("the {} loss is no longer a finite number in epoch {}: lower the learning rate, set gradient_clip = 1, or look for NaN and very large "
         "values in the data (the model keeps the weights of epoch {})",
         which, epoch, kept.result.best_epoch);
  };

  int64_t steps = 0, epoch = 0, best_watched_at = 0;
  double best_watched = std::numeric_limits<double>::infinity(), plateau = 1;
  try {
    while (epoch < options.epochs) {
      // One pass over the samples.
      if (options.shuffle) permute(order, seed, epoch);
      const double factor = plateau * schedule_factor(options, epoch);
      ++epoch;
      double sum = 0;
      for (int64_t first = 0; first < n; first += batch) {
        stop_if_interrupted("fit");
        const int64_t rows = std::min(batch, n - first);
        pass.load(source, Split::train, {order.data() + first, static_cast<size_t>(rows)}, steps++);
        sum += step->run(pass, factor);
        if (!std::isfinite(sum)) not_finite("training", epoch);
      }
      if (!finite(model.theta())) not_finite("training", epoch);
      const double train_loss = sum / static_cast<double>(n * (source.steps() - source.burn_in()));
      const double validation_loss = mean_loss(validation, source, Split::validation, validation_batch, numbers);
      if (validates && !std::isfinite(validation_loss)) not_finite("validation", epoch);

      // What is worth keeping.
      const double watched = validates ? validation_loss : train_loss;
      if (options.patience == 0 || watched < kept.best) {
        std::copy(model.theta().begin(), model.theta().end(), kept.theta.begin());
        kept.result.best_epoch = epoch;
        kept.result.train_loss = train_loss;
        kept.result.validation_loss = validation_loss;
        kept.best = watched;
      }
      if (watched < best_watched) {
        best_watched = watched;
        best_watched_at = epoch;
      } else if (options.schedule == "plateau" && epoch - best_watched_at >= options.step_epochs) {
        plateau *= options.step_factor;
        best_watched_at = epoch;
      }
      if (each_epoch) each_epoch({epoch, train_loss, validation_loss, step->learning_rate() * factor});
      if (options.patience > 0 && epoch - kept.result.best_epoch >= options.patience) break;
    }
  } catch (...) {
    std::copy(kept.theta.begin(), kept.theta.end(), model.theta().begin());
    throw;
  }
  std::copy(kept.theta.begin(), kept.theta.end(), model.theta().begin());
  kept.result.epochs = epoch;
  kept.result.ended = epoch < options.epochs ? fmt::format("early stopping after epoch {}, best was {}", epoch, kept.result.best_epoch)
                                             : fmt::format("all {} epochs", options.epochs);
  return kept.result;
}

}  // namespace proxon
