#include <cmath>
#include <proxon/plugin/integrate.hpp>
#include <proxon/plugin/neuron.hpp>
#include <stdexcept>

using namespace proxon;

struct iaf_psc_alpha {
  static constexpr Documentation about{
      .summary = "Leaky integrate-and-fire neuron; a spike makes a current of alpha shape whose peak is the weight "
                 "(pA).",
      .equation = "tau_m dV_m/dt = -(V_m - E_L) + tau_m / C_m (I_e + I + I_syn_ex + I_syn_in);  I_syn_x = sum_k w_k e "
                  "/ tau_syn_x (t - t_k) exp(-(t - t_k) / tau_syn_x);  V_m >= V_th: spike, V_m = V_reset for t_ref.  "
                  "Integrated exactly.",
      .reference = "Rotter & Diesmann 1999, Biological Cybernetics 81:381, doi:10.1007/s004220050570; Diesmann, "
                   "Gewaltig, Rotter & Aertsen 2001, Neurocomputing 38:565, doi:10.1016/S0925-2312(01)00409-X"};

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
    double V_min = -1e300;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::tau_m>("ms", "membrane time constant", above(0)),
          field<&P::C_m>("pF", "capacitance of the membrane", above(0)),
          field<&P::t_ref>("ms", "refractory period", at_least(0)),
          field<&P::E_L>("mV", "resting potential"),
          field<&P::V_th>("mV", "spike threshold"),
          field<&P::V_reset>("mV", "potential after a spike, below V_th"),
          field<&P::tau_syn_ex>("ms", "time from the begin to the peak of the excitatory synaptic current", above(0)),
          field<&P::tau_syn_in>("ms", "time from the begin to the peak of the inhibitory synaptic current", above(0)),
          field<&P::I_e>("pA", "constant input current"),
          field<&P::V_min>("mV", "lowest potential that is allowed; without a limit by default")};
    }
  };

  struct State {
    double V_m = 0, I_syn_ex = 0, dI_syn_ex = 0, I_syn_in = 0, dI_syn_in = 0;
    int32_t refractory = 0;
    static constexpr auto fields() {
      using S = State;
      return std::tuple{field<&S::V_m>("mV", "membrane potential"),
                        field<&S::I_syn_ex>("pA", "excitatory synaptic current"),
                        field<&S::dI_syn_ex>("", "what feeds the excitatory synaptic current (pA/ms)"),
                        field<&S::I_syn_in>("pA", "inhibitory synaptic current"),
                        field<&S::dI_syn_in>("", "what feeds the inhibitory synaptic current (pA/ms)"),
                        field<&S::refractory>("1", "steps left of the refractory period")};
    }
  };

  struct Input {
    float ex, in, I;
    static constexpr auto fields() {
      return std::tuple{field<&Input::ex>("pA", "sum of the peaks of the excitatory currents that begin", excitatory),
                        field<&Input::in>("pA", "sum of the peaks of the inhibitory currents that begin", inhibitory),
                        field<&Input::I>("pA", "current", current)};
    }
  };

  /// One synaptic current: decay, slope to current, slope to membrane, current to membrane, weight to slope.
  struct Propagator {
    double P, P_21, P_31, P_32, begin;
    Propagator(double tau_syn, const Parameters& p, double h)
        : P(std::exp(-h / tau_syn)),
          P_21(h * P),
          P_31(alpha_onto_membrane(p.tau_m, tau_syn, h) / p.C_m),
          P_32(exponential_onto_membrane(p.tau_m, tau_syn, h) / p.C_m),
          begin(std::exp(1.0) / tau_syn) {}
  };

  Propagator ex, in;
  double P_mm, P_mI, E_L, V_th, V_reset, V_min, I_e;
  int32_t refractory_steps;

  iaf_psc_alpha(const Parameters& p, const Step& step)
      : ex(p.tau_syn_ex, p, step.dt),
        in(p.tau_syn_in, p, step.dt),
        P_mm(std::exp(-step.dt / p.tau_m)),
        P_mI(-p.tau_m / p.C_m * std::expm1(-step.dt / p.tau_m)),
        E_L(p.E_L),
        V_th(p.V_th),
        V_reset(p.V_reset),
        V_min(p.V_min),
        I_e(p.I_e),
        refractory_steps(static_cast<int32_t>(std::lround(p.t_ref / step.dt))) {
    if (p.V_reset >= p.V_th) throw std::invalid_argument("V_reset must lie below V_th");
    if (p.V_min > p.V_reset) throw std::invalid_argument("V_min must not lie above V_reset");
  }

  State initial() const { return {.V_m = E_L}; }

  bool step(State& s, const Input& arrived) const {
    const double synaptic = s.dI_syn_ex * ex.P_31 + s.I_syn_ex * ex.P_32 + s.dI_syn_in * in.P_31 + s.I_syn_in * in.P_32;
    const double free = E_L + (s.V_m - E_L) * P_mm + synaptic + (I_e + arrived.I) * P_mI;
    const double bounded = free < V_min ? V_min : free;
    const double V = s.refractory > 0 ? s.V_m : bounded;
    const bool fires = V >= V_th;
    s.V_m = fires ? V_reset : V;
    s.I_syn_ex = s.dI_syn_ex * ex.P_21 + s.I_syn_ex * ex.P;
    s.I_syn_in = s.dI_syn_in * in.P_21 + s.I_syn_in * in.P;
    s.dI_syn_ex = s.dI_syn_ex * ex.P + arrived.ex * ex.begin;
    s.dI_syn_in = s.dI_syn_in * in.P + arrived.in * in.begin;
    s.refractory = fires ? refractory_steps : (s.refractory > 0 ? s.refractory - 1 : 0);
    return fires;
  }
};

PROXON_PLUGIN(neuron, iaf_psc_alpha, iaf_psc_alpha)
