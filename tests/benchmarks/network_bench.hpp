// What the benchmarks of the simulation share: clocks, plugins by name, a listener that counts spikes, the machine's limit for scattered adds.
#pragma once
#include <sys/resource.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "clocks.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/simulation/simulation.hpp"

namespace proxon::bench {

/// Most memory that the process ever had, MB.
inline double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

inline PluginValue plugin(Registry& registry, const char* kind, const char* name,
                          std::initializer_list<std::pair<const char*, double>> settings = {}) {
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

/// Counts the spikes of each population after a time.
struct Counter : RecordingSink {
  explicit Counter(double ms) : from(ms) {}
  double from;
  std::vector<int64_t> count = std::vector<int64_t>(64, 0);
  void spikes(int32_t population, std::span<const double> time, std::span<const int32_t>) override {
    for (double t : time) count[static_cast<size_t>(population)] += t > from;
  }
  void trace(int32_t, std::span<const float>) override {}
  void signal(int32_t, std::span<const float>) override {}
  void correlation(int32_t, std::span<const int64_t>, std::span<const double>) override {}
  void weights(int32_t, double, std::span<const float>) override {}
  void until(double) override {}
  int64_t all() const {
    int64_t sum = 0;
    for (int64_t n : count) sum += n;
    return sum;
  }
};

/// The balanced network of Brunel 2000 (doi:10.1023/A:1008925309027) with 800 + 200 synapses a neuron, which fires at 42.7 Hz; `rule` learns on E -> E.
inline Blueprint brunel(Registry& registry, int neurons, double delay, const std::optional<PluginValue>& rule = {}) {
  const PluginValue neuron = plugin(registry, "neuron", "iaf_psc_delta",
                                    {{"tau_m", 20}, {"C_m", 250}, {"E_L", 0}, {"V_th", 20}, {"V_reset", 10}, {"t_ref", 2}});
  Blueprint blueprint;
  blueprint.add(Population{.name = "E", .size = neurons / 5 * 4, .neuron = neuron});
  blueprint.add(Population{.name = "I", .size = neurons / 5, .neuron = neuron});
  for (const char* source : {"E", "I"})
    for (const char* target : {"E", "I"}) {
      Projection projection{.name = std::string(source) + target,
                            .source = source,
                            .target = target,
                            .connectivity = plugin(registry, "connectivity", "fixed_indegree", {{"indegree", *source == 'E' ? 800 : 200}}),
                            .weight = Distribution::constant(*source == 'E' ? 0.1 : -0.5),
                            .delay = Distribution::constant(delay),
                            .synapse = plugin(registry, "synapse", "static")};
      if (rule && projection.name == "EE") projection.learning_rule = *rule;
      blueprint.add(std::move(projection));
    }
  return blueprint;
}

/// What drives it.
inline std::vector<Stimulus> brunel_input(Registry& registry) {
  std::vector<Stimulus> stimuli;
  for (const char* target : {"E", "I"})
    stimuli.push_back({.name = target, .target = target, .weight = 0.1, .generator = plugin(registry, "stimulus", "poisson_generator", {{"rate", 20000}})});
  return stimuli;
}

/// Adds a second along all rows, each thread into targets of its own: the limit that delivery is held against.
inline double scattered_adds(const Connectome& connectome) {
  int64_t synapses = 0;
  double best = 0;
  for (const SynapseRows& rows : connectome.projections()) synapses += rows.size();
  for (int repeat = 0; repeat < 3; ++repeat) {
    const double begin = seconds();
    parallel(threads(), [&](const Team& team) {
      for (const SynapseRows& rows : connectome.projections()) {
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

struct Options {
  bool brief = false;
  double scale = 1;
};

/// --short, --threads N, --scale X.
inline Options options(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--short") == 0) o.brief = true;
    if (std::strcmp(argv[i], "--threads") == 0 && i + 1 < argc) set_threads(std::atoi(argv[++i]));
    if (std::strcmp(argv[i], "--scale") == 0 && i + 1 < argc) o.scale = std::atof(argv[++i]);
  }
  return o;
}

/// Runs and prints: real-time factor, events against the machine's limit, memory. The answer is the caller's to check.
struct Measured {
  double rtf, events;
};
inline Measured measure(const char* name, Simulation& simulation, Connectome& connectome, RecordingSink& sink, double duration, const char* peers) {
  const double limit = scattered_adds(connectome);
  const double begin = seconds(), processor = processor_seconds();
  simulation.run(sink);
  const double wall = seconds() - begin, used = processor_seconds() - processor;
  const auto events = static_cast<double>(simulation.counts().synaptic_events);
  std::printf("%s, %d threads, %lld synapses, %.1f s of biology\n", name, threads(), static_cast<long long>(connectome.synapses()), duration * 1e-3);
  std::printf("  real-time factor   %.4f (%.2f s; processor time %.2f s); peers: %s\n", wall / (duration * 1e-3), wall, used, peers);
  std::printf("  synaptic events    %.0f M/s; adding along the same rows alone: %.0f M/s (%.0f %%)\n", events / wall * 1e-6, limit * 1e-6,
              100 * events / wall / limit);
  std::printf("  peak memory        %.0f MB\n", peak_megabytes());
  return {wall / (duration * 1e-3), events};
}

/// Lets Brian 2 run the same network on as many threads, which prints a line; takes a minute, most of it to compile.
inline void beside(const char* network) {
  std::fflush(stdout);
  const std::string command = fmt::format("/usr/bin/python3 {}/tests/benchmarks/networks_brian.py {} {} 2>/dev/null", PROXON_SOURCE_DIR, network, threads());
  if (std::system(command.c_str()) != 0) std::printf("  beside it          Brian 2 failed\n");
}

/// Prints a figure and what it should be; false when it is outside.
inline bool within(const char* what, double value, double low, double high) {
  const bool right = value >= low && value <= high;
  std::printf("  %-18s %.3f (%s%.3g to %.3g)\n", what, value, right ? "" : "WRONG: must be ", low, high);
  return right;
}

}  // namespace proxon::bench
