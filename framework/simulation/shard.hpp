// A shard: the neurons that one thread owns, and everything that is done for them. Between two meetings of the threads a shard reads of
// the others nothing but the spikes (and activities) of steps that lie at least the shortest delay back, and writes nothing that is theirs.
// So it is with the ranks of a run on several: of the others' neurons the spikes and activities are known once they have met.
//
// A step n, from t = n dt to t + dt:
//   0. at the begin of a trial: neurons and traces return to their initial state, spikes under way are forgotten;
//   1. traces of plastic synapses decay to t + dt;
//   2. spikes stamped t + dt - delay arrive, projections in their order (first those whose synapses have delays of their own), sources ascending:
//      on_pre, then the (new) weight is added to the target's input. A spike of delay d that is stamped t_s so takes effect in the update that ends at t_s + d, as in NEST.
//      The activity of rate neurons at t + dt - delay arrives the same way;
//   3. stimuli add their input;
//   4. neurons update; those that fire are stamped t + dt;
//   5. on_post for those that fired, then the traces of arrivals and firings grow: of a pair that coincides neither side sees the other;
//      rules on activity are told the activity that arrived (x) and the one that the target has now (y);
//   6. what was asked for is recorded.
#pragma once
#include "proxon/simulation/arrivals.hpp"
#include "proxon/simulation/bundle.hpp"
#include "proxon/simulation/firings.hpp"
#include "proxon/simulation/recorder.hpp"

namespace proxon {

class Shard;

/// Everything that runs, and the plan of the run.
struct Machine {
  explicit Machine(const Clock& c) : clock(c) {}

  Clock clock;
  int64_t steps = 0, trial_steps = 0, learning_steps = 1, weights_steps = 0;
  int64_t slots = 1;  ///< steps that spikes and activities are kept
  std::vector<std::unique_ptr<RunningPopulation>> populations;
  std::vector<Bundle> bundles;
  std::vector<Drive> drives;
  std::unique_ptr<Recorder> recorder;
  std::vector<std::vector<Range>> own;         ///< [rank][population]
  std::vector<Firings> firings;                ///< of the ranks before this one, of its shards, of the ranks after it
  std::vector<std::unique_ptr<Shard>> shards;  ///< of this rank
};

class alignas(cache_line) Shard {  // its counters are written at every spike: on lines of their own
 public:
  /// `firings`: where its spikes are kept, and which neurons are its own.
  Shard(Machine& machine, int32_t number, Firings& firings);

  /// Runs the steps [begin, end). What goes wrong is kept for the meeting.
  void run(int64_t begin, int64_t end) noexcept;
  /// Looks for values that are not finite in the state at the begin of step `end`; keeps what it finds.
  void check_finite(int64_t end) noexcept;
  /// Calls see(name, data, bytes) for every column of this shard that is the same in all shards: what it knows of the sources of a bundle.
  template <class See>
  void columns(size_t b, See&& see) {
    const Bundle& bundle = m_.bundles[b];
    for (size_t k = 0; k < pre_[b].size(); ++k)
      see(bundle.plasticity->rule.table().pre->fields[k].name, pre_[b][k].data(), pre_[b][k].size() * sizeof(float));
    for (size_t k = 0; k < sources_[b].columns.size(); ++k)
      see(bundle.synapse.table().source->fields[k].name, sources_[b].columns[k].data(), sources_[b].columns[k].size() * sizeof(float));
    if (!sources_[b].last.empty()) see("last arrival", sources_[b].last.data(), sources_[b].last.size() * sizeof(int64_t));
    if (bundle.plasticity) see("signal", &signals_[b], sizeof(Signal));
  }
  /// Adds up the input to come in the populations' rings, whose next step is n; says that it is there.
  void settle(int64_t n);
  void settled(int64_t n) {
    for (Arrivals& arrivals : arrivals_) arrivals.settled(n);
  }
  bool owns_targets(size_t b) const { return own_[static_cast<size_t>(m_.bundles[b].target)].size() > 0; }

  std::exception_ptr error;
  int64_t failed_step = 0;

  int64_t spikes = 0, events = 0;

  std::span<const int32_t> fired(int64_t step, int32_t population) const { return fired_.fired(step, population); }

 private:
  using Columns = std::vector<Column<float>>;

  void step(int64_t n);
  void reset(int64_t n);
  void decay_traces(int64_t n);
  void deliver(int64_t n, int64_t trial_begin);
  void deliver_ahead(int64_t n, int64_t trial_begin);
  void send_pieces(int64_t n);
  void deliver_spikes(size_t b, int64_t n);
  float factor_of(size_t b, int32_t source, int64_t n);
  void deliver_activity(const Bundle& bundle, const float* x, int64_t n);
  void deliver_coupling(const Bundle& bundle, const float* x, const float* y);
  void drive(int64_t n);
  void update(int64_t n);
  void restore_sums(int64_t n);
  void learn(int64_t n, int64_t trial_begin);
  void learn_from_activity(size_t b, const float* x, const float* y);
  void learn_from_spikes(size_t b, int64_t n, int64_t trial_begin);
  void learn_from_state(size_t b, int64_t n);
  void learn_from_time(size_t b);

  Machine& m_;
  int32_t number_;
  Firings& fired_;
  const std::vector<Range>& own_;
  std::vector<Columns> pre_;                      ///< [bundle][trace][source]: this shard's copy of the sources' traces
  std::vector<std::vector<float*>> pre_columns_;  ///< the same, as the rules take them
  struct Signal {
    double now = 0, sum = 0;
  };
  std::vector<Signal> signals_;                   ///< [bundle]: of the learning rule
  static constexpr int64_t never = -1;
  /// This shard's copy of what the synapses of a source share.
  struct Sources {
    Columns columns;
    std::vector<float*> pointers;
    Column<int64_t> last;  ///< step at which the last spike arrived; `never`: none did
  };
  std::vector<Sources> sources_;                  ///< [bundle]
  ArrivalPages pages_;
  int64_t most_pages_ = 0;                        ///< beyond these, input to come is added up
  std::vector<Arrivals> arrivals_;                ///< [population]
  struct Due {
    size_t bundle;
    int32_t source;
  };
  std::vector<Due> due_;                          ///< whose synapses with delays of their own are to send at a step
  struct Piece {
    const Bundle* bundle;
    Bundle::Part part;
    int64_t shift;
    float factor;
  };
  std::vector<Piece> pieces_;                     ///< of their rows
  Column<int32_t> fired_scratch_;
  Column<float> drive_scratch_;
};

}  // namespace proxon
