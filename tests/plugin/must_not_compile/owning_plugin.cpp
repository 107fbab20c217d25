// A plugin that owns memory: nobody would free it.
#include <proxon/plugin/synapse.hpp>

#include <vector>

using namespace proxon;

struct Owner {
  static constexpr Documentation about{.summary = "Scales."};
  using Parameters = NoParameters;
#ifdef WRONG
  std::vector<float> table;
#endif
  Owner(const Parameters&, const Step&) {}
  float transmit(float w) const { return 2 * w; }
};

PROXON_PLUGIN(synapse, owner, Owner)
