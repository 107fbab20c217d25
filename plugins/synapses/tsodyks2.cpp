#include <proxon/plugin/synapse.hpp>

#include <cmath>

using namespace proxon;

struct tsodyks2_synapse {
  static constexpr Documentation about{
      .summary = "Short-term depression and facilitation with two variables: transmitter at hand and release probability.",
      .equation = "psc = w u x;  from a spike to the next, h ms later: x <- 1 + (x - x u - 1) exp(-h/tau_rec), u <- U + u (1 - U) exp(-h/tau_fac)",
      .reference = "Maass & Markram 2002, Neural Networks 15:155, doi:10.1016/S0893-6080(01)00144-7; Fuhrmann, Segev, Markram & Tsodyks 2002, "
                   "Journal of Neurophysiology 87:140, doi:10.1152/jn.00258.2001"};

  struct Parameters {
    double U = 0.5;
    double u = 0.5;
    double x = 1;
    double tau_fac = 0;
    double tau_rec = 800;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::U>("1", "release probability at rest", between(0, 1)),
                        field<&P::u>("1", "release probability at the first spike", between(0, 1)),
                        field<&P::x>("1", "share of transmitter at hand at the first spike", between(0, 1)),
                        field<&P::tau_fac>("ms", "time constant of facilitation; 0: none", at_least(0)),
                        field<&P::tau_rec>("ms", "time constant of depression", above(0))};
    }
  };

  struct Source {
    float u = 0.5f, x = 1;
    static constexpr auto fields() {
      return std::tuple{field<&Source::u>("1", "release probability at the last spike"),
                        field<&Source::x>("1", "share of transmitter at hand just before the last spike")};
    }
  };

  Source first;
  double U, tau_fac, tau_rec;

  tsodyks2_synapse(const Parameters& p, const Step&) : first{float(p.u), float(p.x)}, U(p.U), tau_fac(p.tau_fac), tau_rec(p.tau_rec) {}

  float transmit(float w) const { return w; }

  float spike(Source& s, float elapsed) const {
    if (std::isinf(elapsed)) {
      s = first;
    } else {
      const double h = elapsed, u = s.u, x = s.x;
      s.x = float(1 + (x - x * u - 1) * std::exp(-h / tau_rec));
      s.u = float(U + u * (1 - U) * (tau_fac > 0 ? std::exp(-h / tau_fac) : 0));
    }
    return s.u * s.x;
  }
};

PROXON_PLUGIN(synapse, tsodyks2, tsodyks2_synapse)
