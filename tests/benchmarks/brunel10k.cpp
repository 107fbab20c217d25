// How fast is a balanced network of 8,000 + 2,000 neurons and 10 million synapses (Brunel 2000, doi:10.1023/A:1008925309027), against real
// time, against the machine's own limit for adding along the same rows, and against NEST, Auryn, GeNN, Brian2 on such a machine
// (5.9, 2.2, 6.8, 2.5 to 4 times real time)? The answer is checked: the rate is 42.7 Hz. `--short`: 200 ms of biology in place of 1 s.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "proxon/base/threads.hpp"
#include "proxon/simulation/simulation.hpp"

using namespace proxon;

namespace {

/// Processor time of all threads: what a machine that is shared with others would need alone.
double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

PluginValue plugin(Registry& registry, const char* kind, const char* name, std::initializer_list<std::pair<const char*, double>> settings = {}) {
  PluginValue value = plugin_value(registry, kind, name);
  for (const auto& [key, number] : settings) {
    const FieldInfo* field = value.values.find(key);
    PROXON_CHECK(field != nullptr, "{} has no parameter {}", name, key);
    if (field->type == FieldType::integer)
      value.values.set(*field, static_cast<int64_t>(number));
    else
      value.values.set(*field, number);
  }
  return value;
}

/// Counts spikes after the first 100 ms.
struct Counter : RecordingSink {
  int64_t spikes_seen = 0;
  void spikes(int32_t, std::span<const double> time, std::span<const int32_t>) override {
    for (double t : time) spikes_seen += t > 100;
  }
  void trace(int32_t, std::span<const float>) override {}
  void signal(int32_t, std::span<const float>) override {}
  void weights(int32_t, double, std::span<const float>) override {}
  void until(double) override {}
};

/// Adds a second along all rows, each thread into the targets that it owns: the limit that delivery is held against.
double scattered_adds(const Connectome& connectome) {
  const int n = threads();
  int64_t synapses = 0;
  double best = 0;
  for (const SynapseRows& rows : connectome.projections()) synapses += rows.size();
  for (int repeat = 0; repeat < 3; ++repeat) {
    const double begin = seconds();
    parallel(n, [&](const Team& team) {
      for (const SynapseRows& rows : connectome.projections()) {
        // As many adds as there are synapses, thread by thread: rows of sources, cut to sources in place of targets.
        Column<float> plane(static_cast<size_t>(rows.targets), 0.f);
        const int64_t first = rows.size() * team.rank() / team.size(), last = rows.size() * (team.rank() + 1) / team.size();
        const int32_t* target = rows.target.data();
        const float* weight = rows.weight.data();
        float* to = plane.data();
        for (int64_t k = first; k < last; ++k) to[target[k]] += weight[k];
        asm volatile("" ::"r"(to) : "memory");
      }
    });
    best = std::max(best, static_cast<double>(synapses) / (seconds() - begin));
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  bool brief = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--short") == 0) brief = true;
    if (std::strcmp(argv[i], "--threads") == 0 && i + 1 < argc) set_threads(std::atoi(argv[++i]));
  }
  const double duration = brief ? 200 : 1000;

  Registry registry(default_folders(""));
  const PluginValue neuron = plugin(registry, "neuron", "iaf_psc_delta",
                                    {{"tau_m", 20}, {"C_m", 250}, {"E_L", 0}, {"V_th", 20}, {"V_reset", 10}, {"t_ref", 2}});
  Blueprint blueprint;
  blueprint.add(Population{.name = "E", .size = 8000, .neuron = neuron});
  blueprint.add(Population{.name = "I", .size = 2000, .neuron = neuron});
  for (const char* source : {"E", "I"})
    for (const char* target : {"E", "I"})
      blueprint.add(Projection{.name = std::string(source) + target,
                               .source = source,
                               .target = target,
                               .connectivity = plugin(registry, "connectivity", "fixed_indegree", {{"indegree", *source == 'E' ? 800 : 200}}),
                               .weight = Distribution::constant(*source == 'E' ? 0.1 : -0.5),
                               .delay = 1.5,
                               .synapse = plugin(registry, "synapse", "static")});
  const double t0 = seconds();
  Connectome connectome = build(blueprint, 1);
  const double t1 = seconds();
  std::vector<Stimulus> stimuli;
  for (const char* target : {"E", "I"})
    stimuli.push_back({.name = target, .target = target, .weight = 0.1, .generator = plugin(registry, "stimulus", "poisson_generator", {{"rate", 20000}})});

  std::printf("brunel10k, %d threads: %lld synapses built in %.2f s\n", threads(), static_cast<long long>(connectome.synapses()), t1 - t0);
  const double limit = scattered_adds(connectome);
  Simulation simulation(blueprint, connectome, stimuli, {.duration = duration, .record_spikes = {"E", "I"}});
  Counter counter;
  const double t2 = seconds(), p2 = processor_seconds();
  simulation.run(counter);
  const double wall = seconds() - t2, processor = processor_seconds() - p2;

  const double rate = static_cast<double>(counter.spikes_seen) / 10000 / ((duration - 100) * 1e-3);
  const double events = static_cast<double>(simulation.counts().synaptic_events);
  std::printf("  real-time factor   %.3f (%.2f s for %.1f s of biology; processor time %.2f s)\n", wall / (duration * 1e-3), wall, duration * 1e-3,
              processor);
  std::printf("  synaptic events    %.0f M/s; adding along the same rows alone: %.0f M/s (%.0f %%)\n", events / wall * 1e-6, limit * 1e-6, 100 * events / wall / limit);
  std::printf("  rate               %.2f Hz (NEST: 42.7 Hz)\n", rate);
  if (std::fabs(rate - 42.7) > 0.03 * 42.7) {
    std::printf("  WRONG: the rate must be within 3 %% of 42.7 Hz\n");
    return 1;
  }
  return 0;
}
