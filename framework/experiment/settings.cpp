#include "proxon/experiment/settings.hpp"

#include <filesystem>
#include <set>

#include "proxon/base/csv.hpp"
#include "proxon/experiment/biology.hpp"
#include "proxon/experiment/replay.hpp"
#include "proxon/experiment/shown.hpp"
#include "proxon/network/draw.hpp"
#include "proxon/network/listed.hpp"

namespace proxon {

std::vector<std::string> target_names(const Experiment& experiment) {
  std::vector<std::string> names;
  for (const auto& [name, values] : experiment.has_samples ? experiment.sample_targets : experiment.targets) names.push_back(name);
  return names;
}

std::vector<SectionInfo> experiment_sections() {
  return {
      {"", "the head of the file", &schema_of<ExperimentSettings>()},
      {"files.NAME", "a file that the experiment stands on, and where to get it", &schema_of<FileSettings>()},
      {"network.populations.NAME", "a set of neurons of one model; [network.populations.NAME.initial] gives initial values of state variables",
       &schema_of<PopulationSettings>()},
      {"network.populations.NAME.positions", "where the neurons are, for connections, weights and delays that depend on distance",
       &schema_of<PositionSettings>()},
      {"network.projections.NAME", "the synapses from one population to another", &schema_of<ProjectionSettings>()},
      {"network.groups.NAME", "some neurons of a population, under a name of their own", &schema_of<GroupSettings>()},
      {"stimuli.NAME", "what drives neurons from outside", &schema_of<StimulusSettings>()},
      {"stimuli.NAME.samples.PHASE", "labelled samples that a stimulus shows, one phase after the other", &schema_of<ShownSettings>()},
      {"simulation", "the clock", &schema_of<SimulationSettings>()},
      {"record", "what is kept of the simulation", &schema_of<RecordSettings>()},
      {"record.traces.NAME", "state variables that are kept", &schema_of<TraceSettings>()},
      {"record.rates.NAME", "the rate of a population: spikes a neuron and second, in bins", &schema_of<RateSettings>()},
      {"record.correlations.NAME", "pairs of spikes of two populations, counted by the time from the source's to the target's",
       &schema_of<CorrelationSettings>()},
      {"samples", "labelled samples out of files, in place of a network and its recordings", &schema_of<SampleOptions>()},
      {"samples.inputs.NAME", "what the twin sees of a sample", &schema_of<SampleSpec>()},
      {"samples.targets.NAME", "what it is asked for", &schema_of<SampleSpec>()},
      {"dataset", "how recordings become samples", &schema_of<DatasetOptions>()},
      {"dataset.inputs.NAME", "what the twin sees", &schema_of<ChannelSpec>()},
      {"dataset.targets.NAME", "what the twin has to give", &schema_of<ChannelSpec>()},
      {"model", "the twin", &schema_of<ModelSettings>()},
      {"training", "how it is fitted", &schema_of<TrainingOptions>()},
      {"training.heads.NAME", "the loss of the targets [dataset.targets.NAME], where it is not that of all", &schema_of<HeadOptions>()},
      {"evaluation", "how the two networks are compared", &schema_of<EvaluationOptions>()},
      {"report", "what the report shows", &schema_of<ReportSettings>()},
  };
}

namespace {

/// Throws with the place in the experiment where a plugin's parameters name a file that is not there.
void check_files(Table table, std::string_view key, const Values& parameters) {
  for (const FieldInfo& field : parameters.schema().list()) {
    const char* at = static_cast<const char*>(parameters.data()) + field.offset;
    if (!(field.flags & field_path)) continue;
    const auto listed = field.type == FieldType::texts ? *reinterpret_cast<const std::span<const std::string_view>*>(at)
                                                       : std::span(reinterpret_cast<const std::string_view*>(at), 1);
    for (const std::string_view file : listed)
      if (!file.empty() && !std::filesystem::exists(file)) fail("{}the file {} is not there. Is the name right?", table.table(key).where(field.name), file);
  }
}

/// Makes a plugin once and throws it away, so that parameters that do not go together are refused with their place before anything is run.
template <class TableType, class Setup>
void try_out(const PluginValue& plugin, const Setup& setup, const Table& table, std::string_view key) {
  try {
    Instance<TableType, Setup>(plugin, setup);
  } catch (const Error& error) {
    fail("{}{}", table.where(key), error.what());
  }
}

/// Looks a name up in a map, or says which there are.
template <class Map>
const auto& lookup(const Map& map, std::string_view name, const std::string& where, const char* what) {
  const auto found = map.find(std::string(name));
  if (found != map.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [key, value] : map) names.push_back(key);
  fail("{}there is no {} called '{}'; there are: {}.{}", where, what, name, fmt::join(names, ", "), did_you_mean(name, names));
}

/// Rows of a CSV file with columns x, y, z (or the first ones of them), um.
std::vector<std::array<double, 3>> read_coordinates(const std::string& path, size_t dimensions) {
  std::vector<std::array<double, 3>> all;
  CsvFile csv{path};
  std::array<size_t, 3> column{};
  for (size_t d = 0; d < dimensions; ++d) column[d] = csv.column(std::string(1, "xyz"[d]));
  for (std::vector<std::string> row; csv.next(row);) {
    auto& at = all.emplace_back();
    for (size_t d = 0; d < dimensions; ++d) at[d] = csv.number(row, column[d]);
  }
  return all;
}

Positions read_positions(Table table, int64_t size) {
  const Values values = table.read<PositionSettings>();
  const auto& settings = values.as<PositionSettings>();
  Positions positions;
  positions.layout = settings.layout == "grid"      ? Positions::Layout::grid
                     : settings.layout == "uniform" ? Positions::Layout::uniform
                                                    : Positions::Layout::listed;
  positions.shape.assign(settings.shape.begin(), settings.shape.end());
  positions.extent.assign(settings.extent.begin(), settings.extent.end());
  positions.center.assign(settings.center.begin(), settings.center.end());
  positions.periodic = settings.periodic;
  try {
    if (positions.layout == Positions::Layout::listed) {
      if (settings.file.empty()) fail("file: is missing: where are the neurons?");
      positions.listed = read_coordinates(std::string(settings.file), positions.extent.size());
    }
    check_positions(positions, size);
  } catch (const std::runtime_error& error) {
    fail("{}{}", table.where(), error.what());
  }
  return positions;
}

void read_populations(Table network, double dt, Experiment& experiment) {
  for (auto& [name, table] : network.tables("populations")) {
    const Values values = table.read<PopulationSettings>();
    const auto& settings = values.as<PopulationSettings>();
    Population population{.name = name, .size = static_cast<int32_t>(settings.size), .neuron = *settings.neuron.value};
    if (!settings.file.empty()) {
      if (!settings.reader) fail("{}needs `reader`: which format has the file '{}'?", table.where("file"), settings.file);
      NeuronNames in_file;
      try {
        in_file = read_neuron_names(*settings.reader.value, std::string(settings.file));
      } catch (const Error& error) {
        fail("{}{}", table.where("file"), error.what());
      }
      population.neuron_names = std::move(in_file.names);
      if (population.size && population.size != in_file.size)
        fail("{}is {}, but the file names {} neurons; leave size out to take them all.", table.where("size"), population.size, in_file.size);
      population.size = in_file.size;
    }
    if (population.size < 1) fail("{}'size' is missing: a population needs at least one neuron.", table.where());
    const auto& model = *static_cast<const NeuronTable*>(population.neuron.plugin->table);
    try_out<NeuronTable>(population.neuron, Step{dt}, table, "neuron");
    population.initial = table.table("initial").read_distributions(*model.state);
    if (table.has("positions")) population.positions = read_positions(table.table("positions"), population.size);
    experiment.blueprint.add(std::move(population));
  }
  if (experiment.blueprint.populations().empty())
    fail("{}has no population; add a table [network.populations.NAME].", network.where());
}

int64_t in_steps(double ms, double dt, const std::string& where) {
  const double steps = ms / dt;
  const auto whole = static_cast<int64_t>(std::llround(steps));
  if (whole < 1 || std::fabs(steps - static_cast<double>(whole)) > 1e-6 * static_cast<double>(whole))
    fail("{}{} ms is not a multiple of dt = {} ms.", where, ms, dt);
  return whole;
}

void read_projections(Table network, double dt, Experiment& experiment) {
  std::map<std::string, const Population*> populations;
  for (const Population* population : experiment.blueprint.populations()) populations[population->name] = population;
  for (auto& [name, table] : network.tables("projections")) {
    const Values values = table.read<ProjectionSettings>();
    const auto& settings = values.as<ProjectionSettings>();
    Projection projection{.name = name,
                          .source = std::string(settings.source),
                          .target = std::string(settings.target),
                          .connectivity = *settings.connectivity.value,
                          .weight = settings.weight,
                          .weight_scale = settings.weight_scale,
                          .delay = settings.delay,
                          .sign = static_cast<Sign>(std::find(std::begin(sign_names), std::end(sign_names), settings.sign) - std::begin(sign_names)),
                          .synapse = *settings.synapse.value,
                          .learning_rule = {},
                          .receptor = std::string(settings.receptor)};
    if (settings.learning_rule) projection.learning_rule = *settings.learning_rule.value;
    for (const auto& [key, value, to] : {std::tuple{"learning_stop", settings.learning_stop, &projection.learning_stop},
                                         std::tuple{"weight_sum", settings.weight_sum, &projection.weight_sum}}) {
      if (value > 0 && !projection.learning_rule) fail("{}is for a projection with a learning_rule, and this one has none.", table.where(key));
      *to = value;
    }
    if (settings.learning_stop > 0) in_steps(settings.learning_stop, dt, table.where("learning_stop"));
    projection.modulator = settings.modulator;
    if (!settings.modulator.empty()) lookup(populations, settings.modulator, table.where("modulator"), "population");
    lookup(populations, settings.source, table.where("source"), "population");
    lookup(populations, settings.target, table.where("target"), "population");
    check_files(table, "connectivity", projection.connectivity.values);
    try {
      if (table.has("delay")) check_delay(settings.delay, dt);
    } catch (const Error& error) {
      fail("{}{}", table.where("delay"), error.what());
    }
    try_out<SynapseTable>(projection.synapse, Step{dt}, table, "synapse");
    if (projection.learning_rule) try_out<LearningRuleTable>(*projection.learning_rule, Step{dt}, table, "learning_rule");
    try {
      experiment.blueprint.add(std::move(projection));
    } catch (const Error& error) {
      fail("{}{}", table.where(), error.what());
    }
  }
}

/// The numbers of named neurons; names that the population lacks are errors unless `skip_unknown`.
std::vector<int32_t> numbers_of(const Population& population, const std::vector<std::string>& names, bool skip_unknown, const std::string& where) {
  std::map<std::string, int32_t> number;
  for (size_t i = 0; i < population.neuron_names.size(); ++i) number[population.neuron_names[i]] = static_cast<int32_t>(i);
  if (number.empty()) fail("{}the neurons of '{}' have no names; give their numbers.", where, population.name);
  std::set<int32_t> found;
  for (const std::string& name : names) {
    const auto at = number.find(name);
    if (at != number.end()) found.insert(at->second);
    else if (!skip_unknown) fail("{}'{}' is not a neuron of '{}'.{}", where, name, population.name, did_you_mean(name, population.neuron_names));
  }
  return {found.begin(), found.end()};
}

std::vector<std::string> read_names(const GroupSettings& settings, const std::string& where) {
  std::vector<std::string> names;
  try {
    CsvFile csv{std::string(settings.file)};
    const size_t column = csv.column(settings.column);
    for (std::vector<std::string> row; csv.next(row);) names.push_back(row[column]);
  } catch (const std::runtime_error& error) {
    fail("{}{}", where, error.what());
  }
  return names;
}

void read_groups(Table network, Experiment& experiment) {
  std::map<std::string, NeuronSet> groups;
  for (const Population* population : experiment.blueprint.populations()) groups[population->name] = {population->name, {}, population->size};
  for (auto& [name, table] : network.tables("groups")) {
    const Values values = table.read<GroupSettings>();
    const auto& settings = values.as<GroupSettings>();
    if (groups.contains(name)) fail("{}the name '{}' is taken by a population.", table.where(), name);
    lookup(groups, settings.population, table.where("population"), "population");
    const Population& population = experiment.blueprint.population(settings.population);

    std::set<int32_t> chosen;
    for (const int64_t number : settings.neurons) {
      if (number >= population.size)
        fail("{}{} is out of range: '{}' has neurons 0 to {}.", table.where("neurons"), number, population.name, population.size - 1);
      chosen.insert(static_cast<int32_t>(number));
    }
    if (settings.first + settings.count > population.size)
      fail("{}{} + {} goes beyond the {} neurons of '{}'.", table.where("count"), settings.first, settings.count, population.size, population.name);
    for (int64_t i = 0; i < settings.count; ++i) chosen.insert(static_cast<int32_t>(settings.first + i));
    if (!settings.names.empty()) {
      const auto numbers = numbers_of(population, {settings.names.begin(), settings.names.end()}, false, table.where("names"));
      chosen.insert(numbers.begin(), numbers.end());
    }
    if (!settings.file.empty()) {
      const auto numbers = numbers_of(population, read_names(settings, table.where("file")), true, table.where("file"));
      chosen.insert(numbers.begin(), numbers.end());
    }
    if (chosen.empty()) fail("{}chooses no neuron; give neurons, names, first and count, or file and column.", table.where());
    groups[name] = {population.name, {chosen.begin(), chosen.end()}, population.size};
  }
  experiment.groups = std::move(groups);
}

void read_stimuli(Table root, double dt, Experiment& experiment) {
  for (auto& [name, table] : root.tables("stimuli")) {
    const Values values = table.read<StimulusSettings>();
    const auto& settings = values.as<StimulusSettings>();
    const NeuronSet& target = lookup(experiment.groups, settings.target, table.where("target"), "population or group");
    PluginValue generator = *settings.generator.value;
    try {
      fill_from_recording(generator, target.population_size);
    } catch (const Error& error) {
      fail("{}{}", table.where("generator"), error.what());
    }
    const std::shared_ptr<const StimulusSamples> samples =
        read_shown(table, experiment.files, target.population_size, Key{experiment.seed, purpose("stimulus/order")}.with(purpose(name)));
    if (samples && !static_cast<const StimulusTable*>(generator.plugin->table)->shows_samples)
      fail("{}stimulus '{}' shows no samples.", table.where("samples"), generator.name);
    const ShownSamples shown = samples ? samples->view() : ShownSamples{};
    try_out<StimulusTable>(generator, StimulusSetup{dt, Key{experiment.seed, purpose(name)}, samples ? &shown : nullptr}, table, "generator");
    experiment.stimuli.push_back({.name = name,
                                  .target = target.population,
                                  .neurons = target.neurons,
                                  .weight = settings.weight,
                                  .receptor = std::string(settings.receptor),
                                  .generator = std::move(generator),
                                  .samples = samples});
  }
}

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

/// A channel whose source is a group sees the group's neurons of their population; first, count and order choose among all of them.
void resolve_neurons(const Experiment& experiment, Values& channel, const Table& table) {
  const auto& spec = channel.as<ChannelSpec>();
  const std::string_view prefix = "population:";
  const bool chooses = spec.first > 0 || spec.count > 0 || spec.order != "number";
  if (!spec.source.starts_with(prefix)) {
    if (chooses) fail("{}only the neurons of a population can be chosen by first, count and order.", table.where("source"));
    return;
  }
  const std::string name(spec.source.substr(prefix.size()));
  const NeuronSet& set = lookup(experiment.groups, name, table.where("source"), "population or group");
  for (const int64_t neuron : spec.neurons)
    if (neuron >= set.population_size)
      fail("{}{} is out of range: '{}' has neurons 0 to {}.", table.where("neurons"), neuron, name, set.population_size - 1);
  if (chooses && !spec.neurons.empty()) fail("{}says which neurons already; leave it out, or first, count and order.", table.where("neurons"));
  if (set.neurons.empty() && !chooses) return;
  if (!spec.neurons.empty()) fail("{}'{}' is a group, which chooses the neurons itself.", table.where("neurons"), name);

  std::vector<int64_t> neurons(set.neurons.begin(), set.neurons.end());
  if (neurons.empty())
    for (int64_t i = 0; i < set.population_size; ++i) neurons.push_back(i);
  const auto all = static_cast<int64_t>(neurons.size());
  if (spec.order == "drawn") shuffle(neurons, Stream(Key{experiment.seed, purpose("dataset/order of neurons"), purpose(name)}, 0));
  if (spec.first >= all) fail("{}{} is out of range: '{}' has {} neurons.", table.where("first"), spec.first, name, all);
  if (spec.count > all - spec.first) fail("{}{} from {} on are more than '{}' has: {}.", table.where("count"), spec.count, spec.first, name, all);
  const auto begin = neurons.begin() + spec.first, end = spec.count > 0 ? begin + spec.count : neurons.end();
  channel.set(*channel.find("neurons"), std::vector<int64_t>(begin, end));
  channel.set(*channel.find("source"), std::string(prefix) + set.population);
}

/// `duration` and `trial` of what will be recorded, ms; 0 where it has been recorded already.
void read_fit(Table root, double duration, double trial, Experiment& experiment, Registry& registry) {
  experiment.has_dataset = root.has("dataset");
  experiment.has_model = root.has("model") || root.has("training");
  Table dataset = root.table("dataset");
  experiment.dataset = dataset.read<DatasetOptions>();
  for (auto& [side, channels] : {std::pair{"inputs", &experiment.inputs}, {"targets", &experiment.targets}}) {
    for (auto& [name, table] : dataset.tables(side)) {
      Values channel = table.read<ChannelSpec>();
      resolve_neurons(experiment, channel, table);
      channels->emplace_back(name, std::move(channel));
    }
  }
  if (experiment.has_dataset && experiment.inputs.empty())
    fail("{}has no inputs; add a table [dataset.inputs.NAME].", dataset.where());
  if (experiment.has_dataset && experiment.targets.empty())
    fail("{}has no targets; add a table [dataset.targets.NAME].", dataset.where());
  if (experiment.has_dataset && duration > 0) {
    const auto& options = experiment.dataset.as<DatasetOptions>();
    dataset_times(options, trial, static_cast<int64_t>(std::floor(duration / options.bin * (1 + 1e-9))));
  }
  Table model = root.table("model");
  experiment.model = model.read<ModelSettings>();
  if (const auto& chosen = experiment.model.as<ModelSettings>();
      chosen.graph == "shuffled" && !static_cast<const ApproximatorTable*>(chosen.approximator->plugin->table)->takes_graph)
    fail("{}approximator '{}' knows nothing of the network's graph; leave it out.", model.where("graph"), chosen.approximator->name);
  Table training = root.table("training");
  experiment.training = training.read<TrainingOptions>();
  std::map<std::string, int> known;
  for (const std::string& name : target_names(experiment)) known[name] = 1;
  for (auto& [name, table] : training.tables("heads")) {
    lookup(known, name, table.where(), "target");
    experiment.heads.emplace_back(name, table.read<HeadOptions>());
  }
  Table evaluation = root.table("evaluation");
  experiment.evaluation = evaluation.read<EvaluationOptions>();
  if (const double warm_up = experiment.evaluation.as<EvaluationOptions>().warm_up; duration > 0 && warm_up >= duration)
    fail("{}{:g} ms leaves nothing of the {:g} ms that are simulated.", evaluation.where("warm_up"), warm_up, duration);
  const auto& judged = experiment.evaluation.as<EvaluationOptions>();
  const bool is_sequence = experiment.has_dataset && experiment.dataset.as<DatasetOptions>().sequence > 0;
  if (!judged.filter.empty() && (std::count(judged.baselines.begin(), judged.baselines.end(), "linear_nonlinear") == 0 || !(is_sequence || experiment.has_samples)))
    fail("{}is of the baseline \"linear_nonlinear\" of sequences alone; leave it out.", evaluation.where("filter"));
  experiment.metrics = read_metrics(evaluation, registry);
  experiment.report = root.table("report").read<ReportSettings>();
  if (experiment.has_model && !experiment.has_dataset && !experiment.has_samples)
    fail("{}has a model but no [dataset] to fit it to.", root.where());
}

/// Labelled samples, where the experiment has them.
void read_samples(Table root, Experiment& experiment) {
  if (!root.has("samples")) return;
  for (const char* key : {"network", "stimuli", "simulation", "dataset"})
    if (root.has(key)) fail("{}an experiment with [samples] simulates nothing and has no [{}]; take one of the two out.", root.where(key), key);
  experiment.has_samples = true;
  Table samples = root.table("samples");
  experiment.samples = samples.read<SampleOptions>();
  const auto& options = experiment.samples.as<SampleOptions>();
  if (options.validation + options.test >= 1)
    fail("{}validation + test = {:g} leaves nothing to train on.", samples.where("validation"), options.validation + options.test);
  for (auto& [side, specs] : {std::pair{"inputs", &experiment.sample_inputs}, {"targets", &experiment.sample_targets}}) {
    for (auto& [name, table] : samples.tables(side)) {
      specs->emplace_back(name, table.read<SampleSpec>());
      const auto& spec = specs->back().second.as<SampleSpec>();
      if (!static_cast<const ReaderTable*>(spec.reader->plugin->table)->samples)
        fail("{}reader '{}' reads networks, and no samples.", table.where("reader"), spec.reader->name);
    }
    if (specs->empty()) fail("{}has no {}; add a table [samples.{}.NAME].", samples.where(), side, side);
  }
}

/// The head of the file, which all stages need.
Experiment read_head(Table root, Document& document, Registry& registry) {
  Experiment experiment;
  experiment.registry = &registry;
  experiment.file = document.path();
  experiment.text = document.text();
  experiment.resolved_text = document.resolved_text();
  experiment.head = root.read<ExperimentSettings>();
  const auto& head = experiment.head.as<ExperimentSettings>();
  experiment.seed = static_cast<uint64_t>(head.seed);
  experiment.title = head.title.empty() ? std::filesystem::path(document.path()).stem().string() : std::string(head.title);
  return experiment;
}

/// The populations and groups that an archive knows.
std::map<std::string, NeuronSet> groups_of(const archive::Reader& reader) {
  std::map<std::string, NeuronSet> groups;
  for (const archive::PopulationRecord& population : reader.populations()) groups[population.name] = {population.name, {}, population.size};
  for (const archive::Object& object : reader.objects()) {
    const std::string_view prefix = "groups/";
    if (!object.name.starts_with(prefix)) continue;
    NeuronSet set;
    for (const archive::Attribute& attribute : object.attributes) {
      if (const auto* name = std::get_if<std::string>(&attribute.value); name && attribute.name == "population") set.population = *name;
      if (const auto* numbers = std::get_if<std::vector<double>>(&attribute.value); numbers && attribute.name == "neurons")
        for (const double number : *numbers) set.neurons.push_back(static_cast<int32_t>(number));
      if (const auto* number = std::get_if<double>(&attribute.value); number && attribute.name == "neurons")
        set.neurons.push_back(static_cast<int32_t>(*number));
    }
    const auto population = groups.find(set.population);
    if (population == groups.end()) continue;
    set.population_size = population->second.population_size;
    groups[object.name.substr(prefix.size())] = std::move(set);
  }
  return groups;
}

}  // namespace

Experiment load(Document& document, Registry& registry) {
  install_reader_services();
  Table root = document.root();
  Experiment experiment = read_head(root, document, registry);
  experiment.files = read_files(root);
  read_samples(root, experiment);
  if (experiment.has_samples) {
    pin_files(experiment.files);
    experiment.record = root.table("record").read<RecordSettings>();
    read_fit(root, 0, 0, experiment, registry);
    root.finish();
    return experiment;
  }
  const Values clock = root.table("simulation").read<SimulationSettings>();
  const auto& settings = clock.as<SimulationSettings>();
  Table network = root.table("network");
  read_populations(network, settings.dt, experiment);
  read_projections(network, settings.dt, experiment);
  read_groups(network, experiment);
  read_stimuli(root, settings.dt, experiment);
  read_recording(root, experiment);
  read_fit(root, settings.duration, settings.trial, experiment, registry);
  root.finish();
  return experiment;
}

Experiment load(Document& document, Registry& registry, const archive::Reader& archive) {
  install_reader_services();
  Table root = document.root();
  Experiment experiment = read_head(root, document, registry);
  read_samples(root, experiment);
  if (experiment.has_samples) experiment.files = archived_files(archive);
  for (const std::string_view key : simulation_tables)
    if (key != "record") root.skip(key, "the network and its recordings are those of the archive; begin with stage simulate to change them");
  Table record = root.table("record");
  experiment.record = record.read<RecordSettings>();
  for (const char* key : {"traces", "rates", "correlations"})
    record.skip(key, "what was recorded stands in the archive; begin with stage simulate to change it");
  experiment.groups = groups_of(archive);
  read_fit(root, 0, 0, experiment, registry);
  root.finish();
  return experiment;
}

}  // namespace proxon
