// Conformance of what runs inside a simulation: neurons, synapses, stimuli, connection rules.
#include <array>
#include <numeric>

#include "proxon/base/units.hpp"
#include "proxon/experiment/conformance_drivers.hpp"
#include "proxon/schema/defaults.hpp"

namespace proxon::conform {
namespace {

constexpr double dt = 0.1;

/// A population of one neuron model: columns, planes, and what came out, all comparable to the bit.
class Population {
 public:
  Population(const Instance<NeuronTable, Step>& model, int32_t n) : model_(model), n_(n) {
    for (const FieldInfo& field : model.table().state->list()) {
      const size_t size = field.type == FieldType::real ? 8 : 4;
      columns_.emplace_back(size * static_cast<size_t>(n));
    }
    planes_.resize(model.table().input->count, std::vector<float>(static_cast<size_t>(n), 0.f));
    activity.resize(static_cast<size_t>(n));
    for (auto& column : columns_) column_pointers_.push_back(column.data());
    plane_pointers_ = pointers(planes_);
    Status status;
    model.table().initial(model.object(), column_pointers_.data(), 0, n, &status);
    check(status, "neuron", model.name());
  }

  /// Input of a step, the same whenever it is asked for.
  void drive(int64_t step) {
    const auto ports = model_.table().input->list();
    for (size_t p = 0; p < planes_.size(); ++p) {
      const double low = ports[p].flags & field_excitatory ? 0 : -5, high = ports[p].flags & field_inhibitory ? 0 : 5;
      planes_[p] = some_numbers(n_, low, high, static_cast<uint32_t>(1000 * p + static_cast<size_t>(step)));
      plane_pointers_[p] = planes_[p].data();
    }
  }

  Status update(int64_t step, int32_t begin, int32_t end) {
    const StepContext context{step, {1, purpose("conformance")}, 0};
    std::vector<int32_t> numbers(static_cast<size_t>(n_) + 1, -1);
    Status status;
    const int64_t count = model_.table().update(model_.object(), column_pointers_.data(), plane_pointers_.data(), begin, end, &context,
                                                numbers.data(), activity.data(), &status);
    if (model_.table().spiking) fired.insert(fired.end(), numbers.begin(), numbers.begin() + std::clamp<int64_t>(count, 0, n_));
    return status;
  }

  bool finite() const {
    const auto fields = model_.table().state->list();
    for (size_t c = 0; c < columns_.size(); ++c) {
      if (fields[c].type == FieldType::integer32) continue;
      for (int32_t i = 0; i < n_; ++i) {
        const double value = fields[c].type == FieldType::real ? reinterpret_cast<const double*>(columns_[c].data())[i]
                                                               : static_cast<double>(reinterpret_cast<const float*>(columns_[c].data())[i]);
        if (!std::isfinite(value)) return false;
      }
    }
    return model_.table().spiking || all_finite(activity);
  }
  bool input_cleared(int32_t begin, int32_t end) const {
    return std::all_of(planes_.begin(), planes_.end(), [&](const auto& plane) {
      return std::all_of(plane.begin() + begin, plane.begin() + end, [](float v) { return v == 0; });
    });
  }
  bool same(const Population& other) const {
    return columns_ == other.columns_ && fired == other.fired && (model_.table().spiking || same_bits(activity, other.activity));
  }

  std::vector<int32_t> fired;
  std::vector<float> activity;

 private:
  const Instance<NeuronTable, Step>& model_;
  int32_t n_;
  std::vector<std::vector<char>> columns_;
  std::vector<std::vector<float>> planes_;
  std::vector<void*> column_pointers_;
  std::vector<float*> plane_pointers_;
};

}  // namespace

void neuron(const PluginValue& plugin, Findings& findings) {
  const Instance<NeuronTable, Step> model(plugin, Step{dt});
  declaration(*model.table().state, "the state", {FieldType::real, FieldType::real32, FieldType::integer32}, findings);
  declaration(*model.table().input, "the input", {FieldType::real32}, findings);
  if (!findings.list().empty()) return;
  constexpr int32_t n = 300;  // more than a block of the loop, and no multiple of a vector

  // Left alone, it stays finite.
  Population alone(model, n);
  for (int64_t step = 0; step < 1000; ++step)
    if (!findings.ok(alone.update(step, 0, n), "step")) return;
  if (!alone.finite()) findings.add("without input its state does not stay finite over 1000 steps of {} ms.", dt);

  // Driven: the same twice, and the same in pieces.
  Population whole(model, n), again(model, n), pieces(model, n);
  bool cleared = true, ascending = true;
  for (int64_t step = 0; step < 200; ++step) {
    for (Population* population : {&whole, &again, &pieces}) population->drive(step);
    const size_t before = whole.fired.size();
    if (!findings.ok(whole.update(step, 0, n), "step")) return;
    again.update(step, 0, n);
    for (const auto& [begin, end] : {std::pair{0, 17}, std::pair{17, 17}, std::pair{17, 257}, std::pair{257, n}}) pieces.update(step, begin, end);
    cleared &= whole.input_cleared(0, n);
    for (size_t k = before; k < whole.fired.size(); ++k)
      ascending &= whole.fired[k] >= 0 && whole.fired[k] < n && (k == before || whole.fired[k] > whole.fired[k - 1]);
  }
  if (!cleared) findings.add("its input is not cleared after a step.");
  if (!ascending) findings.add("the neurons that fired are not given in ascending order within the population.");
  if (!whole.same(again)) findings.add("two runs with the same input differ: it must be a function of state, input and its Random alone.");
  if (!whole.same(pieces)) findings.add("a population stepped in pieces differs from one stepped as a whole: neurons must not see one another.");

  // A step of another length is taken, or refused with a sentence.
  for (const double other : {0.01, 1.0}) {
    try {
      const Instance<NeuronTable, Step> coarse(plugin, Step{other});
      Population population(coarse, n);
      for (int64_t step = 0; step < 100; ++step) population.update(step, 0, n);
      if (!population.finite()) findings.add("without input its state does not stay finite at a step of {} ms.", other);
    } catch (const Error&) {
    }
  }
}

namespace {

/// The state of a source stays finite, depends on its own spikes alone, and comes back to its begin after a long silence.
void short_term(const Instance<SynapseTable, Step>& model, Findings& findings) {
  const SchemaInfo& schema = *model.table().source;
  if (schema.count == 0) return;
  declaration(schema, "the state of a source", {FieldType::real32}, findings);
  if (!findings.list().empty()) return;
  std::vector<std::vector<float>> state;
  for (uint32_t c = 0; c < schema.count; ++c) state.emplace_back(3, default_float(schema, c));
  const auto columns = pointers(state);
  const auto other = [&] {
    std::vector<float> values;
    for (const auto& column : state) values.push_back(column[2]);
    return values;
  };
  const std::vector<float> before = other();
  const float first = model.table().spike(model.object(), columns.data(), 1, INFINITY);
  float factor = first;
  for (int i = 0; i < 1000; ++i) factor = model.table().spike(model.object(), columns.data(), 1, 0.1f * static_cast<float>(1 + i % 50));
  for (const auto& column : state)
    if (!all_finite(column)) findings.add("the state of a source is not finite after many spikes.");
  if (!std::isfinite(first) || !std::isfinite(factor)) findings.add("its factor on a spike is not finite.");
  if (!same_bits(before, other())) findings.add("a spike changes the state of another source.");
  const float rested = model.table().spike(model.object(), columns.data(), 1, 1e9f);
  if (std::fabs(rested - first) > 1e-3f * std::fabs(first)) findings.add("after a long silence its factor is {}, and at the first spike {}.", rested, first);
}

/// Couplings: pieces as the whole, and nothing flows between neurons in the same state.
void coupling(const Instance<SynapseTable, Step>& model, const std::vector<int32_t>& target, const std::vector<float>& weight, Findings& findings) {
  const auto n = static_cast<int64_t>(target.size());
  const std::vector<float> y = some_numbers(40, -70, -50, 3), level(40, -60.f);
  std::vector<float> whole(40, 0.f), pieces(40, 0.f), none(40, 0.f);
  model.table().couple(model.object(), target.data(), weight.data(), n, -60.f, y.data(), whole.data());
  for (const auto& [begin, end] : {std::pair{0, 7}, std::pair{7, 7}, std::pair{7, 64}, std::pair{64, 100}})
    model.table().couple(model.object(), target.data() + begin, weight.data() + begin, end - begin, -60.f, y.data(), pieces.data());
  model.table().couple(model.object(), target.data(), weight.data(), n, -60.f, level.data(), none.data());
  if (!same_bits(whole, pieces)) findings.add("a row coupled in pieces differs from one coupled as a whole.");
  if (!all_finite(whole)) findings.add("it gives currents that are not finite.");
  if (std::any_of(none.begin(), none.end(), [](float v) { return v != 0; })) findings.add("a current flows between neurons in the same state.");
}

}  // namespace

/// Targets as gaps reach whom they reach as a list, also beyond what a gap can say.
void gaps(const Instance<SynapseTable, Step>& model, const std::vector<int32_t>& near, Findings& findings) {
  std::vector<int32_t> target;
  for (const int32_t t : near) target.push_back(t < 20 ? t : 255 * (t - 19));
  std::vector<uint8_t> gap;
  int32_t before = 0;
  for (const int32_t t : target) {
    for (; t - before >= gap_beyond; before += gap_beyond) gap.push_back(gap_beyond);
    gap.push_back(static_cast<uint8_t>(t - before));
    before = t;
  }
  const size_t neurons = static_cast<size_t>(target.back()) + 1;
  const RowContext row{{1, purpose("conformance")}, 7, 0};
  for (const float common : {0.5f, -0.5f}) {
    std::array<std::vector<float>, 4> plane;
    plane.fill(std::vector<float>(neurons, 0.f));
    model.table().deliver_common(model.object(), target.data(), common, std::ssize(target), 1, plane[0].data(), plane[1].data(), &row);
    model.table().deliver_gaps(model.object(), gap.data(), common, std::ssize(gap), 1, plane[2].data(), plane[3].data(), &row);
    if (!same_bits(plane[0], plane[2]) || !same_bits(plane[1], plane[3]))
      findings.add("a row whose targets are told as gaps delivers something else than the same row with its targets listed.");
  }
}

void synapse(const PluginValue& plugin, Findings& findings) {
  const Instance<SynapseTable, Step> model(plugin, Step{dt});
  constexpr int64_t n = 100;
  const std::vector<float> weight = some_numbers(n, -2, 2, 1);
  std::vector<int32_t> target(n);
  for (int64_t k = 0; k < n; ++k) target[static_cast<size_t>(k)] = static_cast<int32_t>(k / 3);  // ascending, with repeats
  constexpr size_t neurons = 40;                                                                // the last few are nobody's target

  struct Planes {
    std::vector<float> positive = std::vector<float>(neurons, 0.f), negative = std::vector<float>(neurons, 0.f);
  };
  if (model.table().couples) return coupling(model, target, weight, findings);
  auto deliver = [&](Planes& planes, int64_t begin, int64_t end, float factor, bool one_port) {
    const RowContext row{{1, purpose("conformance")}, 7, begin};
    model.table().deliver(model.object(), target.data() + begin, weight.data() + begin, end - begin, factor, planes.positive.data(),
                          one_port ? planes.positive.data() : planes.negative.data(), &row);
  };
  for (const float common : {0.5f, -0.5f}) {
    Planes one, each;
    const std::vector<float> same(n, common);
    const RowContext row{{1, purpose("conformance")}, 7, 0};
    model.table().deliver(model.object(), target.data(), same.data(), n, 1, one.positive.data(), one.negative.data(), &row);
    model.table().deliver_common(model.object(), target.data(), common, n, 1, each.positive.data(), each.negative.data(), &row);
    if (!same_bits(one.positive, each.positive) || !same_bits(one.negative, each.negative))
      findings.add("a row of one weight delivers something else than the same row with its weights listed.");
  }
  gaps(model, target, findings);
  short_term(model, findings);
  for (const bool one_port : {true, false}) {
    Planes whole, pieces, nothing;
    deliver(whole, 0, n, 1, one_port);
    for (const auto& [begin, end] : {std::pair{0, 7}, std::pair{7, 7}, std::pair{7, 64}, std::pair{64, 100}}) deliver(pieces, begin, end, 1, one_port);
    if (!same_bits(whole.positive, pieces.positive) || !same_bits(whole.negative, pieces.negative))
      findings.add("a row delivered in pieces differs from one delivered as a whole: the effect of a synapse must depend on its weight alone.");
    if (!all_finite(whole.positive) || !all_finite(whole.negative)) findings.add("it delivers values that are not finite.");
    for (size_t i = (n + 2) / 3; i < neurons; ++i)
      if (whole.positive[i] != 0 || whole.negative[i] != 0) findings.add("it delivers to neurons that are not its targets.");
    if (!one_port)
      for (size_t i = 0; i < neurons; ++i)
        if (whole.positive[i] < 0 || whole.negative[i] > 0) findings.add("it delivers to the port of the other sign.");
    deliver(nothing, 0, n, 0, one_port);
    if (!same_bits(nothing.positive, std::vector<float>(neurons, 0.f)) &&
        std::any_of(nothing.positive.begin(), nothing.positive.end(), [](float v) { return v != 0; }))
      findings.add("activity 0 has an effect.");
  }
}

void stimulus(const PluginValue& plugin, Findings& findings) {
  const Key key{1, purpose("conformance")};
  const std::vector<float> values = some_numbers(2 * 300, 0, 255, 5);
  const std::vector<int32_t> label = {3, 0};
  const std::vector<int64_t> order = {1, 0, 1};
  const ShownSamples samples{values.data(), label.data(), order.data(), 2, 300, 3};
  const bool shows = static_cast<const StimulusTable*>(plugin.plugin->table)->shows_samples;
  const Instance<StimulusTable, StimulusSetup> model(plugin, StimulusSetup{dt, key, shows ? &samples : nullptr});
  const std::string_view unit = model.table().signal_unit;
  if (!unit.empty() && !is_unit(unit)) findings.add("its signal has the unit '{}', which is not known.", unit);

  constexpr int32_t n = 300;
  auto instant = [&](int64_t step) { return Instant{step, static_cast<double>(step) * dt, key}; };
  auto common = [&](int64_t step) {
    Status status;
    const Instant at = instant(step);
    const double value = model.table().common(model.object(), &at, &status);
    findings.ok(status, "common");
    return value;
  };
  auto apply = [&](std::vector<float>& plane, int64_t step, float weight, int32_t begin, int32_t end) {
    Status status;
    const Instant at = instant(step);
    model.table().apply(model.object(), &at, common(step), weight, begin, end, plane.data(), &status);
    findings.ok(status, "apply");
  };

  // The same at an instant whatever was asked before.
  std::vector<double> forward, backward;
  for (int64_t step = 0; step < 400; ++step) forward.push_back(common(step));
  for (int64_t step = 400; step-- > 0;) backward.push_back(common(step));
  std::reverse(backward.begin(), backward.end());
  if (!same_bits(forward, backward)) findings.add("common() is not a function of the instant alone: asked in another order it answers otherwise.");
  if (std::any_of(forward.begin(), forward.end(), [](double v) { return !std::isfinite(v); })) findings.add("common() gives values that are not finite.");

  for (const int64_t step : {int64_t{0}, int64_t{1}, int64_t{10}, int64_t{20}, int64_t{399}}) {
    std::vector<float> whole(n, 0.f), pieces(n, 0.f), part(n, 0.f);
    apply(whole, step, 1, 0, n);
    for (const auto& [begin, end] : {std::pair{257, n}, std::pair{0, 17}, std::pair{17, 17}, std::pair{17, 257}}) apply(pieces, step, 1, begin, end);
    if (!same_bits(whole, pieces)) findings.add("targets driven in pieces get something else than when driven as a whole.");
    if (!all_finite(whole)) findings.add("it drives targets with values that are not finite.");
    apply(part, step, 1, 100, 200);
    for (int32_t i = 0; i < n; ++i)
      if ((i < 100 || i >= 200) && part[static_cast<size_t>(i)] != 0) findings.add("it drives neurons that are not its targets.");
    if (model.table().emits == Emits::spikes)
      for (const float count : whole)
        if (count < 0 || count != std::floor(count)) findings.add("it gives {} spikes to a target: not a whole number of them.", count);
    std::vector<float> none(n, 2.f);
    apply(none, step, 0, 0, n);
    if (std::any_of(none.begin(), none.end(), [](float v) { return v != 2; })) findings.add("a weight of 0 has an effect.");
  }
}

void connectivity(const PluginValue& plugin, Findings& findings) {
  std::string refused;
  bool any = false;
  for (const auto& [sources, targets, same] : {std::tuple{1, 1, 0}, std::tuple{1, 1, 1}, std::tuple{2, 2, 1}, std::tuple{1, 7, 0},
                                              std::tuple{7, 1, 0}, std::tuple{10, 10, 1}, std::tuple{64, 33, 0}, std::tuple{300, 300, 1}}) {
    const std::string where = fmt::format("from {} to {} neurons{}", sources, targets, same ? " of one population" : "");
    ConnectivitySetup setup{sources, targets, static_cast<uint32_t>(same), {1, purpose("conformance")}, nullptr};
    // Neurons on a line, 10 um apart.
    std::vector<double> line(3 * static_cast<size_t>(std::max(sources, targets)), 0);
    for (size_t i = 0; i < line.size(); i += 3) line[i] = 10 * static_cast<double>(i / 3);
    setup.space = {line.data(), line.data(), 1, 0, 0, 0};
    const auto& table = *static_cast<const ConnectivityTable*>(plugin.plugin->table);
    const int64_t numbers = table.scratch(plugin.values.data(), &setup);
    if (numbers < 0 || numbers > 1'000'000) {
      findings.add("{} scratch() asks for {} numbers.", where, numbers);
      continue;
    }
    std::vector<int64_t> scratch(static_cast<size_t>(numbers) + 1, 0);
    setup.scratch = scratch.data();
    Instance<ConnectivityTable, ConnectivitySetup> rule;
    try {
      rule = Instance<ConnectivityTable, ConnectivitySetup>(plugin, setup);
    } catch (const Error& error) {
      refused = error.what();
      continue;
    }
    any = true;
    if (rule.table().axis == Axis::listed) return;
    const int32_t entities = rule.table().axis == Axis::source ? sources : targets;
    const int32_t partners = rule.table().axis == Axis::source ? targets : sources;

    // Asked to count, asked to write, and asked again in the other order.
    auto ask = [&](int32_t entity, bool& agrees) {
      Status status;
      const int64_t count = rule.table().connect(rule.object(), entity, &setup.key, nullptr, &status);
      if (!findings.ok(status, "connect")) return std::vector<int32_t>{};
      std::vector<int32_t> written(static_cast<size_t>(std::max<int64_t>(count, 0)) + 1000, -1);
      const int64_t again = rule.table().connect(rule.object(), entity, &setup.key, written.data(), &status);
      agrees &= count == again && count >= 0;
      written.resize(static_cast<size_t>(std::clamp<int64_t>(again, 0, static_cast<int64_t>(written.size()))));
      return written;
    };
    bool agrees = true, inside = true, same_again = true;
    std::vector<std::vector<int32_t>> all;
    for (int32_t entity = 0; entity < entities; ++entity) {
      all.push_back(ask(entity, agrees));
      for (const int32_t partner : all.back()) inside &= partner >= 0 && partner < partners;
    }
    for (int32_t entity = entities; entity-- > 0;) same_again &= ask(entity, agrees) == all[static_cast<size_t>(entity)];
    if (!agrees) findings.add("{}, what it counts is not what it writes.", where);
    if (!inside) findings.add("{}, it connects to neurons that there are not.", where);
    if (!same_again) findings.add("{}, it connects otherwise when it is asked in another order.", where);
  }
  if (!any) throw Error(refused);
}

}  // namespace proxon::conform
