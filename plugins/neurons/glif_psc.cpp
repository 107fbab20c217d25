#include <cmath>
#include <proxon/plugin/integrate.hpp>
#include <proxon/plugin/neuron.hpp>
#include <stdexcept>

using namespace proxon;

struct glif_psc {
  static constexpr Documentation about{
      .summary = "Generalised leaky integrate-and-fire neuron of the Allen Institute (GLIF 1 to 5, chosen by three "
                 "flags); synaptic currents of alpha shape.",
      .equation = "C_m dV_m/dt = -g (V_m - E_L) + I + I_syn + the sum of ASC_k;  dASC_k/dt = -asc_decay_k ASC_k;  V_m "
                  "> threshold = V_th + threshold_spike + threshold_voltage: spike, V_m = V_reset for t_ref.  With "
                  "spike_dependent_threshold: V_m - E_L = voltage_reset_fraction (V_m - E_L) + voltage_reset_add "
                  "instead, threshold_spike += th_spike_add, which decays with th_spike_decay.  With "
                  "after_spike_currents: ASC_k = asc_amps_k + asc_r_k exp(-asc_decay_k t_ref) ASC_k at a spike.  With "
                  "adapting_threshold: dthreshold_voltage/dt = th_voltage_index (V_m - E_L) - th_voltage_decay "
                  "threshold_voltage.  I_syn as in iaf_psc_alpha.  Integrated exactly, but that after-spike currents "
                  "are held at their mean over a step and the threshold does not see I_syn within a step, both as in "
                  "NEST.  Against NEST: one receptor (tau_syn a number, weights of either sign) and two after-spike "
                  "currents, as numbers with a suffix (NEST: lists of any length).",
      .reference = "Teeter et al. 2018, Nature Communications 9:709, doi:10.1038/s41467-017-02717-4"};

  struct Parameters {
    double g = 9.43;
    double E_L = -78.85;
    double V_th = -51.68;
    double C_m = 58.72;
    double t_ref = 3.75;
    double V_reset = -78.85;
    double th_spike_add = 0.37;
    double th_spike_decay = 0.009;
    double voltage_reset_fraction = 0.2;
    double voltage_reset_add = 18.51;
    double th_voltage_index = 0.005;
    double th_voltage_decay = 0.09;
    double asc_init_1 = 0;
    double asc_init_2 = 0;
    double asc_decay_1 = 0.003;
    double asc_decay_2 = 0.1;
    double asc_amps_1 = -9.18;
    double asc_amps_2 = -198.94;
    double asc_r_1 = 1;
    double asc_r_2 = 1;
    double tau_syn = 2;
    bool spike_dependent_threshold = false;
    bool after_spike_currents = false;
    bool adapting_threshold = false;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::g>("nS", "leak conductance", above(0)),
          field<&P::E_L>("mV", "resting potential"),
          field<&P::V_th>("mV", "threshold at rest"),
          field<&P::C_m>("pF", "capacitance of the membrane", above(0)),
          field<&P::t_ref>("ms", "refractory period", above(0)),
          field<&P::V_reset>("mV", "potential after a spike, below V_th (GLIF 1 and 3)"),
          field<&P::th_spike_add>("mV", "what a spike adds to the threshold"),
          field<&P::th_spike_decay>("1/ms", "decay of what spikes have added to the threshold", above(0)),
          field<&P::voltage_reset_fraction>("1", "part of V_m - E_L that a spike leaves", at_least(0), at_most(1)),
          field<&P::voltage_reset_add>("mV", "what is added to that part"),
          field<&P::th_voltage_index>("1/ms", "how strongly the potential moves the threshold"),
          field<&P::th_voltage_decay>("1/ms", "decay of the part of the threshold that the potential moves", above(0)),
          field<&P::asc_init_1>("pA", "first after-spike current at the begin"),
          field<&P::asc_init_2>("pA", "second after-spike current at the begin"),
          field<&P::asc_decay_1>("1/ms", "decay of the first after-spike current", above(0)),
          field<&P::asc_decay_2>("1/ms", "decay of the second after-spike current", above(0)),
          field<&P::asc_amps_1>("pA", "what a spike adds to the first after-spike current"),
          field<&P::asc_amps_2>("pA", "what a spike adds to the second after-spike current"),
          field<&P::asc_r_1>("1", "part of the first after-spike current that a spike leaves", at_least(0), at_most(1)),
          field<&P::asc_r_2>("1", "part of the second after-spike current that a spike leaves", at_least(0),
                             at_most(1)),
          field<&P::tau_syn>("ms", "time from the begin to the peak of a synaptic current", above(0)),
          field<&P::spike_dependent_threshold>("", "spikes move threshold and reset (R: GLIF 2, 4, 5)"),
          field<&P::after_spike_currents>("", "spikes leave currents (ASC: GLIF 3, 4, 5)"),
          field<&P::adapting_threshold>("", "the potential moves the threshold (A: GLIF 5)")};
    }
  };

  struct State {
    double V_m = 0, threshold = 0, threshold_spike = 0, threshold_voltage = 0, ASC_1 = 0, ASC_2 = 0, I_syn = 0,
           dI_syn = 0;
    int32_t refractory = 0;
    static constexpr auto fields() {
      using S = State;
      return std::tuple{field<&S::V_m>("mV", "membrane potential"),
                        field<&S::threshold>("mV", "threshold, the sum of its parts"),
                        field<&S::threshold_spike>("mV", "part of the threshold that spikes move"),
                        field<&S::threshold_voltage>("mV", "part of the threshold that the potential moves"),
                        field<&S::ASC_1>("pA", "first after-spike current"),
                        field<&S::ASC_2>("pA", "second after-spike current"),
                        field<&S::I_syn>("pA", "synaptic current"),
                        field<&S::dI_syn>("", "what feeds the synaptic current (pA/ms)"),
                        field<&S::refractory>("1", "steps left of the refractory period")};
    }
  };

  struct Input {
    float syn, I;
    static constexpr auto fields() {
      return std::tuple{field<&Input::syn>("pA", "sum of the peaks of the synaptic currents that begin"),
                        field<&Input::I>("pA", "current", current)};
    }
  };

  /// An after-spike current: its decay and mean over a step, what a spike adds and leaves; all 0 without the flag.
  struct AfterSpikeCurrent {
    double P, mean, amplitude, left;
    AfterSpikeCurrent(bool on, double decay, double amplitude, double r, double t_ref, double h)
        : P(on ? std::exp(-decay * h) : 0),
          mean(on ? -std::expm1(-decay * h) / (decay * h) : 0),
          amplitude(on ? amplitude : 0),
          left(on ? r * std::exp(-decay * t_ref) : 0) {}
  };

  AfterSpikeCurrent asc_1, asc_2;
  double P_mm, P_mI, P_syn, P_21, P_31, P_32, begin_syn;
  double P_spike, left_spike, add_spike, P_voltage, moved_by_V, moved_by_I;
  double E_L, V_th, per_g, reset_fraction, reset_to, begin_1, begin_2;
  int32_t refractory_steps;

  glif_psc(const Parameters& p, const Step& step)
      : asc_1(p.after_spike_currents, p.asc_decay_1, p.asc_amps_1, p.asc_r_1, p.t_ref, step.dt),
        asc_2(p.after_spike_currents, p.asc_decay_2, p.asc_amps_2, p.asc_r_2, p.t_ref, step.dt),
        P_mm(std::exp(-step.dt * p.g / p.C_m)),
        P_mI(-std::expm1(-step.dt * p.g / p.C_m) / p.g),
        P_syn(std::exp(-step.dt / p.tau_syn)),
        P_21(step.dt * P_syn),
        P_31(alpha_onto_membrane(p.C_m / p.g, p.tau_syn, step.dt) / p.C_m),
        P_32(exponential_onto_membrane(p.C_m / p.g, p.tau_syn, step.dt) / p.C_m),
        begin_syn(std::exp(1.0) / p.tau_syn),
        P_spike(p.spike_dependent_threshold ? std::exp(-p.th_spike_decay * step.dt) : 0),
        left_spike(p.spike_dependent_threshold ? std::exp(-p.th_spike_decay * p.t_ref) : 0),
        add_spike(p.spike_dependent_threshold ? p.th_spike_add : 0),
        P_voltage(p.adapting_threshold ? std::exp(-p.th_voltage_decay * step.dt) : 0),
        // With V - E_L = beta + (V_0 - E_L - beta) exp(-g t / C): what is left of either term.
        moved_by_V(p.adapting_threshold
                       ? p.th_voltage_index * exponential_onto_membrane(1 / p.th_voltage_decay, p.C_m / p.g, step.dt)
                       : 0),
        moved_by_I(p.adapting_threshold
                       ? -p.th_voltage_index / p.th_voltage_decay * std::expm1(-p.th_voltage_decay * step.dt) / p.g
                       : 0),
        E_L(p.E_L),
        V_th(p.V_th),
        per_g(1 / p.g),
        reset_fraction(p.spike_dependent_threshold ? p.voltage_reset_fraction : 0),
        reset_to(p.spike_dependent_threshold ? p.voltage_reset_add : p.V_reset - p.E_L),
        begin_1(p.after_spike_currents ? p.asc_init_1 : 0),
        begin_2(p.after_spike_currents ? p.asc_init_2 : 0),
        refractory_steps(static_cast<int32_t>(std::lround(p.t_ref / step.dt))) {
    if (p.V_reset >= p.V_th) throw std::invalid_argument("V_reset must lie below V_th");
    if (p.adapting_threshold && !(p.spike_dependent_threshold && p.after_spike_currents))
      throw std::invalid_argument(
          "adapting_threshold needs spike_dependent_threshold and after_spike_currents as well (GLIF 5)");
  }

  State initial() const { return {.V_m = E_L, .threshold = V_th, .ASC_1 = begin_1, .ASC_2 = begin_2}; }

  bool step(State& s, const Input& in) const {
    const bool held = s.refractory > 0;
    const double u = s.V_m - E_L;

    // Membrane and threshold, which stand still while the neuron is refractory.
    const double I = in.I + s.ASC_1 * asc_1.mean + s.ASC_2 * asc_2.mean;
    const double free = u * P_mm + I * P_mI + s.dI_syn * P_31 + s.I_syn * P_32;
    const double voltage = s.threshold_voltage * P_voltage + moved_by_V * (u - I * per_g) + moved_by_I * I;
    const double spike = s.threshold_spike * P_spike;
    const double threshold = V_th - E_L + spike + voltage;
    const bool fires = !held & (free > threshold);

    // Reset.
    const double asc_1_now = s.ASC_1 * asc_1.P, asc_2_now = s.ASC_2 * asc_2.P;
    const double asc_1_new = fires ? asc_1.amplitude + asc_1_now * asc_1.left : asc_1_now;
    const double asc_2_new = fires ? asc_2.amplitude + asc_2_now * asc_2.left : asc_2_now;
    const double spike_new = fires ? spike * left_spike + add_spike : spike;
    const double u_new = fires ? reset_fraction * u + reset_to : free;
    s.V_m = held ? s.V_m : E_L + u_new;
    s.ASC_1 = held ? s.ASC_1 : asc_1_new;
    s.ASC_2 = held ? s.ASC_2 : asc_2_new;
    s.threshold_spike = held ? s.threshold_spike : spike_new;
    s.threshold_voltage = held ? s.threshold_voltage : voltage;
    s.threshold = V_th + s.threshold_spike + s.threshold_voltage;
    s.refractory = fires ? refractory_steps : (held ? s.refractory - 1 : 0);

    // Synaptic current.
    s.I_syn = s.dI_syn * P_21 + s.I_syn * P_syn;
    s.dI_syn = s.dI_syn * P_syn + in.syn * begin_syn;
    return fires;
  }
};

PROXON_PLUGIN(neuron, glif_psc, glif_psc)
