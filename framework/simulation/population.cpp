#include "proxon/simulation/population.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace proxon {
namespace {

size_t width(FieldType type) { return type == FieldType::real ? 8 : 4; }

void put(Column<char>& column, FieldType type, int32_t i, double value) {
  const auto k = static_cast<size_t>(i);
  if (type == FieldType::real)
    reinterpret_cast<double*>(column.data())[k] = value;
  else if (type == FieldType::real32)
    reinterpret_cast<float*>(column.data())[k] = static_cast<float>(value);
  else
    reinterpret_cast<int32_t*>(column.data())[k] = static_cast<int32_t>(std::lround(value));
}

double get(const Column<char>& column, FieldType type, int32_t i) {
  const auto k = static_cast<size_t>(i);
  if (type == FieldType::real) return reinterpret_cast<const double*>(column.data())[k];
  if (type == FieldType::real32) return reinterpret_cast<const float*>(column.data())[k];
  return reinterpret_cast<const int32_t*>(column.data())[k];
}

/// True for a port that takes spikes of either sign.
bool unmarked(const FieldInfo& port) {
  return !(port.flags & (field_excitatory | field_inhibitory | field_current | field_rate));
}

bool takes(const FieldInfo& port, Carried what) {
  switch (what) {
    case Carried::spikes: return !(port.flags & (field_current | field_rate));
    case Carried::activity: return port.flags & field_rate;
    case Carried::current: return port.flags & field_current;
  }
  return false;
}

const char* text_of(Carried what) {
  switch (what) {
    case Carried::spikes: return "spikes";
    case Carried::activity: return "the activity of rate neurons";
    case Carried::current: return "currents";
  }
  return "";
}

}  // namespace

RunningPopulation::RunningPopulation(const Population& description, int32_t first, const Clock& clock, uint64_t seed)
    : name_(description.name),
      model_(description.neuron, Step{clock.dt()}),
      first_(first),
      size_(description.size),
      stride_((int64_t{description.size} + 63) / 64 * 64),
      key_{seed, purpose("neuron")} {
  const auto padded = static_cast<size_t>(stride_);
  for (const FieldInfo& field : table().state->list()) {
    if (field.type != FieldType::real && field.type != FieldType::real32 && field.type != FieldType::integer32)
      fail("Neuron model '{}': its state variable {} must be a double, a float or an int32_t.", model_name(), field.name);
    state_.emplace_back(padded * width(field.type), 0);
    columns_.push_back(state_.back().data());
  }
  for (const FieldInfo& field : table().input->list()) {
    if (field.type != FieldType::real32) fail("Neuron model '{}': its input port {} must be a float.", model_name(), field.name);
    input_.emplace_back(padded, 0.f);
    planes_.push_back(input_.back().data());
  }

  // The model's own initial state, and over it what the experiment says.
  Status status;
  table().initial(model_.object(), columns_.data(), 0, size_, &status);
  check(status, "neuron", model_name());
  for (const auto& [field, distribution] : description.initial) {
    const int32_t v = variable(field->name);
    if (v < 0 || v >= static_cast<int32_t>(table().state->count))
      fail("Population '{}': {} has no state variable '{}' to give an initial value.", name(), model_name(), field->name);
    const Key key = Key{seed, purpose("initial state")}.with(static_cast<uint32_t>(v));
    for (int32_t i = 0; i < size_; ++i) {
      Stream stream(key, static_cast<uint64_t>(first_ + i));
      put(state_[static_cast<size_t>(v)], table().state->fields[v].type, i, sample(distribution, stream));
    }
  }
  initial_ = state_;
  if (!spiking()) {
    initial_activity_.assign(padded, 0.f);
    table().activity(model_.object(), columns_.data(), 0, size_, initial_activity_.data(), &status);
    check(status, "neuron", model_name());
  }
}

std::string RunningPopulation::ports_text() const {
  std::string text;
  for (const FieldInfo& port : table().input->list()) text += fmt::format("{}{}", text.empty() ? "" : ", ", port.name);
  return text;
}

Ports RunningPopulation::ports(Carried what, const std::string& receptor, const std::string& where) const {
  const auto all = table().input->list();
  if (!receptor.empty()) {
    std::vector<std::string_view> names;
    for (const FieldInfo& port : all) names.push_back(port.name);
    const auto at = std::find(names.begin(), names.end(), receptor);
    if (at == names.end())
      fail("{}: {} has no receptor '{}' (it has {}).{}", where, model_name(), receptor, ports_text(), did_you_mean(receptor, names));
    const auto number = static_cast<int32_t>(at - names.begin());
    if (!takes(all[static_cast<size_t>(number)], what))
      fail("{}: the receptor '{}' of {} does not take {}.", where, receptor, model_name(), text_of(what));
    return {number, number};
  }

  Ports found;
  for (int32_t i = static_cast<int32_t>(all.size()) - 1; i >= 0; --i) {
    const FieldInfo& port = all[static_cast<size_t>(i)];
    if (!takes(port, what)) continue;
    const bool either = what != Carried::spikes || unmarked(port);
    for (const auto& [marked, number] : {std::pair{field_excitatory, &found.positive}, std::pair{field_inhibitory, &found.negative}}) {
      if (!either && !(port.flags & marked)) continue;
      if (*number >= 0) fail("{}: {} has several receptors for {}; name one (it has {}).", where, model_name(), text_of(what), ports_text());
      *number = i;
    }
  }
  if (found.positive < 0 && found.negative < 0)
    fail("{}: the neurons of '{}' ({}) have no receptor for {} (they have {}).", where, name(), model_name(), text_of(what), ports_text());
  return found;
}

void RunningPopulation::reset(Range own) {
  for (size_t v = 0; v < state_.size(); ++v) {
    const size_t bytes = width(table().state->fields[v].type);
    std::memcpy(state_[v].data() + static_cast<size_t>(own.begin) * bytes, initial_[v].data() + static_cast<size_t>(own.begin) * bytes,
                static_cast<size_t>(own.size()) * bytes);
  }
}

void RunningPopulation::keep_ahead(const Ports& ports, int64_t slots) {
  PROXON_CHECK(ahead_slots_ == 0 || ahead_slots_ == slots);
  ahead_slots_ = slots;
  ahead_.resize(planes_.size());
  for (const int32_t port : {ports.positive, ports.negative})
    if (port >= 0 && !ahead_[static_cast<size_t>(port)]) {
      ahead_[static_cast<size_t>(port)].reset(static_cast<float*>(std::calloc(ahead_bytes(), 1)));
      if (!ahead_[static_cast<size_t>(port)]) throw std::bad_alloc();
    }
}

int64_t RunningPopulation::update(Range own, int64_t step, int32_t* fired) {
  const StepContext context{step, key_, first_};
  Status status;
  const int64_t n = table().update(model_.object(), columns_.data(), planes_.data(), own.begin, own.end, &context, fired,
                                   spiking() ? nullptr : ring(step), &status);
  if (status.failed) check(status, "neuron", model_name());
  for (Kept& kept : kept_) keep(kept, own, step);
  return n;
}

void RunningPopulation::keep(Kept& kept, Range own, int64_t step) {
  float* to = kept.ring.data() + (step % kept.slots) * stride_;
  const auto v = static_cast<size_t>(kept.variable);
  const FieldType type = table().state->fields[v].type;
  for (int32_t i = own.begin; i < own.end; ++i) to[i] = static_cast<float>(get(state_[v], type, i));
}

void RunningPopulation::keep_variable(int32_t variable, int64_t slots, bool for_others) {
  PROXON_CHECK(variable >= 0 && variable < static_cast<int32_t>(table().state->count));
  for (Kept& kept : kept_)
    if (kept.variable == variable) {
      PROXON_CHECK(kept.slots == slots);
      kept.for_others |= for_others;
      return;
    }
  const auto padded = static_cast<size_t>(stride_), v = static_cast<size_t>(variable);
  Kept& kept = kept_.emplace_back(Kept{variable, slots, for_others, Column<float>(static_cast<size_t>(slots) * padded, 0.f), Column<float>(padded, 0.f)});
  for (int32_t i = 0; i < size_; ++i)
    kept.initial[static_cast<size_t>(i)] = static_cast<float>(get(initial_[v], table().state->fields[v].type, i));
}

const float* RunningPopulation::kept(int32_t variable, int64_t step, int64_t trial_begin) const {
  const auto at = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) { return kept.variable == variable; });
  PROXON_CHECK(at != kept_.end());
  return step < trial_begin ? at->initial.data() : at->ring.data() + (step % at->slots) * stride_;
}

void RunningPopulation::check_finite(Range own, double time) const {
  for (size_t v = 0; v < state_.size(); ++v) {
    const FieldInfo& field = table().state->fields[v];
    if (field.type == FieldType::integer32) continue;
    for (int32_t i = own.begin; i < own.end; ++i) {
      const double value = get(state_[v], field.type, i);
      if (!std::isfinite(value))
        fail("The state variable {} of neuron {} of population '{}' ({}) became {} before t = {} ms. A smaller time step, smaller weights or "
             "other parameters may help.",
             field.name, i, name(), model_name(), value, time);
    }
  }
}

void RunningPopulation::keep_activity(int64_t slots) {
  slots_ = slots;
  if (!spiking()) activity_.assign(static_cast<size_t>(slots_ * stride_), 0.f);
}

const float* RunningPopulation::activity(int64_t step, int64_t trial_begin) const {
  return step < trial_begin ? initial_activity_.data() : ring(step);
}

int32_t RunningPopulation::variable(std::string_view name) const {
  const auto all = table().state->list();
  for (size_t v = 0; v < all.size(); ++v)
    if (all[v].name == name) return static_cast<int32_t>(v);
  return !spiking() && name == "activity" ? static_cast<int32_t>(all.size()) : -1;
}

float RunningPopulation::value(int32_t variable, int32_t neuron, int64_t step) const {
  if (variable == static_cast<int32_t>(table().state->count)) return ring(step)[neuron];
  return static_cast<float>(get(state_[static_cast<size_t>(variable)], table().state->fields[variable].type, neuron));
}

}  // namespace proxon
