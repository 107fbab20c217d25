// How fast are the two small benchmark networks of Brette et al. 2007 (doi:10.1007/s10827-007-0038-6, after Vogels & Abbott 2005) with 3,200 + 800
// neurons and 320,000 synapses: currents (cuba4k: NEST 0.205, GeNN 0.092, Brian2 0.124 times real time on such a machine) and conductances
// (coba4k: NEST 4.0, Auryn 0.08, GeNN 0.11)? The answer is checked: the rates that NEST has. `--short`: 1 s of biology in place of 10 s.
#include "network_bench.hpp"

using namespace proxon;
using namespace proxon::bench;

namespace {

bool run(Registry& registry, const Options& o, bool conductances) {
  const double duration = o.brief ? 1000 : 10000;
  const PluginValue neuron =
      conductances
          ? plugin(registry, "neuron", "iaf_cond_exp",
                   {{"C_m", 200}, {"g_L", 10}, {"E_L", -60}, {"V_th", -50}, {"V_reset", -60}, {"t_ref", 5}, {"E_ex", 0}, {"E_in", -80}, {"tau_syn_ex", 5}, {"tau_syn_in", 10}, {"I_e", 200}})
          : plugin(registry, "neuron", "iaf_psc_exp",
                   {{"C_m", 200}, {"tau_m", 20}, {"E_L", -49}, {"V_th", -50}, {"V_reset", -60}, {"t_ref", 5}, {"tau_syn_ex", 5}, {"tau_syn_in", 10}});
  Blueprint blueprint;
  for (const auto& [name, size] : {std::pair{"E", 3200}, std::pair{"I", 800}}) {
    Population population{.name = name, .size = size, .neuron = neuron};
    blueprint.add(std::move(population));
  }
  for (const char* source : {"E", "I"})
    for (const char* target : {"E", "I"}) {
      const double weight = conductances ? (*source == 'E' ? 4 : -51) : (*source == 'E' ? 16.2 : -139.5);
      blueprint.add(Projection{.name = std::string(source) + target,
                               .source = source,
                               .target = target,
                               .connectivity = plugin(registry, "connectivity", "pairwise_bernoulli", {{"p", 0.02}}),
                               .weight = Distribution::constant(weight),
                               .delay = Distribution::constant(0.8),
                               .synapse = plugin(registry, "synapse", "static")});
    }
  Connectome connectome = build(blueprint, 1);
  // A kick of 50 ms brings the network into its own activity.
  std::vector<Stimulus> stimuli;
  for (const char* target : {"E", "I"})
    stimuli.push_back({.name = target,
                       .target = target,
                       .weight = conductances ? 4.0 : 16.2,
                       .generator = plugin(registry, "stimulus", "poisson_generator", {{"rate", 4000}, {"stop", 50}})});
  Simulation simulation(blueprint, connectome, stimuli, {.duration = duration, .record_spikes = {"E", "I"}});
  Counter counter(500);
  measure(conductances ? "coba4k" : "cuba4k", simulation, connectome, counter, duration,
          conductances ? "NEST 4.0, Auryn 0.08, GeNN 0.11" : "NEST 0.205, GeNN 0.092, Brian2 0.124");
  if (!o.brief) beside(conductances ? "coba4k" : "cuba4k");
  const double rate = static_cast<double>(counter.all()) / 4000 / ((duration - 500) * 1e-3);
  return conductances ? within("rate (Hz)", rate, 14, 20) : within("rate (Hz)", rate, 3.5, 6);
}

}  // namespace

int main(int argc, char** argv) {
  const Options o = options(argc, argv);
  Registry registry(default_folders(""));
  const bool currents = run(registry, o, false), conductances = run(registry, o, true);
  return currents && conductances ? 0 : 1;
}
