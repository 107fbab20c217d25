// A stimulus: what drives neurons from outside the network. The author writes
//
//   struct Parameters { ... };
//   static constexpr Documentation about{...};
//   static constexpr Emits emits = Emits::spikes;     // or Emits::current
//   Model(const Parameters&, const StimulusSetup&);
//   double common(const Instant&) const;              // one value for all targets at this step; recorded as the stimulus's signal
//   float each(double common, Random&) const;         // optional: what one target gets, drawn for it alone
//   void fill(double common, const Instant&, int32_t begin, int32_t end, float* values) const;  // optional, in place of each(): what the
//                                                     // targets [begin, end) get, for generators that draw many at once (random_bulk.hpp)
//   static constexpr const char* signal_unit = "Hz";  // of common()
//
// What each() or fill() gives (without them: common()) times the stimulus's weight is added to the target's input port: a number of spikes
// for Emits::spikes, a current in pA for Emits::current. All three must be pure functions of the instant and the number of the target. A
// generator of spikes gives none in a step whose common() is 0: it is not asked.
//
// Recordings: a stimulus may declare `file` (text, file_name) and lists marked filled_from_file: `times` (ms, ascending), `neurons` (numbers in the
// target population) and, for currents, `values` (pA, a row a time, a column a neuron). Where the experiment names a file, the framework
// reads it (text, SONATA, NWB; `series`, `time_column`, `neuron_column`, `value_column` and `time_scale` say where and how) and fills the lists. Where
// it names several, `files` (list of texts, file_name), each is a trial, and they follow each other at multiples of `trial` (ms).
//
// Samples: a stimulus that declares `static constexpr bool shows_samples = true` gets labelled samples out of files in its setup, where the experiment
// has tables [stimuli.NAME.samples.PHASE]: values, one a neuron of the target population, and the order in which they are to be shown. The number of
// the label, from 1, while something is shown, and 0 else is what its common() should be: a dataset's what = "class" reads it so.
//
// Time: what is given for the step t -> t + dt is input of that step: a current flows during it, spikes arrive at its end, t + dt.
#pragma once
#include "proxon/plugin/neuron.hpp"

namespace proxon {

enum class Emits : uint32_t { spikes, current };

/// Labelled samples, and the order in which they are shown.
struct ShownSamples {
  const float* values;   ///< [samples x columns], a column a neuron of the target population
  const int32_t* label;  ///< [samples], from 0
  const int64_t* order;  ///< [presentations]: the number of the sample that each shows
  int64_t samples, columns, presentations;
};

struct StimulusSetup {
  double dt;                              ///< ms
  Key key;                                ///< of this stimulus alone; draws that all targets share use entity 0
  const ShownSamples* samples = nullptr;  ///< held as long as the stimulus; null: none were named
};

/// A step of the simulation: the input that it adds is used in the step that ends at `time`.
struct Instant {
  int64_t step;
  double time;  ///< ms, begin of the step
  Key key;      ///< of this stimulus; the targets' own draws use entity 1 + number of the neuron
};

struct StimulusTable {
  uint32_t size;
  Emits emits;
  uint32_t shows_samples;  ///< 1: takes samples, and cannot do without
  uint32_t reserved;
  const char* signal_unit;
  void (*make)(const void* parameters, const StimulusSetup* setup, void* object, Status*) noexcept;
  double (*common)(const void* object, const Instant*, Status*) noexcept;
  /// Adds to plane[i] for the targets i in [begin, end) (numbers within the population).
  void (*apply)(const void* object, const Instant*, double common, float weight, int32_t begin, int32_t end, float* plane, Status*) noexcept;
};

struct stimulus_kind;

namespace detail {
template <>
struct Kind<stimulus_kind> {
  using Table = StimulusTable;
  static constexpr uint64_t layout =
      layout_hash<PluginInfo, SchemaInfo, FieldInfo, Status, StimulusTable, StimulusSetup, ShownSamples, Instant, Key>();

  template <class T>
  static double common(const void* object, const Instant* at, Status* status) noexcept {
    double value = 0;
    guarded(status, [&] { value = static_cast<const T*>(object)->common(*at); });
    return value;
  }

  template <class T>
  static void apply(const void* object, const Instant* at, double common, float weight, int32_t begin, int32_t end, float* plane,
                    Status* status) noexcept {
    const T& model = *static_cast<const T*>(object);
    constexpr bool fills = requires(float* values) { model.fill(common, *at, begin, end, values); };
    constexpr bool draws = requires(Random r) { model.each(common, r); };
    if (common == 0 && (T::emits == Emits::spikes || !(fills || draws))) return;
    guarded(status, [&] {
      if constexpr (fills) {
        alignas(64) float values[256];
        for (int32_t first = begin; first < end; first += 256) {
          const int32_t n = std::min(256, end - first);
          model.fill(common, *at, first, first + n, values);
          for (int32_t i = 0; i < n; ++i) plane[first + i] += weight * values[i];
        }
      } else if constexpr (draws) {
        for (int32_t i = begin; i < end; ++i) {
          Random random(at->key, static_cast<uint64_t>(i) + 1, static_cast<uint64_t>(at->step));
          plane[i] += weight * model.each(common, random);
        }
      } else {
        const float value = weight * static_cast<float>(common);
        for (int32_t i = begin; i < end; ++i) plane[i] += value;
      }
    });
  }

  template <class T>
  static StimulusTable make_table() {
    return {sizeof(T), T::emits, requires { T::shows_samples; }, 0, T::signal_unit, &detail::make<T, StimulusSetup>, &common<T>, &apply<T>};
  }
};
}  // namespace detail
}  // namespace proxon
