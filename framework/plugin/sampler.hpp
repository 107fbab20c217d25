// A sampler: which point of a search space a sweep tries next. The author writes
//
//   struct Parameters { ... };
//   static constexpr Documentation about{...};
//   Sampler(const Parameters&, const SamplerSetup&);
//   void propose(int64_t trial, const SamplerHistory&, std::span<double> point) const;
//
// propose() fills one coordinate an axis, in the axis's own unit. It is a function of (key, trial, history) alone, so that a sweep that was
// stopped goes on as if it had not been, and workers that see the same history agree.
#pragma once
#include <span>

#include "proxon/plugin/neuron.hpp"

namespace proxon {

/// One dimension of the space: a range, or a number of choices.
struct SamplerAxis {
  const char* name;      ///< path of the parameter
  double low, high;      ///< a coordinate lies in [low, high]; of choices, it is a whole number from 0 to choices - 1
  int64_t choices;       ///< 0: a range
  uint32_t logarithmic;  ///< the range is searched by ratios; low is above 0
  uint32_t whole;        ///< only whole numbers of the range
};

struct SamplerSetup {
  Key key;
  const SamplerAxis* axis;  ///< [axes]
  int64_t axes;
  uint32_t maximise;  ///< large values are good; else small ones
  uint32_t reserved;
};

/// Trials that have ended, in the order of their numbers.
struct SamplerHistory {
  const int64_t* trial;  ///< [trials], ascending
  const double* point;   ///< [trials x axes], row-major
  const double* value;   ///< [trials]; NaN of a trial that failed
  int64_t trials;
};

struct SamplerTable {
  uint32_t size;
  uint32_t reserved;
  void (*make)(const void* parameters, const SamplerSetup*, void* object, Status*) noexcept;
  void (*propose)(const void* object, int64_t trial, const SamplerHistory*, double* point, int64_t axes, Status*) noexcept;
};

struct sampler_kind;

namespace detail {
template <>
struct Kind<sampler_kind> {
  using Table = SamplerTable;
  static constexpr uint64_t layout = layout_hash<PluginInfo, SchemaInfo, FieldInfo, Status, SamplerTable, SamplerSetup, SamplerAxis, SamplerHistory>();

  template <class T>
  static void propose(const void* object, int64_t trial, const SamplerHistory* history, double* point, int64_t axes, Status* status) noexcept {
    guarded(status, [&] { static_cast<const T*>(object)->propose(trial, *history, {point, static_cast<size_t>(axes)}); });
  }

  template <class T>
  static SamplerTable make_table() {
    return {sizeof(T), 0, &detail::make<T, SamplerSetup>, &propose<T>};
  }
};
}  // namespace detail
}  // namespace proxon
