#include <algorithm>
#include <cmath>

#include "proxon/base/threads.hpp"
#include "proxon/learning/local_step.hpp"
#include "proxon/learning/steps.hpp"

namespace proxon {
namespace {

/// Weights of theta that a pass over it handles at a time: gradient, weights and state stay in the cache from one thing to the next.
constexpr int64_t chunk_size = 8192;

double sum_of_squares(const float* x, int64_t n) {
  double lanes[16] = {};
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int lane = 0; lane < 16; ++lane) lanes[lane] += static_cast<double>(x[i + lane]) * static_cast<double>(x[i + lane]);
  for (int lane = 0; i < n; ++i, ++lane) lanes[lane] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  double total = 0;
  for (const double lane : lanes) total += lane;
  return total;
}

/// The layer that the structural term holds on.
int32_t structural_layer(const Model& model, const TrainingOptions& options, const BiologicalWeights& biology) {
  const auto fits = [&](const LayerInfo& layer) { return layer.role != LayerRole::per_unit && layer.inputs == biology.inputs && layer.outputs == biology.outputs; };
  if (biology.matrix.empty()) fail("structural = {:g} needs the weights of a projection to hold on to, and there are none", options.structural);
  PROXON_CHECK(static_cast<int64_t>(biology.matrix.size()) == biology.inputs * biology.outputs);
  std::vector<std::string> shapes;
  for (size_t i = 0; i < model.layers().size(); ++i) {
    const LayerInfo& layer = model.layers()[i];
    const bool named = options.structural_layer.empty() || options.structural_layer == layer.name.c_str();
    if (named && fits(layer)) return static_cast<int32_t>(i);
    shapes.push_back(fmt::format("{} {} x {}", layer.name.c_str(), layer.inputs, layer.outputs));
  }
  if (!options.structural_layer.empty()) model.find_layer(options.structural_layer);
  fail("the structural term compares a layer with W_phi ({} x {}), and no such layer {}has that shape (layers: {}): set hidden so that one has, "
       "or structural = 0",
       biology.inputs, biology.outputs, options.structural_layer.empty() ? "" : fmt::format("'{}' ", options.structural_layer),
       fmt::join(shapes, ", "));
}

double learning_rate_of(const PluginValue& optimizer) {
  const FieldInfo* field = optimizer.values.find("learning_rate");
  if (!field) return 1;
  const char* at = static_cast<const char*>(optimizer.values.data()) + field->offset;
  if (field->type == FieldType::real) return *reinterpret_cast<const double*>(at);
  if (field->type == FieldType::real32) return static_cast<double>(*reinterpret_cast<const float*>(at));
  fail("optimizer '{}': its parameter learning_rate must be a real number", optimizer.name);
}

class GradientStep : public TrainingStep {
 public:
  GradientStep(const Model& model, const TrainingOptions& options, const BiologicalWeights& biology, uint64_t seed)
      : options_(options),
        rule_(*options.rule.value, Step{1}),
        optimizer_(*options.optimizer.value, OptimizerSetup{static_cast<int64_t>(model.theta().size())}),
        rate_(learning_rate_of(*options.optimizer.value)),
        key_{seed, purpose("learning/rule")} {
    const size_t n = model.theta().size();
    gradient_.resize(n);
    memory_.assign(n, 0.f);
    partial_.resize(n / chunk_size + 1);
    for (const FieldInfo& field : optimizer_.table().state->list()) {
      if (field.type != FieldType::real32) fail("optimizer '{}': its state {} must be a float", optimizer_.name(), field.name);
      state_.emplace_back(n, 0.f);
    }
    for (Column<float>& column : state_) state_pointers_.push_back(column.data());
    for (const LayerInfo& layer : model.layers()) {
      // Numbers a unit have no weight to be drawn to 0: an empty range.
      const int64_t weights = layer.role == LayerRole::per_unit ? 0 : layer.inputs * layer.outputs;
      ranges_.push_back({layer.weight_offset, layer.weight_offset + weights, nullptr});
      if (layer.role == LayerRole::weights && &layer != &model.output_layer()) hidden_units_ += layer.outputs / layer.gates;
    }
    direct_.assign(static_cast<size_t>(hidden_units_ * model.outputs()), 0.f);
    if (options.structural > 0) ranges_[static_cast<size_t>(structural_layer(model, options, biology))].phi = biology.matrix.data();
    regularised_ = options.L1 > 0 || options.L2 > 0 || options.structural > 0;
  }

  double learning_rate() const override { return rate_; }
  bool looks_at_input() const override { return rule_.table().hooks & hook_input; }

  double run(BatchPass& pass, double factor) override {
    pass_ = &pass;
    float* theta = pass.model().theta().data();
    const auto n = static_cast<int64_t>(gradient_.size());

    // The gradient, by the rule.
    GradientPass lent{};
    lent.host = this;
    lent.weight = theta;
    lent.gradient = gradient_.data();
    lent.memory = memory_.data();
    lent.direct = direct_.data();
    lent.size = n;
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
      self.pass_->backward(path ? *path : ErrorPath{}, self.gradient_.data());
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

    // Regularisers and clipping need the whole gradient before the first weight moves.
    float shorten = 1;
    if (options_.gradient_clip > 0) {
      chunks(n, [&](int64_t begin, int64_t end) {
        regularise(theta, begin, end);
        partial_[static_cast<size_t>(begin / chunk_size)] = sum_of_squares(gradient_.data() + begin, end - begin);
      });
      double squares = 0;
      for (int64_t chunk = 0; chunk * chunk_size < n; ++chunk) squares += partial_[static_cast<size_t>(chunk)];
      const double norm = std::sqrt(squares);
      if (norm > options_.gradient_clip) shorten = static_cast<float>(options_.gradient_clip / norm);
    }

    // The weights, by the optimizer.
    const OptimizerStep at{pass.step() + 1, rate_ * factor};
    chunks(n, [&](int64_t begin, int64_t end) {
      if (options_.gradient_clip == 0) regularise(theta, begin, end);
      if (shorten != 1)
        for (int64_t i = begin; i < end; ++i) gradient_[static_cast<size_t>(i)] *= shorten;
      optimizer_.table().update(optimizer_.object(), theta, gradient_.data(), state_pointers_.data(), begin, end, &at);
    });
    return loss_;
  }

 private:
  struct Range {
    int64_t begin, end;
    const float* phi;  ///< what the structural term pulls to; null: nothing
  };

  template <class Body>
  static void chunks(int64_t n, Body&& body) {
    if (n <= chunk_size) return body(0, n);
    parallel_for(n, chunk_size, body);
  }

  /// Adds the slopes of L1 |w| + L2 w^2 + structural (w - w_phi)^2 for the weights in [begin, end).
  void regularise(const float* theta, int64_t begin, int64_t end) {
    if (!regularised_) return;
    const float l1 = static_cast<float>(options_.L1), l2 = static_cast<float>(2 * options_.L2), pull = static_cast<float>(2 * options_.structural);
    for (const Range& range : ranges_) {
      const int64_t first = std::max(begin, range.begin), last = std::min(end, range.end);
      float* g = gradient_.data();
      for (int64_t i = first; i < last; ++i) {
        const float sign = theta[i] > 0 ? 1.f : theta[i] < 0 ? -1.f : 0.f;
        g[i] += l1 * sign + l2 * theta[i];
      }
      if (range.phi)
        for (int64_t i = first; i < last; ++i) g[i] += pull * (theta[i] - range.phi[i - range.begin]);
    }
  }

  const TrainingOptions& options_;
  Instance<LearningRuleTable, Step> rule_;
  Instance<OptimizerTable, OptimizerSetup> optimizer_;
  double rate_;
  Key key_;
  int64_t hidden_units_ = 0;
  Column<float> gradient_, memory_, direct_, scratch_;
  Column<double> partial_;
  std::vector<Column<float>> state_;
  std::vector<float*> state_pointers_;
  std::vector<Range> ranges_;
  bool regularised_ = false;
  Status status_;
  BatchPass* pass_ = nullptr;
  double loss_ = std::nan("");
};

}  // namespace

std::unique_ptr<TrainingStep> make_step(const Model& model, const TrainingOptions& options, const BiologicalWeights& biology, uint64_t seed) {
  PROXON_CHECK(options.rule.value, "no learning rule was chosen");
  const auto& table = *static_cast<const LearningRuleTable*>(options.rule->plugin->table);
  if (table.hooks & hook_gradient) {
    PROXON_CHECK(options.optimizer.value, "no optimizer was chosen");
    return std::make_unique<GradientStep>(model, options, biology, seed);
  }
  if (table.hooks & hook_update) return make_local_step(model, options);
  fail("learning_rule '{}' learns from spikes alone, and a model's layers have none: choose one that has the hook update or gradient",
       options.rule->name);
}

}  // namespace proxon
