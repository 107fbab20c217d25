#include <cmath>
#include <proxon/plugin/learning_rule.hpp>

using namespace proxon;

struct direct_feedback_alignment {
  static constexpr Documentation about{
      .summary = "The output's error reaches every hidden unit at once, through fixed random weights, past the layers between.",
      .equation = "delta_l = (e B_l^T) f'(y_l),  dw_l = -step(y_{l-1}^T delta_l), by the optimizer;  e = d loss / d z,  B ~ N(0, scale^2 / outputs)",
      .reference = "Nokland 2016, Advances in Neural Information Processing Systems 29, arXiv:1609.01596"};

  struct Parameters {
    double scale = 1;
    static constexpr auto fields() {
      return std::tuple{field<&Parameters::scale>("1", "size of the feedback weights, times 1 / sqrt(outputs)", above(0))};
    }
  };

  double scale;

  direct_feedback_alignment(const Parameters& p, const Step&) : scale(p.scale) {}

  void gradient(const GradientPass& pass) const {
    const int64_t n = pass.hidden_units * pass.outputs;
    if (n > 0 && pass.direct[0] == 0)
      for (int64_t i = 0; i < n; ++i) pass.direct[i] = float(scale / std::sqrt(double(pass.outputs)) * normal(pass.key, uint64_t(i), 0));
    pass.forward(pass.host);
    const ErrorPath path{.direct = n > 0 ? pass.direct : nullptr};
    pass.backward(pass.host, &path);
  }
};

PROXON_PLUGIN(learning_rule, direct_feedback_alignment, direct_feedback_alignment)
