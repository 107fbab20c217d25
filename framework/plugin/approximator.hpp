// An approximator: a deep network M_theta that stands in for a biological one. Its parameters theta are one flat column of floats; the
// author says how it is divided into layers and how a batch goes forward and an error back. The author writes
//
//   struct Parameters { ... };
//   static constexpr Documentation about{...};
//   Model(const Parameters&, const ApproximatorSetup&);       // plain data: spans of Parameters stay valid
//   int32_t layers() const;  LayerInfo layer(int32_t) const;  // what theta holds, in order
//   int64_t tape(int64_t batch, int64_t steps) const;         // floats that forward leaves for backward
//   void forward(const Services&, const ForwardPass&) const;
//   void backward(const Services&, const BackwardPass&) const;
//   void begin(float* theta, Key) const;                      // optional: what theta begins with where layers are not drawn
//   void acting(const float* theta, float* acting) const;     // optional: the weights as they act, written into a copy of theta, where they are not its own
//   Value to_onnx(const Graph&, const float* theta, Value x) const;  // optional: what it computes, for `proxon export` (operators.hpp)
//   Value to_nir(const Graph&, const float* theta, Value x) const;   // optional: the same of a network of spikes
//   static constexpr bool takes_events = true;                // optional: spikes come as events, not as rows of zeros and ones
//   static constexpr bool takes_graph = true;                 // optional: its units are neurons; the setup then has the biological network
//   static constexpr bool surrogate_gradient = true;          // optional: forward jumps (spikes), so that backward is not its slope
//   static constexpr bool counts_spikes = true;               // optional: forward adds up the spikes of hidden units, which backward then knows of the batch
//
// A sample has `steps` steps in time (bins) of `inputs` numbers each, and is asked for `outputs` numbers a step; a flat sample has one
// step. Step t of the output may depend on the steps 0 .. t of the input alone, unless a parameter says otherwise (a bidirectional network, which
// then keeps to the steps of a sample that are its own). The output is what the output layer computes before its
// activation: the framework applies the activation together with the loss, which is exact also where it saturates.
//
// Matrices are row-major. A weight matrix is [inputs x outputs] (y = x W + b): the row of an input holds its synapses to all outputs, as in a
// Connectome, so that a local learning rule runs on either. All sums must have an order that does not depend on the number of
// threads: Services::product and parallel_for keep to that. A network that is recurrent in time splits the batch with parallel_for, so that
// threads meet once a pass and not once a step; calls of Services within such a piece run on that thread alone.
#pragma once
#include "proxon/plugin/neuron.hpp"
#include "proxon/plugin/operators.hpp"

namespace proxon {

/// The biological network, for approximators whose units are its neurons. Synapses are sorted by source (CSR).
struct GraphView {
  int64_t units, synapses;
  const int64_t* offset;       ///< [units + 1]: the synapses of source i are [offset[i], offset[i + 1])
  const int32_t* target;       ///< [synapses]
  const float* weight;         ///< [synapses]
  const int32_t* type;         ///< [units], the number of the neuron's population
  const int32_t* input_unit;   ///< [inputs], the neuron that an input channel drives or is; -1 where it is none of them
  const int32_t* output_unit;  ///< [outputs], the neuron that an output channel is; -1 where it is none of them
  int32_t types;
  uint32_t reserved;
};

struct ApproximatorSetup {
  int64_t inputs, outputs;           ///< numbers that each step of a sample has
  double bin = 1;                    ///< ms from a step to the next
  const GraphView* graph = nullptr;  ///< null where there is none; valid as long as the approximator
};

enum class LayerRole : uint32_t {
  weights,    ///< connections from the input or from another layer: drawn as the experiment's init says, regularised, compared with W_phi
  recurrent,  ///< the same among the layer's own units, from one step to the next
  per_unit,   ///< [1 x outputs], a number a unit (time constant, threshold, gain): begins as begin() says, is not regularised
  average,    ///< [1 x outputs], a mean over the batches of a training, which no optimizer moves: backward leaves in `gradient` what is subtracted
};

/// One piece of theta: a matrix of weights with a bias a column, or a number a unit. The last matrix is that of the output.
struct LayerInfo {
  Text<32> name;
  Activation activation;
  LayerRole role = LayerRole::weights;
  int64_t inputs, outputs;
  int64_t weight_offset;  ///< of the [inputs x outputs] matrix in theta
  int64_t bias_offset;    ///< of the [outputs] vector; -1 when there is none
  int64_t tape_offset;    ///< of the [batch x steps x outputs] activities in the tape, in floats a step of a sample; -1: they are the output;
                          ///< no_activities where the tape does not hold them in that form
  int64_t taps = 1;       ///< of a kernel over time: inputs = channels x taps, a channel's taps together, the present first
  int64_t gates = 1;      ///< the columns are that many matrices side by side
  int64_t plain = 1;      ///< 0: more is done than f(x W + b), such as dropout, a norm, or adding what the layer takes

  bool is_matrix() const { return role == LayerRole::weights || role == LayerRole::recurrent; }
};
constexpr int64_t no_activities = -2;

/// What the framework lends: products and loops that are fast and whose sums have a fixed order.
struct Services {
  void* host;
  /// C = A B (+ C when `add`), where a matrix marked transposed is stored so. Row-major with leading dimensions, of which that of A may be negative:
  /// the rows that are stored are then taken from the last to the first.
  void (*product)(void* host, int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b,
                  int64_t ldb, float* c, int64_t ldc, int add) noexcept;
  /// A [k x n] matrix B (stored transposed when `transpose`) that is packed once serves many products with few rows of A, each on the
  /// calling thread: the steps of a recurrent network. packed_size gives the floats that it takes.
  int64_t (*packed_size)(void* host, int64_t k, int64_t n) noexcept;
  void (*pack)(void* host, int transpose, int64_t k, int64_t n, const float* b, int64_t ldb, float* packed) noexcept;
  void (*product_packed)(void* host, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* packed, float* c, int64_t ldc,
                         int add) noexcept;
  void (*parallel)(void* host, int64_t n, int64_t grain, void (*body)(void*, int64_t, int64_t), void* context) noexcept;
  /// y = f(x) over n values; y may be x.
  void (*activate)(void* host, Activation f, const float* x, float* y, int64_t n) noexcept;
  /// dy *= f'(x), where y = f(x) is given.
  void (*activate_back)(void* host, Activation f, const float* y, float* dy, int64_t n) noexcept;

  /// body(begin, end) over [0, n) in chunks of `grain`.
  template <class Body>
  void parallel_for(int64_t n, int64_t grain, Body&& body) const {
    using Function = std::remove_reference_t<Body>;
    parallel(host, n, grain, [](void* context, int64_t begin, int64_t end) { (*static_cast<Function*>(context))(begin, end); },
             const_cast<void*>(static_cast<const void*>(&body)));
  }
};

/// A sparse input: what is not 0, by row (a step of a sample: number sample * steps + step) and once more by channel.
struct Events {
  int64_t count;
  const int64_t* row_begin;      ///< [batch * steps + 1]; null: the input is dense
  const int32_t* channel;        ///< [count], ascending within a row
  const float* value;            ///< [count]
  const int64_t* channel_begin;  ///< [inputs + 1]
  const int32_t* row;            ///< [count], ascending within a channel
  const float* value_by_channel; ///< [count]
};

/// A batch on its way forward. The framework keeps the output's memory and the tape.
struct ForwardPass {
  const float* theta;
  const float* input;  ///< [batch x steps x inputs]; null where it comes as events
  Events events;
  float* output;       ///< [batch x steps x outputs]: before the output's activation
  float* tape;         ///< tape(batch, steps) floats
  int64_t batch, steps;
  const int32_t* length;  ///< [batch], steps that are the sample's own: those after them pad it; null: all
  uint32_t training;   ///< 1: dropout and the like are on
  uint32_t reserved;
  int64_t step;        ///< of training, for random draws
  int64_t first_sample;  ///< number of the batch's first sample within the step: the entity of its draws
  double* spike_counts;  ///< [hidden units], layer after layer: to which each unit's spikes in steps that are no padding are added; null: nobody asks
  Key key;
};

/// How an error finds its way back. All null: along the weights, through time, which is backprop.
struct ErrorPath {
  const float* feedback = nullptr;  ///< weights in the order of theta that carry it back in place of theta's own
  const float* direct = nullptr;    ///< [hidden units x outputs], layer after layer: carry the output's error straight to every hidden unit
  uint32_t cut_recurrence = 0;      ///< 1: the error does not pass from unit to unit through recurrent weights
  uint32_t reserved = 0;
};

struct BackwardPass {
  const float* theta;
  ErrorPath path;
  const float* input;
  Events events;
  const float* output;
  const float* output_gradient;  ///< d loss / d output, [batch x steps x outputs]
  float* tape;                   ///< as forward left it; may be overwritten
  float* gradient;               ///< = d loss / d theta, all of it (what was there before means nothing)
  float* input_gradient;         ///< [batch x steps x inputs], null when not wanted
  int64_t batch, steps;
  const int32_t* length;         ///< as in ForwardPass; the output's error is 0 in the padding
  const double* spike_counts;    ///< as forward added them up, over the whole batch of which this may be a piece; null where nothing was counted
  int64_t counted_steps;         ///< steps that they are counts of

  const float* feedback() const { return path.feedback ? path.feedback : theta; }
};

struct ApproximatorTable {
  uint32_t size;
  uint16_t takes_events, takes_graph, surrogate_gradient, counts_spikes;
  uint16_t formats;  ///< bits in the order of GraphFormat: what describe() can write
  void (*make)(const void* parameters, const ApproximatorSetup*, void* object, Status*) noexcept;
  int32_t (*layers)(const void* object) noexcept;
  void (*layer)(const void* object, int32_t index, LayerInfo* info) noexcept;
  int64_t (*tape)(const void* object, int64_t batch, int64_t steps) noexcept;
  void (*begin)(const void* object, float* theta, const Key*, Status*) noexcept;
  void (*acting)(const void* object, const float* theta, float* acting, Status*) noexcept;
  Value (*describe)(const void* object, GraphFormat format, const Graph* graph, const float* theta, Value x, Status*) noexcept;
  void (*forward)(const void* object, const Services*, const ForwardPass*, Status*) noexcept;
  void (*backward)(const void* object, const Services*, const BackwardPass*, Status*) noexcept;
};

struct approximator_kind;

namespace detail {
template <>
struct Kind<approximator_kind> {
  using Table = ApproximatorTable;
  static constexpr uint64_t layout = layout_hash<PluginInfo, SchemaInfo, FieldInfo, Status, ApproximatorTable, ApproximatorSetup, GraphView, Services,
                                                 ForwardPass, BackwardPass, Events, LayerInfo, Graph, Value, Attribute, Key>();

  template <class T>
  static ApproximatorTable make_table() {
    ApproximatorTable table{};
    table.size = sizeof(T);
    if constexpr (requires { T::takes_events; }) table.takes_events = T::takes_events;
    if constexpr (requires { T::takes_graph; }) table.takes_graph = T::takes_graph;
    if constexpr (requires { T::surrogate_gradient; }) table.surrogate_gradient = T::surrogate_gradient;
    if constexpr (requires { T::counts_spikes; }) table.counts_spikes = T::counts_spikes;
    table.make = &detail::make<T, ApproximatorSetup>;
    table.layers = [](const void* object) noexcept { return static_cast<const T*>(object)->layers(); };
    table.layer = [](const void* object, int32_t i, LayerInfo* info) noexcept { *info = static_cast<const T*>(object)->layer(i); };
    table.tape = [](const void* object, int64_t batch, int64_t steps) noexcept { return static_cast<const T*>(object)->tape(batch, steps); };
    table.begin = [](const void* object, float* theta, const Key* key, Status* status) noexcept {
      if constexpr (requires(const T model) { model.begin(theta, *key); })
        guarded(status, [&] { static_cast<const T*>(object)->begin(theta, *key); });
    };
    table.acting = [](const void* object, const float* theta, float* acting, Status* status) noexcept {
      if constexpr (requires(const T model) { model.acting(theta, acting); })
        guarded(status, [&] { static_cast<const T*>(object)->acting(theta, acting); });
    };
    constexpr bool onnx = requires(const T model, const Graph g) { model.to_onnx(g, nullptr, Value{}); };
    constexpr bool nir = requires(const T model, const Graph g) { model.to_nir(g, nullptr, Value{}); };
    table.formats = (onnx ? 1 : 0) | (nir ? 2 : 0);
    table.describe = [](const void* object, GraphFormat format, const Graph* graph, const float* theta, Value x, Status* status) noexcept {
      guarded(status, [&] {
        if constexpr (onnx)
          if (format == GraphFormat::onnx) x = static_cast<const T*>(object)->to_onnx(*graph, theta, x);
        if constexpr (nir)
          if (format == GraphFormat::nir) x = static_cast<const T*>(object)->to_nir(*graph, theta, x);
      });
      return x;
    };
    table.forward = [](const void* object, const Services* services, const ForwardPass* pass, Status* status) noexcept {
      guarded(status, [&] { static_cast<const T*>(object)->forward(*services, *pass); });
    };
    table.backward = [](const void* object, const Services* services, const BackwardPass* pass, Status* status) noexcept {
      guarded(status, [&] { static_cast<const T*>(object)->backward(*services, *pass); });
    };
    return table;
  }
};
}  // namespace detail
}  // namespace proxon
