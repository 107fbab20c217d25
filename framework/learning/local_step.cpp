#include "proxon/learning/local_step.hpp"

#include <algorithm>

#include "proxon/base/threads.hpp"

namespace proxon {
namespace {

constexpr size_t most_columns = 24;  // as many members as a declared struct can have

class LocalStep : public TrainingStep {
 public:
  LocalStep(const Model& model, const TrainingOptions& options)
      : clamp_output_(options.clamp_output), rule_(*options.rule.value, Step{1}) {
    const std::span<const FieldInfo> fields = rule_.table().synapse->list();
    PROXON_CHECK(!fields.empty() && fields.size() <= most_columns, "{} columns", fields.size());
    for (const FieldInfo& field : fields)
      if (field.type != FieldType::real32) fail("learning_rule '{}': its synapse's member {} must be a float", rule_.name(), field.name);
    for (size_t i = 1; i < fields.size(); ++i) columns_.emplace_back(model.theta().size(), 0.f);
  }

  double learning_rate() const override { return 1; }

  double run(BatchPass& pass, double) override {
    const double loss = pass.forward(true);
    pass.check_plugin();
    const std::vector<LayerInfo>& layers = pass.model().layers();
    for (size_t i = 0; i < layers.size(); ++i) {
      const float* x = i ? pass.activities(layers[i - 1]) : pass.X();
      const float* y = clamp_output_ && i + 1 == layers.size() ? pass.Y() : pass.activities(layers[i]);
      learn(pass, layers[i], x, y);
    }
    return loss;
  }

 private:
  /// A row of synapses belongs to one thread, which shows it all samples in order.
  void learn(BatchPass& pass, const LayerInfo& layer, const float* x, const float* y) {
    const Moment moment{1, 0};
    float* theta = pass.model().theta().data();
    const auto rows = [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t first = layer.weight_offset + i * layer.outputs;
        float* synapse[most_columns] = {theta + first};
        for (size_t c = 0; c < columns_.size(); ++c) synapse[c + 1] = columns_[c].data() + first;
        for (int64_t sample = 0; sample < pass.rows(); ++sample)
          rule_.table().update(rule_.object(), synapse, nullptr, layer.outputs, x[sample * layer.inputs + i], y + sample * layer.outputs,
                               &moment);
      }
    };
    if (layer.inputs * layer.outputs * pass.rows() <= 65536) return rows(0, layer.inputs);
    parallel_for(layer.inputs, std::max<int64_t>(1, layer.inputs / 64), rows);
  }

  bool clamp_output_;
  Instance<LearningRuleTable, Step> rule_;
  std::vector<Column<float>> columns_;  ///< the rule's own, as long as theta
};

}  // namespace

std::unique_ptr<TrainingStep> make_local_step(const Model& model, const TrainingOptions& options) {
  const std::pair<const char*, double> unused[] = {
      {"L1", options.L1}, {"L2", options.L2}, {"gradient_clip", options.gradient_clip}, {"structural", options.structural}};
  for (const auto& [name, value] : unused)
    if (value != 0) fail("{} = {:g} acts on a gradient, and the local learning_rule '{}' has none: set it to 0", name, value, options.rule->name);
  if (options.schedule != "constant" || options.warmup_epochs > 0)
    fail("schedule and warmup_epochs act on an optimizer's learning rate, and the local learning_rule '{}' has its own: set schedule = \"constant\" "
         "and warmup_epochs = 0",
         options.rule->name);
  for (size_t i = 1; i < model.layers().size(); ++i)
    if (model.layers()[i].inputs != model.layers()[i - 1].outputs)
      fail("the local learning_rule '{}' needs layers that follow one another, and layer '{}' of approximator '{}' does not take the "
           "activities of the one before",
           options.rule->name, model.layers()[i].name.c_str(), model.approximator().name());
  return std::make_unique<LocalStep>(model, options);
}

}  // namespace proxon
