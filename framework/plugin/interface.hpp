// What every plugin has in common, whatever its kind. An author includes the header of one kind (neuron.hpp, learning_rule.hpp, ...),
// writes one struct, and ends the file with PROXON_PLUGIN(kind, name, Struct). Plain data and spans cross the border, never an
// exception: whatever the author's code throws becomes a sentence in a Status.
#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>

#include "proxon/plugin/stamp.hpp"
#include "proxon/schema/field.hpp"

namespace proxon {

/// A short text of fixed size: plain data, so that it crosses the border. Longer texts are cut.
template <size_t N>
class Text {
 public:
  constexpr Text() = default;
  constexpr void assign(std::string_view text) {
    size_t i = 0;
    for (; i < text.size() && i + 1 < N; ++i) characters_[i] = text[i];
    characters_[i] = 0;
  }
  constexpr const char* c_str() const { return characters_; }

 private:
  char characters_[N] = {};
};

/// What a plugin's function reports. A plugin's own code reports by throwing; the border turns that into this.
struct Status {
  int32_t failed = 0;
  Text<508> message;
};

/// What is said about a plugin, in `plugin describe` and in the generated reference.
struct Documentation {
  const char* summary;        ///< one sentence
  const char* equation = "";  ///< as text, in the symbols of docs/symbols.md
  const char* reference = ""; ///< paper and DOI
};

/// What a shared object exports, through the function `proxon_plugin`.
struct PluginInfo {
  const char* kind;
  const char* name;
  Documentation about;
  const SchemaInfo* parameters;
  const void* table;  ///< of the kind: NeuronTable, LearningRuleTable, ...
};

namespace detail {

inline void report(Status* status, const char* message) {
  status->failed = 1;
  status->message.assign(message);
}

/// Runs the author's code; an exception ends here.
template <class F>
void guarded(Status* status, F&& body) noexcept {
  try {
    body();
  } catch (const std::exception& exception) {
    report(status, exception.what());
  } catch (...) {
    report(status, "an exception that is not a std::exception");
  }
}

/// A plugin is an object of T made in memory that the framework holds: T{parameters, setup}.
template <class T, class Setup>
void make(const void* parameters, const Setup* setup, void* memory, Status* status) noexcept {
  static_assert(std::is_trivially_destructible_v<T>, "the framework frees the memory of a plugin without calling a destructor");
  guarded(status, [&] { ::new (memory) T(*static_cast<const typename T::Parameters*>(parameters), *setup); });
}

/// How each kind is served: specialised in the header of the kind with Table, a static make_table<T>() and layout.
template <class Tag>
struct Kind;

}  // namespace detail
}  // namespace proxon

/// Ends a plugin's file: makes its stamp and the function that the loader asks for.
#define PROXON_PLUGIN(kind_, name_, Type)                                                                                     \
  PROXON_STAMP(#kind_, #name_, ::proxon::detail::Kind<::proxon::kind_##_kind>::layout);                                        \
  extern "C" [[gnu::visibility("default")]] const ::proxon::PluginInfo* proxon_plugin() {                                     \
    static const auto table = ::proxon::detail::Kind<::proxon::kind_##_kind>::make_table<Type>();                             \
    static const ::proxon::PluginInfo info{#kind_, #name_, Type::about, &::proxon::schema_of<typename Type::Parameters>(),    \
                                           &table};                                                                           \
    return &info;                                                                                                             \
  }
