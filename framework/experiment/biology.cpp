#include "proxon/experiment/biology.hpp"

#include "proxon/archive/foreign.hpp"
#include "proxon/dataset/recording_source.hpp"
#include "proxon/experiment/twin.hpp"
#include "proxon/learning/response.hpp"
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

struct RecordedSpikes {
  archive::SpikeBlock block;
  int population;
};

/// Test rows of the archive's predictions.
struct TestRows {
  std::vector<float> target, prediction, baseline;
};

TestRows read_test_rows(const archive::Reader& reader) {
  TestRows rows;
  const size_t width = reader.prediction_channels().size();
  constexpr int64_t most = 8192;
  for (int64_t begin = 0; begin < reader.prediction_rows(); begin += most) {
    const archive::PredictionBlock block = reader.predictions(begin, std::min(begin + most, reader.prediction_rows()));
    for (size_t r = 0; r < block.time_ms.size(); ++r) {
      if (block.split[r] != Split::test) continue;
      auto append = [&](std::vector<float>& to, const std::vector<float>& from) {
        to.insert(to.end(), from.begin() + static_cast<long>(r * width), from.begin() + static_cast<long>((r + 1) * width));
      };
      append(rows.target, block.target), append(rows.prediction, block.prediction);
      if (rows.baseline.empty()) append(rows.baseline, block.baseline);
    }
  }
  return rows;
}

/// What the input of the evaluation views.
struct Responses {
  struct Target {
    std::vector<float> response;     ///< [bins x inputs x columns]
    std::vector<float> phi, theta;  ///< of the synapses: W_phi, and the sum of the response over time
  };
  std::vector<std::unique_ptr<Target>> targets;
};

/// Adds, target by target, the twin's response to one spike of each input, in the target's unit, and beside it W_phi.
void add_responses(const Experiment& experiment, const Dataset& dataset, const archive::ModelRecord& record, const Biology& biology,
                   const archive::Reader& reader, Responses& responses, EvaluationInput& input) {
  Model model = make_twin(experiment, dataset, reader);
  model.restore(record);
  const int64_t bins = std::min<int64_t>(dataset.steps(), 200), inputs = dataset.inputs(), outputs = dataset.outputs();
  const std::vector<float> all = impulse_response(model, bins);
  for (const TargetRange& target : target_ranges(experiment, dataset)) {
    auto& kept = *responses.targets.emplace_back(std::make_unique<Responses::Target>());
    std::vector<double> sum(static_cast<size_t>(inputs * target.columns), 0.0);
    for (int64_t k = 0; k < bins * inputs; ++k)
      for (int64_t j = 0; j < target.columns; ++j) {
        const double std = dataset.target_normalisation().std[static_cast<size_t>(target.first + j)];
        const double value = std * static_cast<double>(all[static_cast<size_t>(k * outputs + target.first + j)]);
        kept.response.push_back(static_cast<float>(value));
        sum[static_cast<size_t>(k % inputs * target.columns + j)] += value;
      }
    for (int64_t i = 0; i < inputs; ++i)
      for (int64_t j = 0; j < target.columns; ++j) {
        const auto at = static_cast<size_t>(i * outputs + target.first + j);
        if (!biology.connected[at]) continue;
        kept.phi.push_back(biology.matrix[at]);
        kept.theta.push_back(static_cast<float>(sum[static_cast<size_t>(i * target.columns + j)]));
      }
    input.weights.push_back({"response of " + target.name, kept.phi, kept.theta, true});
    input.responses.push_back({target.name, kept.response, bins, inputs, target.columns, dataset.bin()});
  }
}

}  // namespace

std::vector<archive::MetricRecord> evaluate_archive(const Experiment& experiment, const archive::Reader& reader) {
  EvaluationInput input;
  input.seed = experiment.seed;

  // What the twin says of the test span.
  const TestRows rows = read_test_rows(reader);
  input.channels = reader.prediction_channels();
  input.target = rows.target, input.prediction = rows.prediction, input.baseline = rows.baseline;

  std::unique_ptr<Dataset> dataset;
  if (experiment.has_dataset && (!experiment.heads.empty() || experiment.dataset.as<DatasetOptions>().sequence > 0))
    dataset = open_dataset(experiment, reader);
  if (!experiment.heads.empty())
    for (const TargetRange& target : target_ranges(experiment, *dataset)) input.groups.push_back({target.name, target.first, target.columns});

  // What the biological network did.
  const double recorded = reader.recorded_ms(), warm_up = experiment.evaluation.as<EvaluationOptions>().warm_up;
  if (warm_up > 0 && warm_up >= recorded)
    fail("evaluation.warm_up = {:g} ms leaves nothing of a recording of {:g} ms; make it shorter.", warm_up, recorded);
  std::vector<archive::SpikeBlock> spikes(reader.populations().size());
  for (size_t p = 0; p < spikes.size(); ++p) {
    const auto& population = reader.populations()[p];
    if (!population.spikes) continue;
    spikes[p] = reader.spikes(static_cast<int>(p), warm_up, std::numeric_limits<double>::infinity());
    input.spikes.push_back({population.name, spikes[p].ms, spikes[p].neurons, static_cast<int32_t>(population.size), warm_up, recorded});
  }

  // Both sets of weights: synapse by synapse where a layer has the connectome's shape, else their distributions.
  const std::optional<archive::ModelRecord> model = reader.model();
  Biology biology;
  std::vector<float> theta, paired_phi, paired_theta, all_phi, all_theta;
  if (model && !model->layers.empty()) {
    biology = read_biology(experiment, reader);
    for (const archive::LayerRecord& layer : model->layers) {
      const std::span<const float> weights(model->theta.data() + layer.weight, static_cast<size_t>(layer.inputs * layer.outputs));
      theta.insert(theta.end(), weights.begin(), weights.end());
      if (biology.matrix.empty() || layer.inputs != biology.inputs || layer.outputs != biology.outputs || !paired_phi.empty()) continue;
      for (size_t k = 0; k < weights.size(); ++k) {
        all_phi.push_back(biology.matrix[k]), all_theta.push_back(weights[k]);
        if (biology.connected[k]) paired_phi.push_back(biology.matrix[k]), paired_theta.push_back(weights[k]);
      }
    }
    if (!paired_phi.empty()) {
      input.weights.push_back({"synapses", paired_phi, paired_theta, true});
      input.weights.push_back({"all pairs of neurons", all_phi, all_theta, true});
    } else {
      input.weights.push_back({"all weights", biology.synapses, theta, false});
    }
  }

  // Of a twin that sees time go by: what one spike does to each output.
  Responses responses;
  if (model && !model->layers.empty() && dataset && dataset->steps() > 1 && !biology.matrix.empty())
    add_responses(experiment, *dataset, *model, biology, reader, responses, input);
  return evaluate(experiment.metrics, input);
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
