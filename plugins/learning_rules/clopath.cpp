#include <proxon/plugin/learning_rule.hpp>

#include <algorithm>
#include <stdexcept>

using namespace proxon;

struct clopath {
  static constexpr Documentation about{
      .summary = "Voltage-based STDP: depression by the filtered potential of the target at pre spikes, potentiation while its potential is high. "
                 "Neurons that reset at once are given a spike of V_spike that lasts t_spike (hh_psc_alpha has its own: t_spike = 0).",
      .equation = "pre spike: w -= A_LTD [u_minus - theta_minus]_+;  dw/dt = A_LTP x [V - theta_plus]_+ [u_plus - theta_minus]_+;  x += 1/tau_x at "
                  "pre spikes;  u_minus, u_plus are low-passes of V (tau_u_bar_minus, tau_u_bar_plus) as they were delay_u_bars before (a chain of "
                  "four low-passes of a quarter of it each);  homeostatic: A_LTD (u_bar_bar^2 / u_ref_squared), u_bar_bar the low-pass of "
                  "u_minus - theta_minus with tau_u_bar_bar.  Order 1 in dt",
      .reference = "Clopath, Busing, Vasilaki & Gerstner 2010, Nature Neuroscience 13:344, doi:10.1038/nn.2479"};

  struct Parameters {
    double A_LTD = 14e-5, A_LTP = 8e-5, theta_minus = -70.6, theta_plus = -45.3, tau_x = 15, tau_u_bar_minus = 10, tau_u_bar_plus = 7;
    double delay_u_bars = 5, V_spike = 33, t_spike = 2, tau_u_bar_bar = 500, u_ref_squared = 60;
    bool homeostatic = false;
    double w_min = 0, w_max = 100;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::A_LTD>("1", "amplitude of depression, in the unit of the weight a mV", at_least(0)),
                        field<&P::A_LTP>("1", "amplitude of potentiation, in the unit of the weight a mV^2", at_least(0)),
                        field<&P::theta_minus>("mV", "threshold of the filtered potentials; about the resting potential"),
                        field<&P::theta_plus>("mV", "threshold of the potential for potentiation"),
                        field<&P::tau_x>("ms", "time constant of the source's trace", above(0)),
                        field<&P::tau_u_bar_minus>("ms", "time constant of the potential's low-pass for depression", above(0)),
                        field<&P::tau_u_bar_plus>("ms", "time constant of the potential's low-pass for potentiation", above(0)),
                        field<&P::delay_u_bars>("ms", "how much later the low-passes see the potential", above(0)),
                        field<&P::V_spike>("mV", "potential during a spike, where the neuron's own shows none"),
                        field<&P::t_spike>("ms", "length of a spike, where the neuron's own shows none; 0: it does", at_least(0)),
                        field<&P::tau_u_bar_bar>("ms", "time constant of the homeostatic average", above(0)),
                        field<&P::u_ref_squared>("1", "square of the depolarisation at which homeostasis leaves A_LTD as it is, in mV^2", above(0)),
                        field<&P::homeostatic>("1", "depression grows with the square of the mean depolarisation"),
                        field<&P::w_min>("1", "lowest weight"), field<&P::w_max>("1", "highest weight")};
    }
  };

  struct Target {
    float V_m;
    static constexpr auto fields() { return std::tuple{field<&Target::V_m>("mV", "membrane potential")}; }
  };
  struct Pre {
    float x;
    static constexpr auto fields() { return std::tuple{field<&Pre::x>("1", "trace of the source's spikes, in units of 1/tau_x")}; }
  };
  struct Post {
    float begun = 0, spike = 0, d1 = 0, d2 = 0, d3 = 0, d4 = 0, u_minus = 0, u_plus = 0, u_bar_bar = 0, gain = 0;
    static constexpr auto fields() {
      using P = Post;
      return std::tuple{field<&P::begun>("1", "1 once the potential has been seen"), field<&P::spike>("ms", "left of a spike"),
                        field<&P::d1>("mV", "potential, delayed by a quarter"), field<&P::d2>("mV", "potential, delayed by a half"),
                        field<&P::d3>("mV", "potential, delayed by three quarters"), field<&P::d4>("mV", "potential, delayed"),
                        field<&P::u_minus>("mV", "slow low-pass of the delayed potential"), field<&P::u_plus>("mV", "fast low-pass of it"),
                        field<&P::u_bar_bar>("mV", "mean depolarisation"), field<&P::gain>("1", "factor of potentiation, in mV^2")};
    }
  };

  Pre tau_pre;
  float A_LTD, A_LTP, theta_minus, theta_plus, V_spike, t_spike, k_delay, k_minus, k_plus, k_bar_bar, per_u_ref_squared, homeostatic, w_min, w_max;

  clopath(const Parameters& p, const Step& step)
      : tau_pre{float(p.tau_x)}, A_LTD(float(p.A_LTD)), A_LTP(float(p.A_LTP / p.tau_x)), theta_minus(float(p.theta_minus)),
        theta_plus(float(p.theta_plus)), V_spike(float(p.V_spike)), t_spike(float(p.t_spike)), k_delay(rate(p.delay_u_bars / 4, step.dt)),
        k_minus(rate(p.tau_u_bar_minus, step.dt)), k_plus(rate(p.tau_u_bar_plus, step.dt)), k_bar_bar(rate(p.tau_u_bar_bar, step.dt)),
        per_u_ref_squared(float(1 / p.u_ref_squared)), homeostatic(p.homeostatic), w_min(float(p.w_min)), w_max(float(p.w_max)) {
    if (p.w_min > p.w_max) throw std::invalid_argument("w_min must not lie above w_max");
  }
  static float rate(double tau, double dt) { return float(-std::expm1(-dt / tau)); }

  void post_fired(Post& post) const { post.spike = t_spike; }

  bool post_step(Post& s, const Target& target, const Moment& m) const {
    const float V = s.spike > m.dt / 2 ? V_spike : target.V_m;
    if (s.begun == 0) s = {.begun = 1, .d1 = V, .d2 = V, .d3 = V, .d4 = V, .u_minus = V, .u_plus = V};
    s.gain = std::max(0.f, V - theta_plus) * std::max(0.f, s.u_plus - theta_minus);
    s.spike -= s.spike > m.dt / 2 ? m.dt : 0.f;
    s.u_bar_bar += k_bar_bar * (s.u_minus - theta_minus - s.u_bar_bar);
    s.u_minus += k_minus * (s.d4 - s.u_minus), s.u_plus += k_plus * (s.d4 - s.u_plus);
    s.d4 += k_delay * (s.d3 - s.d4), s.d3 += k_delay * (s.d2 - s.d3), s.d2 += k_delay * (s.d1 - s.d2), s.d1 += k_delay * (V - s.d1);
    return s.gain > 0;
  }
  void while_active(PlainSynapse& s, const Pre& pre, const Post& post, const Moment& m) const {
    s.w = std::min(w_max, s.w + m.dt * A_LTP * pre.x * post.gain);
  }
  void on_pre(PlainSynapse& s, const Pre&, const Post& post) const {
    const float depression = A_LTD * (homeostatic != 0 ? post.u_bar_bar * post.u_bar_bar * per_u_ref_squared : 1.f);
    s.w = std::max(w_min, s.w - depression * std::max(0.f, post.u_minus - theta_minus));
  }
};

PROXON_PLUGIN(learning_rule, clopath, clopath)
