#include "layered.hpp"

using namespace proxon;

struct contrastive_hebbian {
  static constexpr Documentation about{
      .summary = "Two phases, free and with the output moved along its error; a synapse learns the difference of its Hebbian products. Layers see one another "
                 "through the same weights, downwards by the factor feedback; the weaker that is, the closer to back-propagation.",
      .equation = "x_l = f(x_{l-1} W_l + b_l + feedback x_{l+1} W_{l+1}^T), until it rests;  dW_l = feedback^{l-L} (x'_{l-1}^T x'_l - x_{l-1}^T x_l), where x' has "
                  "the output at z_L - nudge dL/dz_L",
      .reference = "Xie & Seung 2003, Neural Computation 15:441, doi:10.1162/089976603762552988; Movellan 1991, Connectionist Models Summer School"};
  static constexpr bool looks_at_input = true;

  struct Parameters {
    double feedback = 0.1;
    double nudge = 1;
    int64_t iterations = 8;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::feedback>("1", "strength of what a layer sees of the one above", above(0), at_most(1)),
                        field<&P::nudge>("1", "how far the output is moved along its error", above(0)),
                        field<&P::iterations>("1", "sweeps over the layers in each phase", at_least(1))};
    }
  };

  float feedback, nudge;
  int64_t iterations;

  contrastive_hebbian(const Parameters& p, const Step&) : feedback(float(p.feedback)), nudge(float(p.nudge)), iterations(p.iterations) {}

  void gradient(const GradientPass& pass) const {
    const Layered net(pass);
    const int64_t last = net.count() - 1;
    float* x = pass.scratch(pass.host, 4 * net.size());
    float *moved = x + net.size(), *change = moved + net.size(), *back = change + net.size();
    pass.forward(pass.host);

    // The free phase, from below; then the other, from there.
    for (int64_t l = 0; l <= last; ++l) {
      net.predict(l, net.below(l, x), x + net.offset(l));
      net.activate(l, x + net.offset(l), x + net.offset(l));
    }
    relax(net, x, back, false);
    std::copy_n(x, net.size(), moved);
    const float size = nudge * float(net.rows());
    for (int64_t i = 0; i < net.rows() * net.units(last); ++i) moved[net.offset(last) + i] -= size * pass.output_gradient[i];
    relax(net, moved, back, true);
    net.learn_difference(moved, x, -1 / size, feedback, change, back);
  }

 private:
  /// Sweeps over the layers from the input on; the output stays where it is when it is `held`.
  void relax(const Layered& net, float* x, float* back, bool held) const {
    const int64_t last = net.count() - 1;
    for (int64_t sweep = 0; sweep < iterations; ++sweep) {
      for (int64_t l = 0; l < last; ++l) net.settle(l, x, feedback, back);
      if (!held) net.predict(last, net.below(last, x), x + net.offset(last));
    }
  }
};

PROXON_PLUGIN(learning_rule, contrastive_hebbian, contrastive_hebbian)
