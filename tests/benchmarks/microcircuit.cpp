// How fast is the cortical microcircuit of Potjans & Diesmann 2014 (doi:10.1093/cercor/bhs358): 77,169 neurons, 298.9 million synapses with drawn
// weights and delays, Poisson background (NEST 87, GeNN 28 times real time on such a machine)? The answer is checked: the rates of its eight
// populations. `--scale X` takes that share of the neurons, with the full in-degrees where they fit: rates then deviate and are only printed.
// `--short`: 100 ms of biology at a scale of 0.1.
#include "network_bench.hpp"

using namespace proxon;
using namespace proxon::bench;

namespace {
constexpr int populations = 8;
constexpr const char* names[populations] = {"L23e", "L23i", "L4e", "L4i", "L5e", "L5i", "L6e", "L6i"};
constexpr int32_t sizes[populations] = {20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948};
constexpr double external[populations] = {1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100};
constexpr double expected[populations] = {0.93, 3.01, 4.37, 5.87, 7.65, 8.65, 1.08, 7.85};  // NEST, Hz
// Connection probabilities, [target][source].
constexpr double probability[populations][populations] = {
    {0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0, 0.0076, 0},       {0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0, 0.0042, 0},
    {0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0},   {0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0, 0.1057, 0},
    {0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0},  {0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0},
    {0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252}, {0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443}};
}  // namespace

int main(int argc, char** argv) {
  Options o = options(argc, argv);
  if (o.brief) o.scale = 0.1;
  const double duration = o.brief ? 100 : 1100;
  Registry registry(default_folders(""));
  const PluginValue neuron = plugin(registry, "neuron", "iaf_psc_exp",
                                    {{"C_m", 250}, {"tau_m", 10}, {"E_L", -65}, {"V_th", -50}, {"V_reset", -65}, {"t_ref", 2}, {"tau_syn_ex", 0.5}, {"tau_syn_in", 0.5}});
  const FieldInfo* V_m = &Instance<NeuronTable, Step>(neuron, Step{0.1}).table().state->list().front();
  constexpr double w = 87.81;  // pA: a postsynaptic potential of 0.15 mV
  Blueprint blueprint;
  std::vector<Stimulus> stimuli;
  for (int p = 0; p < populations; ++p) {
    Population population{.name = names[p], .size = static_cast<int32_t>(sizes[p] * o.scale), .neuron = neuron};
    population.initial.push_back({V_m, Distribution{.kind = DistributionKind::normal, .mean = -58, .std = 10}});
    blueprint.add(std::move(population));
    stimuli.push_back({.name = names[p], .target = names[p], .weight = w, .generator = plugin(registry, "stimulus", "poisson_generator", {{"rate", external[p] * 8}})});
  }
  for (int t = 0; t < populations; ++t)
    for (int s = 0; s < populations; ++s) {
      if (probability[t][s] == 0) continue;
      // As many synapses as give this probability of at least one; a smaller network keeps its in-degrees.
      const double pairs = 1.0 * sizes[s] * sizes[t], synapses = std::log1p(-probability[t][s]) / std::log1p(-1 / pairs) * o.scale;
      const double mean = (s % 2 ? -4 : 1) * (t == 0 && s == 2 ? 2 : 1) * w;
      Projection projection{.name = std::string(names[s]) + "_" + names[t],
                            .source = names[s],
                            .target = names[t],
                            .connectivity = plugin(registry, "connectivity", "fixed_total_number", {{"N", std::round(synapses)}}),
                            .weight = {.kind = DistributionKind::normal, .mean = mean, .std = 0.1 * std::fabs(mean)},
                            .delay = {.kind = DistributionKind::normal, .mean = s % 2 ? 0.75 : 1.5, .std = s % 2 ? 0.375 : 0.75, .low = 0.1, .high = 10},
                            .synapse = plugin(registry, "synapse", "static")};
      (s % 2 ? projection.weight.high : projection.weight.low) = 0;  // Dale's law
      blueprint.add(std::move(projection));
    }
  const double begin = seconds();
  Connectome connectome = build(blueprint, 1, 0.1);
  std::printf("built in %.1f s; %.0f MB\n", seconds() - begin, peak_megabytes());
  std::vector<std::string> all(names, names + populations);
  Simulation simulation(blueprint, connectome, stimuli, {.duration = duration, .record_spikes = all});
  Counter counter(100);
  measure("microcircuit", simulation, connectome, counter, duration, "NEST 87, GeNN 28 (full size)");
  if (o.scale == 1 && !o.brief) beside("microcircuit");
  bool right = true;
  for (int p = 0; p < populations; ++p) {
    const double rate = static_cast<double>(counter.count[static_cast<size_t>(p)]) / (sizes[p] * o.scale) / ((duration - 100) * 1e-3);
    if (o.scale == 1)
      right &= within(names[p], rate, 0.8 * expected[p] - 0.1, 1.2 * expected[p] + 0.1);
    else if (!o.brief)
      std::printf("  %-18s %.2f Hz (full size: %.2f)\n", names[p], rate, expected[p]);
  }
  return right ? 0 : 1;
}
