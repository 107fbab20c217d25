#include "proxon/interchange/onnx.hpp"

#include <onnx/onnx_pb.h>

#include <map>
#include <nlohmann/json.hpp>

namespace proxon {
namespace {

using onnx::GraphProto;
using onnx::TensorProto;

constexpr int operator_set = 17, ir_version = 8;

/// Writes what an approximator says into a graph of ONNX. Values are numbered in the order in which they are made.
class OnnxGraph {
 public:
  explicit OnnxGraph(GraphProto* graph) : open_{graph} {}

  Graph face() {
    return {.host = this,
            .add_constant = [](void* host, const char* name, const float* numbers, const int64_t* integers, const int64_t* shape,
                               int32_t rank) noexcept { return self(host).constant(name, numbers, integers, {shape, static_cast<size_t>(rank)}); },
            .add_node = [](void* host, const char* type, const Value* operands, int32_t n_operands, const Attribute* attributes,
                           int32_t n_attributes) noexcept {
              return self(host).node(type, {operands, static_cast<size_t>(n_operands)}, {attributes, static_cast<size_t>(n_attributes)});
            },
            .add_edge = [](void*, Value, Value) noexcept {},
            .open_loop = [](void* host, const Value* states, int32_t n_states, const Value* sequences, int32_t n_sequences, Value* inside) noexcept {
              self(host).open_loop({states, static_cast<size_t>(n_states)}, {sequences, static_cast<size_t>(n_sequences)}, inside);
            },
            .close_loop = [](void* host, const Value* given, int32_t n, Value* outside) noexcept {
              self(host).close_loop({given, static_cast<size_t>(n)}, outside);
            }};
  }

  /// A value that has a name of its own: the model's input.
  Value named(const std::string& name) { return {add(name)}; }
  /// "" for a value that nobody made, which makes the graph no graph.
  std::string name(Value value) {
    if (value.number >= 0 && value.number < static_cast<int32_t>(names_.size())) return names_[static_cast<size_t>(value.number)];
    broken_ = true;
    return "";
  }
  bool is_broken() const { return broken_ || open_.size() != 1; }

 private:
  static OnnxGraph& self(void* host) { return *static_cast<OnnxGraph*>(host); }

  int32_t add(const std::string& name) {
    names_.push_back(name);
    return static_cast<int32_t>(names_.size()) - 1;
  }
  /// The name, with a number where there is one of that name already.
  std::string unique(const std::string& name) {
    const int n = ++used_[name];
    return n == 1 ? name : unique(fmt::format("{}_{}", name, n));
  }

  int32_t constant(const char* name, const float* numbers, const int64_t* integers, std::span<const int64_t> shape) {
    // Constants belong to the outermost graph: those within see them.
    TensorProto* tensor = open_.front()->add_initializer();
    tensor->set_name(unique(name));
    size_t n = 1;
    for (const int64_t extent : shape) tensor->add_dims(extent), n *= static_cast<size_t>(extent);
    tensor->set_data_type(numbers ? TensorProto::FLOAT : TensorProto::INT64);
    static_assert(std::endian::native == std::endian::little, "raw data of ONNX are little-endian");
    tensor->set_raw_data(numbers ? static_cast<const void*>(numbers) : integers, n * (numbers ? sizeof(float) : sizeof(int64_t)));
    return add(tensor->name());
  }

  int32_t node(const char* type, std::span<const Value> operands, std::span<const Attribute> attributes) {
    onnx::NodeProto* node = open_.back()->add_node();
    node->set_op_type(type);
    for (const Value operand : operands) node->add_input(operand.number < 0 ? "" : name(operand));
    for (const Attribute& attribute : attributes) {
      onnx::AttributeProto* to = node->add_attribute();
      to->set_name(attribute.name);
      const auto* const list = static_cast<const int64_t*>(attribute.many);
      switch (attribute.kind) {
        case Attribute::integer: to->set_type(onnx::AttributeProto::INT), to->set_i(attribute.one); break;
        case Attribute::real: to->set_type(onnx::AttributeProto::FLOAT), to->set_f(static_cast<float>(attribute.number)); break;
        case Attribute::text: to->set_type(onnx::AttributeProto::STRING), to->set_s(static_cast<const char*>(attribute.many)); break;
        case Attribute::integers:
          to->set_type(onnx::AttributeProto::INTS);
          for (int32_t i = 0; i < attribute.count; ++i) to->add_ints(list[i]);
          break;
        case Attribute::constant: break;
      }
    }
    node->set_name(unique(type));
    node->add_output(node->name());
    return add(node->name());
  }

  /// A loop is a node Scan whose body is a graph: states and steps come in, new states and what is kept go out. Time is the second axis.
  void open_loop(std::span<const Value> states, std::span<const Value> sequences, Value* inside) {
    onnx::NodeProto* scan = open_.back()->add_node();
    scan->set_op_type("Scan");
    scan->set_name(unique("Scan"));
    for (const auto& values : {states, sequences})
      for (const Value value : values) scan->add_input(name(value));
    const auto put = [&](const char* name) {
      onnx::AttributeProto* attribute = scan->add_attribute();
      attribute->set_name(name);
      return attribute;
    };
    onnx::AttributeProto* count = put("num_scan_inputs");
    count->set_type(onnx::AttributeProto::INT), count->set_i(static_cast<int64_t>(sequences.size()));
    onnx::AttributeProto* axes = put("scan_input_axes");
    axes->set_type(onnx::AttributeProto::INTS);
    for (size_t i = 0; i < sequences.size(); ++i) axes->add_ints(1);
    onnx::AttributeProto* body = put("body");
    body->set_type(onnx::AttributeProto::GRAPH);
    body->mutable_g()->set_name(scan->name() + ".body");
    for (size_t i = 0; i < states.size() + sequences.size(); ++i) {
      const std::string input = unique(i < states.size() ? "state" : "step");
      describe_value(body->mutable_g()->add_input(), input);
      inside[i] = {add(input)};
    }
    scans_.push_back(scan), states_.push_back(states.size());
    open_.push_back(body->mutable_g());
  }
  void close_loop(std::span<const Value> given, Value* outside) {
    onnx::NodeProto* scan = scans_.back();
    const size_t states = states_.back();
    for (size_t i = 0; i < given.size(); ++i) {
      // An output has a name of its own, also where a value is given twice or is an input as it came.
      onnx::NodeProto* copy = open_.back()->add_node();
      copy->set_op_type("Identity");
      copy->set_name(unique(i < states ? "new_state" : "kept"));
      copy->add_input(name(given[i])), copy->add_output(copy->name());
      describe_value(open_.back()->add_output(), copy->name());
      const std::string output = unique(i < states ? "last_state" : "sequence");
      scan->add_output(output);
      if (i >= states) outside[i - states] = {add(output)};
    }
    onnx::AttributeProto* axes = scan->add_attribute();
    axes->set_name("scan_output_axes"), axes->set_type(onnx::AttributeProto::INTS);
    for (size_t i = states; i < given.size(); ++i) axes->add_ints(1);
    open_.pop_back(), scans_.pop_back(), states_.pop_back();
  }
  static void describe_value(onnx::ValueInfoProto* info, const std::string& name) {
    info->set_name(name);
    info->mutable_type()->mutable_tensor_type()->set_elem_type(TensorProto::FLOAT);
  }

  std::vector<GraphProto*> open_;  ///< the outermost first
  std::vector<onnx::NodeProto*> scans_;
  std::vector<size_t> states_;
  std::vector<std::string> names_;
  std::map<std::string, int> used_;
  bool broken_ = false;
};

/// [batch x steps x channels]; where the steps are given, a number of them.
void describe_border(onnx::ValueInfoProto* info, const char* name, const TwinFrame& frame, int64_t bins, int64_t channels) {
  info->set_name(name);
  onnx::TypeProto::Tensor* type = info->mutable_type()->mutable_tensor_type();
  type->set_elem_type(TensorProto::FLOAT);
  type->mutable_shape()->add_dim()->set_dim_param("batch");
  if (frame.sequence)
    type->mutable_shape()->add_dim()->set_dim_param("steps");
  else
    type->mutable_shape()->add_dim()->set_dim_value(bins);
  type->mutable_shape()->add_dim()->set_dim_value(channels);
}

std::vector<float> floats(const std::vector<double>& numbers) { return {numbers.begin(), numbers.end()}; }

/// What heads make of z.
Value apply_heads(const Graph& g, const Loss& loss, Value z) {
  const auto apply = [&](size_t h, Value part) {
    return loss.is_softmax(h) ? g.op("Softmax", {part}, {attribute("axis", -1)}) : g.activate(loss.output(h), part);
  };
  const auto& heads = loss.heads();
  if (heads.size() == 1) return apply(0, z);
  Value all;
  for (size_t h = 0; h < heads.size(); ++h) {
    const Value part = apply(h, g.op("Slice", {z, g.integers({heads[h].first}), g.integers({heads[h].first + heads[h].columns}), g.integers({2})}));
    all = h == 0 ? part : g.op("Concat", {all, part}, {attribute("axis", 2)});
  }
  return all;
}

}  // namespace

std::string onnx_model(const Model& model, const TwinFrame& frame) {
  onnx::ModelProto proto;
  proto.set_ir_version(ir_version);
  proto.add_opset_import()->set_version(operator_set);
  proto.set_producer_name("Proxon"), proto.set_producer_version(frame.version);
  proto.set_doc_string(frame.title);
  GraphProto* graph = proto.mutable_graph();
  graph->set_name(model.approximator().name());

  // From the channels' own units to what the twin takes, through it, and back.
  OnnxGraph writer(graph);
  const Graph g = writer.face();
  const int64_t channels = frame.sequence ? model.inputs() : model.inputs() / frame.input_bins;
  const int64_t targets = frame.sequence ? model.outputs() : model.outputs() / frame.target_bins;
  describe_border(graph->add_input(), "X", frame, frame.input_bins, channels);
  Value value = writer.named("X");
  if (changes(frame.input)) {
    value = g.op("Sub", {value, g.constant("input.mean", floats(frame.input.mean), {channels})});
    value = g.op("Div", {value, g.constant("input.std", floats(frame.input.std), {channels})});
  }
  if (!frame.sequence && frame.input_bins > 1) value = g.op("Reshape", {value, g.integers({0, 1, model.inputs()})});
  value = describe(model, GraphFormat::onnx, g, value);
  value = apply_heads(g, model.loss(), value);
  if (!frame.sequence && frame.target_bins > 1) value = g.op("Reshape", {value, g.integers({0, frame.target_bins, targets})});
  if (changes(frame.target)) {
    value = g.op("Mul", {value, g.constant("target.std", floats(frame.target.std), {targets})});
    value = g.op("Add", {value, g.constant("target.mean", floats(frame.target.mean), {targets})});
  }
  onnx::NodeProto* last = graph->add_node();
  last->set_op_type("Identity"), last->set_name("Y"), last->add_input(writer.name(value)), last->add_output("Y");
  if (writer.is_broken()) fail("approximator '{}': what it says of itself is no graph: an operator takes a value that was not made.", model.approximator().name());
  describe_border(graph->add_output(), "Y", frame, frame.target_bins, targets);

  const auto note = [&](const char* key, const std::string& text) {
    auto* entry = proto.add_metadata_props();
    entry->set_key(key), entry->set_value(text);
  };
  note("inputs", nlohmann::json(frame.inputs).dump());
  note("outputs", nlohmann::json(frame.outputs).dump());
  note("units", nlohmann::json(frame.units).dump());
  note("bin_ms", fmt::format("{}", frame.bin));
  if (proto.ByteSizeLong() > std::numeric_limits<int32_t>::max())
    fail("the twin has {} parameters, and one file of ONNX holds at most 2 GiB.", model.theta().size());
  return proto.SerializeAsString();
}

}  // namespace proxon
