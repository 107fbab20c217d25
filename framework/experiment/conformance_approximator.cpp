// Conformance of approximators: what theta holds, causality, samples that do not see one another, events against rows, slopes, what it says of itself.
#include "proxon/dataset/events.hpp"
#include "proxon/experiment/conformance_drivers.hpp"
#include "proxon/interchange/nir.hpp"
#include "proxon/interchange/onnx.hpp"

namespace proxon::conform {
namespace {

/// An approximator with parameters, a batch, and its slopes.
struct Network {
  static constexpr int64_t inputs = 5, outputs = 3, batch = 3;
  const Instance<ApproximatorTable, ApproximatorSetup>& model;
  Findings& findings;
  std::vector<float> theta;
  int64_t steps;
  uint32_t training = 0;
  std::vector<float> input = some_numbers(batch * steps * inputs, -1, 1, 2), coefficient = some_numbers(batch * steps * outputs, -1, 1, 3);
  std::vector<float> tape{};

  std::vector<float> forward(const std::vector<float>& x, int64_t samples, const EventList* events = nullptr) {
    std::vector<float> output(static_cast<size_t>(samples * steps * outputs), 0.f);
    tape.assign(static_cast<size_t>(model.table().tape(model.object(), samples, steps)) + 1, 0.f);
    ForwardPass pass{};
    pass.theta = theta.data(), pass.input = x.data(), pass.output = output.data(), pass.tape = tape.data();
    if (events) pass.input = nullptr, pass.events = events->view();
    pass.batch = samples, pass.steps = steps, pass.training = training, pass.step = 1, pass.key = {1, purpose("conformance")};
    Status status;
    model.table().forward(model.object(), &learning_services(), &pass, &status);
    findings.ok(status, "forward");
    return output;
  }
  /// A loss that is linear in the output, so that d loss / d output is the coefficients.
  double loss() {
    const std::vector<float> output = forward(input, batch);
    double sum = 0;
    for (size_t i = 0; i < output.size(); ++i) sum += double(coefficient[i]) * output[i];
    return sum;
  }
  /// Gradients to theta and, where the input is dense, to the input.
  std::pair<std::vector<float>, std::vector<float>> gradients(const EventList* events = nullptr) {
    const std::vector<float> output = forward(input, batch, events);
    // What was in the gradient before means nothing.
    std::vector<float> gradient(theta.size(), 1e3f), input_gradient(input.size(), 1e3f);
    BackwardPass pass{};
    pass.theta = theta.data(), pass.input = input.data(), pass.output = output.data();
    if (events) pass.input = nullptr, pass.events = events->view();
    pass.output_gradient = coefficient.data(), pass.tape = tape.data(), pass.gradient = gradient.data();
    pass.input_gradient = events ? nullptr : input_gradient.data(), pass.batch = batch, pass.steps = steps;
    Status status;
    model.table().backward(model.object(), &learning_services(), &pass, &status);
    findings.ok(status, "backward");
    return {gradient, input_gradient};
  }
};

/// Share of the slopes that agree with central differences. Forward is single precision: with steps of 1/256 its rounding leaves about
/// 3e-4 of the largest slope, curvature about as much; a slope that is wrong is off by its own size.
double share_right(Network& network, std::vector<float>& where, const std::vector<float>& slopes, const std::vector<char>& left_out = {}) {
  float largest = 1e-3f;
  for (const float slope : slopes) largest = std::max(largest, std::abs(slope));
  // Some thousand are enough.
  const size_t stride = where.size() / 1000 + 1;
  int64_t right = 0, looked_at = 0;
  for (size_t i = 0; i < where.size(); i += stride) {
    if (!left_out.empty() && left_out[i]) continue;
    const float kept = where[i], h = 1.f / 256;
    where[i] = kept + h;
    const double above = network.loss();
    where[i] = kept - h;
    const double below = network.loss();
    where[i] = kept;
    right += std::abs((above - below) / (2 * h) - slopes[i]) < 0.01 * largest + 1e-3;
    ++looked_at;
  }
  return looked_at == 0 ? 1 : static_cast<double>(right) / static_cast<double>(looked_at);
}

/// Checks that layers follow one another and do not overlap; returns the length of theta, 0 when they are wrong.
int64_t check_layers(const Instance<ApproximatorTable, ApproximatorSetup>& model, Findings& findings) {
  const int32_t layers = model.table().layers(model.object());
  if (layers < 1) return findings.add("it has no layer."), 0;
  int64_t size = 0, expected = Network::inputs;
  std::vector<std::pair<int64_t, int64_t>> ranges;
  for (int32_t i = 0; i < layers; ++i) {
    LayerInfo layer;
    model.table().layer(model.object(), i, &layer);
    if (layer.inputs < 1 || layer.outputs < 1 || layer.taps < 1 || layer.gates < 1) return findings.add("layer {} is empty.", i), 0;
    const int64_t units = layer.outputs / layer.gates;
    if (layer.role == LayerRole::weights) {
      if (layer.inputs != expected * layer.taps)
        findings.add("layer {} takes {} values{} where {} come in.", i, layer.inputs, layer.taps > 1 ? fmt::format(" of {} taps", layer.taps) : "", expected);
      expected = units;
    } else if (layer.inputs != (layer.role == LayerRole::recurrent ? units : 1)) {
      findings.add("layer {} is {} x {}, which its role does not allow.", i, layer.inputs, layer.outputs);
    }
    ranges.emplace_back(layer.weight_offset, layer.weight_offset + layer.inputs * layer.outputs);
    if (layer.bias_offset >= 0) ranges.emplace_back(layer.bias_offset, layer.bias_offset + layer.outputs);
  }
  if (expected != Network::outputs) findings.add("its last layer has {} outputs where {} are wanted.", expected, Network::outputs);
  std::sort(ranges.begin(), ranges.end());
  for (const auto& [begin, end] : ranges) {
    if (begin != size) findings.add("its layers overlap or leave a gap at number {} of theta.", begin);
    size = std::max(size, end);
  }
  return size;
}

float worst(const std::vector<float>& a, const std::vector<float>& b) {
  float difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference = std::max(difference, std::abs(a[i] - b[i]) / (1 + std::abs(a[i])));
  return difference;
}

/// A sample's output depends neither on the batch that it is in nor on what comes later; 1e-5 is some roundings of single precision.
void check_independence(Network& network, const std::vector<float>& output, Findings& findings) {
  const int64_t row = network.steps * Network::inputs, out_row = network.steps * Network::outputs;
  for (int64_t sample = 0; sample < Network::batch; ++sample) {
    const auto begin = network.input.begin() + sample * row;
    const std::vector<float> alone = network.forward(std::vector<float>(begin, begin + row), 1);
    if (worst(std::vector<float>(output.begin() + sample * out_row, output.begin() + (sample + 1) * out_row), alone) > 1e-5f)
      findings.add("a sample's output depends on the batch that it is in.");
  }
  std::vector<float> later = network.input;
  const int64_t from = network.steps / 2 + 1;
  for (int64_t sample = 0; sample < Network::batch; ++sample)
    for (int64_t k = from * Network::inputs; k < row; ++k) later[static_cast<size_t>(sample * row + k)] += 1;
  const std::vector<float> changed = network.forward(later, Network::batch);
  for (int64_t sample = 0; sample < Network::batch; ++sample)
    for (int64_t k = 0; k < from * Network::outputs; ++k) {
      const auto at = static_cast<size_t>(sample * out_row + k);
      if (std::abs(changed[at] - output[at]) > 1e-5f) findings.add("its output depends on input that comes later.");
    }
}

/// Spikes as events and as rows of zeros and ones are the same input.
void check_events(Network& network, Findings& findings) {
  const std::vector<float> kept = network.input;
  EventList events;
  events.clear();
  for (size_t i = 0; i < network.input.size(); ++i) {
    network.input[i] = kept[i] > 0.6f ? 1.f : kept[i] < -0.9f ? 2.f : 0.f;
    if (network.input[i] != 0) events.add(static_cast<int32_t>(i % Network::inputs), network.input[i]);
    if ((i + 1) % Network::inputs == 0) events.end_row();
  }
  events.index(Network::inputs);
  if (worst(network.forward(network.input, Network::batch), network.forward(network.input, Network::batch, &events)) > 1e-5f)
    findings.add("its output for events is not that for the same input as rows.");
  if (worst(network.gradients().first, network.gradients(&events).first) > 1e-4f)
    findings.add("its gradient for events is not that for the same input as rows.");
  network.input = kept;
}

/// What it says of itself for other programs is a graph.
void check_formats(const PluginValue& plugin, const GraphView* graph, Findings& findings) {
  const uint32_t formats = static_cast<const ApproximatorTable*>(plugin.plugin->table)->formats;
  TwinFrame frame;
  frame.sequence = true;
  try {
    const Model model(plugin, {Network::inputs, Network::outputs, 1, graph});
    if (formats & 1) onnx_model(model, frame);
    if (formats & 2) nir_graph(model, frame);
  } catch (const Error& error) {
    findings.add("{}", error.what());
  }
}

}  // namespace

void approximator(const PluginValue& plugin, Findings& findings) {
  // Inputs 0 .. 3 are the neurons 0 .. 3 of a small network, outputs the neurons 1, 2, 3; input 4 is none of them.
  static constexpr int64_t offset[] = {0, 2, 4, 5, 6};
  static constexpr int32_t target[] = {1, 2, 0, 3, 1, 2}, type[] = {0, 0, 1, 1}, input_unit[] = {0, 1, 2, 3, -1}, output_unit[] = {1, 2, 3};
  static constexpr float weight[] = {0.5f, -0.25f, 1, 0.75f, -1, 0.5f};
  static constexpr GraphView graph{4, 6, offset, target, weight, type, input_unit, output_unit, 2, 0};
  const bool takes_graph = static_cast<const ApproximatorTable*>(plugin.plugin->table)->takes_graph;
  const Instance<ApproximatorTable, ApproximatorSetup> model(plugin, ApproximatorSetup{Network::inputs, Network::outputs, 1, takes_graph ? &graph : nullptr});
  const int64_t size = check_layers(model, findings);
  if (!findings.list().empty()) return;
  check_formats(plugin, takes_graph ? &graph : nullptr, findings);
  for (const int64_t steps : {1, 7}) {
    if (model.table().tape(model.object(), Network::batch, steps) < 0) return findings.add("tape() is negative.");
    Network network{.model = model, .findings = findings, .theta = some_numbers(size, -0.7, 0.7, 4), .steps = steps};
    Status status;
    const Key key{1, purpose("conformance")};
    model.table().begin(model.object(), network.theta.data(), &key, &status);
    findings.ok(status, "begin");

    const std::vector<float> output = network.forward(network.input, Network::batch);
    if (!all_finite(output)) findings.add("its output is not finite.");
    if (!same_bits(output, network.forward(network.input, Network::batch))) findings.add("forward() twice gives two outputs.");
    check_independence(network, output, findings);
    if (model.table().takes_events) check_events(network, findings);

    // Slopes against finite differences; a few may sit on the kink of a rectifier.
    const auto [gradient, input_gradient] = network.gradients();
    const auto again = network.gradients();
    if (!same_bits(gradient, again.first) || !same_bits(input_gradient, again.second)) findings.add("backward() twice gives two gradients.");
    if (!all_finite(gradient) || !all_finite(input_gradient)) findings.add("its gradient is not finite.");
    if (!model.table().surrogate_gradient) {
      // Numbers a unit that are not learnt have no gradient.
      std::vector<char> not_learnt(gradient.size(), 0);
      for (int32_t i = 0; i < model.table().layers(model.object()); ++i) {
        LayerInfo layer;
        model.table().layer(model.object(), i, &layer);
        for (int64_t k = layer.weight_offset; !layer.is_matrix() && k < layer.weight_offset + layer.outputs; ++k)
          not_learnt[static_cast<size_t>(k)] = gradient[static_cast<size_t>(k)] == 0;
      }
      if (const double share = share_right(network, network.theta, gradient, not_learnt); share < 0.95)
        findings.add("{:.0f} % of d loss / d theta differ from finite differences ({} steps).", 100 * (1 - share), steps);
      if (const double share = share_right(network, network.input, input_gradient); share < 0.95)
        findings.add("{:.0f} % of d loss / d input differ from finite differences ({} steps).", 100 * (1 - share), steps);
    }

    network.training = 1;
    const std::vector<float> trained = network.forward(network.input, Network::batch);
    if (!all_finite(trained)) findings.add("its output is not finite while it is trained.");
    if (!same_bits(trained, network.forward(network.input, Network::batch)))
      findings.add("forward() of one training step twice gives two outputs: draws must come from its key and step.");
  }
}

}  // namespace proxon::conform
