// Conformance of what changes weights: learning rules, optimizers.
#include "proxon/experiment/conformance_drivers.hpp"
#include "proxon/learning/model.hpp"

namespace proxon::conform {
namespace {

using Columns = std::vector<std::vector<float>>;

/// What a rule's hooks work on: a row of synapses, and the traces of the neurons at both ends.
struct Row {
  static constexpr int32_t neurons = 20;
  static constexpr int64_t n = 50;
  Columns synapse, pre, post;
  std::vector<int32_t> target, source;
  std::vector<uint32_t> number;

  explicit Row(const LearningRuleTable& table) {
    for (uint32_t c = 0; c < table.synapse->count; ++c) synapse.push_back(c == 0 ? some_numbers(n, 0.2, 0.8, 1) : std::vector<float>(n, 0.f));
    for (uint32_t c = 0; c < table.pre->count; ++c) pre.push_back(some_numbers(neurons, 0, 2, 10 + c));
    for (uint32_t c = 0; c < table.post->count; ++c) post.push_back(some_numbers(neurons, 0, 2, 50 + c));
    for (int64_t k = 0; k < n; ++k) {
      target.push_back(static_cast<int32_t>(k * neurons / n));
      source.push_back(static_cast<int32_t>(k * 7 % neurons));
      number.push_back(static_cast<uint32_t>(n - 1 - k));
    }
  }
  bool same(const Row& other) const {
    for (size_t c = 0; c < synapse.size(); ++c)
      if (!same_bits(synapse[c], other.synapse[c])) return false;
    return true;
  }
  bool same_traces(const Row& other) const { return pre == other.pre && post == other.post; }
};

constexpr std::pair<int64_t, int64_t> pieces_of_row[] = {{0, 3}, {3, 3}, {3, 40}, {40, Row::n}};

/// Runs one of a rule's hooks over [begin, end) of a row, `times` times.
using Hook = void (*)(const Instance<LearningRuleTable, Step>&, Row&, int64_t begin, int64_t end);

void run_on_pre(const Instance<LearningRuleTable, Step>& rule, Row& row, int64_t begin, int64_t end) {
  auto synapse = pointers(row.synapse), pre = pointers(row.pre), post = pointers(row.post);
  for (float*& column : synapse) column += begin;
  rule.table().on_pre(rule.object(), synapse.data(), row.target.data() + begin, end - begin, pre.data(), 3, post.data());
}
void run_on_post(const Instance<LearningRuleTable, Step>& rule, Row& row, int64_t begin, int64_t end) {
  auto synapse = pointers(row.synapse), pre = pointers(row.pre), post = pointers(row.post);
  rule.table().on_post(rule.object(), synapse.data(), row.number.data() + begin, row.source.data() + begin, end - begin, pre.data(), post.data(), 4);
}
void run_update(const Instance<LearningRuleTable, Step>& rule, Row& row, int64_t begin, int64_t end) {
  auto synapse = pointers(row.synapse), pre = pointers(row.pre), post = pointers(row.post);
  for (float*& column : synapse) column += begin;
  const std::vector<float> y = some_numbers(Row::neurons, -1, 1, 99);
  const Moment moment{0.1f, 0.5f};
  rule.table().update(rule.object(), synapse.data(), row.target.data() + begin, end - begin, 0.7f, y.data(), pre.data(), 3, post.data(), &moment);
}
void run_elapsed(const Instance<LearningRuleTable, Step>& rule, Row& row, int64_t begin, int64_t end) {
  auto synapse = pointers(row.synapse), pre = pointers(row.pre), post = pointers(row.post);
  for (float*& column : synapse) column += begin;
  const Moment moment{0.1f, 0.001f};
  rule.table().elapsed(rule.object(), synapse.data(), row.target.data() + begin, end - begin, pre.data(), 3, post.data(), &moment);
}
void run_while_active(const Instance<LearningRuleTable, Step>& rule, Row& row, int64_t begin, int64_t end) {
  auto synapse = pointers(row.synapse), pre = pointers(row.pre), post = pointers(row.post);
  const Moment moment{0.1f, 0};
  rule.table().while_active(rule.object(), synapse.data(), row.number.data() + begin, row.source.data() + begin, end - begin, pre.data(), post.data(),
                            4, &moment);
}

void local_hook(const Instance<LearningRuleTable, Step>& rule, const char* name, Hook hook, Findings& findings) {
  const Row before(rule.table());
  Row whole = before, pieces = before, nothing = before;
  hook(rule, whole, 0, Row::n);
  if (rule.table().hooks & hook_whole_rows)
    hook(rule, pieces, 0, Row::n);
  else
    for (const auto& [begin, end] : pieces_of_row) hook(rule, pieces, begin, end);
  hook(rule, nothing, 10, 10);
  if (!whole.same(pieces)) findings.add("{} over a row in pieces differs from the row as a whole: synapses must not see one another.", name);
  if (!nothing.same(before)) findings.add("{} over no synapse changes one.", name);
  if (!whole.same_traces(before)) findings.add("{} changes the traces, which belong to the neurons.", name);

  // Often, it stays finite, and within the bounds that the rule declares.
  for (int i = 0; i < 1000; ++i) hook(rule, whole, 0, Row::n);
  for (const auto& column : whole.synapse)
    if (!all_finite(column)) findings.add("{} repeated 1000 times gives values that are not finite.", name);
  for (const Entry& entry : rule.value().values.entries()) {
    if (!entry.is_number) continue;
    for (const float w : whole.synapse[0])
      if ((entry.name == "w_max" && w > static_cast<float>(entry.number)) || (entry.name == "w_min" && w < static_cast<float>(entry.number)))
        findings.add("{} brings weights beyond {} = {}.", name, entry.name, entry.value);
  }
}

void traces(const Instance<LearningRuleTable, Step>& rule, Findings& findings) {
  std::vector<float> pre(rule.table().pre->count + 1, -1.f), post(rule.table().post->count + 1, -1.f);
  float signal = -1;
  rule.table().time_constants(rule.object(), pre.data(), post.data(), &signal);
  if (!(signal > 0)) findings.add("its tau_signal is {}, and must be above 0.", signal);
  for (uint32_t c = 0; c < rule.table().pre->count; ++c)
    if (!(pre[c] > 0)) findings.add("the trace '{}' of Pre has no time constant: give the rule a member tau_pre.", rule.table().pre->fields[c].name);
  for (uint32_t c = 0; c < rule.table().post->count; ++c)
    if (!(post[c] > 0)) findings.add("the trace '{}' of Post has no time constant: give the rule a member tau_post.", rule.table().post->fields[c].name);

  const Row before(rule.table());
  Row row = before;
  const int32_t fired[] = {2, 5};
  const auto pre_columns = pointers(row.pre), post_columns = pointers(row.post);
  rule.table().pre_fired(rule.object(), pre_columns.data(), fired, 2);
  rule.table().post_fired(rule.object(), post_columns.data(), fired, 2);
  for (const auto& [after, was] : {std::pair{&row.pre, &before.pre}, std::pair{&row.post, &before.post}})
    for (size_t c = 0; c < after->size(); ++c)
      for (size_t i = 0; i < Row::neurons; ++i) {
        if (!std::isfinite((*after)[c][i])) findings.add("a trace is not finite after a spike.");
        if (i != 2 && i != 5 && (*after)[c][i] != (*was)[c][i]) findings.add("a spike changes the trace of another neuron.");
      }
}

/// A gradient rule on the loss |w|^2 / 2, whose gradient is w; what it sees of the model is one layer of 5 x 5 weights with biases.
void gradient_hook(const Instance<LearningRuleTable, Step>& rule, Findings& findings) {
  struct Quadratic {
    std::vector<float> weight = some_numbers(30, -1, 1, 7), gradient = std::vector<float>(30, 0.f), memory = std::vector<float>(30, 0.f);
    std::vector<float> input = some_numbers(20, -1, 1, 8), slope = some_numbers(20, -1, 1, 9), scratch;
    int forwards = 0;
  };
  LayerInfo layer{};
  layer.inputs = layer.outputs = 5, layer.bias_offset = 25, layer.tape_offset = -1;
  auto run = [&](int64_t step) {
    Quadratic host;
    GradientPass pass{};
    pass.host = &host;
    pass.weight = host.weight.data(), pass.gradient = host.gradient.data(), pass.memory = host.memory.data();
    pass.size = 30, pass.step = step, pass.key = {1, purpose("conformance")};
    pass.inputs = pass.outputs = 5, pass.rows = 4, pass.layers = &layer, pass.layer_count = 1, pass.services = &learning_services();
    pass.input = host.input.data(), pass.target = host.input.data(), pass.output_gradient = host.slope.data();
    pass.scratch = [](void* raw, int64_t floats) {
      auto& scratch = static_cast<Quadratic*>(raw)->scratch;
      scratch.assign(static_cast<size_t>(floats), std::nanf(""));
      return scratch.data();
    };
    pass.loss_at = [](void* raw, const float* z, float* slope) {
      const std::vector<float>& slopes = static_cast<Quadratic*>(raw)->slope;
      std::copy(slopes.begin(), slopes.end(), slope);
      return std::inner_product(slopes.begin(), slopes.end(), z, 0.0);
    };
    pass.forward = [](void* raw) {
      Quadratic& q = *static_cast<Quadratic*>(raw);
      ++q.forwards;
      double loss = 0;
      for (const float w : q.weight) loss += 0.5 * w * w;
      return loss;
    };
    pass.backward = [](void* raw, const ErrorPath*) {
      Quadratic& q = *static_cast<Quadratic*>(raw);
      q.gradient = q.weight;
    };
    Status status;
    rule.table().gradient(rule.object(), &pass, &status);
    findings.ok(status, "gradient");
    if (host.forwards == 0) findings.add("gradient() never runs the approximator forward.");
    return host.gradient;
  };
  const std::vector<float> first = run(0), again = run(0);
  if (!all_finite(first)) findings.add("gradient() gives values that are not finite.");
  if (!same_bits(first, again)) findings.add("gradient() gives something else for the same step: draws must come from its key.");
  if (std::all_of(first.begin(), first.end(), [](float g) { return g == 0; })) findings.add("gradient() gives nothing where the loss has a slope.");
}

}  // namespace

void learning_rule(const PluginValue& plugin, Findings& findings) {
  const Instance<LearningRuleTable, Step> rule(plugin, Step{0.1});
  const LearningRuleTable& table = rule.table();
  declaration(*table.pre, "the trace", {FieldType::real32}, findings);
  declaration(*table.post, "the trace", {FieldType::real32}, findings);
  declaration(*table.synapse, "the column", {FieldType::real32}, findings);
  if (table.synapse->count == 0 || std::string_view(table.synapse->fields[0].name) != "w") findings.add("its Synapse must begin with the weight, `float w`.");
  if (!findings.list().empty()) return;
  traces(rule, findings);
  if (table.hooks & hook_on_pre) local_hook(rule, "on_pre", run_on_pre, findings);
  if (table.hooks & hook_on_post) local_hook(rule, "on_post", run_on_post, findings);
  if (table.hooks & hook_elapsed) local_hook(rule, "elapsed", run_elapsed, findings);
  if (table.hooks & hook_post_step) local_hook(rule, "while_active", run_while_active, findings);
  if (table.hooks & hook_update) {
    local_hook(rule, "update", run_update, findings);
    // Targets 0 .. n-1 may be left unsaid.
    Row listed(table), unlisted(table);
    const std::vector<float> y = some_numbers(Row::n, -1, 1, 98);
    const Moment moment{1, 0};
    for (size_t k = 0; k < Row::n; ++k) listed.target[k] = static_cast<int32_t>(k);
    const Columns memory(table.post->count, some_numbers(Row::n, 0, 1, 97));
    Columns post = memory;
    const auto a = pointers(listed.synapse), b = pointers(unlisted.synapse), pre = pointers(listed.pre), of_targets = pointers(post);
    table.update(rule.object(), a.data(), listed.target.data(), Row::n, -0.3f, y.data(), pre.data(), 3, of_targets.data(), &moment);
    table.update(rule.object(), b.data(), nullptr, Row::n, -0.3f, y.data(), pre.data(), 3, of_targets.data(), &moment);
    if (!listed.same(unlisted)) findings.add("update differs between targets that are listed and the same targets in a row.");
  }
  if (table.hooks & hook_gradient) gradient_hook(rule, findings);
}

void optimizer(const PluginValue& plugin, Findings& findings) {
  constexpr int64_t n = 100;
  const Instance<OptimizerTable, OptimizerSetup> model(plugin, OptimizerSetup{n});
  declaration(*model.table().state, "the state", {FieldType::real32}, findings);
  const FieldInfo* rate = plugin.values.find("learning_rate");
  if (!rate) findings.add("it has no parameter learning_rate, which schedules scale.");
  if (!findings.list().empty()) return;
  double learning_rate = 1e-3;
  for (const Entry& entry : plugin.values.entries())
    if (entry.name == "learning_rate") learning_rate = entry.number;

  struct Run {
    std::vector<float> weight;
    Columns state;
  };
  const Run fresh{some_numbers(n, -1, 1, 5), Columns(model.table().state->count, std::vector<float>(n, 0.f))};
  auto step = [&](Run& run, const std::vector<float>& gradient, int64_t t, int64_t begin, int64_t end) {
    const auto state = pointers(run.state);
    const OptimizerStep at{t, learning_rate};
    model.table().update(model.object(), run.weight.data(), gradient.data(), state.data(), begin, end, &at);
  };

  // No gradient: a weight may decay, never grow; a weight of 0 stays.
  const std::vector<float> none(n, 0.f);
  Run rest = fresh, zero{none, fresh.state};
  for (int64_t t = 1; t <= 20; ++t) step(rest, none, t, 0, n), step(zero, none, t, 0, n);
  for (size_t i = 0; i < n; ++i)
    if (std::abs(rest.weight[i]) > std::abs(fresh.weight[i])) findings.add("without a gradient a weight grows.");
  if (std::any_of(zero.weight.begin(), zero.weight.end(), [](float w) { return w != 0; })) findings.add("without a gradient a weight of 0 moves.");

  // The first step goes down, and by nothing else than its gradient.
  const std::vector<float> gradient = some_numbers(n, -1, 1, 6);
  Run first{none, fresh.state};
  step(first, gradient, 1, 0, n);
  for (size_t i = 0; i < n; ++i)
    if (gradient[i] * first.weight[i] > 0) findings.add("its first step goes up the gradient.");

  Run whole = fresh, pieces = fresh, part = fresh;
  for (int64_t t = 1; t <= 20; ++t) {
    const std::vector<float> g = some_numbers(n, -1, 1, static_cast<uint32_t>(100 + t));
    step(whole, g, t, 0, n);
    for (const auto& [begin, end] : {std::pair{33, 100}, std::pair{33, 33}, std::pair{0, 33}}) step(pieces, g, t, begin, end);
    step(part, g, t, 10, 20);
  }
  if (!same_bits(whole.weight, pieces.weight)) findings.add("weights updated in pieces differ from weights updated as a whole.");
  for (size_t i = 0; i < n; ++i)
    if ((i < 10 || i >= 20) && part.weight[i] != fresh.weight[i]) findings.add("it moves weights that it was not asked to move.");

  // Lanes: as many optimizers as a vector of the processor has, at rates of their own.
  for (const int64_t lanes : {8, 16, 3}) {
    std::vector<Run> alone(static_cast<size_t>(lanes), fresh);
    Run beside{std::vector<float>(static_cast<size_t>(n * lanes)), Columns(fresh.state.size(), std::vector<float>(static_cast<size_t>(n * lanes), 0.f))};
    std::vector<float> slopes(beside.weight.size());
    const std::vector<const void*> objects(alone.size(), model.object());
    const auto state = pointers(beside.state);
    for (size_t i = 0; i < beside.weight.size(); ++i) beside.weight[i] = fresh.weight[i / alone.size()];
    for (int64_t t = 1; t <= 5; ++t) {
      std::vector<OptimizerStep> steps;
      for (size_t l = 0; l < alone.size(); ++l) {
        steps.push_back({t, learning_rate * static_cast<double>(1 + l)});
        const std::vector<float> g = some_numbers(n, -1, 1, static_cast<uint32_t>(1000 * t) + static_cast<uint32_t>(l));
        for (size_t i = 0; i < g.size(); ++i) slopes[i * alone.size() + l] = g[i];
        const auto own = pointers(alone[l].state);
        model.table().update(model.object(), alone[l].weight.data(), g.data(), own.data(), 0, n, &steps[l]);
      }
      model.table().update_lanes(objects.data(), steps.data(), lanes, beside.weight.data(), slopes.data(), state.data(), n);
    }
    for (size_t l = 0; l < alone.size(); ++l) {
      std::vector<float> own;
      for (size_t i = 0; i < size_t{n}; ++i) own.push_back(beside.weight[i * alone.size() + l]);
      if (!same_bits(own, alone[l].weight)) findings.add("weights that {} optimizers move beside each other differ from those of one alone.", lanes);
    }
  }

  // Gradients whose squares still are single-precision numbers, or vanish.
  for (const float size : {1e-30f, 1e15f, -1e15f}) {
    Run extreme = fresh;
    for (int64_t t = 1; t <= 3; ++t) step(extreme, std::vector<float>(n, size), t, 0, n);
    if (!all_finite(extreme.weight)) findings.add("gradients of {} give weights that are not finite.", size);
  }
}

}  // namespace proxon::conform
