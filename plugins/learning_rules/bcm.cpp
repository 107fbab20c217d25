#include <proxon/plugin/learning_rule.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

using namespace proxon;

struct bcm {
  static constexpr Documentation about{
      .summary = "Bienenstock, Cooper and Munro's rule: Hebbian above a threshold that follows the target's squared activity, anti-Hebbian below; "
                 "neurons become selective.",
      .equation = "dw/dt = eta x y (y - theta), dtheta/dt = (y^2 - theta)/tau_theta, w_min <= w <= w_max;  in the layers of an approximator dt is 1 a "
                  "sample.  Stable where tau_theta is short against 1/eta",
      .reference = "Bienenstock, Cooper & Munro 1982, Journal of Neuroscience 2:32, doi:10.1523/JNEUROSCI.02-01-00032.1982; Intrator & Cooper 1992, "
                   "Neural Networks 5:3, doi:10.1016/S0893-6080(05)80003-6"};

  struct Parameters {
    double eta = 1e-4;
    double tau_theta = 1000;
    double w_min = -1e30;
    double w_max = 1e30;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::eta>("1", "learning rate, per ms", at_least(0)),
                        field<&P::tau_theta>("ms", "time constant of the threshold, long against changes of the input", above(0)),
                        field<&P::w_min>("1", "lowest weight"), field<&P::w_max>("1", "highest weight")};
    }
  };

  struct Post {
    float theta = 0;
    static constexpr auto fields() { return std::tuple{field<&Post::theta>("1", "threshold: mean of the squared activity")}; }
  };

  float eta, tau_theta, w_min, w_max;

  bcm(const Parameters& p, const Step&) : eta(float(p.eta)), tau_theta(float(p.tau_theta)), w_min(float(p.w_min)), w_max(float(p.w_max)) {
    if (p.w_min > p.w_max) throw std::invalid_argument("w_min must not lie above w_max");
  }

  void update(PlainSynapse& s, float x, float y, const NoParameters&, const Post& post, const Moment& m) const {
    s.w = std::min(w_max, std::max(w_min, s.w + m.dt * eta * x * y * (y - post.theta)));
  }
  void post_active(Post& post, float y, const Moment& m) const { post.theta -= std::expm1(-m.dt / tau_theta) * (y * y - post.theta); }
};

PROXON_PLUGIN(learning_rule, bcm, bcm)
