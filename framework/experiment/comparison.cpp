#include "proxon/experiment/comparison.hpp"

#include "proxon/experiment/twin.hpp"
#include "proxon/learning/response.hpp"

namespace proxon {
namespace {

/// Those of the archive's predictions.
ComparedRows read_rows(const archive::Reader& reader, Split split) {
  ComparedRows rows;
  rows.channels = reader.prediction_channels();
  const size_t width = rows.channels.size();
  constexpr int64_t most = 8192;
  for (int64_t begin = 0; begin < reader.prediction_rows(); begin += most) {
    const archive::PredictionBlock block = reader.predictions(begin, std::min(begin + most, reader.prediction_rows()));
    for (size_t r = 0; r < block.time_ms.size(); ++r) {
      if (block.split[r] != split) continue;
      rows.time.push_back(block.time_ms[r]);
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
  const Model model = make_twin(experiment, dataset, reader, record);
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

Split compared_split(const Experiment& experiment) {
  const auto name = std::find(std::begin(split_names), std::end(split_names), experiment.evaluation.as<EvaluationOptions>().split);
  return static_cast<Split>(name - std::begin(split_names));
}

Comparison::Comparison(const Experiment& experiment, const archive::Reader& reader) : experiment_(experiment), reader_(reader) {
  input_.scope = experiment.evaluation.as<EvaluationOptions>().split;
  input_.seed = experiment.seed;
  add_nulls();

  // What the biological network did.
  const double recorded = reader.recorded_ms(), warm_up = experiment.evaluation.as<EvaluationOptions>().warm_up;
  if (warm_up > 0 && warm_up >= recorded)
    fail("evaluation.warm_up = {:g} ms leaves nothing of a recording of {:g} ms; make it shorter.", warm_up, recorded);
  spikes_.resize(reader.populations().size());
  for (size_t p = 0; p < spikes_.size(); ++p) {
    const auto& population = reader.populations()[p];
    if (!population.spikes) continue;
    spikes_[p] = reader.spikes(static_cast<int>(p), warm_up, std::numeric_limits<double>::infinity());
    input_.spikes.push_back({population.name, spikes_[p].ms, spikes_[p].neurons, static_cast<int32_t>(population.size), warm_up, recorded});
  }
}

/// Null models, and which of the outputs belong together. What was fitted to is opened where they ask for it; the mean comes with the test rows.
void Comparison::add_nulls() {
  const auto& options = experiment_.evaluation.as<EvaluationOptions>();
  const std::vector<std::string> targets = target_names(experiment_);
  const auto is_classes = [&](size_t i) {
    if (experiment_.has_samples) return experiment_.sample_targets[i].second.as<SampleSpec>().encoding == "class";
    if (experiment_.targets[i].second.as<ChannelSpec>().what == "class") return true;
    std::string_view loss = experiment_.training.as<TrainingOptions>().loss;
    for (const auto& [name, head] : experiment_.heads)
      if (name == targets[i]) loss = head.as<HeadOptions>().loss;
    return loss == "cross_entropy";
  };
  input_.classes = targets.size() == 1 && is_classes(0);

  const bool learn = std::any_of(options.baselines.begin(), options.baselines.end(), [](std::string_view name) { return name != "mean"; });
  const bool asked = learn || !experiment_.heads.empty() || approximator().takes_graph;
  const bool sees_time = experiment_.has_dataset && experiment_.dataset.as<DatasetOptions>().sequence > 0;
  NamedSource* source = sees_time || (asked && (experiment_.has_dataset || experiment_.has_samples)) ? &this->source() : nullptr;
  for (const std::string_view name : options.baselines)
    input_.nulls.push_back(name == "mean" ? null_mean({}) : null_prediction(name, *source, compared_split(experiment_), options.filter));
  if (experiment_.heads.empty() || !source) return;
  const std::vector<TargetRange> ranges = target_ranges(experiment_, *source);
  for (size_t i = 0; i < ranges.size(); ++i) input_.groups.push_back({ranges[i].name, ranges[i].first, ranges[i].columns, is_classes(i)});
}

NamedSource& Comparison::source() {
  if (experiment_.has_samples) {
    if (!samples_) samples_ = open_samples(experiment_);
    return *samples_;
  }
  if (!dataset_) dataset_ = open_dataset(experiment_, reader_);
  return *dataset_;
}

const Biology& Comparison::biology() {
  if (!biology_) biology_ = read_biology(experiment_, reader_);
  return *biology_;
}

const ApproximatorTable& Comparison::approximator() const {
  return *static_cast<const ApproximatorTable*>(experiment_.model.as<ModelSettings>().approximator->plugin->table);
}

Comparison::Acting Comparison::acting(const archive::ModelRecord& record) const {
  Acting acting{record.theta, std::vector<char>(record.layers.size(), 0)};
  if (!approximator().takes_graph) return acting;
  const Model model = make_twin(experiment_, *dataset_, reader_, record);
  acting.theta = model.acting();
  for (size_t i = 0; i < model.layers().size(); ++i) acting.among_neurons[i] = model.layers()[i].role == LayerRole::recurrent;
  return acting;
}

std::vector<archive::MetricRecord> Comparison::with(const ComparedRows& rows, const std::optional<archive::ModelRecord>& model) {
  EvaluationInput input = input_;
  input.channels = rows.channels;
  input.time = rows.time;
  input.target = rows.target, input.prediction = rows.prediction;
  for (NullPrediction& null : input.nulls)
    if (null.undefined.empty() && null.prediction.empty()) null.prediction = rows.baseline;
  if (!model || model->layers.empty()) return evaluate(experiment_.metrics, input);

  // Both sets of weights: synapse by synapse where a layer has the connectome's shape, else their distributions.
  const Biology& phi = biology();
  std::vector<float> theta, paired_phi, paired_theta, all_phi, all_theta;
  const Acting acting = this->acting(*model);
  bool inputs_paired = false, units_paired = false;
  for (size_t i = 0; i < model->layers.size(); ++i) {
    const archive::LayerRecord& layer = model->layers[i];
    const std::span<const float> weights(acting.theta.data() + layer.weight, static_cast<size_t>(layer.inputs * layer.outputs));
    theta.insert(theta.end(), weights.begin(), weights.end());
    const auto pair = [&](const std::vector<float>& matrix, const std::vector<char>& connected) {
      for (size_t k = 0; k < weights.size(); ++k) {
        all_phi.push_back(matrix[k]), all_theta.push_back(weights[k]);
        if (connected[k]) paired_phi.push_back(matrix[k]), paired_theta.push_back(weights[k]);
      }
    };
    if (layer.outputs != phi.outputs) continue;
    if (acting.among_neurons[i] && !phi.recurrent.empty() && !std::exchange(units_paired, true))
      pair(phi.recurrent, phi.connected_recurrently);
    else if (!phi.matrix.empty() && layer.inputs == phi.inputs && !std::exchange(inputs_paired, true))
      pair(phi.matrix, phi.connected);
  }
  if (!paired_phi.empty()) {
    input.weights.push_back({"synapses", paired_phi, paired_theta, true});
    input.weights.push_back({"all pairs of neurons", all_phi, all_theta, true});
  } else {
    input.weights.push_back({"all weights", phi.synapses, theta, false});
  }

  // Of a twin that sees time go by: what one spike does to each output.
  Responses responses;
  if (dataset_ && dataset_->steps() > 1 && !phi.matrix.empty()) add_responses(experiment_, *dataset_, *model, phi, reader_, responses, input);

  // Of a twin that gives spikes: how often its hidden units do over the span that is compared, layer by layer.
  std::vector<double> rates;
  const bool asked = std::any_of(experiment_.metrics.begin(), experiment_.metrics.end(), [](const PluginValue& metric) {
    return static_cast<const MetricTable*>(metric.plugin->table)->needs & needs_hidden;
  });
  if (asked && approximator().counts_spikes) {
    const Model twin = make_twin(experiment_, source(), reader_, *model);
    rates = hidden_rates(twin, source(), compared_split(experiment_), source().bin());
    std::span<const double> rest = rates;
    for (const LayerInfo* layer : twin.hidden_layers()) {
      const size_t units = std::min(rest.size(), static_cast<size_t>(layer->outputs / layer->gates));
      if (units > 0) input.hidden.push_back({layer->name.c_str(), rest.first(units)});
      rest = rest.subspan(units);
    }
  }
  return evaluate(experiment_.metrics, input);
}

std::vector<archive::MetricRecord> evaluate_archive(const Experiment& experiment, const archive::Reader& reader) {
  return Comparison(experiment, reader).with(read_rows(reader, compared_split(experiment)), reader.model());
}

}  // namespace proxon
