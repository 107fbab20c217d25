#include <stdexcept>

#include "conductance_membrane.hpp"

using namespace proxon;

struct iaf_cond_exp {
  static constexpr Documentation about{
      .summary = "Leaky integrate-and-fire neuron; a spike opens a conductance of the weight (nS) that decays "
                 "exponentially.",
      .equation = "C_m dV_m/dt = -g_L (V_m - E_L) - g_ex (V_m - E_ex) - g_in (V_m - E_in) + I_e + I;  tau_syn_x "
                  "dg_x/dt = -g_x, g_x += |w| at a spike;  V_m >= V_th: spike, V_m = V_reset for t_ref.  Conductances "
                  "exactly, V_m by the Magnus series of order 4 in dt: at the defaults and 0.1 ms within 1e-5 mV of "
                  "the solution under synaptic bombardment.",
      .reference = "Meffin, Burkitt & Grayden 2004, Journal of Computational Neuroscience 16:159, "
                   "doi:10.1023/B:JCNS.0000014108.03012.81; Magnus 1954, doi:10.1002/cpa.3160070404"};

  struct Parameters {
    double V_th = -55;
    double V_reset = -60;
    double t_ref = 2;
    double g_L = 16.6667;
    double C_m = 250;
    double E_L = -70;
    double E_ex = 0;
    double E_in = -85;
    double tau_syn_ex = 0.2;
    double tau_syn_in = 2;
    double I_e = 0;
    static constexpr auto fields() {
      return std::tuple_cat(std::tuple{field<&Parameters::V_th>("mV", "spike threshold")}, membrane_fields<Parameters>());
    }
  };

  struct State {
    double V_m = 0;
    float g_ex = 0, g_in = 0;
    int32_t refractory = 0;
    static constexpr auto fields() {
      using S = State;
      return std::tuple{field<&S::V_m>("mV", "membrane potential"), field<&S::g_ex>("nS", "excitatory conductance"),
                        field<&S::g_in>("nS", "inhibitory conductance"),
                        field<&S::refractory>("1", "steps left of the refractory period")};
    }
  };

  using Input = ConductanceInput;

  ConductanceMembrane membrane;
  double E_L, V_th, V_reset;

  iaf_cond_exp(const Parameters& p, const Step& step) : membrane(p, step.dt), E_L(p.E_L), V_th(p.V_th), V_reset(p.V_reset) {
    if (p.V_reset >= p.V_th) throw std::invalid_argument("V_reset must lie below V_th");
  }

  State initial() const { return {.V_m = E_L}; }

  bool step(State& s, const Input& in) const { return membrane.step(s, in, V_th, V_reset); }
};

PROXON_PLUGIN(neuron, iaf_cond_exp, iaf_cond_exp)
