// A synapse model: what arrives at the target when a spike (or the activity of a rate neuron) goes through a synapse. The author writes
//
//   struct Parameters { ... };
//   static constexpr Documentation about{...};
//   Model(const Parameters&, const Step&);
//   float transmit(float w) const;                  // what is added to the target's input, in the unit of the weight; or
//   float transmit(float w, Random&) const;         // ... with random numbers that belong to this synapse and this step
//
// Short-term plasticity depends on nothing but the spikes of the source, so its state is kept once a source, not once a synapse:
//   struct Source { float u = 0.5f; ...; fields() };
//   float spike(Source&, float elapsed) const;      // a spike arrives, `elapsed` ms after the one before (infinity: the first); returns
//                                                   // the factor on what all synapses of this source transmit
// A coupling has no spikes: it carries the difference of a state variable that both neurons have, every step, as a current:
//   static constexpr const char* couples = "V_m";
//   float current(float w, float source, float target) const;   // added to the target's current port
//
// The framework's loop over the row of a source is instantiated around these.
#pragma once
#include "proxon/plugin/arrivals.hpp"
#include "proxon/plugin/neuron.hpp"

namespace proxon {

/// Which row of synapses the loop is at, for those that draw random numbers.
struct RowContext {
  Key key;
  int64_t step;
  int64_t first;  ///< number of the row's first synapse: with it the entity of its draws
};

constexpr uint8_t gap_beyond = 255;

struct SynapseTable {
  const SchemaInfo* source;  ///< state of a source; no fields: none. Floats.
  const char* couples;       ///< state variable that a coupling reads; null: carries spikes or activity
  uint32_t size;
  uint32_t random;  ///< 1: transmit() draws
  void (*make)(const void* parameters, const Step* step, void* object, Status*) noexcept;
  /// For each k in [0, n): adds factor * transmit(weight[k]) to plane[target[k]]. `positive` and `negative` are the planes for weights
  /// of either sign; they are the same plane where the neuron has one port for both. `factor` is 1 for a spike, else the activity.
  void (*deliver)(const void* object, const int32_t* target, const float* weight, int64_t n, float factor, float* positive,
                  float* negative, const RowContext*) noexcept;
  /// The same where all n synapses have one weight.
  void (*deliver_common)(const void* object, const int32_t* target, float weight, int64_t n, float factor, float* positive,
                         float* negative, const RowContext*) noexcept;
  /// The same with targets as gaps, a quarter of the memory: gap[k] is how far target k lies behind the one before it (the first: behind
  /// where the planes begin); `gap_beyond` stands for no synapse, but that many neurons to pass. n gaps in all.
  void (*deliver_gaps)(const void* object, const uint8_t* gap, float weight, int64_t n, float factor, float* positive, float* negative,
                       const RowContext*) noexcept;
  /// The same with a delay a synapse: writes each down in the list further[code[k]] of the lists for weights of either sign.
  void (*deliver_ahead)(const void* object, const int32_t* target, const float* weight, const uint8_t* code, const int32_t* further, int64_t n,
                        float factor, ArrivalList* positive, ArrivalList* negative, ArrivalStock*, const RowContext*) noexcept;
  float (*spike)(const void* object, float* const* source, int32_t number, float elapsed) noexcept;
  /// For each k: adds current(weight[k], x, y[target[k]]) to plane[target[k]].
  void (*couple)(const void* object, const int32_t* target, const float* weight, int64_t n, float x, const float* y, float* plane) noexcept;
};

struct synapse_kind;

namespace detail {

template <class T>
struct SourceOf {
  using type = NoParameters;
};
template <class T>
  requires requires { typename T::Source; }
struct SourceOf<T> {
  using type = typename T::Source;
};

template <>
struct Kind<synapse_kind> {
  using Table = SynapseTable;
  static constexpr uint64_t layout = layout_hash<PluginInfo, SchemaInfo, FieldInfo, Status, SynapseTable, ArrivalList, ArrivalStock, Arrival, Step, RowContext, Key>();

  template <class T>
  static constexpr bool is_random = requires(const T m, Random r) { m.transmit(1.f, r); };
  template <class T>
  static constexpr bool is_coupling = requires(const T m) { m.current(1.f, 1.f, 1.f); };

  template <class T>
  [[gnu::always_inline]] static float transmitted(const T& model, float w, [[maybe_unused]] const RowContext* row, [[maybe_unused]] int64_t k) {
    if constexpr (is_random<T>) {
      Random random(row->key, static_cast<uint64_t>(row->first + k), static_cast<uint64_t>(row->step));
      return model.transmit(w, random);
    } else {
      return model.transmit(w);
    }
  }

  template <class T>
  static void deliver(const void* object, const int32_t* target, const float* weight, int64_t n, float factor, float* positive,
                      float* negative, const RowContext* row) noexcept {
    if constexpr (!is_coupling<T>) {
      const T model = *static_cast<const T*>(object);
      // Targets within a row are ascending and may repeat: the adds keep their order.
      if (positive == negative) {
        float* __restrict plane = positive;
#pragma GCC unroll 8
        for (int64_t k = 0; k < n; ++k) plane[target[k]] += factor * transmitted(model, weight[k], row, k);
        return;
      }
#pragma GCC unroll 4
      for (int64_t k = 0; k < n; ++k) {
        const float psc = factor * transmitted(model, weight[k], row, k);
        (psc < 0 ? negative : positive)[target[k]] += psc;
      }
    }
  }

  template <class T>
  static void deliver_common(const void* object, const int32_t* target, float weight, int64_t n, float factor, float* positive,
                             float* negative, const RowContext* row) noexcept {
    if constexpr (!is_coupling<T>) {
      const T model = *static_cast<const T*>(object);
      if constexpr (is_random<T>) {
        for (int64_t k = 0; k < n; ++k) {
          const float psc = factor * transmitted(model, weight, row, k);
          (psc < 0 ? negative : positive)[target[k]] += psc;
        }
      } else {
        const float psc = factor * model.transmit(weight);
        float* __restrict plane = psc < 0 ? negative : positive;
#pragma GCC unroll 8
        for (int64_t k = 0; k < n; ++k) plane[target[k]] += psc;
      }
    }
  }

  template <class T>
  static void deliver_gaps(const void* object, const uint8_t* gap, float weight, int64_t n, float factor, float* positive, float* negative,
                           const RowContext* row) noexcept {
    if constexpr (!is_coupling<T>) {
      const T model = *static_cast<const T*>(object);
      if constexpr (is_random<T>) {
        int64_t target = 0, synapse = 0;
        for (int64_t k = 0; k < n; ++k) {
          target += gap[k];
          if (gap[k] == gap_beyond) continue;
          const float psc = factor * transmitted(model, weight, row, synapse++);
          (psc < 0 ? negative : positive)[target] += psc;
        }
      } else {
        const float psc = factor * model.transmit(weight);
        float* __restrict plane = psc < 0 ? negative : positive;
#pragma GCC unroll 8
        for (int64_t k = 0; k < n; ++k) {
          plane += gap[k];
          if (gap[k] == gap_beyond) [[unlikely]] continue;
          *plane += psc;
        }
      }
    }
  }

  template <class T>
  static void deliver_ahead(const void* object, const int32_t* target, const float* weight, const uint8_t* code, const int32_t* further,
                            int64_t n, float factor, ArrivalList* positive, ArrivalList* negative, ArrivalStock* stock, const RowContext* row) noexcept {
    if constexpr (!is_coupling<T>) {
      const T model = *static_cast<const T*>(object);
#pragma GCC unroll 4
      for (int64_t k = 0; k < n; ++k) {
        const float psc = factor * transmitted(model, weight[k], row, k);
        (psc < 0 ? negative : positive)[further[code[k]]].add(target[k], psc, *stock);
      }
    }
  }

  template <class T>
  static float spike(const void* object, float* const* source, int32_t number, float elapsed) noexcept {
    if constexpr (requires(const T m, typename SourceOf<T>::type s) { m.spike(s, 1.f); }) {
      const StructOfColumns<typename SourceOf<T>::type> sources{
          Pointers<typename MemberTypes<typename SourceOf<T>::type>::type>::from(reinterpret_cast<void* const*>(source))};
      auto s = sources.load(number);
      const float factor = static_cast<const T*>(object)->spike(s, elapsed);
      sources.store(number, s);
      return factor;
    }
    return 1;
  }

  template <class T>
  static void couple(const void* object, const int32_t* target, const float* weight, int64_t n, float x, const float* y,
                     float* plane) noexcept {
    if constexpr (is_coupling<T>) {
      const T model = *static_cast<const T*>(object);
      for (int64_t k = 0; k < n; ++k) plane[target[k]] += model.current(weight[k], x, y[target[k]]);
    }
  }

  template <class T>
  static SynapseTable make_table() {
    static_assert(is_coupling<T> == requires { T::couples; }, "current() and couples belong together");
    const char* couples = nullptr;
    if constexpr (is_coupling<T>) couples = T::couples;
    return {&schema_of<typename SourceOf<T>::type>(), couples,     sizeof(T), is_random<T>, &detail::make<T, Step>, &deliver<T>,
            &deliver_common<T>, &deliver_gaps<T>, &deliver_ahead<T>, &spike<T>, &couple<T>};
  }
};
}  // namespace detail
}  // namespace proxon
