// bernoulli: mean and variance of what is transmitted, and synapses that draw by themselves.
#include "../learning_rules/pairing.hpp"

using namespace proxon;
using namespace proxon::test;

TEST_CASE("bernoulli: of many spikes a share p_transmit arrives, with binomial variance, each synapse by itself") {
  constexpr int32_t targets = 500;
  constexpr double w = 0.25, p = 0.3, dt = 1;
  Times times;
  for (int k = 1; k <= 400; ++k) times.push_back(k);
  SmallNetwork network;
  // With tau_m far below the step the potential shows what arrived in this step and nothing else.
  network.population("S", 2, obedient()).population("T", targets, plugin("neuron", "iaf_psc_delta", {{"tau_m", 0.01}, {"E_L", 0.}, {"V_reset", -1.}, {"V_th", 1e6}}));
  std::vector<Edge> edges;
  for (int32_t i = 0; i < 2; ++i)
    for (int32_t j = 0; j < targets; ++j) edges.push_back({i, j, w, 1});
  network.projection("W", "S", "T", edges);
  projection(network, "W").synapse = plugin("synapse", "bernoulli", {{"p_transmit", p}});
  const auto got = run(network, {fire("S", times)}, {.dt = dt, .duration = 401, .traces = {{.population = "T", .variable = "V_m"}}});

  double sum = 0, squares = 0, neighbours = 0;
  int64_t n = 0;
  int histogram[3] = {};
  for (size_t row = 1; row <= 400; ++row)
    for (size_t j = 0; j < targets; ++j) {
      const double arrived = got.traces[0][row * targets + j] / w;
      REQUIRE(std::fabs(arrived - std::round(arrived)) < 1e-6);
      ++histogram[static_cast<int>(std::round(arrived))];
      sum += arrived, squares += (arrived - 2 * p) * (arrived - 2 * p), ++n;
      if (j > 0) neighbours += (arrived - 2 * p) * (got.traces[0][row * targets + j - 1] / w - 2 * p);
    }
  // Binomial with 2 draws: variance 2 p (1 - p); its own estimate has variance (mu4 - sigma^4) / n. 4 sigma each.
  const double variance = 2 * p * (1 - p), mu4 = variance * (1 + (3 * 2 - 6) * p * (1 - p));
  CHECK(std::fabs(sum / double(n) - 2 * p) < 4 * std::sqrt(variance / double(n)));
  CHECK(std::fabs(squares / double(n) - variance) < 4 * std::sqrt((mu4 - variance * variance) / double(n)));
  CHECK(std::fabs(neighbours / double(n)) < 4 * variance / std::sqrt(double(n)));
  CHECK(std::fabs(histogram[2] / double(n) - p * p) < 4 * std::sqrt(p * p * (1 - p * p) / double(n)));
}

TEST_CASE("bernoulli: p_transmit 0 lets nothing through, 1 everything") {
  for (double p : {0.0, 1.0}) {
    SmallNetwork network;
    network.population("S", 1, obedient()).population("T", 1, plugin("neuron", "parrot_neuron"));
    network.projection("W", "S", "T", {{0, 0, 1, 1}});
    projection(network, "W").synapse = plugin("synapse", "bernoulli", {{"p_transmit", p}});
    const auto got = run(network, {fire("S", {1, 2, 3, 4, 5, 6, 7, 8, 9})}, {.dt = 1, .duration = 20, .record_spikes = {"T"}});
    CHECK(got.spike[1].time.size() == (p == 0 ? 0 : 9));
  }
}
