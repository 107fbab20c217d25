// Many small models at once: train() of models that differ in numbers alone (first weights, learning rate, regularisers, schedule, epochs, ...),
// one model a lane of the processor's vectors. A product of a 1-2-1 network is too short for a vector and pays for every call; sixteen such
// networks beside each other fill one. Every model's weights, curve and result are those of train(), to the bit: the sums of a lane have the order
// of product() and of Loss, elementwise functions are the same, and each model has its own optimizer. docs/decisions/sweeps.md.
//
// It takes what is a chain of dense layers and learns along the exact gradient. That is a matter of plugins, which the framework does not know by
// name: so the first model is also trained alone, and when one bit of it differs, the answer is that they do not go together.
#pragma once
#include "proxon/learning/trainer.hpp"

namespace proxon {

/// A model that begins with the weights that it has.
struct Together {
  Model* model = nullptr;
  const TrainingOptions* options = nullptr;
  uint64_t seed = 1;
  /// What came of it.
  std::vector<EpochRecord> curve;
  TrainingResult result;
  std::string error;  ///< what train() would have thrown; "": it is done
};

/// Whether the shape of a model, its loss and the samples allow it: flat samples in memory at once, some thousand weights, one loss.
bool may_train_together(const Model& model, const SampleSource& source);

/// Trains them. The models have one shape and loss, the options the same rule and batch. False: they do not go together, and all of them are as they
/// were. `proved`: that they do is known from models of the same kind, so that none has to be trained alone. Throws Interrupted.
bool train_together(std::span<Together> models, SampleSource& source, const BiologicalWeights& biology, bool proved = false);

}  // namespace proxon
