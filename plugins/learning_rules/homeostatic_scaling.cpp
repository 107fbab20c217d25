#include <proxon/plugin/learning_rule.hpp>

#include <algorithm>
#include <stdexcept>

using namespace proxon;

struct homeostatic_scaling {
  static constexpr Documentation about{
      .summary = "Synaptic scaling: all excitatory synapses of a neuron grow in proportion while it fires below its set point, and shrink above.",
      .equation = "dw/dt = eta w (rate - r), w_min <= w <= w_max;  r is the target's rate: dr/dt = -r/tau_r, += 1/tau_r at each spike, from 0 on.  "
                  "Integrated once a learning_interval.  Stable where eta times the slope of the rate (Hz) on ln w is small against 1/tau_r",
      .reference = "Turrigiano, Leslie, Desai, Rutherford & Nelson 1998, Nature 391:892, doi:10.1038/36103; van Rossum, Bi & Turrigiano 2000, Journal "
                   "of Neuroscience 20:8812, doi:10.1523/JNEUROSCI.20-23-08812.2000"};

  struct Parameters {
    double eta = 1e-6;
    double rate = 5;
    double tau_r = 10000;
    double w_min = 0;
    double w_max = 1e30;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::eta>("1", "learning rate, per ms and Hz", at_least(0)),
                        field<&P::rate>("Hz", "rate that the target is brought to", at_least(0)),
                        field<&P::tau_r>("ms", "time constant of the measured rate", above(0)), field<&P::w_min>("1", "lowest weight"),
                        field<&P::w_max>("1", "highest weight")};
    }
  };

  struct Post {
    float r = 0;
    static constexpr auto fields() { return std::tuple{field<&Post::r>("Hz", "measured rate")}; }
  };

  Post tau_post;
  float eta, rate, per_spike, w_min, w_max;

  homeostatic_scaling(const Parameters& p, const Step&)
      : tau_post{float(p.tau_r)}, eta(float(p.eta)), rate(float(p.rate)), per_spike(float(1000 / p.tau_r)), w_min(float(p.w_min)),
        w_max(float(p.w_max)) {
    if (p.w_min > p.w_max) throw std::invalid_argument("w_min must not lie above w_max");
  }

  void post_fired(Post& post) const { post.r += per_spike; }
  void elapsed(PlainSynapse& s, const NoParameters&, const Post& post, const Moment& m) const {
    s.w = std::min(w_max, std::max(w_min, s.w + m.dt * eta * s.w * (rate - post.r)));
  }
};

PROXON_PLUGIN(learning_rule, homeostatic_scaling, homeostatic_scaling)
