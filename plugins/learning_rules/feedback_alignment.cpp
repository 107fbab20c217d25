#include <cmath>
#include <proxon/plugin/learning_rule.hpp>

using namespace proxon;

struct feedback_alignment {
  static constexpr Documentation about{
      .summary = "Back-propagation whose error goes back through fixed random weights in place of the network's own: no synapse needs to know another's "
                 "weight.",
      .equation = "delta_l = (delta_{l+1} B_{l+1}^T) f'(y_l),  dw_l = -step(y_{l-1}^T delta_l), by the optimizer;  B ~ N(0, scale^2 / inputs)",
      .reference = "Lillicrap, Cownden, Tweed & Akerman 2016, Nature Communications 7:13276, doi:10.1038/ncomms13276"};

  struct Parameters {
    double scale = 1;
    static constexpr auto fields() {
      return std::tuple{field<&Parameters::scale>("1", "size of the feedback weights, times 1 / sqrt(inputs of their layer)", above(0))};
    }
  };

  double scale;

  feedback_alignment(const Parameters& p, const Step&) : scale(p.scale) {}

  void gradient(const GradientPass& pass) const {
    // The feedback weights: drawn once, each a function of its place.
    if (pass.memory[0] == 0) {
      for (int64_t i = 0; i < pass.size; ++i) pass.memory[i] = float(scale * normal(pass.key, uint64_t(i), 0));
      for (int64_t l = 0; l < pass.layer_count; ++l) {
        const LayerInfo& layer = pass.layers[l];
        const float width = float(1 / std::sqrt(double(layer.inputs)));
        for (int64_t i = 0; i < layer.inputs * layer.outputs; ++i) pass.memory[layer.weight_offset + i] *= width;
      }
    }
    pass.forward(pass.host);
    const ErrorPath path{.feedback = pass.memory};
    pass.backward(pass.host, &path);
  }
};

PROXON_PLUGIN(learning_rule, feedback_alignment, feedback_alignment)
