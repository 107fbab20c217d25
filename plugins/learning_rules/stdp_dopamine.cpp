#include <proxon/plugin/learning_rule.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

using namespace proxon;

struct stdp_dopamine {
  static constexpr Documentation about{
      .summary = "Reward-modulated STDP: pairs of spikes leave an eligibility at the synapse, and dopamine (spikes of the projection's `modulator`) "
                 "turns it into a change of the weight.",
      .equation = "dc/dt = -c/tau_c, c -= A_minus y at pre spikes, c += A_plus x at post spikes;  dw/dt = c (n - b);  dn/dt = -n/tau_n, n += 1/tau_n "
                  "at dopamine spikes;  dx/dt = -x/tau_plus, dy/dt = -y/tau_minus, +1 at each spike.  Integrated once a learning_interval h: c "
                  "decays exactly, n is its mean over the interval; error of order h/tau_c",
      .reference = "Izhikevich 2007, Cerebral Cortex 17:2443, doi:10.1093/cercor/bhl152; Florian 2007, Neural Computation 19:1468, "
                   "doi:10.1162/neco.2007.19.6.1468"};

  struct Parameters {
    double A_plus = 1;
    double A_minus = 1.5;
    double tau_plus = 20;
    double tau_minus = 20;
    double tau_c = 1000;
    double tau_n = 200;
    double b = 0;
    double w_min = 0;
    double w_max = 200;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::A_plus>("1", "eligibility of a pair pre before post at no distance, in the unit of the weight", at_least(0)),
                        field<&P::A_minus>("1", "eligibility of a pair post before pre at no distance, in the unit of the weight", at_least(0)),
                        field<&P::tau_plus>("ms", "time constant of the window for pre before post", above(0)),
                        field<&P::tau_minus>("ms", "time constant of the window for post before pre", above(0)),
                        field<&P::tau_c>("ms", "time constant of eligibility", above(0)), field<&P::tau_n>("ms", "time constant of dopamine", above(0)),
                        field<&P::b>("1", "baseline of dopamine, a ms"), field<&P::w_min>("1", "lowest weight"),
                        field<&P::w_max>("1", "highest weight")};
    }
  };

  struct Synapse {
    float w = 0, c = 0;
    static constexpr auto fields() {
      return std::tuple{field<&Synapse::w>("1", "synaptic weight"), field<&Synapse::c>("1", "eligibility")};
    }
  };
  struct Pre {
    float x;
    static constexpr auto fields() { return std::tuple{field<&Pre::x>("1", "trace of the source's spikes")}; }
  };
  struct Post {
    float y;
    static constexpr auto fields() { return std::tuple{field<&Post::y>("1", "trace of the target's spikes")}; }
  };

  Pre tau_pre;
  Post tau_post;
  float tau_signal, A_plus, A_minus, tau_c, b, w_min, w_max;

  stdp_dopamine(const Parameters& p, const Step&)
      : tau_pre{float(p.tau_plus)}, tau_post{float(p.tau_minus)}, tau_signal(float(p.tau_n)), A_plus(float(p.A_plus)), A_minus(float(p.A_minus)),
        tau_c(float(p.tau_c)), b(float(p.b)), w_min(float(p.w_min)), w_max(float(p.w_max)) {
    if (p.w_min > p.w_max) throw std::invalid_argument("w_min must not lie above w_max");
  }

  void on_pre(Synapse& s, const Pre&, const Post& post) const { s.c -= A_minus * post.y; }
  void on_post(Synapse& s, const Pre& pre, const Post&) const { s.c += A_plus * pre.x; }
  void elapsed(Synapse& s, const Pre&, const Post&, const Moment& m) const {
    const float lost = -std::expm1(-m.dt / tau_c);
    s.w = std::min(w_max, std::max(w_min, s.w + tau_c * lost * s.c * (m.signal - b)));
    s.c -= lost * s.c;
  }
};

PROXON_PLUGIN(learning_rule, stdp_dopamine, stdp_dopamine)
