#include <proxon/plugin/learning_rule.hpp>

#include <algorithm>
#include <cmath>

using namespace proxon;

struct stdp_power_law {
  static constexpr Documentation about{
      .summary = "Pair-based STDP whose growth follows a power of the weight and whose fall is in proportion to it; the weight keeps no upper "
                 "bound and stays positive.",
      .equation = "pre spike: w -= lambda alpha w y;  post spike: w += lambda w_0^(1 - mu) w^mu x;  dx/dt = -x/tau_plus, dy/dt = -y/tau_minus, "
                  "+1 at each spike",
      .reference = "Morrison, Aertsen & Diesmann 2007, Neural Computation 19:1437, doi:10.1162/neco.2007.19.6.1437"};

  struct Parameters {
    double lambda = 0.1;
    double alpha = 1;
    double mu = 0.4;
    double w_0 = 1;
    double tau_plus = 20;
    double tau_minus = 20;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::lambda>("1", "learning rate", at_least(0)), field<&P::alpha>("1", "asymmetry: depression against potentiation", at_least(0)),
                        field<&P::mu>("1", "exponent of the weight in potentiation", between(0, 1)),
                        field<&P::w_0>("1", "reference weight, in the unit of the weight", above(0)),
                        field<&P::tau_plus>("ms", "time constant of the window for pre before post", above(0)),
                        field<&P::tau_minus>("ms", "time constant of the window for post before pre", above(0))};
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
  float grow, fall, mu;

  stdp_power_law(const Parameters& p, const Step&)
      : tau_pre{float(p.tau_plus)}, tau_post{float(p.tau_minus)}, grow(float(p.lambda * std::pow(p.w_0, 1 - p.mu))),
        fall(float(p.lambda * p.alpha)), mu(float(p.mu)) {}

  void on_pre(PlainSynapse& s, const Pre&, const Post& post) const { s.w = std::max(0.f, s.w - fall * s.w * post.y); }
  void on_post(PlainSynapse& s, const Pre& pre, const Post&) const { s.w += grow * std::pow(std::max(s.w, 0.f), mu) * pre.x; }
};

PROXON_PLUGIN(learning_rule, stdp_power_law, stdp_power_law)
