#include "adaptive_exponential.hpp"

using namespace proxon;

struct aeif_cond_alpha {
  static constexpr Documentation about{
      .summary = "Adaptive exponential integrate-and-fire neuron; a spike opens a conductance of alpha shape whose "
                 "peak is the weight (nS).",
      .equation = "C_m dV_m/dt = -g_L (V_m - E_L) + g_L Delta_T exp((V_m - V_th) / Delta_T) - g_ex (V_m - E_ex) - g_in "
                  "(V_m - E_in) - w + I_e + I,  tau_w dw/dt = a (V_m - E_L) - w;  g_x = sum_k |w_k| e / tau_syn_x (t - "
                  "t_k) exp(-(t - t_k) / tau_syn_x);  V_m >= V_peak: spike, V_m = V_reset for t_ref, w += b.  "
                  "Runge-Kutta of order 4 in steps of at most dt / substeps, shortened on the upswing; conductances "
                  "exactly; V_m in the exponential is cut at V_peak. At the default of substeps and 0.1 ms V_m is "
                  "within 1e-4 mV below threshold and the reset within 1e-3 ms. At most one spike a step is reported.",
      .reference = "Brette & Gerstner 2005, Journal of Neurophysiology 94:3637, doi:10.1152/jn.00686.2005"};

  using Parameters = AdaptiveExponentialParameters;
  using Input = AdaptiveExponentialInput;

  struct State {
    double V_m = 0, w = 0, g_ex = 0, dg_ex = 0, g_in = 0, dg_in = 0;
    int32_t refractory = 0;
    static constexpr auto fields() {
      using S = State;
      return std::tuple{field<&S::V_m>("mV", "membrane potential"),
                        field<&S::w>("pA", "adaptation current"),
                        field<&S::g_ex>("nS", "excitatory conductance"),
                        field<&S::dg_ex>("", "what feeds the excitatory conductance (nS/ms)"),
                        field<&S::g_in>("nS", "inhibitory conductance"),
                        field<&S::dg_in>("", "what feeds the inhibitory conductance (nS/ms)"),
                        field<&S::refractory>("1", "steps left of the refractory period")};
    }
  };

  AdaptiveExponential<Parameters, TwoReceptors> membrane;
  double begin_ex, begin_in;

  aeif_cond_alpha(const Parameters& p, const Step& step)
      : membrane(p, step.dt), begin_ex(std::exp(1.0) / p.tau_syn_ex), begin_in(std::exp(1.0) / p.tau_syn_in) {}

  State initial() const { return {.V_m = membrane.p.E_L}; }

  bool step(State& s, const Input& arrived) const {
    TwoReceptors::Conductances g{{s.g_ex, s.dg_ex}, {s.g_in, s.dg_in}};
    const bool fires = membrane.step(s.V_m, s.w, s.refractory, g, arrived.I);
    s.g_ex = g.ex.g;
    s.g_in = g.in.g;
    s.dg_ex = g.ex.dg + arrived.ex * begin_ex;
    s.dg_in = g.in.dg - arrived.in * begin_in;
    return fires;
  }
};

PROXON_PLUGIN(neuron, aeif_cond_alpha, aeif_cond_alpha)
