#include <proxon/plugin/synapse.hpp>

using namespace proxon;

struct gap_junction {
  static constexpr Documentation about{
      .summary = "Electrical coupling of two membranes. A projection couples one way: give the synapse in both directions for a junction.",
      .equation = "I = w (V_source - V_target) in pA, w in nS;  held during a step, V_target being that at its begin and V_source that of delay - dt "
                  "earlier: with a delay of one step both are of the same moment, and the error is of order 1 in dt",
      .reference = "Hahne et al. 2015, Frontiers in Neuroinformatics 9:22, doi:10.3389/fninf.2015.00022"};
  using Parameters = NoParameters;
  static constexpr const char* couples = "V_m";

  gap_junction(const Parameters&, const Step&) {}

  float current(float w, float source, float target) const { return w * (source - target); }
};

PROXON_PLUGIN(synapse, gap_junction, gap_junction)
