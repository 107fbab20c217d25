#include <proxon/plugin/learning_rule.hpp>

#include <algorithm>
#include <stdexcept>

using namespace proxon;

struct vogels_sprekeler {
  static constexpr Documentation about{
      .summary = "Inhibitory plasticity that brings the target's rate to a set point: coincidence strengthens inhibition, a lone pre spike "
                 "weakens it.",
      .equation = "pre spike: g += eta (y - 2 rho_0 tau);  post spike: g += eta x;  dx/dt = -x/tau, dy/dt = -y/tau, +1 at each spike;  g = |w| is "
                  "the strength of inhibition: w = -g where w_max <= 0, w = g where w_min >= 0 (a receptor for positive inhibitory weights)",
      .reference = "Vogels, Sprekeler, Zenke, Clopath & Gerstner 2011, Science 334:1569, doi:10.1126/science.1211095"};

  struct Parameters {
    double eta = 1e-3;
    double rho_0 = 3;
    double tau = 20;
    double w_min = -1;
    double w_max = 0;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::eta>("1", "learning rate, in the unit of the weight", at_least(0)),
                        field<&P::rho_0>("Hz", "rate that the target is brought to", at_least(0)),
                        field<&P::tau>("ms", "time constant of the traces", above(0)),
                        field<&P::w_min>("1", "lowest weight; the strongest where inhibitory weights are negative"),
                        field<&P::w_max>("1", "highest weight; not above 0 where inhibitory weights are negative")};
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
  float eta, alpha, w_min, w_max;

  vogels_sprekeler(const Parameters& p, const Step&)
      : tau_pre{float(p.tau)}, tau_post{float(p.tau)}, eta(float(p.w_max <= 0 ? -p.eta : p.eta)), alpha(float(2 * p.rho_0 * p.tau / 1000)),
        w_min(float(p.w_min)), w_max(float(p.w_max)) {
    if (p.w_min > p.w_max) throw std::invalid_argument("w_min must not lie above w_max");
    if (p.w_min < 0 && p.w_max > 0) throw std::invalid_argument("w_min and w_max must not have different signs: all weights inhibit");
  }

  float bounded(float w) const { return std::min(w_max, std::max(w_min, w)); }

  void on_pre(PlainSynapse& s, const Pre&, const Post& post) const { s.w = bounded(s.w + eta * (post.y - alpha)); }
  void on_post(PlainSynapse& s, const Pre& pre, const Post&) const { s.w = bounded(s.w + eta * pre.x); }
};

PROXON_PLUGIN(learning_rule, vogels_sprekeler, vogels_sprekeler)
