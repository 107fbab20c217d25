// The same network by chance: edges swap their targets, two at a time, so that every neuron keeps the numbers of its synapses that come and go, and
// who is connected with whom is lost (Maslov & Sneppen 2002, Science 296:910, doi:10.1126/science.1065103).
#pragma once
#include <cstdint>
#include <span>

#include "proxon/base/random.hpp"

namespace proxon {

/// Swaps targets of the edges source[k] -> target[k], until each has been swapped ten times in the mean, or hundred times as many pairs as there are edges
/// have been tried. No swap makes a second edge between two neurons, nor, where sources and targets are the same neurons (`recurrent`), one from a neuron to
/// itself. Gives the number of swaps: a function of the edges and the key. What belongs to an edge (its weight) stays with its source.
int64_t rewire(std::span<const int32_t> source, std::span<int32_t> target, bool recurrent, Key key);

}  // namespace proxon
