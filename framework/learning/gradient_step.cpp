#include <algorithm>
#include <cmath>

#include "proxon/learning/local_step.hpp"
#include "proxon/learning/steps.hpp"
#include "proxon/learning/weight_update.hpp"

namespace proxon {
namespace {

class GradientStep : public TrainingStep {
 public:
  GradientStep(const Model& model, const TrainingOptions& options, const BiologicalWeights& biology, uint64_t seed)
      : rule_(*options.rule.value, Step{1}), update_(model, options, biology), key_{seed, purpose("learning/rule")} {
    memory_.assign(model.theta().size(), 0.f);
    hidden_units_ = model.hidden_units();
    direct_.assign(static_cast<size_t>(hidden_units_ * model.outputs()), 0.f);
  }

  double learning_rate() const override { return update_.learning_rate(); }
  bool goes_in_pieces() const override { return true; }
  bool looks_at_input() const override { return rule_.table().hooks & hook_input; }
  std::vector<KeptColumn> memory() override {
    std::vector<KeptColumn> all = update_.memory();
    all.push_back({"rule/memory", memory_});
    all.push_back({"rule/direct", direct_});
    return all;
  }

  double run(BatchPass& pass, double factor) override {
    pass_ = &pass;
    float* theta = pass.model().theta().data();

    // The gradient, by the rule.
    GradientPass lent{};
    lent.host = this;
    lent.weight = theta;
    lent.gradient = update_.gradient();
    lent.memory = memory_.data();
    lent.direct = direct_.data();
    lent.size = static_cast<int64_t>(memory_.size());
    lent.hidden_units = hidden_units_;
    lent.inputs = pass.model().inputs();
    lent.outputs = pass.model().outputs();
    lent.step = pass.step();
    lent.key = key_;
    lent.forward = [](void* host) {
      auto& self = *static_cast<GradientStep*>(host);
      self.loss_ = self.pass_->forward(true);
      return self.loss_ / static_cast<double>(self.pass_->counted_rows());
    };
    lent.backward = [](void* host, const ErrorPath* path) {
      auto& self = *static_cast<GradientStep*>(host);
      self.pass_->backward(path ? *path : ErrorPath{}, self.update_.gradient());
    };
    lent.loss_at = [](void* host, const float* z, float* slope) {
      auto& self = *static_cast<GradientStep*>(host);
      return self.pass_->loss_at(z, slope) / static_cast<double>(self.pass_->counted_rows());
    };
    lent.layers = pass.model().layers().data();
    lent.layer_count = static_cast<int64_t>(pass.model().layers().size());
    lent.services = &learning_services();
    lent.input = pass.X();
    lent.target = pass.Y();
    lent.output_gradient = pass.output_gradient();
    lent.rows = pass.rows();
    lent.scratch = [](void* host, int64_t floats) {
      auto& scratch = static_cast<GradientStep*>(host)->scratch_;
      if (scratch.size() < static_cast<size_t>(floats)) scratch.resize(static_cast<size_t>(floats));
      return scratch.data();
    };
    rule_.table().gradient(rule_.object(), &lent, &status_);
    check(status_, "learning_rule", rule_.name());
    pass.check_plugin();
    if (!std::isfinite(loss_)) return loss_;

    if (rule_.table().hooks & hook_sets_weights)
      std::copy_n(update_.gradient(), memory_.size(), theta);
    else
      update_.apply(theta, pass.step(), factor);
    return loss_;
  }

 private:
  Instance<LearningRuleTable, Step> rule_;
  WeightUpdate update_;
  Key key_;
  int64_t hidden_units_ = 0;
  Column<float> memory_, direct_, scratch_;
  Status status_;
  BatchPass* pass_ = nullptr;
  double loss_ = std::nan("");
};

}  // namespace

void check_rule(const TrainingOptions& options) {
  PROXON_CHECK(options.rule.value, "no learning rule was chosen");
  const auto& table = *static_cast<const LearningRuleTable*>(options.rule->plugin->table);
  if (table.hooks & hook_gradient) return;
  if (table.hooks & hook_update) return check_local_options(options);
  fail("learning_rule '{}' learns from spikes alone, and a model's layers have none: choose one that has the hook update or gradient",
       options.rule->name);
}

std::unique_ptr<TrainingStep> make_step(const Model& model, const TrainingOptions& options, const BiologicalWeights& biology, uint64_t seed) {
  check_rule(options);
  if (!(static_cast<const LearningRuleTable*>(options.rule->plugin->table)->hooks & hook_gradient)) return make_local_step(model, options);
  PROXON_CHECK(options.optimizer.value, "no optimizer was chosen");
  return std::make_unique<GradientStep>(model, options, biology, seed);
}

}  // namespace proxon
