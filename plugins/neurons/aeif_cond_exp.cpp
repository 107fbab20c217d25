#include "adaptive_exponential.hpp"

using namespace proxon;

struct aeif_cond_exp {
  static constexpr Documentation about{
      .summary = "Adaptive exponential integrate-and-fire neuron; a spike opens a conductance of the weight (nS) that "
                 "decays exponentially.",
      .equation = "C_m dV_m/dt = -g_L (V_m - E_L) + g_L Delta_T exp((V_m - V_th) / Delta_T) - g_ex (V_m - E_ex) - g_in "
                  "(V_m - E_in) - w + I_e + I,  tau_w dw/dt = a (V_m - E_L) - w;  tau_syn_x dg_x/dt = -g_x, g_x += "
                  "|w_k| at a spike;  V_m >= V_peak: spike, V_m = V_reset for t_ref, w += b.  Runge-Kutta of order 4 "
                  "in steps of at most dt / substeps, shortened on the upswing; conductances exactly; V_m in the "
                  "exponential is cut at V_peak. At the default of substeps and 0.1 ms V_m is within 1e-4 mV below "
                  "threshold and the reset within 1e-3 ms. At most one spike a step is reported.",
      .reference = "Brette & Gerstner 2005, Journal of Neurophysiology 94:3637, doi:10.1152/jn.00686.2005"};

  using Parameters = AdaptiveExponentialParameters;
  using Input = AdaptiveExponentialInput;

  struct State {
    double V_m = 0, w = 0, g_ex = 0, g_in = 0;
    int32_t refractory = 0;
    static constexpr auto fields() {
      using S = State;
      return std::tuple{field<&S::V_m>("mV", "membrane potential"), field<&S::w>("pA", "adaptation current"),
                        field<&S::g_ex>("nS", "excitatory conductance"),
                        field<&S::g_in>("nS", "inhibitory conductance"),
                        field<&S::refractory>("1", "steps left of the refractory period")};
    }
  };

  AdaptiveExponential<Parameters, TwoReceptors> membrane;

  aeif_cond_exp(const Parameters& p, const Step& step) : membrane(p, step.dt) {}

  State initial() const { return {.V_m = membrane.p.E_L}; }

  bool step(State& s, const Input& arrived) const {
    TwoReceptors::Conductances g{{s.g_ex, 0}, {s.g_in, 0}};
    const bool fires = membrane.step(s.V_m, s.w, s.refractory, g, arrived.I);
    s.g_ex = g.ex.g + arrived.ex;
    s.g_in = g.in.g - arrived.in;
    return fires;
  }
};

PROXON_PLUGIN(neuron, aeif_cond_exp, aeif_cond_exp)
