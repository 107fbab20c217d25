#include "layered.hpp"

using namespace proxon;

struct equilibrium_propagation {
  static constexpr Documentation about{
      .summary = "A network whose layers see one another through the same weights, downwards by the factor feedback, settles; then once more while its output is drawn "
                 "a little down its loss. The difference of the Hebbian products of a synapse over the size of that nudge is the gradient of the loss at the settled "
                 "state, for whatever feedback, as beta goes to 0: its error falls with beta, with the square of beta where it is nudged both ways. What the twin then "
                 "predicts is what comes forward alone; the weaker the feedback, the closer the two.",
      .equation = "x_l = f(x_{l-1} W_l + b_l + feedback x_{l+1} W_{l+1}^T),  z_L = x_{L-1} W_L + b_L - beta dC/dz_L, until they rest;  dW_l = feedback^{l-L} "
                  "(x_{l-1}^T x_l at beta - x_{l-1}^T x_l at 0) / beta, or (at beta - at -beta) / (2 beta);  C is the loss of a sample",
      .reference = "Scellier & Bengio 2017, Frontiers in Computational Neuroscience 11:24, doi:10.3389/fncom.2017.00024; symmetric nudging: Laborieux et al. 2021, "
                   "Frontiers in Neuroscience 15:633674, doi:10.3389/fnins.2021.633674"};
  static constexpr bool looks_at_input = true;

  struct Parameters {
    double beta = 0.1;
    double feedback = 0.1;
    bool symmetric = true;
    int64_t iterations = 12;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::beta>("1", "strength with which the output is drawn down its loss", above(0), below(0.5)),
                        field<&P::feedback>("1", "strength of what a layer sees of the one above; 1: symmetric weights", above(0), at_most(1)),
                        field<&P::symmetric>("", "whether the output is nudged both ways, by beta and by -beta, in place of once"),
                        field<&P::iterations>("1", "sweeps over the layers in each phase", at_least(1))};
    }
  };

  float beta, feedback;
  bool symmetric;
  int64_t iterations;

  equilibrium_propagation(const Parameters& p, const Step&) : beta(float(p.beta)), feedback(float(p.feedback)), symmetric(p.symmetric), iterations(p.iterations) {}

  void gradient(const GradientPass& pass) const {
    const Layered net(pass);
    float* free = pass.scratch(pass.host, 5 * net.size());
    float *nudged = free + net.size(), *change = nudged + net.size(), *back = change + net.size(), *slope = back + net.size();
    pass.forward(pass.host);

    // The free phase, from what comes forward; then the others, from where it rests.
    for (int64_t l = 0; l < net.count(); ++l) {
      net.predict(l, net.below(l, free), free + net.offset(l));
      net.activate(l, free + net.offset(l), free + net.offset(l));
    }
    settle(net, free, back, slope, 0);
    std::copy_n(free, net.size(), nudged);
    settle(net, nudged, back, slope, beta);
    if (symmetric) settle(net, free, back, slope, -beta);

    net.learn_difference(nudged, free, -1 / (float(net.rows()) * (symmetric ? 2 : 1) * beta), feedback, change, back);
  }

 private:
  /// Sweeps over the layers, from the output down when it is nudged. Each layer goes to the least energy that the others leave it, so that the
  /// energy only falls; the output's slope is that of its state one sweep before.
  void settle(const Layered& net, float* x, float* back, float* slope, float nudge) const {
    const int64_t last = net.count() - 1;
    for (int64_t sweep = 0; sweep < iterations; ++sweep)
      for (int64_t k = 0; k <= last; ++k) {
        const int64_t l = nudge == 0 ? k : last - k;
        if (l < last) {
          net.settle(l, x, feedback, back);
          continue;
        }
        float* z = x + net.offset(last);
        if (nudge != 0) net.pass.loss_at(net.pass.host, z, slope);
        net.predict(last, net.below(last, x), z);
        const float size = nudge * float(net.rows());
        for (int64_t i = 0; nudge != 0 && i < net.rows() * net.units(last); ++i) z[i] -= size * slope[i];
      }
  }
};

PROXON_PLUGIN(learning_rule, equilibrium_propagation, equilibrium_propagation)
