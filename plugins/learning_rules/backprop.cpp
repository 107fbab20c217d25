#include <proxon/plugin/learning_rule.hpp>

using namespace proxon;

struct backprop {
  static constexpr Documentation about{
      .summary = "Back-propagation of the error: the exact gradient of the loss.",
      .equation = "dw = -step(d loss / d w), by the optimizer",
      .reference = "Rumelhart, Hinton & Williams 1986, Nature 323:533, doi:10.1038/323533a0"};
  using Parameters = NoParameters;

  backprop(const Parameters&, const Step&) {}

  void gradient(const GradientPass& pass) const {
    pass.forward(pass.host);
    pass.backward(pass.host, nullptr);
  }
};

PROXON_PLUGIN(learning_rule, backprop, backprop)
