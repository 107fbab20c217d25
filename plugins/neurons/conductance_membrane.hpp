// The leaky membrane behind two conductances that decay exponentially: what iaf_cond_exp and iaf_cond_exp_adaptive_threshold share. Conductances
// exactly, the potential by the Magnus series of order 4 (see commutator()).
#pragma once
#include <cmath>
#include <proxon/plugin/integrate.hpp>
#include <proxon/plugin/neuron.hpp>

namespace proxon {

/// The parameters of the membrane, of any struct that has them.
template <class P>
constexpr auto membrane_fields() {
  return std::tuple{field<&P::V_reset>("mV", "potential after a spike, below V_th"),
                    field<&P::t_ref>("ms", "refractory period", at_least(0)),
                    field<&P::g_L>("nS", "leak conductance", above(0)),
                    field<&P::C_m>("pF", "capacitance of the membrane", above(0)),
                    field<&P::E_L>("mV", "reversal potential of the leak"),
                    field<&P::E_ex>("mV", "reversal potential of excitatory synapses"),
                    field<&P::E_in>("mV", "reversal potential of inhibitory synapses"),
                    field<&P::tau_syn_ex>("ms", "time constant of the excitatory conductance", above(0)),
                    field<&P::tau_syn_in>("ms", "time constant of the inhibitory conductance", above(0)),
                    field<&P::I_e>("pA", "constant input current")};
}

struct ConductanceInput {
  float ex, in, I;
  static constexpr auto fields() {
    using Input = ConductanceInput;
    return std::tuple{
        field<&Input::ex>("nS", "sum of the excitatory conductances that begin", excitatory),
        field<&Input::in>("nS", "sum of the inhibitory conductances that begin, as weights below 0", inhibitory),
        field<&Input::I>("pA", "current", current)};
  }
};

// V_m in double, since a step adds little to it; what it adds, and the conductances, need no more than a float's seven digits, and twice as many of
// them stand in a vector register.
struct ConductanceMembrane {
  // S_x: integral over a step of what 1 nS begins; K_x: half its commutator with the leak, K_x_in with g_in. D_x: from where V_m rests to the
  // reversal potential.
  double V_rest;
  float D_ex, D_in, P_ex, P_in, S_L, S_ex, S_in, K_ex, K_in, K_ex_in, per_I;
  int32_t refractory_steps;

  template <class P>
  ConductanceMembrane(const P& p, double dt)
      : V_rest(p.E_L + p.I_e / p.g_L),
        D_ex(static_cast<float>(p.E_ex - V_rest)),
        D_in(static_cast<float>(p.E_in - V_rest)),
        P_ex(static_cast<float>(std::exp(-dt / p.tau_syn_ex))),
        P_in(static_cast<float>(std::exp(-dt / p.tau_syn_in))),
        S_L(static_cast<float>(p.g_L / p.C_m * dt)),
        S_ex(static_cast<float>(-p.tau_syn_ex / p.C_m * std::expm1(-dt / p.tau_syn_ex))),
        S_in(static_cast<float>(-p.tau_syn_in / p.C_m * std::expm1(-dt / p.tau_syn_in))),
        per_I(static_cast<float>(1 / p.g_L)),
        refractory_steps(static_cast<int32_t>(std::lround(p.t_ref / dt))) {
    const auto leak = [&](double) { return p.g_L / p.C_m; };
    const auto ex = [&](double t) { return std::exp(-t / p.tau_syn_ex) / p.C_m; };
    const auto in = [&](double t) { return std::exp(-t / p.tau_syn_in) / p.C_m; };
    K_ex = static_cast<float>(0.5 * commutator(dt, leak, ex));
    K_in = static_cast<float>(0.5 * commutator(dt, leak, in));
    K_ex_in = static_cast<float>(0.5 * (p.E_in - p.E_ex) * commutator(dt, ex, in));
  }

  /// One step of a neuron that fires at `threshold`; S has V_m, g_ex, g_in and refractory.
  template <class S>
  [[gnu::always_inline]] bool step(S& s, const ConductanceInput& in, double threshold, double V_reset) const {
    const auto undriven = static_cast<float>(V_rest - s.V_m);
    const float to_rest = undriven + in.I * per_I, to_ex = undriven + D_ex, to_in = undriven + D_in;
    const float G_ex = s.g_ex * S_ex, G_in = s.g_in * S_in;
    const float driven = S_L * to_rest + G_ex * to_ex + G_in * to_in;
    const float correction = s.g_ex * (K_ex * (to_ex - to_rest) + s.g_in * K_ex_in) + s.g_in * (K_in * (to_in - to_rest));
    const double free = s.V_m + static_cast<double>(relaxation(S_L + G_ex + G_in) * (driven + correction));
    const double V = s.refractory > 0 ? s.V_m : free;
    const bool fires = V >= threshold;
    s.V_m = fires ? V_reset : V;
    s.g_ex = without_subnormals(s.g_ex * P_ex) + in.ex;
    s.g_in = without_subnormals(s.g_in * P_in) - in.in;
    s.refractory = fires ? refractory_steps : (s.refractory > 0 ? s.refractory - 1 : 0);
    return fires;
  }
};

}  // namespace proxon
