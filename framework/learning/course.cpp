#include "proxon/learning/course.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace proxon {
namespace {

bool finite(std::span<const float> theta) {
  return std::all_of(theta.begin(), theta.end(), [](float w) { return std::isfinite(w); });
}

}  // namespace

void permute(std::vector<int64_t>& order, uint64_t seed, int64_t epoch) {
  std::iota(order.begin(), order.end(), 0);
  shuffle(order, Stream(Key{seed, purpose("learning/shuffle")}, 0, static_cast<uint64_t>(epoch)));
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

double schedule_factor(const TrainingOptions& options, int64_t epoch) {
  if (epoch < options.warmup_epochs) return static_cast<double>(epoch + 1) / static_cast<double>(options.warmup_epochs + 1);
  const auto since = static_cast<double>(epoch - options.warmup_epochs);
  if (options.schedule == "constant" || options.schedule == "plateau") return 1;
  if (options.schedule == "step") return std::pow(options.step_factor, std::floor(since / static_cast<double>(options.step_epochs)));
  if (options.schedule != "cosine") fail("schedule '{}' is unknown: choose constant, cosine, step or plateau", options.schedule);
  const auto span = static_cast<double>(std::max<int64_t>(1, options.epochs - options.warmup_epochs));
  return 0.5 * (1 + std::cos(3.141592653589793 * since / span));
}

Course::Course(Model& model, const TrainingOptions& options, bool validates, const std::function<void(const EpochRecord&)>& each_epoch)
    : model_(model), options_(options), validates_(validates), each_epoch_(each_epoch), kept_(model.theta().begin(), model.theta().end()) {}

bool Course::begin_epoch() {
  if (ended_ || at_.epoch >= options_.epochs) return false;
  factor_ = at_.plateau * schedule_factor(options_, at_.epoch++);
  return true;
}

void Course::keep(Checkpoint& to) const {
  to.keep("course", &at_, sizeof at_);
  to.keep("course/theta", kept_.data(), kept_.size() * sizeof(float));
}

void Course::resume(const Checkpoint& from) {
  from.put_back("course", &at_, sizeof at_);
  from.put_back("course/theta", kept_.data(), kept_.size() * sizeof(float));
  factor_ = at_.plateau * schedule_factor(options_, at_.epoch - 1);
}

void Course::not_finite(const char* which) const {
  fail("the {} loss is no longer a finite number in epoch {}: lower the learning rate, set gradient_clip = 1 (of a rule that has gradients), or look for NaN and very large "
       "values in the data (the model keeps the weights of epoch {})",
       which, at_.epoch, at_.best_epoch);
}

void Course::check(double training_loss) const {
  if (!std::isfinite(training_loss)) not_finite("training");
}

void Course::end_epoch(double train_loss, double validation_loss, double learning_rate) {
  if (!finite(model_.theta())) not_finite("training");
  if (validates_ && !std::isfinite(validation_loss)) not_finite("validation");

  // What is worth keeping.
  const double watched = validates_ ? validation_loss : train_loss;
  if (options_.patience == 0 || watched < at_.best_kept) {
    std::copy(model_.theta().begin(), model_.theta().end(), kept_.begin());
    at_.best_epoch = at_.epoch;
    at_.train_loss = train_loss;
    at_.validation_loss = validation_loss;
    at_.best_kept = watched;
  }
  if (watched < at_.best_watched) {
    at_.best_watched = watched;
    at_.best_watched_at = at_.epoch;
  } else if (options_.schedule == "plateau" && at_.epoch - at_.best_watched_at >= options_.step_epochs) {
    at_.plateau *= options_.step_factor;
    at_.best_watched_at = at_.epoch;
  }
  if (each_epoch_) each_epoch_({at_.epoch, train_loss, validation_loss, learning_rate * factor_});
  ended_ = options_.patience > 0 && at_.epoch - at_.best_epoch >= options_.patience;
}

void Course::put_back() { std::copy(kept_.begin(), kept_.end(), model_.theta().begin()); }

TrainingResult Course::finish() {
  put_back();
  TrainingResult result{.epochs = at_.epoch, .best_epoch = at_.best_epoch, .train_loss = at_.train_loss, .validation_loss = at_.validation_loss, .ended = ""};
  result.ended = at_.epoch < options_.epochs ? fmt::format("early stopping after epoch {}, best was {}", at_.epoch, at_.best_epoch)
                                             : fmt::format("all {} epochs", options_.epochs);
  return result;
}

}  // namespace proxon
