#include <proxon/plugin/learning_rule.hpp>

#include <algorithm>

using namespace proxon;

struct stdp_pair {
  static constexpr Documentation about{
      .summary = "Pair-based spike-timing-dependent plasticity, all pairs, additive, within hard bounds.",
      .equation = "pre spike: w -= A_minus y;  post spike: w += A_plus x;  dx/dt = -x/tau_plus, dy/dt = -y/tau_minus, +1 at each spike",
      .reference = "Song, Miller & Abbott 2000, Nature Neuroscience 3:919, doi:10.1038/78829"};

  struct Parameters {
    double A_plus = 0.01;
    double A_minus = 0.0105;
    double tau_plus = 20;
    double tau_minus = 20;
    double w_min = 0;
    double w_max = 1;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::A_plus>("1", "growth of the weight for a pair at no distance, in the unit of the weight", at_least(0)),
                        field<&P::A_minus>("1", "fall of the weight for a pair at no distance, in the unit of the weight", at_least(0)),
                        field<&P::tau_plus>("ms", "time constant of the window for pre before post", above(0)),
                        field<&P::tau_minus>("ms", "time constant of the window for post before pre", above(0)),
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

  Pre tau_pre;
  Post tau_post;
  float A_plus, A_minus, w_min, w_max;

  stdp_pair(const Parameters& p, const Step&)
      : tau_pre{float(p.tau_plus)}, tau_post{float(p.tau_minus)}, A_plus(float(p.A_plus)), A_minus(float(p.A_minus)),
        w_min(float(p.w_min)), w_max(float(p.w_max)) {}

  void on_pre(PlainSynapse& s, const Pre&, const Post& post) const { s.w = std::max(w_min, s.w - A_minus * post.y); }
  void on_post(PlainSynapse& s, const Pre& pre, const Post&) const { s.w = std::min(w_max, s.w + A_plus * pre.x); }
};

PROXON_PLUGIN(learning_rule, stdp_pair, stdp_pair)
