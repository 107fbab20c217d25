#include <proxon/plugin/learning_rule.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

using namespace proxon;

struct covariance {
  static constexpr Documentation about{
      .summary = "Hebb's rule on deviations from the mean: weights grow where activities vary together, fall where they vary against one another.",
      .equation = "dw/dt = eta (x - <x>) (y - <y>), d<x>/dt = (x - <x>)/tau_mean, likewise <y>, w_min <= w <= w_max;  in the layers of an "
                  "approximator dt is 1 a sample.  The means begin at 0: for about tau_mean it is Hebb's rule",
      .reference = "Sejnowski 1977, Journal of Mathematical Biology 4:303, doi:10.1007/BF00275079"};

  struct Parameters {
    double eta = 1e-3;
    double tau_mean = 1000;
    double w_min = -1e30;
    double w_max = 1e30;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::eta>("1", "learning rate, per ms"), field<&P::tau_mean>("ms", "time constant of the means", above(0)),
                        field<&P::w_min>("1", "lowest weight"), field<&P::w_max>("1", "highest weight")};
    }
  };

  struct Pre {
    float mean = 0;
    static constexpr auto fields() { return std::tuple{field<&Pre::mean>("1", "mean activity of the source")}; }
  };
  struct Post {
    float mean = 0;
    static constexpr auto fields() { return std::tuple{field<&Post::mean>("1", "mean activity of the target")}; }
  };

  float eta, tau_mean, w_min, w_max;

  covariance(const Parameters& p, const Step&) : eta(float(p.eta)), tau_mean(float(p.tau_mean)), w_min(float(p.w_min)), w_max(float(p.w_max)) {
    if (p.w_min > p.w_max) throw std::invalid_argument("w_min must not lie above w_max");
  }

  float toward(float value, float mean, float dt) const { return mean - std::expm1(-dt / tau_mean) * (value - mean); }

  void update(PlainSynapse& s, float x, float y, const Pre& pre, const Post& post, const Moment& m) const {
    s.w = std::min(w_max, std::max(w_min, s.w + m.dt * eta * (x - pre.mean) * (y - post.mean)));
  }
  void pre_active(Pre& pre, float x, const Moment& m) const { pre.mean = toward(x, pre.mean, m.dt); }
  void post_active(Post& post, float y, const Moment& m) const { post.mean = toward(y, post.mean, m.dt); }
};

PROXON_PLUGIN(learning_rule, covariance, covariance)
