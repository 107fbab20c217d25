#include "proxon/experiment/fit_group.hpp"

#include <numeric>

#include "proxon/archive/reader.hpp"
#include "proxon/base/progress.hpp"
#include "proxon/experiment/comparison.hpp"
#include "proxon/experiment/twin.hpp"
#include "proxon/learning/train_together.hpp"

namespace proxon {

struct FitGroup::State {
  const Experiment& experiment;
  archive::Reader reader;
  std::unique_ptr<NamedSource> dataset;
  Model model;
  std::unique_ptr<MemorySource> samples;
  Comparison comparison;
  Split split;            ///< the one that is compared
  ComparedRows compared;  ///< but for the predictions
  bool suits = false, proved = false;

  State(const Experiment& experiment, const std::string& archive)
      : experiment(experiment), reader(archive), dataset(open_source(experiment, reader)), model(make_twin(experiment, *dataset, reader)),
        comparison(experiment, reader), split(compared_split(experiment)) {
    suits = may_train_together(model, *dataset);
    if (!suits) return;
    // The samples, gathered once; the targets of what is compared in their own units.
    samples = std::make_unique<MemorySource>(dataset->inputs(), dataset->outputs());
    for (const Split each : {Split::train, Split::validation, Split::test}) {
      auto [X, Y] = dataset->all(each);
      samples->set(each, std::move(X), Y);
      if (each == split) compared.target = std::move(Y);
    }
    dataset->to_units(compared.target);
    for (int64_t i = 0; i < dataset->samples(split); ++i) compared.time.push_back(dataset->sample_time(split, i));
    compared.channels = dataset->output_names(), compared.baseline = dataset->baseline();
  }

  std::vector<archive::MetricRecord> evaluate(const Model& twin) {
    const int64_t n = samples->samples(split), most = 4096;
    compared.prediction.clear();
    Predictor predict(twin, *samples, std::clamp<int64_t>(n, 1, most));
    for (int64_t begin = 0; begin < n; begin += most) {
      std::vector<int64_t> numbers(static_cast<size_t>(std::min(most, n - begin)));
      std::iota(numbers.begin(), numbers.end(), begin);
      const auto [target, prediction] = predict(*samples, split, numbers);
      compared.prediction.insert(compared.prediction.end(), prediction.begin(), prediction.end());
    }
    dataset->to_units(compared.prediction);
    return comparison.with(compared, twin.record());
  }
};

FitGroup::FitGroup(const Experiment& experiment, const std::string& archive) : state_(std::make_unique<State>(experiment, archive)) {}
FitGroup::~FitGroup() = default;

std::vector<FitOutcome> FitGroup::run(std::span<const Experiment* const> experiments) {
  State& state = *state_;
  if (!state.suits) return {};
  std::vector<FitOutcome> outcomes(experiments.size());
  const BiologicalWeights biology = state.comparison.biology().weights();
  const std::vector<float> mean_targets = state.dataset->mean_targets();
  std::vector<Model> models(experiments.size(), state.model);
  std::vector<Together> members;
  std::vector<size_t> place;
  for (size_t i = 0; i < experiments.size(); ++i) {
    const auto& options = experiments[i]->training.as<TrainingOptions>();
    try {
      initialise(models[i], options, biology, fit_seed(*experiments[i]), mean_targets);
      members.push_back({.model = &models[i], .options = &options, .seed = fit_seed(*experiments[i])}), place.push_back(i);
    } catch (const Error& error) {
      outcomes[i].error = error.what();
    }
  }
  if (!train_together(members, *state.samples, biology, state.proved)) return {};
  state.proved = true;
  for (size_t m = 0; m < members.size(); ++m) {
    FitOutcome& outcome = outcomes[place[m]];
    outcome.error = members[m].error, outcome.curve = std::move(members[m].curve);
    if (!outcome.error.empty()) continue;
    try {
      outcome.metrics = state.evaluate(*members[m].model);
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& error) {
      outcome.error = error.what();
    }
  }
  return outcomes;
}

bool FitGroup::leaves_free(std::string_view parameter) {
  constexpr std::string_view table = "training.";
  if (!parameter.starts_with(table)) return false;
  parameter.remove_prefix(table.size());
  for (const std::string_view same : {"rule", "batch", "loss", "heads", "init_archive"})
    if (parameter == same || (parameter.starts_with(same) && parameter.substr(same.size()).starts_with("."))) return false;
  return true;
}

}  // namespace proxon
