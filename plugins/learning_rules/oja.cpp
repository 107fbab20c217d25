#include <proxon/plugin/learning_rule.hpp>

using namespace proxon;

struct oja {
  static constexpr Documentation about{
      .summary = "Oja's rule: Hebbian growth with a decay that keeps the norm of a linear neuron's weights at 1.",
      .equation = "dw/dt = eta y (x - y w);  in the layers of an approximator dt is 1 a sample",
      .reference = "Oja 1982, Journal of Mathematical Biology 15:267, doi:10.1007/BF00275687"};

  struct Parameters {
    double eta = 1e-3;
    static constexpr auto fields() { return std::tuple{field<&Parameters::eta>("1", "learning rate, per ms")}; }
  };

  float eta;

  oja(const Parameters& p, const Step&) : eta(float(p.eta)) {}

  void update(PlainSynapse& s, float x, float y, const Moment& m) const { s.w += m.dt * eta * y * (x - y * s.w); }
};

PROXON_PLUGIN(learning_rule, oja, oja)
