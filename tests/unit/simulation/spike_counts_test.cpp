// Rates and cross-correlations that are counted while a network runs are those that a plain count makes of the recorded spikes.
#include <doctest/doctest.h>

#include <cmath>

#include "../../reference/small_network.hpp"
#include "proxon/base/threads.hpp"

using namespace proxon;
using namespace proxon::test;

namespace {

/// Two populations of which A drives B after 1.5 ms, one that has rates, and a silent one.
SmallNetwork network() {
  SmallNetwork net;
  net.population("A", 200, plugin("neuron", "iaf_psc_delta", {{"I_e", 330.}}), {{"V_m", {.kind = DistributionKind::uniform, .low = -70, .high = -55}}});
  net.population("B", 130, plugin("neuron", "iaf_psc_delta", {{"I_e", 300.}}), {{"V_m", {.kind = DistributionKind::uniform, .low = -70, .high = -55}}});
  net.population("R", 3, plugin("neuron", "tanh_rate"));
  net.population("silent", 4, plugin("neuron", "iaf_psc_delta"));
  Stream random(Key{3, purpose("counts test")}, 0);
  std::vector<Edge> edges;
  for (int32_t i = 0; i < 200; ++i)
    for (int32_t j = 0; j < 130; ++j)
      if (random.uniform() < 0.1) edges.push_back({i, j, 0.6, 1.5});
  net.projection("AB", "A", "B", edges);
  return net;
}

const std::vector<Stimulus> stimuli() {
  return {{.name = "noise", .target = "A", .weight = 1, .generator = plugin("stimulus", "poisson_generator", {{"rate", 2000.}})}};
}

const std::vector<int32_t> some = {0, 1, 7, 64, 65, 120, 129};

SimulationOptions options() {
  SimulationOptions options{.duration = 333.3, .record_spikes = {"A", "B"}, .all_threads = true};
  options.rates = {{"A", {"A", {}}, 10}, {"some", {"B", some}, 37}, {"long", {"A", {}}, 4000}, {"silent", {"silent", {}}, 100}};
  options.correlations = {{"AB", {"A", {}}, {"B", {}}, 5, 10, 0},
                          {"AA", {"A", {}}, {"A", {}}, 1, 30, 400},
                          {"some", {"B", some}, {"B", {1, 2, 3, 64, 129}}, 3, 0, 0},
                          {"wide", {"B", {}}, {"A", {}}, 101, 40, 0}};
  return options;
}

struct Spike {
  int64_t step;
  int32_t neuron;
};
std::vector<Spike> spikes_of(const MemoryRecording& recording, size_t population, const std::vector<int32_t>& chosen, int64_t start = 0) {
  std::vector<Spike> spikes;
  for (size_t k = 0; k < recording.spike[population].time.size(); ++k) {
    const int32_t neuron = recording.spike[population].neuron[k];
    const int64_t step = std::llround(recording.spike[population].time[k] * 10) - 1;
    if (step >= start && (chosen.empty() || std::count(chosen.begin(), chosen.end(), neuron))) spikes.push_back({step, neuron});
  }
  return spikes;
}

}  // namespace

TEST_CASE("recorded rates and correlations are those of the recorded spikes, for any number of threads") {
  const SmallNetwork net = network();
  const SimulationOptions asked = options();
  set_threads(1);
  const MemoryRecording recording = run(net, stimuli(), asked);
  REQUIRE(recording.spike[0].time.size() > 1000);
  REQUIRE(recording.spike[1].time.size() > 500);

  // Rates: signal 0 is that of the stimulus.
  REQUIRE(recording.signals.size() == 5);
  CHECK(recording.signals[3].empty());  // no bin of "long" was complete
  CHECK(recording.signals[4] == std::vector<float>(33, 0.f));
  for (const auto& [r, population, neurons] : {std::tuple<size_t, size_t, double>{0, 0, 200}, {1, 1, 7}}) {
    const RateRequest& rate = asked.rates[r];
    std::vector<int64_t> count(static_cast<size_t>(3333 / rate.interval));
    for (const Spike& spike : spikes_of(recording, population, rate.source.neurons))
      if (const auto bin = static_cast<size_t>(spike.step / rate.interval); bin < count.size()) ++count[bin];
    REQUIRE(recording.signals[1 + r].size() == count.size());
    for (size_t k = 0; k < count.size(); ++k)
      CHECK(recording.signals[1 + r][k] == static_cast<float>(static_cast<double>(count[k]) / (neurons * static_cast<double>(rate.interval) / 10 / 1000)));
  }

  // Correlations, pair by pair.
  REQUIRE(recording.correlations.size() == 4);
  const size_t populations[4][2] = {{0, 1}, {0, 0}, {1, 1}, {1, 0}};
  for (size_t c = 0; c < 4; ++c) {
    CAPTURE(c);
    const CorrelationRequest& asked_c = asked.correlations[c];
    const auto from = spikes_of(recording, populations[c][0], asked_c.source.neurons, asked_c.start);
    const auto to = spikes_of(recording, populations[c][1], asked_c.target.neurons, asked_c.start);
    std::vector<int64_t> count(static_cast<size_t>(2 * asked_c.lags + 1));
    for (const Spike& a : from)
      for (const Spike& b : to) {
        if (populations[c][0] == populations[c][1] && a.step == b.step && a.neuron == b.neuron) continue;
        const double lag = std::round(static_cast<double>(b.step - a.step) / static_cast<double>(asked_c.bin));  // odd bins: never half way
        if (std::fabs(lag) <= static_cast<double>(asked_c.lags)) ++count[static_cast<size_t>(static_cast<int64_t>(lag) + asked_c.lags)];
      }
    CHECK(recording.correlations[c].count == count);
    const double time = 3333 - static_cast<double>(asked_c.start);
    for (size_t k = 0; k < count.size(); ++k) {
      const double lag = std::fabs(static_cast<double>(k) - static_cast<double>(asked_c.lags)) * static_cast<double>(asked_c.bin);
      // The same formula, within a few roundings.
      CHECK(recording.correlations[c].chance[k] ==
            doctest::Approx(static_cast<double>(from.size() * to.size()) * static_cast<double>(asked_c.bin) * std::max(0.0, time - lag) / time / time).epsilon(1e-12));
    }
  }
  // A drives B after 1.5 ms: its spikes come before those of B (lags of 1.5 and 2 ms), not after.
  const auto& ab = recording.correlations[0].count;
  CHECK(static_cast<double>(ab[13] + ab[14]) > 1.03 * static_cast<double>(ab[7] + ab[6]));

  for (const int threads : {2, 3, 8}) {
    CAPTURE(threads);
    set_threads(threads);
    const MemoryRecording other = run(net, stimuli(), asked);
    CHECK(other.signals == recording.signals);
    for (size_t c = 0; c < 4; ++c) CHECK(other.correlations[c].count == recording.correlations[c].count);
  }
  set_threads(0);
}

TEST_CASE("rates and correlations need no recorded spikes, and say what their numbers mean") {
  const SmallNetwork net = network();
  SimulationOptions asked = options();
  const MemoryRecording with = run(net, stimuli(), asked);
  asked.record_spikes.clear();
  const MemoryRecording without = run(net, stimuli(), asked);
  CHECK(without.spike[0].time.empty());
  CHECK(without.signals == with.signals);
  CHECK(without.correlations[1].count == with.correlations[1].count);

  Connectome connectome = net.connectome();
  const Simulation simulation(net.blueprint, connectome, stimuli(), asked);
  REQUIRE(simulation.signals().size() == 5);
  CHECK(simulation.signals()[2].name == "some");
  CHECK(simulation.signals()[2].unit == "Hz");
  CHECK(simulation.signals()[2].population);
  CHECK(!simulation.signals()[0].population);
  CHECK(simulation.signals()[2].interval == 3.7);
  CHECK(simulation.correlations()[2].lags == std::vector<double>{0});
  CHECK(simulation.correlations()[0].lags.front() == -5);
  CHECK(simulation.correlations()[0].lags[11] == 0.5);
}

TEST_CASE("a rate or a correlation that cannot be recorded is refused in a sentence") {
  const SmallNetwork net = network();
  const auto refused = [&](const char* sentence, auto change) {
    SimulationOptions asked;
    change(asked);
    Connectome connectome = net.connectome();
    CHECK_THROWS_WITH_AS(Simulation(net.blueprint, connectome, {}, asked), doctest::Contains(sentence), Error);
  };
  refused("Recording of the rate 'r': there is no population 'Z'", [](auto& o) { o.rates = {{"r", {"Z", {}}, 1}}; });
  refused("Recording of the rate 'r': the neurons of 'R' (tanh_rate) have rates and do not spike", [](auto& o) { o.rates = {{"r", {"R", {}}, 1}}; });
  refused("there is no neuron 200 in population 'A'", [](auto& o) { o.rates = {{"r", {"A", {3, 200}}, 1}}; });
  refused("its interval is 0 steps", [](auto& o) { o.rates = {{"r", {"A", {}}, 0}}; });
  refused("Recording of the correlation 'c': there is no population 'a'. Did you mean 'A'?", [](auto& o) { o.correlations = {{"c", {"A", {}}, {"a", {}}}}; });
  refused("its bins are 4 steps wide, and must be an odd number of steps", [](auto& o) { o.correlations = {{"c", {"A", {}}, {"B", {}}, 4}}; });
  refused("has -1 lags on each side", [](auto& o) { o.correlations = {{"c", {"A", {}}, {"B", {}}, 5, -1}}; });
}
