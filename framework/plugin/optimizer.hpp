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
#include <algorithm>
#include <cstring>
#include <type_traits>

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
  static constexpr int64_t most_lanes = 16;
  /// update() of up to most_lanes optimizers at once, each with `count` weights and a step of its own. Weight i of optimizer l, its gradient and
  /// its state are at [i * lanes + l]. The bits are those of update().
  void (*update_lanes)(const void* const* objects, const OptimizerStep* steps, int64_t lanes, float* weight, const float* gradient,
                       float* const* state, int64_t count) noexcept;
};

struct optimizer_kind;

namespace detail {
template <>
struct Kind<optimizer_kind> {
  using Table = OptimizerTable;
  static constexpr uint64_t layout = layout_hash<PluginInfo, SchemaInfo, FieldInfo, Status, OptimizerTable, OptimizerSetup, OptimizerStep>();

  template <class T>
  static auto columns_of(float* const* state) {
    return StructOfColumns<typename T::State>{Pointers<typename MemberTypes<typename T::State>::type>::from(reinterpret_cast<void* const*>(state))};
  }

  // prepare(step), where there is one, gives the numbers that all weights share (bias corrections).
  template <class T>
  static auto shared(const T& optimizer, const OptimizerStep& at) {
    if constexpr (requires { optimizer.prepare(at); })
      return optimizer.prepare(at);
    else
      return at;
  }

  template <class T, class Columns, class Shared>
  [[gnu::always_inline]] static void move(const T& optimizer, float* weight, const float* gradient, const Columns& columns, int64_t i, const Shared& shared) {
    typename T::State s = columns.load(i);
    if constexpr (requires { optimizer.step(weight[i], gradient[i], s, shared); })
      weight[i] += optimizer.step(weight[i], gradient[i], s, shared);
    else
      weight[i] += optimizer.step(gradient[i], s, shared);
    columns.store(i, s);
  }

  template <class T>
  static void update(const void* object, float* weight, const float* gradient, float* const* state, int64_t begin, int64_t end,
                     const OptimizerStep* at) noexcept {
    const T& optimizer = *static_cast<const T*>(object);
    const auto common = shared(optimizer, *at);
    const auto columns = columns_of<T>(state);
#pragma GCC ivdep
    for (int64_t i = begin; i < end; ++i) move(optimizer, weight, gradient, columns, i, common);
  }

  template <class T>
  static void update_lanes(const void* const* objects, const OptimizerStep* steps, int64_t lanes, float* weight, const float* gradient,
                           float* const* state, int64_t count) noexcept {
    const auto columns = columns_of<T>(state);
    const auto optimizer = [&](int64_t l) -> const T& { return *static_cast<const T*>(objects[l]); };
    // Alike are optimizers that differ in their learning rates alone.
    constexpr int64_t most = OptimizerTable::most_lanes;
    decltype(shared(optimizer(0), *steps)) own[most];
    bool alike = lanes == most || lanes == most / 2;
    for (int64_t l = 0; l < lanes; ++l) {
      own[l] = shared(optimizer(l), steps[l]);
      alike &= std::memcmp(objects[l], objects[0], sizeof(T)) == 0;
    }
    const auto run = [&]<int64_t n>(std::integral_constant<int64_t, n>) {
      const T& common = optimizer(0);
      for (int64_t i = 0; i < count * n; i += n) {
#pragma GCC ivdep
        for (int64_t l = 0; l < n; ++l) move(common, weight, gradient, columns, i + l, own[l]);
      }
    };
    if (alike && lanes == most)
      run(std::integral_constant<int64_t, most>{});
    else if (alike)
      run(std::integral_constant<int64_t, most / 2>{});
    else
      for (int64_t i = 0; i < count * lanes; i += lanes)
        for (int64_t l = 0; l < lanes; ++l) move(optimizer(l), weight, gradient, columns, i + l, own[l]);
  }

  template <class T>
  static OptimizerTable make_table() {
    return {&schema_of<typename T::State>(), sizeof(T), 0, &detail::make<T, OptimizerSetup>, &update<T>, &update_lanes<T>};
  }
};
}  // namespace detail
}  // namespace proxon
