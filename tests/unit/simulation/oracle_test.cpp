// Random small networks of all models against the plain oracle in tests/reference.
#include <doctest/doctest.h>

#include <cmath>

#include "../../reference/oracle.hpp"
#include "../../reference/small_network.hpp"

using namespace proxon;
using namespace proxon::test;

namespace {

/// Weights are multiples of 1/64, so that sums of floats are exact and spikes cannot differ by rounding of the input.
double exact_weight(Stream& random, double scale) { return std::round(scale * random.normal() * 64) / 64; }

struct Case {
  uint64_t seed;
  bool plastic, delay_each;
};

void compare_spiking(const Case& c) {
  CAPTURE(c.seed);
  Stream random(Key{c.seed, purpose("oracle test")}, 0);
  const double dt = 0.1;
  const int32_t n_delta = 7 + int32_t(random.below(70)), n_exp = 5 + int32_t(random.below(30));
  SmallNetwork network;
  network.population("D", n_delta, plugin("neuron", "iaf_psc_delta", {{"I_e", 350.}, {"tau_m", 15.}}), {{"V_m", {.kind = DistributionKind::uniform, .low = -70, .high = -55}}});
  network.population("X", n_exp, plugin("neuron", "iaf_psc_exp", {{"I_e", 380.}, {"tau_syn_ex", 1.5}, {"tau_syn_in", 4.}, {"t_ref", 1.}}));
  Oracle oracle{.dt = dt};
  for (int32_t i = 0; i < n_delta + n_exp; ++i) {
    OracleNeuron n{.model = i < n_delta ? OracleNeuron::delta : OracleNeuron::psc_exp, .V = -70};
    if (i < n_delta)
      n.tau = 15, n.I_e = 350;
    else
      n.tau_ex = 1.5, n.tau_in = 4, n.ref = 1, n.I_e = 380;
    oracle.neurons.push_back(n);
  }

  struct Plan {
    const char *source, *target;
    int32_t n_source, n_target, first_source, first_target;
    double scale;
    bool plastic;
  };
  for (const Plan& p : {Plan{"D", "D", n_delta, n_delta, 0, 0, 0.7, false}, Plan{"D", "X", n_delta, n_exp, 0, n_delta, 60, false},
                        Plan{"X", "D", n_exp, n_delta, n_delta, 0, 0.7, c.plastic}, Plan{"X", "X", n_exp, n_exp, n_delta, n_delta, 60, false}}) {
    std::vector<Edge> edges;
    const double delay = 0.1 * (1 + random.below(20));
    for (int32_t i = 0; i < p.n_source; ++i)
      for (int32_t j = 0; j < p.n_target; ++j)
        for (int copy = 0; copy < 2; ++copy)  // autapses and multapses too
          if (random.uniform() < 0.1)
            edges.push_back({i, j, p.plastic ? std::fabs(exact_weight(random, p.scale)) : exact_weight(random, p.scale),
                             c.delay_each ? 0.1 * (1 + random.below(7)) : delay});
    std::optional<PluginValue> rule;
    if (p.plastic) rule = plugin("learning_rule", "stdp_pair", {{"A_plus", 0.02}, {"A_minus", 0.025}, {"w_max", 2.}, {"tau_minus", 30.}});
    network.projection(std::string(p.source) + p.target, p.source, p.target, edges, rule);
    std::stable_sort(edges.begin(), edges.end(), [](auto& a, auto& b) { return std::pair(a.source, a.target) < std::pair(b.source, b.target); });
    for (const Edge& e : edges) {
      OracleSynapse s{e.source + p.first_source, e.target + p.first_target, e.weight, e.delay};
      if (p.plastic) s.stdp = true, s.A_plus = 0.02, s.A_minus = 0.025, s.w_max = 2, s.tau_plus = 20, s.tau_minus = 30;
      oracle.synapses.push_back(s);
    }
  }

  // Outside: spikes at random times to some, a current step to others. The oracle begins where the simulation's draw began.
  std::vector<double> times;
  for (int k = 1; k < 1500; ++k)
    if (random.uniform() < 0.05) times.push_back(k / 10.0);
  const std::vector<int32_t> some{0, 2, 3, n_delta - 1};
  std::vector<Stimulus> stimuli{
      {.name = "s", .target = "D", .neurons = some, .weight = 3, .generator = plugin("stimulus", "spike_generator", {{"spike_times", times}})},
      {.name = "i", .target = "X", .generator = plugin("stimulus", "step_current_generator", {{"amplitude_times", std::vector<double>{20, 90}}, {"amplitude_values", std::vector<double>{-50, 25}}})}};
  oracle.spikes_in = [&](int j, double t) {
    return std::find(some.begin(), some.end(), j) != some.end() && Oracle::has(times, t) ? 3.0 : 0.0;
  };
  oracle.current_in = [&](int j, double t) { return j < n_delta || t < 20 + dt / 2 ? 0.0 : t < 90 + dt / 2 ? -50.0 : 25.0; };

  Connectome connectome = network.connectome();
  SimulationOptions options{.dt = dt, .duration = 150, .seed = c.seed, .record_spikes = {"D", "X"}, .traces = {{.population = "D", .variable = "V_m"}, {.population = "X", .variable = "V_m"}}};
  for (int32_t i = 0; i < n_delta; ++i) {
    Stream draw(Key{c.seed, purpose("initial state")}.with(0), uint64_t(i));
    oracle.neurons[size_t(i)].V = -70 + 15 * draw.uniform();
  }
  const auto got = run(network.blueprint, connectome, stimuli, options);
  oracle.run(1500);

  size_t spikes = 0;
  for (int32_t i = 0; i < n_delta + n_exp; ++i) {
    const auto& recorded = got.spike[i < n_delta ? 0 : 1];
    std::vector<double> mine;
    for (size_t k = 0; k < recorded.time.size(); ++k)
      if (recorded.neuron[k] == (i < n_delta ? i : i - n_delta)) mine.push_back(recorded.time[k]);
    REQUIRE(mine.size() == oracle.neurons[size_t(i)].spikes.size());
    for (size_t k = 0; k < mine.size(); ++k) CHECK(std::fabs(mine[k] - oracle.neurons[size_t(i)].spikes[k]) < 1e-6);
    spikes += mine.size();
    // Recorded as floats; with plastic weights, which are floats, the input is off by 2^-24 an event as well.
    const auto& V = got.traces[i < n_delta ? 0 : 1];
    const auto width = static_cast<size_t>(i < n_delta ? n_delta : n_exp);
    const double last = V[1499 * width + static_cast<size_t>(i < n_delta ? i : i - n_delta)];
    CHECK(std::fabs(last - oracle.neurons[size_t(i)].V) < (c.plastic ? 1e-4 : 5e-6));
  }
  CHECK(spikes > 100);

  // Weights: floats that took some hundred steps of rounding 2^-24 each, and traces of relative error about 1e-6.
  size_t k = 0, moved = 0;
  for (const SynapseRows& rows : connectome.projections())
    for (float w : rows.weight) {
      const OracleSynapse& s = oracle.synapses[k++];
      CHECK(std::fabs(w - s.w) < 2e-5);
      moved += s.stdp && std::fabs(std::round(s.w * 64) - s.w * 64) > 1e-3;
    }
  if (c.plastic) CHECK(moved > 10);
}

}  // namespace

TEST_CASE("random spiking networks fire exactly as the plain oracle says") {
  for (uint64_t seed = 1; seed <= 6; ++seed) compare_spiking({seed, false, false});
}

TEST_CASE("random networks with a delay a synapse fire exactly as the plain oracle says") {
  for (uint64_t seed = 11; seed <= 14; ++seed) compare_spiking({seed, false, true});
}

TEST_CASE("random networks of current-based, conductance-based and adapting neurons fire exactly as the plain oracle says") {
  for (uint64_t seed = 41; seed <= 43; ++seed) {
    CAPTURE(seed);
    Stream random(Key{seed, purpose("oracle test")}, 2);
    const double dt = 0.1;
    struct Kind {
      const char* name;
      OracleNeuron neuron;
      double I_e, scale;
    };
    const std::vector<Kind> kinds{{"iaf_psc_alpha", {.model = OracleNeuron::psc_alpha, .tau_in = 4}, 450, 60},
                                  {"iaf_cond_exp", {.model = OracleNeuron::cond_exp, .reset = -60, .tau_ex = 1, .tau_in = 4}, 320, 4},
                                  {"mat2_psc_exp", {.model = OracleNeuron::mat2, .tau = 5, .C = 100, .tau_ex = 1, .tau_in = 4}, 500, 40}};
    SmallNetwork network;
    Oracle oracle{.dt = dt};
    std::vector<int32_t> first, size;
    for (const Kind& kind : kinds) {
      Settings settings{{"I_e", kind.I_e}, {"tau_syn_ex", kind.neuron.tau_ex}, {"tau_syn_in", 4.}};
      first.push_back(int32_t(oracle.neurons.size())), size.push_back(5 + int32_t(random.below(20)));
      network.population(kind.name, size.back(), plugin("neuron", kind.name, settings));
      for (int32_t i = 0; i < size.back(); ++i) {
        oracle.neurons.push_back(kind.neuron);
        oracle.neurons.back().V = -70, oracle.neurons.back().I_e = kind.I_e;
      }
    }
    for (size_t a = 0; a < kinds.size(); ++a)
      for (size_t b = 0; b < kinds.size(); ++b) {
        std::vector<Edge> edges;
        for (int32_t i = 0; i < size[a]; ++i)
          for (int32_t j = 0; j < size[b]; ++j)
            if (random.uniform() < 0.2) edges.push_back({i, j, exact_weight(random, kinds[b].scale), 0.1 * (1 + random.below(20))});
        network.projection(std::string(kinds[a].name) + kinds[b].name, kinds[a].name, kinds[b].name, edges);
        for (const Edge& e : edges) oracle.synapses.push_back({e.source + first[a], e.target + first[b], e.weight, e.delay});
      }
    SimulationOptions options{.dt = dt, .duration = 120, .seed = seed};
    for (const Kind& kind : kinds) options.record_spikes.push_back(kind.name), options.traces.push_back({.population = kind.name, .variable = "V_m"});
    const auto got = run(network, {}, options);
    oracle.run(1200);
    for (size_t a = 0; a < kinds.size(); ++a) {
      size_t spikes = 0;
      std::vector<std::vector<double>> mine(static_cast<size_t>(size[a]));
      for (size_t k = 0; k < got.spike[a].time.size(); ++k) mine[size_t(got.spike[a].neuron[k])].push_back(got.spike[a].time[k]);
      for (int32_t i = 0; i < size[a]; ++i) {
        const OracleNeuron& n = oracle.neurons[size_t(first[a] + i)];
        CAPTURE(std::string(kinds[a].name));
        REQUIRE(mine[size_t(i)].size() == n.spikes.size());
        for (size_t k = 0; k < n.spikes.size(); ++k) CHECK(std::fabs(mine[size_t(i)][k] - n.spikes[k]) < 1e-6);
        // Recorded as floats, 4e-6; and the oracle's tiny steps and the Magnus series, below 1e-5 together.
        CHECK(std::fabs(got.traces[a][1199 * size_t(size[a]) + size_t(i)] - n.V) < 2e-5);
        spikes += n.spikes.size();
      }
      CHECK(spikes > 20);
    }
  }
}

TEST_CASE("random plastic networks end with the oracle's weights, with one delay and with a delay a synapse") {
  for (uint64_t seed = 21; seed <= 24; ++seed) compare_spiking({seed, true, seed % 2 == 0});
}

TEST_CASE("random rate networks follow the plain oracle, plastic and not, with several delays") {
  for (uint64_t seed = 31; seed <= 34; ++seed) {
    const bool plastic = seed % 2 == 0;
    Stream random(Key{seed, purpose("oracle test")}, 1);
    const double dt = 0.5;
    const int32_t n = 20 + int32_t(random.below(80));
    SmallNetwork network;
    network.population("R", n, plugin("neuron", "tanh_rate", {{"tau", 8.}, {"g", 1.25}}), {{"rate", {.kind = DistributionKind::uniform, .low = -1, .high = 1}}});
    Oracle oracle{.dt = dt};
    for (int32_t i = 0; i < n; ++i) {
      Stream draw(Key{seed, purpose("initial state")}.with(0), uint64_t(i));
      oracle.neurons.push_back({.model = OracleNeuron::rate, .tau = 8, .g = 1.25, .V = -1 + 2 * draw.uniform()});
    }
    std::vector<Edge> edges;
    for (int32_t i = 0; i < n; ++i)
      for (int32_t j = 0; j < n; ++j)
        if (random.uniform() < 0.3) edges.push_back({i, j, 0.8 / std::sqrt(0.3 * n) * random.normal(), seed < 33 ? 1.5 : 0.5 * (1 + random.below(5))});
    std::optional<PluginValue> rule;
    if (plastic) rule = plugin("learning_rule", "hebb", {{"eta", 1e-3}});
    network.projection("W", "R", "R", edges, rule);
    for (const Edge& e : edges) {
      OracleSynapse s{e.source, e.target, e.weight, e.delay};
      s.hebb = plastic, s.eta = 1e-3;
      oracle.synapses.push_back(s);
    }
    oracle.current_in = [](int, double) { return 0.125; };
    Connectome connectome = network.connectome();
    const Stimulus I{.name = "I", .target = "R", .generator = plugin("stimulus", "step_current_generator", {{"amplitude_times", std::vector<double>{0}}, {"amplitude_values", std::vector<double>{0.125}}})};
    const auto got = run(network.blueprint, connectome, {I}, {.dt = dt, .duration = 100, .seed = seed, .traces = {{.population = "R", .variable = "activity"}}});
    oracle.run(200);
    // Activities and weights travel as floats: some 2^-24 a synapse and step, which a network of radius below 1 does not amplify.
    double worst = 0, moved = 0;
    for (size_t row = 0; row < 200; ++row)
      for (size_t i = 0; i < size_t(n); ++i) worst = std::max(worst, std::fabs(got.traces[0][row * size_t(n) + i] - oracle.neurons[i].rates[row]));
    CHECK(worst < 2e-6);
    for (size_t k = 0; k < oracle.synapses.size(); ++k) {
      CHECK(std::fabs(connectome.projections()[0].weight[k] - oracle.synapses[k].w) < 1e-5);
      moved = std::max(moved, std::fabs(oracle.synapses[k].w - edges[k].weight));
    }
    CHECK((moved > 1e-3) == plastic);
  }
}
