#include "proxon/experiment/records.hpp"

#include <filesystem>
#include <set>

#include "proxon/experiment/version.hpp"

namespace proxon {

std::vector<archive::Attribute> attributes(const Values& values) {
  std::vector<archive::Attribute> all;
  for (const Entry& entry : values.entries()) {
    const std::string unit = entry.unit == "1" ? "" : entry.unit;
    if (entry.is_number) all.push_back({entry.name, entry.number, unit});
    else if (entry.value == "true" || entry.value == "false") all.push_back({entry.name, entry.value == "true", ""});
    else all.push_back({entry.name, entry.value, unit});
  }
  return all;
}

namespace {

const NeuronTable& model_of(const Population& population) { return *static_cast<const NeuronTable*>(population.neuron.plugin->table); }

archive::PopulationRecord record(const Population& population, uint64_t seed) {
  archive::PopulationRecord record{.name = population.name,
                                   .model = population.neuron.name,
                                   .size = population.size,
                                   .parameters = attributes(population.neuron.values),
                                   .node_names = population.neuron_names,
                                   .positions = coordinates(population.positions, population.positions ? population.size : 0, population.name, seed),
                                   .spikes = model_of(population).spiking != 0};
  for (const auto& [field, distribution] : population.initial)
    record.parameters.push_back({std::string("initial.") + field->name, distribution_text(distribution), field->unit});
  if (population.positions) record.parameters.push_back({"positions", positions_text(population.positions), ""});
  return record;
}

/// The unit of the port that a projection's weights are added to.
std::string weight_unit(const Projection& projection, const Population& target) {
  const SchemaInfo& ports = *model_of(target).input;
  for (const FieldInfo& port : ports.list())
    if (projection.receptor == port.name) return port.unit;
  for (const FieldInfo& port : ports.list())
    if (!(port.flags & field_current)) return port.unit;
  return "";
}

archive::ProjectionRecord record(const Projection& projection, const SynapseRows& rows, const Blueprint& blueprint) {
  archive::ProjectionRecord record{.name = projection.name,
                                   .source = projection.source,
                                   .target = projection.target,
                                   .synapse = projection.synapse.name,
                                   .learning_rule = projection.learning_rule ? projection.learning_rule->name : "",
                                   .parameters = attributes(projection.synapse.values),
                                   .learning_parameters = {},
                                   .weight_unit = weight_unit(projection, blueprint.population(projection.target)),
                                   .plastic = projection.learning_rule.has_value()};
  record.parameters.push_back({"connectivity", projection.connectivity.name, ""});
  for (archive::Attribute attribute : attributes(projection.connectivity.values)) {
    attribute.name = "connectivity." + attribute.name;
    record.parameters.push_back(std::move(attribute));
  }
  record.parameters.push_back({"weight", distribution_text(projection.weight), record.weight_unit});
  record.parameters.push_back({"weight_scale", projection.weight_scale, ""});
  if (projection.delay.varies()) record.parameters.push_back({"delay", distribution_text(projection.delay), "ms"});
  else record.parameters.push_back({"delay", projection.delay.mean, "ms"});
  record.parameters.push_back({"sign", std::string(sign_names[static_cast<size_t>(projection.sign)]), ""});
  if (projection.learning_rule) {
    record.learning_parameters = attributes(projection.learning_rule->values);
    record.learning_parameters.push_back({"learning_stop", projection.learning_stop, "ms"});
    record.learning_parameters.push_back({"weight_sum", projection.weight_sum, record.weight_unit});
  }
  record.synapses = {rows.offset, rows.target, rows.weight, rows.delay.each(), rows.delay.codes()};
  return record;
}

/// Every plugin that takes part, once.
std::vector<archive::PluginRecord> plugins(const Experiment& experiment) {
  std::set<std::pair<std::string, std::string>> seen;
  std::vector<archive::PluginRecord> all;
  auto add = [&](const PluginValue& value) {
    if (!seen.emplace(value.kind, value.name).second) return;
    const FoundPlugin* found = experiment.registry->locate(value.kind, value.name);
    if (!found) return;
    all.push_back({value.kind, value.name, std::filesystem::path(found->file).filename().string(),
                   fmt::format("interface {}, layout {:016x}, gcc {}, {}", found->stamp.interface, found->stamp.layout, found->stamp.compiler,
                               instruction_set_text(found->stamp.instruction_sets))});
  };
  for (const Population* population : experiment.blueprint.populations()) add(population->neuron);
  for (const Projection* projection : experiment.blueprint.projections()) {
    add(projection->connectivity), add(projection->synapse);
    if (projection->learning_rule) add(*projection->learning_rule);
  }
  for (const Stimulus& stimulus : experiment.stimuli) add(stimulus.generator);
  for (const auto* side : {&experiment.sample_inputs, &experiment.sample_targets})
    for (const auto& [name, values] : *side) add(*values.as<SampleSpec>().reader.value);
  if (experiment.has_model) {
    add(*experiment.model.as<ModelSettings>().approximator.value);
    const auto& training = experiment.training.as<TrainingOptions>();
    for (const PluginRef* ref : {&training.rule, &training.optimizer})
      if (*ref) add(*ref->value);
  }
  for (const PluginValue& metric : experiment.metrics) add(metric);
  return all;
}

}  // namespace

archive::Skeleton skeleton_head(const Experiment& experiment) {
  const auto& head = experiment.head.as<ExperimentSettings>();
  archive::Skeleton skeleton{.experiment = experiment.resolved_text,
                             .description = head.description.empty() ? experiment.title : std::string(head.description),
                             .version = version(),
                             .revision = revision(),
                             .seed = experiment.seed,
                             .duration_ms = experiment.options.duration};
  skeleton.plugins = plugins(experiment);
  skeleton.objects = {{"experiment", attributes(experiment.head)}};
  if (!experiment.has_samples) skeleton.objects.push_back({"simulation", attributes(experiment.simulation)});
  skeleton.objects.push_back({"record", attributes(experiment.record)});
  skeleton.objects.push_back({"report", attributes(experiment.report)});
  for (const auto& [name, values] : experiment.files) skeleton.objects.push_back({"files/" + name, attributes(values)});
  return skeleton;
}

SkeletonData skeleton(const Experiment& experiment, const Connectome& connectome, const Simulation& simulation) {
  SkeletonData data;
  archive::Skeleton& skeleton = data.skeleton;
  skeleton = skeleton_head(experiment);
  for (const Stimulus& stimulus : experiment.stimuli) {
    archive::Object object{"stimuli/" + stimulus.name, attributes(stimulus.generator.values)};
    object.attributes.push_back({"generator", stimulus.generator.name, ""});
    object.attributes.push_back({"target", stimulus.target, ""});
    object.attributes.push_back({"weight", stimulus.weight, ""});
    skeleton.objects.push_back(std::move(object));
  }
  for (const auto& [name, set] : experiment.groups) {
    if (set.neurons.empty()) continue;
    skeleton.objects.push_back({"groups/" + name,
                                {{"population", set.population, ""}, {"neurons", std::vector<double>(set.neurons.begin(), set.neurons.end()), ""}}});
  }
  for (const Population* population : experiment.blueprint.populations()) {
    skeleton.populations.push_back(record(*population, experiment.seed));
    const auto& kept = experiment.options.record_spikes;
    if (std::find(kept.begin(), kept.end(), population->name) == kept.end()) skeleton.populations.back().spikes = false;
  }
  const auto projections = experiment.blueprint.projections();
  data.delay_tables.resize(projections.size());
  for (size_t i = 0; i < projections.size(); ++i) {
    const SynapseRows& rows = connectome.projections()[i];
    skeleton.projections.push_back(record(*projections[i], rows, experiment.blueprint));
    if (rows.delay.table().empty()) continue;
    data.delay_tables[i].assign(rows.delay.table().begin(), rows.delay.table().end());
    skeleton.projections.back().synapses.delays_ms = data.delay_tables[i];
  }
  for (const TraceInfo& trace : simulation.traces())
    skeleton.traces.push_back({trace.population, trace.variable, trace.unit, trace.neurons, trace.start, trace.interval});
  for (const SignalInfo& signal : simulation.signals())
    skeleton.signals.push_back({signal.name, signal.unit,
                                signal.population ? "spikes a neuron and second of " + experiment.rate_sources.at(signal.name) + ", over the interval that begins at each time"
                                                  : "common value of stimulus " + signal.name,
                                signal.start, signal.interval, signal.population});
  for (size_t c = 0; c < simulation.correlations().size(); ++c) {
    const CorrelationInfo& correlation = simulation.correlations()[c];
    const auto& [source, target] = experiment.correlation_sources[c];
    skeleton.correlations.push_back({correlation.name, source, target, correlation.lags});
  }
  return data;
}

std::vector<archive::Object> fit_objects(const Experiment& experiment) {
  std::vector<archive::Object> objects;
  if (experiment.has_samples)
    objects.push_back({"samples", attributes(experiment.samples)});
  else
    objects.push_back({"dataset", attributes(experiment.dataset)});
  objects.push_back({"model", attributes(experiment.model)});
  objects.push_back({"training", attributes(experiment.training)});
  objects.push_back({"evaluation", attributes(experiment.evaluation)});
  for (const auto& [name, values] : experiment.sample_inputs) objects.push_back({"samples/inputs/" + name, attributes(values)});
  for (const auto& [name, values] : experiment.sample_targets) objects.push_back({"samples/targets/" + name, attributes(values)});
  for (const auto& [name, values] : experiment.inputs) objects.push_back({"dataset/inputs/" + name, attributes(values)});
  for (const auto& [name, values] : experiment.targets) objects.push_back({"dataset/targets/" + name, attributes(values)});
  for (const auto& [name, values] : experiment.heads) objects.push_back({"training/heads/" + name, attributes(values)});
  return objects;
}

void ArchiveSink::spikes(int32_t population, std::span<const double> time, std::span<const int32_t> neuron) {
  if (!records_spikes_[static_cast<size_t>(population)]) return;
  recorded_ += static_cast<int64_t>(time.size());
  writer_.append_spikes(population, time, neuron);
}

}  // namespace proxon
