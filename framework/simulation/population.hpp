// A population while it runs: its neurons' state in columns, the planes that collect the input of a step, and for rate neurons a ring
// of past activities.
#pragma once
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "proxon/base/columns.hpp"
#include "proxon/network/partition.hpp"
#include "proxon/simulation/clock.hpp"

namespace proxon {

/// What travels to a neuron.
enum class Carried { spikes, activity, current };

/// Positions among a model's input ports: where positive and negative weights lead; -1: nowhere.
struct Ports {
  int32_t positive = -1, negative = -1;
};

class RunningPopulation {
 public:
  /// Draws the initial state. Throws Error when the model refuses its parameters.
  RunningPopulation(const Population& description, int32_t first, const Clock& clock, uint64_t seed);

  const std::string& name() const { return name_; }
  int32_t size() const { return size_; }
  bool spiking() const { return model_.table().spiking != 0; }
  const NeuronTable& table() const { return model_.table(); }
  const std::string& model_name() const { return model_.name(); }

  /// The ports that `what` enters by: the one named `receptor`, or those marked for it. Throws Error, beginning with `where`.
  Ports ports(Carried what, const std::string& receptor, const std::string& where) const;
  float* plane(int32_t port) { return port < 0 ? nullptr : planes_[static_cast<size_t>(port)]; }

  /// Says that deliveries with a delay a synapse enter by these ports, up to `slots` steps ahead. Makes rings that the input to come can be added
  /// up in (arrivals.hpp); they take no memory before that.
  void keep_ahead(const Ports& ports, int64_t slots);
  int64_t ahead_slots() const { return ahead_slots_; }
  /// What is added up for a step to come; null for a port without such input.
  float* ahead(int32_t port, int64_t step) {
    float* ring = ahead_.empty() ? nullptr : ahead_[static_cast<size_t>(port)].get();
    return ring ? ring + step % ahead_slots_ * stride_ : nullptr;
  }

  /// Puts the neurons of a range back to the state that they began with.
  void reset(Range own);
  /// One step of the neurons of a range; writes the numbers of those that fired and returns how many.
  int64_t update(Range own, int64_t step, int32_t* fired);
  /// Throws Error when a state variable of the range is not a finite number.
  void check_finite(Range own, double time) const;

  /// Calls see(name, data, bytes) for every column that the next steps depend on.
  template <class See>
  void columns(See&& see) {
    for (size_t v = 0; v < state_.size(); ++v) see(table().state->fields[v].name, state_[v].data(), state_[v].size());
    if (!activity_.empty()) see("activity, past", activity_.data(), activity_.size() * sizeof(float));
    for (Kept& kept : kept_)
      see(std::string(table().state->fields[kept.variable].name) + ", past", kept.ring.data(), kept.ring.size() * sizeof(float));
    for (size_t port = 0; port < ahead_.size(); ++port)
      if (ahead_[port]) see(std::string(table().input->fields[port].name) + ", to come", ahead_[port].get(), ahead_bytes());
  }

  /// Calls see(data, bytes) for every piece of memory that belongs to the neurons of a range and that the next steps depend on.
  template <class See>
  void pieces(Range own, See&& see) {
    for (auto& column : state_) {
      const size_t width = column.size() / static_cast<size_t>(stride_);
      see(column.data() + static_cast<size_t>(own.begin) * width, static_cast<size_t>(own.size()) * width);
    }
    const auto rows = [&](float* ring, size_t size) {
      for (size_t at = 0; at < size; at += static_cast<size_t>(stride_)) see(ring + at + own.begin, static_cast<size_t>(own.size()) * sizeof(float));
    };
    rows(activity_.data(), activity_.size());
    for (Kept& kept : kept_) rows(kept.ring.data(), kept.ring.size());
    for (auto& ring : ahead_)
      if (ring) rows(ring.get(), ahead_bytes() / sizeof(float));
  }
  /// The same of what other neurons may read of a step: the activity of rate neurons, state variables that are kept for couplings.
  template <class See>
  void read_by_others(int64_t step, Range own, See&& see) {
    const size_t bytes = static_cast<size_t>(own.size()) * sizeof(float);
    if (!activity_.empty()) see(ring(step) + own.begin, bytes);
    for (Kept& kept : kept_)
      if (kept.for_others) see(kept.ring.data() + (step % kept.slots) * stride_ + own.begin, bytes);
  }

  /// Makes the ring of activities, for looking back `slots` steps.
  void keep_activity(int64_t slots);
  /// Activities at the end of a step (of an earlier trial, or of before the begin: those that the trial begins with).
  const float* activity(int64_t step, int64_t trial_begin) const;

  /// Makes a ring of past values of a state variable, for couplings (`for_others`) and for rules that read it.
  void keep_variable(int32_t variable, int64_t slots, bool for_others);
  /// Values of a kept variable at the end of a step (of an earlier trial, or of before the begin: those that the trial begins with).
  const float* kept(int32_t variable, int64_t step, int64_t trial_begin) const;

  /// State variables by name; "activity" of rate neurons is number table().state->count. -1 when there is none.
  int32_t variable(std::string_view name) const;
  /// The value of a variable of one neuron, as it is at the end of `step`.
  float value(int32_t variable, int32_t neuron, int64_t step) const;

 private:
  float* ring(int64_t step) { return activity_.data() + (step % slots_) * stride_; }
  const float* ring(int64_t step) const { return activity_.data() + (step % slots_) * stride_; }
  std::string ports_text() const;

  struct Kept {
    int32_t variable;
    int64_t slots;
    bool for_others;
    Column<float> ring, initial;
  };
  void keep(Kept& kept, Range own, int64_t step);

  std::string name_;
  Instance<NeuronTable, Step> model_;
  int32_t first_, size_;
  int64_t stride_, slots_ = 1;
  Key key_;
  std::vector<Column<char>> state_, initial_;
  std::vector<Column<float>> input_;
  std::vector<void*> columns_;
  std::vector<float*> planes_;
  Column<float> activity_, initial_activity_;
  std::vector<Kept> kept_;
  struct Free {
    void operator()(float* ring) const { std::free(ring); }
  };
  size_t ahead_bytes() const { return static_cast<size_t>(ahead_slots_ * stride_) * sizeof(float); }
  std::vector<std::unique_ptr<float, Free>> ahead_;  ///< [port][slot][neuron], null where there is none
  int64_t ahead_slots_ = 0;
};

}  // namespace proxon
