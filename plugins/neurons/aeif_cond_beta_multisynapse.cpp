#include <array>

#include "adaptive_exponential.hpp"

using namespace proxon;

namespace {

constexpr size_t receptor_count = 4;
using Four = std::array<double, receptor_count>;

constexpr double default_E_rev[] = {0, 0, -85, -85};
constexpr double default_tau_rise[] = {0.2, 2, 0.5, 5}, default_tau_decay[] = {2, 60, 8, 100};

struct Parameters {
  double V_peak = 0;
  double V_reset = -60;
  double t_ref = 0;
  double g_L = 30;
  double C_m = 281;
  double E_L = -70.6;
  double Delta_T = 2;
  double tau_w = 144;
  double a = 4;
  double b = 80.5;
  double V_th = -50.4;
  double I_e = 0;
  int64_t substeps = 1;
  std::span<const double> E_rev = default_E_rev;
  std::span<const double> tau_rise = default_tau_rise;
  std::span<const double> tau_decay = default_tau_decay;
  static constexpr auto fields() {
    using P = Parameters;
    return std::tuple_cat(
        membrane_fields<P>(),
        std::tuple{field<&P::E_rev>("mV", "reversal potentials of the four receptors"),
                   field<&P::tau_rise>("ms", "time constants with which their conductances rise", above(0)),
                   field<&P::tau_decay>("ms", "time constants with which they decay, none below that of its rise",
                                        above(0))});
  }
};

/// Conductances that rise and decay: dg/dt = -g / tau_decay + s, ds/dt = -s / tau_rise.
struct BetaReceptors {
  struct Conductances {
    Four g, s;
  };
  struct Decay {
    Four fall, rise, through;  ///< of g, of s, and what a unit of s leaves in g
  };
  Four E, tau_rise, tau_decay;
  Four begin;  ///< of s, at a spike whose conductance has its peak at 1

  explicit BetaReceptors(const Parameters& p) {
    for (const auto list : {p.E_rev, p.tau_rise, p.tau_decay})
      if (list.size() != receptor_count)
        throw std::invalid_argument("E_rev, tau_rise and tau_decay must each have four numbers, one a receptor");
    for (size_t r = 0; r < receptor_count; ++r) {
      E[r] = p.E_rev[r], tau_rise[r] = p.tau_rise[r], tau_decay[r] = p.tau_decay[r];
      if (tau_rise[r] > tau_decay[r]) throw std::invalid_argument("tau_rise must not lie above tau_decay");
      // The peak is at tau_rise tau_decay / (tau_decay - tau_rise) ln(tau_decay / tau_rise), or at tau where they agree.
      const double x = tau_decay[r] / tau_rise[r] - 1;
      const double peak = tau_decay[r] * (x > 0 ? std::log1p(x) / x : 1);
      begin[r] = 1 / exponential_onto_membrane(tau_decay[r], tau_rise[r], peak);
    }
  }
  Decay decay(double h) const {
    Decay d;
    for (size_t r = 0; r < receptor_count; ++r) {
      d.fall[r] = exponential(-h / tau_decay[r]), d.rise[r] = exponential(-h / tau_rise[r]);
      d.through[r] = exponential_onto_membrane(tau_decay[r], tau_rise[r], h);
    }
    return d;
  }
  Conductances after(const Decay& d, const Conductances& c) const {
    Conductances later;
    for (size_t r = 0; r < receptor_count; ++r) {
      later.g[r] = c.g[r] * d.fall[r] + c.s[r] * d.through[r];
      later.s[r] = c.s[r] * d.rise[r];
    }
    return later;
  }
  double current(const Conductances& c, double V) const {
    double I = 0;
    for (size_t r = 0; r < receptor_count; ++r) I += c.g[r] * (E[r] - V);
    return I;
  }
};

}  // namespace

struct aeif_cond_beta_multisynapse {
  static constexpr Documentation about{
      .summary = "Adaptive exponential integrate-and-fire neuron with four receptors, each with a reversal potential "
                 "and time constants of its own; a spike opens a conductance of beta shape whose peak is the weight "
                 "(nS). A projection names its receptor; weights are not negative, what inhibits has a low E_rev.",
      .equation = "C_m dV_m/dt = -g_L (V_m - E_L) + g_L Delta_T exp((V_m - V_th) / Delta_T) - sum_r g_r (V_m - "
                  "E_rev_r) - w + I_e + I,  tau_w dw/dt = a (V_m - E_L) - w;  g_r = sum_k w_k "
                  "(exp(-(t - t_k) / tau_decay_r) - exp(-(t - t_k) / tau_rise_r)) / peak_r, where both are equal an "
                  "alpha function;  V_m >= V_peak: spike, V_m = V_reset for t_ref, w += b.  Runge-Kutta of order 4 in "
                  "steps of at most dt / substeps, shortened on the upswing; conductances exactly; V_m in the "
                  "exponential is cut at V_peak. At most one spike a step is reported.",
      .reference = "Brette & Gerstner 2005, Journal of Neurophysiology 94:3637, doi:10.1152/jn.00686.2005; Roth & van "
                   "Rossum 2009, in Computational Modeling Methods for Neuroscientists, MIT Press, chapter 6"};

  using Parameters = ::Parameters;

  struct State {
    double V_m = 0, w = 0, g_1 = 0, g_2 = 0, g_3 = 0, g_4 = 0, s_1 = 0, s_2 = 0, s_3 = 0, s_4 = 0;
    int32_t refractory = 0;
    static constexpr auto fields() {
      using S = State;
      return std::tuple{field<&S::V_m>("mV", "membrane potential"),
                        field<&S::w>("pA", "adaptation current"),
                        field<&S::g_1>("nS", "conductance of receptor 1"),
                        field<&S::g_2>("nS", "conductance of receptor 2"),
                        field<&S::g_3>("nS", "conductance of receptor 3"),
                        field<&S::g_4>("nS", "conductance of receptor 4"),
                        field<&S::s_1>("", "what feeds that of receptor 1 (nS/ms)"),
                        field<&S::s_2>("", "what feeds that of receptor 2 (nS/ms)"),
                        field<&S::s_3>("", "what feeds that of receptor 3 (nS/ms)"),
                        field<&S::s_4>("", "what feeds that of receptor 4 (nS/ms)"),
                        field<&S::refractory>("1", "steps left of the refractory period")};
    }
  };

  struct Input {
    float receptor_1, receptor_2, receptor_3, receptor_4, I;
    static constexpr auto fields() {
      using In = Input;
      return std::tuple{field<&In::receptor_1>("nS", "sum of the peak conductances that begin", excitatory),
                        field<&In::receptor_2>("nS", "the same of receptor 2", excitatory),
                        field<&In::receptor_3>("nS", "the same of receptor 3", excitatory),
                        field<&In::receptor_4>("nS", "the same of receptor 4", excitatory),
                        field<&In::I>("pA", "current", current)};
    }
  };

  AdaptiveExponential<Parameters, BetaReceptors> membrane;

  aeif_cond_beta_multisynapse(const Parameters& p, const Step& step) : membrane(p, step.dt) {}

  State initial() const { return {.V_m = membrane.p.E_L}; }

  bool step(State& s, const Input& arrived) const {
    BetaReceptors::Conductances c{{s.g_1, s.g_2, s.g_3, s.g_4}, {s.s_1, s.s_2, s.s_3, s.s_4}};
    const bool fires = membrane.step(s.V_m, s.w, s.refractory, c, arrived.I);
    const Four& begin = membrane.receptors.begin;
    s.g_1 = c.g[0], s.g_2 = c.g[1], s.g_3 = c.g[2], s.g_4 = c.g[3];
    s.s_1 = c.s[0] + begin[0] * arrived.receptor_1;
    s.s_2 = c.s[1] + begin[1] * arrived.receptor_2;
    s.s_3 = c.s[2] + begin[2] * arrived.receptor_3;
    s.s_4 = c.s[3] + begin[3] * arrived.receptor_4;
    return fires;
  }
};

PROXON_PLUGIN(neuron, aeif_cond_beta_multisynapse, aeif_cond_beta_multisynapse)
