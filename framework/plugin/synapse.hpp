// A synapse model: what arrives at the target when a spike (or the activity of a rate neuron) goes through a synapse. The author writes
//
//   struct Parameters { ... };
//   static constexpr Documentation about{...};
//   Model(const Parameters&, const Step&);
//   float transmit(float w) const;     // what is added to the target's input, in the unit of the weight
//
// and the framework's loop over the row of a source is instantiated around it. Models with a state of their own (short-term
// plasticity) come with the next version of this interface.
#pragma once
#include "proxon/plugin/neuron.hpp"

namespace proxon {

struct SynapseTable {
  uint32_t size;
  uint32_t reserved;
  void (*make)(const void* parameters, const Step* step, void* object, Status*) noexcept;
  /// For each k in [0, n): adds factor * transmit(weight[k]) to plane[target[k]]. `positive` and `negative` are the planes for weights
  /// of either sign; they are the same plane where the neuron has one port for both. `factor` is 1 for a spike, else the activity.
  void (*deliver)(const void* object, const int32_t* target, const float* weight, int64_t n, float factor, float* positive,
                  float* negative) noexcept;
};

struct synapse_kind;

namespace detail {
template <>
struct Kind<synapse_kind> {
  using Table = SynapseTable;
  static constexpr uint64_t layout = layout_hash<PluginInfo, SchemaInfo, FieldInfo, Status, SynapseTable, Step>();

  template <class T>
  static void deliver(const void* object, const int32_t* target, const float* weight, int64_t n, float factor, float* positive,
                      float* negative) noexcept {
    const T model = *static_cast<const T*>(object);
    // Targets within a row are ascending and may repeat: the adds keep their order.
    if (positive == negative) {
      float* __restrict plane = positive;
#pragma GCC unroll 8
      for (int64_t k = 0; k < n; ++k) plane[target[k]] += factor * model.transmit(weight[k]);
      return;
    }
#pragma GCC unroll 4
    for (int64_t k = 0; k < n; ++k) {
      const float psc = factor * model.transmit(weight[k]);
      (psc < 0 ? negative : positive)[target[k]] += psc;
    }
  }

  template <class T>
  static SynapseTable make_table() {
    return {sizeof(T), 0, &detail::make<T, Step>, &deliver<T>};
  }
};
}  // namespace detail
}  // namespace proxon
