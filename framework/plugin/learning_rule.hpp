// A learning rule: what happens to a synapse. The author writes a struct that holds the rule's constants and whichever hooks the rule has;
// a hook that is absent costs nothing.
//
//   struct Parameters { ... };
//   static constexpr Documentation about{...};
//   Rule(const Parameters&, const Step&);
//
// What the two neurons remember for the rule, both optional, all floats:
//   struct Pre  { float x; fields() };  struct Post { float y; fields() };
//   Pre tau_pre;  Post tau_post;                  // members: time constants in ms of what decays by itself, exactly; infinity: does not
//                                                 // (so too without the member, in rules that have update() or post_step())
// Local rules, on spikes (all times are those at the synapse: a spike counts as pre when it arrives, the delay being axonal):
//   void pre_fired(Pre&) const;  void post_fired(Post&) const;                // default: every member += 1
//   void on_pre(Synapse&, const Pre&, const Post&) const;                     // a spike arrives
//   void on_post(Synapse&, const Pre&, const Post&) const;                    // the target fires
//   void elapsed(Synapse&, const Pre&, const Post&, const Moment&) const;     // every learning_interval, for every synapse: eligibility, drift
//   struct Target { float V_m; fields() };                                    // state variables of the target neuron, by their names
//   bool post_step(Post&, const Target&, const Moment&) const;                // every step, before the spikes of the step are counted; true:
//   void while_active(Synapse&, const Pre&, const Post&, const Moment&) const;  // ... is called for all synapses of that target
// Local rules, on activity (rate neurons, and the layers of an approximator):
//   void update(Synapse&, float x, float y, const Moment&) const;             // x and y of this step; or, with the neurons' memory,
//   void update(Synapse&, float x, float y, const Pre&, const Post&, const Moment&) const;
//   void pre_active(Pre&, float x, const Moment&) const;                      // after all synapses: the neurons' memory takes in x and y
//   void post_active(Post&, float y, const Moment&) const;
//   struct Row { float sum = 0; };                                            // what is handed on along the targets of one source, in order:
//   void update(Synapse&, float x, float y, Row&, const Moment&) const;       // begins as Row{} for each source
// A gradient rule sees the whole approximator instead:
//   void gradient(const GradientPass&) const;
//   static constexpr bool looks_at_input = true;                              // optional: it needs the input's rows (GradientPass::input)
//   static constexpr bool sets_weights = true;                                // optional: what it leaves in GradientPass::gradient are the new
//                                                                             // weights themselves, and no optimizer is asked
//
// Moment has the time since the hook was called last and a signal (reward, dopamine): the mean over that time of a trace that each spike of
// the projection's `modulator` population raises by 1 / tau_signal, and that decays with the rule's member `float tau_signal` (ms).
//
// Synapse is { float w; } unless the author declares `struct Synapse { float w; float eligibility; ...; fields() }`: first the weight, then
// the rule's own columns. on_pre and on_post see the traces as they were just before this step's spikes, so that a pair that coincides
// exactly changes nothing.
#pragma once
#include <cmath>
#include <concepts>

#include "proxon/plugin/approximator.hpp"

namespace proxon {

/// What a rule is told beside the two neurons.
struct Moment {
  float dt;      ///< ms since the last time; 1 in the layers of an approximator
  float signal;  ///< reward or error broadcast to all synapses, its mean over that time; 0 when there is none
};

/// The synapse of a rule that keeps nothing but the weight.
struct PlainSynapse {
  float w;
  static constexpr auto fields() { return std::tuple{field<&PlainSynapse::w>("1", "synaptic weight")}; }
};

/// What the framework lends to a gradient rule for one batch. Weights are flat, in the approximator's order.
struct GradientPass {
  void* host;
  const float* weight;
  float* gradient;  ///< the rule leaves d loss / d weight here, or what it puts in its place
  float* memory;    ///< as long as `weight`, zero before the first step, kept between steps
  float* direct;    ///< [hidden_units x outputs], likewise: room for an ErrorPath's direct weights
  int64_t size, hidden_units, inputs, outputs;
  int64_t step;  ///< 0, 1, ...
  Key key;
  /// Runs the approximator over the batch and returns the mean loss.
  double (*forward)(void* host);
  /// Writes d loss / d weight of the last forward() to `gradient`; once a forward(). The error goes back along `path` (null: backprop).
  void (*backward)(void* host, const ErrorPath* path);
  // For rules that find the gradient in their own way: what the layers are, and the batch.
  const LayerInfo* layers;
  int64_t layer_count;
  const Services* services;
  const float* input;   ///< [rows x inputs]; null where it comes as events
  const float* target;  ///< [rows x outputs]
  const float* output_gradient;  ///< d mean loss / d output before its activation, [rows x outputs], after forward()
  int64_t rows;                  ///< samples times their steps
  /// The mean loss if the outputs before their activation were z [rows x outputs], and d mean loss / dz there, 0 in rows that do not count.
  double (*loss_at)(void* host, const float* z, float* slope);
  /// Memory of that many floats for this step; what it holds at first means nothing, and what a rule must remember goes to `memory`.
  float* (*scratch)(void* host, int64_t floats);
};

enum LearningHook : uint32_t {
  hook_on_pre = 1,
  hook_on_post = 2,
  hook_update = 4,
  hook_gradient = 8,
  hook_elapsed = 16,
  hook_post_step = 32,
  hook_input = 128,      ///< gradient() looks at the rows of the input, so that they may not come as events
  hook_sets_weights = 256,  ///< gradient() gives new weights
  hook_whole_rows = 64,  ///< update() hands something on along a row: it must be called with whole rows
  hooks_on_spikes = hook_on_pre | hook_on_post | hook_elapsed | hook_post_step,
};

struct LearningRuleTable {
  const SchemaInfo* pre;      ///< traces of the source; no fields: none
  const SchemaInfo* post;     ///< traces of the target
  const SchemaInfo* synapse;  ///< columns of floats, the weight first
  const SchemaInfo* target;   ///< state variables of the target that post_step() reads; no fields: none
  uint32_t size;
  uint32_t hooks;  ///< bits of LearningHook
  void (*make)(const void* parameters, const Step* step, void* object, Status*) noexcept;
  /// Writes the time constants (ms) of the neurons' memories, and of the signal.
  void (*time_constants)(const void* object, float* pre, float* post, float* signal) noexcept;
  void (*pre_fired)(const void* object, float* const* pre, const int32_t* neurons, int64_t n) noexcept;
  void (*post_fired)(const void* object, float* const* post, const int32_t* neurons, int64_t n) noexcept;
  /// One source, its row of n synapses: synapse columns and targets begin at the row; pre and post are columns over neurons.
  void (*on_pre)(const void* object, float* const* synapse, const int32_t* target, int64_t n, float* const* pre, int32_t source,
                 float* const* post) noexcept;
  /// One target, its n incoming synapses: numbers into the synapse columns, and their sources.
  void (*on_post)(const void* object, float* const* synapse, const uint32_t* number, const int32_t* source, int64_t n, float* const* pre,
                  float* const* post, int32_t target) noexcept;
  /// One source, its row of n synapses, as on_pre.
  void (*elapsed)(const void* object, float* const* synapse, const int32_t* target, int64_t n, float* const* pre, int32_t source,
                  float* const* post, const Moment* moment) noexcept;
  /// The targets [begin, end), whose own state is in the columns `target` (as floats, the first row that of `begin`). Writes the numbers of
  /// those whose synapses are to be told, and returns how many.
  int64_t (*post_step)(const void* object, float* const* post, float* const* target, int32_t begin, int32_t end, int32_t* active,
                       const Moment* moment) noexcept;
  /// One target, its n incoming synapses, as on_post.
  void (*while_active)(const void* object, float* const* synapse, const uint32_t* number, const int32_t* source, int64_t n, float* const* pre,
                       float* const* post, int32_t target, const Moment* moment) noexcept;
  /// One source of activity `x`, its row of n synapses; `target` null: the targets are 0 .. n-1. `y` is the column of the targets' activity.
  void (*update)(const void* object, float* const* synapse, const int32_t* target, int64_t n, float x, const float* y, float* const* pre,
                 int32_t source, float* const* post, const Moment* moment) noexcept;
  /// Neurons [begin, end) of activity `x`, `y`; columns over all neurons.
  void (*pre_active)(const void* object, float* const* pre, const float* x, int32_t begin, int32_t end, const Moment* moment) noexcept;
  void (*post_active)(const void* object, float* const* post, const float* y, int32_t begin, int32_t end, const Moment* moment) noexcept;
  void (*gradient)(const void* object, const GradientPass* pass, Status*) noexcept;
};

struct learning_rule_kind;

namespace detail {

template <class T>
struct PreOf {
  using type = NoParameters;
};
template <class T>
  requires requires { typename T::Pre; }
struct PreOf<T> {
  using type = typename T::Pre;
};
template <class T>
struct PostOf {
  using type = NoParameters;
};
template <class T>
  requires requires { typename T::Post; }
struct PostOf<T> {
  using type = typename T::Post;
};
template <class T>
struct SynapseOf {
  using type = PlainSynapse;
};
template <class T>
  requires requires { typename T::Synapse; }
struct SynapseOf<T> {
  using type = typename T::Synapse;
};

template <class T>
struct TargetOf {
  using type = NoParameters;
};
template <class T>
  requires requires { typename T::Target; }
struct TargetOf<T> {
  using type = typename T::Target;
};
struct NoRow {};
template <class T>
struct RowOf {
  using type = NoRow;
};
template <class T>
  requires requires { typename T::Row; }
struct RowOf<T> {
  using type = typename T::Row;
};

template <class S>
StructOfColumns<S> float_columns(float* const* columns) {
  return {Pointers<typename MemberTypes<S>::type>::from(reinterpret_cast<void* const*>(columns))};
}

template <>
struct Kind<learning_rule_kind> {
  using Table = LearningRuleTable;
  static constexpr uint64_t layout =
      layout_hash<PluginInfo, SchemaInfo, FieldInfo, Status, LearningRuleTable, GradientPass, ErrorPath, LayerInfo, Services, Moment, Step, Key>();

  template <class T>
  using S = typename SynapseOf<T>::type;
  template <class T>
  using X = typename PreOf<T>::type;
  template <class T>
  using Y = typename PostOf<T>::type;

  template <class T>
  static constexpr bool has_on_pre = requires(const T r, S<T> s, X<T> x, Y<T> y) { r.on_pre(s, x, y); };
  template <class T>
  static constexpr bool has_on_post = requires(const T r, S<T> s, X<T> x, Y<T> y) { r.on_post(s, x, y); };
  template <class T>
  static constexpr bool has_elapsed = requires(const T r, S<T> s, X<T> x, Y<T> y, Moment m) { r.elapsed(s, x, y, m); };
  template <class T>
  static constexpr bool has_post_step = requires(const T r, Y<T> y, typename TargetOf<T>::type t, Moment m) {
    { r.post_step(y, t, m) } -> std::same_as<bool>;
  };
  template <class T>
  static constexpr bool has_while_active = requires(const T r, S<T> s, X<T> x, Y<T> y, Moment m) { r.while_active(s, x, y, m); };
  template <class T>
  static constexpr bool has_plain_update = requires(const T r, S<T> s, Moment m) { r.update(s, 0.f, 0.f, m); };
  template <class T>
  static constexpr bool has_row_update = requires(const T r, S<T> s, typename RowOf<T>::type row, Moment m) { r.update(s, 0.f, 0.f, row, m); };
  template <class T>
  static constexpr bool has_remembering_update = requires(const T r, S<T> s, X<T> x, Y<T> y, Moment m) { r.update(s, 0.f, 0.f, x, y, m); };
  template <class T>
  static constexpr bool has_update = has_plain_update<T> || has_row_update<T> || has_remembering_update<T>;
  template <class T>
  static constexpr bool has_gradient = requires(const T r, GradientPass p) { r.gradient(p); };

  template <class T>
  static void time_constants(const void* object, float* pre, float* post, float* signal) noexcept {
    [[maybe_unused]] const T& rule = *static_cast<const T*>(object);
    auto write = [](auto taus, float* to) { std::apply([&](auto... tau) { ((*to++ = tau), ...); }, members(taus)); };
    // Memories that the rule itself brings up to date need no time constant; of others it must not be forgotten.
    auto fill = [](auto none, float* to, float value) {
      std::apply([&](auto... each) { ((static_cast<void>(each), *to++ = value), ...); }, members(none));
    };
    if constexpr (requires { rule.tau_pre; })
      write(rule.tau_pre, pre);
    else
      fill(X<T>{}, pre, has_update<T> ? INFINITY : 0.f);
    if constexpr (requires { rule.tau_post; })
      write(rule.tau_post, post);
    else
      fill(Y<T>{}, post, has_update<T> || has_post_step<T> ? INFINITY : 0.f);
    *signal = INFINITY;
    if constexpr (requires { rule.tau_signal; }) *signal = rule.tau_signal;
  }

  template <class S, class Fired>
  static void fired(float* const* columns, const int32_t* neurons, int64_t n, Fired&& hook) {
    const auto traces = float_columns<S>(columns);
    for (int64_t k = 0; k < n; ++k) {
      S s = traces.load(neurons[k]);
      hook(s);
      traces.store(neurons[k], s);
    }
  }
  template <class S>
  static void add_one(S& s) {
    std::apply([](auto&... trace) { ((trace += 1.f), ...); }, members(s));
  }
  template <class T>
  static void pre_fired(const void* object, float* const* columns, const int32_t* neurons, int64_t n) noexcept {
    [[maybe_unused]] const T& rule = *static_cast<const T*>(object);
    fired<X<T>>(columns, neurons, n, [&](auto& s) {
      if constexpr (requires { rule.pre_fired(s); })
        rule.pre_fired(s);
      else
        add_one(s);
    });
  }
  template <class T>
  static void post_fired(const void* object, float* const* columns, const int32_t* neurons, int64_t n) noexcept {
    [[maybe_unused]] const T& rule = *static_cast<const T*>(object);
    fired<Y<T>>(columns, neurons, n, [&](auto& s) {
      if constexpr (requires { rule.post_fired(s); })
        rule.post_fired(s);
      else
        add_one(s);
    });
  }

  template <class T>
  static void on_pre(const void* object, float* const* synapse, const int32_t* target, int64_t n, float* const* pre, int32_t source,
                     float* const* post) noexcept {
    if constexpr (has_on_pre<T>) {
      const T rule = *static_cast<const T*>(object);
      const auto synapses = float_columns<S<T>>(synapse);
      const auto targets = float_columns<Y<T>>(post);
      const auto x = float_columns<X<T>>(pre).load(source);
#pragma GCC ivdep
      for (int64_t k = 0; k < n; ++k) {
        auto s = synapses.load(k);
        rule.on_pre(s, x, targets.load(target[k]));
        synapses.store(k, s);
      }
    }
  }

  template <class T>
  static void on_post(const void* object, float* const* synapse, const uint32_t* number, const int32_t* source, int64_t n,
                      float* const* pre, float* const* post, int32_t target) noexcept {
    if constexpr (has_on_post<T>) {
      const T rule = *static_cast<const T*>(object);
      const auto synapses = float_columns<S<T>>(synapse);
      const auto sources = float_columns<X<T>>(pre);
      const auto y = float_columns<Y<T>>(post).load(target);
#pragma GCC ivdep
      for (int64_t k = 0; k < n; ++k) {
        auto s = synapses.load(number[k]);
        rule.on_post(s, sources.load(source[k]), y);
        synapses.store(number[k], s);
      }
    }
  }

  template <class T>
  static void elapsed(const void* object, float* const* synapse, const int32_t* target, int64_t n, float* const* pre, int32_t source,
                      float* const* post, const Moment* moment) noexcept {
    if constexpr (has_elapsed<T>) {
      const T rule = *static_cast<const T*>(object);
      const Moment m = *moment;
      const auto synapses = float_columns<S<T>>(synapse);
      const auto targets = float_columns<Y<T>>(post);
      const auto x = float_columns<X<T>>(pre).load(source);
#pragma GCC ivdep
      for (int64_t k = 0; k < n; ++k) {
        auto s = synapses.load(k);
        rule.elapsed(s, x, targets.load(target[k]), m);
        synapses.store(k, s);
      }
    }
  }

  template <class T>
  static int64_t post_step(const void* object, float* const* post, float* const* target, int32_t begin, int32_t end, int32_t* active,
                           const Moment* moment) noexcept {
    int64_t count = 0;
    if constexpr (has_post_step<T>) {
      const T rule = *static_cast<const T*>(object);
      const Moment m = *moment;
      const auto memory = float_columns<Y<T>>(post);
      const auto state = float_columns<typename TargetOf<T>::type>(target);
      for (int32_t j = begin; j < end; ++j) {
        auto y = memory.load(j);
        active[count] = j;
        count += rule.post_step(y, state.load(j - begin), m);
        memory.store(j, y);
      }
    }
    return count;
  }

  template <class T>
  static void while_active(const void* object, float* const* synapse, const uint32_t* number, const int32_t* source, int64_t n,
                           float* const* pre, float* const* post, int32_t target, const Moment* moment) noexcept {
    if constexpr (has_while_active<T>) {
      const T rule = *static_cast<const T*>(object);
      const Moment m = *moment;
      const auto synapses = float_columns<S<T>>(synapse);
      const auto sources = float_columns<X<T>>(pre);
      const auto y = float_columns<Y<T>>(post).load(target);
#pragma GCC ivdep
      for (int64_t k = 0; k < n; ++k) {
        auto s = synapses.load(number[k]);
        rule.while_active(s, sources.load(source[k]), y, m);
        synapses.store(number[k], s);
      }
    }
  }

  template <class T>
  static void update(const void* object, float* const* synapse, const int32_t* target, int64_t n, float x, const float* y, float* const* pre,
                     int32_t source, float* const* post, const Moment* moment) noexcept {
    if constexpr (has_update<T>) {
      const T rule = *static_cast<const T*>(object);
      const Moment m = *moment;
      const auto synapses = float_columns<S<T>>(synapse);
      if constexpr (has_row_update<T>) {
        typename RowOf<T>::type row{};
        for (int64_t k = 0; k < n; ++k) {
          auto s = synapses.load(k);
          rule.update(s, x, y[target ? target[k] : k], row, m);
          synapses.store(k, s);
        }
        return;
      }
      auto loop = [&](auto at) {
        if constexpr (has_remembering_update<T>) {
          const auto sources = float_columns<X<T>>(pre).load(source);
          const auto targets = float_columns<Y<T>>(post);
#pragma GCC ivdep
          for (int64_t k = 0; k < n; ++k) {
            auto s = synapses.load(k);
            rule.update(s, x, y[at(k)], sources, targets.load(at(k)), m);
            synapses.store(k, s);
          }
        } else if constexpr (has_plain_update<T>) {
#pragma GCC ivdep
          for (int64_t k = 0; k < n; ++k) {
            auto s = synapses.load(k);
            rule.update(s, x, y[at(k)], m);
            synapses.store(k, s);
          }
        }
      };
      if (target)
        loop([&](int64_t k) { return int64_t{target[k]}; });
      else
        loop([](int64_t k) { return k; });
    }
  }

  template <class T>
  static void pre_active(const void* object, float* const* pre, const float* x, int32_t begin, int32_t end, const Moment* moment) noexcept {
    if constexpr (requires(const T r, X<T> s, Moment m) { r.pre_active(s, 0.f, m); }) {
      const T rule = *static_cast<const T*>(object);
      const auto memory = float_columns<X<T>>(pre);
      for (int32_t i = begin; i < end; ++i) {
        auto s = memory.load(i);
        rule.pre_active(s, x[i], *moment);
        memory.store(i, s);
      }
    }
  }
  template <class T>
  static void post_active(const void* object, float* const* post, const float* y, int32_t begin, int32_t end, const Moment* moment) noexcept {
    if constexpr (requires(const T r, Y<T> s, Moment m) { r.post_active(s, 0.f, m); }) {
      const T rule = *static_cast<const T*>(object);
      const auto memory = float_columns<Y<T>>(post);
      for (int32_t j = begin; j < end; ++j) {
        auto s = memory.load(j);
        rule.post_active(s, y[j], *moment);
        memory.store(j, s);
      }
    }
  }

  template <class T>
  static void gradient(const void* object, const GradientPass* pass, Status* status) noexcept {
    if constexpr (has_gradient<T>) guarded(status, [&] { static_cast<const T*>(object)->gradient(*pass); });
  }

  template <class T>
  static LearningRuleTable make_table() {
    static_assert(has_on_pre<T> || has_on_post<T> || has_elapsed<T> || has_post_step<T> || has_update<T> || has_gradient<T>,
                  "a learning rule has at least one of the hooks on_pre, on_post, elapsed, post_step, update, gradient (see the head of this "
                  "file)");
    static_assert(has_post_step<T> == has_while_active<T>, "post_step and while_active belong together");
    static_assert(has_plain_update<T> + has_row_update<T> + has_remembering_update<T> <= 1, "a rule has one form of update()");
    return {&schema_of<X<T>>(),
            &schema_of<Y<T>>(),
            &schema_of<S<T>>(),
            &schema_of<typename TargetOf<T>::type>(),
            sizeof(T),
            hook_on_pre * has_on_pre<T> | hook_on_post * has_on_post<T> | hook_update * has_update<T> | hook_gradient * has_gradient<T> |
                hook_elapsed * has_elapsed<T> | hook_post_step * has_post_step<T> | hook_whole_rows * has_row_update<T> |
                hook_input * requires { T::looks_at_input; } | hook_sets_weights * requires { T::sets_weights; },
            &detail::make<T, Step>,
            &time_constants<T>,
            &pre_fired<T>,
            &post_fired<T>,
            &on_pre<T>,
            &on_post<T>,
            &elapsed<T>,
            &post_step<T>,
            &while_active<T>,
            &update<T>,
            &pre_active<T>,
            &post_active<T>,
            &gradient<T>};
  }
};

}  // namespace detail
}  // namespace proxon
