#include "proxon/interchange/nir.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace proxon {
namespace {

/// Writes what an approximator says into a graph of NIR. A value is a node or a constant; constants become parameters of the nodes that take them.
class NirWriter {
 public:
  Graph face() {
    return {.host = this,
            .add_constant = [](void* host, const char*, const float* numbers, const int64_t* integers, const int64_t* shape, int32_t rank) noexcept {
              return self(host).constant(numbers, integers, {shape, static_cast<size_t>(rank)});
            },
            .add_node = [](void* host, const char* type, const Value* operands, int32_t n_operands, const Attribute* attributes,
                           int32_t n_attributes) noexcept {
              return self(host).node(type, {operands, static_cast<size_t>(n_operands)}, {attributes, static_cast<size_t>(n_attributes)});
            },
            .add_edge = [](void* host, Value from, Value to) noexcept { self(host).edge(from, to); },
            .open_loop = [](void* host, const Value*, int32_t, const Value*, int32_t, Value*) noexcept { self(host).broken_ = true; },
            .close_loop = [](void* host, const Value*, int32_t, Value*) noexcept { self(host).broken_ = true; }};
  }

  archive::NirGraph& graph() { return graph_; }
  bool is_broken() const { return broken_; }

 private:
  static NirWriter& self(void* host) { return *static_cast<NirWriter*>(host); }

  struct Made {
    std::string node;                 ///< its name; or
    archive::NirParameter constant;
  };
  int32_t add(Made made) {
    made_.push_back(std::move(made));
    return static_cast<int32_t>(made_.size()) - 1;
  }
  const Made* find(Value value) {
    if (value.number >= 0 && value.number < static_cast<int32_t>(made_.size())) return &made_[static_cast<size_t>(value.number)];
    broken_ = true;
    return nullptr;
  }

  int32_t constant(const float* numbers, const int64_t* integers, std::span<const int64_t> shape) {
    archive::NirParameter tensor{.name = "", .shape = {shape.begin(), shape.end()}, .numbers = {}, .integers = {}};
    int64_t n = 1;
    for (const int64_t extent : shape) n *= extent;
    if (numbers) tensor.numbers.assign(numbers, numbers + n);
    else tensor.integers.assign(integers, integers + n);
    return add({"", std::move(tensor)});
  }

  int32_t node(std::string type, std::span<const Value> operands, std::span<const Attribute> attributes) {
    std::string name = type;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    if (const int n = ++used_[type]; n > 1 || (type != "Input" && type != "Output")) name += fmt::format("_{}", n);
    archive::NirNode node{name, std::move(type), {}, {}};
    for (const Attribute& attribute : attributes) {
      if (attribute.kind == Attribute::text) node.notes.emplace_back(attribute.name, static_cast<const char*>(attribute.many));
      if (attribute.kind != Attribute::constant) continue;
      const Made* made = find({static_cast<int32_t>(attribute.one)});
      if (!made) continue;
      node.parameters.push_back(made->constant);
      node.parameters.back().name = attribute.name;
    }
    graph_.nodes.push_back(std::move(node));
    const int32_t number = add({name, {}});
    for (const Value operand : operands) edge(operand, {number});
    return number;
  }

  void edge(Value from, Value to) {
    const Made *one = find(from), *other = find(to);
    if (!one || !other || one->node.empty() || other->node.empty()) broken_ = true;
    else graph_.edges.emplace_back(one->node, other->node);
  }

  archive::NirGraph graph_;
  std::vector<Made> made_;
  std::map<std::string, int> used_;
  bool broken_ = false;
};

/// y = scale x + shift, channel by channel, as a node; constants repeat over the bins of a window.
Value by_channel(const Graph& g, Value x, const std::vector<double>& scale, const std::vector<double>& shift, int64_t width) {
  std::vector<float> weights(static_cast<size_t>(width * width), 0.f), bias(static_cast<size_t>(width));
  for (size_t i = 0; i < bias.size(); ++i) {
    weights[i * bias.size() + i] = static_cast<float>(scale[i % scale.size()]);
    bias[i] = static_cast<float>(shift[i % shift.size()]);
  }
  return g.op("Affine", {x}, {attribute("weight", g.constant("", weights, {width, width})), attribute("bias", g.constant("", bias, {width}))});
}

}  // namespace

archive::NirGraph nir_graph(const Model& model, const TwinFrame& frame) {
  NirWriter writer;
  const Graph g = writer.face();
  Value value = g.op("Input", {}, {attribute("shape", g.integers({model.inputs()}))});
  if (changes(frame.input)) {
    std::vector<double> scale, shift;
    for (size_t c = 0; c < frame.input.mean.size(); ++c) scale.push_back(1 / frame.input.std[c]), shift.push_back(-frame.input.mean[c] / frame.input.std[c]);
    value = by_channel(g, value, scale, shift, model.inputs());
  }
  value = describe(model, GraphFormat::nir, g, value);
  nlohmann::json heads;
  bool linear = true;
  for (size_t h = 0; h < model.loss().heads().size(); ++h) {
    const Head& head = model.loss().heads()[h];
    const std::string_view activation = model.loss().is_softmax(h) ? "softmax" : activation_names[static_cast<size_t>(model.loss().output(h))];
    heads.push_back({{"first", head.first}, {"columns", head.columns}, {"activation", activation}});
    linear = linear && activation == "linear";
  }
  if (changes(frame.target)) {
    if (!linear) fail("the targets are normalised and the output has an activation, which NIR has no node for: fit with dataset.normalise_targets = \"none\".");
    value = by_channel(g, value, frame.target.std, frame.target.mean, model.outputs());
  }
  g.op("Output", {value}, {attribute("shape", g.integers({model.outputs()}))});
  if (writer.is_broken()) fail("approximator '{}': what it says of itself is no graph: a node takes a value that was not made.", model.approximator().name());

  archive::NirGraph& graph = writer.graph();
  graph.notes = {{"producer", "Proxon " + frame.version}, {"title", frame.title}};
  for (const auto& [name, list] : {std::pair{"inputs", &frame.inputs}, {"outputs", &frame.outputs}, {"units", &frame.units}})
    graph.notes.emplace_back(name, nlohmann::json(*list).dump());
  if (!linear) graph.notes.emplace_back("heads", heads.dump());
  graph.dt = frame.bin / 1000;
  return std::move(graph);
}

}  // namespace proxon
