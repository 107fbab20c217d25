#include <proxon/plugin/synapse.hpp>

using namespace proxon;

struct static_synapse {
  static constexpr Documentation about{.summary = "A synapse whose effect is its weight, the same at every spike.",
                                       .equation = "psc = w"};
  using Parameters = NoParameters;

  static_synapse(const Parameters&, const Step&) {}

  float transmit(float w) const { return w; }
};

PROXON_PLUGIN(synapse, static, static_synapse)
