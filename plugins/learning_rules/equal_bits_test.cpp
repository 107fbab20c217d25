// Rules and synapses of each sort in networks that several threads share: the same bits for 1, 2, 3 and 8 threads.
#include <algorithm>
#include <span>

#include "pairing.hpp"

using namespace proxon;
using namespace proxon::test;

namespace {

struct Result {
  std::vector<float> weights, traces;
  Times spikes;
  bool operator==(const Result& other) const {
    const auto bits_equal = [](const std::vector<float>& a, const std::vector<float>& b) {
      return std::ranges::equal(std::as_bytes(std::span(a)), std::as_bytes(std::span(b)));
    };
    return spikes == other.spikes && bits_equal(weights, other.weights) && bits_equal(traces, other.traces);
  }
};

Result run_with(int threads, const SmallNetwork& network, SimulationOptions options) {
  set_threads(threads);
  Connectome connectome = network.connectome();
  const MemoryRecording got = run(network.blueprint, connectome, {}, std::move(options));
  set_threads(2);
  Result result{.traces = got.traces.empty() ? std::vector<float>{} : got.traces[0]};
  for (const SynapseRows& rows : connectome.projections()) result.weights.insert(result.weights.end(), rows.weight.begin(), rows.weight.end());
  for (const auto& population : got.spike) result.spikes.insert(result.spikes.end(), population.time.begin(), population.time.end());
  return result;
}

std::vector<Edge> random_edges(int32_t sources, int32_t targets, double probability, double low, double high, double delay) {
  Stream random(Key{9, purpose("edges")}, 0);
  std::vector<Edge> edges;
  for (int32_t i = 0; i < sources; ++i)
    for (int32_t j = 0; j < targets; ++j)
      if (random.uniform() < probability) edges.push_back({i, j, low + (high - low) * random.uniform(), delay});
  return edges;
}

void check(const SmallNetwork& network, const SimulationOptions& options, const char* what, bool learns) {
  CAPTURE(what);
  const Result one = run_with(1, network, options);
  for (int threads : {2, 3, 8}) {
    CAPTURE(threads);
    CHECK(run_with(threads, network, options) == one);
  }
  if (!learns) return;
  size_t moved = 0, k = 0;
  const Connectome before = network.connectome();
  for (const SynapseRows& rows : before.projections())
    for (float w : rows.weight) moved += w != one.weights[k++];
  CHECK(moved > one.weights.size() / 20);
}

constexpr int32_t sources = 400, targets = 700;

/// Poisson neurons onto leaky ones, which fire some ten times a second; a modulator.
SmallNetwork spiking(double delay, std::optional<PluginValue> rule) {
  SmallNetwork network;
  network.population("E", sources, plugin("neuron", "poisson_neuron", {{"rate", 40.}}))
      .population("T", targets, plugin("neuron", "iaf_psc_delta", {{"tau_m", 15.}, {"I_e", 230.}}))
      .population("D", 3, plugin("neuron", "poisson_neuron", {{"rate", 20.}}));
  network.projection("W", "E", "T", random_edges(sources, targets, 0.08, 0.2, 0.9, delay), rule);
  return network;
}

}  // namespace

TEST_CASE("rules on spikes give the same bits for 1, 2, 3 and 8 threads") {
  for (const char* name : {"stdp_pair", "stdp_triplet", "stdp_nearest_neighbour", "stdp_power_law", "vogels_sprekeler", "clopath", "stdp_dopamine", "homeostatic_scaling"}) {
    PluginValue rule = plugin("learning_rule", name);
    if (std::string_view(name) == "vogels_sprekeler") rule = plugin("learning_rule", name, {{"w_min", 0.}, {"w_max", 1.}});
    SmallNetwork network = spiking(1.5, rule);
    projection(network, "W").modulator = "D";
    check(network, {.dt = 0.5, .duration = 200, .record_spikes = {"T"}}, name, true);
  }
}

TEST_CASE("rules on activity give the same bits for 1, 2, 3 and 8 threads") {
  for (const char* name : {"covariance", "bcm", "sanger", "oja", "anti_hebbian"}) {
    SmallNetwork network;
    network.population("X", 200, plugin("neuron", "tanh_rate", {{"tau", 5.}}), {{"rate", {.kind = DistributionKind::uniform, .low = -1, .high = 1}}})
        .population("Y", targets, plugin("neuron", "tanh_rate", {{"tau", 5.}}), {{"rate", {.kind = DistributionKind::uniform, .low = -1, .high = 1}}});
    PluginValue rule = plugin("learning_rule", name, {{"eta", 1e-2}});
    network.projection("W", "X", "Y", random_edges(200, targets, 0.1, -1, 1, 1.5), rule);
    check(network, {.dt = 0.5, .duration = 30, .traces = {{.population = "Y", .variable = "activity"}}}, name, true);
  }
}

TEST_CASE("random, short-term and electrical synapses give the same bits for 1, 2, 3 and 8 threads") {
  for (const char* name : {"bernoulli", "tsodyks", "tsodyks2"}) {
    SmallNetwork network = spiking(1.5, {});
    PluginValue synapse = plugin("synapse", name);
    if (std::string_view(name) == "bernoulli") synapse = plugin("synapse", name, {{"p_transmit", 0.3}});
    projection(network, "W").synapse = synapse;
    check(network, {.dt = 0.5, .duration = 200, .record_spikes = {"T"}, .traces = {{.population = "T", .variable = "V_m"}}}, name, false);
  }
  SmallNetwork network = spiking(1.5, {});
  network.projection("gap", "T", "T", random_edges(targets, targets, 0.02, 0.5, 2, 0.5));
  projection(network, "gap").synapse = plugin("synapse", "gap_junction");
  check(network, {.dt = 0.5, .duration = 200, .record_spikes = {"T"}, .traces = {{.population = "T", .variable = "V_m"}}}, "gap_junction", false);
}
