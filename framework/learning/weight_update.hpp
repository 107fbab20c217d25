// From a gradient to new weights: the slopes of the regularisers, clipping, and the optimizer.
#pragma once
#include "proxon/learning/steps.hpp"

namespace proxon {

class WeightUpdate {
 public:
  /// Throws Error when the options and the model do not go together. Views the options and W_phi.
  WeightUpdate(const Model& model, const TrainingOptions& options, const BiologicalWeights& biology);

  /// d (mean loss) / d theta: written by the caller before apply(), which leaves in it what the optimizer saw.
  float* gradient() { return gradient_.data(); }
  /// Moves theta; `step` = 0, 1, ... of the training, `factor` is the schedule's.
  void apply(float* theta, int64_t step, double factor);
  /// The optimizer's parameter; 1 where it has none.
  double learning_rate() const { return rate_; }
  /// What the optimizer remembers.
  std::vector<KeptColumn> memory();

 private:
  friend class LanesUpdate;
  struct Range {
    int64_t begin, end;
    const float* phi;  ///< what the structural term pulls to; null: nothing
  };
  void regularise(const float* theta, int64_t begin, int64_t end);
  template <class Body>
  void each_chunk(Body&& body) const;

  const TrainingOptions& options_;
  Instance<OptimizerTable, OptimizerSetup> optimizer_;
  double rate_;
  Column<float> gradient_;
  Column<double> partial_;
  std::vector<Column<float>> state_;
  std::vector<float*> state_pointers_;
  std::vector<Range> ranges_;
  std::vector<Range> chunks_, averages_;  ///< what the optimizer moves, in pieces that stay in the cache; and what it does not
  bool regularised_ = false;
};

/// apply() for models of one shape that lie beside each other, [weights x lanes]: each is moved as it is alone, to the bit.
class LanesUpdate {
 public:
  /// One a lane, of one optimizer plugin and without averages; they must live as long as this.
  explicit LanesUpdate(std::vector<WeightUpdate*> updates);
  /// Leaves in `gradient` what the optimizers saw. `factors`: the schedules', one a lane.
  void apply(float* theta, float* gradient, int64_t step, std::span<const double> factors);

 private:
  void regularise(const float* theta, float* gradient) const;
  void clip(float* gradient) const;

  std::vector<WeightUpdate*> updates_;
  std::vector<const void*> objects_;
  std::vector<OptimizerStep> steps_;
  int64_t lanes_, size_;
  bool regularised_ = false, clipped_ = false;
  std::vector<Column<float>> state_;
  std::vector<float*> state_pointers_;
};

}  // namespace proxon
