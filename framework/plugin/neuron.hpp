// A neuron model: what one neuron does in one step. The author writes a struct that holds the constants of a step, with
//
//   struct Parameters { ... fields() };   // one set a population
//   struct State { ... fields() };        // one a neuron: members double, float or int32_t; all can be recorded
//   struct Input { ... fields() };        // what arrives in a step: float members, each a port (see below); the sum over all synapses
//   static constexpr Documentation about{...};
//   Model(const Parameters&, const Step&);              // constants of a step; throw std::invalid_argument to refuse parameters
//   bool step(State&, const Input&) const;              // spiking: true when it fires in this step        ... or
//   double step(State&, const Input&) const;            // rate: the activity that others see from the next step on
//   State initial() const;                              // optional: the state at the begin; without it State{}
//   double activity(const State&) const;                // optional, rate: the activity at the begin; without it 0
//
// A third parameter `Random&` gives random numbers that belong to this neuron and this step. Ports: a field of Input that is marked
// `excitatory` takes positive weights, `inhibitory` negative ones, `current` takes currents (pA), `rate_input` the activity of rate
// neurons; an unmarked one takes spikes of either sign. The framework keeps State in columns and instantiates the loop in the author's
// own file, so write step() without branches where speed matters (cond ? a : b) and it is vectorised.
//
// Order within a step t -> t + dt: input that arrives at t + dt is summed, step() is called, spikes are stamped t + dt.
#pragma once
#include <algorithm>
#include <utility>

#include "proxon/base/random.hpp"
#include "proxon/plugin/interface.hpp"

namespace proxon {

/// The clock of a simulation.
struct Step {
  double dt;  ///< ms
};

/// Random numbers of one neuron at one step, for models that are noisy.
using Random = Stream;

/// Where in time the loop is, and the key of the population's random numbers.
struct StepContext {
  int64_t step;
  Key key;
  int64_t first_entity;  ///< global number of the population's neuron 0: the entity of its draws
};

/// What the framework calls. Columns are those of State::fields(), planes those of Input::fields(), both of the whole population.
struct NeuronTable {
  const SchemaInfo* state;
  const SchemaInfo* input;
  uint32_t size;     ///< bytes of the model's object
  uint32_t spiking;  ///< 1: update returns the fired neurons; 0: it fills `activity`
  void (*make)(const void* parameters, const Step* step, void* object, Status*) noexcept;
  /// Writes the state that the neurons [begin, end) begin with.
  void (*initial)(const void* object, void* const* columns, int32_t begin, int32_t end, Status*) noexcept;
  /// Writes the activity that belongs to the state (0 for spiking neurons).
  void (*activity)(const void* object, void* const* columns, int32_t begin, int32_t end, float* activity, Status*) noexcept;
  /// Steps the neurons [begin, end), clears their input, writes the numbers of those that fired (ascending) and returns how many.
  int64_t (*update)(const void* object, void* const* columns, float* const* planes, int32_t begin, int32_t end, const StepContext*,
                    int32_t* fired, float* activity, Status*) noexcept;
};

struct neuron_kind;

namespace detail {

template <class Tuple>
struct Pointers;
template <class... M>
struct Pointers<std::tuple<M...>> {
  using type = std::tuple<M*...>;
  static type from(void* const* columns) {
    return [&]<size_t... I>(std::index_sequence<I...>) { return type{static_cast<M*>(columns[I])...}; }(std::index_sequence_for<M...>{});
  }
};

/// Gathers element i of each column into a struct, and puts it back.
template <class S>
struct StructOfColumns {
  using Types = typename MemberTypes<S>::type;
  typename Pointers<Types>::type columns;

  [[gnu::always_inline]] S load(int64_t i) const {
    return std::apply([i](auto*... column) { return S{column[i]...}; }, columns);
  }
  [[gnu::always_inline]] void store(int64_t i, S s) const {
    [&]<size_t... I>(std::index_sequence<I...>, [[maybe_unused]] auto values) { ((std::get<I>(columns)[i] = std::get<I>(values)), ...); }
    (std::make_index_sequence<std::tuple_size_v<Types>>{}, members(s));
  }
};

/// Positions of the nonzero bytes of `flags`, offset by `base`; eight at a time, since firing is rare.
inline int64_t collect(const unsigned char* flags, int32_t n, int32_t base, int32_t* fired) {
  int64_t count = 0;
  for (int32_t i = 0; i < n; i += 8) {
    uint64_t word;
    __builtin_memcpy(&word, flags + i, 8);
    for (; word; word &= word - 1) {
      const int32_t byte = __builtin_ctzll(word) / 8;
      fired[count++] = base + i + byte;
    }
  }
  return count;
}

template <>
struct Kind<neuron_kind> {
  using Table = NeuronTable;
  static constexpr uint64_t layout = layout_hash<PluginInfo, SchemaInfo, FieldInfo, Status, NeuronTable, Step, StepContext, Key>();

  template <class T>
  static constexpr bool takes_random = requires(const T m, typename T::State s, typename T::Input in, Random r) { m.step(s, in, r); };

  template <class T>
  [[gnu::always_inline]] static auto one(const T& model, typename T::State& s, const typename T::Input& in, const StepContext& at, int64_t i) {
    if constexpr (takes_random<T>) {
      Random random(at.key, static_cast<uint64_t>(at.first_entity + i), static_cast<uint64_t>(at.step));
      return model.step(s, in, random);
    } else {
      return model.step(s, in);
    }
  }

  template <class T>
  static StructOfColumns<typename T::State> state_of(void* const* columns) {
    return {Pointers<typename MemberTypes<typename T::State>::type>::from(columns)};
  }

  template <class T>
  static void initial(const void* object, void* const* columns, int32_t begin, int32_t end, Status* status) noexcept {
    [[maybe_unused]] const T& model = *static_cast<const T*>(object);
    guarded(status, [&] {
      typename T::State s{};
      if constexpr (requires { model.initial(); }) s = model.initial();
      for (int32_t i = begin; i < end; ++i) state_of<T>(columns).store(i, s);
    });
  }

  template <class T>
  static void activity(const void* object, void* const* columns, int32_t begin, int32_t end, float* activity, Status* status) noexcept {
    [[maybe_unused]] const T& model = *static_cast<const T*>(object);
    guarded(status, [&] {
      for (int32_t i = begin; i < end; ++i) {
        activity[i] = 0;
        if constexpr (requires { model.activity(state_of<T>(columns).load(i)); })
          activity[i] = static_cast<float>(model.activity(state_of<T>(columns).load(i)));
      }
    });
  }

  template <class T>
  static int64_t update(const void* object, void* const* columns, float* const* planes, int32_t begin, int32_t end,
                        const StepContext* context, int32_t* fired, float* activity, Status* status) noexcept {
    using State = typename T::State;
    using Input = typename T::Input;
    const T model = *static_cast<const T*>(object);
    const StepContext at = *context;
    const StructOfColumns<State> state = state_of<T>(columns);
    const StructOfColumns<Input> input{Pointers<typename MemberTypes<Input>::type>::from(reinterpret_cast<void* const*>(planes))};
    int64_t count = 0;
    guarded(status, [&] {
      constexpr int32_t block = 256;
      for (int32_t first = begin; first < end; first += block) {
        const int32_t n = std::min(block, end - first);
        // Flags of four bytes first: beside bytes, the compiler would unroll eight vectors of doubles and run out of registers.
        [[maybe_unused]] alignas(64) int32_t fires[block];
        [[maybe_unused]] alignas(64) unsigned char flags[block];
        if constexpr (std::is_same_v<decltype(one(model, std::declval<State&>(), std::declval<Input&>(), at, 0)), bool>) {
          for (int32_t i = (n & ~7); i < ((n + 7) & ~7); ++i) flags[i] = 0;
#pragma GCC ivdep
          for (int32_t i = 0; i < n; ++i) {
            State s = state.load(first + i);
            fires[i] = one(model, s, input.load(first + i), at, first + i);
            state.store(first + i, s);
            input.store(first + i, Input{});
          }
          for (int32_t i = 0; i < n; ++i) flags[i] = static_cast<unsigned char>(fires[i]);
          count += collect(flags, n, first, fired + count);
        } else {
#pragma GCC ivdep
          for (int32_t i = 0; i < n; ++i) {
            State s = state.load(first + i);
            activity[first + i] = static_cast<float>(one(model, s, input.load(first + i), at, first + i));
            state.store(first + i, s);
            input.store(first + i, Input{});
          }
        }
      }
    });
    return count;
  }

  template <class T>
  static NeuronTable make_table() {
    using Result = decltype(one(std::declval<T&>(), std::declval<typename T::State&>(), std::declval<typename T::Input&>(),
                                std::declval<StepContext&>(), 0));
    return {&schema_of<typename T::State>(), &schema_of<typename T::Input>(), sizeof(T), std::is_same_v<Result, bool>,
            &detail::make<T, Step>, &initial<T>, &activity<T>, &update<T>};
  }
};

}  // namespace detail
}  // namespace proxon
