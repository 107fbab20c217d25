#include <proxon/plugin/neuron.hpp>

using namespace proxon;

struct parrot_neuron {
  static constexpr Documentation about{.summary =
                                           "Fires in every step in which a spike arrives; gives the spikes of a "
                                           "stimulus or of replay a place in the network.",
                                       .equation = "Fires at t when sum_k w_k over the spikes that arrive at t is not 0. One spike a step, also when "
                  "several arrive (NEST repeats each).",
                                       .reference = "NEST, parrot_neuron"};

  using Parameters = NoParameters;
  using State = NoParameters;

  struct Input {
    float spikes;
    static constexpr auto fields() {
      return std::tuple{field<&Input::spikes>("1", "sum of the weights of the spikes that arrive")};
    }
  };

  parrot_neuron(const Parameters&, const Step&) {}

  bool step(State&, const Input& in) const { return in.spikes != 0; }
};

PROXON_PLUGIN(neuron, parrot_neuron, parrot_neuron)
