// What the compiler knows of a plain struct without being told: how many members it has, and each of them in turn. A declaration is
// checked against it (a member left out does not compile), an interface's layout is hashed from it, a neuron's state is laid out in
// columns by it. For aggregates of up to 32 members that have no base class and no C array.
#pragma once
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

namespace proxon {
namespace detail {

struct Anything {
  template <class T>
  constexpr operator T() const;
};

template <class T, size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), Anything{})...}; };
}

template <class T, size_t N = 32>
constexpr size_t count_members() {
  static_assert(std::is_aggregate_v<T>, "parameters, states and interfaces are plain structs: no constructor, no private member");
  if constexpr (takes<T>(std::make_index_sequence<N>{}))
    return N;
  else if constexpr (N == 0)
    return 0;
  else
    return count_members<T, N - 1>();
}

}  // namespace detail

/// Number of members of the aggregate T.
template <class T>
inline constexpr size_t member_count = detail::count_members<T>();

/// The members of `object` as a tuple of references, in the order of their declaration.
template <class T>
constexpr auto members(T& object) {
  constexpr size_t n = member_count<std::remove_const_t<T>>;
#define PROXON_MEMBERS(N, ...)      \
  else if constexpr (n == N) {      \
    auto& [__VA_ARGS__] = object;   \
    return std::tie(__VA_ARGS__);   \
  }
  if constexpr (n == 0) {
    return std::tuple<>();
  }
  PROXON_MEMBERS(1, a)
  PROXON_MEMBERS(2, a, b)
  PROXON_MEMBERS(3, a, b, c)
  PROXON_MEMBERS(4, a, b, c, d)
  PROXON_MEMBERS(5, a, b, c, d, e)
  PROXON_MEMBERS(6, a, b, c, d, e, f)
  PROXON_MEMBERS(7, a, b, c, d, e, f, g)
  PROXON_MEMBERS(8, a, b, c, d, e, f, g, h)
  PROXON_MEMBERS(9, a, b, c, d, e, f, g, h, i)
  PROXON_MEMBERS(10, a, b, c, d, e, f, g, h, i, j)
  PROXON_MEMBERS(11, a, b, c, d, e, f, g, h, i, j, k)
  PROXON_MEMBERS(12, a, b, c, d, e, f, g, h, i, j, k, l)
  PROXON_MEMBERS(13, a, b, c, d, e, f, g, h, i, j, k, l, m)
  PROXON_MEMBERS(14, a, b, c, d, e, f, g, h, i, j, k, l, m, o)
  PROXON_MEMBERS(15, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p)
  PROXON_MEMBERS(16, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q)
  PROXON_MEMBERS(17, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r)
  PROXON_MEMBERS(18, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s)
  PROXON_MEMBERS(19, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t)
  PROXON_MEMBERS(20, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t, u)
  PROXON_MEMBERS(21, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t, u, v)
  PROXON_MEMBERS(22, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t, u, v, w)
  PROXON_MEMBERS(23, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t, u, v, w, x)
  PROXON_MEMBERS(24, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t, u, v, w, x, y)
  PROXON_MEMBERS(25, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t, u, v, w, x, y, z)
  PROXON_MEMBERS(26, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t, u, v, w, x, y, z, A)
  PROXON_MEMBERS(27, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t, u, v, w, x, y, z, A, B)
  PROXON_MEMBERS(28, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C)
  PROXON_MEMBERS(29, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C, D)
  PROXON_MEMBERS(30, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C, D, E)
  PROXON_MEMBERS(31, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C, D, E, F)
  PROXON_MEMBERS(32, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C, D, E, F, G)
#undef PROXON_MEMBERS
}

/// std::tuple of the members' types of T.
template <class T>
struct MemberTypes {
  template <class... M>
  static std::tuple<std::remove_cvref_t<M>...> strip(std::tuple<M&...>);
  using type = decltype(strip(members(std::declval<T&>())));
};

namespace detail {

constexpr uint64_t mix(uint64_t hash, uint64_t value) {
  for (int byte = 0; byte < 8; ++byte) hash = (hash ^ (value >> (8 * byte) & 0xFF)) * 1099511628211ull;
  return hash;
}

template <class T>
constexpr uint64_t hash_type(uint64_t hash);

template <class F>
struct Signature;
template <class R, class... A>
struct Signature<R(A...)> {
  static constexpr uint64_t hash(uint64_t h) {
    h = hash_type<R>(mix(h, sizeof...(A)));
    ((h = hash_type<A>(h)), ...);
    return h;
  }
};
template <class R, class... A>
struct Signature<R(A...) noexcept> : Signature<R(A...)> {};

template <class T>
constexpr uint64_t hash_type(uint64_t hash) {
  using U = std::remove_cv_t<T>;
  if constexpr (std::is_void_v<U>) {
    return mix(hash, 1);
  } else if constexpr (std::is_pointer_v<U> && std::is_function_v<std::remove_pointer_t<U>>) {
    return Signature<std::remove_pointer_t<U>>::hash(mix(hash, 2));
  } else if constexpr (std::is_pointer_v<U> || std::is_reference_v<U>) {
    return mix(hash, 3);
  } else if constexpr (std::is_arithmetic_v<U> || std::is_enum_v<U>) {
    return mix(hash, 16 * sizeof(U) + 4 + 2 * std::is_floating_point_v<U> + std::is_signed_v<U>);
  } else if constexpr (std::is_aggregate_v<U> && !std::is_array_v<U> && !std::is_empty_v<U>) {
    hash = mix(hash, sizeof(U) * 64 + alignof(U));
    return []<class... M>(std::tuple<M...>*, uint64_t h) {
      ((h = hash_type<M>(h)), ...);
      return h;
    }(static_cast<typename MemberTypes<U>::type*>(nullptr), hash);
  } else {
    return mix(hash, sizeof(U) * 64 + alignof(U));
  }
}

}  // namespace detail

/// A number that changes whenever a member of any of the structs is added, removed, moved, or changes its type: computed by the
/// compiler from the structs themselves, so that nobody has to remember to change a version.
template <class... T>
constexpr uint64_t layout_hash() {
  uint64_t hash = 14695981039346656037ull;
  ((hash = detail::hash_type<T>(hash)), ...);
  return hash;
}

}  // namespace proxon
