#include <proxon/plugin/synapse.hpp>

#include <cmath>

using namespace proxon;

struct tsodyks_synapse {
  static constexpr Documentation about{
      .summary = "Short-term depression and facilitation with three pools of transmitter: recovered, active, inactive. tau_psc should be the "
                 "decay time of the target's synaptic current.",
      .equation = "dx/dt = z/tau_rec, dy/dt = -y/tau_psc, z = 1 - x - y, du/dt = -u/tau_fac;  spike: u += U (1 - u), then y += u x, x -= u x;  "
                  "psc = w u x.  Exact between spikes.",
      .reference = "Tsodyks, Uziel & Markram 2000, Journal of Neuroscience 20:RC50, doi:10.1523/JNEUROSCI.20-01-j0003.2000"};

  struct Parameters {
    double U = 0.5;
    double tau_psc = 3;
    double tau_fac = 0;
    double tau_rec = 800;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::U>("1", "rise of the release probability with each spike", between(0, 1)),
                        field<&P::tau_psc>("ms", "time constant of the synaptic current: the active pool", above(0)),
                        field<&P::tau_fac>("ms", "time constant of facilitation; 0: none", at_least(0)),
                        field<&P::tau_rec>("ms", "time constant of recovery", above(0))};
    }
  };

  struct Source {
    float u = 0, x = 1, y = 0;
    static constexpr auto fields() {
      return std::tuple{field<&Source::u>("1", "release probability after the last spike"),
                        field<&Source::x>("1", "recovered share of transmitter after the last spike"),
                        field<&Source::y>("1", "active share of transmitter after the last spike")};
    }
  };

  double U, tau_psc, tau_fac, tau_rec;

  tsodyks_synapse(const Parameters& p, const Step&) : U(p.U), tau_psc(p.tau_psc), tau_fac(p.tau_fac), tau_rec(p.tau_rec) {}

  float transmit(float w) const { return w; }

  float spike(Source& s, float elapsed) const {
    if (std::isinf(elapsed)) s = Source{};
    double u = s.u, x = s.x, y = s.y;
    if (!std::isinf(elapsed)) {
      const double h = elapsed, z = 1 - x - y;
      u *= tau_fac > 0 ? std::exp(-h / tau_fac) : 0;
      y *= std::exp(-h / tau_psc);
      x = 1 - y - z * std::exp(-h / tau_rec) - s.y * inactive(h);
    }
    u += U * (1 - u);
    const double released = u * x;
    s = {float(u), float(x - released), float(y + released)};
    return float(released);
  }

  /// What the active pool has turned into the inactive one after h ms, a unit of it; the two time constants may be equal.
  double inactive(double h) const {
    const double q = h / tau_psc - h / tau_rec, decayed = std::exp(-h / tau_psc);
    if (std::fabs(q) < 1e-4) return h / tau_psc * decayed * (1 + q / 2 + q * q / 6);
    return (std::exp(-h / tau_rec) - decayed) * tau_rec / (tau_rec - tau_psc);
  }
};

PROXON_PLUGIN(synapse, tsodyks, tsodyks_synapse)
