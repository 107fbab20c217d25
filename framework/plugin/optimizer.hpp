// An optimizer: how a gradient moves a weight. The author writes what happens to one weight; the loop over theta is instantiated around it.
//
//   struct Parameters { double learning_rate = 1e-3; ... };     // the field learning_rate is the one that schedules scale
//   struct State { float m; float v; fields() };                // kept for each weight, zero at the begin; may be NoParameters
//   static constexpr Documentation about{...};
//   Optimizer(const Parameters&, const OptimizerSetup&);
//   float step(float gradient, State&, const OptimizerStep&) const;   // returns what is added to the weight; or
//   float step(float weight, float gradient, State&, const OptimizerStep&) const;
//   Shared prepare(const OptimizerStep&) const;   // optional: numbers that all weights share at a step; step() then takes a Shared
#pragma once
#include "proxon/plugin/neuron.hpp"

namespace proxon {

struct OptimizerSetup {
  int64_t size;  ///< number of weights
};

struct OptimizerStep {
  int64_t t;             ///< 1, 2, ... (as in the papers)
  double learning_rate;  ///< the parameter times the schedule
};

struct OptimizerTable {
  const SchemaInfo* state;  ///< columns of floats
  uint32_t size;
  uint32_t reserved;
  void (*make)(const void* parameters, const OptimizerSetup*, void* object, Status*) noexcept;
  void (*update)(const void* object, float* weight, const float* gradient, float* const* state, int64_t begin, int64_t end,
                 const OptimizerStep*) noexcept;
};

struct optimizer_kind;

namespace detail {
template <>
struct Kind<optimizer_kind> {
  using Table = OptimizerTable;
  static constexpr uint64_t layout = layout_hash<PluginInfo, SchemaInfo, FieldInfo, Status, OptimizerTable, OptimizerSetup, OptimizerStep>();

  template <class T>
  static void update(const void* object, float* weight, const float* gradient, float* const* state, int64_t begin, int64_t end,
                     const OptimizerStep* at) noexcept {
    const T& optimizer = *static_cast<const T*>(object);
    // prepare(step), where there is one, gives the numbers that all weights share (bias corrections).
    const auto shared = [&] {
      if constexpr (requires { optimizer.prepare(*at); })
        return optimizer.prepare(*at);
      else
        return *at;
    }();
    const StructOfColumns<typename T::State> columns{
        Pointers<typename MemberTypes<typename T::State>::type>::from(reinterpret_cast<void* const*>(state))};
#pragma GCC ivdep
    for (int64_t i = begin; i < end; ++i) {
      typename T::State s = columns.load(i);
      if constexpr (requires { optimizer.step(weight[i], gradient[i], s, shared); })
        weight[i] += optimizer.step(weight[i], gradient[i], s, shared);
      else
        weight[i] += optimizer.step(gradient[i], s, shared);
      columns.store(i, s);
    }
  }

  template <class T>
  static OptimizerTable make_table() {
    return {&schema_of<typename T::State>(), sizeof(T), 0, &detail::make<T, OptimizerSetup>, &update<T>};
  }
};
}  // namespace detail
}  // namespace proxon
