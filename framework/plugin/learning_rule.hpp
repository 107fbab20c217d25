// A learning rule: what happens to a synapse. The author writes a struct that holds the rule's constants and whichever hooks the rule has;
// a hook that is absent costs nothing.
//
//   struct Parameters { ... };
//   static constexpr Documentation about{...};
//   Rule(const Parameters&, const Step&);
//
// Local rules, on spikes (all times are those at the synapse: a spike counts as pre when it arrives, the delay being axonal):
//   struct Pre  { float x; fields() };  struct Post { float y; fields() };   // exponential traces of the two neurons, both optional
//   Pre tau_pre;  Post tau_post;                  // members: their time constants in ms; the framework decays the traces, exactly
//   void pre_fired(Pre&) const;  void post_fired(Post&) const;                // default: every trace += 1
//   void on_pre(Synapse&, const Pre&, const Post&) const;                     // a spike arrives
//   void on_post(Synapse&, const Pre&, const Post&) const;                    // the target fires
// Local rules, on activity (rate neurons, and the layers of an approximator):
//   void update(Synapse&, float pre, float post, const Moment&) const;        // x and y of this step; Moment has dt and a reward signal
// A gradient rule sees the whole approximator instead:
//   void gradient(const GradientPass&) const;
//
// Synapse is { float w; } unless the author declares `struct Synapse { float w; float eligibility; ...; fields() }`: first the weight, then
// the rule's own columns. on_pre and on_post see the traces as they were just before this step's spikes, so that a pair that coincides
// exactly changes nothing.
#pragma once
#include "proxon/plugin/neuron.hpp"

namespace proxon {

/// What a rule on activity is told beside the two activities.
struct Moment {
  float dt;      ///< ms; 1 in the layers of an approximator
  float signal;  ///< reward or error broadcast to all synapses; 0 when there is none
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
  int64_t size;
  int64_t step;  ///< 0, 1, ...
  Key key;
  /// Runs the approximator over the batch and returns the mean loss.
  double (*forward)(void* host);
  /// Writes d loss / d weight of the last forward() to `gradient`; once a forward(). The error goes back through `feedback`, weights in
  /// the order of `weight` (null: the weights).
  void (*backward)(void* host, const float* feedback);
};

enum LearningHook : uint32_t { hook_on_pre = 1, hook_on_post = 2, hook_update = 4, hook_gradient = 8 };

struct LearningRuleTable {
  const SchemaInfo* pre;      ///< traces of the source; no fields: none
  const SchemaInfo* post;     ///< traces of the target
  const SchemaInfo* synapse;  ///< columns of floats, the weight first
  uint32_t size;
  uint32_t hooks;  ///< bits of LearningHook
  void (*make)(const void* parameters, const Step* step, void* object, Status*) noexcept;
  /// Writes the time constants (ms) of the traces.
  void (*time_constants)(const void* object, float* pre, float* post) noexcept;
  void (*pre_fired)(const void* object, float* const* pre, const int32_t* neurons, int64_t n) noexcept;
  void (*post_fired)(const void* object, float* const* post, const int32_t* neurons, int64_t n) noexcept;
  /// One source, its row of n synapses: synapse columns and targets begin at the row; pre and post are columns over neurons.
  void (*on_pre)(const void* object, float* const* synapse, const int32_t* target, int64_t n, float* const* pre, int32_t source,
                 float* const* post) noexcept;
  /// One target, its n incoming synapses: numbers into the synapse columns, and their sources.
  void (*on_post)(const void* object, float* const* synapse, const int64_t* number, const int32_t* source, int64_t n, float* const* pre,
                  float* const* post, int32_t target) noexcept;
  /// One source of activity `x`, its row of n synapses; `target` null: the targets are 0 .. n-1. `y` is the column of the targets' activity.
  void (*update)(const void* object, float* const* synapse, const int32_t* target, int64_t n, float x, const float* y,
                 const Moment* moment) noexcept;
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

template <class S>
StructOfColumns<S> float_columns(float* const* columns) {
  return {Pointers<typename MemberTypes<S>::type>::from(reinterpret_cast<void* const*>(columns))};
}

template <>
struct Kind<learning_rule_kind> {
  using Table = LearningRuleTable;
  static constexpr uint64_t layout =
      layout_hash<PluginInfo, SchemaInfo, FieldInfo, Status, LearningRuleTable, GradientPass, Moment, Step, Key>();

  template <class T>
  static constexpr bool has_on_pre = requires(const T r, typename SynapseOf<T>::type s, typename PreOf<T>::type x,
                                              typename PostOf<T>::type y) { r.on_pre(s, x, y); };
  template <class T>
  static constexpr bool has_on_post = requires(const T r, typename SynapseOf<T>::type s, typename PreOf<T>::type x,
                                               typename PostOf<T>::type y) { r.on_post(s, x, y); };
  template <class T>
  static constexpr bool has_update = requires(const T r, typename SynapseOf<T>::type s, Moment m) { r.update(s, 0.f, 0.f, m); };
  template <class T>
  static constexpr bool has_gradient = requires(const T r, GradientPass p) { r.gradient(p); };

  template <class T>
  static void time_constants(const void* object, float* pre, float* post) noexcept {
    [[maybe_unused]] const T& rule = *static_cast<const T*>(object);
    [[maybe_unused]] auto write = [](auto taus, float* to) {
      std::apply([&](auto... tau) { ((*to++ = tau), ...); }, members(taus));
    };
    if constexpr (requires { rule.tau_pre; }) write(rule.tau_pre, pre);
    if constexpr (requires { rule.tau_post; }) write(rule.tau_post, post);
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
    fired<typename PreOf<T>::type>(columns, neurons, n, [&](auto& s) {
      if constexpr (requires { rule.pre_fired(s); })
        rule.pre_fired(s);
      else
        add_one(s);
    });
  }
  template <class T>
  static void post_fired(const void* object, float* const* columns, const int32_t* neurons, int64_t n) noexcept {
    [[maybe_unused]] const T& rule = *static_cast<const T*>(object);
    fired<typename PostOf<T>::type>(columns, neurons, n, [&](auto& s) {
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
      const auto synapses = float_columns<typename SynapseOf<T>::type>(synapse);
      const auto targets = float_columns<typename PostOf<T>::type>(post);
      const auto x = float_columns<typename PreOf<T>::type>(pre).load(source);
#pragma GCC ivdep
      for (int64_t k = 0; k < n; ++k) {
        auto s = synapses.load(k);
        rule.on_pre(s, x, targets.load(target[k]));
        synapses.store(k, s);
      }
    }
  }

  template <class T>
  static void on_post(const void* object, float* const* synapse, const int64_t* number, const int32_t* source, int64_t n,
                      float* const* pre, float* const* post, int32_t target) noexcept {
    if constexpr (has_on_post<T>) {
      const T rule = *static_cast<const T*>(object);
      const auto synapses = float_columns<typename SynapseOf<T>::type>(synapse);
      const auto sources = float_columns<typename PreOf<T>::type>(pre);
      const auto y = float_columns<typename PostOf<T>::type>(post).load(target);
#pragma GCC ivdep
      for (int64_t k = 0; k < n; ++k) {
        auto s = synapses.load(number[k]);
        rule.on_post(s, sources.load(source[k]), y);
        synapses.store(number[k], s);
      }
    }
  }

  template <class T>
  static void update(const void* object, float* const* synapse, const int32_t* target, int64_t n, float x, const float* y,
                     const Moment* moment) noexcept {
    if constexpr (has_update<T>) {
      const T rule = *static_cast<const T*>(object);
      const Moment m = *moment;
      const auto synapses = float_columns<typename SynapseOf<T>::type>(synapse);
      auto loop = [&](auto post) {
#pragma GCC ivdep
        for (int64_t k = 0; k < n; ++k) {
          auto s = synapses.load(k);
          rule.update(s, x, post(k), m);
          synapses.store(k, s);
        }
      };
      if (target)
        loop([&](int64_t k) { return y[target[k]]; });
      else
        loop([&](int64_t k) { return y[k]; });
    }
  }

  template <class T>
  static void gradient(const void* object, const GradientPass* pass, Status* status) noexcept {
    if constexpr (has_gradient<T>) guarded(status, [&] { static_cast<const T*>(object)->gradient(*pass); });
  }

  template <class T>
  static LearningRuleTable make_table() {
    static_assert(has_on_pre<T> || has_on_post<T> || has_update<T> || has_gradient<T>,
                  "a learning rule has at least one of the hooks on_pre, on_post, update, gradient (see the head of this file)");
    return {&schema_of<typename PreOf<T>::type>(),
            &schema_of<typename PostOf<T>::type>(),
            &schema_of<typename SynapseOf<T>::type>(),
            sizeof(T),
            hook_on_pre * has_on_pre<T> | hook_on_post * has_on_post<T> | hook_update * has_update<T> | hook_gradient * has_gradient<T>,
            &detail::make<T, Step>,
            &time_constants<T>,
            &pre_fired<T>,
            &post_fired<T>,
            &on_pre<T>,
            &on_post<T>,
            &update<T>,
            &gradient<T>};
  }
};

}  // namespace detail
}  // namespace proxon
