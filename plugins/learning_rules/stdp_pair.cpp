#include <proxon/plugin/learning_rule.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

using namespace proxon;

struct stdp_pair {
  static constexpr Documentation about{
      .summary = "Pair-based spike-timing-dependent plasticity, all pairs, within hard bounds: additive (mu = 0), multiplicative (mu = 1) or in "
                 "between.",
      .equation = "pre spike: w -= A_minus v^mu_minus y;  post spike: w += A_plus (1 - v)^mu_plus x;  v = (w - w_min) / (w_max - w_min);  "
                  "dx/dt = -x/tau_plus, dy/dt = -y/tau_minus, +1 at each spike.  Gutig's lambda and alpha: A_plus = lambda w_max, "
                  "A_minus = alpha lambda w_max, w_min = 0.",
      .reference = "Song, Miller & Abbott 2000, Nature Neuroscience 3:919, doi:10.1038/78829 (mu = 0); Rubin, Lee & Sompolinsky 2001, Physical "
                   "Review Letters 86:364, doi:10.1103/PhysRevLett.86.364 (mu = 1); Gutig, Aharonov, Rotter & Sompolinsky 2003, Journal of "
                   "Neuroscience 23:3697, doi:10.1523/JNEUROSCI.23-09-03697.2003"};

  struct Parameters {
    double A_plus = 0.01;
    double A_minus = 0.0105;
    double tau_plus = 20;
    double tau_minus = 20;
    double mu_plus = 0;
    double mu_minus = 0;
    double w_min = 0;
    double w_max = 1;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::A_plus>("1", "growth of the weight for a pair at no distance, in the unit of the weight", at_least(0)),
                        field<&P::A_minus>("1", "fall of the weight for a pair at no distance, in the unit of the weight", at_least(0)),
                        field<&P::tau_plus>("ms", "time constant of the window for pre before post", above(0)),
                        field<&P::tau_minus>("ms", "time constant of the window for post before pre", above(0)),
                        field<&P::mu_plus>("1", "how growth depends on the room left: 0 not, 1 in proportion", between(0, 1)),
                        field<&P::mu_minus>("1", "how the fall depends on the weight: 0 not, 1 in proportion", between(0, 1)),
                        field<&P::w_min>("1", "lowest weight"), field<&P::w_max>("1", "highest weight")};
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

  /// A v^mu: a straight line in v for mu = 0 and mu = 1, which costs no more than a constant; else a power.
  struct Dependence {
    float A, constant, slope, mu;
    bool power;
    Dependence(double a, double exponent)
        : A(float(a)), constant(exponent == 1 ? 0.f : float(a)), slope(exponent == 1 ? float(a) : 0.f), mu(float(exponent)),
          power(exponent != 0 && exponent != 1) {}
    float operator()(float v) const { return power ? A * std::pow(std::max(v, 0.f), mu) : constant + slope * v; }
  };

  Pre tau_pre;
  Post tau_post;
  Dependence grow, fall;
  float w_min, w_max, per_range;

  stdp_pair(const Parameters& p, const Step&)
      : tau_pre{float(p.tau_plus)}, tau_post{float(p.tau_minus)}, grow(p.A_plus, p.mu_plus), fall(p.A_minus, p.mu_minus),
        w_min(float(p.w_min)), w_max(float(p.w_max)), per_range(float(1 / (p.w_max - p.w_min))) {
    if (!(p.w_min < p.w_max)) throw std::invalid_argument("w_min must lie below w_max");
  }

  void on_pre(PlainSynapse& s, const Pre&, const Post& post) const {
    s.w = std::max(w_min, s.w - fall((s.w - w_min) * per_range) * post.y);
  }
  void on_post(PlainSynapse& s, const Pre& pre, const Post&) const {
    s.w = std::min(w_max, s.w + grow((w_max - s.w) * per_range) * pre.x);
  }
};

PROXON_PLUGIN(learning_rule, stdp_pair, stdp_pair)
