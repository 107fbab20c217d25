#include <proxon/plugin/learning_rule.hpp>

#include <algorithm>
#include <stdexcept>

using namespace proxon;

struct stdp_triplet {
  static constexpr Documentation about{
      .summary = "Triplet rule of STDP, all pairs and triplets: potentiation grows with the frequency of pairing. The defaults are the fit of the "
                 "full model to visual cortex. With interactions = \"nearest\" each spike sees the last one of the other side alone.",
      .equation = "pre spike: w -= o1 (A2_minus + A3_minus r2);  post spike: w += r1 (A2_plus + A3_plus o2);  r1, r2 (tau_plus, tau_x) +1 at each "
                  "pre spike, o1, o2 (tau_minus, tau_y) +1 at each post spike, taken just before the spike;  nearest: 1 at each spike",
      .reference = "Pfister & Gerstner 2006, Journal of Neuroscience 26:9673, doi:10.1523/JNEUROSCI.1425-06.2006 (table 3)"};

  struct Parameters {
    double A2_plus = 5e-10;
    double A3_plus = 6.2e-3;
    double A2_minus = 7e-3;
    double A3_minus = 2.3e-4;
    double tau_plus = 16.8;
    double tau_x = 101;
    double tau_minus = 33.7;
    double tau_y = 125;
    double w_min = 0;
    double w_max = 1;
    std::string_view interactions = "all";
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::A2_plus>("1", "growth for a pair, in the unit of the weight", at_least(0)),
                        field<&P::A3_plus>("1", "growth for a triplet post-pre-post, in the unit of the weight", at_least(0)),
                        field<&P::A2_minus>("1", "fall for a pair, in the unit of the weight", at_least(0)),
                        field<&P::A3_minus>("1", "fall for a triplet pre-post-pre, in the unit of the weight", at_least(0)),
                        field<&P::tau_plus>("ms", "time constant of r1", above(0)), field<&P::tau_x>("ms", "time constant of r2", above(0)),
                        field<&P::tau_minus>("ms", "time constant of o1", above(0)), field<&P::tau_y>("ms", "time constant of o2", above(0)),
                        field<&P::w_min>("1", "lowest weight"), field<&P::w_max>("1", "highest weight"),
                        field<&P::interactions>("", "which spikes a spike sees", one_of("all|nearest"))};
    }
  };

  struct Pre {
    float r1, r2;
    static constexpr auto fields() {
      return std::tuple{field<&Pre::r1>("1", "fast trace of the source's spikes"), field<&Pre::r2>("1", "slow trace of the source's spikes")};
    }
  };
  struct Post {
    float o1, o2;
    static constexpr auto fields() {
      return std::tuple{field<&Post::o1>("1", "fast trace of the target's spikes"), field<&Post::o2>("1", "slow trace of the target's spikes")};
    }
  };

  Pre tau_pre;
  Post tau_post;
  float A2_plus, A3_plus, A2_minus, A3_minus, w_min, w_max;
  float kept;  ///< of a trace at a spike of its own side, which adds 1

  stdp_triplet(const Parameters& p, const Step&)
      : tau_pre{float(p.tau_plus), float(p.tau_x)}, tau_post{float(p.tau_minus), float(p.tau_y)}, A2_plus(float(p.A2_plus)),
        A3_plus(float(p.A3_plus)), A2_minus(float(p.A2_minus)), A3_minus(float(p.A3_minus)), w_min(float(p.w_min)), w_max(float(p.w_max)),
        kept(p.interactions == "all" ? 1.f : 0.f) {
    if (p.w_min > p.w_max) throw std::invalid_argument("w_min must not lie above w_max");
  }

  void pre_fired(Pre& pre) const { pre.r1 = kept * pre.r1 + 1, pre.r2 = kept * pre.r2 + 1; }
  void post_fired(Post& post) const { post.o1 = kept * post.o1 + 1, post.o2 = kept * post.o2 + 1; }
  void on_pre(PlainSynapse& s, const Pre& pre, const Post& post) const {
    s.w = std::max(w_min, s.w - post.o1 * (A2_minus + A3_minus * pre.r2));
  }
  void on_post(PlainSynapse& s, const Pre& pre, const Post& post) const {
    s.w = std::min(w_max, s.w + pre.r1 * (A2_plus + A3_plus * post.o2));
  }
};

PROXON_PLUGIN(learning_rule, stdp_triplet, stdp_triplet)
