#include "proxon/learning/local_step.hpp"

#include <algorithm>
#include <array>

#include "proxon/base/threads.hpp"
#include "proxon/schema/defaults.hpp"

namespace proxon {
namespace {

constexpr size_t most_columns = 32;  // as many members as a declared struct can have

class LocalStep : public TrainingStep {
 public:
  LocalStep(const Model& model, const TrainingOptions& options)
      : clamp_output_(options.clamp_output), rule_(*options.rule.value, Step{1}) {
    const std::span<const FieldInfo> fields = rule_.table().synapse->list();
    PROXON_CHECK(!fields.empty() && fields.size() <= most_columns, "{} columns", fields.size());
    for (const FieldInfo& field : fields)
      if (field.type != FieldType::real32) fail("learning_rule '{}': its synapse's member {} must be a float", rule_.name(), field.name);
    for (size_t i = 1; i < fields.size(); ++i) columns_.emplace_back(model.theta().size(), 0.f);
    if (rule_.table().pre->count + rule_.table().post->count > 0)
      for (const LayerInfo& layer : model.layers())
        memories_.push_back({columns_at_defaults(*rule_.table().pre, layer.inputs), columns_at_defaults(*rule_.table().post, layer.outputs)});
  }

  double learning_rate() const override { return 1; }
  bool looks_at_input() const override { return true; }
  std::vector<KeptColumn> memory() override {
    std::vector<KeptColumn> all;
    const LearningRuleTable& rule = rule_.table();
    for (size_t c = 0; c < columns_.size(); ++c) all.push_back({fmt::format("rule/{}", rule.synapse->fields[c + 1].name), columns_[c]});
    for (size_t layer = 0; layer < memories_.size(); ++layer) {
      for (size_t c = 0; c < memories_[layer].pre.size(); ++c)
        all.push_back({fmt::format("rule/layer {} pre {}", layer, rule.pre->fields[c].name), memories_[layer].pre[c]});
      for (size_t c = 0; c < memories_[layer].post.size(); ++c)
        all.push_back({fmt::format("rule/layer {} post {}", layer, rule.post->fields[c].name), memories_[layer].post[c]});
    }
    return all;
  }

  double run(BatchPass& pass, double) override {
    const double loss = pass.forward(true);
    pass.check_plugin();
    const std::vector<LayerInfo>& layers = pass.model().layers();
    for (size_t i = 0; i < layers.size(); ++i) {
      const float* x = i ? pass.activities(layers[i - 1]) : pass.X();
      const float* y = clamp_output_ && i + 1 == layers.size() ? pass.Y() : pass.activities(layers[i]);
      if (memories_.empty())
        learn(pass, layers[i], x, y);
      else
        learn_remembering(pass, layers[i], memories_[i], x, y);
    }
    return loss;
  }

 private:
  using Columns = std::vector<Column<float>>;
  struct Memory {
    Columns pre, post;  ///< [member][neuron]
  };

  static std::array<float*, most_columns> pointers(Columns& columns) {
    std::array<float*, most_columns> to{};
    for (size_t c = 0; c < columns.size(); ++c) to[c] = columns[c].data();
    return to;
  }

  /// What the neurons remember changes from sample to sample: all rows see a sample before any sees the next.
  void learn_remembering(BatchPass& pass, const LayerInfo& layer, Memory& memory, const float* x, const float* y) {
    const Moment moment{1, 0};
    float* theta = pass.model().theta().data();
    const auto pre = pointers(memory.pre), post = pointers(memory.post);
    const LearningRuleTable& rule = rule_.table();
    for (int64_t sample = 0; sample < pass.rows(); ++sample) {
      const float *xs = x + sample * layer.inputs, *ys = y + sample * layer.outputs;
      const auto rows = [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t first = layer.weight_offset + i * layer.outputs;
          float* synapse[most_columns] = {theta + first};
          for (size_t c = 0; c < columns_.size(); ++c) synapse[c + 1] = columns_[c].data() + first;
          rule.update(rule_.object(), synapse, nullptr, layer.outputs, xs[i], ys, pre.data(), static_cast<int32_t>(i), post.data(), &moment);
        }
      };
      if (layer.inputs * layer.outputs <= 65536)
        rows(0, layer.inputs);
      else
        parallel_for(layer.inputs, std::max<int64_t>(1, layer.inputs / 64), rows);
      rule.pre_active(rule_.object(), pre.data(), xs, 0, static_cast<int32_t>(layer.inputs), &moment);
      rule.post_active(rule_.object(), post.data(), ys, 0, static_cast<int32_t>(layer.outputs), &moment);
    }
  }

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
                               nullptr, static_cast<int32_t>(i), nullptr, &moment);
      }
    };
    if (layer.inputs * layer.outputs * pass.rows() <= 65536) return rows(0, layer.inputs);
    parallel_for(layer.inputs, std::max<int64_t>(1, layer.inputs / 64), rows);
  }

  bool clamp_output_;
  Instance<LearningRuleTable, Step> rule_;
  Columns columns_;               ///< the rule's own, as long as theta
  std::vector<Memory> memories_;  ///< [layer]; empty when the rule's neurons remember nothing
};

}  // namespace

void check_local_options(const TrainingOptions& options) {
  const std::pair<const char*, double> unused[] = {
      {"L1", options.L1}, {"L2", options.L2}, {"gradient_clip", options.gradient_clip}, {"structural", options.structural}};
  for (const auto& [name, value] : unused)
    if (value != 0) fail("{} = {:g} acts on a gradient, and the local learning_rule '{}' has none: set it to 0", name, value, options.rule->name);
  if (options.schedule != "constant" || options.warmup_epochs > 0)
    fail("schedule and warmup_epochs act on an optimizer's learning rate, and the local learning_rule '{}' has its own: set schedule = \"constant\" "
         "and warmup_epochs = 0",
         options.rule->name);
}

std::unique_ptr<TrainingStep> make_local_step(const Model& model, const TrainingOptions& options) {
  for (const LayerInfo& layer : model.layers())
    if (layer.role != LayerRole::weights || layer.taps > 1 || layer.gates > 1 || layer.tape_offset < -1)
      fail("the local learning_rule '{}' learns on plain layers of weights, and '{}' of approximator '{}' is none: choose approximator = \"dense\"",
           options.rule->name, layer.name.c_str(), model.approximator().name());
  for (size_t i = 1; i < model.layers().size(); ++i)
    if (model.layers()[i].inputs != model.layers()[i - 1].outputs)
      fail("the local learning_rule '{}' needs layers that follow one another, and layer '{}' of approximator '{}' does not take the "
           "activities of the one before",
           options.rule->name, model.layers()[i].name.c_str(), model.approximator().name());
  return std::make_unique<LocalStep>(model, options);
}

}  // namespace proxon
