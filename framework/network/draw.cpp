// Drawing many values at once. Chunks of 2^16 synapses are the unit of parallel work; synapse k of a chunk c gets word
// k of for_random_bits(key, c). Normal values come from Box & Muller's transform in vector lanes; delays, which can
// only be multiples of the time step, from the table of their distribution function.
#include "proxon/network/draw.hpp"

#include <atomic>
#include <bit>
#include <boost/math/special_functions/gamma.hpp>
#include <cstring>

#include "proxon/base/random_bulk.hpp"
#include "proxon/base/ranks.hpp"
#include "proxon/base/threads.hpp"

namespace proxon {
namespace {

constexpr int64_t chunk_size = 1 << 16;

/// ln(u) for u in (0, 1], to two units in the last place: u = 2^e m with m in [sqrt(1/2), sqrt(2)), ln(m) by its series
/// in (m - 1) / (m + 1).
inline float log_of(float u) {
  int32_t bits;
  std::memcpy(&bits, &u, sizeof bits);
  const int32_t e = (bits - 0x3F3504F3) >> 23;
  bits -= e << 23;
  float m;
  std::memcpy(&m, &bits, sizeof m);
  const float s = (m - 1) / (m + 1), s2 = s * s;
  return static_cast<float>(e) * 0.69314718f + 2 * s * (1 + s2 * (1 / 3.f + s2 * (1 / 5.f + s2 * (1 / 7.f + s2 / 9))));
}

/// 64 standard normal values of 64 words: two of each pair (radius from 31 bits, so that none is beyond 6.7; angle from
/// 32).
inline void normal_of_bits(const uint32_t* bits, float* z) {
  for (int i = 0; i < 32; ++i) {
    const float u = (static_cast<float>(static_cast<int32_t>(bits[i] >> 1)) + 0.5f) * 0x1p-31f;
    const float radius = std::sqrt(-2 * log_of(u));
    // The angle: a quarter of the circle, and within it -pi/4 to pi/4.
    const uint32_t b = bits[i + 32], quarter = b >> 30;
    const float a = ((static_cast<float>(static_cast<int32_t>(b & 0x3FFFFFFF)) + 0.5f) * 0x1p-30f - 0.5f) * 1.57079633f,
                a2 = a * a;
    const float sine = a * (1 - a2 / 6 * (1 - a2 / 20 * (1 - a2 / 42 * (1 - a2 / 72))));
    const float cosine = 1 - a2 / 2 * (1 - a2 / 12 * (1 - a2 / 30 * (1 - a2 / 56 * (1 - a2 / 90))));
    const float x = quarter & 1 ? sine : cosine, y = quarter & 1 ? cosine : sine;
    z[i] = quarter == 1 || quarter == 2 ? -radius * x : radius * x;
    z[i + 32] = quarter >= 2 ? -radius * y : radius * y;
  }
}

/// body(k, z) for each synapse k of [begin, end), z standard normal.
template <class Body>
void for_normals(const Key& key, int64_t begin, int64_t end, Body&& body) {
  const auto padded = static_cast<int32_t>((end - begin + 63) / 64 * 64);
  alignas(64) float z[64];
  for_random_bits(key, begin / chunk_size, 0, padded, [&](const uint32_t* bits, int32_t first, int32_t) {
    normal_of_bits(bits, z);
    const int64_t at = begin + first, n = std::min<int64_t>(64, end - at);
    for (int64_t i = 0; i < n; ++i) body(at + i, z[i]);
  });
}

/// values[k - begin] for the synapses k in [begin, end) of one chunk, without the law of distance.
void draw_chunk(const Distribution& d, const Key& key, int64_t begin, int64_t end, float* values) {
  auto alone = [&](int64_t k) {
    Stream stream(key.with(1), static_cast<uint64_t>(k));
    return static_cast<float>(sample(d, stream));
  };
  const float mean = static_cast<float>(d.mean), std = static_cast<float>(d.std);
  switch (d.kind) {
    case DistributionKind::constant:
      std::fill(values, values + (end - begin), mean);
      return;
    case DistributionKind::normal: {
      for_normals(key, begin, end, [&](int64_t k, float z) { values[k - begin] = mean + std * z; });
      if (std::isinf(d.low) && std::isinf(d.high)) return;
      for (int64_t k = begin; k < end; ++k)
        if (float& value = values[k - begin]; !(value >= d.low && value <= d.high)) value = alone(k);
      return;
    }
    default:
      for (int64_t k = begin; k < end; ++k) values[k - begin] = alone(k);
  }
}

/// P(value <= x) without bounds.
double probability_below(const Distribution& d, double x) {
  auto normal = [](double z) { return 0.5 * std::erfc(-z * 0.70710678118654752); };
  if (d.kind == DistributionKind::uniform) return std::clamp((x - d.low) / (d.high - d.low), 0.0, 1.0);
  if (d.kind == DistributionKind::normal) return d.std > 0 ? normal((x - d.mean) / d.std) : x >= d.mean;
  if (x <= 0) return 0;
  if (d.kind == DistributionKind::exponential) return -std::expm1(-x / d.mean);
  if (!(d.std > 0)) return x >= d.mean;
  const double variation = d.std * d.std / (d.mean * d.mean);
  if (d.kind == DistributionKind::gamma) return boost::math::gamma_p(1 / variation, x / (d.mean * variation));
  const double variance = std::log1p(variation);
  return normal((std::log(x / d.mean) + variance / 2) / std::sqrt(variance));
}

/// Multiples of dt and their probabilities, as a draw of 32 bits sees them: it means delay[number of thresholds that it
/// reaches].
struct DelayTable {
  std::vector<double> delay;
  std::vector<uint32_t> threshold;
};

/// k dt, as the number nearest to it where a millisecond is a whole number of steps (0.3, not 3 * 0.1).
double time_of(int64_t k, double dt) {
  const double per_ms = std::round(1 / dt);
  return per_ms >= 1 && std::fabs(per_ms * dt - 1) < 1e-12 ? static_cast<double>(k) / per_ms
                                                           : static_cast<double>(k) * dt;
}
int64_t nearest_step(double ms, double dt) { return std::max<int64_t>(1, std::llround(ms / dt)); }

/// Empty when more than 256 delays have a probability, or the bounds leave next to none.
DelayTable delay_table(const Distribution& d, double dt) {
  const double below = std::isinf(d.low) || d.kind == DistributionKind::uniform ? 0 : probability_below(d, d.low);
  const double within =
      (std::isinf(d.high) || d.kind == DistributionKind::uniform ? 1 : probability_below(d, d.high)) - below;
  if (!(within > 1e-6)) return {};
  auto scaled = [&](int64_t k) {
    const double edge = (static_cast<double>(k) + 0.5) * dt;
    if (edge >= d.high) return 0x1p32;
    return edge < d.low ? 0 : std::clamp((probability_below(d, edge) - below) / within, 0.0, 1.0) * 0x1p32 + 0.5;
  };
  // The first delay: the smallest k whose threshold is not 0.
  int64_t low = 0, k = 1;
  while (scaled(k) < 1 && k < (int64_t{1} << 40)) low = k, k *= 2;
  while (k - low > 1) (scaled((low + k) / 2) < 1 ? low : k) = (low + k) / 2;

  DelayTable table;
  for (; table.delay.size() < 256; ++k) {
    table.delay.push_back(time_of(k, dt));
    const double limit = scaled(k);
    if (limit >= 0x1p32) return table;
    table.threshold.push_back(static_cast<uint32_t>(limit));
  }
  return {};
}

/// Calls use(k, drawn, source) for the synapses of `rows` whose numbers in the whole projection lie in [begin, end): k is the number in the rows,
/// `drawn` the place among the values of the chunk.
template <class Use>
void each_own(const SynapseRows& rows, int64_t begin, int64_t end, Use&& use) {
  // The last row that begins at or before `begin` is the first that may have such a synapse.
  int32_t i = 0;
  for (int32_t step = std::bit_floor(static_cast<uint32_t>(std::max(rows.sources, 1))); step > 0; step /= 2)
    if (i + step < rows.sources && rows.first_of(i + step) <= begin) i += step;
  for (; i < rows.sources && rows.first_of(i) < end; ++i) {
    const int64_t shift = rows.first_of(i) - rows.offset[i];
    const int64_t first = std::max(rows.offset[i], begin - shift), last = std::min(rows.offset[i + 1], end - shift);
    for (int64_t k = first; k < last; ++k) use(k, k + shift - begin, i);
  }
}

}  // namespace

std::vector<double> different_of_ranks(std::vector<double> mine) {
  Pack pack;
  pack.list(mine);
  for (const Bytes& bytes : share(pack.bytes())) {
    const auto theirs = Unpack(bytes).list<std::vector<double>>();
    mine = Delays::different(std::span<const double>(theirs), std::move(mine));
  }
  return mine;
}

void check_distribution(const Distribution& d, const char* what) {
  const std::string text = distribution_text(d);
  if (!std::isfinite(d.mean) || !std::isfinite(d.std) || d.std < 0 || std::isnan(d.low) || std::isnan(d.high) ||
      !std::isfinite(d.scale))
    fail("its {} {} is not made of finite numbers.", what, text);
  if (d.law > DistanceLaw::linear && !(d.scale > 0)) fail("its {} {} needs a length above 0.", what, text);
  if (d.kind == DistributionKind::constant) return;
  if (d.low > d.high) fail("its {} {} has low above high.", what, text);
  if (d.kind == DistributionKind::uniform && !(std::isfinite(d.low) && std::isfinite(d.high)))
    fail("its {} {} needs low and high.", what, text);
  const bool one_sign = d.kind == DistributionKind::lognormal || d.kind == DistributionKind::exponential ||
                        d.kind == DistributionKind::gamma;
  if (one_sign && d.mean == 0) fail("its {} {} needs a mean other than 0.", what, text);
}

void check_delay(const Distribution& d, double dt) {
  if (!d.varies() && (!(d.mean > 0) || std::isinf(d.mean)))
    fail("its delay is {} ms; it must be a finite number above 0.", d.mean);
  check_distribution(d, "delay");
  if (!d.varies() && dt > 0) {
    if (d.mean < dt * (1 - 1e-6)) fail("its delay is {} ms, shorter than the time step of {} ms.", d.mean, dt);
    if (std::fabs(d.mean / dt - std::round(d.mean / dt)) > 1e-4 + 2e-7 * d.mean / dt)
      fail(
          "its delay is {} ms, and must be a multiple of the time step of {} ms; drawn delays are rounded, a constant "
          "is not.",
          d.mean, dt);
  }
  if (!d.varies()) return;
  PROXON_CHECK(dt > 0, "delays are drawn, and build() was not told the time step");
  const double mean = d.kind == DistributionKind::uniform ? (d.low + d.high) / 2 : d.mean;
  if (d.law == DistanceLaw::none && mean < dt * (1 - 1e-6))
    fail("its delay {} has a mean of {} ms, shorter than the time step of {} ms.", distribution_text(d), mean, dt);
}

void draw_weights(const Distribution& distribution, const Key& key, const Space& space, SynapseRows& rows) {
  std::atomic<bool> finite = true;
  rows.weight.resize(rows.target.size());
  parallel_for(rows.whole, chunk_size, [&](int64_t begin, int64_t end) {
    thread_local Column<float> drawn(chunk_size);
    draw_chunk(distribution, key, begin, end, drawn.data());
    bool all = true;
    each_own(rows, begin, end, [&](int64_t k, int64_t at, int32_t source) {
      float weight = drawn[at];
      if (distribution.law != DistanceLaw::none)
        weight = static_cast<float>(at_distance(distribution, weight, space.distance(source, rows.target[k])));
      rows.weight[k] = weight;
      all &= std::isfinite(weight);
    });
    if (!all) finite = false;
  });
  if (!finite) fail("its weight {} gave a value that is not a finite float.", distribution_text(distribution));
}

void draw_delays(const Distribution& d, const Key& key, const Space& space, double dt, SynapseRows& rows) {
  if (!d.varies()) {
    rows.delay = d.mean;
    return;
  }

  // From the table, where distance has no say and the delays are few.
  if (d.law == DistanceLaw::none)
    if (DelayTable table = delay_table(d, dt); !table.delay.empty()) {
      if (table.delay.size() == 1) {
        rows.delay = table.delay[0];
        return;
      }
      Column<uint8_t> codes(rows.target.size());
      parallel_for(rows.whole, chunk_size, [&](int64_t begin, int64_t end) {
        thread_local Column<uint8_t> drawn(chunk_size);
        alignas(64) int32_t reached[64];
        for_random_bits(key, begin / chunk_size, 0, static_cast<int32_t>(end - begin),
                        [&](const uint32_t* bits, int32_t first, int32_t n) {
                          std::fill_n(reached, 64, 0);
                          for (const uint32_t threshold : table.threshold)
                            for (int32_t i = 0; i < 64; ++i) reached[i] += bits[i] >= threshold;
                          for (int32_t i = 0; i < n; ++i) drawn[first + i] = static_cast<uint8_t>(reached[i]);
                        });
        each_own(rows, begin, end, [&](int64_t k, int64_t at, int32_t) { codes[k] = drawn[at]; });
      });
      rows.delay = Delays(std::move(table.delay), std::move(codes));
      return;
    }

  // Else one by one.
  Column<float> each(rows.target.size());
  std::atomic<bool> finite = true;
  parallel_for(rows.whole, chunk_size, [&](int64_t begin, int64_t end) {
    thread_local Column<float> drawn(chunk_size);
    draw_chunk(d, key, begin, end, drawn.data());
    each_own(rows, begin, end, [&](int64_t k, int64_t at, int32_t source) {
      const double delay = d.law == DistanceLaw::none
                               ? double{drawn[at]}
                               : at_distance(d, drawn[at], space.distance(source, rows.target[k]));
      if (!(delay < 1e9)) finite = false;
      each[k] = static_cast<float>(time_of(nearest_step(std::min(delay, 1e9), dt), dt));
    });
  });
  if (!finite) fail("its delay {} gave a value that is not a finite time.", distribution_text(d));
  std::vector<double> table = different_of_ranks(Delays::different(std::span<const float>(each)));
  rows.delay = Delays::among(std::move(table), std::move(each));
}

}  // namespace proxon
