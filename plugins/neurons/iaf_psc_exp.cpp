#include <proxon/plugin/neuron.hpp>

#include <cmath>
#include <stdexcept>

using namespace proxon;

struct iaf_psc_exp {
  static constexpr Documentation about{
      .summary = "Leaky integrate-and-fire neuron; a spike makes a current of the weight (pA) that decays exponentially.",
      .equation = "tau_m dV_m/dt = -(V_m - E_L) + tau_m / C_m (I_e + I + i_ex + i_in);  tau_syn_x di_x/dt = -i_x, i_x += w at a spike;  "
                  "V_m >= V_th: spike, V_m = V_reset for t_ref.  Integrated exactly.",
      .reference = "Tsodyks, Uziel & Markram 2000, Journal of Neuroscience 20:RC50, doi:10.1523/JNEUROSCI.20-01-j0003.2000; Rotter & "
                   "Diesmann 1999, Biological Cybernetics 81:381, doi:10.1007/s004220050570"};

  struct Parameters {
    double tau_m = 10;
    double C_m = 250;
    double t_ref = 2;
    double E_L = -70;
    double V_th = -55;
    double V_reset = -70;
    double tau_syn_ex = 2;
    double tau_syn_in = 2;
    double I_e = 0;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::tau_m>("ms", "membrane time constant", above(0)),
                        field<&P::C_m>("pF", "capacitance of the membrane", above(0)),
                        field<&P::t_ref>("ms", "refractory period", at_least(0)),
                        field<&P::E_L>("mV", "resting potential"),
                        field<&P::V_th>("mV", "spike threshold"),
                        field<&P::V_reset>("mV", "potential after a spike, below V_th"),
                        field<&P::tau_syn_ex>("ms", "time constant of the excitatory synaptic current", above(0)),
                        field<&P::tau_syn_in>("ms", "time constant of the inhibitory synaptic current", above(0)),
                        field<&P::I_e>("pA", "constant input current")};
    }
  };

  struct State {
    double V_m = 0, I_syn_ex = 0, I_syn_in = 0;
    int32_t refractory = 0;
    static constexpr auto fields() {
      using S = State;
      return std::tuple{field<&S::V_m>("mV", "membrane potential"), field<&S::I_syn_ex>("pA", "excitatory synaptic current"),
                        field<&S::I_syn_in>("pA", "inhibitory synaptic current"),
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

  double P_mm, P_ex, P_in, P_m_ex, P_m_in, P_mI, E_L, V_th, V_reset, I_e;
  int32_t refractory_steps;

  iaf_psc_exp(const Parameters& p, const Step& step)
      : P_mm(std::exp(-step.dt / p.tau_m)),
        P_ex(std::exp(-step.dt / p.tau_syn_ex)),
        P_in(std::exp(-step.dt / p.tau_syn_in)),
        P_m_ex(synapse_to_membrane(p, p.tau_syn_ex, step.dt)),
        P_m_in(synapse_to_membrane(p, p.tau_syn_in, step.dt)),
        P_mI(-p.tau_m / p.C_m * std::expm1(-step.dt / p.tau_m)),
        E_L(p.E_L),
        V_th(p.V_th),
        V_reset(p.V_reset),
        I_e(p.I_e),
        refractory_steps(static_cast<int32_t>(std::lround(p.t_ref / step.dt))) {
    if (p.V_reset >= p.V_th) throw std::invalid_argument("V_reset must lie below V_th");
  }

  /// (exp(-h / tau_m) - exp(-h / tau_syn)) / (1 / tau_syn - 1 / tau_m) / C_m, in a form that holds for equal time constants too.
  static double synapse_to_membrane(const Parameters& p, double tau_syn, double h) {
    const double difference = h / tau_syn - h / p.tau_m;
    return h / p.C_m * std::exp(-h / p.tau_m) * (difference == 0 ? 1 : -std::expm1(-difference) / difference);
  }

  State initial() const { return {.V_m = E_L}; }

  bool step(State& s, const Input& in) const {
    const double free = E_L + (s.V_m - E_L) * P_mm + s.I_syn_ex * P_m_ex + s.I_syn_in * P_m_in + (I_e + in.I) * P_mI;
    const double V = s.refractory > 0 ? s.V_m : free;
    const bool fires = V >= V_th;
    s.V_m = fires ? V_reset : V;
    s.I_syn_ex = s.I_syn_ex * P_ex + in.ex;
    s.I_syn_in = s.I_syn_in * P_in + in.in;
    s.refractory = fires ? refractory_steps : (s.refractory > 0 ? s.refractory - 1 : 0);
    return fires;
  }
};

PROXON_PLUGIN(neuron, iaf_psc_exp, iaf_psc_exp)
