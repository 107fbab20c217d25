#include "proxon/learning/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "proxon/base/progress.hpp"
#include "proxon/learning/course.hpp"
#include "proxon/learning/steps.hpp"

namespace proxon {
namespace {

constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

/// Mean loss over a split.
double mean_loss(BatchPass& pass, SampleSource& source, Split split, int64_t batch, std::vector<int64_t>& numbers) {
  const int64_t n = source.samples(split);
  if (n == 0) return no_value;
  double sum = 0;
  int64_t rows = 0;
  for (int64_t first = 0; first < n; first += batch) {
    numbers.resize(static_cast<size_t>(std::min(batch, n - first)));
    std::iota(numbers.begin(), numbers.end(), first);
    pass.load(source, split, numbers, 0);
    sum += pass.forward(false);
    pass.check_plugin();
    rows += pass.counted_rows();
  }
  return sum / static_cast<double>(rows);
}

void check_shapes(const Model& model, const SampleSource& source) {
  if (model.inputs() != source.inputs() || model.outputs() != source.outputs())
    fail("the model has {} inputs and {} outputs, the samples have {} and {}", model.inputs(), model.outputs(), source.inputs(), source.outputs());
}

/// How far a pass over the samples has come: plain numbers, as a checkpoint holds them.
struct InEpoch {
  int64_t first = 0;    ///< number of samples that have been met
  int64_t counted = 0;  ///< rows
  double sum = 0;       ///< of their losses
};

Checkpoint checkpoint(int64_t steps, const Model& model, TrainingStep& step, const Course& course, const InEpoch& at) {
  Checkpoint to{.step = steps, .columns = {}};
  to.keep("epoch", &at, sizeof at);
  to.keep("theta", model.theta().data(), model.theta().size_bytes());
  for (const KeptColumn& column : step.memory()) to.keep(column.name, column.values.data(), column.values.size_bytes());
  course.keep(to);
  return to;
}

void restore(const Checkpoint& from, Model& model, TrainingStep& step, Course& course, InEpoch& at) {
  from.put_back("epoch", &at, sizeof at);
  from.put_back("theta", model.theta().data(), model.theta().size_bytes());
  for (const KeptColumn& column : step.memory()) from.put_back(column.name, column.values.data(), column.values.size_bytes());
  course.resume(from);
}

/// Knows when a checkpoint is due, and hands it over.
class Keeper {
 public:
  Keeper(const std::function<void(Checkpoint)>& to, double interval_ms) : to_(to), interval_(interval_ms) {}
  bool is_due(bool last) const { return to_ && (last || (interval_.count() > 0 && Clock::now() - last_ >= interval_)); }
  void keep(Checkpoint state) {
    to_(std::move(state));
    last_ = Clock::now();
  }

 private:
  using Clock = std::chrono::steady_clock;
  const std::function<void(Checkpoint)>& to_;
  std::chrono::duration<double, std::milli> interval_;
  Clock::time_point last_ = Clock::now();
};

}  // namespace

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

int64_t Predictor::block(const Model& model, const SampleSource& source) {
  const auto& approximator = model.approximator();
  const int64_t floats = approximator.table().tape(approximator.object(), 1, source.steps()) + 1;
  return std::max<int64_t>(1, std::min(4096 / source.steps(), (int64_t{1} << 24) / floats));
}

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
                     const std::function<void(const EpochRecord&)>& each_epoch, const Resumption& resumption) {
  check_shapes(model, source);
  check_options(options, source);
  model.set_common_loss(options.loss);
  const std::unique_ptr<TrainingStep> step = make_step(model, options, biology, seed);

  if (source.varies() && step->looks_at_input())
    fail("learning_rule '{}' looks at every row alike, and samples of different length are padded: choose \"backprop\".", options.rule->name);

  // Everything that is needed is allocated here.
  const int64_t n = source.samples(Split::train), batch = std::min(options.batch, n);
  const bool validates = source.samples(Split::validation) > 0;
  BatchPass pass(model, source, batch, seed, step->looks_at_input(), options.memory);
  if (pass.piece() < batch && !step->goes_in_pieces())
    fail("training.memory = {} MB is less than the activities of a batch take, and learning_rule '{}' looks at all of them: raise it, or make the batch smaller.",
         options.memory, options.rule->name);
  const int64_t validation_batch = validates ? std::max(batch, looking_batch(source)) : 1;
  BatchPass validation(model, source, validation_batch, seed);
  std::vector<int64_t> order(static_cast<size_t>(n)), numbers;
  std::iota(order.begin(), order.end(), 0);
  numbers.reserve(static_cast<size_t>(validation_batch));
  Course course(model, options, validates, each_epoch);

  InEpoch at;
  int64_t steps = 0;
  const bool resumed = resumption.from != nullptr;
  if (resumed) {
    restore(*resumption.from, model, *step, course, at);
    steps = resumption.from->step;
    if (at.first < 0 || at.first >= n) fail("The checkpoint is at sample {} of {}: it belongs to another experiment. Begin anew, without --resume.", at.first, n);
  }
  Keeper keeper(resumption.keep, options.checkpoint_interval);
  try {
    for (bool within = resumed; within || course.begin_epoch(); within = false) {
      // One pass over the samples, or the rest of it.
      if (options.shuffle) permute(order, seed, course.epoch());
      if (!within) at = {};
      for (; at.first < n; at.first += batch) {
        const bool stop = interrupted();
        if (keeper.is_due(stop)) keeper.keep(checkpoint(steps, model, *step, course, at));
        if (stop) stop_as_interrupted("fit");
        const int64_t rows = std::min(batch, n - at.first);
        pass.load(source, Split::train, {order.data() + at.first, static_cast<size_t>(rows)}, steps++);
        at.sum += step->run(pass, course.factor());
        course.check(at.sum);
        at.counted += pass.counted_rows();
      }
      course.end_epoch(at.sum / static_cast<double>(at.counted),
                       mean_loss(validation, source, Split::validation, validation_batch, numbers), step->learning_rate());
    }
  } catch (...) {
    course.put_back();
    throw;
  }
  return course.finish();
}

}  // namespace proxon
