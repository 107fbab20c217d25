#include "proxon/evaluation/evaluation.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace proxon;

namespace {

/// A metric of the test's own, to see what the framework hands over and does with what it is given.
struct probe {
  static constexpr Documentation about{.summary = "Says what it was given."};
  static constexpr uint32_t needs = needs_prediction | needs_weights;
  struct Parameters {
    bool throws = false;
    static constexpr auto fields() { return std::tuple{field<&Parameters::throws>("", "throw")}; }
  };
  bool throws;
  probe(const Parameters& p, const MetricSetup&) : throws(p.throws) {}
  void evaluate(const MetricInput& in, MetricSink& sink) const {
    if (throws) throw std::runtime_error("no such luck");
    std::string name = std::string("sum[") + in.channel_names[1] + "]";
    double sum = 0;
    for (int64_t i = 0; i < in.rows * in.channels; ++i) sum += in.prediction[i];
    sink.value(name.c_str(), sum, in.rows, -10, 1000, "sum of predictions");
    name = "overwritten";  // texts are copied at once
    double theta = 0;
    for (int64_t i = 0; i < in.weights_theta; ++i) theta += in.weight_theta[i];
    sink.value("probe", theta, in.weights_theta, 0, std::numeric_limits<double>::infinity(), "sum of weights");
    sink.value("nan", std::nan(""), 1, 0, 1, "");
    sink.value("inf", -std::numeric_limits<double>::infinity(), 1, 0, 1, "");
    if (in.prediction[0] == in.prediction[in.channels])
      sink.undefined("varies", "the prediction is constant", 0, 0, 1, "");
    else
      sink.value("varies", 1, 2, 0, 1, "");
  }
};

PluginValue probe_value(bool throws = false) {
  static const MetricTable table = proxon::detail::Kind<metric_kind>::make_table<probe>();
  static const PluginInfo info{"metric", "probe", probe::about, &schema_of<probe::Parameters>(), &table};
  PluginValue value{"metric", "probe", &info, Values(*info.parameters)};
  value.values.set(*value.values.find("throws"), throws);
  return value;
}

Registry& registry() {
  static Registry built(default_folders("."));
  return built;
}

std::vector<archive::MetricRecord> evaluate_named(std::vector<std::string> names, const EvaluationInput& input) {
  std::vector<PluginValue> metrics;
  for (const std::string& name : names) metrics.push_back(plugin_value(registry(), "metric", name));
  return evaluate(metrics, input);
}

const archive::MetricRecord& row(const std::vector<archive::MetricRecord>& rows, const std::string& name,
                                 const std::string& scope) {
  for (const auto& record : rows)
    if (record.name == name && record.scope == scope) return record;
  FAIL("no row " << name << " of " << scope);
  return rows.front();
}

const std::vector<float> target{0, 1, 1, 0, 0, 1, 1, 2}, prediction{0, 1, 1, 0, 0, 2, 1, 2}, mean{0.5f, 1};
const std::vector<float> phi{1, 2, 3, 4}, theta{1, 3, 2, 4};
const std::vector<double> time{10, 20, 30, 40, 41, 90};
const std::vector<int32_t> neuron{0, 0, 0, 0, 1, 1};

EvaluationInput whole_input() {
  EvaluationInput input;
  input.channels = {"E rate", "I rate"};
  input.target = target, input.prediction = prediction;
  input.nulls.push_back({"mean of the training span", "most frequent class", mean, ""});
  input.spikes.push_back({"E", time, neuron, 2, 0, 100});
  input.weights.push_back({"E_to_I", phi, theta, true});
  return input;
}

}  // namespace

TEST_CASE("a metric is run on the twin and on the baseline, and its texts are copied") {
  const std::vector<PluginValue> metrics{probe_value()};
  const auto rows = evaluate(metrics, whole_input());
  REQUIRE(rows.size() == 5);
  const auto& sum = row(rows, "probe.sum[I rate]", "test, E_to_I");
  CHECK(sum.value == 7);
  REQUIRE(sum.baselines.size() == 1);
  CHECK(sum.baselines[0].value == 6);
  CHECK(sum.n == 4);
  CHECK(sum.defined);
  CHECK(sum.range == "[-10, 1000]");
  CHECK(sum.meaning == "sum of predictions");
  CHECK(sum.baselines[0].name == "mean of the training span, all weights at the mean");
  CHECK(row(rows, "probe", "test, E_to_I").range == "[0, inf)");
  CHECK(row(rows, "probe", "test, E_to_I").baselines[0].value == 10);
}

TEST_CASE("nothing that is not a number gets through") {
  const std::vector<PluginValue> metrics{probe_value()};
  const auto rows = evaluate(metrics, whole_input());
  CHECK(!row(rows, "probe.nan", "test, E_to_I").defined);
  CHECK(row(rows, "probe.nan", "test, E_to_I").reason == "not a number");
  CHECK(row(rows, "probe.nan", "test, E_to_I").value == 0);
  CHECK(row(rows, "probe.inf", "test, E_to_I").reason == "the result is -inf");
  const auto& varies = row(rows, "probe.varies", "test, E_to_I");
  CHECK(varies.value == 1);
  CHECK(!varies.baselines[0].defined);
  CHECK(varies.baselines[0].reason == "the prediction is constant");

  EvaluationInput input = whole_input();
  std::vector<float> diverged = prediction;
  diverged[5] = std::nanf("");
  input.prediction = diverged;
  CHECK_THROWS_WITH_AS(evaluate(metrics, input),
                       "evaluate: a prediction is not a finite number (row 2, column 1): where it comes from the twin, "
                       "its training diverged; "
                       "lower the learning rate or clip the gradient.",
                       Error);
}

TEST_CASE("a metric that throws is named with what it said") {
  const std::vector<PluginValue> metrics{probe_value(true)};
  try {
    evaluate(metrics, whole_input());
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("probe") != std::string::npos);
    CHECK(std::string(error.what()).find("no such luck") != std::string::npos);
  }
}

TEST_CASE("a metric that finds nothing to work on has one undefined row that says so") {
  EvaluationInput input;
  for (const auto& [name, reason] :
       {std::pair{"mse", "there is no prediction to compare"}, std::pair{"cv_isi", "no spikes were recorded"},
        std::pair{"weight_ks", "there are no weights of both networks to compare"}}) {
    const auto rows = evaluate_named({name}, input);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].name == name);
    CHECK(!rows[0].defined);
    CHECK(rows[0].reason == reason);
  }
}

TEST_CASE("baselines: the training mean, shuffled pairs, the mean weight, Poisson spikes") {
  EvaluationInput input = whole_input();
  std::vector<float> many_phi, many_theta;
  for (uint64_t i = 0; i < 2000; ++i)
    many_phi.push_back(static_cast<float>(normal(Key{1, 1}, 0, i))), many_theta.push_back(2 * many_phi.back());
  input.weights.push_back({"big", many_phi, many_theta, true});
  std::vector<double> clock;
  std::vector<int32_t> clock_neuron;
  for (int i = 1; i <= 4000; ++i) clock.push_back(i), clock_neuron.push_back(i % 2);
  input.spikes.push_back({"clock", clock, clock_neuron, 2, 0, 4000});
  const auto rows =
      evaluate_named({"mse", "pearson", "weight_correlation", "weight_wasserstein", "mean_rate", "cv_isi"}, input);

  CHECK(row(rows, "mse", "test").value == 1 / 8.);
  CHECK(row(rows, "mse", "test").baselines[0].value == (4 * 0.25 + 2 * 1) / 8);
  CHECK(row(rows, "pearson", "test").baselines[0] ==
        archive::BaselineRecord{"mean of the training span", 0, false, "the prediction is constant"});
  const auto& correlation = row(rows, "weight_correlation", "big");
  CHECK(correlation.value == doctest::Approx(1));
  CHECK(std::fabs(correlation.baselines[0].value) < 0.1);  // standard error 0.022
  CHECK(correlation.baselines[0].value != 0);
  CHECK(correlation.baselines[0].name == "shuffled weights");
  // W1 of phi to its own mean 2.5: (1.5 + 0.5 + 0.5 + 1.5) / 4
  CHECK(row(rows, "weight_wasserstein", "E_to_I").value == 0);
  CHECK(row(rows, "weight_wasserstein", "E_to_I").baselines[0].value == 1);
  CHECK(row(rows, "weight_wasserstein.in_sigma", "E_to_I").defined);
  const auto& irregular = row(rows, "cv_isi", "clock");
  CHECK(irregular.value == doctest::Approx(0));
  CHECK(irregular.baselines[0].value == doctest::Approx(1).epsilon(0.1));  // standard error 1 / sqrt(4000) = 0.016
  CHECK(irregular.baselines[0].name == "Poisson spikes");
  CHECK(row(rows, "mean_rate", "clock").baselines[0].value == row(rows, "mean_rate", "clock").value);

  // The seed alone decides
  const auto again = evaluate_named({"weight_correlation", "cv_isi"}, input);
  CHECK(row(again, "weight_correlation", "big").baselines == correlation.baselines);
  CHECK(row(again, "cv_isi", "clock").baselines == irregular.baselines);
  input.seed = 2;
  const auto other = evaluate_named({"weight_correlation", "cv_isi"}, input);
  CHECK(row(other, "weight_correlation", "big").baselines != correlation.baselines);
  CHECK(row(other, "cv_isi", "clock").baselines != irregular.baselines);
}

TEST_CASE("an experiment names its metrics, with parameters below their names; none named means all that are found") {
  auto read = [](const std::string& text) {
    Document document("test.toml", text, {}, registry());
    Table root = document.root();
    auto metrics = read_metrics(root.table("evaluation"), registry());
    root.finish();
    return metrics;
  };
  const auto two = read("[evaluation]\nmetrics = [\"roc_auc\", \"r2\"]\nroc_auc = { threshold = 7.5 }\n");
  REQUIRE(two.size() == 2);
  CHECK(two[0].name == "roc_auc");
  CHECK(two[0].values.entries()[0].number == 7.5);
  CHECK(two[1].name == "r2");
  CHECK(read("").size() >= 10);
  CHECK_THROWS_AS(read("[evaluation]\nmetrics = [\"roc_acu\"]\n"), Error);
  CHECK_THROWS_AS(read("[evaluation]\nmetrics = [\"r2\"]\nroc_auc = { threshold = 7.5 }\n"), Error);
  CHECK_THROWS_AS(read("[evaluation]\nroc_auc = { treshold = 7.5 }\n"), Error);
}
