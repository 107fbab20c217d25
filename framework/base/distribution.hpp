// A value that may vary from one neuron or synapse to the next: a constant, or a distribution to draw it from. Plain data, so
// that it can be a parameter. Used for synaptic weights, delays, initial states.
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>

#include "proxon/base/random.hpp"

namespace proxon {

enum class DistributionKind : uint32_t { constant, normal, lognormal, uniform };

/// In an experiment file: 0.1, or { distribution = "normal", mean = 0.1, std = 0.02, low = 0 }.
struct Distribution {
  DistributionKind kind = DistributionKind::constant;
  double mean = 0;                                        ///< constant: the value; lognormal: mean of the values, not of their logs
  double std = 0;                                         ///< standard deviation of the values before truncation
  double low = -std::numeric_limits<double>::infinity();  ///< uniform: begin; else: values below are drawn again
  double high = std::numeric_limits<double>::infinity();  ///< uniform: end; else: values above are drawn again

  static constexpr Distribution constant(double value) { return {.mean = value}; }
};

/// One draw. Truncation is by rejection, so that the shape inside the bounds is kept (at most 1,000 draws, then the nearest bound).
inline double sample(const Distribution& d, Stream& stream) {
  if (d.kind == DistributionKind::constant) return d.mean;
  if (d.kind == DistributionKind::uniform) return d.low + (d.high - d.low) * stream.uniform();
  const double log_variance = d.kind == DistributionKind::lognormal ? std::log1p(d.std * d.std / (d.mean * d.mean)) : 0;
  double value = 0;
  for (int attempt = 0; attempt < 1000; ++attempt) {
    value = d.kind == DistributionKind::normal
                ? d.mean + d.std * stream.normal()
                : std::copysign(std::exp(std::log(std::fabs(d.mean)) - log_variance / 2 + std::sqrt(log_variance) * stream.normal()), d.mean);
    if (value >= d.low && value <= d.high) return value;
  }
  return value < d.low ? d.low : d.high;
}

}  // namespace proxon
