// What the ranks of a run tell each other: after each chunk of steps who fired, and the activities and state variables that others read; at
// borders of the recording what rank 0 writes. With one rank nothing is told, and everything costs nothing.
#pragma once
#include "proxon/base/ranks.hpp"
#include "proxon/simulation/shard.hpp"

namespace proxon {

/// How a chunk of steps ended.
struct Outcome {
  int64_t upto = 0;          ///< the recording is good for the steps before it
  bool interrupted = false;
  std::string sentence;      ///< of the first shard that failed; empty: none did
  bool failed() const { return !sentence.empty(); }
  bool stop() const { return failed() || interrupted; }
};

/// A meeting after the steps [begin, end): gives the others what they read of this rank's neurons, and takes theirs. The same outcome on all ranks.
Outcome exchange(Machine& machine, int64_t begin, int64_t end, const Outcome& mine);

/// A meeting: rank 0's copies of the neurons' state become what their own ranks have.
void collect_neurons(Machine& machine);

/// A meeting: on rank 0 the values of all synapses of a projection (or bundle), in its order, from those that each rank holds; on the others
/// nothing. `first[i]`: number of the first own synapse of source i among all.
template <class T>
Column<T> collect_synapses(const int64_t* offset, const int64_t* first, int32_t sources, int64_t whole, const T* values) {
  if (ranks() == 1) return Column<T>(values, values + offset[sources]);
  Pack pack;
  pack.list(std::span(offset, static_cast<size_t>(sources) + 1));
  pack.list(std::span(first, static_cast<size_t>(sources)));
  pack.list(std::span(values, static_cast<size_t>(offset[sources])));
  Column<T> all;
  for (const Bytes& bytes : collect(pack.bytes())) {
    all.resize(static_cast<size_t>(whole));
    Unpack from(bytes);
    const auto begin = from.list<std::vector<int64_t>>(), number = from.list<std::vector<int64_t>>();
    const auto theirs = from.list<Column<T>>();
    for (size_t i = 0; i < number.size(); ++i)
      std::copy(theirs.begin() + begin[i], theirs.begin() + begin[i + 1], all.begin() + number[i]);
  }
  return all;
}

/// A meeting: the connectome of all ranks, on rank 0.
Connectome collect_connectome(const Connectome& mine);

}  // namespace proxon
