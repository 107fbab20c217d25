// As many floats as the processor works on at once, and the fused multiply-add that every product here is made of: a chain of them has the same
// bits in a vector and alone.
#pragma once
#if defined(__FMA__)
#include <immintrin.h>
#endif

namespace proxon {

#if defined(__AVX512F__)
inline constexpr int vector_width = 16;
#else
inline constexpr int vector_width = 8;
#endif
typedef float Vector [[gnu::vector_size(vector_width * sizeof(float))]];

template <class V = Vector>
inline V load(const float* from) {
  V v;
  __builtin_memcpy(&v, from, sizeof(v));
  return v;
}
template <class V>
inline void store(float* to, V v) {
  __builtin_memcpy(to, &v, sizeof(v));
}

inline Vector multiply_add(Vector a, Vector b, Vector c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__FMA__)
  return _mm256_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}

inline float multiply_add(float a, float b, float c) {
#if defined(__FMA__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

}  // namespace proxon
