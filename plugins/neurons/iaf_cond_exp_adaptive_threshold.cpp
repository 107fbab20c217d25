#include <stdexcept>

#include "conductance_membrane.hpp"

using namespace proxon;

struct iaf_cond_exp_adaptive_threshold {
  static constexpr Documentation about{
      .summary = "The neuron iaf_cond_exp with a threshold that each spike raises and that falls back slowly, so that neurons which compete come to fire "
                 "equally often. The defaults are those of Diehl & Cook's excitatory neurons.",
      .equation = "membrane and conductances as iaf_cond_exp;  V_m >= V_th + theta: spike, V_m = V_reset for t_ref, theta += theta_plus;  dtheta/dt = "
                  "-theta / tau_theta;  after theta_stop theta stays as it is",
      .reference = "Diehl & Cook 2015, Frontiers in Computational Neuroscience 9:99, doi:10.3389/fncom.2015.00099"};

  struct Parameters {
    double V_th = -72;
    double theta = 20;
    double theta_plus = 0.05;
    double tau_theta = 1e7;
    double theta_stop = 0;
    double V_reset = -65;
    double t_ref = 5;
    double g_L = 1;
    double C_m = 100;
    double E_L = -65;
    double E_ex = 0;
    double E_in = -100;
    double tau_syn_ex = 1;
    double tau_syn_in = 2;
    double I_e = 0;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple_cat(std::tuple{field<&P::V_th>("mV", "spike threshold where theta is 0"), field<&P::theta>("mV", "theta at the begin"),
                                       field<&P::theta_plus>("mV", "what a spike adds to theta", at_least(0)),
                                       field<&P::tau_theta>("ms", "time constant with which theta falls", above(0)),
                                       field<&P::theta_stop>("ms", "time after which theta stays as it is; 0: never", at_least(0))},
                            membrane_fields<P>());
    }
  };

  struct State {
    double V_m = 0, theta = 0;
    float g_ex = 0, g_in = 0;
    int32_t refractory = 0, adapting = 0;
    static constexpr auto fields() {
      using S = State;
      return std::tuple{field<&S::V_m>("mV", "membrane potential"),       field<&S::theta>("mV", "what spikes have added to the threshold"),
                        field<&S::g_ex>("nS", "excitatory conductance"),  field<&S::g_in>("nS", "inhibitory conductance"),
                        field<&S::refractory>("1", "steps left of the refractory period"),
                        field<&S::adapting>("1", "steps left in which theta changes; -1: all")};
    }
  };

  using Input = ConductanceInput;

  ConductanceMembrane membrane;
  double E_L, V_th, V_reset, theta, theta_plus, keep;
  int32_t adapting;

  iaf_cond_exp_adaptive_threshold(const Parameters& p, const Step& step)
      : membrane(p, step.dt), E_L(p.E_L), V_th(p.V_th), V_reset(p.V_reset), theta(p.theta), theta_plus(p.theta_plus),
        keep(std::exp(-step.dt / p.tau_theta)), adapting(-1) {
    if (p.V_reset >= p.V_th + p.theta) throw std::invalid_argument("V_reset must lie below V_th + theta");
    const double steps = p.theta_stop / step.dt;
    if (steps > 2e9) throw std::invalid_argument("theta_stop is more than 2e9 steps away; 0 means never");
    if (p.theta_stop > 0) adapting = static_cast<int32_t>(std::lround(steps));
  }

  State initial() const { return {.V_m = E_L, .theta = theta, .adapting = adapting}; }

  bool step(State& s, const Input& in) const {
    const bool fires = membrane.step(s, in, V_th + s.theta, V_reset);
    const double next = s.theta * keep + (fires ? theta_plus : 0);
    s.theta = s.adapting != 0 ? next : s.theta;
    s.adapting -= s.adapting > 0;
    return fires;
  }
};

PROXON_PLUGIN(neuron, iaf_cond_exp_adaptive_threshold, iaf_cond_exp_adaptive_threshold)
