// What one training step does to theta: a batch forward, then either a gradient and an optimizer, or a local rule layer by layer. All
// memory is taken when a step object is made; a step allocates nothing.
#pragma once
#include <algorithm>
#include <memory>
#include <span>

#include "proxon/learning/losses.hpp"
#include "proxon/learning/trainer.hpp"

namespace proxon {

/// A batch that goes through the model, with its loss. Spikes come as events where the samples are sparse and the approximator takes them.
class BatchPass {
 public:
  /// For batches of up to `batch` samples of `source`; `dense`: a learning rule looks at the input's rows. Where the activities of a batch take more
  /// than `megabytes`, it goes in pieces of as many samples as keep to them (one at least), and the way back computes the activities of all but the
  /// first once more.
  BatchPass(Model& model, const SampleSource& source, int64_t batch, uint64_t seed, bool dense = false, double megabytes = 0);

  /// Takes the samples `numbers` of a split, checks the targets, and sets what the next forward() works on.
  void load(SampleSource& source, Split split, std::span<const int64_t> numbers, int64_t step);
  /// Runs the batch through the model; returns the loss summed over the rows that count, or NaN when the plugin failed.
  double forward(bool training) noexcept;
  /// d (mean loss) / d theta, after forward(true).
  void backward(const ErrorPath& path, float* gradient) noexcept;
  /// The loss that outputs z [rows x outputs] would have, summed likewise, and d (mean loss) / dz; predictions() are then theirs.
  double loss_at(const float* z, float* slope) noexcept;
  /// Throws Error when the approximator reported a failure.
  void check_plugin() const { check(status_, "approximator", model_.approximator().name()); }

  const Model& model() const { return model_; }
  Model& model() { return model_; }
  /// Rows of the batch (samples times steps), and how many of them the loss counts (those after the burn-in that are no padding).
  int64_t rows() const { return samples_ * steps_; }
  int64_t counted_rows() const { return counted_rows_; }
  /// Steps of the batch's samples that are no padding, and the spikes of each hidden unit in them after forward(), where the approximator counts them.
  int64_t own_steps() const { return lengths_.empty() ? rows() : counted_rows_; }
  std::span<const double> spike_counts() const { return spike_counts_; }
  int64_t step() const { return step_; }
  /// Samples that go through at a time.
  int64_t piece() const { return piece_; }
  /// [rows x inputs], null where the input comes as events; [rows x outputs].
  const float* X() const { return as_events_ ? nullptr : X_.data(); }
  const float* Y() const { return Y_.data(); }
  /// d (mean loss) / d z [rows x outputs], after forward(true).
  const float* output_gradient() const { return dz_.data(); }
  /// Predictions [rows x outputs], after forward(); those of the burn-in mean nothing.
  const float* predictions() const { return y_.data(); }
  /// Activities of a layer [rows x outputs], after forward().
  const float* activities(const LayerInfo& layer) const { return layer.tape_offset == -1 ? y_.data() : tape_.data() + layer.tape_offset * rows(); }

 private:
  /// Activities, loss and, where there is room for it, its slope; the second for samples that differ in length.
  double loss(const float* z, float* dz) noexcept;
  double varying_loss(const float* z, float* dz) noexcept;
  /// The samples from `first` on, as many as go through at a time.
  void forward_piece(int64_t first, bool training, double* spike_counts) noexcept;
  int64_t samples_from(int64_t first) const { return std::min(piece_, samples_ - first); }
  const float* input_from(int64_t first) const { return as_events_ ? nullptr : X_.data() + first * steps_ * model_.inputs(); }
  Events events_from(int64_t first) const { return as_events_ ? events_[static_cast<size_t>(first / piece_)].view() : Events{}; }

  Model& model_;
  Key key_;
  int64_t steps_, burn_in_, piece_, samples_ = 0, step_ = 0, counted_rows_ = 0;
  bool sparse_, as_events_;
  std::vector<int32_t> lengths_;  ///< of the batch's samples, where they differ
  std::vector<EventList> events_;  ///< a piece
  Column<float> X_, Y_, z_, y_, dz_, tape_, part_;
  Column<double> partial_, spike_counts_;
  bool holds_first_ = false;  ///< the tape has the activities of the batch's first piece, as in training
  Status status_;
};

/// A column that a step keeps from batch to batch, beside theta.
struct KeptColumn {
  std::string name;
  std::span<float> values;
};

/// Changes theta by one batch.
class TrainingStep {
 public:
  virtual ~TrainingStep() = default;
  /// Returns the loss summed over the rows that count. `factor` is the schedule's.
  virtual double run(BatchPass& pass, double factor) = 0;
  /// The learning rate as it is reported: the optimizer's; 1 for local rules, whose rate is their own.
  virtual double learning_rate() const = 0;
  /// True when the rule needs the activities of one piece of a batch at a time.
  virtual bool goes_in_pieces() const { return false; }
  /// True when the rule looks at the rows of the input, which may then not come as events.
  virtual bool looks_at_input() const { return false; }
  /// Everything but theta that the next batch depends on.
  virtual std::vector<KeptColumn> memory() = 0;
};

/// The step that the options ask for; throws Error when they do not go together.
std::unique_ptr<TrainingStep> make_step(const Model& model, const TrainingOptions& options, const BiologicalWeights& biology, uint64_t seed);

}  // namespace proxon
