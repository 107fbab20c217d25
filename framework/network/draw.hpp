// Weights and delays of the synapses of a projection that is connected already: drawn from their distributions, each a pure function of
// (seed, purpose, projection, number of the synapse), and changed by the distance between the two neurons where the distribution says so.
#pragma once
#include "proxon/network/connectome.hpp"

namespace proxon {

/// Throws Error when nothing sensible can be drawn; `what` is "weight" or "delay".
void check_distribution(const Distribution& distribution, const char* what);
/// As check_distribution, and that delays are times that a simulation in steps of dt (ms; 0: not known) can have.
void check_delay(const Distribution& distribution, double dt);

/// Fills rows.weight.
void draw_weights(const Distribution& distribution, const Key& key, const Space& space, SynapseRows& rows);

/// Fills rows.delay. Drawn delays are rounded to the nearest multiple of dt, at least one dt; a constant stays as it is.
void draw_delays(const Distribution& distribution, const Key& key, const Space& space, double dt, SynapseRows& rows);

/// A meeting of the ranks: the different values that any of them has, ascending; of more than 256, any 257.
std::vector<double> different_of_ranks(std::vector<double> mine);

}  // namespace proxon
