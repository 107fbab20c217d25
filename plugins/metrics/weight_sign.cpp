#include <proxon/plugin/metric.hpp>

using namespace proxon;

struct weight_sign {
  static constexpr Documentation about{
      .summary = "Share of the synapses whose weight has the sign of the biological one; those of weight 0 are left out.",
      .equation = "#(sign theta_k = sign phi_k) / #(phi_k != 0)"};
  static constexpr uint32_t needs = needs_weights | needs_pairs;
  using Parameters = NoParameters;

  weight_sign(const Parameters&, const MetricSetup&) {}

  void evaluate(const MetricInput& in, MetricSink& sink) const {
    constexpr const char* meaning = "share of synapses that are excitatory or inhibitory in both networks; 1 is best";
    if (!in.paired) return sink.undefined("weight_sign", "the weights are not of the same synapses", 0, 0, 1, meaning);
    int64_t n = 0, same = 0;
    for (int64_t k = 0; k < in.weights_phi; ++k) {
      if (in.weight_phi[k] == 0) continue;
      ++n;
      same += in.weight_phi[k] > 0 ? in.weight_theta[k] > 0 : in.weight_theta[k] < 0;
    }
    if (n == 0) return sink.undefined("weight_sign", "every biological weight is 0", 0, 0, 1, meaning);
    sink.value("weight_sign", double(same) / double(n), n, 0, 1, meaning);
  }
};

PROXON_PLUGIN(metric, weight_sign, weight_sign)
