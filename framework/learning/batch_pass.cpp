#include <algorithm>
#include <limits>
#include <utility>

#include "proxon/base/threads.hpp"
#include "proxon/learning/steps.hpp"

namespace proxon {

namespace {
/// How many samples of a batch keep to a limit of memory.
int64_t piece_of(const Model& model, int64_t batch, int64_t steps, double megabytes) {
  const auto& approximator = model.approximator();
  const auto fits = [&](int64_t n) { return 4e-6 * static_cast<double>(approximator.table().tape(approximator.object(), n, steps)) <= megabytes; };
  if (megabytes <= 0 || fits(batch)) return batch;
  for (const LayerInfo& layer : model.layers())
    if (layer.role == LayerRole::average)
      fail("training.memory = {} MB is less than the activities of a batch take, and '{}' is a mean over the whole batch: raise it, or make the batch smaller.",
           megabytes, layer.name.c_str());
  int64_t piece = batch;
  while (piece > 1 && !fits(piece)) piece = (piece + 1) / 2;
  return piece;
}
}  // namespace

BatchPass::BatchPass(Model& model, const SampleSource& source, int64_t batch, uint64_t seed, bool dense, double megabytes)
    : model_(model), key_{seed, purpose("learning/dropout")}, steps_(source.steps()), burn_in_(source.burn_in()),
      piece_(piece_of(model, batch, steps_, megabytes)), sparse_(source.sparse()),
      as_events_(sparse_ && !dense && model.approximator().table().takes_events && !(piece_ < batch && source.varies())) {
  const auto outputs = static_cast<size_t>(batch * steps_ * model.outputs());
  if (!as_events_) X_.resize(static_cast<size_t>(batch * steps_ * model.inputs()));
  // Zero, so that rows of the burn-in have no slope.
  for (Column<float>* column : {&Y_, &z_, &y_, &dz_}) column->assign(outputs, 0.f);
  const auto& approximator = model.approximator();
  tape_.resize(static_cast<size_t>(approximator.table().tape(approximator.object(), piece_, steps_)));
  if (piece_ < batch) part_.resize(model.theta().size());
  events_.resize(as_events_ ? static_cast<size_t>((batch - 1) / piece_ + 1) : 1);
  partial_.resize(static_cast<size_t>(batch * ((steps_ - 1) / model.loss().most_rows() + 1)) + 1);
  if (source.varies()) lengths_.resize(static_cast<size_t>(batch));
  if (approximator.table().counts_spikes) spike_counts_.resize(static_cast<size_t>(model.hidden_units()));
}

void BatchPass::load(SampleSource& source, Split split, std::span<const int64_t> numbers, int64_t step) {
  samples_ = static_cast<int64_t>(numbers.size());
  step_ = step;
  counted_rows_ = samples_ * (steps_ - burn_in_);
  if (!lengths_.empty()) {
    steps_ = source.steps_of(split, numbers);
    counted_rows_ = 0;
    for (size_t i = 0; i < numbers.size(); ++i) counted_rows_ += lengths_[i] = static_cast<int32_t>(source.length(split, numbers[i]));
  }
  if (as_events_) {
    for (int64_t first = 0; first < samples_; first += piece_)
      source.gather(split, numbers.subspan(static_cast<size_t>(first), static_cast<size_t>(samples_from(first))), events_[static_cast<size_t>(first / piece_)],
                    Y_.data() + first * steps_ * model_.outputs());
  } else if (sparse_) {
    source.gather(split, numbers, events_[0], Y_.data());
    events_[0].spread(X_.data(), model_.inputs());
  } else {
    source.gather(split, numbers, X_.data(), Y_.data());
  }
  model_.loss().check_targets(Y_.data(), rows());
}

void BatchPass::forward_piece(int64_t first, bool training, double* spike_counts) noexcept {
  ForwardPass pass{};
  pass.theta = model_.theta().data();
  pass.input = input_from(first);
  pass.events = events_from(first);
  pass.output = z_.data() + first * steps_ * model_.outputs();
  pass.tape = tape_.data();
  pass.batch = samples_from(first);
  pass.steps = steps_;
  pass.length = lengths_.empty() ? nullptr : lengths_.data() + first;
  pass.training = training;
  pass.step = step_;
  pass.first_sample = first;
  pass.spike_counts = spike_counts;
  pass.key = key_;
  const auto& approximator = model_.approximator();
  approximator.table().forward(approximator.object(), &learning_services(), &pass, &status_);
}

double BatchPass::forward(bool training) noexcept {
  std::fill(spike_counts_.begin(), spike_counts_.end(), 0.0);

  // Through the layers, up to what the last activation is taken of; the first piece last, since the way back begins with it.
  for (int64_t first = (samples_ - 1) / piece_ * piece_; first >= 0; first -= piece_)
    forward_piece(first, training, spike_counts_.empty() ? nullptr : spike_counts_.data());
  holds_first_ = training;
  if (status_.failed) return std::numeric_limits<double>::quiet_NaN();

  return loss(z_.data(), training ? dz_.data() : nullptr);
}

double BatchPass::loss_at(const float* z, float* slope) noexcept {
  if (burn_in_ > 0) std::fill_n(slope, rows() * model_.outputs(), 0.f);
  return loss(z, slope);
}

double BatchPass::loss(const float* z, float* dz) noexcept {
  if (!lengths_.empty()) return varying_loss(z, dz);

  // Activation, loss and its slope in one go: runs of rows without a gap, cut into blocks.
  const Loss& loss = model_.loss();
  const int64_t run_rows = burn_in_ > 0 ? steps_ - burn_in_ : rows(), runs = burn_in_ > 0 ? samples_ : 1;
  const int64_t block_rows = loss.most_rows(), blocks = (run_rows + block_rows - 1) / block_rows;
  const auto work = [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      const int64_t in_run = k % blocks * block_rows, row = burn_in_ > 0 ? k / blocks * steps_ + burn_in_ + in_run : in_run;
      const int64_t at = row * model_.outputs();
      partial_[static_cast<size_t>(k)] = loss.evaluate(z + at, Y_.data() + at, y_.data() + at, dz ? dz + at : nullptr,
                                                       std::min(block_rows, run_rows - in_run), counted_rows());
    }
  };
  if (runs * blocks == 1 || run_rows * runs <= block_rows)
    work(0, runs * blocks);
  else
    parallel_for(runs * blocks, 1, work);
  double sum = 0;
  for (int64_t k = 0; k < runs * blocks; ++k) sum += partial_[static_cast<size_t>(k)];
  return sum;
}

double BatchPass::varying_loss(const float* z, float* dz) noexcept {
  const Loss& loss = model_.loss();
  const int64_t outputs = model_.outputs();
  parallel_for(samples_, 4, [&](int64_t begin, int64_t end) {
    for (int64_t sample = begin; sample < end; ++sample) {
      const int64_t length = lengths_[static_cast<size_t>(sample)];
      double sum = 0;
      for (int64_t t = 0; t < length; t += loss.most_rows()) {
        const int64_t at = (sample * steps_ + t) * outputs;
        sum += loss.evaluate(z + at, Y_.data() + at, y_.data() + at, dz ? dz + at : nullptr,
                             std::min(loss.most_rows(), length - t), counted_rows_);
      }
      partial_[static_cast<size_t>(sample)] = sum;
      for (float* column : {y_.data(), dz})
        if (column) std::fill_n(column + (sample * steps_ + length) * outputs, (steps_ - length) * outputs, 0.f);
    }
  });
  double sum = 0;
  for (int64_t sample = 0; sample < samples_; ++sample) sum += partial_[static_cast<size_t>(sample)];
  return sum;
}

void BatchPass::backward(const ErrorPath& path, float* gradient) noexcept {
  const auto& approximator = model_.approximator();
  for (int64_t first = 0; first < samples_ && !status_.failed; first += piece_) {
    if (!std::exchange(holds_first_, false)) forward_piece(first, true, nullptr);
    BackwardPass pass{};
    pass.theta = model_.theta().data();
    pass.path = path;
    pass.input = input_from(first);
    pass.events = events_from(first);
    pass.output = z_.data() + first * steps_ * model_.outputs();
    pass.output_gradient = dz_.data() + first * steps_ * model_.outputs();
    pass.tape = tape_.data();
    pass.gradient = first == 0 ? gradient : part_.data();
    pass.batch = samples_from(first);
    pass.steps = steps_;
    pass.length = lengths_.empty() ? nullptr : lengths_.data() + first;
    pass.spike_counts = spike_counts_.empty() ? nullptr : spike_counts_.data();
    pass.counted_steps = own_steps();
    approximator.table().backward(approximator.object(), &learning_services(), &pass, &status_);
    for (size_t i = 0; first > 0 && i < part_.size(); ++i) gradient[i] += part_[i];
  }
}

}  // namespace proxon
