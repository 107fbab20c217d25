// Elementwise functions over float columns, vectorised by the compiler from branch-free formulas: within 2 units in the last place of the
// true value (tests), the same bits for an element wherever it stands in a column and however long that is. Why not a library:
// docs/decisions/products.md.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

#include "proxon/plugin/approximator.hpp"

namespace proxon {

/// y = f(x); y may be x.
void activate(Activation f, const float* x, float* y, int64_t n) noexcept;
/// dy *= f'(x), where y = f(x) is given.
void activate_back(Activation f, const float* y, float* dy, int64_t n) noexcept;

namespace fast {

// Polynomials: minimax, fitted by Remez exchange for these intervals. A loop over a function that is called, and not part of it, would be no loop over
// vectors, and the compiler's own judgement of what is worth it changes with the size of the file.

/// e^x; x is taken into [-87, 88].
[[gnu::always_inline]] inline float exp(float x) {
  x = x > 88.f ? 88.f : x;
  x = x < -87.f ? -87.f : x;
  // x = n ln 2 + r: adding 1.5 * 2^23 leaves n in the low bits.
  const float shifted = x * 1.44269504f + 12582912.f;
  const float n = shifted - 12582912.f;
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  const float q = (((0.00139421653f * r + 0.00836377614f) * r + 0.0416663634f) * r + 0.166665734f) * r + 0.500000003f;
  const float scale = std::bit_cast<float>((std::bit_cast<uint32_t>(shifted) << 23) + 0x3f800000u);
  return (q * r * r + r + 1.f) * scale;
}

/// 2 atanh(s) for |s| <= 1/3: the tail of every logarithm below.
[[gnu::always_inline]] inline float twice_atanh(float s) {
  const float z = s * s;
  const float p = (((0.116268908f * z + 0.108500208f) * z + 0.142964054f) * z + 0.199998482f) * z + 0.333333337f;
  return 2.f * (s + s * z * p);
}

/// ln(1 + u) for 0 <= u <= 1.
[[gnu::always_inline]] inline float log1p(float u) { return twice_atanh(u / (2.f + u)); }

/// ln(x) for normal x > 0.
[[gnu::always_inline]] inline float log(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const uint32_t exponent = (bits - 0x3f3504f3u) & 0xff800000u;  // so that the mantissa lies in [sqrt(1/2), sqrt(2))
  const float n = static_cast<float>(static_cast<int32_t>(exponent) >> 23);
  const float m = std::bit_cast<float>(bits - exponent);
  return twice_atanh((m - 1.f) / (m + 1.f)) - n * 2.12194440e-4f + n * 0.693359375f;
}

[[gnu::always_inline]] inline float tanh(float x) {
  const float a = std::fabs(x), z = x * x;
  const float p = (((-0.00606224174f * z + 0.0209750225f) * z - 0.0538466978f) * z + 0.133327465f) * z - 0.333333288f;
  const float near = a + a * z * p;
  const float far = 1.f - 2.f / (exp(2.f * a) + 1.f);
  return std::copysign(a < 0.625f ? near : far, x);
}

[[gnu::always_inline]] inline float sigmoid(float x) { return 1.f / (1.f + exp(-x)); }

/// ln(1 + e^x).
[[gnu::always_inline]] inline float softplus(float x) { return (x > 0.f ? x : 0.f) + log1p(exp(-std::fabs(x))); }

/// d softplus(x) / dx = 1 - e^-y in a form that keeps its digits for small y = softplus(x).
[[gnu::always_inline]] inline float softplus_slope(float y) { return tanh(0.5f * y) * (1.f + exp(-y)); }

}  // namespace fast
}  // namespace proxon
