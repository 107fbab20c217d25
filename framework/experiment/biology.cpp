#include "proxon/experiment/biology.hpp"

#include <set>

#include "proxon/archive/foreign.hpp"
#include "proxon/base/progress.hpp"
#include "proxon/dataset/recording_source.hpp"
#include "proxon/experiment/twin.hpp"
#include "proxon/network/listed.hpp"
#include "proxon/network/rewire.hpp"

namespace proxon {
namespace {

/// The (population, neuron) that each channel of one side of a dataset is; population -1 where it is not one neuron.
std::vector<std::pair<int, int64_t>> channel_neurons(const std::vector<std::pair<std::string, Values>>& channels, const archive::Reader& reader) {
  std::vector<std::pair<int, int64_t>> result;
  for (const auto& [name, values] : channels) {
    const auto& spec = values.as<ChannelSpec>();
    const std::string_view prefix = "population:";
    if (!spec.source.starts_with(prefix) || spec.what.empty() || spec.what == "rate") {
      result.emplace_back(-1, 0);
      continue;
    }
    const int population = reader.population(spec.source.substr(prefix.size()));
    std::vector<int64_t> neurons(spec.neurons.begin(), spec.neurons.end());
    if (neurons.empty() && spec.what == "spikes")
      for (int64_t i = 0; i < reader.populations()[static_cast<size_t>(population)].size; ++i) neurons.push_back(i);
    if (neurons.empty())
      for (const archive::TraceRecord& trace : reader.traces())
        if (prefix.size() + trace.population.size() == spec.source.size() && spec.source.ends_with(trace.population) && trace.variable == spec.what)
          neurons.assign(trace.neurons.begin(), trace.neurons.end());
    for (const int64_t neuron : neurons) result.emplace_back(population, neuron);
  }
  return result;
}

/// The channels that a neuron is, by (population, number): several where it is seen in several ways.
struct NeuronChannels {
  std::multimap<std::pair<int, int64_t>, int64_t> of;
  int64_t count = 0;  ///< of all channels; 0 when one of them is not one neuron
};

NeuronChannels neuron_channels(const std::vector<std::pair<std::string, Values>>& channels, const archive::Reader& reader) {
  NeuronChannels result;
  for (const auto& neuron : channel_neurons(channels, reader)) {
    if (neuron.first < 0) return {};
    result.of.insert({neuron, result.count++});
  }
  return result;
}

/// True when the twin sees one bin at a time: of flat samples, or of sequences.
bool bin_by_bin(const Experiment& experiment) {
  const auto& options = experiment.dataset.as<DatasetOptions>();
  return options.sequence > 0 || (options.history <= options.bin && options.horizon <= options.bin);
}

/// Calls use(source, target, weight) for every synapse of a projection, block by block.
template <class Use>
void each_synapse(const archive::Reader& reader, int projection, Use use) {
  const std::vector<int64_t> offsets = reader.offsets(projection);
  constexpr int64_t block = 1 << 20;
  int64_t source = 0;
  for (int64_t begin = 0; begin < offsets.back(); begin += block) {
    const int64_t end = std::min(begin + block, offsets.back());
    const archive::SynapseBlock synapses = reader.synapses(projection, begin, end);
    for (int64_t k = begin; k < end; ++k) {
      while (k >= offsets[static_cast<size_t>(source) + 1]) ++source;
      use(source, synapses.targets[static_cast<size_t>(k - begin)], synapses.weights[static_cast<size_t>(k - begin)]);
    }
  }
}

}  // namespace

Biology read_biology(const Experiment& experiment, const archive::Reader& reader) {
  Biology biology;
  const NeuronChannels in = neuron_channels(experiment.inputs, reader), out = neuron_channels(experiment.targets, reader);
  const bool paired = in.count > 0 && out.count > 0 && bin_by_bin(experiment);
  std::set<std::pair<int, int64_t>> given;  // neurons that are inputs
  for (const auto& neuron : channel_neurons(experiment.inputs, reader)) given.insert(neuron);
  const int64_t outputs = out.count;
  if (paired) {
    biology.inputs = in.count, biology.outputs = outputs;
    biology.matrix.resize(static_cast<size_t>(in.count * outputs));
    biology.connected.resize(biology.matrix.size());
  }
  if (out.count > 0 && bin_by_bin(experiment)) {
    biology.outputs = outputs;
    biology.recurrent.resize(static_cast<size_t>(outputs * outputs));
    biology.connected_recurrently.resize(biology.recurrent.size());
  }
  for (int p = 0; p < static_cast<int>(reader.projections().size()); ++p) {
    const auto& projection = reader.projections()[static_cast<size_t>(p)];
    const int source_population = reader.population(projection.source), target_population = reader.population(projection.target);
    each_synapse(reader, p, [&](int64_t source, int64_t target, float weight) {
      biology.synapses.push_back(weight);
      const auto add = [&](const NeuronChannels& sources, std::vector<float>& matrix, std::vector<char>& connected) {
        const auto [i, i_end] = sources.of.equal_range({source_population, source});
        const auto [j, j_end] = out.of.equal_range({target_population, target});
        for (auto from = i; from != i_end; ++from)
          for (auto to = j; to != j_end; ++to) {
            const auto at = static_cast<size_t>(from->second * outputs + to->second);
            matrix[at] += weight;
            connected[at] = 1;
          }
      };
      if (paired) add(in, biology.matrix, biology.connected);
      if (!biology.recurrent.empty() && !given.contains({source_population, source})) add(out, biology.recurrent, biology.connected_recurrently);
    });
  }
  return biology;
}

std::shared_ptr<const NeuronGraph> read_graph(const Experiment& experiment, const archive::Reader& reader) {
  auto graph = std::make_shared<NeuronGraph>();
  std::vector<int32_t> first;
  for (const archive::PopulationRecord& population : reader.populations()) {
    first.push_back(static_cast<int32_t>(graph->type.size()));
    graph->type.insert(graph->type.end(), static_cast<size_t>(population.size), static_cast<int32_t>(first.size()) - 1);
  }

  // Synapses of all projections, and then put in their place, source by source.
  std::vector<int32_t> sources, targets;
  std::vector<float> weights;
  for (int p = 0; p < static_cast<int>(reader.projections().size()); ++p) {
    const auto& projection = reader.projections()[static_cast<size_t>(p)];
    const int32_t from = first[static_cast<size_t>(reader.population(projection.source))], to = first[static_cast<size_t>(reader.population(projection.target))];
    const size_t before = sources.size();
    each_synapse(reader, p, [&](int64_t source, int64_t target, float weight) {
      sources.push_back(from + static_cast<int32_t>(source)), targets.push_back(to + static_cast<int32_t>(target)), weights.push_back(weight);
    });
    if (experiment.model.as<ModelSettings>().graph != "shuffled" || sources.size() == before) continue;
    const Key key{fit_seed(experiment), purpose("model/shuffled graph"), purpose(projection.name)};
    if (rewire(std::span(sources).subspan(before), std::span(targets).subspan(before), projection.source == projection.target, key) == 0)
      note(fmt::format("no two synapses of projection '{}' can swap their targets: it is the same in the shuffled graph.", projection.name));
  }
  graph->offset.assign(graph->type.size() + 1, 0);
  for (const int32_t source : sources) ++graph->offset[static_cast<size_t>(source) + 1];
  for (size_t i = 1; i < graph->offset.size(); ++i) graph->offset[i] += graph->offset[i - 1];
  graph->target.resize(sources.size());
  graph->weight.resize(sources.size());
  std::vector<int64_t> next(graph->offset.begin(), graph->offset.end() - 1);
  for (size_t k = 0; k < sources.size(); ++k) {
    const auto at = static_cast<size_t>(next[static_cast<size_t>(sources[k])]++);
    graph->target[at] = targets[k], graph->weight[at] = weights[k];
  }

  const auto units = [&](const std::vector<std::pair<std::string, Values>>& channels) {
    std::vector<int32_t> result;
    for (const auto& [population, neuron] : channel_neurons(channels, reader))
      result.push_back(population < 0 ? -1 : first[static_cast<size_t>(population)] + static_cast<int32_t>(neuron));
    return result;
  };
  graph->input_unit = units(experiment.inputs), graph->output_unit = units(experiment.targets);
  graph->view = {static_cast<int64_t>(graph->type.size()), graph->offset.back(), graph->offset.data(), graph->target.data(), graph->weight.data(),
                 graph->type.data(), graph->input_unit.data(), graph->output_unit.data(), static_cast<int32_t>(first.size()), 0};
  return graph;
}

namespace {

/// What the services handed out, kept until the next call of install_reader_services().
struct Kept {
  std::vector<std::unique_ptr<std::vector<double>>> numbers;
  std::vector<std::unique_ptr<std::string>> texts;
} kept;

const double* numbers(void*, const char* path, const char* dataset, int64_t* n, Status* status) noexcept {
  const double* data = nullptr;
  detail::guarded(status, [&] {
    kept.numbers.push_back(std::make_unique<std::vector<double>>(archive::read_numbers(path, dataset)));
    *n = static_cast<int64_t>(kept.numbers.back()->size());
    data = kept.numbers.back()->data();
  });
  return data;
}

const char* list(void*, const char* path, const char* group, Status* status) noexcept {
  const char* text = "";
  detail::guarded(status, [&] {
    kept.texts.push_back(std::make_unique<std::string>(fmt::format("{}", fmt::join(archive::list(path, group), "\n"))));
    text = kept.texts.back()->c_str();
  });
  return text;
}

const char* attribute(void*, const char* path, const char* object, const char* name, Status* status) noexcept {
  const char* text = "";
  detail::guarded(status, [&] {
    if (!archive::has_attribute(path, object, name)) return;
    const archive::AttributeValue value = archive::read_attribute(path, object, name);
    const auto* texts = std::get_if<std::vector<std::string>>(&value);
    kept.texts.push_back(std::make_unique<std::string>(texts && !texts->empty() ? texts->front() : ""));
    text = kept.texts.back()->c_str();
  });
  return text;
}

}  // namespace

void install_reader_services() {
  kept = {};
  set_reader_services({nullptr, &numbers, &list, &attribute});
}

}  // namespace proxon
