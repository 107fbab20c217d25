// What one training step does to theta: a batch forward, then either a gradient and an optimizer, or a local rule layer by layer. All
// memory is taken when a step object is made; a step allocates nothing.
#pragma once
#include <memory>
#include <span>

#include "proxon/learning/losses.hpp"
#include "proxon/learning/trainer.hpp"

namespace proxon {

/// A batch that goes through the model, with its loss.
class BatchPass {
 public:
  BatchPass(Model& model, const Loss& loss, int64_t batch, uint64_t seed);

  float* X() { return X_.data(); }
  float* Y() { return Y_.data(); }
  const Model& model() const { return model_; }
  Model& model() { return model_; }
  /// Checks the targets and sets what the next forward() works on.
  void begin(int64_t rows, int64_t step);
  /// Runs the batch through the model; returns the sum of the loss over samples and outputs, or NaN when the plugin failed.
  double forward(bool training) noexcept;
  /// d (mean loss) / d theta, after forward(true).
  void backward(const float* feedback, float* gradient) noexcept;
  /// Throws Error when the approximator reported a failure.
  void check_plugin() const { check(status_, "approximator", model_.approximator().name()); }

  int64_t rows() const { return rows_; }
  int64_t step() const { return step_; }
  /// Activities of a layer [rows x outputs], after forward().
  const float* activities(const LayerInfo& layer) const { return layer.tape_offset < 0 ? y_.data() : tape_.data() + layer.tape_offset * rows_; }

 private:
  Model& model_;
  const Loss& loss_;
  Key key_;
  int64_t rows_ = 0, step_ = 0;
  Column<float> X_, Y_, z_, y_, dz_, tape_;
  Column<double> partial_;
  Status status_;
};

/// Changes theta by one batch.
class TrainingStep {
 public:
  virtual ~TrainingStep() = default;
  /// Returns the sum of the loss over samples and outputs. `factor` is the schedule's.
  virtual double run(BatchPass& pass, double factor) = 0;
  /// The learning rate as it is reported: the optimizer's; 1 for local rules, whose rate is their own.
  virtual double learning_rate() const = 0;
};

/// The step that the options ask for; throws Error when they do not go together.
std::unique_ptr<TrainingStep> make_step(const Model& model, const TrainingOptions& options, const BiologicalWeights& biology, uint64_t seed);

}  // namespace proxon
