// What stands in an archive, as plain structs: the network (populations, projections), what is recorded while it runs
// (spikes, traces, stimulus signals), and what later stages add (model, curves, predictions, metrics). Writer takes
// them, Reader gives them back. Units are ms, mV, pA, nS, Hz unless a `unit` says otherwise; matrices are row-major.
// Layout: docs/archive.md.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace proxon::archive {

/// A resolved parameter. In the file: HDF5 attribute `name`, and beside it `name.unit` where the unit is not empty.
struct Attribute {
  std::string name;
  std::variant<double, std::int64_t, bool, std::string, std::vector<double>> value;
  std::string unit;
  bool operator==(const Attribute&) const = default;
};

/// A thing with parameters that is neither population nor projection: "simulation", "stimuli/drive", "optimizer" ...
/// The parts of `name` between slashes become groups below /proxon/parameters.
struct Object {
  std::string name;
  std::vector<Attribute> attributes;
  bool operator==(const Object&) const = default;
};

/// A plugin that took part: what it was, where it came from, what it was built as.
struct PluginRecord {
  std::string kind, name, file, stamp;
  bool operator==(const PluginRecord&) const = default;
};

/// Neurons 0 .. size-1 of one model. SONATA /nodes/NAME; with `spikes`, also /spikes/NAME and rows of NWB /units.
struct PopulationRecord {
  std::string name;
  std::string model;
  std::int64_t size = 0;
  std::vector<Attribute> parameters;
  std::vector<std::string> node_names;           ///< empty, or one a neuron
  std::vector<std::array<double, 3>> positions;  ///< um; empty, or one a neuron
  bool spikes = true;                            ///< false for models that do not spike (rates)
};

/// Synapses sorted by source neuron (CSR). The spans must live until Writer::create returns.
struct SynapseColumns {
  std::span<const std::int64_t> offsets;  ///< n_source + 1: synapses of source i are [offsets[i], offsets[i+1])
  std::span<const std::int32_t> targets;  ///< n_synapses
  std::span<const float> weights;         ///< n_synapses, or one value that all share
  std::span<const float> delays_ms;       ///< n_synapses, or one value that all share, or a table
  std::span<const std::uint8_t> delay_codes = {};  ///< where delays_ms is a table: n_synapses positions in it
};

/// SONATA /edges/NAME. Reader fills everything but `synapses`, which is read in blocks.
struct ProjectionRecord {
  std::string name, source, target;
  std::string synapse;                         ///< synapse model
  std::string learning_rule;                   ///< "" where weights stay as they are
  std::vector<Attribute> parameters;           ///< of the synapse model
  std::vector<Attribute> learning_parameters;  ///< of the learning rule
  std::string weight_unit;                     ///< "mV", "pA", "nS", "1"
  std::int64_t n_synapses = 0;                 ///< set by Reader; Writer takes offsets.back()
  bool plastic = false;                        ///< keep room for weight snapshots (/proxon/weights/NAME)
  bool target_index = true;                    ///< write SONATA's target_to_source index: 16 B a synapse
  SynapseColumns synapses;
};

/// One variable of some neurons, sampled regularly: SONATA report and NWB acquisition, the same numbers.
struct TraceRecord {
  std::string population;
  std::string variable;  ///< "V_m", "rate", ...
  std::string unit;
  std::vector<std::int32_t> neurons;  ///< the columns of the rows that are appended
  double start_ms = 0;                ///< time of the first row
  double step_ms = 1;
  bool operator==(const TraceRecord&) const = default;
};

/// One number a step: what the network was driven with, an NWB TimeSeries in /stimulus/presentation, or the rate of a
/// population, one in /acquisition.
struct SignalRecord {
  std::string name;
  std::string unit;
  std::string description;
  double start_ms = 0;
  double step_ms = 1;
  bool population = false;  ///< the rate of a population
  bool operator==(const SignalRecord&) const = default;
};

/// Pairs of spikes of two populations, counted by the time from the source's to the target's: NWB DynamicTable in
/// /analysis.
struct CorrelationRecord {
  std::string name;
  std::string source, target;    ///< populations or groups
  std::vector<double> lags_ms;   ///< middles of the bins
  bool operator==(const CorrelationRecord&) const = default;
};

/// Everything that is known before the first step: it fixes all groups, attributes and data sets of the file.
struct Skeleton {
  std::string experiment;   ///< text of the experiment file
  std::string description;  ///< one sentence; NWB session_description
  std::string identifier;   ///< NWB identifier; "" derives one from experiment, seed and version
  std::string started;      ///< ISO 8601 with zone, NWB session_start_time; "" = now
  std::string version;      ///< of Proxon
  std::string revision;     ///< of its source
  std::uint64_t seed = 0;
  double duration_ms = 0;  ///< expected length of the recordings, to choose chunk sizes; 0 = unknown
  std::vector<PluginRecord> plugins;
  std::vector<Object> objects;
  std::vector<PopulationRecord> populations;
  std::vector<ProjectionRecord> projections;
  std::vector<TraceRecord> traces;
  std::vector<SignalRecord> signals;
  std::vector<CorrelationRecord> correlations;
};

/// A layer's place in theta: weight matrix theta[weight : weight + inputs*outputs], row-major, a row an input, and bias
/// theta[bias : bias + outputs]; bias = -1 where there is none.
struct LayerRecord {
  std::string name;
  std::int64_t inputs = 0, outputs = 0;
  std::int64_t weight = 0, bias = -1;
  std::string activation;
  bool operator==(const LayerRecord&) const = default;
};

/// M_theta: layers and one flat column of parameters. `description` is free text (JSON by custom).
struct ModelRecord {
  std::vector<LayerRecord> layers;
  std::vector<float> theta;
  std::string description;
};

/// One row of the training curves.
struct EpochRecord {
  std::int64_t epoch = 0;
  double train_loss = 0, validation_loss = 0, learning_rate = 0;
  bool operator==(const EpochRecord&) const = default;
};

/// Which part of the recording a row of predictions stands in.
enum class Split : std::uint8_t { train = 0, validation = 1, test = 2 };

/// Rows of predictions: row r of `target`, `prediction`, `baseline` holds n_channels values.
struct PredictionBlock {
  std::vector<double> time_ms;
  std::vector<Split> split;
  std::vector<float> target, prediction, baseline;  ///< [rows, n_channels]
};

/// What a metric gives of a null model. Where `defined` is false, `reason` says why and `value` means nothing.
struct BaselineRecord {
  std::string name;  ///< "mean of the training span", "PSTH", "shuffled weights"
  double value = 0;
  bool defined = true;
  std::string reason;
  bool operator==(const BaselineRecord&) const = default;
};

/// A metric's answer. Where `defined` is false, `reason` says why and `value` means nothing.
struct MetricRecord {
  std::string name;
  std::string scope;  ///< what it was taken over: "test", "class 3", "exc_to_inh"
  double value = 0;
  std::int64_t n = 0;
  bool defined = true;
  std::string reason;
  std::string meaning;
  std::string range;  ///< "[0, 1], 1 is best"
  std::vector<BaselineRecord> baselines;
};

/// A finished stage: simulate, fit, evaluate, report.
struct StageRecord {
  std::string name;
  double seconds = 0;
  std::string finished;  ///< ISO 8601
};

}  // namespace proxon::archive
