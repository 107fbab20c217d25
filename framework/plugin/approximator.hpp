// An approximator: a deep network M_theta that stands in for a biological one. Its parameters theta are one flat column of floats; the
// author says how it is divided into layers and how a batch goes forward and an error back. The author writes
//
//   struct Parameters { ... };
//   static constexpr Documentation about{...};
//   Model(const Parameters&, const ApproximatorSetup&);       // plain data: spans of Parameters stay valid
//   int32_t layers() const;  LayerInfo layer(int32_t) const;  // what theta holds, in order
//   int64_t tape(int64_t batch) const;                        // floats that forward leaves for backward
//   void forward(const Services&, const ForwardPass&) const;
//   void backward(const Services&, const BackwardPass&) const;
//
// Matrices are row-major. A weight matrix is [inputs x outputs] (y = x W + b): the row of an input holds its synapses to all outputs, as in a
// Connectome, so that a local learning rule runs on either. All sums must have an order that does not depend on the number of
// threads: Services::product and parallel_for keep to that.
#pragma once
#include "proxon/plugin/neuron.hpp"

namespace proxon {

struct ApproximatorSetup {
  int64_t inputs, outputs;
};

/// Elementwise functions that the framework lends, vectorised; an element's result depends on that element alone.
enum class Activation : uint32_t { linear, tanh, relu, sigmoid, softplus };

/// For a parameter that names an activation: field<&P::activation>("", "...", one_of(activation_choices)).
inline constexpr const char* activation_choices = "linear|tanh|relu|sigmoid|softplus";
inline constexpr std::string_view activation_names[] = {"linear", "tanh", "relu", "sigmoid", "softplus"};

constexpr Activation activation_of(std::string_view name) {
  uint32_t i = 0;
  while (i + 1 < std::size(activation_names) && activation_names[i] != name) ++i;
  return static_cast<Activation>(i);
}

/// One layer of weights within theta; the last one is the output layer. Layer i takes the activities of layer i - 1, layer 0 the input.
struct LayerInfo {
  Text<32> name;
  Activation activation;
  uint32_t reserved;
  int64_t inputs, outputs;
  int64_t weight_offset;  ///< of the [inputs x outputs] matrix in theta
  int64_t bias_offset;    ///< of the [outputs] vector; -1 when there is none
  int64_t tape_offset;    ///< of the [batch x outputs] activities in the tape, in units of floats a sample; -1: they are the output
};

/// What the framework lends: products and loops that are fast and whose sums have a fixed order.
struct Services {
  void* host;
  /// C = A B (+ C when `add`), where a matrix marked transposed is stored so. Row-major with leading dimensions.
  void (*product)(void* host, int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b,
                  int64_t ldb, float* c, int64_t ldc, int add) noexcept;
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

/// A batch on its way forward. The framework keeps the output's memory and the tape.
struct ForwardPass {
  const float* theta;
  const float* input;  ///< [batch x inputs]
  float* output;       ///< [batch x outputs]
  float* tape;         ///< tape(batch) floats
  int64_t batch;
  uint32_t training;   ///< 1: dropout and the like are on
  uint32_t linear_output;  ///< 1: `output` is what the output layer's activation would be taken of (stable losses need it)
  int64_t step;        ///< of training, for random draws
  int64_t first_sample;  ///< number of the batch's first sample within the step: the entity of its draws
  Key key;
};

struct BackwardPass {
  const float* theta;
  const float* feedback;       ///< weights that carry the error back; theta itself for backprop
  const float* input;
  const float* output;
  const float* output_gradient;  ///< d loss / d output, [batch x outputs]
  float* tape;                   ///< as forward left it; may be overwritten
  float* gradient;               ///< = d loss / d theta, all of it (what was there before means nothing)
  float* input_gradient;         ///< [batch x inputs], null when not wanted
  int64_t batch;
  uint32_t linear_output;        ///< as in the forward pass: output and output_gradient are those before the activation
  uint32_t reserved;
};

struct ApproximatorTable {
  uint32_t size;
  uint32_t reserved;
  void (*make)(const void* parameters, const ApproximatorSetup*, void* object, Status*) noexcept;
  int32_t (*layers)(const void* object) noexcept;
  void (*layer)(const void* object, int32_t index, LayerInfo* info) noexcept;
  int64_t (*tape)(const void* object, int64_t batch) noexcept;
  void (*forward)(const void* object, const Services*, const ForwardPass*, Status*) noexcept;
  void (*backward)(const void* object, const Services*, const BackwardPass*, Status*) noexcept;
};

struct approximator_kind;

namespace detail {
template <>
struct Kind<approximator_kind> {
  using Table = ApproximatorTable;
  static constexpr uint64_t layout = layout_hash<PluginInfo, SchemaInfo, FieldInfo, Status, ApproximatorTable, ApproximatorSetup, Services,
                                                 ForwardPass, BackwardPass, LayerInfo, Key>();

  template <class T>
  static ApproximatorTable make_table() {
    ApproximatorTable table{};
    table.size = sizeof(T);
    table.make = &detail::make<T, ApproximatorSetup>;
    table.layers = [](const void* object) noexcept { return static_cast<const T*>(object)->layers(); };
    table.layer = [](const void* object, int32_t i, LayerInfo* info) noexcept { *info = static_cast<const T*>(object)->layer(i); };
    table.tape = [](const void* object, int64_t batch) noexcept { return static_cast<const T*>(object)->tape(batch); };
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
