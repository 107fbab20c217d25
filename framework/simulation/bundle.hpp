// A bundle: synapses of one projection, as the simulation walks over them; its rows are the connectome's own columns. With a delay a synapse
// a spike is delivered when the shortest delay is over, to the steps at which it arrives (each thread keeps lists of the input to come, arrivals.hpp).
// Plastic synapses, which must learn when a spike arrives, and those whose delays are too many for a byte, are grouped by delay once, at
// the start: a bundle for each. A row is split at the borders of the threads' neurons, so that each thread finds its part without searching.
#pragma once
#include <array>
#include <memory>
#include <optional>
#include <span>

#include "proxon/network/connectome.hpp"
#include "proxon/simulation/population.hpp"

namespace proxon {

/// Pointers into columns, as many as a plain struct has members.
using RowPointers = std::array<float*, 24>;

/// What a learning rule needs of a bundle: its instance, the columns of the synapses, who reaches each target, and the targets' traces.
struct Plasticity {
  Instance<LearningRuleTable, Step> rule;
  bool on_spikes = false, on_activity = false;
  bool has(LearningHook hook) const { return rule.table().hooks & hook; }
  std::vector<Column<float>> own_columns;  ///< those of the rule beside the weight
  std::vector<float*> columns;             ///< weight first
  /// The same from one synapse on.
  RowPointers columns_from(int64_t first) const {
    RowPointers from;
    for (size_t c = 0; c < columns.size(); ++c) from[c] = columns[c] + first;
    return from;
  }
  Transpose own_transpose;
  const Transpose* transpose = nullptr;     ///< null without on_post, while_active and weight_sum
  std::vector<double> keep_pre, keep_post;  ///< what is left of each member of the neurons' memories after a step; 1: does not decay
  std::vector<Column<float>> post;          ///< [member][target]
  std::vector<float*> post_columns;
  std::vector<int32_t> target_variables;    ///< of the target's state, what post_step reads
  int32_t modulator = -1;                   ///< population whose spikes make the signal
  double keep_signal = 1, signal_step = 0;  ///< what is left of the signal after a step, and what a spike adds
  double weight_sum = 0;                    ///< of the weights that reach a target; 0: any
  int64_t stop = INT64_MAX;                 ///< the step from which on the weights stay
};

class Bundle {
 public:
  int32_t projection = 0, source = 0, target = 0;  ///< positions in the blueprint
  int32_t delay = 1;                               ///< steps; the shortest where each synapse has its own
  const uint8_t* code = nullptr;                   ///< [synapse], where each has its own delay: position in `further`
  std::vector<int32_t> further;                    ///< steps beyond the shortest delay; empty where all synapses have that
  bool ahead() const { return !further.empty(); }
  int32_t longest() const { return delay + (further.empty() ? 0 : further.back()); }
  bool rates = false;                              ///< carries activity, not spikes
  bool one_weight = false;                         ///< all synapses have `common`, and keep it
  float common = 0;
  int32_t source_variable = -1, target_variable = -1;  ///< of a coupling: the state variable that it reads; else -1
  bool coupling() const { return source_variable >= 0; }
  Key key;                                         ///< of the synapses' random draws
  Ports ports;
  Instance<SynapseTable, Step> synapse;
  std::unique_ptr<Plasticity> plasticity;  ///< null: static

  const int64_t* offset = nullptr;
  const int32_t* targets = nullptr;
  float* weight = nullptr;

  /// Where there is one weight and the targets lie close enough: those of a part of a row as gaps (SynapseTable::deliver_gaps), counted from
  /// the first neuron of its thread.
  bool has_gaps = false;
  std::span<const uint8_t> gaps(int32_t source_neuron, int32_t thread) const {
    const int64_t* begin = gap_begin_.data() + int64_t{source_neuron} * threads_ + thread;
    return {gap_.data() + begin[0], static_cast<size_t>(begin[1] - begin[0])};
  }

  /// Synapses [begin, end) of the bundle.
  struct Part {
    int64_t begin, end;
    int64_t size() const { return end - begin; }
  };
  /// Those of a source's row that end at the neurons of one thread.
  Part part(int32_t source_neuron, int32_t thread) const {
    const int32_t* row = split_.data() + int64_t{source_neuron} * (threads_ - 1);
    const int64_t first = offset[source_neuron];
    return {thread == 0 ? first : first + row[thread - 1], thread == threads_ - 1 ? offset[source_neuron + 1] : first + row[thread]};
  }
  /// By someone who will soon want a part of this row: what part() reads, and shift().
  [[gnu::always_inline]] void ask_for_part(int32_t source_neuron) const {
    __builtin_prefetch(split_.data() + int64_t{source_neuron} * (threads_ - 1));
    __builtin_prefetch(offset + source_neuron);
  }
  /// Makes the table that part() reads: thread t owns the target neurons from borders[t] to borders[t + 1].
  void split(const std::vector<int32_t>& borders);

  int64_t size() const { return offset[sources_]; }
  int32_t sources() const { return sources_; }

  // Where several ranks share a projection, the bundle has the synapses that end at this rank's neurons.
  const int64_t* first = nullptr;  ///< [source] number that synapse offset[source] has in the whole bundle
  int64_t whole = 0;               ///< synapses of the whole bundle
  /// What makes the number of a source's synapse that in the whole bundle.
  int64_t shift(int32_t source_neuron) const { return first[source_neuron] - offset[source_neuron]; }
  /// Copies weights back to the connectome where the rows are not the connectome's own.
  void write_back(SynapseRows& rows) const;

 private:
  friend std::vector<Bundle> make_bundles(const Blueprint&, Connectome&, const std::vector<std::unique_ptr<RunningPopulation>>&, const Clock&,
                                          uint64_t);
  void use(SynapseRows& rows);
  void regroup(const SynapseRows& rows, const std::vector<int32_t>& delays, int32_t chosen);
  void learn(const Projection& projection, const Connectome& connectome, const RunningPopulation& from, const RunningPopulation& to,
             const Clock& clock, const std::string& where);
  void find_gaps(const std::vector<int32_t>& borders);

  int32_t sources_ = 0, target_size_ = 0, threads_ = 1;
  Column<int32_t> split_;
  Column<uint8_t> gap_;
  Column<int64_t> gap_begin_;  ///< [source][thread], and the end
  Column<int64_t> own_offset_, own_first_, number_;
  Column<int32_t> own_targets_;
  Column<float> own_weight_;
};

/// The bundles of all projections, in their order, those of one projection by ascending delay. Throws Error for what cannot run.
std::vector<Bundle> make_bundles(const Blueprint& blueprint, Connectome& connectome,
                                 const std::vector<std::unique_ptr<RunningPopulation>>& populations, const Clock& clock, uint64_t seed);

}  // namespace proxon
