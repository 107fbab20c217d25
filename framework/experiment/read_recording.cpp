#include "proxon/experiment/read_tables.hpp"

namespace proxon {

int64_t in_steps(double ms, double dt, const std::string& where) {
  const double steps = ms / dt;
  const auto whole = static_cast<int64_t>(std::llround(steps));
  if (whole < 1 || std::fabs(steps - static_cast<double>(whole)) > 1e-6 * static_cast<double>(whole))
    fail("{}{} ms is not a multiple of dt = {} ms.", where, ms, dt);
  return whole;
}

namespace {

bool is_spiking(const Population& population) { return static_cast<const NeuronTable*>(population.neuron.plugin->table)->spiking; }

/// The neurons of a population or group whose spikes are counted.
NeuronsRequest spiking_neurons(const Experiment& experiment, const Table& table, const char* key, std::string_view name) {
  const NeuronSet& set = lookup(experiment.groups, name, table.where(key), "population or group");
  if (!is_spiking(experiment.blueprint.population(set.population)))
    fail("{}the neurons of '{}' do not spike; record their \"activity\" as a trace.", table.where(key), name);
  return {set.population, set.neurons};
}

void read_counts(Table record, double dt, double duration, Experiment& experiment) {
  for (auto& [name, table] : record.tables("rates")) {
    const Values values = table.read<RateSettings>();
    const auto& rate = values.as<RateSettings>();
    experiment.options.rates.push_back(
        {name, spiking_neurons(experiment, table, "source", rate.source), in_steps(rate.interval, dt, table.where("interval"))});
    experiment.rate_sources[name] = rate.source;
  }
  for (auto& [name, table] : record.tables("correlations")) {
    const Values values = table.read<CorrelationSettings>();
    const auto& settings = values.as<CorrelationSettings>();
    CorrelationRequest request{name, spiking_neurons(experiment, table, "source", settings.source),
                               spiking_neurons(experiment, table, "target", settings.target), 5};
    if (settings.delta_tau > 0) request.bin = in_steps(settings.delta_tau, dt, table.where("delta_tau"));
    if (request.bin % 2 == 0)
      fail("{}{:g} ms is {} times dt, and must be an odd multiple, so that a bin is centred at lag 0.", table.where("delta_tau"), settings.delta_tau,
           request.bin);
    if (settings.tau_max > 0) {
      const int64_t steps = in_steps(settings.tau_max, dt, table.where("tau_max"));
      if (steps % request.bin != 0)
        fail("{}{:g} ms is not a multiple of delta_tau = {:g} ms.", table.where("tau_max"), settings.tau_max, static_cast<double>(request.bin) * dt);
      request.lags = steps / request.bin;
    }
    if (settings.start > 0) request.start = in_steps(settings.start, dt, table.where("start"));
    if (settings.start >= duration) fail("{}{:g} ms leaves nothing of the {:g} ms that are simulated.", table.where("start"), settings.start, duration);
    experiment.options.correlations.push_back(std::move(request));
    experiment.correlation_sources.emplace_back(settings.source, settings.target);
  }
}

}  // namespace

void read_recording(Table root, Experiment& experiment) {
  Table simulation = root.table("simulation"), record = root.table("record");
  experiment.simulation = simulation.read<SimulationSettings>();
  experiment.record = record.read<RecordSettings>();
  const auto& clock = experiment.simulation.as<SimulationSettings>();
  const auto& settings = experiment.record.as<RecordSettings>();
  in_steps(clock.duration, clock.dt, simulation.where("duration"));
  if (clock.trial > 0) in_steps(clock.trial, clock.dt, simulation.where("trial"));
  SimulationOptions& options = experiment.options;
  options.dt = clock.dt;
  options.duration = clock.duration;
  options.trial = clock.trial;
  options.learning_interval = clock.learning_interval;
  options.checkpoint_interval = clock.checkpoint_interval;
  options.seed = experiment.seed;
  options.signal_interval = settings.signal_interval;
  options.weights_interval = settings.weights_interval;
  in_steps(settings.signal_interval, clock.dt, record.where("signal_interval"));

  std::map<std::string, const Population*> populations;
  for (const Population* population : experiment.blueprint.populations()) populations[population->name] = population;
  if (record.has("spikes")) {
    for (const std::string_view name : settings.spikes) {
      if (!is_spiking(*lookup(populations, name, record.where("spikes"), "population")))
        fail("{}the neurons of '{}' do not spike; record their \"activity\" as a trace.", record.where("spikes"), name);
      options.record_spikes.emplace_back(name);
    }
  } else {
    for (const Population* population : experiment.blueprint.populations())
      if (is_spiking(*population)) options.record_spikes.push_back(population->name);
  }

  for (auto& [name, table] : record.tables("traces")) {
    const Values values = table.read<TraceSettings>();
    const auto& trace = values.as<TraceSettings>();
    const NeuronSet& set = lookup(experiment.groups, trace.source, table.where("source"), "population or group");
    TraceRequest request{set.population, std::string(trace.variable), set.neurons, in_steps(trace.interval, clock.dt, table.where("interval"))};
    const Population& population = experiment.blueprint.population(set.population);
    if (request.neurons.empty())
      for (int32_t i = 0; i < population.size; ++i) request.neurons.push_back(i);

    std::vector<std::string> variables;
    const auto& model = *static_cast<const NeuronTable*>(population.neuron.plugin->table);
    for (const FieldInfo& field : model.state->list()) variables.emplace_back(field.name);
    if (!model.spiking) variables.emplace_back("activity");
    if (std::find(variables.begin(), variables.end(), request.variable) == variables.end())
      fail("{}'{}' is not a variable of {}; it has: {}.{}", table.where("variable"), request.variable, population.neuron.name,
           fmt::join(variables, ", "), did_you_mean(request.variable, variables));
    for (const TraceRequest& other : experiment.options.traces)
      if (other.population == request.population && other.variable == request.variable)
        fail("{}'{}' of '{}' is recorded by another trace already; make a group of all the neurons that are wanted.", table.where(),
             request.variable, request.population);
    experiment.options.traces.push_back(std::move(request));
    experiment.trace_names.push_back(name);
  }
  read_counts(record, clock.dt, clock.duration, experiment);
}

}  // namespace proxon
