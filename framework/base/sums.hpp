// Sums whose order is fixed, so that they are equal to the bit wherever they are taken, and which a vector of the processor still adds at once.
#pragma once
#include <cstdint>

namespace proxon {

inline constexpr int64_t sum_parts = 16;

/// of(0) + ... + of(n - 1): term i goes to part i mod 16, and the parts are added in their order.
template <class T, class Of>
[[gnu::always_inline]] inline T sum_in_parts(int64_t n, Of&& of) {
  T parts[sum_parts] = {};
  int64_t i = 0;
  for (; i + sum_parts <= n; i += sum_parts)
    for (int64_t k = 0; k < sum_parts; ++k) parts[k] += of(i + k);
  for (int64_t k = 0; i < n; ++i, ++k) parts[k] += of(i);
  T sum = 0;
  for (const T part : parts) sum += part;
  return sum;
}

}  // namespace proxon
