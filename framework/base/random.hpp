// Random numbers that do not depend on threads: every draw is a pure function of (seed, purpose, entity, step, index).
//
// Generator: Philox 4x32-10, counter based (Salmon, Moraes, Dror & Shaw 2011, doi:10.1145/2063384.2063405). The key is
// (seed, purpose), the counter is (entity, step, block): nothing is stored, nothing is shared, nothing has to be skipped.
// Distributions are ours, so that they do not change with a standard library.
//
//   Key key{seed, purpose("poisson_generator")};
//   double u = uniform(key, neuron, step);         // one draw
//   Stream stream(key, neuron, step);              // as many as needed
//   double v = stream.normal(), w = stream.uniform();
//
// This header is read by plugins: no dependency but the standard library.
#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace proxon {

/// A number for a purpose's name (FNV-1a): two purposes never share their draws.
constexpr uint32_t purpose(std::string_view name) {
  uint32_t hash = 2166136261u;
  for (char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619u;
  return hash;
}

/// What a family of draws is keyed by. `seed` is the run's; `purpose` tells what the draws are for.
struct Key {
  uint64_t seed = 0;
  uint32_t purpose = 0;
  uint32_t salt = 0;  ///< tells apart things of one purpose: the projection, the stimulus, the layer

  /// The same purpose for the n-th thing of its sort.
  constexpr Key with(uint32_t n) const { return {seed, purpose, salt * 0x9E3779B1u + n + 1}; }
};

using Block = std::array<uint32_t, 4>;

/// Philox 4x32-10: ten rounds over a 128-bit counter with a 64-bit key.
constexpr Block philox(Block counter, uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53u} * counter[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key0, static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key1, static_cast<uint32_t>(product0)};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return counter;
}

namespace detail {
/// 40 bits of entity, 48 bits of step, 32 bits of index and 8 bits of the purpose fill the counter's 128 bits.
constexpr Block counter_of(const Key& key, uint64_t entity, uint64_t step, uint32_t index) {
  return {static_cast<uint32_t>(entity), static_cast<uint32_t>(step), index,
          static_cast<uint32_t>(entity >> 32 & 0xFF) | static_cast<uint32_t>(step >> 32 & 0xFFFF) << 8 | key.purpose << 24};
}
constexpr std::array<uint32_t, 2> philox_key(const Key& key) {
  return {static_cast<uint32_t>(key.seed) ^ key.purpose, static_cast<uint32_t>(key.seed >> 32) ^ (key.salt * 0x85EBCA6Bu)};
}
}  // namespace detail

/// The block of 128 random bits number `index` of an entity at a step.
constexpr Block random_block(const Key& key, uint64_t entity, uint64_t step, uint32_t index = 0) {
  const auto [key0, key1] = detail::philox_key(key);
  return philox(detail::counter_of(key, entity, step, index), key0, key1);
}

/// 53 random bits as a double in [0, 1).
constexpr double to_uniform(uint32_t high, uint32_t low) {
  return static_cast<double>((uint64_t{high} << 32 | low) >> 11) * 0x1.0p-53;
}

/// One draw from [0, 1).
constexpr double uniform(const Key& key, uint64_t entity, uint64_t step) {
  const Block block = random_block(key, entity, step);
  return to_uniform(block[0], block[1]);
}

/// One draw from the standard normal distribution (Box & Muller 1958, doi:10.1214/aoms/1177706645).
inline double normal(const Key& key, uint64_t entity, uint64_t step) {
  const Block block = random_block(key, entity, step);
  const double radius = std::sqrt(-2.0 * std::log(1.0 - to_uniform(block[0], block[1])));
  return radius * std::cos(6.283185307179586 * to_uniform(block[2], block[3]));
}

/// As many draws as one asks for, from one (key, entity, step). Cheap to make; keeps no global state.
class Stream {
 public:
  constexpr Stream(const Key& key, uint64_t entity, uint64_t step = 0) : key_(key), entity_(entity), step_(step) {}

  /// 32 random bits.
  constexpr uint32_t bits() {
    if (used_ == 4) block_ = random_block(key_, entity_, step_, index_++), used_ = 0;
    return block_[used_++];
  }
  /// In [0, 1).
  constexpr double uniform() {
    const uint32_t high = bits();
    return to_uniform(high, bits());
  }
  /// In {0, ..., n - 1}, without bias (Lemire 2019, doi:10.1145/3230636). n > 0.
  constexpr uint32_t below(uint32_t n) {
    uint64_t product = uint64_t{bits()} * n;
    if (static_cast<uint32_t>(product) < n) {
      const uint32_t threshold = (0u - n) % n;
      while (static_cast<uint32_t>(product) < threshold) product = uint64_t{bits()} * n;
    }
    return static_cast<uint32_t>(product >> 32);
  }
  /// Standard normal.
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
  }
  /// Exponential with mean 1.
  double exponential() { return -std::log(1.0 - uniform()); }
  /// Number of events with the given mean: inversion below 30, above it PTRS (Hormann 1993, doi:10.1016/0167-6687(93)90997-4).
  int64_t poisson(double mean);
  /// Number of successes among n trials of probability p, counted by their waiting times: exact, and O(n min(p, 1 - p)).
  int64_t binomial(int64_t n, double p);

 private:
  Key key_;
  uint64_t entity_, step_;
  uint32_t index_ = 0;
  uint32_t used_ = 4;
  Block block_{};
};

/// Every order equally likely (Fisher & Yates); fewer than 2^32 values.
template <class T>
void shuffle(std::vector<T>& values, Stream stream) {
  for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[stream.below(static_cast<uint32_t>(i))]);
}

/// ln Gamma(x) for x > 0. (std::lgamma keeps a sign in a variable that all threads share.)
inline double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

inline int64_t Stream::poisson(double mean) {
  if (!(mean > 0)) return 0;
  if (mean < 30) {
    const double limit = std::exp(-mean);
    double probability = limit, u = uniform();
    int64_t count = 0;
    while (u >= probability && count < 1000) {
      u -= probability;
      probability *= mean / static_cast<double>(++count);
    }
    return count;
  }
  const double b = 0.931 + 2.53 * std::sqrt(mean), a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), v_r = 0.9277 - 3.6224 / (b - 2);
  while (true) {
    const double u = uniform() - 0.5, v = uniform();
    const double us = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= v_r) return static_cast<int64_t>(k);
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b) <= k * std::log(mean) - mean - log_gamma(k + 1))
      return static_cast<int64_t>(k);
  }
}

inline int64_t Stream::binomial(int64_t n, double p) {
  if (n <= 0 || !(p > 0)) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - binomial(n, 1 - p);
  const double scale = 1.0 / std::log1p(-p);
  int64_t count = 0;
  double position = 0;
  while (true) {
    position += std::floor(std::log(1.0 - uniform()) * scale) + 1;
    if (position > static_cast<double>(n)) return count;
    ++count;
  }
}

}  // namespace proxon
