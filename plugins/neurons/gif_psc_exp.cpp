#include <cmath>
#include <proxon/plugin/integrate.hpp>
#include <proxon/plugin/neuron.hpp>

using namespace proxon;

struct gif_psc_exp {
  static constexpr Documentation about{
      .summary = "Generalised integrate-and-fire neuron: fires at random, the more the closer to a threshold that "
                 "adapts; exponential synaptic currents.",
      .equation = "C_m dV_m/dt = -g_L (V_m - E_L) - I_stc + I_e + I + I_syn_ex + I_syn_in;  fires in a step with "
                  "probability 1 - exp(-lambda dt), lambda = lambda_0 exp((V_m - E_sfa) / Delta_V);  E_sfa = V_T_star "
                  "+ the sum of sfa_k, I_stc the sum of stc_k;  at a spike V_m = V_reset for t_ref, sfa_k += q_sfa_k, "
                  "stc_k += q_stc_k, which decay with tau_sfa_k and tau_stc_k.  Integrated exactly. Against NEST: up "
                  "to two adaptations of each sort, as numbers with a suffix (NEST: lists); the spike-triggered "
                  "current is integrated, not held during a step; and input acts from its arrival on (NEST: one step "
                  "earlier).",
      .reference = "Mensi et al. 2012, Journal of Neurophysiology 107:1756, doi:10.1152/jn.00408.2011; Pozzorini et "
                   "al. 2015, PLoS Computational Biology 11:e1004275, doi:10.1371/journal.pcbi.1004275"};

  struct Parameters {
    double g_L = 4;
    double E_L = -70;
    double C_m = 80;
    double V_reset = -55;
    double Delta_V = 0.5;
    double V_T_star = -35;
    double lambda_0 = 1;
    double t_ref = 4;
    double tau_syn_ex = 2;
    double tau_syn_in = 2;
    double I_e = 0;
    double tau_sfa_1 = 100;
    double q_sfa_1 = 0;
    double tau_sfa_2 = 100;
    double q_sfa_2 = 0;
    double tau_stc_1 = 100;
    double q_stc_1 = 0;
    double tau_stc_2 = 100;
    double q_stc_2 = 0;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::g_L>("nS", "leak conductance", above(0)),
                        field<&P::E_L>("mV", "reversal potential of the leak"),
                        field<&P::C_m>("pF", "capacitance of the membrane", above(0)),
                        field<&P::V_reset>("mV", "potential after a spike"),
                        field<&P::Delta_V>("mV", "how sharp the threshold is", above(0)),
                        field<&P::V_T_star>("mV", "threshold at rest"),
                        field<&P::lambda_0>("Hz", "rate of firing at the threshold", at_least(0)),
                        field<&P::t_ref>("ms", "refractory period", at_least(0)),
                        field<&P::tau_syn_ex>("ms", "time constant of the excitatory synaptic current", above(0)),
                        field<&P::tau_syn_in>("ms", "time constant of the inhibitory synaptic current", above(0)),
                        field<&P::I_e>("pA", "constant input current"),
                        field<&P::tau_sfa_1>("ms", "time constant of the first adaptation of the threshold", above(0)),
                        field<&P::q_sfa_1>("mV", "what a spike adds to it; 0 is without"),
                        field<&P::tau_sfa_2>("ms", "time constant of the second adaptation of the threshold", above(0)),
                        field<&P::q_sfa_2>("mV", "what a spike adds to it; 0 is without"),
                        field<&P::tau_stc_1>("ms", "time constant of the first spike-triggered current", above(0)),
                        field<&P::q_stc_1>("pA", "what a spike adds to it (outward above 0); 0 is without"),
                        field<&P::tau_stc_2>("ms", "time constant of the second spike-triggered current", above(0)),
                        field<&P::q_stc_2>("pA", "what a spike adds to it (outward above 0); 0 is without")};
    }
  };

  struct State {
    double V_m = 0, E_sfa = 0, I_stc = 0, I_syn_ex = 0, I_syn_in = 0, sfa_1 = 0, sfa_2 = 0, stc_1 = 0, stc_2 = 0;
    int32_t refractory = 0;
    static constexpr auto fields() {
      using S = State;
      return std::tuple{field<&S::V_m>("mV", "membrane potential"),
                        field<&S::E_sfa>("mV", "threshold, the sum of its parts"),
                        field<&S::I_stc>("pA", "spike-triggered current, the sum of its parts"),
                        field<&S::I_syn_ex>("pA", "excitatory synaptic current"),
                        field<&S::I_syn_in>("pA", "inhibitory synaptic current"),
                        field<&S::sfa_1>("mV", "first adaptation of the threshold"),
                        field<&S::sfa_2>("mV", "second adaptation of the threshold"),
                        field<&S::stc_1>("pA", "first spike-triggered current"),
                        field<&S::stc_2>("pA", "second spike-triggered current"),
                        field<&S::refractory>("1", "steps left of the refractory period")};
    }
  };

  struct Input {
    float ex, in, I;
    static constexpr auto fields() {
      return std::tuple{field<&Input::ex>("pA", "sum of the excitatory currents that begin", excitatory),
                        field<&Input::in>("pA", "sum of the inhibitory currents that begin", inhibitory),
                        field<&Input::I>("pA", "current", current)};
    }
  };

  /// A current that decays: over a step, and what it leaves on the membrane.
  struct Decay {
    double P, onto_membrane;
    Decay(double tau, const Parameters& p, double h)
        : P(std::exp(-h / tau)), onto_membrane(exponential_onto_membrane(p.C_m / p.g_L, tau, h) / p.C_m) {}
  };

  Decay ex, in, stc_1, stc_2;
  double P_mm, P_mI, P_sfa_1, P_sfa_2, q_sfa_1, q_sfa_2, q_stc_1, q_stc_2, E_L, V_reset, V_T_star, per_Delta_V, hazard,
      I_e;
  int32_t refractory_steps;

  gif_psc_exp(const Parameters& p, const Step& step)
      : ex(p.tau_syn_ex, p, step.dt),
        in(p.tau_syn_in, p, step.dt),
        stc_1(p.tau_stc_1, p, step.dt),
        stc_2(p.tau_stc_2, p, step.dt),
        P_mm(std::exp(-step.dt * p.g_L / p.C_m)),
        P_mI(-std::expm1(-step.dt * p.g_L / p.C_m) / p.g_L),
        P_sfa_1(std::exp(-step.dt / p.tau_sfa_1)),
        P_sfa_2(std::exp(-step.dt / p.tau_sfa_2)),
        q_sfa_1(p.q_sfa_1),
        q_sfa_2(p.q_sfa_2),
        q_stc_1(p.q_stc_1),
        q_stc_2(p.q_stc_2),
        E_L(p.E_L),
        V_reset(p.V_reset),
        V_T_star(p.V_T_star),
        per_Delta_V(1 / p.Delta_V),
        hazard(p.lambda_0 / 1000 * step.dt),
        I_e(p.I_e),
        refractory_steps(static_cast<int32_t>(std::lround(p.t_ref / step.dt))) {}

  State initial() const { return {.V_m = E_L, .E_sfa = V_T_star}; }

  bool step(State& s, const Input& arrived, Random& random) const {
    // Membrane.
    const double synaptic = s.I_syn_ex * ex.onto_membrane + s.I_syn_in * in.onto_membrane;
    const double adaptation = s.stc_1 * stc_1.onto_membrane + s.stc_2 * stc_2.onto_membrane;
    const double free = E_L + (s.V_m - E_L) * P_mm + synaptic - adaptation + (I_e + arrived.I) * P_mI;
    const bool held = s.refractory > 0;
    s.V_m = held ? s.V_m : free;

    // What decays.
    s.I_syn_ex = s.I_syn_ex * ex.P + arrived.ex;
    s.I_syn_in = s.I_syn_in * in.P + arrived.in;
    s.sfa_1 *= P_sfa_1;
    s.sfa_2 *= P_sfa_2;
    s.stc_1 *= stc_1.P;
    s.stc_2 *= stc_2.P;

    // Escape over the threshold; where it is less likely than 2^-53 nothing need be drawn.
    const double expected = hazard * exponential((s.V_m - (V_T_star + s.sfa_1 + s.sfa_2)) * per_Delta_V);
    const bool fires = !held && expected > 0x1p-53 && random.uniform() < -std::expm1(-expected);
    if (fires) {
      s.V_m = V_reset;
      s.sfa_1 += q_sfa_1;
      s.sfa_2 += q_sfa_2;
      s.stc_1 += q_stc_1;
      s.stc_2 += q_stc_2;
    }
    s.E_sfa = V_T_star + s.sfa_1 + s.sfa_2;
    s.I_stc = s.stc_1 + s.stc_2;
    s.refractory = fires ? refractory_steps : (held ? s.refractory - 1 : 0);
    return fires;
  }
};

PROXON_PLUGIN(neuron, gif_psc_exp, gif_psc_exp)
