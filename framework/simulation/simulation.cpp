#include "proxon/simulation/simulation.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <numeric>
#include <optional>

#include "proxon/base/progress.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/simulation/exchange.hpp"
#include "proxon/simulation/guarded_sink.hpp"

namespace proxon {

struct Simulation::State : Machine {
  State(const Blueprint& blueprint, Connectome& network, const std::vector<Stimulus>& stimuli, const SimulationOptions& options);

  int32_t plan_threads() const;
  void make_shards(int32_t count);
  int64_t chunk_end(int64_t begin) const;
  bool every(int64_t interval, int64_t step) const { return interval > 0 && step % interval == 0; }
  bool border(int64_t step) const {
    return step == steps || every(flush_every, step) || every(weights_steps, step) || every(checkpoint_steps, step);
  }
  Outcome outcome_of_shards(int64_t end) const;
  void hand_over(int64_t end, const Outcome& outcome, RecordingSink& sink, const std::function<void(double)>& progress);
  void hand_over_weights(int64_t end, RecordingSink& sink);
  void run(RecordingSink& sink, const std::function<void(double)>& progress);

  template <class See>
  void neuron_columns(See&& see);
  template <class See>
  void synapse_columns(See&& see);
  template <class See>
  void shared_columns(size_t bundle, bool of_each, See&& see);
  Checkpoint checkpoint(int64_t step);
  void load(const Checkpoint& from);

  Connectome& connectome;
  SimulationOptions options;
  std::vector<bool> whole;       ///< [population] whether one thread must own all
  std::vector<int32_t> plastic;  ///< projections
  int64_t chunk = 1;             ///< steps that the threads may run without meeting: the shortest delay
  int64_t flush_every = 1;
  int64_t checkpoint_steps = 0;
  std::optional<Checkpoint> begin_at;
  Counts counts;
};

Simulation::State::State(const Blueprint& blueprint, Connectome& network, const std::vector<Stimulus>& stimuli, const SimulationOptions& o)
    : Machine(Clock(o.dt)), connectome(network), options(o) {
  steps = clock.steps(o.duration, 1, "The duration of the simulation");
  if (o.trial != 0) trial_steps = clock.steps(o.trial, 1, "The length of a trial");
  if (o.learning_interval != 0) learning_steps = clock.steps(o.learning_interval, 1, "The interval of learning");
  if (o.weights_interval != 0) weights_steps = clock.steps(o.weights_interval, 1, "The interval of snapshots of the weights");

  if (o.checkpoint_interval != 0) checkpoint_steps = clock.steps(o.checkpoint_interval, 1, "The interval of checkpoints");

  const auto descriptions = blueprint.populations();
  PROXON_CHECK(descriptions.size() == connectome.populations().size());
  for (size_t p = 0; p < descriptions.size(); ++p)
    populations.push_back(std::make_unique<RunningPopulation>(*descriptions[p], connectome.populations()[p].first, clock, o.seed));
  bundles = make_bundles(blueprint, connectome, populations, clock, o.seed);
  for (size_t s = 0; s < stimuli.size(); ++s) drives.emplace_back(stimuli[s], static_cast<int32_t>(s), populations, clock, o.seed);
  recorder = std::make_unique<Recorder>(o, populations, drives, clock);
  for (int32_t r = 0; r < ranks(); ++r) own.push_back(own_neurons(blueprint, r, ranks()));
  whole = undivided(blueprint);

  // Threads meet after as many steps as the shortest delay, and at least every 10 ms; the past is kept for the longest.
  int64_t longest = 0;
  std::vector<int64_t> ahead(populations.size(), 0);  ///< [population] steps of input to come
  chunk = std::max<int64_t>(1, static_cast<int64_t>(10 / clock.dt()));
  for (const Bundle& bundle : bundles) {
    chunk = std::min<int64_t>(chunk, bundle.delay);
    longest = std::max<int64_t>(longest, bundle.delay);
    if (bundle.ahead()) ahead[static_cast<size_t>(bundle.target)] = std::max<int64_t>(ahead[static_cast<size_t>(bundle.target)], bundle.longest() - bundle.delay + 1);
    if (bundle.plasticity && (plastic.empty() || plastic.back() != bundle.projection)) plastic.push_back(bundle.projection);
  }
  slots = longest + chunk;
  for (auto& population : populations) population->keep_activity(slots);
  for (const Bundle& bundle : bundles) {
    if (bundle.ahead()) populations[static_cast<size_t>(bundle.target)]->keep_ahead(bundle.ports, ahead[static_cast<size_t>(bundle.target)]);
    RunningPopulation& target = *populations[static_cast<size_t>(bundle.target)];
    if (bundle.coupling()) {
      populations[static_cast<size_t>(bundle.source)]->keep_variable(bundle.source_variable, slots, true);
      target.keep_variable(bundle.target_variable, slots, false);
    }
    if (bundle.plasticity)
      for (int32_t variable : bundle.plasticity->target_variables) target.keep_variable(variable, slots, false);
  }
  flush_every = recorder->flush_steps(std::max<int64_t>(1, static_cast<int64_t>(100 / clock.dt())));
}

/// As many threads as are wanted; left to itself, not so many that one has less than 20 microseconds' work between two meetings, since what each
/// writes and the others read must then go from processor to processor.
int32_t Simulation::State::plan_threads() const {
  constexpr double least_work = 20'000;  // ns
  double neurons = 0;
  for (const Range& range : own[static_cast<size_t>(rank())]) neurons += range.size();
  double nanoseconds = neurons;
  for (const Bundle& bundle : bundles) nanoseconds += (bundle.rates || bundle.coupling() ? 1.0 : 1e-3) * static_cast<double>(bundle.size());
  const double useful = options.all_threads ? threads() : nanoseconds * static_cast<double>(chunk) / least_work;
  return std::max(1, static_cast<int32_t>(std::min<double>({1.0 * threads(), useful, neurons / 64.0})));
}

void Simulation::State::make_shards(int32_t count) {
  // This rank's neurons are divided among its threads; the remainders of the populations go to different ones.
  const auto me = static_cast<size_t>(rank());
  std::vector<std::vector<int32_t>> borders(populations.size());
  for (size_t p = 0; p < populations.size(); ++p) {
    const Range mine = own[me][p];
    borders[p].push_back(mine.begin);
    for (int32_t t = 0; t < count; ++t) borders[p].push_back(whole[p] ? mine.end : part_of(mine, t, count, static_cast<int32_t>(p)).end);
  }
  for (Bundle& bundle : bundles) bundle.split(borders[static_cast<size_t>(bundle.target)]);

  shards.clear(), firings.clear();
  for (size_t r = 0; r < own.size(); ++r)
    for (int32_t t = 0; t < (r == me ? count : 1); ++t) {
      std::vector<Range> those = own[r];
      for (size_t p = 0; p < those.size() && r == me; ++p) those[p] = {borders[p][static_cast<size_t>(t)], borders[p][static_cast<size_t>(t) + 1]};
      firings.emplace_back(std::move(those), slots);
    }
  for (int32_t t = 0; t < count; ++t) shards.push_back(std::make_unique<Shard>(*this, t, firings[me + static_cast<size_t>(t)]));
}

int64_t Simulation::State::chunk_end(int64_t begin) const {
  int64_t end = std::min({steps, begin + chunk, (begin / flush_every + 1) * flush_every});
  for (const int64_t interval : {weights_steps, checkpoint_steps})
    if (interval > 0) end = std::min(end, (begin / interval + 1) * interval);
  return end;
}

/// How the steps before `end` went here.
Outcome Simulation::State::outcome_of_shards(int64_t end) const {
  Outcome outcome{.upto = end, .interrupted = interrupted()};
  for (const auto& shard : shards) {
    if (!shard->error) continue;
    outcome.upto = std::min(outcome.upto, shard->failed_step);
    if (outcome.failed()) continue;
    try {
      std::rethrow_exception(shard->error);
    } catch (const std::exception& error) {
      outcome.sentence = error.what();
    }
  }
  return outcome;
}

void Simulation::State::hand_over_weights(int64_t end, RecordingSink& sink) {
  for (const Bundle& bundle : bundles)
    if (bundle.plasticity) bundle.write_back(connectome.projections()[static_cast<size_t>(bundle.projection)]);
  for (int32_t p : plastic) {
    const SynapseRows& rows = connectome.projections()[static_cast<size_t>(p)];
    if (ranks() == 1)
      sink.weights(p, clock.time(end), rows.weight);
    else if (const auto all = collect_synapses(rows.offset.data(), rows.firsts(), rows.sources, rows.whole, rows.weight.data()); rank() == 0)
      sink.weights(p, clock.time(end), all);
  }
}

void Simulation::State::hand_over(int64_t end, const Outcome& outcome, RecordingSink& to, const std::function<void(double)>& progress) {
  GuardedSink sink(to);
  const bool planned = end == steps || every(weights_steps, end);
  if (planned) hand_over_weights(outcome.upto, sink);
  recorder->collect_from_ranks(outcome.upto);
  recorder->flush(sink, outcome.upto);
  if (progress && rank() == 0) progress(clock.time(outcome.upto));
  if (!outcome.failed() && end < steps && (outcome.stop() || every(checkpoint_steps, end))) sink.checkpoint(checkpoint(end));
  if (outcome.stop() && !planned) hand_over_weights(outcome.upto, sink);  // not part of what a resumed run begins with
  if (sink.error) std::rethrow_exception(sink.error);
}

/// Calls see(name, data, bytes) for every column that has a place for each neuron.
template <class See>
void Simulation::State::neuron_columns(See&& see) {
  for (auto& population : populations)
    population->columns([&](const std::string& name, void* data, size_t bytes) { see(population->name() + "/" + name, data, bytes); });
  for (Bundle& bundle : bundles)
    if (Plasticity* p = bundle.plasticity.get())
      for (size_t c = 0; c < p->post.size(); ++c)
        see(fmt::format("{}/{}/post {}", connectome.projections()[static_cast<size_t>(bundle.projection)].name, bundle.delay,
                        p->rule.table().post->fields[c].name),
            p->post[c].data(), p->post[c].size() * sizeof(float));
}

/// Calls see(name, bundle, values) for every column that has a place for each synapse.
template <class See>
void Simulation::State::synapse_columns(See&& see) {
  for (Bundle& bundle : bundles) {
    Plasticity* p = bundle.plasticity.get();
    if (!p) continue;
    const std::string name = fmt::format("{}/{}/", connectome.projections()[static_cast<size_t>(bundle.projection)].name, bundle.delay);
    see(name + "weight", bundle, bundle.weight);
    for (size_t c = 0; c < p->own_columns.size(); ++c) see(name + p->rule.table().synapse->fields[c + 1].name, bundle, p->own_columns[c].data());
  }
}

/// Calls see(name, data, bytes) for every column that all shards with targets of a bundle have alike, of each of them here or of the first.
template <class See>
void Simulation::State::shared_columns(size_t b, bool of_each, See&& see) {
  const std::string name = fmt::format("{}/{}/pre ", connectome.projections()[static_cast<size_t>(bundles[b].projection)].name, bundles[b].delay);
  for (auto& shard : shards) {
    if (!shard->owns_targets(b)) continue;
    shard->columns(b, [&](const std::string& column, void* data, size_t bytes) { see(name + column, data, bytes); });
    if (!of_each) return;
  }
}

Checkpoint Simulation::State::checkpoint(int64_t step) {
  Checkpoint to{.step = step, .time = clock.time(step), .columns = {}};
  const auto keep = [&](const std::string& name, const void* data, size_t bytes) {
    if (rank() == 0) to.keep(name, data, bytes);
  };
  for (auto& shard : shards) shard->settle(step);
  collect_neurons(*this);
  neuron_columns(keep);
  synapse_columns([&](const std::string& name, const Bundle& bundle, const float* values) {
    const auto all = collect_synapses(bundle.offset, bundle.first, bundle.sources(), bundle.whole, values);
    keep(name, all.data(), all.size() * sizeof(float));
  });
  recorder->columns(keep);

  // What shards have alike: from the first rank with targets of the bundle.
  Pack pack;
  for (size_t b = 0; b < bundles.size(); ++b) {
    const auto owns = [&](const std::vector<Range>& ranges) { return ranges[static_cast<size_t>(bundles[b].target)].size() > 0; };
    if (std::find_if(own.begin(), own.end(), owns) - own.begin() != rank()) continue;
    shared_columns(b, false, [&](const std::string& name, const void* data, size_t bytes) {
      pack.list(name);
      pack.list(std::span(static_cast<const char*>(data), bytes));
    });
  }
  for (const Bytes& bytes : collect(pack.bytes()))
    for (Unpack from(bytes); !from.empty();) {
      const auto name = from.list<std::string>();
      const auto data = from.list<Bytes>();
      keep(name, data.data(), data.size());
    }

  // Spikes in flight: for each step that may still be looked at and each population, how many, and which.
  std::vector<int32_t> flight;
  for (int64_t past = std::max<int64_t>(0, step - slots); past < step; ++past)
    for (size_t p = 0; p < populations.size(); ++p) {
      const size_t count = flight.size();
      flight.push_back(0);
      for (const Firings& those : firings) {
        const auto fired = those.fired(past, static_cast<int32_t>(p));
        flight.insert(flight.end(), fired.begin(), fired.end());
      }
      flight[count] = static_cast<int32_t>(flight.size() - count - 1);
    }
  keep("spikes in flight", flight.data(), flight.size() * sizeof(int32_t));
  return to;
}

void Simulation::State::load(const Checkpoint& from) {
  const auto put_back = [&](const std::string& name, void* data, size_t bytes) { from.put_back(name, data, bytes); };
  neuron_columns(put_back);
  for (auto& shard : shards) shard->settled(from.step);
  synapse_columns([&](const std::string& name, const Bundle& bundle, float* values) {
    const char* saved = from.find(name, static_cast<size_t>(bundle.whole) * sizeof(float));
    for (int32_t i = 0; i < bundle.sources(); ++i)
      if (const auto count = static_cast<size_t>(bundle.offset[i + 1] - bundle.offset[i]); count > 0)
        std::memcpy(values + bundle.offset[i], saved + static_cast<size_t>(bundle.first[i]) * sizeof(float), count * sizeof(float));
  });
  for (size_t b = 0; b < bundles.size(); ++b) shared_columns(b, true, put_back);
  recorder->columns(put_back);

  const std::vector<char>& bytes = from.find("spikes in flight");
  std::vector<int32_t> flight(bytes.size() / sizeof(int32_t));
  if (!flight.empty()) std::memcpy(flight.data(), bytes.data(), flight.size() * sizeof(int32_t));
  size_t at = 0;
  for (int64_t past = std::max<int64_t>(0, from.step - slots); past < from.step; ++past) {
    std::vector<std::vector<int32_t>> fired(populations.size());
    for (size_t p = 0; p < populations.size(); ++p) {
      const auto count = at < flight.size() ? static_cast<size_t>(flight[at]) : 0;
      if (at + count >= flight.size()) fail("The checkpoint's spikes in flight are incomplete. Run the experiment from its begin.");
      for (size_t k = 1; k <= count; ++k) {
        const int32_t neuron = flight[at + k];
        if (neuron < 0 || neuron >= populations[p]->size())
          fail("The checkpoint has a spike of neuron {} of population '{}', which has {}.", neuron, populations[p]->name(), populations[p]->size());
        fired[p].push_back(neuron);
      }
      at += count + 1;
    }
    for (Firings& those : firings) those.put(past, fired);
  }
}

void Simulation::State::run(RecordingSink& sink, const std::function<void(double)>& progress) {
  const int32_t count = plan_threads();
  make_shards(count);
  const int64_t first_step = begin_at ? begin_at->step : 0;
  recorder->prepare(count, flush_every, first_step, own);
  if (begin_at) load(*begin_at);

  std::exception_ptr error;
  Outcome outcome;
  std::atomic<int64_t> stop_at{std::numeric_limits<int64_t>::max()};  // written before a meeting, read after it
  parallel(count, [&](const Team& team) {
    for (int64_t begin = first_step; begin < steps;) {
      const int64_t end = chunk_end(begin);
      const bool at_border = border(end);
      for (int32_t s = team.rank(); s < count; s += team.size()) {
        shards[static_cast<size_t>(s)]->run(begin, end);
        if (at_border) shards[static_cast<size_t>(s)]->check_finite(end);
        if (shards[static_cast<size_t>(s)]->error) stop_at.store(end);
      }
      if (team.rank() == 0 && interrupted()) stop_at.store(end);
      team.barrier();

      // Nobody begins the next chunk before all have seen whether to stop at this one: a later stop is stored with a later step.
      if (at_border || ranks() > 1 || stop_at.load() <= end) {
        if (team.rank() == 0) {
          try {
            outcome = exchange(*this, begin, end, outcome_of_shards(end));
            if (at_border || outcome.stop()) hand_over(end, outcome, sink, progress);
          } catch (...) {
            error = std::current_exception();
          }
          if (error || outcome.stop()) stop_at.store(end);
        }
        team.barrier();
        if (stop_at.load() <= end) return;
      }
      begin = end;
    }
  });

  if (error) std::rethrow_exception(error);
  if (outcome.stop()) {
    leave_ranks();  // as all do
    if (rank() > 0) throw Elsewhere();
    for (const auto& shard : shards)
      if (shard->error) std::rethrow_exception(shard->error);
    if (outcome.failed()) throw Error(outcome.sentence);
    stop_as_interrupted("simulating");
  }

  counts = {.steps = steps - first_step};
  Pack pack;
  for (const auto& shard : shards) pack.value(shard->spikes), pack.value(shard->events);
  for (const Bytes& bytes : share(pack.bytes()))
    for (Unpack from(bytes); !from.empty();) {
      counts.spikes += from.value<int64_t>();
      counts.synaptic_events += from.value<int64_t>();
    }
}

namespace {

/// A meeting.
Checkpoint that_of_first_rank(const Checkpoint& mine) {
  Pack pack;
  pack.value(mine.step), pack.value(mine.time);
  for (const auto& column : mine.columns) pack.list(column.name), pack.list(column.bytes);
  const Bytes bytes = spread(pack.bytes());
  Unpack from(bytes);
  Checkpoint first{.step = from.value<int64_t>(), .time = from.value<double>(), .columns = {}};
  while (!from.empty()) {
    auto name = from.list<std::string>();
    first.columns.push_back({std::move(name), from.list<std::vector<char>>()});
  }
  return first;
}

}  // namespace

Simulation::Simulation(const Blueprint& blueprint, Connectome& connectome, std::vector<Stimulus> stimuli, SimulationOptions options)
    : state_(std::make_unique<State>(blueprint, connectome, stimuli, options)) {}

Simulation::~Simulation() = default;

const std::vector<TraceInfo>& Simulation::traces() const { return state_->recorder->traces(); }
const std::vector<SignalInfo>& Simulation::signals() const { return state_->recorder->signals(); }
const std::vector<CorrelationInfo>& Simulation::correlations() const { return state_->recorder->correlations(); }
const std::vector<int32_t>& Simulation::plastic_projections() const { return state_->plastic; }
const Simulation::Counts& Simulation::counts() const { return state_->counts; }

void Simulation::resume(Checkpoint checkpoint) {
  if (ranks() > 1) checkpoint = that_of_first_rank(checkpoint);
  if (checkpoint.step < 0 || checkpoint.step >= state_->steps)
    fail("The checkpoint is at t = {} ms, and the simulation is over at {} ms.", checkpoint.time, state_->clock.time(state_->steps));
  state_->begin_at = std::move(checkpoint);
}

void Simulation::run(RecordingSink& sink, const std::function<void(double time)>& progress) { state_->run(sink, progress); }

}  // namespace proxon
