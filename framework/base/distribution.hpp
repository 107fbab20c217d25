// A value that may vary from one neuron or synapse to the next: a constant, or a distribution to draw it from, and for synapses how it
// changes with the distance between the two neurons. Plain data, so that it can be a parameter. Used for synaptic weights, delays, initial
// states.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "proxon/base/random.hpp"

namespace proxon {

enum class DistributionKind : uint32_t { constant, normal, lognormal, uniform, exponential, gamma };

inline constexpr const char* distribution_names[] = {"constant", "normal", "lognormal", "uniform", "exponential", "gamma"};

/// What distance x (um) makes of a drawn value v: linear: v + slope x; exponential: v exp(-x / length); gaussian: v exp(-x^2 / 2 length^2).
enum class DistanceLaw : uint32_t { none, linear, exponential, gaussian };

inline constexpr const char* distance_law_names[] = {"none", "linear", "exponential", "gaussian"};

/// In an experiment file: 0.1, or { distribution = "normal", mean = 0.1, std = 0.02, low = 0 }.
struct Distribution {
  DistributionKind kind = DistributionKind::constant;
  double mean = 0;                                        ///< constant: the value; lognormal: mean of the values, not of their logs
  double std = 0;                                         ///< standard deviation of the values before truncation; exponential: unused
  double low = -std::numeric_limits<double>::infinity();  ///< uniform: begin; else: values below are drawn again
  double high = std::numeric_limits<double>::infinity();  ///< uniform: end; else: values above are drawn again
  DistanceLaw law = DistanceLaw::none;
  double scale = 0;                                       ///< of the law: the slope (unit / um) or the length (um)

  /// Whether it gives more than one value.
  constexpr bool varies() const { return kind != DistributionKind::constant || law != DistanceLaw::none; }
  static constexpr Distribution constant(double value) { return {.mean = value}; }
};

/// The value at a distance (um) of which `drawn` was drawn.
inline double at_distance(const Distribution& d, double drawn, double distance) {
  switch (d.law) {
    case DistanceLaw::none: return drawn;
    case DistanceLaw::linear: return drawn + d.scale * distance;
    case DistanceLaw::exponential: return drawn * std::exp(-distance / d.scale);
    case DistanceLaw::gaussian: return drawn * std::exp(-distance * distance / (2 * d.scale * d.scale));
  }
  return drawn;
}

namespace detail {
/// Gamma of unit scale (Marsaglia & Tsang 2000, doi:10.1145/358407.358414).
inline double sample_gamma(double shape, Stream& stream) {
  if (shape < 1) return sample_gamma(shape + 1, stream) * std::pow(1.0 - stream.uniform(), 1 / shape);
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = stream.normal(), root = 1 + c * x, v = root * root * root;
    if (v <= 0) continue;
    if (std::log(1.0 - stream.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

/// One draw without bounds; |mean| is drawn for the kinds that have one sign.
inline double sample_unbounded(const Distribution& d, Stream& stream) {
  const double size = std::fabs(d.mean);
  switch (d.kind) {
    case DistributionKind::constant: return d.mean;
    case DistributionKind::uniform: return d.low + (d.high - d.low) * stream.uniform();
    case DistributionKind::normal: return d.mean + d.std * stream.normal();
    case DistributionKind::lognormal: {
      const double variance = std::log1p(d.std * d.std / (d.mean * d.mean));
      return std::copysign(std::exp(std::log(size) - variance / 2 + std::sqrt(variance) * stream.normal()), d.mean);
    }
    case DistributionKind::exponential: return d.mean * stream.exponential();
    case DistributionKind::gamma:
      if (!(d.std > 0)) return d.mean;
      return std::copysign(sample_gamma(d.mean * d.mean / (d.std * d.std), stream) * d.std * d.std / size, d.mean);
  }
  return d.mean;
}
}  // namespace detail

/// One draw. Truncation is by rejection, so that the shape inside the bounds is kept (at most 1,000 draws, then the nearest bound).
inline double sample(const Distribution& d, Stream& stream) {
  double value = detail::sample_unbounded(d, stream);
  if (d.kind == DistributionKind::constant || d.kind == DistributionKind::uniform) return value;
  for (int attempt = 1; attempt < 1000 && !(value >= d.low && value <= d.high); ++attempt) value = detail::sample_unbounded(d, stream);
  return std::clamp(value, d.low, d.high);
}

}  // namespace proxon
