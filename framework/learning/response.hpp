// What goes on in a twin. What it makes of one event: the answer of every output to an impulse in one input, from rest, step after step; of a network
// that is linear it is all there is to know, of any twin of a neuron it is the postsynaptic potential, which W_phi can be compared with. And how often
// its hidden units spike.
#pragma once
#include <vector>

#include "proxon/dataset/source.hpp"
#include "proxon/learning/model.hpp"

namespace proxon {

/// [steps x inputs x outputs]: the output before its activation, less what it is without the impulse. The network first settles for as many steps.
std::vector<float> impulse_response(const Model& model, int64_t steps);

/// Spikes a second (Hz) of each hidden unit over the samples of a split, layer after layer; `bin` is the ms of a step. Empty where an approximator counts no
/// spikes, or the split has no sample.
std::vector<double> hidden_rates(const Model& model, SampleSource& source, Split split, double bin);

}  // namespace proxon
