// M_theta: an approximator plugin with its parameters theta, one flat column of floats, and the heads that its outputs belong to. A layer's
// weights are an [inputs x outputs] matrix within theta, row-major (y = f(x W + b)): the row of an input holds its synapses to all outputs,
// as in a Connectome. Copies are deep in theta and share the plugin's object.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "proxon/archive/records.hpp"
#include "proxon/base/columns.hpp"
#include "proxon/learning/losses.hpp"
#include "proxon/plugin/registry.hpp"

namespace proxon {

class Model {
 public:
  Model() = default;
  /// theta is zero: see initialise() in trainer.hpp. Throws Error when the plugin refuses its parameters or says nonsense.
  /// `kept` is what the setup points at: it lives as long as the model and its copies.
  Model(const PluginValue& approximator, const ApproximatorSetup& setup, std::shared_ptr<const void> kept = nullptr);
  Model(const PluginValue& approximator, int64_t inputs, int64_t outputs) : Model(approximator, ApproximatorSetup{inputs, outputs}) {}

  /// Y [samples x steps x outputs] for X [samples x steps x inputs], in batches; dropout and the like are off.
  void predict(std::span<const float> X, std::span<float> Y, int64_t steps = 1) const;
  std::vector<float> predict(std::span<const float> X, int64_t steps = 1) const;

  /// Which outputs have which loss; with a loss comes the activation that predictions have. Without a call: those of the training options.
  /// Throws Error when a loss and the output activation do not go together.
  void set_heads(std::vector<Head> heads);
  /// One head over all outputs, of that loss, where set_heads() was not called.
  void set_common_loss(std::string_view loss);
  const Loss& loss() const { return loss_; }

  int64_t inputs() const { return inputs_; }
  int64_t outputs() const { return outputs_; }
  std::span<float> theta() { return theta_; }
  std::span<const float> theta() const { return theta_; }

  /// theta with the weights as they act: a twin whose units are neurons may hold them to what is known of the network.
  std::vector<float> acting() const;

  /// What theta holds; the last matrix of weights is that of the output.
  const std::vector<LayerInfo>& layers() const { return layers_; }
  const LayerInfo& output_layer() const;
  /// The layers whose units are hidden: all that enter by weights but the output, in the order in which ErrorPath::direct and ForwardPass::spike_counts
  /// have their units; and how many units they have together.
  std::vector<const LayerInfo*> hidden_layers() const;
  int64_t hidden_units() const;
  /// Number of the layer of that name; throws Error with the nearest name.
  int32_t find_layer(std::string_view name) const;
  /// The [inputs x outputs] matrix of a layer, row-major, and its biases (empty when it has none).
  std::span<float> weights(int32_t layer);
  std::span<const float> weights(int32_t layer) const;
  std::span<float> biases(int32_t layer);
  std::span<const float> biases(int32_t layer) const;

  /// As the archive keeps it. (rows, cols) of a LayerRecord are (inputs, outputs) here, the shape in which the matrix lies in theta.
  archive::ModelRecord record() const;
  /// Takes theta back; throws Error with the layer that differs when the record is of another model.
  void restore(const archive::ModelRecord& record);

  const Instance<ApproximatorTable, ApproximatorSetup>& approximator() const { return approximator_; }

 private:
  std::shared_ptr<const void> kept_;
  Instance<ApproximatorTable, ApproximatorSetup> approximator_;
  int64_t inputs_ = 0, outputs_ = 0;
  Loss loss_;
  bool has_heads_ = false;
  std::vector<LayerInfo> layers_;
  Column<float> theta_;
};

/// What the framework lends to approximators: products and elementwise functions (products.hpp, activations.hpp) and threads.
const Services& learning_services();

}  // namespace proxon
