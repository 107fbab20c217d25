#include "layered.hpp"

using namespace proxon;

struct predictive_coding {
  static constexpr Documentation about{
      .summary = "Each layer predicts the next; with the output held at what is wanted, activities relax until the errors of prediction balance, and every "
                 "synapse learns from the error of its own target alone. The larger the variance that the output is granted, the less the layers below move, and the "
                 "closer it is to back-propagation.",
      .equation = "e_l = z_l - (f(z_{l-1}) W_l + b_l), that of the output over its variance;  dz_l = rate (f'(z_l) (e_{l+1} W_{l+1}^T) - e_l);  z_L = z_L(free) - "
                  "dL/dz_L;  dW_l = f(z_{l-1})^T e_l variance",
      .reference = "Whittington & Bogacz 2017, Neural Computation 29:1229, doi:10.1162/neco_a_00949; Rao & Ballard 1999, Nature Neuroscience 2:79, "
                   "doi:10.1038/4580"};
  static constexpr bool looks_at_input = true;

  struct Parameters {
    double output_variance = 10;
    int64_t iterations = 40;
    double rate = 0.3;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::output_variance>("1", "variance of the output about its prediction; that of the other layers is 1", above(0)),
                        field<&P::iterations>("1", "steps of relaxation", at_least(1)),
                        field<&P::rate>("1", "size of a step of relaxation", above(0), at_most(1))};
    }
  };

  float variance, rate;
  int64_t iterations;

  predictive_coding(const Parameters& p, const Step&) : variance(float(p.output_variance)), rate(float(p.rate)), iterations(p.iterations) {}

  void gradient(const GradientPass& pass) const {
    const Layered net(pass);
    const int64_t last = net.count() - 1;
    float* z = pass.scratch(pass.host, 4 * net.size());
    float *x = z + net.size(), *e = x + net.size(), *back = e + net.size();
    const auto input = [&](int64_t l) { return l ? x + net.offset(l - 1) : pass.input; };

    // From below, everything is as predicted; then the output is moved.
    pass.forward(pass.host);
    for (int64_t l = 0; l <= last; ++l) {
      net.predict(l, input(l), z + net.offset(l));
      net.activate(l, z + net.offset(l), x + net.offset(l));
    }
    float* output = z + net.offset(last);
    const float moved = float(net.rows());
    for (int64_t i = 0; i < net.rows() * net.units(last); ++i) output[i] -= moved * pass.output_gradient[i];

    // Relaxation.
    const auto errors = [&] {
      for (int64_t l = 0; l <= last; ++l) {
        float* el = e + net.offset(l);
        net.predict(l, input(l), el);
        const float precision = l == last ? 1 / variance : 1.f;
        for (int64_t i = 0; i < net.rows() * net.units(l); ++i) el[i] = precision * (z[net.offset(l) + i] - el[i]);
      }
    };
    for (int64_t step = 0; step < iterations && last > 0; ++step) {
      errors();
      for (int64_t l = 0; l < last; ++l) {
        float *zl = z + net.offset(l), *xl = x + net.offset(l), *from_above = back + net.offset(l);
        net.carry_back(l + 1, e + net.offset(l + 1), from_above);
        net.activate_back(l, xl, from_above);
        for (int64_t i = 0; i < net.rows() * net.units(l); ++i) zl[i] += rate * (from_above[i] - e[net.offset(l) + i]);
        net.activate(l, zl, xl);
      }
    }
    errors();

    // What each synapse sees, in the size of a gradient.
    for (int64_t l = 0; l <= last; ++l) {
      float* el = e + net.offset(l);
      for (int64_t i = 0; i < net.rows() * net.units(l); ++i) el[i] *= -variance / moved;
      net.learn(l, input(l), el, true);
    }
  }
};

PROXON_PLUGIN(learning_rule, predictive_coding, predictive_coding)
