#include <cmath>
#include <proxon/plugin/integrate.hpp>
#include <proxon/plugin/neuron.hpp>
#include <stdexcept>

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
      using P = Parameters;
      return std::tuple{field<&P::V_th>("mV", "spike threshold"),
                        field<&P::V_reset>("mV", "potential after a spike, below V_th"),
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
  };

  // V_m in double, since a step adds little to it; what it adds, and the conductances, need no more than a float's seven digits, and twice
  // as many of them stand in a vector register.
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

  struct Input {
    float ex, in, I;
    static constexpr auto fields() {
      return std::tuple{
          field<&Input::ex>("nS", "sum of the excitatory conductances that begin", excitatory),
          field<&Input::in>("nS", "sum of the inhibitory conductances that begin, as weights below 0", inhibitory),
          field<&Input::I>("pA", "current", current)};
    }
  };

  // See commutator() for the method. S_x: integral over a step of what 1 nS begins; K_x: half its commutator with the
  // leak, K_x_in with g_in. D_x: from where V_m rests to the reversal potential.
  double E_L, V_th, V_reset, V_rest;
  float D_ex, D_in, P_ex, P_in, S_L, S_ex, S_in, K_ex, K_in, K_ex_in, per_I;
  int32_t refractory_steps;

  iaf_cond_exp(const Parameters& p, const Step& step)
      : E_L(p.E_L),
        V_th(p.V_th),
        V_reset(p.V_reset),
        V_rest(p.E_L + p.I_e / p.g_L),
        D_ex(static_cast<float>(p.E_ex - V_rest)),
        D_in(static_cast<float>(p.E_in - V_rest)),
        P_ex(static_cast<float>(std::exp(-step.dt / p.tau_syn_ex))),
        P_in(static_cast<float>(std::exp(-step.dt / p.tau_syn_in))),
        S_L(static_cast<float>(p.g_L / p.C_m * step.dt)),
        S_ex(static_cast<float>(-p.tau_syn_ex / p.C_m * std::expm1(-step.dt / p.tau_syn_ex))),
        S_in(static_cast<float>(-p.tau_syn_in / p.C_m * std::expm1(-step.dt / p.tau_syn_in))),
        per_I(static_cast<float>(1 / p.g_L)),
        refractory_steps(static_cast<int32_t>(std::lround(p.t_ref / step.dt))) {
    if (p.V_reset >= p.V_th) throw std::invalid_argument("V_reset must lie below V_th");
    const auto leak = [&](double) { return p.g_L / p.C_m; };
    const auto ex = [&](double t) { return std::exp(-t / p.tau_syn_ex) / p.C_m; };
    const auto in = [&](double t) { return std::exp(-t / p.tau_syn_in) / p.C_m; };
    K_ex = static_cast<float>(0.5 * commutator(step.dt, leak, ex));
    K_in = static_cast<float>(0.5 * commutator(step.dt, leak, in));
    K_ex_in = static_cast<float>(0.5 * (p.E_in - p.E_ex) * commutator(step.dt, ex, in));
  }

  State initial() const { return {.V_m = E_L}; }

  bool step(State& s, const Input& in) const {
    const auto undriven = static_cast<float>(V_rest - s.V_m);
    const float to_rest = undriven + in.I * per_I, to_ex = undriven + D_ex, to_in = undriven + D_in;
    const float G_ex = s.g_ex * S_ex, G_in = s.g_in * S_in;
    const float driven = S_L * to_rest + G_ex * to_ex + G_in * to_in;
    const float correction = s.g_ex * (K_ex * (to_ex - to_rest) + s.g_in * K_ex_in) + s.g_in * (K_in * (to_in - to_rest));
    const double free = s.V_m + static_cast<double>(relaxation(S_L + G_ex + G_in) * (driven + correction));
    const double V = s.refractory > 0 ? s.V_m : free;
    const bool fires = V >= V_th;
    s.V_m = fires ? V_reset : V;
    s.g_ex = without_subnormals(s.g_ex * P_ex) + in.ex;
    s.g_in = without_subnormals(s.g_in * P_in) - in.in;
    s.refractory = fires ? refractory_steps : (s.refractory > 0 ? s.refractory - 1 : 0);
    return fires;
  }
};

PROXON_PLUGIN(neuron, iaf_cond_exp, iaf_cond_exp)
