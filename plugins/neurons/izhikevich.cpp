#include <proxon/plugin/neuron.hpp>
#include <stdexcept>

using namespace proxon;

struct izhikevich {
  static constexpr Documentation about{
      .summary = "Two-variable neuron that can spike regularly, burst, chatter and more; a spike makes V_m jump by the "
                 "weight (mV).",
      .equation = "dV_m/dt = 0.04 V_m^2 + 5 V_m + 140 - U_m + I_e + I,  dU_m/dt = a (b V_m - U_m), t in ms;  V_m >= "
                  "V_th: spike, V_m = c, U_m = U_m + d.  Forward Euler as in NEST, order 1 in dt "
                  "(consistent_integration = true); else the published numerics, two half steps of V_m and one of U_m, "
                  "meant for dt = 1 ms, where input spikes count as a current.  substeps > 1 divides the step.",
      .reference = "Izhikevich 2003, IEEE Transactions on Neural Networks 14:1569, doi:10.1109/TNN.2003.820440"};

  struct Parameters {
    double a = 0.02;
    double b = 0.2;
    double c = -65;
    double d = 8;
    double I_e = 0;
    double V_th = 30;
    double V_min = -1e300;
    bool consistent_integration = true;
    int64_t substeps = 1;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::a>("1/ms", "rate of the recovery variable"),
          field<&P::b>("1", "how strongly the recovery variable follows V_m"),
          field<&P::c>("mV", "potential after a spike, below V_th"),
          field<&P::d>("mV", "what a spike adds to the recovery variable"),
          field<&P::I_e>("pA", "constant input current"),
          field<&P::V_th>("mV", "potential at which a spike is cut off"),
          field<&P::V_min>("mV", "lowest potential that is allowed; without a limit by default"),
          field<&P::consistent_integration>("", "forward Euler; else the published numerics"),
          field<&P::substeps>("1", "steps of the method in a step of the simulation", at_least(1), at_most(10000))};
    }
  };

  struct State {
    double V_m = -65, U_m = 0;
    static constexpr auto fields() {
      return std::tuple{field<&State::V_m>("mV", "membrane potential"), field<&State::U_m>("mV", "recovery variable")};
    }
  };

  struct Input {
    float spikes, I;
    static constexpr auto fields() {
      return std::tuple{field<&Input::spikes>("mV", "sum of the jumps that arrive"),
                        field<&Input::I>("pA", "current", current)};
    }
  };

  double h, a, b, c, d, I_e, V_th, V_min;
  int32_t substeps;
  bool consistent;

  izhikevich(const Parameters& p, const Step& step)
      : h(step.dt / static_cast<double>(p.substeps)),
        a(p.a),
        b(p.b),
        c(p.c),
        d(p.d),
        I_e(p.I_e),
        V_th(p.V_th),
        V_min(p.V_min),
        substeps(static_cast<int32_t>(p.substeps)),
        consistent(p.consistent_integration) {
    if (p.c >= p.V_th) throw std::invalid_argument("c, the potential after a spike, must lie below V_th");
    if (p.V_min > p.c) throw std::invalid_argument("V_min must not lie above c");
  }

  static double slope(double V, double U, double I) { return 0.04 * V * V + 5 * V + 140 - U + I; }

  bool step(State& s, const Input& in) const {
    bool fired = false;
    for (int32_t k = 0; k < substeps; ++k) {
      // Jumps arrive at the end of the step; the published numerics take them as a current during it.
      const double jump = k + 1 == substeps ? in.spikes : 0;
      const double I = I_e + in.I;
      const double euler = s.V_m + h * slope(s.V_m, s.U_m, I) + jump;
      const double half = s.V_m + h / 2 * slope(s.V_m, s.U_m, I + in.spikes);
      const double published = half + h / 2 * slope(half, s.U_m, I + in.spikes);
      const double V = consistent ? euler : published;
      const double U = s.U_m + h * a * (b * (consistent ? s.V_m : V) - s.U_m);
      const double bounded = V < V_min ? V_min : V;
      const bool fires = bounded >= V_th;
      s.V_m = fires ? c : bounded;
      s.U_m = fires ? U + d : U;
      fired |= fires;
    }
    return fired;
  }
};

PROXON_PLUGIN(neuron, izhikevich, izhikevich)
