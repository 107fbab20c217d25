// Networks made by hand, synapse by synapse, for tests and oracles.
#pragma once
#include <algorithm>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "proxon/simulation/simulation.hpp"

namespace proxon::test {

using Setting = std::variant<double, int64_t, std::vector<double>, std::vector<int64_t>>;
using Settings = std::map<std::string, Setting>;

inline Registry& registry() {
  static Registry all(default_folders(""));
  return all;
}

/// A plugin with some of its parameters set.
inline PluginValue plugin(const char* kind, const char* name, const Settings& settings = {}) {
  PluginValue value = plugin_value(registry(), kind, name);
  for (const auto& [key, setting] : settings) {
    const FieldInfo* field = value.values.find(key);
    PROXON_CHECK(field != nullptr, "{} has no parameter {}", name, key);
    std::visit([&](const auto& v) { value.values.set(*field, v); }, setting);
  }
  return value;
}

struct Edge {
  int32_t source, target;
  double weight;
  double delay = 1;  ///< ms
};

/// Collects populations and projections; the rest of the library sees an ordinary Blueprint and Connectome.
class SmallNetwork {
 public:
  Blueprint blueprint;

  SmallNetwork& population(const std::string& name, int32_t size, PluginValue neuron,
                           const std::map<std::string, Distribution>& initial = {}) {
    Population p{.name = name, .size = size, .neuron = std::move(neuron)};
    const auto* table = static_cast<const NeuronTable*>(p.neuron.plugin->table);
    for (const FieldInfo& field : table->state->list())
      if (const auto at = initial.find(field.name); at != initial.end()) p.initial.emplace_back(&field, at->second);
    const int32_t first = ranges_.empty() ? 0 : ranges_.back().first + ranges_.back().size;
    ranges_.push_back({.name = name, .first = first, .size = size});
    blueprint.add(std::move(p));
    return *this;
  }

  /// All edges with the delay of the first one, unless they differ: then each has its own.
  SmallNetwork& projection(const std::string& name, const std::string& source, const std::string& target, std::vector<Edge> edges,
                           std::optional<PluginValue> rule = {}, const std::string& receptor = "") {
    std::stable_sort(edges.begin(), edges.end(),
                     [](const Edge& a, const Edge& b) { return std::pair(a.source, a.target) < std::pair(b.source, b.target); });
    SynapseRows rows;
    rows.name = name;
    rows.source_population = index(source), rows.target_population = index(target);
    const int32_t sources = ranges_[static_cast<size_t>(rows.source_population)].size;
    rows.delay = edges.empty() ? 1 : edges[0].delay;
    rows.offset.assign(static_cast<size_t>(sources) + 1, 0);
    bool one_delay = true;
    for (const Edge& e : edges) {
      ++rows.offset[static_cast<size_t>(e.source) + 1];
      rows.target.push_back(e.target);
      rows.weight.push_back(static_cast<float>(e.weight));
      one_delay = one_delay && e.delay == edges[0].delay;
    }
    for (size_t i = 1; i < rows.offset.size(); ++i) rows.offset[i] += rows.offset[i - 1];
    if (!one_delay) {
      Column<float> delay;
      for (const Edge& e : edges) delay.push_back(static_cast<float>(e.delay));
      rows.delay = Delays(std::move(delay));
    }
    rows_.push_back(std::move(rows));
    blueprint.add(Projection{.name = name,
                             .source = source,
                             .target = target,
                             .delay = Distribution::constant(edges.empty() ? 1 : edges[0].delay),
                             .synapse = plugin("synapse", "static"),
                             .learning_rule = std::move(rule),
                             .receptor = receptor});
    return *this;
  }

  Connectome connectome() const { return Connectome(ranges_, rows_); }

 private:
  int32_t index(const std::string& name) const {
    for (size_t p = 0; p < ranges_.size(); ++p)
      if (ranges_[p].name == name) return static_cast<int32_t>(p);
    fail("no population {}", name);
  }
  std::vector<Connectome::PopulationRange> ranges_;
  std::vector<SynapseRows> rows_;
};

/// Runs and keeps everything in memory. Plastic weights change in `connectome`.
inline MemoryRecording run(const Blueprint& blueprint, Connectome& connectome, std::vector<Stimulus> stimuli, SimulationOptions options) {
  MemoryRecording recording;
  options.all_threads = true;  // a small network would be left to one
  Simulation simulation(blueprint, connectome, std::move(stimuli), std::move(options));
  simulation.run(recording);
  recording.spike.resize(connectome.populations().size());
  return recording;
}
inline MemoryRecording run(const SmallNetwork& network, std::vector<Stimulus> stimuli, SimulationOptions options) {
  Connectome connectome = network.connectome();
  return run(network.blueprint, connectome, std::move(stimuli), std::move(options));
}

}  // namespace proxon::test
