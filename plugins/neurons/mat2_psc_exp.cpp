#include <cmath>
#include <proxon/plugin/integrate.hpp>
#include <proxon/plugin/neuron.hpp>
#include <stdexcept>

using namespace proxon;

struct mat2_psc_exp {
  static constexpr Documentation about{
      .summary = "Leaky neuron whose threshold adapts on two time scales and whose membrane is not reset; exponential "
                 "synaptic currents.",
      .equation = "tau_m dV_m/dt = -(V_m - E_L) + tau_m / C_m (I_e + I + I_syn_ex + I_syn_in);  tau_syn_x dI_syn_x/dt "
                  "= -I_syn_x, I_syn_x += w at a spike;  V_th = omega + V_th_alpha_1 + V_th_alpha_2, tau_k "
                  "dV_th_alpha_k/dt = -V_th_alpha_k;  V_m >= V_th and not within t_ref of the last spike: spike, "
                  "V_th_alpha_k += alpha_k.  Integrated exactly.",
      .reference = "Kobayashi, Tsubo & Shinomoto 2009, Frontiers in Computational Neuroscience 3:9, "
                   "doi:10.3389/neuro.10.009.2009"};

  struct Parameters {
    double tau_m = 5;
    double C_m = 100;
    double t_ref = 2;
    double E_L = -70;
    double I_e = 0;
    double tau_syn_ex = 1;
    double tau_syn_in = 3;
    double tau_1 = 10;
    double tau_2 = 200;
    double alpha_1 = 37;
    double alpha_2 = 2;
    double omega = -51;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::tau_m>("ms", "membrane time constant", above(0)),
                        field<&P::C_m>("pF", "capacitance of the membrane", above(0)),
                        field<&P::t_ref>("ms", "time after a spike without another, at least a step", above(0)),
                        field<&P::E_L>("mV", "resting potential"),
                        field<&P::I_e>("pA", "constant input current"),
                        field<&P::tau_syn_ex>("ms", "time constant of the excitatory synaptic current", above(0)),
                        field<&P::tau_syn_in>("ms", "time constant of the inhibitory synaptic current", above(0)),
                        field<&P::tau_1>("ms", "short time constant of the threshold", above(0)),
                        field<&P::tau_2>("ms", "long time constant of the threshold", above(0)),
                        field<&P::alpha_1>("mV", "what a spike adds to the short part of the threshold"),
                        field<&P::alpha_2>("mV", "what a spike adds to the long part of the threshold"),
                        field<&P::omega>("mV", "threshold at rest")};
    }
  };

  struct State {
    double V_m = 0, I_syn_ex = 0, I_syn_in = 0, V_th = 0, V_th_alpha_1 = 0, V_th_alpha_2 = 0;
    int32_t refractory = 0;
    static constexpr auto fields() {
      using S = State;
      return std::tuple{field<&S::V_m>("mV", "membrane potential"),
                        field<&S::I_syn_ex>("pA", "excitatory synaptic current"),
                        field<&S::I_syn_in>("pA", "inhibitory synaptic current"),
                        field<&S::V_th>("mV", "threshold, the sum of its parts"),
                        field<&S::V_th_alpha_1>("mV", "short part of the threshold"),
                        field<&S::V_th_alpha_2>("mV", "long part of the threshold"),
                        field<&S::refractory>("1", "steps left without a spike")};
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

  double P_mm, P_ex, P_in, P_m_ex, P_m_in, P_mI, P_1, P_2, alpha_1, alpha_2, omega, E_L, I_e;
  int32_t refractory_steps;

  mat2_psc_exp(const Parameters& p, const Step& step)
      : P_mm(std::exp(-step.dt / p.tau_m)),
        P_ex(std::exp(-step.dt / p.tau_syn_ex)),
        P_in(std::exp(-step.dt / p.tau_syn_in)),
        P_m_ex(exponential_onto_membrane(p.tau_m, p.tau_syn_ex, step.dt) / p.C_m),
        P_m_in(exponential_onto_membrane(p.tau_m, p.tau_syn_in, step.dt) / p.C_m),
        P_mI(-p.tau_m / p.C_m * std::expm1(-step.dt / p.tau_m)),
        P_1(std::exp(-step.dt / p.tau_1)),
        P_2(std::exp(-step.dt / p.tau_2)),
        alpha_1(p.alpha_1),
        alpha_2(p.alpha_2),
        omega(p.omega),
        E_L(p.E_L),
        I_e(p.I_e),
        refractory_steps(static_cast<int32_t>(std::lround(p.t_ref / step.dt))) {
    if (refractory_steps < 1)
      throw std::invalid_argument("t_ref must be at least one step of the simulation, since the membrane is not reset");
    if (p.omega <= p.E_L) throw std::invalid_argument("omega must lie above E_L");
  }

  State initial() const { return {.V_m = E_L, .V_th = omega}; }

  bool step(State& s, const Input& in) const {
    s.V_m = E_L + (s.V_m - E_L) * P_mm + s.I_syn_ex * P_m_ex + s.I_syn_in * P_m_in + (I_e + in.I) * P_mI;
    s.V_th_alpha_1 *= P_1;
    s.V_th_alpha_2 *= P_2;
    s.I_syn_ex = s.I_syn_ex * P_ex + in.ex;
    s.I_syn_in = s.I_syn_in * P_in + in.in;
    const bool fires = (s.refractory <= 0) & (s.V_m >= omega + s.V_th_alpha_1 + s.V_th_alpha_2);
    s.V_th_alpha_1 += fires ? alpha_1 : 0;
    s.V_th_alpha_2 += fires ? alpha_2 : 0;
    s.V_th = omega + s.V_th_alpha_1 + s.V_th_alpha_2;
    s.refractory = fires ? refractory_steps : (s.refractory > 0 ? s.refractory - 1 : 0);
    return fires;
  }
};

PROXON_PLUGIN(neuron, mat2_psc_exp, mat2_psc_exp)
