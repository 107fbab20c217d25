#include <cmath>
#include <limits>
#include <proxon/plugin/integrate.hpp>
#include <proxon/plugin/neuron.hpp>
#include <stdexcept>

using namespace proxon;

struct iaf_cond_alpha {
  static constexpr Documentation about{
      .summary = "Leaky integrate-and-fire neuron; a spike opens a conductance of alpha shape whose peak is the weight "
                 "(nS).",
      .equation = "C_m dV_m/dt = -g_L (V_m - E_L) - g_ex (V_m - E_ex) - g_in (V_m - E_in) + I_e + I;  g_x = sum_k "
                  "|w_k| e / tau_syn_x (t - t_k) exp(-(t - t_k) / tau_syn_x);  V_m >= V_th: spike, V_m = V_reset for "
                  "t_ref.  Conductances exactly, V_m by the Magnus series of order 4 in dt: at the defaults and 0.1 ms "
                  "within 5e-5 mV of the solution under synaptic bombardment.",
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
      return std::tuple{
          field<&P::V_th>("mV", "spike threshold"),
          field<&P::V_reset>("mV", "potential after a spike, below V_th"),
          field<&P::t_ref>("ms", "refractory period", at_least(0)),
          field<&P::g_L>("nS", "leak conductance", above(0)),
          field<&P::C_m>("pF", "capacitance of the membrane", above(0)),
          field<&P::E_L>("mV", "reversal potential of the leak"),
          field<&P::E_ex>("mV", "reversal potential of excitatory synapses"),
          field<&P::E_in>("mV", "reversal potential of inhibitory synapses"),
          field<&P::tau_syn_ex>("ms", "time from the begin to the peak of the excitatory conductance", above(0)),
          field<&P::tau_syn_in>("ms", "time from the begin to the peak of the inhibitory conductance", above(0)),
          field<&P::I_e>("pA", "constant input current")};
    }
  };

  struct State {
    double V_m = 0, g_ex = 0, dg_ex = 0, g_in = 0, dg_in = 0;
    int32_t refractory = 0;
    static constexpr auto fields() {
      using S = State;
      return std::tuple{field<&S::V_m>("mV", "membrane potential"),
                        field<&S::g_ex>("nS", "excitatory conductance"),
                        field<&S::dg_ex>("", "what feeds the excitatory conductance (nS/ms)"),
                        field<&S::g_in>("nS", "inhibitory conductance"),
                        field<&S::dg_in>("", "what feeds the inhibitory conductance (nS/ms)"),
                        field<&S::refractory>("1", "steps left of the refractory period")};
    }
  };

  struct Input {
    float ex, in, I;
    static constexpr auto fields() {
      return std::tuple{
          field<&Input::ex>("nS", "sum of the peaks of the excitatory conductances that begin", excitatory),
          field<&Input::in>("nS", "sum of the peaks of the inhibitory conductances that begin, as weights below 0",
                            inhibitory),
          field<&Input::I>("pA", "current", current)};
    }
  };

  // See commutator() for the method. Of a conductance g and its slope dg at the begin of a step: what they leave at its
  // end (P, P_21), their integrals over it (S, S_d), half their commutators with the leak (K, K_d); begin: the slope
  // that a peak of 1 nS begins with.
  struct Conductance {
    double P, P_21, S, S_d, K, K_d, begin;
    Conductance(double tau, const Parameters& p, double h)
        : P(std::exp(-h / tau)),
          P_21(h * P),
          S(-tau / p.C_m * std::expm1(-h / tau)),
          S_d(alpha_onto_membrane(std::numeric_limits<double>::infinity(), tau, h) / p.C_m),
          begin(std::exp(1.0) / tau) {
      const auto leak = [&](double) { return p.g_L / p.C_m; };
      K = 0.5 * commutator(h, leak, [&](double t) { return std::exp(-t / tau) / p.C_m; });
      K_d = 0.5 * commutator(h, leak, [&](double t) { return t * std::exp(-t / tau) / p.C_m; });
    }
  };

  Conductance ex, in;
  double K_gg, K_gd, K_dg,
      K_dd;  // the commutators of both conductances, times half the distance of their reversal potentials
  double S_L, E_L, E_ex, E_in, V_th, V_reset, V_rest, per_I;
  int32_t refractory_steps;

  iaf_cond_alpha(const Parameters& p, const Step& step)
      : ex(p.tau_syn_ex, p, step.dt),
        in(p.tau_syn_in, p, step.dt),
        S_L(p.g_L / p.C_m * step.dt),
        E_L(p.E_L),
        E_ex(p.E_ex),
        E_in(p.E_in),
        V_th(p.V_th),
        V_reset(p.V_reset),
        V_rest(p.E_L + p.I_e / p.g_L),
        per_I(1 / p.g_L),
        refractory_steps(static_cast<int32_t>(std::lround(p.t_ref / step.dt))) {
    if (p.V_reset >= p.V_th) throw std::invalid_argument("V_reset must lie below V_th");
    const auto between = [&](int power_ex, int power_in) {
      return 0.5 * (p.E_in - p.E_ex) *
             commutator(
                 step.dt, [&](double t) { return std::pow(t, power_ex) * std::exp(-t / p.tau_syn_ex) / p.C_m; },
                 [&](double t) { return std::pow(t, power_in) * std::exp(-t / p.tau_syn_in) / p.C_m; });
    };
    K_gg = between(0, 0);
    K_gd = between(0, 1);
    K_dg = between(1, 0);
    K_dd = between(1, 1);
  }

  State initial() const { return {.V_m = E_L}; }

  bool step(State& s, const Input& arrived) const {
    const double rest = V_rest + arrived.I * per_I;
    const double G_ex = s.g_ex * ex.S + s.dg_ex * ex.S_d, G_in = s.g_in * in.S + s.dg_in * in.S_d;
    const double driven = S_L * (rest - s.V_m) + G_ex * (E_ex - s.V_m) + G_in * (E_in - s.V_m);
    const double with_leak =
        (s.g_ex * ex.K + s.dg_ex * ex.K_d) * (E_ex - rest) + (s.g_in * in.K + s.dg_in * in.K_d) * (E_in - rest);
    const double between = s.g_ex * (s.g_in * K_gg + s.dg_in * K_gd) + s.dg_ex * (s.g_in * K_dg + s.dg_in * K_dd);
    const double free = s.V_m + relaxation(S_L + G_ex + G_in) * (driven + with_leak + between);
    const double V = s.refractory > 0 ? s.V_m : free;
    const bool fires = V >= V_th;
    s.V_m = fires ? V_reset : V;
    s.g_ex = s.g_ex * ex.P + s.dg_ex * ex.P_21;
    s.g_in = s.g_in * in.P + s.dg_in * in.P_21;
    s.dg_ex = s.dg_ex * ex.P + arrived.ex * ex.begin;
    s.dg_in = s.dg_in * in.P - arrived.in * in.begin;
    s.refractory = fires ? refractory_steps : (s.refractory > 0 ? s.refractory - 1 : 0);
    return fires;
  }
};

PROXON_PLUGIN(neuron, iaf_cond_alpha, iaf_cond_alpha)
