// Numerical methods for neuron models, written once: a Runge-Kutta step of order 4, the exact-in-the-conductances step of a membrane with
// decaying conductances (Magnus, order 4), the propagators of the linear models, and exponentials that the compiler can put into vector
// registers. All are branch-free and built of single IEEE operations, so that a vector lane and a scalar give the same bits
// (docs/decisions/equal_to_the_bit.md); those of the C library do not vectorise under that rule.
//
// Sources: Magnus 1954, doi:10.1002/cpa.3160070404; Rotter & Diesmann 1999, doi:10.1007/s004220050570; Press et al., Numerical Recipes 17.1.
// This header is read by plugins: no dependency but the standard library.
#pragma once
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace proxon {

namespace detail {

/// x = k ln 2 + r with |r| <= ln 2 / 2: gives 2^k and exp(r) - 1.
struct Reduced {
  double power, rest;
};
[[gnu::always_inline]] inline Reduced reduce(double x) {
  // Keep 2^k a normal number.
  x = x < -708 ? -708 : x;
  x = x > 709 ? 709 : x;
  // Adding 1.5 * 2^52 rounds to a whole number, which then stands in the lowest bits.
  constexpr double shift = 0x1.8p52;
  const double shifted = x * 1.4426950408889634 + shift;
  const double k = shifted - shift;
  const double r = (x - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33;
  const double power = std::bit_cast<double>((std::bit_cast<uint64_t>(shifted) + 1023) << 52);
  // Taylor to r^13, in pairs so that little has to wait: what is left is below 2^-57.
  const double r2 = r * r, r4 = r2 * r2;
  const double a0 = 0.5 + r * (1.0 / 6), a1 = 1.0 / 24 + r * (1.0 / 120), a2 = 1.0 / 720 + r * (1.0 / 5040);
  const double a3 = 1.0 / 40320 + r * (1.0 / 362880), a4 = 1.0 / 3628800 + r * (1.0 / 39916800), a5 = 1.0 / 479001600 + r * (1.0 / 6227020800);
  const double p = ((a0 + r2 * a1) + r4 * (a2 + r2 * a3)) + (r4 * r4) * (a4 + r2 * a5);
  return {power, r + r2 * p};
}

}  // namespace detail

/// exp(x) to 2 units in the last place; arguments are cut to [-708, 709].
[[gnu::always_inline]] inline double exponential(double x) {
  const detail::Reduced e = detail::reduce(x);
  return e.power + e.power * e.rest;
}

/// x / (1 - exp(-x)) where e = exp(-x) is already known; 1 at x = 0. The rate of Hodgkin & Huxley's gates.
[[gnu::always_inline]] inline double linoid(double x, double e) {
  const double near = 1 + x * (0.5 + x * (1.0 / 12));
  const double denominator = 1 - e;
  const bool small = x < 1e-4 && x > -1e-4;
  return small ? near : x / (small ? 1 : denominator);
}

/// (1 - exp(-B)) / B for B >= 0, with exp(B) cut after B^7 / 7!: relative error below B^8 / 8!, and for every B between 0 and 1 / B, so that
/// a membrane never overshoots what it relaxes to.
template <class Real>
[[gnu::always_inline]] inline Real relaxation(Real B) {
  Real R = Real(1.0 / 5040);
  R = R * B + Real(1.0 / 720);
  R = R * B + Real(1.0 / 120);
  R = R * B + Real(1.0 / 24);
  R = R * B + Real(1.0 / 6);
  R = R * B + Real(0.5);
  R = R * B + Real(1);
  return R / (Real(1) + B * R);
}

/// x, or 0 where it is so small that processors would calculate with it slowly: what decays arrives there.
[[gnu::always_inline]] inline float without_subnormals(float x) { return x > 1e-30f || x < -1e-30f ? x : 0.f; }

/// One step h of y' = f(y, s) by the classical Runge-Kutta method of order 4; s is the part of the step that has passed: 0, 1/2 or 1.
template <size_t N, class F>
[[gnu::always_inline]] inline std::array<double, N> runge_kutta_4(const std::array<double, N>& y, double h, F&& f) {
  auto moved = [&](double by, const std::array<double, N>& slope) {
    std::array<double, N> z;
    for (size_t i = 0; i < N; ++i) z[i] = y[i] + by * slope[i];
    return z;
  };
  const std::array<double, N> k1 = f(y, 0.0);
  const std::array<double, N> k2 = f(moved(h / 2, k1), 0.5);
  const std::array<double, N> k3 = f(moved(h / 2, k2), 0.5);
  const std::array<double, N> k4 = f(moved(h, k3), 1.0);
  std::array<double, N> z;
  for (size_t i = 0; i < N; ++i) z[i] = y[i] + h / 6 * ((k1[i] + k4[i]) + 2 * (k2[i] + k3[i]));
  return z;
}

/// What a current that decays with tau_syn leaves on a membrane (tau_m) after h, per unit of current and 1 / C_m:
/// the integral over s of exp(-(h - s) / tau_m) exp(-s / tau_syn), in a form that holds for equal time constants too.
inline double exponential_onto_membrane(double tau_m, double tau_syn, double h) {
  const double difference = h / tau_syn - h / tau_m;
  return h * std::exp(-h / tau_m) * (difference == 0 ? 1 : -std::expm1(-difference) / difference);
}

/// The same for a current s exp(-s / tau_syn): what the slope of an alpha function leaves.
inline double alpha_onto_membrane(double tau_m, double tau_syn, double h) {
  // h^2 exp(-h / tau_m) (1 - (1 + d) exp(-d)) / d^2 with d = h / tau_syn - h / tau_m; by its series where that cancels.
  const double d = h / tau_syn - h / tau_m;
  double value = (1 - (1 + d) * std::exp(-d)) / (d * d);
  if (std::fabs(d) < 0.5) {
    double term = 1;
    value = 0;
    for (int n = 0; n < 18; ++n, term *= -d / n) value += term / (n + 2);
  }
  return h * h * std::exp(-h / tau_m) * value;
}

/// A membrane under conductances that decay: V' = sum_j s_j(t) (e_j - V), with s_j = g_j(t) / C_m. Over a step h its solution is
/// V + relaxation(B) (A + c - B V), B = sum_j S_j, A = sum_j S_j e_j, with S_j the integral of s_j over the step and
/// c = 1/2 sum_{j<k} (e_k - e_j) commutator(s_j, s_k): the Magnus series to order 4, exact for constant conductances.
/// This is the integral over 0 < t2 < t1 < h of f(t2) g(t1) - f(t1) g(t2), by Gauss and Legendre with 8 points each way.
template <class F, class G>
double commutator(double h, F&& f, G&& g) {
  constexpr std::array node{0.1834346424956498, 0.5255324099163290, 0.7966664774136267, 0.9602898564975363};
  constexpr std::array weight{0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763};
  auto integral = [&](double end, auto&& value) {
    double sum = 0;
    for (size_t i = 0; i < node.size(); ++i) sum += weight[i] * (value(end / 2 * (1 - node[i])) + value(end / 2 * (1 + node[i])));
    return sum * end / 2;
  };
  return integral(h, [&](double t) { return g(t) * integral(t, f) - f(t) * integral(t, g); });
}

}  // namespace proxon
