// A local rule in the layers of an approximator: every synapse sees the activities of its two units, sample after sample, and the rule moves
// its weight in place. Activities are those of the weights at the batch's begin (batch = 1 is the online rule). Biases stay as they are.
// The rule's own synapse columns are kept from batch to batch.
#pragma once
#include "proxon/learning/steps.hpp"

namespace proxon {

/// Throws Error when an option is set that a local rule has no use for.
void check_local_options(const TrainingOptions& options);

/// Throws Error when the model has layers that a local rule cannot learn on.
std::unique_ptr<TrainingStep> make_local_step(const Model& model, const TrainingOptions& options);

}  // namespace proxon
