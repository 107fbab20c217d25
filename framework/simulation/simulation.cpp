#include "proxon/simulation/simulation.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <numeric>
#include <optional>

#include "proxon/base/progress.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/simulation/shard.hpp"

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
  void hand_over_weights(int64_t end, RecordingSink& sink);
  void hand_over(int64_t end, bool with_weights, RecordingSink& sink, const std::function<void(double)>& progress);
  void run(RecordingSink& sink, const std::function<void(double)>& progress);
  template <class See>
  void columns(See&& see);
  Checkpoint checkpoint(int64_t step);
  void load(const Checkpoint& from);

  Connectome& connectome;
  SimulationOptions options;
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

  // Threads meet after as many steps as the shortest delay, and at least every 10 ms; the past is kept for the longest.
  int64_t longest = 0;
  std::vector<int64_t> ahead(populations.size(), 0);  ///< [population] steps of input to come
  chunk = std::max<int64_t>(1, static_cast<int64_t>(10 / clock.dt()));
  for (const Bundle& bundle : bundles) {
    chunk = std::min<int64_t>(chunk, bundle.delay);
    longest = std::max<int64_t>(longest, bundle.delay);
    if (bundle.code) ahead[static_cast<size_t>(bundle.target)] = std::max<int64_t>(ahead[static_cast<size_t>(bundle.target)], bundle.longest() - bundle.delay + 1);
    if (bundle.plasticity && (plastic.empty() || plastic.back() != bundle.projection)) plastic.push_back(bundle.projection);
  }
  slots = longest + chunk;
  for (auto& population : populations) population->keep_activity(slots);
  for (const Bundle& bundle : bundles) {
    if (bundle.code) populations[static_cast<size_t>(bundle.target)]->keep_ahead(bundle.ports, ahead[static_cast<size_t>(bundle.target)]);
    RunningPopulation& target = *populations[static_cast<size_t>(bundle.target)];
    if (bundle.coupling()) {
      populations[static_cast<size_t>(bundle.source)]->keep_variable(bundle.source_variable, slots);
      target.keep_variable(bundle.target_variable, slots);
    }
    if (bundle.plasticity)
      for (int32_t variable : bundle.plasticity->target_variables) target.keep_variable(variable, slots);
  }
  flush_every = recorder->flush_steps(std::max<int64_t>(1, static_cast<int64_t>(100 / clock.dt())));
}

/// As many threads as are wanted, but not so many that a meeting (a few microseconds) costs more than what is done between two of them.
int32_t Simulation::State::plan_threads() const {
  double nanoseconds = 2.0 * connectome.neurons();
  for (const Bundle& bundle : bundles) nanoseconds += (bundle.rates || bundle.coupling() ? 1.0 : 1e-3) * static_cast<double>(bundle.size());
  const double useful = nanoseconds * static_cast<double>(chunk) / 2000;
  return std::max(1, static_cast<int32_t>(std::min<double>({1.0 * threads(), useful, connectome.neurons() / 64.0})));
}

void Simulation::State::make_shards(int32_t count) {
  // Borders are multiples of 64 neurons; the remainders of the populations go to different threads. A rule that hands something on along
  // its rows needs them whole: its targets belong to one thread.
  std::vector<bool> whole(populations.size(), false);
  for (const Bundle& bundle : bundles)
    if (bundle.plasticity && bundle.plasticity->has(hook_whole_rows)) whole[static_cast<size_t>(bundle.target)] = true;
  std::vector<std::vector<int32_t>> borders(populations.size());
  for (size_t p = 0; p < populations.size(); ++p) {
    const int64_t size = populations[p]->size(), blocks = (size + 63) / 64;
    for (int64_t t = 0; t <= count; ++t)
      if (whole[p])
        borders[p].push_back(t == 0 ? 0 : static_cast<int32_t>(size));
      else
        borders[p].push_back(static_cast<int32_t>(std::min(size, (t * blocks + static_cast<int64_t>(p) % count) / count * 64)));
  }
  for (Bundle& bundle : bundles) bundle.split(borders[static_cast<size_t>(bundle.target)]);
  shards.clear();
  for (int32_t t = 0; t < count; ++t) {
    std::vector<Range> own;
    for (const auto& b : borders) own.push_back({b[static_cast<size_t>(t)], b[static_cast<size_t>(t) + 1]});
    shards.push_back(std::make_unique<Shard>(*this, t, std::move(own)));
  }
}

int64_t Simulation::State::chunk_end(int64_t begin) const {
  int64_t end = std::min({steps, begin + chunk, (begin / flush_every + 1) * flush_every});
  for (const int64_t interval : {weights_steps, checkpoint_steps})
    if (interval > 0) end = std::min(end, (begin / interval + 1) * interval);
  return end;
}

void Simulation::State::hand_over_weights(int64_t end, RecordingSink& sink) {
  for (const Bundle& bundle : bundles)
    if (bundle.plasticity) bundle.write_back(connectome.projections()[static_cast<size_t>(bundle.projection)]);
  for (int32_t p : plastic) sink.weights(p, clock.time(end), connectome.projections()[static_cast<size_t>(p)].weight);
}

void Simulation::State::hand_over(int64_t end, bool with_weights, RecordingSink& sink, const std::function<void(double)>& progress) {
  if (with_weights) hand_over_weights(end, sink);
  recorder->flush(sink, end);
  if (progress) progress(clock.time(end));
}

/// Calls see(name, data, bytes) for every column but spikes in flight, those that each shard has once for each shard.
template <class See>
void Simulation::State::columns(See&& see) {
  for (auto& population : populations)
    population->columns([&](const std::string& name, void* data, size_t bytes) { see(population->name() + "/" + name, data, bytes); });
  for (size_t b = 0; b < bundles.size(); ++b) {
    Bundle& bundle = bundles[b];
    const std::string name = fmt::format("{}/{}/", connectome.projections()[static_cast<size_t>(bundle.projection)].name, bundle.delay);
    if (Plasticity* p = bundle.plasticity.get()) {
      see(name + "weight", bundle.weight, static_cast<size_t>(bundle.size()) * sizeof(float));
      for (size_t c = 0; c < p->own_columns.size(); ++c)
        see(name + p->rule.table().synapse->fields[c + 1].name, p->own_columns[c].data(), p->own_columns[c].size() * sizeof(float));
      for (size_t c = 0; c < p->post.size(); ++c)
        see(name + "post " + p->rule.table().post->fields[c].name, p->post[c].data(), p->post[c].size() * sizeof(float));
    }
    for (auto& shard : shards)
      if (shard->owns_targets(b))
        shard->columns(b, [&](const std::string& column, void* data, size_t bytes) { see(name + "pre " + column, data, bytes); });
  }
  recorder->columns(see);
}

Checkpoint Simulation::State::checkpoint(int64_t step) {
  Checkpoint to{.step = step, .time = clock.time(step), .columns = {}};
  columns([&](const std::string& name, void* data, size_t bytes) {
    for (const auto& column : to.columns)
      if (column.name == name) return;  // what all shards have alike is kept once
    const char* first = static_cast<const char*>(data);
    to.columns.push_back({name, {first, first + bytes}});
  });

  // Spikes in flight: for each step that may still be looked at and each population, how many, and which.
  std::vector<int32_t> flight;
  for (int64_t past = std::max<int64_t>(0, step - slots); past < step; ++past)
    for (size_t p = 0; p < populations.size(); ++p) {
      const size_t count = flight.size();
      flight.push_back(0);
      for (const auto& shard : shards) {
        const auto fired = shard->fired(past, static_cast<int32_t>(p));
        flight.insert(flight.end(), fired.begin(), fired.end());
      }
      flight[count] = static_cast<int32_t>(flight.size() - count - 1);
    }
  const char* first = reinterpret_cast<const char*>(flight.data());
  to.columns.push_back({"spikes in flight", {first, first + flight.size() * sizeof(int32_t)}});
  return to;
}

void Simulation::State::load(const Checkpoint& from) {
  const auto find = [&](const std::string& name) -> const std::vector<char>& {
    for (const auto& column : from.columns)
      if (column.name == name) return column.bytes;
    fail("The checkpoint has no '{}': it belongs to another experiment. Run the experiment from its begin.", name);
  };
  columns([&](const std::string& name, void* data, size_t bytes) {
    const std::vector<char>& saved = find(name);
    if (saved.size() != bytes)
      fail("The checkpoint's '{}' has {} bytes in place of {}: it belongs to another experiment. Run the experiment from its begin.", name, saved.size(),
           bytes);
    std::memcpy(data, saved.data(), bytes);
  });

  const std::vector<char>& bytes = find("spikes in flight");
  std::vector<int32_t> flight(bytes.size() / sizeof(int32_t));
  std::memcpy(flight.data(), bytes.data(), flight.size() * sizeof(int32_t));
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
    for (auto& shard : shards) shard->put_fired(past, fired);
  }
}

void Simulation::State::run(RecordingSink& sink, const std::function<void(double)>& progress) {
  const int32_t count = plan_threads();
  make_shards(count);
  const int64_t first_step = begin_at ? begin_at->step : 0;
  recorder->prepare(count, flush_every, first_step);
  if (begin_at) load(*begin_at);

  std::exception_ptr error;
  std::atomic<int64_t> stop_at{std::numeric_limits<int64_t>::max()};  // written by the first thread before a meeting, read after it
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
      const bool stop = stop_at.load() <= end;
      if (at_border || stop) {
        if (team.rank() == 0) {
          int64_t upto = end;
          for (const auto& shard : shards)
            if (shard->error) upto = std::min(upto, shard->failed_step);
          try {
            const bool failed = std::any_of(shards.begin(), shards.end(), [](const auto& shard) { return bool(shard->error); });
            const bool planned = end == steps || every(weights_steps, end);
            hand_over(upto, planned, sink, progress);
            if (!failed && end < steps && (stop || every(checkpoint_steps, end))) sink.checkpoint(checkpoint(end));
            if (stop && !planned) hand_over_weights(upto, sink);  // not part of what a resumed run begins with
          } catch (...) {
            error = std::current_exception();
            stop_at.store(end);
          }
        }
        team.barrier();
        if (stop_at.load() <= end) return;
      }
      begin = end;
    }
  });

  counts = {.steps = steps - first_step};
  for (const auto& shard : shards) {
    counts.spikes += shard->spikes;
    counts.synaptic_events += shard->events;
  }
  if (error) std::rethrow_exception(error);
  for (const auto& shard : shards)
    if (shard->error) std::rethrow_exception(shard->error);
  if (stop_at.load() <= steps) stop_if_interrupted("simulating");
}

Simulation::Simulation(const Blueprint& blueprint, Connectome& connectome, std::vector<Stimulus> stimuli, SimulationOptions options)
    : state_(std::make_unique<State>(blueprint, connectome, stimuli, options)) {}

Simulation::~Simulation() = default;

const std::vector<TraceInfo>& Simulation::traces() const { return state_->recorder->traces(); }
const std::vector<SignalInfo>& Simulation::signals() const { return state_->recorder->signals(); }
const std::vector<CorrelationInfo>& Simulation::correlations() const { return state_->recorder->correlations(); }
const std::vector<int32_t>& Simulation::plastic_projections() const { return state_->plastic; }
const Simulation::Counts& Simulation::counts() const { return state_->counts; }

void Simulation::resume(const Checkpoint& checkpoint) {
  if (checkpoint.step < 0 || checkpoint.step >= state_->steps)
    fail("The checkpoint is at t = {} ms, and the simulation is over at {} ms.", checkpoint.time, state_->clock.time(state_->steps));
  state_->begin_at = checkpoint;
}

void Simulation::run(RecordingSink& sink, const std::function<void(double time)>& progress) { state_->run(sink, progress); }

}  // namespace proxon
