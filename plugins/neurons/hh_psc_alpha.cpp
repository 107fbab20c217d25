#include <cmath>
#include <proxon/plugin/integrate.hpp>
#include <proxon/plugin/neuron.hpp>

using namespace proxon;

struct hh_psc_alpha {
  static constexpr Documentation about{
      .summary = "Hodgkin-Huxley neuron; a spike makes a current of alpha shape whose peak is the weight (pA).",
      .equation = "C_m dV_m/dt = -g_Na m^3 h (V_m - E_Na) - g_K n^4 (V_m - E_K) - g_L (V_m - E_L) + I_e + I + I_syn_ex "
                  "+ I_syn_in;  dx/dt = alpha_x (1 - x) - beta_x x for x = m, h, n;  alpha_m = 0.1 (V_m + 40) / (1 - "
                  "exp(-(V_m + 40) / 10)), beta_m = 4 exp(-(V_m + 65) / 18), alpha_h = 0.07 exp(-(V_m + 65) / 20), "
                  "beta_h = 1 / (1 + exp(-(V_m + 35) / 10)), alpha_n = 0.01 (V_m + 55) / (1 - exp(-(V_m + 55) / 10)), "
                  "beta_n = 0.125 exp(-(V_m + 65) / 80);  I_syn as in iaf_psc_alpha;  spike: V_m >= 0 and falling, not "
                  "within t_ref of the last.  Runge-Kutta of order 4 with substeps steps in dt, synaptic currents "
                  "exactly: at 0.1 ms and the default of substeps V_m is within 0.01 mV on a spike's flank, 0.001 mV "
                  "elsewhere.",
      .reference = "Hodgkin & Huxley 1952, Journal of Physiology 117:500, doi:10.1113/jphysiol.1952.sp004764; Gerstner "
                   "& Kistler 2002, Spiking Neuron Models, section 2.2"};

  struct Parameters {
    double t_ref = 2;
    double g_Na = 12000;
    double g_K = 3600;
    double g_L = 30;
    double C_m = 100;
    double E_Na = 50;
    double E_K = -77;
    double E_L = -54.402;
    double tau_syn_ex = 0.2;
    double tau_syn_in = 2;
    double I_e = 0;
    int64_t substeps = 4;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::t_ref>("ms", "time after a spike in which none is reported; the membrane goes on", at_least(0)),
          field<&P::g_Na>("nS", "peak conductance of sodium", at_least(0)),
          field<&P::g_K>("nS", "peak conductance of potassium", at_least(0)),
          field<&P::g_L>("nS", "leak conductance", at_least(0)),
          field<&P::C_m>("pF", "capacitance of the membrane", above(0)),
          field<&P::E_Na>("mV", "reversal potential of sodium"),
          field<&P::E_K>("mV", "reversal potential of potassium"),
          field<&P::E_L>("mV", "reversal potential of the leak"),
          field<&P::tau_syn_ex>("ms", "time from the begin to the peak of the excitatory synaptic current", above(0)),
          field<&P::tau_syn_in>("ms", "time from the begin to the peak of the inhibitory synaptic current", above(0)),
          field<&P::I_e>("pA", "constant input current"),
          field<&P::substeps>("1", "steps of the method in a step of the simulation", at_least(1), at_most(10000))};
    }
  };

  struct State {
    double V_m = -65, Act_m = 0, Inact_h = 0, Act_n = 0, I_syn_ex = 0, dI_syn_ex = 0, I_syn_in = 0, dI_syn_in = 0;
    int32_t refractory = 0;
    static constexpr auto fields() {
      using S = State;
      return std::tuple{field<&S::V_m>("mV", "membrane potential"),
                        field<&S::Act_m>("1", "activation of sodium, m"),
                        field<&S::Inact_h>("1", "inactivation of sodium, h"),
                        field<&S::Act_n>("1", "activation of potassium, n"),
                        field<&S::I_syn_ex>("pA", "excitatory synaptic current"),
                        field<&S::dI_syn_ex>("", "what feeds the excitatory synaptic current (pA/ms)"),
                        field<&S::I_syn_in>("pA", "inhibitory synaptic current"),
                        field<&S::dI_syn_in>("", "what feeds the inhibitory synaptic current (pA/ms)"),
                        field<&S::refractory>("1", "steps left in which no spike is reported")};
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

  struct Rates {
    double alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n;
  };
  [[gnu::always_inline]] static Rates rates(double V) {
    // Seven exponentials out of two: those of V / 10, 20 and 80 are powers of one.
    const double e_80 = exponential((V + 65) * (-1.0 / 80)), e_40 = e_80 * e_80, e_20 = e_40 * e_40, e_10 = e_20 * e_20;
    const double e_18 = exponential((V + 65) * (-1.0 / 18));
    constexpr double e_1 = 2.718281828459045, e_2_5 = 12.182493960703473, e_3 = 20.085536923187668;
    return {.alpha_m = linoid((V + 40) * 0.1, e_10 * e_2_5),
            .beta_m = 4 * e_18,
            .alpha_h = 0.07 * e_20,
            .beta_h = 1 / (1 + e_10 * e_3),
            .alpha_n = 0.1 * linoid((V + 55) * 0.1, e_10 * e_1),
            .beta_n = 0.125 * e_80};
  }

  /// What half a sub-step leaves of a synaptic current.
  struct Half {
    double P, P_21, begin;
    Half(double tau, double h) : P(std::exp(-h / 2 / tau)), P_21(h / 2 * P), begin(std::exp(1.0) / tau) {}
  };

  Half ex, in;
  double h, g_Na, g_K, g_L, per_C, E_Na, E_K, E_L, I_e;
  int32_t substeps, refractory_steps;

  hh_psc_alpha(const Parameters& p, const Step& step)
      : ex(p.tau_syn_ex, step.dt / static_cast<double>(p.substeps)),
        in(p.tau_syn_in, step.dt / static_cast<double>(p.substeps)),
        h(step.dt / static_cast<double>(p.substeps)),
        g_Na(p.g_Na),
        g_K(p.g_K),
        g_L(p.g_L),
        per_C(1 / p.C_m),
        E_Na(p.E_Na),
        E_K(p.E_K),
        E_L(p.E_L),
        I_e(p.I_e),
        substeps(static_cast<int32_t>(p.substeps)),
        refractory_steps(static_cast<int32_t>(std::lround(p.t_ref / step.dt))) {}

  State initial() const {
    const Rates r = rates(-65);
    return {.V_m = -65,
            .Act_m = r.alpha_m / (r.alpha_m + r.beta_m),
            .Inact_h = r.alpha_h / (r.alpha_h + r.beta_h),
            .Act_n = r.alpha_n / (r.alpha_n + r.beta_n)};
  }

  bool step(State& s, const Input& arrived) const {
    const double before = s.V_m;
    for (int32_t k = 0; k < substeps; ++k) {
      // The synaptic current at the begin, the middle and the end of the sub-step.
      const double ex_half = s.dI_syn_ex * ex.P_21 + s.I_syn_ex * ex.P, dex_half = s.dI_syn_ex * ex.P;
      const double in_half = s.dI_syn_in * in.P_21 + s.I_syn_in * in.P, din_half = s.dI_syn_in * in.P;
      const double ex_end = dex_half * ex.P_21 + ex_half * ex.P, in_end = din_half * in.P_21 + in_half * in.P;
      const double outside = I_e + arrived.I, first = outside + s.I_syn_ex + s.I_syn_in;
      const double middle = outside + ex_half + in_half, last = outside + ex_end + in_end;
      const auto slope = [&](const std::array<double, 4>& y, double part) __attribute__((always_inline)) {
        const auto [V, m, h_, n] = y;
        const Rates r = rates(V);
        const double I = part == 0 ? first : part == 1 ? last : middle;
        const double n_2 = n * n;
        const double ionic = g_Na * (m * m * m * h_) * (V - E_Na) + g_K * (n_2 * n_2) * (V - E_K) + g_L * (V - E_L);
        return std::array<double, 4>{(I - ionic) * per_C, r.alpha_m * (1 - m) - r.beta_m * m,
                                     r.alpha_h * (1 - h_) - r.beta_h * h_, r.alpha_n * (1 - n) - r.beta_n * n};
      };
      const auto y = runge_kutta_4(std::array<double, 4>{s.V_m, s.Act_m, s.Inact_h, s.Act_n}, h, slope);
      s.V_m = y[0];
      s.Act_m = y[1];
      s.Inact_h = y[2];
      s.Act_n = y[3];
      s.I_syn_ex = ex_end;
      s.dI_syn_ex = dex_half * ex.P;
      s.I_syn_in = in_end;
      s.dI_syn_in = din_half * in.P;
    }
    s.dI_syn_ex += arrived.ex * ex.begin;
    s.dI_syn_in += arrived.in * in.begin;
    const bool fires = (s.refractory <= 0) & (s.V_m >= 0) & (before > s.V_m);
    s.refractory = fires ? refractory_steps : (s.refractory > 0 ? s.refractory - 1 : 0);
    return fires;
  }
};

PROXON_PLUGIN(neuron, hh_psc_alpha, hh_psc_alpha)
