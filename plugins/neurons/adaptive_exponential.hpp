// The adaptive exponential membrane that the aeif models share; they differ in their receptors. The exponential makes V_m run away to
// V_peak within microseconds, so steps of fixed length would be either slow or late: a step of the Runge-Kutta method
// is at most dt / substeps long, and shorter on the upswing, where it is a fixed part of the time in which the
// exponential current moves V_m by Delta_T. Both shrink with substeps, so the error of potentials and spike times falls
// with its fourth power. Within a step the reset takes effect at once, and the spike is stamped at the step's end, as
// in NEST.
#pragma once
#include <algorithm>
#include <cmath>
#include <proxon/plugin/integrate.hpp>
#include <proxon/plugin/neuron.hpp>
#include <stdexcept>

namespace proxon {

/// The parameters of the membrane, of any struct that has them.
template <class P>
constexpr auto membrane_fields() {
  return std::tuple{field<&P::V_peak>("mV", "potential at which a spike is cut off, above V_th"),
                    field<&P::V_reset>("mV", "potential after a spike, below V_peak"),
                    field<&P::t_ref>("ms", "refractory period", at_least(0)),
                    field<&P::g_L>("nS", "leak conductance", above(0)),
                    field<&P::C_m>("pF", "capacitance of the membrane", above(0)),
                    field<&P::E_L>("mV", "reversal potential of the leak"),
                    field<&P::Delta_T>("mV", "slope factor; 0 is a plain threshold at V_th", at_least(0)),
                    field<&P::tau_w>("ms", "time constant of the adaptation", above(0)),
                    field<&P::a>("nS", "subthreshold adaptation"),
                    field<&P::b>("pA", "what a spike adds to the adaptation"),
                    field<&P::V_th>("mV", "threshold of spike initiation"),
                    field<&P::I_e>("pA", "constant input current"),
                    field<&P::substeps>("1", "least number of steps of the method in a step of the simulation",
                                        at_least(1), at_most(10000))};
}

/// Of a neuron with the receptors ex and in.
struct AdaptiveExponentialParameters {
  double V_peak = 0;
  double V_reset = -60;
  double t_ref = 0;
  double g_L = 30;
  double C_m = 281;
  double E_L = -70.6;
  double Delta_T = 2;
  double tau_w = 144;
  double a = 4;
  double b = 80.5;
  double V_th = -50.4;
  double I_e = 0;
  int64_t substeps = 1;
  double E_ex = 0;
  double E_in = -85;
  double tau_syn_ex = 0.2;
  double tau_syn_in = 2;
  static constexpr auto fields() {
    using P = AdaptiveExponentialParameters;
    return std::tuple_cat(
        membrane_fields<P>(),
        std::tuple{field<&P::E_ex>("mV", "reversal potential of excitatory synapses"),
                   field<&P::E_in>("mV", "reversal potential of inhibitory synapses"),
                   field<&P::tau_syn_ex>("ms", "time constant of the excitatory conductance", above(0)),
                   field<&P::tau_syn_in>("ms", "time constant of the inhibitory conductance", above(0))});
  }
};

struct AdaptiveExponentialInput {
  float ex, in, I;
  static constexpr auto fields() {
    using Input = AdaptiveExponentialInput;
    return std::tuple{
        field<&Input::ex>("nS", "sum of the (peak) conductances that begin", excitatory),
        field<&Input::in>("nS", "sum of the (peak) conductances that begin, as weights below 0", inhibitory),
        field<&Input::I>("pA", "current", current)};
  }
};

/// A conductance and its slope; without alpha the slope stays 0.
struct DecayingConductance {
  double g, dg;
  /// What is left of it after h, with P = exp(-h / tau).
  DecayingConductance after(double h, double P) const { return {(g + dg * h) * P, dg * P}; }
};

/// The receptors ex and in.
struct TwoReceptors {
  struct Conductances {
    DecayingConductance ex, in;
  };
  /// What a while h leaves of them.
  struct Decay {
    double h, ex, in;
  };
  double E_ex, E_in, tau_ex, tau_in;

  explicit TwoReceptors(const AdaptiveExponentialParameters& p)
      : E_ex(p.E_ex), E_in(p.E_in), tau_ex(p.tau_syn_ex), tau_in(p.tau_syn_in) {}
  Decay decay(double h) const { return {h, exponential(-h / tau_ex), exponential(-h / tau_in)}; }
  Conductances after(const Decay& d, const Conductances& c) const {
    return {c.ex.after(d.h, d.ex), c.in.after(d.h, d.in)};
  }
  double current(const Conductances& c, double V) const { return c.ex.g * (E_ex - V) + c.in.g * (E_in - V); }
};

/// The membrane behind Receptors, a struct as TwoReceptors.
template <class Parameters, class Receptors>
struct AdaptiveExponential {
  using Conductances = typename Receptors::Conductances;
  Parameters p;
  Receptors receptors;
  double dt, longest, shortest, upswing, cut, per_C, per_tau_w, per_Delta_T, at_threshold;
  typename Receptors::Decay half_of_longest;
  int32_t refractory_steps;

  AdaptiveExponential(const Parameters& parameters, double step)
      : p(parameters),
        receptors(parameters),
        dt(step),
        longest(step / static_cast<double>(p.substeps)),
        shortest(longest / 4096),
        // Part of the time C / g_L exp(-(V - V_th) / Delta_T) in which the exponential current moves V by Delta_T.
        upswing(0.3 / static_cast<double>(p.substeps) * p.C_m / p.g_L),
        cut(p.Delta_T > 0 ? p.V_peak : p.V_th),
        per_C(1 / p.C_m),
        per_tau_w(1 / p.tau_w),
        per_Delta_T(p.Delta_T > 0 ? 1 / p.Delta_T : 0),
        at_threshold(p.g_L * p.Delta_T),
        half_of_longest(receptors.decay(longest / 2)),
        refractory_steps(static_cast<int32_t>(std::lround(p.t_ref / step))) {
    if (p.V_peak < p.V_th) throw std::invalid_argument("V_peak must not lie below V_th");
    if (p.V_reset >= cut) throw std::invalid_argument("V_reset must lie below V_peak (below V_th where Delta_T is 0)");
    // The exponential must not overflow, with room for what is computed from it.
    if (p.Delta_T > 0 && (p.V_peak - p.V_th) / p.Delta_T > 600)
      throw std::invalid_argument(
          "(V_peak - V_th) / Delta_T is above 600, where the exponential overflows: raise Delta_T or lower V_peak");
  }

  /// One step of the simulation; conductances are left as they are at its end, before what arrives there.
  bool step(double& V, double& w, int32_t& refractory, Conductances& g, double current) const {
    bool fired = false;
    for (double left = dt; left > 1e-9 * dt;) {
      const bool held = refractory > 0;
      const double lift = p.Delta_T > 0 ? exponential((V - p.V_th) * per_Delta_T) : 0;
      const double h = std::min(left, held || lift < 0.1 ? longest : std::clamp(upswing / lift, shortest, longest));
      const auto decay = h == longest ? half_of_longest : receptors.decay(h / 2);
      const Conductances g_half = receptors.after(decay, g), g_end = receptors.after(decay, g_half);
      const auto y = runge_kutta_4(std::array<double, 2>{V, w}, h, [&](const std::array<double, 2>& now, double part) {
        const double u = held ? p.V_reset : std::min(now[0], p.V_peak);
        const double synaptic = receptors.current(part == 0 ? g : part == 1 ? g_end : g_half, u);
        const double spike = at_threshold * exponential((u - p.V_th) * per_Delta_T);
        const double I = p.g_L * (p.E_L - u) + spike + synaptic - now[1] + p.I_e + current;
        return std::array<double, 2>{held ? 0 : I * per_C, (p.a * (u - p.E_L) - now[1]) * per_tau_w};
      });
      V = held ? p.V_reset : y[0];
      w = y[1];
      g = g_end;
      left -= h;
      if (held || V < cut) continue;
      // What is left of this step belongs to the refractory period too, and is not counted.
      fired = true;
      V = p.V_reset;
      w += p.b;
      refractory = refractory_steps > 0 ? refractory_steps + 1 : 0;
    }
    refractory -= refractory > 0;
    return fired;
  }
};

}  // namespace proxon
