#include "proxon/experiment/biology.hpp"

#include "proxon/archive/foreign.hpp"
#include "proxon/dataset/recording_source.hpp"
#include "proxon/network/listed.hpp"

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
  const int64_t outputs = out.count;
  if (paired) {
    biology.inputs = in.count, biology.outputs = outputs;
    biology.matrix.resize(static_cast<size_t>(in.count * outputs));
    biology.connected.resize(biology.matrix.size());
  }
  for (int p = 0; p < static_cast<int>(reader.projections().size()); ++p) {
    const auto& projection = reader.projections()[static_cast<size_t>(p)];
    const int source_population = reader.population(projection.source), target_population = reader.population(projection.target);
    each_synapse(reader, p, [&](int64_t source, int64_t target, float weight) {
      biology.synapses.push_back(weight);
      if (!paired) return;
      const auto [i, i_end] = in.of.equal_range({source_population, source});
      const auto [j, j_end] = out.of.equal_range({target_population, target});
      for (auto from = i; from != i_end; ++from)
        for (auto to = j; to != j_end; ++to) {
          const auto at = static_cast<size_t>(from->second * outputs + to->second);
          biology.matrix[at] += weight;
          biology.connected[at] = 1;
        }
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

  // Synapses of all projections, counted and then put in their place, source by source.
  graph->offset.assign(graph->type.size() + 1, 0);
  const auto all = [&](auto use) {
    for (int p = 0; p < static_cast<int>(reader.projections().size()); ++p) {
      const auto& projection = reader.projections()[static_cast<size_t>(p)];
      const int32_t from = first[static_cast<size_t>(reader.population(projection.source))], to = first[static_cast<size_t>(reader.population(projection.target))];
      each_synapse(reader, p, [&](int64_t source, int64_t target, float weight) { use(static_cast<size_t>(from + source), static_cast<int32_t>(to + target), weight); });
    }
  };
  all([&](size_t source, int32_t, float) { ++graph->offset[source + 1]; });
  for (size_t i = 1; i < graph->offset.size(); ++i) graph->offset[i] += graph->offset[i - 1];
  graph->target.resize(static_cast<size_t>(graph->offset.back()));
  graph->weight.resize(graph->target.size());
  std::vector<int64_t> next(graph->offset.begin(), graph->offset.end() - 1);
  all([&](size_t source, int32_t target, float weight) {
    const auto at = static_cast<size_t>(next[source]++);
    graph->target[at] = target, graph->weight[at] = weight;
  });

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
