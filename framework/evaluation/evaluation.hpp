// The comparison of N_phi with M_theta: every metric plugin is run on what it needs (the test span's targets and
// predictions, the recorded spikes, the weights of both networks), and once more on each baseline, so that each figure has
// beside it what a null model gets. A figure is a finite number or undefined with a reason, never NaN.
//
// Baselines: of predictions, the null models that the experiment asks for (nulls.hpp); of paired weights (needs_pairs), the
// twin's weights shuffled; of weight distributions, all weights at the mean of the biological ones; of spikes, as many
// spikes of each neuron at random times (Poisson).
#pragma once
#include <span>
#include <string>
#include <vector>

#include "proxon/archive/records.hpp"
#include "proxon/evaluation/nulls.hpp"
#include "proxon/plugin/registry.hpp"

namespace proxon {

/// What there is to evaluate. Views must live as long as the call; what is missing stays empty.
struct EvaluationInput {
  std::string scope = "test";         ///< what the rows are: for MetricRecord::scope
  std::vector<std::string> channels;  ///< names of the columns below
  std::span<const double> time;       ///< of each row, ms; empty where rows have none
  std::span<const float> target;      ///< [rows x channels], row-major, in the targets' own units
  std::span<const float> prediction;  ///< [rows x channels]
  std::vector<NullPrediction> nulls;  ///< of the same rows and channels
  bool classes = false;               ///< the channels are the classes of one target

  /// Channels that belong together: metrics of predictions are then run on each group too, since a mean over spikes and potentials says little.
  struct Group {
    std::string name;
    int64_t first, columns;
    bool classes = false;
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

  /// A layer of a twin whose hidden units give spikes.
  struct Hidden {
    std::string layer;
    std::span<const double> rates;  ///< of its units, Hz
  };
  std::vector<Hidden> hidden;
  uint64_t seed = 1;
};

struct EvaluationOptions {
  static constexpr std::string_view mean_alone[] = {"mean"};
  std::span<const std::string_view> metrics;
  std::span<const std::string_view> baselines = mean_alone;
  std::span<const double> filter;
  std::string_view split = "test";
  double warm_up = 0;
  static constexpr auto fields() {
    using E = EvaluationOptions;
    return std::tuple{field<&E::metrics>("", "names of metrics; empty: every metric that is found"),
                      field<&E::baselines>("", "null models whose predictions stand beside the twin's: the mean target of the training span (of classes the most "
                                           "frequent one); its mean at each time within a trial; a linear filter of the inputs with a static nonlinearity",
                                           one_of(null_choices)),
                      field<&E::filter>("ms", "linear_nonlinear of sequences: time constants of the exponential filters that it sees the inputs through, "
                                        "besides the present bin; empty: 2, 6, 18 and 54 bins", above(0)),
                      field<&E::split>("", "samples on which predictions are compared; those of the training span are for sweeps that fit a network's "
                                       "parameters to a recording", one_of("train|validation|test")),
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
