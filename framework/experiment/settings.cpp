#include "proxon/experiment/settings.hpp"

#include <filesystem>

#include "proxon/experiment/biology.hpp"
#include "proxon/experiment/read_tables.hpp"
#include "proxon/experiment/shown.hpp"

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
  if (experiment.has_model) {
    try {
      check_rule(experiment.training.as<TrainingOptions>());
    } catch (const Error& error) {
      fail("{}{}", training.where(), error.what());
    }
  }
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
  read_network(root, settings.dt, experiment);
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
