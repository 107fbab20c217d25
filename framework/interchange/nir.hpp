// A twin of spiking units as a graph of the Neuromorphic Intermediate Representation (Pedersen et al. 2024, Nature Communications 15:8122,
// doi:10.1038/s41467-024-52259-9), which simulators and chips of spiking networks read. Node "input" takes the channels in their own units at every
// step, "output" gives what the targets are predicted from: in the targets' own units, or, where a head has an activation (NIR has none), before it;
// `metadata` then says which. Time constants are in seconds.
#pragma once
#include "proxon/archive/nir.hpp"
#include "proxon/interchange/twin_frame.hpp"

namespace proxon {

/// Throws Error with one sentence.
archive::NirGraph nir_graph(const Model& model, const TwinFrame& frame);

}  // namespace proxon
