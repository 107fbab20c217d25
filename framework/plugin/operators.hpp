// How an approximator says what it computes, so that other programs can run it: as a graph of the operators of a format that they read. It is
// written once, as a function of values:
//
//   Value to_onnx(const Graph& g, const float* theta, Value x) const {       // [batch x steps x inputs] -> z [batch x steps x outputs]
//     x = g.activate(Activation::tanh, g.affine("hidden", x, theta, inputs, units, theta + inputs * units));
//     return g.affine("output", ...);
//   }
//
// Formats: ONNX (operator set 17, https://onnx.ai/onnx/operators), and for networks of spikes NIR (Pedersen et al. 2024, Nature Communications
// 15:8122, doi:10.1038/s41467-024-52259-9), where a value is what a node gives at a step, without batch and steps.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proxon {

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

enum class GraphFormat : uint32_t { onnx, nir };
inline constexpr const char* graph_format_names[] = {"ONNX", "NIR"};

/// What an operator gives, or a constant. Without a number it stands for an operand that is left out.
struct Value {
  int32_t number = -1;
};

/// A named property of an operator; in NIR, where a node's numbers are its properties, a constant.
struct Attribute {
  enum Kind : uint32_t { integer, real, integers, text, constant };
  const char* name;
  Kind kind;
  int32_t count;             ///< of integers
  int64_t one;               ///< integer; of a constant the value's number
  double number;             ///< real
  const void* many;          ///< integers: int64_t; text: char, with a 0 at the end
};
inline Attribute attribute(const char* name, int64_t value) { return {name, Attribute::integer, 0, value, 0, nullptr}; }
inline Attribute attribute(const char* name, int value) { return attribute(name, int64_t{value}); }
inline Attribute attribute(const char* name, double value) { return {name, Attribute::real, 0, 0, value, nullptr}; }
inline Attribute attribute(const char* name, Value value) { return {name, Attribute::constant, 0, value.number, 0, nullptr}; }
inline Attribute attribute(const char* name, const char* value) { return {name, Attribute::text, 0, 0, 0, value}; }
inline Attribute attribute(const char* name, std::initializer_list<int64_t> values) {
  return {name, Attribute::integers, static_cast<int32_t>(values.size()), 0, 0, values.begin()};
}

/// The graph that is being written.
struct Graph {
  void* host;
  int32_t (*add_constant)(void* host, const char* name, const float* numbers, const int64_t* integers, const int64_t* shape, int32_t rank) noexcept;
  int32_t (*add_node)(void* host, const char* type, const Value* operands, int32_t n_operands, const Attribute* attributes, int32_t n_attributes) noexcept;
  void (*add_edge)(void* host, Value from, Value to) noexcept;
  void (*open_loop)(void* host, const Value* states, int32_t n_states, const Value* sequences, int32_t n_sequences, Value* inside) noexcept;
  void (*close_loop)(void* host, const Value* given, int32_t n, Value* outside) noexcept;

  /// Numbers of a shape, row-major; the graph copies them.
  Value constant(const char* name, const float* numbers, std::initializer_list<int64_t> shape) const {
    return {add_constant(host, name, numbers, nullptr, shape.begin(), static_cast<int32_t>(shape.size()))};
  }
  Value constant(const char* name, const std::vector<float>& numbers, std::initializer_list<int64_t> shape) const {
    return constant(name, numbers.data(), shape);
  }
  Value number(float value) const { return constant("number", &value, {}); }
  /// Integers, as operands that are shapes, axes and the like.
  Value integers(std::initializer_list<int64_t> values) const {
    const int64_t n = static_cast<int64_t>(values.size());
    return {add_constant(host, "integers", nullptr, values.begin(), &n, 1)};
  }
  /// An operator by its name in the format; gives its first result.
  Value op(const char* type, std::initializer_list<Value> operands, std::initializer_list<Attribute> attributes = {}) const {
    return {add_node(host, type, operands.begin(), static_cast<int32_t>(operands.size()), attributes.begin(), static_cast<int32_t>(attributes.size()))};
  }

  // ONNX.

  Value activate(Activation f, Value x) const {
    static constexpr const char* names[] = {nullptr, "Tanh", "Relu", "Sigmoid", "Softplus"};
    return f == Activation::linear ? x : op(names[static_cast<uint32_t>(f)], {x});
  }
  /// x W + b with W [inputs x outputs] over the last axis; b may be null.
  Value affine(const std::string& name, Value x, const float* W, int64_t inputs, int64_t outputs, const float* b) const {
    const Value y = op("MatMul", {x, constant((name + ".weight").c_str(), W, {inputs, outputs})});
    return b ? op("Add", {y, constant((name + ".bias").c_str(), b, {outputs})}) : y;
  }
  /// Zeros [batch x n] for the batch of x.
  Value zeros(Value x, int64_t n) const {
    const Value batch = op("Shape", {x}, {attribute("start", 0), attribute("end", 1)});
    return op("ConstantOfShape", {op("Concat", {batch, integers({n})}, {attribute("axis", 0)})});
  }
  /// A loop over the steps of sequences [batch x steps x n]: body(inside), called once, has the states as the step before left them and the step's rows,
  /// each [batch x n], and gives the new states and then what is kept of the step. Gives that as sequences.
  template <class Body>
  std::vector<Value> loop(const std::vector<Value>& states, const std::vector<Value>& sequences, Body&& body) const {
    std::vector<Value> inside(states.size() + sequences.size());
    open_loop(host, states.data(), static_cast<int32_t>(states.size()), sequences.data(), static_cast<int32_t>(sequences.size()), inside.data());
    const std::vector<Value> given = body(std::span<const Value>(inside));
    std::vector<Value> outside(given.size() - states.size());
    close_loop(host, given.data(), static_cast<int32_t>(given.size()), outside.data());
    return outside;
  }

  // NIR.

  /// What `from` gives goes to `to` as well, from one step to the next where that closes a circle; what comes to a node is added up.
  void connect(Value from, Value to) const { add_edge(host, from, to); }
};

}  // namespace proxon
