// A column of a synapse that is left out of the declaration.
#include <proxon/plugin/learning_rule.hpp>

using namespace proxon;

struct Rule {
  static constexpr Documentation about{.summary = "Grows."};
  using Parameters = NoParameters;
  struct Synapse {
    float w;
#ifdef WRONG
    float eligibility;
#endif
    static constexpr auto fields() { return std::tuple{field<&Synapse::w>("1", "weight")}; }
  };
  Rule(const Parameters&, const Step&) {}
  void update(Synapse& s, float x, float y, const Moment&) const { s.w += x * y; }
};

PROXON_PLUGIN(learning_rule, rule, Rule)
