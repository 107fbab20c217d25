// The one declaration of a parameter. A struct lists its members once, each with its unit, its bounds and what it means; the default
// is the member's own initialiser, the name the member's own name. From this come validation, help, docs, archives, sweep axes.
//
//   struct Parameters {
//     double tau_m = 10;
//     double V_th = -55;
//     static constexpr auto fields() {
//       return std::tuple{field<&Parameters::tau_m>("ms", "membrane time constant", above(0)),
//                         field<&Parameters::V_th>("mV", "spike threshold")};
//     }
//   };
//
// A member that is not listed does not compile. Read by plugins: standard library only, and plain data across the border.
#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <tuple>

#include "proxon/base/distribution.hpp"
#include "proxon/schema/members.hpp"

namespace proxon {

enum class FieldType : uint32_t { real, real32, integer, integer32, boolean, text, reals, integers, texts, distribution, plugin };

enum FieldFlag : uint32_t {
  field_required = 1,      ///< has no default: must be given
  field_low_open = 2,      ///< the lower bound itself is not allowed
  field_high_open = 4,     ///< the upper bound itself is not allowed
  field_path = 8,          ///< a file name, taken relative to the experiment file
  field_excitatory = 16,   ///< input port: takes spikes through positive weights
  field_inhibitory = 32,   ///< input port: takes spikes through negative weights
  field_current = 64,      ///< input port: takes currents, not spikes
  field_rate = 128,        ///< input port: takes the activity of rate neurons
  field_filled = 256,      ///< a list that the framework fills from the file that `file` names
  field_any = 512,         ///< a list of texts whose elements may be of any type: each is kept as the TOML it is written in
};

/// One parameter, as plain data.
struct FieldInfo {
  const char* name;
  const char* unit;     ///< "1" for a pure number
  const char* meaning;  ///< half a sentence, in lower case
  const char* choices;  ///< "a|b|c" for a text with few values; the kind of plugin for a plugin; else ""
  double low, high;
  FieldType type;
  uint32_t offset;  ///< of the member in its struct
  uint32_t flags;
  uint32_t reserved;
};

/// All parameters of one struct. `defaults` points at a default-made instance of `size` bytes.
struct SchemaInfo {
  const FieldInfo* fields;
  const void* defaults;
  uint32_t count;
  uint32_t size;

  std::span<const FieldInfo> list() const { return {fields, count}; }
};

struct PluginValue;  // host side: a plugin's name with the values of its parameters (proxon/schema/values.hpp)

/// A parameter that names a plugin: `optimizer = { name = "adam", learning_rate = 0.01 }`, or just `optimizer = "adam"`.
struct PluginRef {
  const char* by_default = "";           ///< "" when there is none
  const PluginValue* value = nullptr;    ///< null when none was chosen

  constexpr explicit operator bool() const { return value != nullptr; }
  constexpr const PluginValue* operator->() const { return value; }
};

namespace detail {

template <class T>
consteval FieldType field_type() {
  if constexpr (std::is_same_v<T, double>) return FieldType::real;
  else if constexpr (std::is_same_v<T, float>) return FieldType::real32;
  else if constexpr (std::is_same_v<T, int64_t>) return FieldType::integer;
  else if constexpr (std::is_same_v<T, int32_t>) return FieldType::integer32;
  else if constexpr (std::is_same_v<T, bool>) return FieldType::boolean;
  else if constexpr (std::is_same_v<T, std::string_view>) return FieldType::text;
  else if constexpr (std::is_same_v<T, std::span<const double>>) return FieldType::reals;
  else if constexpr (std::is_same_v<T, std::span<const int64_t>>) return FieldType::integers;
  else if constexpr (std::is_same_v<T, std::span<const std::string_view>>) return FieldType::texts;
  else if constexpr (std::is_same_v<T, Distribution>) return FieldType::distribution;
  else if constexpr (std::is_same_v<T, PluginRef>) return FieldType::plugin;
  else static_assert(!sizeof(T*), "a parameter is a double, float, int64_t, int32_t, bool, std::string_view, std::span of const double, "
                                  "int64_t or std::string_view, Distribution or PluginRef");
}

/// The member's own name, read from the compiler's spelling of the pointer to it.
template <auto Member>
consteval auto member_name() {
  constexpr std::string_view spelling = __PRETTY_FUNCTION__;
  constexpr size_t end = spelling.find_first_of("];", spelling.rfind("::"));
  constexpr size_t begin = spelling.rfind(':') + 1;
  std::array<char, end - begin + 1> name{};
  for (size_t i = 0; i < end - begin; ++i) name[i] = spelling[begin + i];
  return name;
}
template <auto Member>
inline constexpr auto member_name_of = member_name<Member>();

template <class M>
struct MemberPointer;
template <class C, class T>
struct MemberPointer<T C::*> {
  using Class = C;
  using Type = T;
};

/// A modifier of a field: a bound, a flag, or a list of choices.
struct Modifier {
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  uint32_t flags = 0;
  const char* choices = "";
};

}  // namespace detail

constexpr detail::Modifier above(double x) { return {.low = x, .flags = field_low_open}; }
constexpr detail::Modifier at_least(double x) { return {.low = x}; }
constexpr detail::Modifier below(double x) { return {.high = x, .flags = field_high_open}; }
constexpr detail::Modifier at_most(double x) { return {.high = x}; }
constexpr detail::Modifier between(double low, double high) { return {.low = low, .high = high}; }
constexpr detail::Modifier one_of(const char* choices) { return {.choices = choices}; }  ///< "a|b|c"
constexpr detail::Modifier plugin_of(const char* kind) { return {.choices = kind}; }
constexpr detail::Modifier required{.flags = field_required};
constexpr detail::Modifier file_name{.flags = field_path};
constexpr detail::Modifier filled_from_file{.flags = field_filled};
constexpr detail::Modifier of_any_type{.flags = field_any};
constexpr detail::Modifier excitatory{.flags = field_excitatory};
constexpr detail::Modifier inhibitory{.flags = field_inhibitory};
constexpr detail::Modifier current{.flags = field_current};
constexpr detail::Modifier rate_input{.flags = field_rate};

/// What field<&S::m>(...) gives: the declaration of one member.
template <auto Member>
struct Field {
  using Class = typename detail::MemberPointer<decltype(Member)>::Class;
  using Type = typename detail::MemberPointer<decltype(Member)>::Type;
  const char* unit;
  const char* meaning;
  detail::Modifier modifier;
};

template <auto Member, class... Modifiers>
constexpr Field<Member> field(const char* unit, const char* meaning, Modifiers... modifiers) {
  detail::Modifier all;
  for (const detail::Modifier& m : std::initializer_list<detail::Modifier>{detail::Modifier{}, modifiers...}) {
    if (m.low > all.low) all.low = m.low;
    if (m.high < all.high) all.high = m.high;
    if (m.choices[0]) all.choices = m.choices;
    all.flags |= m.flags;
  }
  return {unit, meaning, all};
}

/// A struct whose members are declared.
template <class S>
concept Declared = requires { S::fields(); };

namespace detail {
template <class S, auto... Member>
std::array<FieldInfo, sizeof...(Member)> describe_fields(const S& probe, const std::tuple<Field<Member>...>& all) {
  return std::apply(
      [&](const auto&... f) {
        return std::array<FieldInfo, sizeof...(Member)>{FieldInfo{
            member_name_of<Member>.data(), f.unit, f.meaning, f.modifier.choices, f.modifier.low, f.modifier.high,
            field_type<typename Field<Member>::Type>(),
            static_cast<uint32_t>(reinterpret_cast<const char*>(&(probe.*Member)) - reinterpret_cast<const char*>(&probe)),
            f.modifier.flags, 0}...};
      },
      all);
}
}  // namespace detail

/// The declaration of S as plain data; made once, on first use.
template <class S>
const SchemaInfo& schema_of() {
  static_assert(Declared<S>, "the struct needs: static constexpr auto fields() { return std::tuple{field<&S::member>(unit, meaning), ...}; }");
  static_assert(std::is_trivially_copyable_v<S>, "parameters are plain data: they cross the border of a plugin");
  static_assert(std::tuple_size_v<decltype(S::fields())> == member_count<S>, "every member must be declared once in fields()");
  static const S defaults{};
  static const auto fields = detail::describe_fields<S>(defaults, S::fields());
  static const SchemaInfo info{fields.data(), &defaults, static_cast<uint32_t>(fields.size()), static_cast<uint32_t>(sizeof(S))};
  return info;
}

/// A struct without parameters.
struct NoParameters {
  static constexpr auto fields() { return std::tuple<>(); }
};

}  // namespace proxon
