// A sampler: which point of a search space a sweep tries next. The author writes
//
//   struct Parameters { ... };
//   static constexpr Documentation about{...};
//   Sampler(const Parameters&, const SamplerSetup&);
//   bool propose(int64_t trial, const SamplerHistory&, std::span<double> point) const;   // false: not before the trials that run have ended
//   int64_t points() const;                                                              // optional: how many there are; without it, no end
//   static constexpr bool looks_back = true;   // optional: learns from what has ended, so that no more are given out ahead than can run
//
// propose() fills one coordinate an axis, in the axis's own unit (a void one always has a point). It is a function of (key, trial, history)
// alone, so that a sweep that was stopped goes on as if it had not been. What it throws stops the sweep with its sentence.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "proxon/plugin/neuron.hpp"

namespace proxon {

/// One dimension of the space: a range, or a number of choices.
struct SamplerAxis {
  const char* name;
  double low, high;      ///< a coordinate lies in [low, high]; of choices, it is a whole number from 0 to choices - 1
  int64_t choices;       ///< 0: a range
  int64_t points;        ///< of a range: how many a grid has of it, both ends among them; 0: not said
  uint32_t logarithmic;  ///< the range is searched by ratios; low is above 0
  uint32_t whole;        ///< only whole numbers of the range
  uint32_t fidelity;     ///< how much work a trial is (epochs, simulated time): the upper end is what is wanted, less is cheaper
  uint32_t reserved;
};

struct SamplerSetup {
  Key key;
  const SamplerAxis* axis;  ///< [axes]
  int64_t axes;
  const uint32_t* maximise;  ///< [objectives] 1: large values are good; 0: small ones
  int64_t objectives;
  int64_t trials;  ///< how many are wanted; 0: not said
};

enum SamplerState : uint32_t { sampler_done, sampler_failed, sampler_running };

/// Trials that were proposed, in the order of their numbers.
struct SamplerHistory {
  const int64_t* trial;   ///< [trials], ascending
  const double* point;    ///< [trials x axes], row-major; NaN where an axis was not active
  const double* value;    ///< [trials x objectives], row-major; NaN unless the trial is done
  const uint32_t* state;  ///< [trials] SamplerState
  int64_t trials;
};

/// The coordinate that lies at the share u in [0, 1) of an axis, in the axis's own measure: every choice, every whole number, every ratio alike.
inline double at_share(const SamplerAxis& axis, double u) {
  if (axis.choices > 0) return std::min(std::floor(u * static_cast<double>(axis.choices)), static_cast<double>(axis.choices - 1));
  const double widen = axis.whole ? 0.5 : 0, low = axis.low - widen, high = axis.high + widen;
  double x = axis.logarithmic ? low * std::pow(high / low, u) : low + u * (high - low);
  if (axis.whole) x = std::round(x);
  return std::clamp(x, axis.low, axis.high);
}

/// The share of an axis at which a coordinate lies: the inverse, the middle of the stretch that belongs to it.
inline double share_of(const SamplerAxis& axis, double x) {
  if (axis.choices > 0) return (x + 0.5) / static_cast<double>(axis.choices);
  const double widen = axis.whole ? 0.5 : 0, low = axis.low - widen, high = axis.high + widen;
  if (!(high > low)) return 0.5;
  return axis.logarithmic ? std::log(x / low) / std::log(high / low) : (x - low) / (high - low);
}

struct SamplerTable {
  uint32_t size;
  uint32_t looks_back;
  void (*make)(const void* parameters, const SamplerSetup*, void* object, Status*) noexcept;
  bool (*propose)(const void* object, int64_t trial, const SamplerHistory*, double* point, int64_t axes, Status*) noexcept;
  int64_t (*points)(const void* object) noexcept;
};

struct sampler_kind;

namespace detail {
template <>
struct Kind<sampler_kind> {
  using Table = SamplerTable;
  static constexpr uint64_t layout = layout_hash<PluginInfo, SchemaInfo, FieldInfo, Status, SamplerTable, SamplerSetup, SamplerAxis, SamplerHistory>();

  template <class T>
  static bool propose(const void* object, int64_t trial, const SamplerHistory* history, double* point, int64_t axes, Status* status) noexcept {
    bool has = true;
    guarded(status, [&] {
      const std::span<double> all(point, static_cast<size_t>(axes));
      if constexpr (std::is_void_v<decltype(static_cast<const T*>(object)->propose(trial, *history, all))>)
        static_cast<const T*>(object)->propose(trial, *history, all);
      else
        has = static_cast<const T*>(object)->propose(trial, *history, all);
    });
    return has;
  }

  template <class T>
  static int64_t points(const void* object) noexcept {
    if constexpr (requires(const T& sampler) { sampler.points(); }) return static_cast<const T*>(object)->points();
    else return std::numeric_limits<int64_t>::max();
  }

  template <class T>
  static SamplerTable make_table() {
    uint32_t looks_back = 0;
    if constexpr (requires { T::looks_back; }) looks_back = T::looks_back;
    return {sizeof(T), looks_back, &detail::make<T, SamplerSetup>, &propose<T>, &points<T>};
  }
};
}  // namespace detail
}  // namespace proxon
