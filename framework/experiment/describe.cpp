#include "proxon/base/progress.hpp"
#include "proxon/experiment/reference.hpp"
#include "proxon/experiment/twin.hpp"

namespace proxon {
namespace {

std::string entries_text(const Values& values, const std::string& indent) {
  std::string text;
  for (const Entry& entry : values.entries()) {
    const std::string value = entry.value.empty() ? "-" : entry.value.size() > 60 ? entry.value.substr(0, 57) + "..." : entry.value;
    const std::string unit = entry.unit == "1" || entry.value.empty() ? "" : " " + entry.unit;
    text += fmt::format("{}{:<28} {:<24} {}{}\n", indent, entry.name, value + unit, entry.meaning, entry.is_default ? " [default]" : "");
  }
  return text;
}

std::string plugin_text(const PluginValue& plugin, const std::string& role, const std::string& indent) {
  return fmt::format("{}{}: {}\n{}", indent, role, plugin.name, entries_text(plugin.values, indent + "  "));
}

/// Columns that a channel gives.
int64_t channel_width(const Experiment& experiment, const ChannelSpec& spec) {
  if (!spec.source.starts_with("population:") || spec.what.empty() || spec.what == "rate") return 1;
  if (!spec.neurons.empty()) return static_cast<int64_t>(spec.neurons.size());
  const std::string_view name = spec.source.substr(std::string_view("population:").size());
  for (const TraceRequest& trace : experiment.options.traces)
    if (trace.population == name && trace.variable == spec.what) return static_cast<int64_t>(trace.neurons.size());
  return experiment.blueprint.population(name).size;
}

/// The twin in the shape of what it is fitted to.
std::string model_text(const Experiment& experiment, const ApproximatorSetup& setup) {
  const PluginValue& approximator = *experiment.model.as<ModelSettings>().approximator.value;
  std::string rest = plugin_text(approximator, "approximator", "  ") + "training:\n" + entries_text(experiment.training, "  ");
  for (const auto& [name, values] : experiment.heads) rest += fmt::format("  head {}\n{}", name, entries_text(values, "    "));
  if (static_cast<const ApproximatorTable*>(approximator.plugin->table)->takes_graph) return "model: one unit a neuron of the targets\n" + rest;
  const Model model(approximator, setup);
  std::string text = fmt::format("model: {} parameters in {} layers\n", format_count(static_cast<int64_t>(model.theta().size())), model.layers().size());
  for (const LayerInfo& layer : model.layers())
    text += fmt::format("  {}: {} x {}, {}\n", layer.name.c_str(), layer.inputs, layer.outputs, activation_names[static_cast<size_t>(layer.activation)]);
  return text + rest;
}

std::string dataset_text(const Experiment& experiment) {
  const auto& options = experiment.dataset.as<DatasetOptions>();
  auto bins = [&](double ms) { return std::max<int64_t>(1, std::llround(ms / options.bin)); };
  int64_t inputs = 0, outputs = 0;
  for (const auto& [name, values] : experiment.inputs) inputs += channel_width(experiment, values.as<ChannelSpec>());
  for (const auto& [name, values] : experiment.targets) outputs += channel_width(experiment, values.as<ChannelSpec>());
  const std::string length = fmt::format("about {} bins of {} ms\n", format_count(std::llround(experiment.options.duration / options.bin)), options.bin);
  const bool sequences = options.sequence > 0;
  std::string text =
      sequences ? fmt::format("dataset: sequences of {} steps, {} input channels, {} target channels, {}", bins(options.sequence), inputs, outputs, length)
                : fmt::format("dataset: {} input channels x {} bins = {} inputs, {} target channels x {} bins = {} outputs, {}", inputs,
                              bins(options.history), inputs * bins(options.history), outputs, bins(options.horizon),
                              outputs * bins(options.horizon), length);
  text += entries_text(experiment.dataset, "  ");
  const std::pair<const char*, const std::vector<std::pair<std::string, Values>>*> sides[] = {{"input", &experiment.inputs}, {"target", &experiment.targets}};
  for (const auto& [side, channels] : sides)
    for (const auto& [name, values] : *channels) text += fmt::format("  {} {}\n{}", side, name, entries_text(values, "    "));
  if (!experiment.has_model) return text;
  return text + model_text(experiment, {sequences ? inputs : inputs * bins(options.history), sequences ? outputs : outputs * bins(options.horizon), options.bin});
}

/// Labelled samples, which are read for it, and the twin.
std::string samples_text(const Experiment& experiment) {
  const std::unique_ptr<LabelledSamples> samples = open_samples(experiment);
  std::string text = samples->describe() + entries_text(experiment.samples, "  ");
  for (const auto& [side, specs] : {std::pair{"input", &experiment.sample_inputs}, {"target", &experiment.sample_targets}})
    for (const auto& [name, values] : *specs) text += fmt::format("  {} {}\n{}", side, name, entries_text(values, "    "));
  return experiment.has_model ? text + model_text(experiment, {samples->inputs(), samples->outputs(), samples->bin()}) : text;
}

}  // namespace

std::string describe_experiment(const Experiment& experiment) {
  const auto& head = experiment.head.as<ExperimentSettings>();
  std::string text = fmt::format("{}: {}\n", experiment.title, head.description.empty() ? "(no description)" : head.description);
  if (experiment.has_samples) {
    text += fmt::format("seed {}\n\n{}\nmetrics:", experiment.seed, samples_text(experiment));
    for (const PluginValue& metric : experiment.metrics) text += " " + metric.name;
    return text + "\n";
  }
  text += fmt::format("seed {}\n\nnetwork:\n", experiment.seed);
  for (const Population* population : experiment.blueprint.populations()) {
    text += fmt::format("  population {}: {} neurons\n", population->name, format_count(population->size)) + plugin_text(population->neuron, "neuron", "    ");
    if (population->positions) text += fmt::format("    positions: {}\n", positions_text(population->positions));
    for (const auto& [field, distribution] : population->initial)
      text += fmt::format("    initial {}: {} {}\n", field->name, distribution_text(distribution), field->unit);
  }
  for (const Projection* projection : experiment.blueprint.projections()) {
    text += fmt::format("  projection {}: {} -> {}, weight {}{}, delay {} ms{}\n", projection->name, projection->source, projection->target,
                        distribution_text(projection->weight),
                        projection->sign == Sign::any ? "" : fmt::format(" ({})", sign_names[static_cast<size_t>(projection->sign)]),
                        distribution_text(projection->delay),
                        projection->delay.varies() ? fmt::format(", rounded to the nearest multiple of {} ms, at least one", experiment.options.dt) : "");
    text += plugin_text(projection->connectivity, "connectivity", "    ") + plugin_text(projection->synapse, "synapse", "    ");
    if (projection->learning_rule) text += plugin_text(*projection->learning_rule, "learning rule", "    ");
    if (projection->weight_sum > 0) text += fmt::format("    the weights that reach a neuron add up to {:g}\n", projection->weight_sum);
    if (projection->learning_stop > 0) text += fmt::format("    learning ends at {:g} ms\n", projection->learning_stop);
  }
  const Estimate size = estimate(experiment.blueprint, experiment.seed);
  text += fmt::format("  in all {} synapses, {} of memory\n", format_count(size.synapses), format_bytes(static_cast<double>(size.bytes)));

  for (const Stimulus& stimulus : experiment.stimuli)
    text += fmt::format("stimulus {}: onto {}{}, weight {}\n", stimulus.name, stimulus.target,
                        stimulus.neurons.empty() ? "" : fmt::format(" ({} neurons)", stimulus.neurons.size()), stimulus.weight) +
            plugin_text(stimulus.generator, "generator", "  ");
  text += "\nsimulation:\n" + entries_text(experiment.simulation, "  ") + "record:\n" + entries_text(experiment.record, "  ");
  double trace_bytes = 0;
  for (size_t i = 0; i < experiment.options.traces.size(); ++i) {
    const TraceRequest& trace = experiment.options.traces[i];
    const double rows = experiment.options.duration / (static_cast<double>(trace.interval) * experiment.options.dt);
    trace_bytes += 4 * rows * static_cast<double>(trace.neurons.size());
    text += fmt::format("  trace {}: {} of {} neurons of {}, {} rows\n", experiment.trace_names[i], trace.variable, trace.neurons.size(),
                        trace.population, format_count(std::llround(rows)));
  }
  if (trace_bytes > 0) text += fmt::format("  traces take {} in the archive\n", format_bytes(trace_bytes));
  if (experiment.has_dataset) text += "\n" + dataset_text(experiment);
  text += "\nmetrics:";
  for (const PluginValue& metric : experiment.metrics) text += " " + metric.name;
  return text + "\n";
}

}  // namespace proxon
