// The compiled network: its synapses as aligned columns that ARE a Boost graph. A projection's synapses stand in rows, one a source, targets
// ascending within a row: 8 bytes a synapse (int32 target, float weight) with one delay a projection, 9 with drawn delays (delays.hpp). Every
// algorithm of Boost.Graph runs on it with no copy (graph.hpp); the simulation delivers spikes from the very same rows.
//
// Vertices are global neuron numbers. Synapses are numbered projection after projection, row after row. The transpose (who reaches me) is
// built when something first asks for it, by any thread. Weights may be changed in place; rows and targets stay as they are.
#pragma once
#include <memory>
#include <span>

#include "proxon/base/columns.hpp"
#include "proxon/network/blueprint.hpp"
#include "proxon/network/delays.hpp"
#include "proxon/network/partition.hpp"

namespace proxon {

/// The synapses of one projection, in rows.
struct SynapseRows {
  std::string name;
  int32_t source_population = 0, target_population = 0;  ///< positions in Connectome::populations
  int32_t first_source = 0, first_target = 0;            ///< global number of either population's neuron 0
  int32_t sources = 0, targets = 0;                      ///< sizes of the populations
  Column<int64_t> offset;                                ///< [sources + 1]: row i is [offset[i], offset[i + 1])
  Column<int32_t> target;                                ///< number within the target population
  Column<float> weight;
  Delays delay;                                          ///< ms
  int64_t first_synapse = 0;                             ///< global number of synapse 0

  // Where several ranks share a network, the rows hold the synapses that end at this rank's neurons.
  Column<int64_t> first;  ///< [sources] number that synapse offset[i] has in the whole projection; empty: the rows are the whole
  int64_t whole = 0;      ///< synapses of the whole projection

  int64_t size() const { return static_cast<int64_t>(target.size()); }
  /// Number that the first synapse of row i has in the whole projection.
  int64_t first_of(int32_t i) const { return firsts()[i]; }
  const int64_t* firsts() const { return first.empty() ? offset.data() : first.data(); }
};

/// Who reaches each neuron: for target j the entries [offset[j], offset[j + 1]).
struct Transpose {
  Column<int64_t> offset;
  Column<uint32_t> synapse;  ///< number of the synapse; there are fewer than 2^32
  Column<int32_t> source;   ///< number of the source
};

class Connectome {
 public:
  struct PopulationRange {
    std::string name;
    int32_t first = 0, size = 0;
  };

  Connectome();
  /// From rows that exist already. Of each projection must be set: its name, its two populations, offset, target, weight and delays;
  /// the rest follows. Throws Error when they contradict each other.
  Connectome(std::vector<PopulationRange> populations, std::vector<SynapseRows> projections);

  const std::vector<PopulationRange>& populations() const { return populations_; }
  const std::vector<SynapseRows>& projections() const { return projections_; }
  std::vector<SynapseRows>& projections() { return projections_; }

  int32_t neurons() const { return neurons_; }
  int64_t synapses() const { return synapses_; }
  /// Synapses of the network on all ranks.
  int64_t all_synapses() const;
  /// Position in populations() of the population that a neuron (global number) belongs to.
  int32_t population_of(int32_t neuron) const;
  /// Positions in projections() of those that begin (end) at a population, ascending.
  std::span<const int32_t> outgoing(int32_t population) const { return outgoing_[static_cast<size_t>(population)]; }
  std::span<const int32_t> incoming(int32_t population) const { return incoming_[static_cast<size_t>(population)]; }
  /// Bytes held by the columns, without the transpose.
  int64_t bytes() const;

  /// Transpose of one projection (numbers within the projection and its populations), built by the first caller.
  const Transpose& transpose(int32_t projection) const;
  /// Transpose of the whole network (global numbers), built by the first caller.
  const Transpose& transpose() const;

 private:
  std::vector<PopulationRange> populations_;
  std::vector<SynapseRows> projections_;
  std::vector<std::vector<int32_t>> outgoing_, incoming_;
  int32_t neurons_ = 0;
  int64_t synapses_ = 0;
  struct Transposes;
  std::shared_ptr<Transposes> transposes_;
};

/// Builds the synapses in parallel counting passes (count, prefix sum, write): no edge list is ever held, and the result depends on the
/// blueprint, the seed and the time step alone. All projections are counted before the first is written, so that a network that does not
/// fit into memory is refused at once. Throws Error for what cannot be built (a sentence that names the projection).
/// `dt` (ms) is what drawn delays are rounded to multiples of, and what a constant delay must be a multiple of; 0 where nothing is drawn
/// and nobody checks. `own`: of each population the neurons that synapses are built for; empty: all. Each is the one that it is in the whole
/// network, since every draw is a function of its number there; only delays that depend on distance need a meeting of the ranks.
Connectome build(const Blueprint& blueprint, uint64_t seed, double dt = 0, const std::vector<Range>& own = {});

/// How many synapses a blueprint will have and how many bytes, without building it (exact for rules that can be counted, by counting; a
/// drawn delay is taken as a byte).
struct Estimate {
  int64_t synapses = 0;
  int64_t bytes = 0;
};
Estimate estimate(const Blueprint& blueprint, uint64_t seed);

/// Names of the populations that no synapse of any rank begins or ends at.
std::vector<std::string> unconnected_populations(const Connectome& connectome);

}  // namespace proxon
