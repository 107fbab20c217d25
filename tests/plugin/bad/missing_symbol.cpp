// Calls a function of a library that it is not linked with.
#include <proxon/plugin/synapse.hpp>

namespace forgotten_library {
float gain(float w, int order);
}

using namespace proxon;

struct MissingSymbol {
  static constexpr Documentation about{.summary = "Scales by a function that nobody defines."};
  using Parameters = NoParameters;
  MissingSymbol(const Parameters&, const Step&) {}
  float transmit(float w) const { return forgotten_library::gain(w, 2); }
};

PROXON_PLUGIN(synapse, missing_symbol, MissingSymbol)
