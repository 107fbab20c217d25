// Leaky integrate-and-fire units: what they do in a step, and its way back through a surrogate for the slope of a spike. All arrays have a number a unit.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

namespace proxon {

struct SpikingUnit {
  enum Surrogate { fast_sigmoid, arctan, piecewise_linear, exponential };

  Surrogate surrogate;
  bool graded;  // units give the surrogate's course in place of spikes
  float slope;

  /// `units` units of one sample at one step: `v` holds what comes in; v_before is null at the first step.
  void step(int64_t units, const float* threshold, const float* decay, const float* v_before, const float* s_before, float* __restrict v,
            float* __restrict spikes) const {
    if (v_before)
      for (int64_t k = 0; k < units; ++k) v[k] = decay[k] * v_before[k] + v[k] - threshold[k] * s_before[k];
    if (graded)
      for (int64_t k = 0; k < units; ++k) spikes[k] = course_at(v[k] - threshold[k]);
    else
      for (int64_t k = 0; k < units; ++k) spikes[k] = v[k] > threshold[k] ? 1.f : 0.f;
  }

  /// Turns the potentials of one sample at one step into their errors: d v = decay d v(t+1) + h (d s - theta d v(t+1)).
  void step_back(int64_t units, const float* threshold, const float* decay, const float* v_before, const float* s_before, const float* error,
                 const float* from_later, float* later, float* v, float* tau_sum, float* threshold_sum) const {
    const auto loop = [&]<Surrogate kind>() {
#pragma GCC ivdep
      for (int64_t k = 0; k < units; ++k) {
        const float h = slope_at<kind>(v[k] - threshold[k]);
        const float ds = (error[k] + from_later[k]) - threshold[k] * later[k];
        const float dv = decay[k] * later[k] + h * ds;
        tau_sum[k] += dv * v_before[k];
        threshold_sum[k] -= h * ds + dv * s_before[k];
        later[k] = dv;
        v[k] = dv;
      }
    };
    switch (surrogate) {
      case fast_sigmoid: return loop.template operator()<fast_sigmoid>();
      case arctan: return loop.template operator()<arctan>();
      case piecewise_linear: return loop.template operator()<piecewise_linear>();
      case exponential: return loop.template operator()<exponential>();
    }
  }

 private:
  /// The surrogate's slope at v - threshold, and its course, which rises from 0 to 1 (fast_sigmoid, arctan) or as far as its slope reaches.
  template <Surrogate kind>
  [[gnu::always_inline]] float slope_at(float distance) const {
    const float u = std::fabs(slope * distance);
    if constexpr (kind == fast_sigmoid) return slope / ((1 + u) * (1 + u));
    if constexpr (kind == arctan) return slope / (1 + u * u);
    if constexpr (kind == piecewise_linear) return slope * (u < 1 ? 1 - u : 0.f);
    return slope * quick_exp(-u);
  }
  float course_at(float distance) const {
    const float u = slope * distance, a = std::fabs(u);
    switch (surrogate) {
      case fast_sigmoid: return u / (1 + a);
      case arctan: return std::atan(u);
      case piecewise_linear: return std::copysign(a < 1 ? a - a * a / 2 : 0.5f, u);
      case exponential: return std::copysign(1 - std::exp(-a), u);
    }
    return 0;
  }
  /// e^x for x <= 0 (Schraudolph's form with a polynomial; 1e-4), without a call that keeps a loop from being vectorised.
  static float quick_exp(float x) {
    const float y = std::max(x, -80.f) * 1.44269504f;
    const float whole = float(int(y - 0.5f));
    const float f = y - whole;  // in (-1, 1)
    const float p = 1 + f * (0.69314718f + f * (0.24022651f + f * (0.05550411f + f * (0.00961813f + f * 0.00133336f))));
    const int32_t bits = (int32_t(whole) + 127) << 23;
    float scale;
    __builtin_memcpy(&scale, &bits, 4);
    return p * scale;
  }
};

}  // namespace proxon
