// The comparison of N_phi with M_theta: every metric plugin is run on what it needs (the test span's targets and
// predictions, the recorded spikes, the weights of both networks), and once more on a baseline, so that each figure has
// beside it what a twin that knows nothing gets. A figure is a finite number or undefined with a reason, never NaN.
//
// Baselines: of predictions, the mean target of the training span; of paired weights (needs_pairs), the twin's weights
// shuffled; of weight distributions, all weights at the mean of the biological ones; of spikes, as many spikes of each
// neuron at random times (Poisson).
#pragma once
#include <span>
#include <string>
#include <vector>

#include "proxon/archive/records.hpp"
#include "proxon/plugin/registry.hpp"

namespace proxon {

/// What there is to evaluate. Views must live as long as the call; what is missing stays empty.
struct EvaluationInput {
  std::string scope = "test";         ///< what the rows are: for MetricRecord::scope
  std::vector<std::string> channels;  ///< names of the columns below
  std::span<const double> time;       ///< of each row, ms; empty where rows have none
  std::span<const float> target;      ///< [rows x channels], row-major, in the targets' own units
  std::span<const float> prediction;  ///< [rows x channels]
  std::span<const float> baseline;    ///< [channels]: mean target over the training span

  /// Channels that belong together: metrics of predictions are then run on each group too, since a mean over spikes and potentials says little.
  struct Group {
    std::string name;
    int64_t first, columns;
  };
  std::vector<Group> groups;

  struct Spikes {
    std::string population;
    std::span<const double> time;  ///< ms, ascending
    std::span<const int32_t> neuron;
    int32_t neurons = 0;
    double begin = 0, end = 0;  ///< ms, of the recording
  };
  std::vector<Spikes> spikes;

  struct Weights {
    std::string name;                   ///< projection, or layer
    std::span<const float> phi, theta;  ///< biological, twin
    bool paired = false;                ///< the same synapses in the same order
  };
  std::vector<Weights> weights;

  /// What one event of an input does to outputs, bin after bin: [bins x inputs x outputs].
  struct Response {
    std::string name;
    std::span<const float> values;
    int64_t bins, inputs, outputs;
    double bin;  ///< ms
  };
  std::vector<Response> responses;
  uint64_t seed = 1;
};

struct EvaluationOptions {
  std::span<const std::string_view> metrics;
  double warm_up = 0;
  static constexpr auto fields() {
    using E = EvaluationOptions;
    return std::tuple{field<&E::metrics>("", "names of metrics; empty: every metric that is found"),
                      field<&E::warm_up>("ms", "begin of the recording that metrics on spikes leave out", at_least(0))};
  }
};

/// The metrics of an experiment's table: `metrics = ["r2", "roc_auc"]`, with parameters below a metric's name
/// (`roc_auc = { threshold = 0.2 }`). All that the registry finds when none is named.
std::vector<PluginValue> read_metrics(Table table, Registry& registry);

/// Runs the metrics, in their order; a metric that finds nothing it could work on has one undefined row.
/// MetricRecord::name is the metric's name, with ".figure" where a figure has another name. Throws Error when a target,
/// prediction or weight is not a finite number.
std::vector<archive::MetricRecord> evaluate(std::span<const PluginValue> metrics, const EvaluationInput& input);

/// One figure with its own texts.
struct FigureValue {
  std::string name;
  double value = 0;
  int64_t n = 0;
  std::string undefined;  ///< "" or why there is no value
  double low = 0, high = 0;
  std::string meaning;
};

/// Calls one metric once, on one input.
std::vector<FigureValue> figures(const Instance<MetricTable, MetricSetup>& metric, const MetricInput& input);

}  // namespace proxon
