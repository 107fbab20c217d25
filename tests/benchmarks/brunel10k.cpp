// How fast is a balanced network of 8,000 + 2,000 neurons and 10 million synapses (Brunel 2000, doi:10.1023/A:1008925309027), against real
// time, against the machine's own limit for adding along the same rows, and against NEST, Auryn, GeNN, Brian2 on such a machine
// (5.9, 2.2, 6.8, 4.0 times real time)? Then once more with pair STDP on its 6.4 million E -> E synapses (NEST 22, Auryn 12), where a spike is
// also an event at each synapse that leads to the neuron. The answer is checked: the rate is 42.7 Hz. `--short`: 200 ms in place of 1 s.
#include "network_bench.hpp"

using namespace proxon;
using namespace proxon::bench;

namespace {

bool run(Registry& registry, const Options& o, bool plastic) {
  const double duration = o.brief ? 200 : 1000;
  // Small steps in balance: the rate stays near that of the network without plasticity, so that as many events are counted.
  std::optional<PluginValue> rule;
  if (plastic) rule = plugin(registry, "learning_rule", "stdp_pair", {{"A_plus", 1e-5}, {"A_minus", 1.05e-5}, {"w_min", 0}, {"w_max", 0.3}});
  const Blueprint blueprint = brunel(registry, 10000, plastic ? 0.8 : 1.5, rule);
  const double begin = seconds();
  Connectome connectome = build(blueprint, 1);
  std::printf("built in %.2f s\n", seconds() - begin);
  Simulation simulation(blueprint, connectome, brunel_input(registry), {.duration = duration, .record_spikes = {"E", "I"}});
  Counter counter(100);
  measure(plastic ? "stdp10k" : "brunel10k", simulation, connectome, counter, duration,
          plastic ? "NEST 22, Auryn 12, GeNN 19" : "NEST 5.9, Auryn 2.2, GeNN 6.8, Brian2 4.0");
  if (!o.brief) beside(plastic ? "stdp10k" : "brunel10k");
  const double rate = static_cast<double>(counter.all()) / 10000 / ((duration - 100) * 1e-3);
  return plastic ? within("rate (Hz)", rate, 25, 60) : within("rate (Hz)", rate, 0.97 * 42.7, 1.03 * 42.7);
}

}  // namespace

int main(int argc, char** argv) {
  const Options o = options(argc, argv);
  Registry registry(default_folders(""));
  const bool plain = run(registry, o, false), plastic = run(registry, o, true);
  return plain && plastic ? 0 : 1;
}
