#include <proxon/plugin/synapse.hpp>

using namespace proxon;

struct bernoulli_synapse {
  static constexpr Documentation about{
      .summary = "A static synapse that lets each spike through with a probability, by itself.",
      .equation = "psc = w with probability p_transmit, else 0;  every synapse draws at every spike",
      .reference = "Lefort, Tomm, Sarria & Petersen 2009, Neuron 61:301, doi:10.1016/j.neuron.2008.12.020"};

  struct Parameters {
    double p_transmit = 1;
    static constexpr auto fields() {
      return std::tuple{field<&Parameters::p_transmit>("1", "probability that a spike is transmitted", between(0, 1))};
    }
  };

  double p_transmit;

  bernoulli_synapse(const Parameters& p, const Step&) : p_transmit(p.p_transmit) {}

  float transmit(float w, Random& random) const { return random.uniform() < p_transmit ? w : 0.f; }
};

PROXON_PLUGIN(synapse, bernoulli, bernoulli_synapse)
