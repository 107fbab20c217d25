// A metric: named figures that compare N_phi with M_theta, or describe either, from recordings and predictions alone. The author writes
//
//   struct Parameters { ... };
//   static constexpr Documentation about{...};
//   static constexpr uint32_t needs = needs_prediction;      // or needs_spikes, needs_weights, needs_weights | needs_pairs, needs_response, needs_hidden
//   Metric(const Parameters&, const MetricSetup&);
//   void evaluate(const MetricInput&, MetricSink&) const;
//
// For each figure the sink takes its value and the n it rests on, or the reason why it is undefined: a NaN is refused. Texts are copied at
// once. The framework calls evaluate() only where there is something of all that the metric needs, once with the twin's and once with each
// baseline: what null models predict; shuffled weights (needs_pairs) or weights that are all at the mean; Poisson spikes.
#pragma once
#include "proxon/plugin/neuron.hpp"

namespace proxon {

enum MetricNeeds : uint32_t {
  needs_prediction = 1,
  needs_spikes = 2,
  needs_weights = 4,
  needs_response = 16,  ///< looks at what an input does to an output over time
  needs_hidden = 32,  ///< looks at how often the twin's hidden units spike
  needs_pairs = 8,  ///< compares the weights synapse by synapse, so that a shuffle of them is the baseline
};

struct MetricSetup {
  Key key;  ///< for metrics that draw (bootstrap, permutations)
};

/// What there is to compare: finite values, at least one of each that was asked for; what a metric did not ask for may be null.
struct MetricInput {
  const float* target;      ///< [rows x channels], row-major
  const float* prediction;  ///< [rows x channels]
  int64_t rows, channels;
  const char* const* channel_names;  ///< [channels]
  const double* row_time;            ///< [rows], ms; begins anew where a sample does that has no clock in common with others; null: rows have none
  const double* spike_time;     ///< ms, ascending
  const int32_t* spike_neuron;  ///< 0 .. neurons-1
  int64_t spikes;
  int32_t neurons;
  uint32_t reserved;
  double begin, end;  ///< ms, of the recording
  const float* weight_phi;    ///< weights of the biological network ...
  const float* weight_theta;  ///< ... and of the twin; for the same synapses, in the same order, where `paired`
  int64_t weights_phi, weights_theta;
  uint32_t paired;
  uint32_t reserved2;
  /// What one event of input i adds to output j, k bins later, from rest: [response_bins x inputs x outputs], in the output's own unit.
  const float* response;
  int64_t response_bins, inputs, outputs;
  double bin;  ///< ms
  const double* hidden_rate;  ///< [hidden_units] of a layer of the twin: spikes a second (Hz) over the samples that are compared
  int64_t hidden_units;
};

/// One figure.
struct Figure {
  const char* name;
  double value;
  int64_t n;               ///< number of values, spikes, intervals ... that it rests on
  const char* undefined;   ///< "" or why there is no value
  double low, high;        ///< the range that it can take
  const char* meaning;     ///< half a sentence: what it is and which direction is good
};

struct MetricSinkTable {
  void* host;
  void (*figure)(void* host, const Figure*);
};

class MetricSink {
 public:
  explicit MetricSink(const MetricSinkTable& table) : table_(table) {}
  void value(const char* name, double value, int64_t n, double low, double high, const char* meaning) {
    const Figure figure{name, value, n, value == value ? "" : "not a number", low, high, meaning};
    table_.figure(table_.host, &figure);
  }
  void undefined(const char* name, const char* why, int64_t n, double low, double high, const char* meaning) {
    const Figure figure{name, 0, n, why, low, high, meaning};
    table_.figure(table_.host, &figure);
  }

 private:
  MetricSinkTable table_;
};

struct MetricTable {
  uint32_t size;
  uint32_t needs;
  void (*make)(const void* parameters, const MetricSetup*, void* object, Status*) noexcept;
  void (*evaluate)(const void* object, const MetricInput*, const MetricSinkTable*, Status*) noexcept;
};

struct metric_kind;

namespace detail {
template <>
struct Kind<metric_kind> {
  using Table = MetricTable;
  static constexpr uint64_t layout =
      layout_hash<PluginInfo, SchemaInfo, FieldInfo, Status, MetricTable, MetricSetup, MetricInput, Figure, MetricSinkTable, Key>();

  template <class T>
  static void evaluate(const void* object, const MetricInput* input, const MetricSinkTable* table, Status* status) noexcept {
    guarded(status, [&] {
      MetricSink sink(*table);
      static_cast<const T*>(object)->evaluate(*input, sink);
    });
  }

  template <class T>
  static MetricTable make_table() {
    return {sizeof(T), T::needs, &detail::make<T, MetricSetup>, &evaluate<T>};
  }
};
}  // namespace detail
}  // namespace proxon
