// A connection rule: who connects to whom in a projection. The author writes
//
//   struct Parameters { ... };
//   static constexpr Documentation about{...};
//   static constexpr Axis axis = Axis::source;                    // asked once a source for its targets, or (Axis::target) the reverse
//   Rule(const Parameters&, const ConnectivitySetup&);
//   template <class Emit> void connect(int32_t entity, Random&, Emit&& emit) const;   // emit(partner), any order; repeats are multapses
//   int64_t count(int32_t entity) const;                                              // optional: how many connect() emits, if known
//   static int64_t scratch(const Parameters&, const ConnectivitySetup&);              // optional: numbers that the constructor fills
//
// connect() must do the same each time it is called for the same entity: it is called once to count (unless there is count()) and once
// to write, by any thread. Numbers without repetition come from choose() in sampling.hpp.
//
// A rule whose axis is Axis::listed has no connect(): its edges come from a file. The framework looks at its parameters `file` (text),
// `reader` (plugin of kind reader), and, where it has them, `first_source` and `first_target` (whole numbers: what the file calls the
// populations' neuron 0, where it has numbers) and `outside` ("error" or "skip": what to do with an edge to a neuron of no interest).
#pragma once
#include <algorithm>
#include <cmath>

#include "proxon/plugin/neuron.hpp"
#include "proxon/plugin/sampling.hpp"

namespace proxon {

enum class Axis : uint32_t { source, target, listed };

/// Where the neurons of the two populations are, um. No dimensions: at least one of them has no positions.
struct Space {
  const double *source, *target;       ///< [neurons][3]: x, y, z; those beyond the dimensions are 0
  int32_t dimensions;                  ///< 0 to 3
  double period_x, period_y, period_z; ///< length after which space repeats itself; 0: it does not

  /// From a source to a target, on the shortest way.
  double distance(int32_t i, int32_t j) const {
    const double *a = source + int64_t{3} * i, *b = target + int64_t{3} * j;
    auto squared = [](double difference, double period) {
      difference = std::fabs(difference);
      if (period > 0) difference = std::fmod(difference, period), difference = std::min(difference, period - difference);
      return difference * difference;
    };
    return std::sqrt(squared(a[0] - b[0], period_x) + squared(a[1] - b[1], period_y) + squared(a[2] - b[2], period_z));
  }
};

struct ConnectivitySetup {
  int32_t sources, targets;  ///< sizes of the two populations
  uint32_t same_population;  ///< 1 when source and target are one population: entity i and partner i are the same neuron
  Key key;                   ///< of the projection
  int64_t* scratch;          ///< as many numbers as scratch() asked for, shared by all calls of connect()
  Space space = {};          ///< positions of the two populations
};

struct ConnectivityTable {
  uint32_t size;
  Axis axis;
  int64_t (*scratch)(const void* parameters, const ConnectivitySetup*) noexcept;
  void (*make)(const void* parameters, const ConnectivitySetup*, void* object, Status*) noexcept;
  /// Writes the partners of `entity` (null: only counts them) and returns how many they are.
  int64_t (*connect)(const void* object, int32_t entity, const Key* key, int32_t* partners, Status*) noexcept;
};

struct connectivity_kind;

namespace detail {
template <>
struct Kind<connectivity_kind> {
  using Table = ConnectivityTable;
  static constexpr uint64_t layout = layout_hash<PluginInfo, SchemaInfo, FieldInfo, Status, ConnectivityTable, ConnectivitySetup, Space, Key>();

  template <class T>
  static int64_t scratch(const void* parameters, const ConnectivitySetup* setup) noexcept {
    if constexpr (requires(const typename T::Parameters p) { T::scratch(p, *setup); })
      return T::scratch(*static_cast<const typename T::Parameters*>(parameters), *setup);
    return 0;
  }

  template <class T>
  static int64_t connect(const void* object, int32_t entity, const Key* key, int32_t* partners, Status* status) noexcept {
    int64_t count = 0;
    if constexpr (T::axis != Axis::listed) {
      const T& rule = *static_cast<const T*>(object);
      guarded(status, [&] {
        if constexpr (requires { rule.count(entity); })
          if (!partners) return void(count = rule.count(entity));
        Random random(*key, static_cast<uint64_t>(entity));
        if (partners)
          rule.connect(entity, random, [&](int32_t partner) { partners[count++] = partner; });
        else
          rule.connect(entity, random, [&](int32_t) { ++count; });
      });
    }
    return count;
  }

  template <class T>
  static ConnectivityTable make_table() {
    return {sizeof(T), T::axis, &scratch<T>, &detail::make<T, ConnectivitySetup>, &connect<T>};
  }
};
}  // namespace detail
}  // namespace proxon
