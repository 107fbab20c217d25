// A run that goes on from a checkpoint, with another number of threads, is equal to the bit to one without a break.
#include <doctest/doctest.h>

#include "../../reference/small_network.hpp"
#include "proxon/base/threads.hpp"

using namespace proxon;
using namespace proxon::test;

namespace {

/// Keeps every checkpoint, and what had been recorded by then.
struct Breaks : MemoryRecording {
  std::vector<Checkpoint> states;
  std::vector<MemoryRecording> so_far;
  void checkpoint(const Checkpoint& state) override {
    states.push_back(state);
    so_far.push_back(*this);
  }
};

/// Everything that has a memory: delays a synapse, plastic spiking and rate projections, short-term plasticity, couplings, trials.
SmallNetwork network(bool short_delays) {
  SmallNetwork net;
  net.population("D", 300, plugin("neuron", "iaf_psc_delta", {{"I_e", 300.}}), {{"V_m", {.kind = DistributionKind::uniform, .low = -70, .high = -55}}});
  net.population("X", 150, plugin("neuron", "iaf_psc_exp", {{"I_e", 350.}}), {{"V_m", {.kind = DistributionKind::uniform, .low = -70, .high = -55}}});
  net.population("R", 70, plugin("neuron", "tanh_rate"));
  Stream random(Key{3, purpose("checkpoint test")}, 0);
  const auto edges = [&](int32_t from, int32_t to, double scale, bool each) {
    std::vector<Edge> list;
    for (int32_t i = 0; i < from; ++i)
      for (int32_t j = 0; j < to; ++j)
        if (random.uniform() < 0.1) list.push_back({i, j, scale * (0.5 + random.uniform()), each ? 0.1 * (1 + random.below(40)) : short_delays ? 0.1 : 1.5});
    return list;
  };
  net.projection("DD", "D", "D", edges(300, 300, 0.3, true));
  net.projection("DX", "D", "X", edges(300, 150, 20, false), plugin("learning_rule", "stdp_pair", {{"A_plus", 0.5}, {"A_minus", 0.5}, {"w_max", 60.}}));
  net.projection("XD", "X", "D", edges(150, 300, -0.4, true));
  net.projection("RR", "R", "R", edges(70, 70, 0.2, false), plugin("learning_rule", "hebb"));
  return net;
}

void same(const MemoryRecording& whole, const MemoryRecording& first, const MemoryRecording& rest) {
  for (size_t p = 0; p < whole.spike.size(); ++p) {
    std::vector<double> time;
    std::vector<int32_t> neuron;
    for (const MemoryRecording* part : {&first, &rest})
      if (p < part->spike.size()) {
        time.insert(time.end(), part->spike[p].time.begin(), part->spike[p].time.end());
        neuron.insert(neuron.end(), part->spike[p].neuron.begin(), part->spike[p].neuron.end());
      }
    CHECK(whole.spike[p].time == time);
    CHECK(whole.spike[p].neuron == neuron);
  }
  const auto joined = [](std::vector<float> a, const std::vector<float>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  for (size_t t = 0; t < whole.traces.size(); ++t) CHECK(whole.traces[t] == joined(first.traces[t], rest.traces[t]));
  for (size_t s = 0; s < whole.signals.size(); ++s) CHECK(whole.signals[s] == joined(first.signals[s], rest.signals[s]));
  REQUIRE(whole.correlations.size() == rest.correlations.size());
  for (size_t c = 0; c < whole.correlations.size(); ++c) {
    CHECK(whole.correlations[c].count == rest.correlations[c].count);
    CHECK(whole.correlations[c].chance == rest.correlations[c].chance);
  }
  CHECK(whole.last_weights == rest.last_weights);
}

}  // namespace

TEST_CASE("a run that goes on from a checkpoint equals the run without a break") {
  for (const bool short_delays : {false, true})
    for (const double trial : {0.0, 100.0}) {
      const SmallNetwork net = network(short_delays);
      const std::vector<Stimulus> stimuli{{.name = "noise", .target = "D", .weight = 0.5, .generator = plugin("stimulus", "poisson_generator", {{"rate", 2000.}})},
                                          {.name = "current", .target = "R", .generator = plugin("stimulus", "noise_generator", {{"mean", 0.1}, {"std", 1.}})}};
      SimulationOptions options{.duration = 250, .trial = trial, .record_spikes = {"D", "X"}, .all_threads = true};
      options.traces = {{"D", "V_m", {0, 5, 299}, 3}, {"R", "activity", {}, 7}};
      options.rates = {{"D", {"D", {}}, 23}, {"some X", {"X", {0, 77, 149}}, 10}};
      options.correlations = {{"DX", {"D", {}}, {"X", {}}, 5, 20, 300}, {"DD", {"D", {}}, {"D", {1, 2, 3, 290}}, 1, 7, 0}};
      options.checkpoint_interval = 37;
      set_threads(2);
      Connectome connectome = net.connectome();
      Breaks whole;
      {
        Simulation simulation(net.blueprint, connectome, stimuli, options);
        simulation.run(whole);
      }
      REQUIRE(whole.states.size() == 6);
      REQUIRE(whole.spike[0].time.size() > 1000);
      const Connectome before = net.connectome();
      const Column<float>& weight = before.projections()[1].weight;
      CHECK(!std::equal(weight.begin(), weight.end(), whole.last_weights[1].begin()));
      for (const int32_t threads : {1, 2, 3, 8})
        for (const size_t at : {size_t{0}, size_t{3}, size_t{5}}) {
          CAPTURE(threads);
          CAPTURE(at);
          CAPTURE(trial);
          CAPTURE(short_delays);
          set_threads(threads);
          Connectome again = net.connectome();
          Simulation simulation(net.blueprint, again, stimuli, options);
          simulation.resume(whole.states[at]);
          MemoryRecording rest;
          simulation.run(rest);
          same(whole, whole.so_far[at], rest);
        }
      set_threads(2);
    }
}

// One thread gets more than its lists of arrivals may hold (1,024 pages of 510) and adds them up on the way; three do not.
TEST_CASE("when input to come is added up makes no difference to a bit") {
  SmallNetwork net;
  constexpr int32_t n = 1200;
  net.population("D", n, plugin("neuron", "iaf_psc_delta", {{"I_e", 300.}}), {{"V_m", {.kind = DistributionKind::uniform, .low = -56, .high = -50}}});
  Stream random(Key{5, purpose("burst test")}, 0);
  std::vector<Edge> edges;
  for (int32_t i = 0; i < n; ++i)
    for (int32_t j = 0; j < n; ++j) edges.push_back({i, j, 0.02 * (random.uniform() - 0.4), 0.1 * (1 + random.below(60))});
  net.projection("DD", "D", "D", std::move(edges));
  SimulationOptions options{.duration = 30, .record_spikes = {"D"}, .all_threads = true};
  options.traces = {{"D", "V_m", {}, 5}};
  std::vector<MemoryRecording> all(2);
  for (const int32_t threads : {1, 3}) {
    set_threads(threads);
    Connectome connectome = net.connectome();
    Simulation(net.blueprint, connectome, {}, options).run(all[threads > 1]);
  }
  set_threads(2);
  REQUIRE(all[0].spike[0].time.size() > 900);  // nearly all of them in the first step
  CHECK(all[0].spike[0].neuron == all[1].spike[0].neuron);
  CHECK(all[0].traces == all[1].traces);
}

TEST_CASE("a checkpoint of another simulation is refused in a sentence") {
  const SmallNetwork net = network(false);
  Connectome connectome = net.connectome();
  SimulationOptions options{.duration = 50};
  options.checkpoint_interval = 20;
  MemoryRecording recording;
  Simulation(net.blueprint, connectome, {}, options).run(recording);

  SmallNetwork other;
  other.population("D", 20, plugin("neuron", "iaf_psc_delta"));
  Connectome small = other.connectome();
  Simulation simulation(other.blueprint, small, {}, options);
  simulation.resume(recording.last_checkpoint);
  CHECK_THROWS_WITH_AS(simulation.run(recording), doctest::Contains("belongs to another experiment"), Error);

  recording.last_checkpoint.step = 5000;
  CHECK_THROWS_WITH_AS(simulation.resume(recording.last_checkpoint), doctest::Contains("is over at 50 ms"), Error);
}
