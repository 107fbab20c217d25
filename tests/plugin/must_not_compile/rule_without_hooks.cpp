// A learning rule none of whose functions is a hook: the name is misspelt.
#include <proxon/plugin/learning_rule.hpp>

using namespace proxon;

struct Rule {
  static constexpr Documentation about{.summary = "Grows."};
  using Parameters = NoParameters;
  Rule(const Parameters&, const Step&) {}
#ifdef WRONG
  void udpate(PlainSynapse& s, float x, float y, const Moment&) const { s.w += x * y; }
#else
  void update(PlainSynapse& s, float x, float y, const Moment&) const { s.w += x * y; }
#endif
};

PROXON_PLUGIN(learning_rule, rule, Rule)
