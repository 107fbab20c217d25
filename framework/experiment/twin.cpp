#include "proxon/experiment/twin.hpp"

#include "proxon/experiment/biology.hpp"

namespace proxon {

std::vector<TargetRange> target_ranges(const Experiment& experiment, const NamedSource& dataset) {
  const std::vector<std::string> names = target_names(experiment);
  std::vector<TargetRange> all;
  int64_t columns_of_all = 0;
  for (const auto& [first, columns] : dataset.target_ranges()) all.push_back({names[all.size()], first, columns}), columns_of_all += columns;
  return columns_of_all == dataset.outputs() ? all : std::vector<TargetRange>{};
}

Model make_twin(const Experiment& experiment, const NamedSource& dataset, const archive::Reader& reader) {
  const PluginValue& approximator = *experiment.model.as<ModelSettings>().approximator.value;
  ApproximatorSetup setup{dataset.inputs(), dataset.outputs(), dataset.bin()};
  std::shared_ptr<const NeuronGraph> graph;
  if (static_cast<const ApproximatorTable*>(approximator.plugin->table)->takes_graph) {
    graph = read_graph(experiment, reader);
    // Channels that are neurons, bin by bin, or it is no network of neurons.
    if (static_cast<int64_t>(graph->input_unit.size()) == setup.inputs && static_cast<int64_t>(graph->output_unit.size()) == setup.outputs)
      setup.graph = &graph->view;
  }
  Model model(approximator, setup, graph);
  const std::string otherwise(experiment.training.as<TrainingOptions>().loss);
  if (experiment.heads.empty()) {
    model.set_heads({{"", 0, dataset.outputs(), otherwise, 1}});
    return model;
  }
  std::vector<Head> heads;
  for (const TargetRange& range : target_ranges(experiment, dataset)) {
    Head& head = heads.emplace_back(Head{range.name, range.first, range.columns, otherwise, 1});
    for (const auto& [name, values] : experiment.heads)
      if (name == range.name) head.loss = values.as<HeadOptions>().loss, head.weight = values.as<HeadOptions>().weight;
  }
  if (heads.empty()) fail("[training.heads]: the outputs are several bins of each target (horizon); take one bin, or a sequence.");
  model.set_heads(std::move(heads));
  return model;
}

Model make_twin(const Experiment& experiment, const NamedSource& dataset, const archive::Reader& reader, const archive::ModelRecord& record) {
  Model model = make_twin(experiment, dataset, reader);
  model.restore(record);
  return model;
}

archive::ModelRecord kept_twin(const archive::Reader& reader) {
  std::optional<archive::ModelRecord> record = reader.model();
  if (!record || record->layers.empty()) fail("{}: holds no twin; fit one first (proxon fit --from {}).", reader.path(), reader.path());
  return *std::move(record);
}

uint64_t fit_seed(const Experiment& experiment) {
  const int64_t own = experiment.training.as<TrainingOptions>().seed;
  return own >= 0 ? static_cast<uint64_t>(own) : experiment.seed;
}

std::unique_ptr<NamedSource> open_source(const Experiment& experiment, const archive::Reader& reader) {
  if (experiment.has_samples) return open_samples(experiment);
  return open_dataset(experiment, reader);
}

std::unique_ptr<LabelledSamples> open_samples(const Experiment& experiment) {
  const auto specs = [](const std::vector<std::pair<std::string, Values>>& tables) {
    LabelledSamples::Specs all;
    for (const auto& [name, values] : tables) all.emplace_back(name, values.as<SampleSpec>());
    return all;
  };
  std::map<std::string, std::string> files;
  for (const auto& [name, values] : experiment.files) files[name] = values.as<FileSettings>().path;
  return std::make_unique<LabelledSamples>(experiment.samples.as<SampleOptions>(), specs(experiment.sample_inputs), specs(experiment.sample_targets), files,
                                           experiment.seed);
}

std::unique_ptr<Dataset> open_dataset(const Experiment& experiment, const archive::Reader& reader) {
  std::vector<ChannelSpec> inputs, targets;
  for (const auto& [name, values] : experiment.inputs) inputs.push_back(values.as<ChannelSpec>());
  for (const auto& [name, values] : experiment.targets) targets.push_back(values.as<ChannelSpec>());
  return std::make_unique<Dataset>(recording_of(reader), experiment.dataset.as<DatasetOptions>(), inputs, targets, experiment.seed);
}

}  // namespace proxon
