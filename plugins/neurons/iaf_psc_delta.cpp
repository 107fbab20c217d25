#include <proxon/plugin/neuron.hpp>

#include <cmath>
#include <stdexcept>

using namespace proxon;

struct iaf_psc_delta {
  static constexpr Documentation about{
      .summary = "Leaky integrate-and-fire neuron; a spike makes the membrane potential jump by the weight (mV).",
      .equation = "tau_m dV_m/dt = -(V_m - E_L) + tau_m / C_m (I_e + I) + tau_m sum_k w_k delta(t - t_k);  V_m >= V_th: spike, V_m = V_reset "
                  "for t_ref.  Integrated exactly.",
      .reference = "Rotter & Diesmann 1999, Biological Cybernetics 81:381, doi:10.1007/s004220050570"};

  struct Parameters {
    double tau_m = 10;
    double C_m = 250;
    double t_ref = 2;
    double E_L = -70;
    double V_th = -55;
    double V_reset = -70;
    double I_e = 0;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::tau_m>("ms", "membrane time constant", above(0)),
                        field<&P::C_m>("pF", "capacitance of the membrane", above(0)),
                        field<&P::t_ref>("ms", "refractory period", at_least(0)),
                        field<&P::E_L>("mV", "resting potential"),
                        field<&P::V_th>("mV", "spike threshold"),
                        field<&P::V_reset>("mV", "potential after a spike, below V_th"),
                        field<&P::I_e>("pA", "constant input current")};
    }
  };

  struct State {
    double V_m = 0;
    int32_t refractory = 0;
    static constexpr auto fields() {
      return std::tuple{field<&State::V_m>("mV", "membrane potential"),
                        field<&State::refractory>("1", "steps left of the refractory period")};
    }
  };

  struct Input {
    float delta;
    float I;
    static constexpr auto fields() {
      return std::tuple{field<&Input::delta>("mV", "sum of the jumps that arrive"), field<&Input::I>("pA", "current", current)};
    }
  };

  double P_mm, P_mI, E_L, V_th, V_reset, I_e;
  int32_t refractory_steps;

  iaf_psc_delta(const Parameters& p, const Step& step)
      : P_mm(std::exp(-step.dt / p.tau_m)),
        P_mI(-p.tau_m / p.C_m * std::expm1(-step.dt / p.tau_m)),
        E_L(p.E_L),
        V_th(p.V_th),
        V_reset(p.V_reset),
        I_e(p.I_e),
        refractory_steps(static_cast<int32_t>(std::lround(p.t_ref / step.dt))) {
    if (p.V_reset >= p.V_th) throw std::invalid_argument("V_reset must lie below V_th");
  }

  State initial() const { return {.V_m = E_L}; }

  bool step(State& s, const Input& in) const {
    const double free = E_L + (s.V_m - E_L) * P_mm + (I_e + in.I) * P_mI + in.delta;
    const double V = s.refractory > 0 ? s.V_m : free;
    const bool fires = V >= V_th;
    s.V_m = fires ? V_reset : V;
    s.refractory = fires ? refractory_steps : (s.refractory > 0 ? s.refractory - 1 : 0);
    return fires;
  }
};

PROXON_PLUGIN(neuron, iaf_psc_delta, iaf_psc_delta)
