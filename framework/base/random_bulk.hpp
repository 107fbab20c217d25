// Random numbers for many entities at once: the counter-based generator of random.hpp in vector lanes, about a nanosecond a draw. Sixty-four
// neighbouring entities share sixteen blocks of 128 bits: entity i at step s gets word (i % 64) / 16 of
// random_block(key, 1 + 16 (i / 64) + i % 16, s), whatever range is asked for. Read by plugins: standard library only.
#pragma once
#include <algorithm>
#ifdef __AVX2__
#include <immintrin.h>
#endif

#include "proxon/base/random.hpp"

namespace proxon {
namespace detail {

// A word of a block stands in the low half of a 64-bit lane; what is in the high half does not matter.
#ifdef __AVX512F__
inline constexpr int lanes = 8;
#else
inline constexpr int lanes = 4;
#endif
using Lanes = uint64_t __attribute__((vector_size(8 * lanes)));
using HalfLanes = uint32_t __attribute__((vector_size(4 * lanes)));

/// Products of the low halves.
[[gnu::always_inline]] inline Lanes multiply_low(Lanes a, Lanes b) {
#if defined(__AVX512F__)
  return reinterpret_cast<Lanes>(_mm512_maskz_mul_epu32(0xFF, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
  return reinterpret_cast<Lanes>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#else
  return (a & 0xFFFFFFFFu) * b;
#endif
}

/// Random bits of the entities [64 group, 64 group + 64).
inline void fill_group(const Key& key, int64_t group, int64_t step, uint32_t* bits) {
  constexpr int blocks = 16, parts = blocks / lanes;
  const Block first = counter_of(key, static_cast<uint64_t>(1 + blocks * group), static_cast<uint64_t>(step), 0);
  auto [key0, key1] = philox_key(key);
  const Lanes factor0 = Lanes{} + 0xD2511F53u, factor1 = Lanes{} + 0xCD9E8D57u;
  Lanes number{}, c0[parts], c1[parts], c2[parts], c3[parts];
  for (int l = 0; l < lanes; ++l) number[l] = static_cast<uint64_t>(l);
  for (int p = 0; p < parts; ++p) {
    c0[p] = number + (first[0] + static_cast<uint32_t>(p * lanes));
    c1[p] = Lanes{} + first[1], c2[p] = Lanes{} + first[2], c3[p] = Lanes{} + first[3];
  }
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
#pragma GCC unroll 4
    for (int p = 0; p < parts; ++p) {
      const Lanes product0 = multiply_low(c0[p], factor0), product1 = multiply_low(c2[p], factor1);
      c0[p] = (product1 >> 32) ^ c1[p] ^ key0, c1[p] = product1;
      c2[p] = (product0 >> 32) ^ c3[p] ^ key1, c3[p] = product0;
    }
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  auto put = [&](int word, int part, Lanes c) {
    const HalfLanes low = __builtin_convertvector(c, HalfLanes);
    __builtin_memcpy(bits + word * blocks + part * lanes, &low, sizeof low);
  };
#pragma GCC unroll 4
  for (int p = 0; p < parts; ++p) put(0, p, c0[p]), put(1, p, c1[p]), put(2, p, c2[p]), put(3, p, c3[p]);
}

}  // namespace detail

/// Calls body(bits, i0, n) for runs of up to 64 entities that cover [begin, end): bits[k] are the 32 random bits of entity i0 + k.
template <class Body>
void for_random_bits(const Key& key, int64_t step, int32_t begin, int32_t end, Body&& body) {
  alignas(64) uint32_t bits[64];
  for (int32_t group = begin / 64; group * 64 < end; ++group) {
    detail::fill_group(key, group, step, bits);
    const int32_t first = std::max(begin, group * 64), last = std::min(end, group * 64 + 64);
    body(bits + (first - group * 64), first, last - first);
  }
}

/// Poisson counts of the entities [begin, end), by inversion of a table: probabilities are exact to 2^-32 up to a mean of 500, above it
/// every entity draws from its own Stream.
inline void fill_poisson(const Key& key, int64_t step, int32_t begin, int32_t end, double mean, float* count) {
  if (!(mean > 0)) {
    std::fill_n(count, end - begin, 0.f);
    return;
  }
  if (mean > 500) {
    for (int32_t i = begin; i < end; ++i)
      count[i - begin] = static_cast<float>(Stream(key, static_cast<uint64_t>(i) + 1, static_cast<uint64_t>(step)).poisson(mean));
    return;
  }

  // The table: a draw u of 32 bits means the number of thresholds 2^32 P(count <= k) that it reaches. The first `sure` are 0.
  uint32_t threshold[512];
  int32_t sure = 0, n = 0;
  double probability = std::exp(-mean), sum = probability;
  for (int32_t k = 0; k < 4096; ++k) {
    const double scaled = sum * 0x1p32 + 0.5;
    if (scaled >= 0x1p32 || n == 512) break;
    if (scaled < 1)
      ++sure;
    else
      threshold[n++] = static_cast<uint32_t>(scaled);
    probability *= mean / (k + 1);
    sum += probability;
  }

  alignas(64) int32_t reached[64];
  for_random_bits(key, step, begin, end, [&](const uint32_t* bits, int32_t first, int32_t size) {
    for (int32_t& r : reached) r = sure;
    for (int32_t k = 0; k < n; ++k) {
      const uint32_t t = threshold[k];
      for (int32_t i = 0; i < size; ++i) reached[i] += bits[i] >= t;
    }
    for (int32_t i = 0; i < size; ++i) count[first - begin + i] = static_cast<float>(reached[i]);
  });
}

}  // namespace proxon
