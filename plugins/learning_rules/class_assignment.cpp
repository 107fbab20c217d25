#include <algorithm>
#include <proxon/plugin/learning_rule.hpp>
#include <stdexcept>

using namespace proxon;

struct class_assignment {
  static constexpr Documentation about{
      .summary = "A readout without a gradient: each input is assigned the class in whose samples it is most active, and "
                 "the answer is the class whose inputs are most active, on average. It counts what it is shown; weights "
                 "are set anew after each batch, no optimizer is asked. For one layer without hidden ones.",
      .equation = "m_ic = mean of x_i over the samples of class c;  c(i) = argmax_c m_ic;  w_ic = 1 / #{j: c(j) = c} where c(i) = c, else 0",
      .reference = "Diehl & Cook 2015, Frontiers in Computational Neuroscience 9:99, doi:10.3389/fncom.2015.00099"};
  static constexpr bool looks_at_input = true;
  static constexpr bool sets_weights = true;

  using Parameters = NoParameters;

  class_assignment(const Parameters&, const Step&) {}

  void gradient(const GradientPass& pass) const {
    const LayerInfo& layer = pass.layers[0];
    if (pass.layer_count != 1 || layer.taps > 1)
      throw std::invalid_argument("assigns the inputs of one layer to its outputs: choose approximator dense with hidden = []");
    if (layer.bias_offset < 0) throw std::invalid_argument("counts the samples of each class where the biases are: leave bias = true");
    pass.forward(pass.host);

    // Sums of activity by class where the weights are, and how many samples each class had where the biases are.
    const int64_t inputs = layer.inputs, classes = layer.outputs;
    float *sum = pass.memory + layer.weight_offset, *count = pass.memory + layer.bias_offset;
    for (int64_t row = 0; row < pass.rows; ++row) {
      const float *x = pass.input + row * inputs, *y = pass.target + row * classes;
      const int64_t c = std::max_element(y, y + classes) - y;
      if (!(y[c] > 0)) continue;
      count[c] += 1;
      for (int64_t i = 0; i < inputs; ++i) sum[i * classes + c] += x[i];
    }

    // Whose is whose; an input that was never active is nobody's.
    std::fill_n(pass.gradient, pass.size, 0.f);
    float* weight = pass.gradient + layer.weight_offset;
    float* members = pass.scratch(pass.host, classes);
    std::fill_n(members, classes, 0.f);
    for (int64_t i = 0; i < inputs; ++i) {
      int64_t best = -1;
      float most = 0;
      for (int64_t c = 0; c < classes; ++c) {
        const float mean = count[c] > 0 ? sum[i * classes + c] / count[c] : 0;
        if (mean > most) most = mean, best = c;
      }
      if (best < 0) continue;
      weight[i * classes + best] = 1;
      members[best] += 1;
    }
    for (int64_t i = 0; i < inputs; ++i)
      for (int64_t c = 0; c < classes; ++c)
        if (weight[i * classes + c] > 0) weight[i * classes + c] = 1 / members[c];
  }
};

PROXON_PLUGIN(learning_rule, class_assignment, class_assignment)
