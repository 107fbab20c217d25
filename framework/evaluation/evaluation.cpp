#include "proxon/evaluation/evaluation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "proxon/base/progress.hpp"
#include "proxon/base/random.hpp"

namespace proxon {
namespace {

/// A metric's input of which the framework holds the parts that it made itself.
struct Baseline {
  MetricInput input{};
  std::string name, undefined;
  std::vector<float> prediction, weights;
  std::vector<double> time;
  std::vector<int32_t> neuron;
};

void check_finite(std::span<const float> values, size_t columns, std::string_view what) {
  for (size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i]))
      fail(
          "evaluate: {} is not a finite number (row {}, column {}): where it comes from the twin, its training "
          "diverged; lower the learning "
          "rate or clip the gradient.",
          what, i / columns, i % columns);
}

void check_input(const EvaluationInput& input) {
  const size_t channels = input.channels.size();
  PROXON_CHECK(input.target.size() == input.prediction.size(), "{} targets, {} predictions", input.target.size(),
               input.prediction.size());
  PROXON_CHECK(channels > 0 || input.target.empty(), "{} targets without channels", input.target.size());
  if (!input.target.empty()) {
    PROXON_CHECK(input.target.size() % channels == 0, "{} targets, {} channels", input.target.size(), channels);
    PROXON_CHECK(input.time.empty() || input.time.size() * channels == input.target.size(), "{} times, {} targets, {} channels", input.time.size(), input.target.size(), channels);
    check_finite(input.target, channels, "a target");
    check_finite(input.prediction, channels, "a prediction");
    for (const NullPrediction& null : input.nulls) {
      PROXON_CHECK(!null.undefined.empty() || null.prediction.size() == channels || null.prediction.size() == input.target.size(),
                   "{}: {} values for {} targets of {} channels", null.name, null.prediction.size(), input.target.size(), channels);
      check_finite(null.prediction, channels, fmt::format("a value of the baseline \"{}\"", null.name));
    }
  }
  for (const auto& weights : input.weights) {
    PROXON_CHECK(!weights.paired || weights.phi.size() == weights.theta.size(), "{} and {} paired weights",
                 weights.phi.size(), weights.theta.size());
    check_finite(weights.phi, 1, fmt::format("a biological weight of {}", weights.name));
    check_finite(weights.theta, 1, fmt::format("a weight of the twin's {}", weights.name));
  }
}

/// Theta in another order (Fisher & Yates), or all at the mean of phi.
std::vector<float> baseline_weights(const EvaluationInput::Weights& weights, bool shuffled, Key key) {
  if (!shuffled) {
    const double sum = std::accumulate(weights.phi.begin(), weights.phi.end(), 0.0);
    return std::vector<float>(weights.theta.size(), static_cast<float>(sum / static_cast<double>(weights.phi.size())));
  }
  std::vector<float> result(weights.theta.begin(), weights.theta.end());
  for (size_t i = result.size(); i > 1; --i) {
    const double draw = uniform(key, 0, i);
    std::swap(result[i - 1], result[std::min(i - 1, static_cast<size_t>(draw * static_cast<double>(i)))]);
  }
  return result;
}

/// As many spikes of every neuron, each at a time drawn from the whole recording.
void poisson_spikes(const EvaluationInput::Spikes& spikes, Key key, Baseline& baseline) {
  std::vector<int64_t> count(static_cast<size_t>(spikes.neurons), 0);
  std::vector<std::pair<double, int32_t>> drawn;
  for (const int32_t neuron : spikes.neuron) {
    const auto index = static_cast<uint64_t>(count[static_cast<size_t>(neuron)]++);
    drawn.emplace_back(spikes.begin + (spikes.end - spikes.begin) * uniform(key, static_cast<uint64_t>(neuron), index),
                       neuron);
  }
  std::sort(drawn.begin(), drawn.end());
  for (const auto& [time, neuron] : drawn) baseline.time.push_back(time), baseline.neuron.push_back(neuron);
}

struct Case {
  MetricInput input{};
  std::string scope;
  const EvaluationInput::Spikes* spikes = nullptr;
  const EvaluationInput::Weights* weights = nullptr;
  const EvaluationInput::Group* group = nullptr;
  std::shared_ptr<std::vector<float>> columns;  ///< targets and predictions of the group
};

/// The rows of `from` with the columns of a group alone.
void append_columns(std::span<const float> from, size_t width, const EvaluationInput::Group& group, std::vector<float>& to) {
  for (size_t row = 0; row * width < from.size(); ++row)
    for (int64_t c = group.first; c < group.first + group.columns; ++c) to.push_back(from[row * width + static_cast<size_t>(c)]);
}

/// What a null model says of a case's rows and channels.
std::vector<float> null_rows(const Case& at, const NullPrediction& null, size_t width) {
  std::vector<float> values;
  if (at.group)
    append_columns(null.prediction, width, *at.group, values);
  else
    values = null.prediction;
  const size_t alike = values.size(), all = static_cast<size_t>(at.input.rows * at.input.channels);
  while (values.size() < all) values.insert(values.end(), values.begin(), values.begin() + static_cast<long>(alike));
  return values;
}

/// The same input with what the metric looks at replaced by what a null model gives; `null` is that of predictions.
void make_baseline(const Case& at, uint32_t needs, const EvaluationInput& all, const NullPrediction* null, Baseline& baseline) {
  baseline.input = at.input;
  auto add_name = [&](const std::string& name) { baseline.name += (baseline.name.empty() ? "" : ", ") + name; };
  if (null) {
    add_name((at.group ? at.group->classes : all.classes) && !null->name_of_classes.empty() ? null->name_of_classes : null->name);
    baseline.undefined = null->undefined;
    if (null->undefined.empty()) baseline.prediction = null_rows(at, *null, all.channels.size());
    baseline.input.prediction = baseline.prediction.data();
  }
  if (needs & needs_spikes) {
    poisson_spikes(*at.spikes, Key{all.seed, purpose("evaluation/poisson spikes")}, baseline);
    baseline.input.spike_time = baseline.time.data();
    baseline.input.spike_neuron = baseline.neuron.data();
    add_name("Poisson spikes");
  }
  if (needs & needs_weights) {
    baseline.weights =
        baseline_weights(*at.weights, needs & needs_pairs, Key{all.seed, purpose("evaluation/shuffled weights")});
    baseline.input.weight_theta = baseline.weights.data();
    add_name(needs & needs_pairs ? "shuffled weights" : "all weights at the mean");
  }
}

/// A metric's name, with the figure's where it has another.
std::string row_name(const std::string& metric, const std::string& figure) { return figure == metric ? metric : metric + "." + figure; }

/// Puts beside each of a metric's rows what it gives of a baseline.
void add_baseline(const Instance<MetricTable, MetricSetup>& metric, const Baseline& baseline, std::span<archive::MetricRecord> rows) {
  const std::vector<FigureValue> compared = baseline.undefined.empty() ? figures(metric, baseline.input) : std::vector<FigureValue>{};
  for (archive::MetricRecord& row : rows) {
    const auto same = std::find_if(compared.begin(), compared.end(), [&](const FigureValue& f) { return row.name == row_name(metric.name(), f.name); });
    if (same != compared.end())
      row.baselines.push_back({baseline.name, same->value, same->undefined.empty(), same->undefined});
    else if (!baseline.undefined.empty())
      row.baselines.push_back({baseline.name, 0, false, baseline.undefined});
  }
}

std::string range_text(double low, double high) {
  return fmt::format("{}{}, {}{}", std::isfinite(low) ? "[" : "(", low, high, std::isfinite(high) ? "]" : ")");
}

/// The cases that a metric is run on, one a population and a set of weights where it needs them; why there is none,
/// else.
std::vector<Case> cases(uint32_t needs, const EvaluationInput& input, const std::vector<const char*>& names,
                        std::string& none) {
  Case first;
  if (needs & needs_prediction) {
    if (input.target.empty()) none = "there is no prediction to compare";
    first.scope = input.scope;
    first.input.target = input.target.data();
    first.input.prediction = input.prediction.data();
    first.input.channels = static_cast<int64_t>(input.channels.size());
    first.input.rows = input.channels.empty() ? 0 : static_cast<int64_t>(input.target.size() / input.channels.size());
    first.input.channel_names = names.data();
    first.input.row_time = input.time.empty() ? nullptr : input.time.data();
  }
  std::vector<Case> result{first};
  if ((needs & needs_prediction) && !input.target.empty())
    for (const EvaluationInput::Group& group : input.groups) {
      Case& next = result.emplace_back(first);
      next.group = &group;
      next.scope = input.scope + ", " + group.name;
      next.columns = std::make_shared<std::vector<float>>();
      append_columns(input.target, input.channels.size(), group, *next.columns);
      const size_t n = next.columns->size();
      append_columns(input.prediction, input.channels.size(), group, *next.columns);
      next.input.target = next.columns->data();
      next.input.prediction = next.columns->data() + n;
      next.input.channels = group.columns;
      next.input.channel_names = names.data() + group.first;
    }
  // Every case so far with every part of the input that a need is about; `fill` gives a part to a case and returns its name, null for one to leave out.
  const auto with_each = [&](MetricNeeds need, const auto& parts, const char* nothing, auto&& fill) {
    if (!(needs & need)) return;
    std::vector<Case> more;
    for (const Case& at : result)
      for (const auto& part : parts) {
        Case next = at;
        const std::string* name = fill(next, part);
        if (!name) continue;
        next.scope = at.scope.empty() ? *name : at.scope + ", " + *name;
        more.push_back(std::move(next));
      }
    if (more.empty()) none = nothing;
    result = std::move(more);
  };
  with_each(needs_spikes, input.spikes, "no spikes were recorded", [](Case& next, const EvaluationInput::Spikes& spikes) -> const std::string* {
    if (spikes.neurons == 0 || !(spikes.end > spikes.begin)) return nullptr;
    next.spikes = &spikes;
    next.input.spike_time = spikes.time.data();
    next.input.spike_neuron = spikes.neuron.data();
    next.input.spikes = static_cast<int64_t>(spikes.time.size());
    next.input.neurons = spikes.neurons;
    next.input.begin = spikes.begin;
    next.input.end = spikes.end;
    return &spikes.population;
  });
  with_each(needs_weights, input.weights, "there are no weights of both networks to compare",
            [](Case& next, const EvaluationInput::Weights& weights) -> const std::string* {
              if (weights.phi.empty() || weights.theta.empty()) return nullptr;
              next.weights = &weights;
              next.input.weight_phi = weights.phi.data();
              next.input.weight_theta = weights.theta.data();
              next.input.weights_phi = static_cast<int64_t>(weights.phi.size());
              next.input.weights_theta = static_cast<int64_t>(weights.theta.size());
              next.input.paired = weights.paired;
              return &weights.name;
            });
  with_each(needs_response, input.responses, "the twin sees no single neurons over a sequence of bins", [](Case& next, const EvaluationInput::Response& response) {
    next.input.response = response.values.data();
    next.input.response_bins = response.bins;
    next.input.inputs = response.inputs;
    next.input.outputs = response.outputs;
    next.input.bin = response.bin;
    return &response.name;
  });
  with_each(needs_hidden, input.hidden, "the twin has no hidden units that give spikes", [](Case& next, const EvaluationInput::Hidden& hidden) {
    next.input.hidden_rate = hidden.rates.data();
    next.input.hidden_units = static_cast<int64_t>(hidden.rates.size());
    return &hidden.layer;
  });
  if (!none.empty()) result.clear();
  return result;
}

}  // namespace

std::vector<PluginValue> read_metrics(Table table, Registry& registry) {
  const Values options = table.read<EvaluationOptions>();
  std::vector<std::string> names;
  for (const std::string_view name : options.as<EvaluationOptions>().metrics) names.emplace_back(name);
  if (names.empty())
    for (const FoundPlugin& plugin : registry.found())
      if (plugin.kind == "metric") names.push_back(plugin.name);
  std::vector<PluginValue> metrics;
  for (const std::string& name : names) {
    const PluginInfo* found = nullptr;
    try {
      found = &registry.find("metric", name);
    } catch (const Error& error) {
      fail("{}{}", table.where("metrics"), error.what());
    }
    const PluginInfo& info = *found;
    metrics.push_back({"metric", name, &info, table.table(name).read(registry.parameters(info))});
  }
  return metrics;
}

std::vector<FigureValue> figures(const Instance<MetricTable, MetricSetup>& metric, const MetricInput& input) {
  std::vector<FigureValue> result;
  const MetricSinkTable sink{&result, [](void* host, const Figure* figure) {
                               FigureValue value{figure->name, figure->value, figure->n,      figure->undefined,
                                                 figure->low,  figure->high,  figure->meaning};
                               if (value.undefined.empty() && !std::isfinite(value.value))
                                 value.undefined = fmt::format("the result is {}", value.value);
                               if (!value.undefined.empty()) value.value = 0;
                               static_cast<std::vector<FigureValue>*>(host)->push_back(std::move(value));
                             }};
  Status status;
  metric.table().evaluate(metric.object(), &input, &sink, &status);
  check(status, "metric", metric.name());
  return result;
}

std::vector<archive::MetricRecord> evaluate(std::span<const PluginValue> metrics, const EvaluationInput& input) {
  check_input(input);
  std::vector<const char*> names;
  for (const std::string& channel : input.channels) names.push_back(channel.c_str());

  std::vector<archive::MetricRecord> rows;
  for (const PluginValue& value : metrics) {
    stop_if_interrupted("evaluating");
    const Instance<MetricTable, MetricSetup> metric(value,
                                                    MetricSetup{Key{input.seed, purpose("metric/" + value.name)}});
    const uint32_t needs = metric.table().needs;
    std::string none;
    for (const Case& at : cases(needs, input, names, none)) {
      const size_t first = rows.size();
      for (const FigureValue& figure : figures(metric, at.input))
        rows.push_back({.name = row_name(value.name, figure.name),
                        .scope = at.scope,
                        .value = figure.value,
                        .n = figure.n,
                        .defined = figure.undefined.empty(),
                        .reason = figure.undefined,
                        .meaning = figure.meaning,
                        .range = range_text(figure.low, figure.high)});
      // Nothing stands in for a response, or for rates of hidden units: there is no baseline then.
      if (!(needs & ~uint32_t{needs_response | needs_hidden})) continue;
      const size_t baselines = needs & needs_prediction ? input.nulls.size() : 1;
      for (size_t b = 0; b < baselines; ++b) {
        Baseline baseline;
        make_baseline(at, needs, input, needs & needs_prediction ? &input.nulls[b] : nullptr, baseline);
        add_baseline(metric, baseline, std::span(rows).subspan(first));
      }
    }
    if (!none.empty()) rows.push_back({.name = value.name, .scope = input.scope, .defined = false, .reason = none});
  }
  return rows;
}

}  // namespace proxon
