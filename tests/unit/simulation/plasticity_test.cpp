// What a projection says about its learning whatever the rule: the sum that weights keep, and when learning ends.
#include <doctest/doctest.h>

#include <numeric>

#include "../../reference/small_network.hpp"
#include "proxon/base/threads.hpp"

using namespace proxon;
using namespace proxon::test;

namespace {

/// Forty sources onto thirty targets through a rule, some with delays of their own, so that one projection is several bundles.
SmallNetwork network(double weight_sum, double learning_stop, bool own_delays = true) {
  SmallNetwork net;
  net.population("S", 40, plugin("neuron", "poisson_neuron", {{"rate", 40.}})).population("T", 30, plugin("neuron", "iaf_psc_delta", {{"I_e", 400.}}), {{"V_m", {.kind = DistributionKind::uniform, .low = -70, .high = -55}}});
  Stream random(Key{3, purpose("plasticity test")}, 0);
  std::vector<Edge> edges;
  for (int32_t i = 0; i < 40; ++i)
    for (int32_t j = 0; j < 30; ++j)
      if (random.uniform() < 0.7) edges.push_back({i, j, random.uniform(), own_delays ? static_cast<double>(1 + random.below(3)) : 1.0});
  net.projection("W", "S", "T", edges, plugin("learning_rule", "stdp_pair", {{"A_plus", 0.02}, {"A_minus", 0.02}, {"w_max", 5.}}));
  auto& projection = net.blueprint.graph[*boost::edges(net.blueprint.graph).first];
  projection.weight_sum = weight_sum, projection.learning_stop = learning_stop;
  return net;
}

SimulationOptions options(double duration, double interval) { return {.dt = 1, .duration = duration, .learning_interval = interval}; }

std::vector<double> sums(const Connectome& connectome) {
  const SynapseRows& rows = connectome.projections()[0];
  std::vector<double> sum(30, 0);
  for (size_t k = 0; k < rows.target.size(); ++k) sum[static_cast<size_t>(rows.target[k])] += static_cast<double>(rows.weight[k]);
  return sum;
}

Column<float> weights_after(const SmallNetwork& net, double duration, double interval) {
  Connectome connectome = net.connectome();
  run(net.blueprint, connectome, {}, options(duration, interval));
  return connectome.projections()[0].weight;
}

}  // namespace

TEST_CASE("weight_sum: one factor a neuron gives its weights their sum at every learning_interval; between two the rule changes it") {
  for (const bool own_delays : {false, true}) {
    // Learning ends with an interval, so that the last thing that happens is the factor.
    SmallNetwork net = network(8, 500, own_delays);
    Connectome connectome = net.connectome();
    run(net.blueprint, connectome, {}, options(505, 100));
    for (const double sum : sums(connectome)) CHECK(sum == doctest::Approx(8).epsilon(1e-6));
    connectome = net.connectome();
    run(net.blueprint, connectome, {}, options(490, 100));
    for (const double sum : sums(connectome)) CHECK(std::fabs(sum - 8) > 1e-3);
  }
  // At the begin: ratios of weights stay.
  SmallNetwork net = network(8, 1);
  const Connectome before = net.connectome();
  Connectome after = net.connectome();
  run(net.blueprint, after, {}, options(1, 100));
  const std::vector<double> was = sums(before);
  const SynapseRows &a = before.projections()[0], &b = after.projections()[0];
  for (size_t k = 0; k < a.target.size(); ++k)
    CHECK(static_cast<double>(b.weight[k]) == doctest::Approx(static_cast<double>(a.weight[k]) * 8 / was[static_cast<size_t>(a.target[k])]).epsilon(0.05));
}

TEST_CASE("learning_stop: until then everything is as without it, from then on the weights stay") {
  for (const bool own_delays : {false, true}) {
    const Column<float> at_300 = weights_after(network(0, 0, own_delays), 300, 0), at_600 = weights_after(network(0, 0, own_delays), 600, 0);
    CHECK(at_300 != at_600);
    CHECK(weights_after(network(0, 300, own_delays), 600, 0) == at_300);
    CHECK(weights_after(network(0, 600, own_delays), 600, 0) == at_600);
  }
}

TEST_CASE("weight_sum is equal to the bit for any number of threads") {
  std::vector<Column<float>> all;
  for (const int n : {1, 2, 3}) {
    set_threads(n);
    all.push_back(weights_after(network(8, 0), 730, 50));
  }
  set_threads(0);
  CHECK(all[0] == all[1]);
  CHECK(all[0] == all[2]);
}
