// Numbers are names: a network whose neurons are numbered otherwise does the same. Weights and currents are multiples of 1/64, so that sums of
// floats are exact in any order and every difference would be a fault.
#include <doctest/doctest.h>

#include <numeric>

#include "../../reference/small_network.hpp"
#include "proxon/base/threads.hpp"

using namespace proxon;
using namespace proxon::test;

namespace {

struct Recorded {
  std::vector<std::vector<std::pair<double, int32_t>>> spikes;  ///< [population], in the numbers of the plain network, sorted
  std::vector<std::vector<float>> last_row;                     ///< [population][neuron]
};

/// The network with neuron i of population p under the number order[p][i].
Recorded run_numbered(uint64_t seed, const std::vector<std::vector<int32_t>>& order, int threads) {
  const std::vector<const char*> names{"D", "X", "C"};
  SmallNetwork network;
  network.population("D", int32_t(order[0].size()), plugin("neuron", "iaf_psc_delta", {{"I_e", 300.}, {"tau_m", 15.}}));
  network.population("X", int32_t(order[1].size()), plugin("neuron", "iaf_psc_exp", {{"I_e", 380.}, {"tau_syn_ex", 1.5}, {"t_ref", 1.}}));
  network.population("C", int32_t(order[2].size()), plugin("neuron", "iaf_cond_exp", {{"I_e", 260.}}));
  Stream random(Key{seed, purpose("renumbering test")}, 0);
  for (size_t from = 0; from < names.size(); ++from)
    for (size_t to = 0; to < names.size(); ++to) {
      std::vector<Edge> edges;
      const double scale = to == 0 ? 0.7 : to == 1 ? 60 : 2;
      for (size_t i = 0; i < order[from].size(); ++i)
        for (size_t j = 0; j < order[to].size(); ++j)
          if (random.uniform() < 0.15)
            edges.push_back({order[from][i], order[to][j], std::round(scale * random.normal() * 64) / 64, 0.1 * (1 + random.below(15))});
      network.projection(std::string(names[from]) + names[to], names[from], names[to], edges);
    }

  // Every third neuron gets a current step, every fourth a train of spikes.
  std::vector<Stimulus> stimuli;
  for (size_t p = 0; p < names.size(); ++p) {
    std::vector<int32_t> third, fourth;
    for (size_t i = 0; i < order[p].size(); i += 3) third.push_back(order[p][i]);
    for (size_t i = 1; i < order[p].size(); i += 4) fourth.push_back(order[p][i]);
    stimuli.push_back({.name = fmt::format("i{}", p), .target = names[p], .neurons = third,
                       .generator = plugin("stimulus", "step_current_generator", {{"amplitude_times", std::vector<double>{10}}, {"amplitude_values", std::vector<double>{100}}})});
    stimuli.push_back({.name = fmt::format("s{}", p), .target = names[p], .neurons = fourth, .weight = p == 0 ? 2. : p == 1 ? 100. : 3.,
                       .generator = plugin("stimulus", "spike_generator", {{"spike_times", std::vector<double>{5, 20, 21.5, 60}}})});
  }

  set_threads(threads);
  const MemoryRecording got = run(network, stimuli,
                                  {.duration = 150, .seed = seed, .record_spikes = {"D", "X", "C"},
                                   .traces = {{.population = "D", .variable = "V_m"}, {.population = "X", .variable = "V_m"}, {.population = "C", .variable = "V_m"}}});
  set_threads(2);

  Recorded recorded;
  for (size_t p = 0; p < names.size(); ++p) {
    std::vector<int32_t> plain(order[p].size());
    for (size_t i = 0; i < plain.size(); ++i) plain[size_t(order[p][i])] = int32_t(i);
    auto& spikes = recorded.spikes.emplace_back();
    for (size_t k = 0; k < got.spike[p].time.size(); ++k) spikes.emplace_back(got.spike[p].time[k], plain[size_t(got.spike[p].neuron[k])]);
    std::sort(spikes.begin(), spikes.end());
    auto& row = recorded.last_row.emplace_back(plain.size());
    const size_t first = got.traces[p].size() - plain.size();
    for (size_t i = 0; i < plain.size(); ++i) row[i] = got.traces[p][first + size_t(order[p][i])];
  }
  return recorded;
}

}  // namespace

TEST_CASE("renumbering the neurons permutes spikes and potentials, to the bit") {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    std::vector<std::vector<int32_t>> plain{std::vector<int32_t>(150), std::vector<int32_t>(70), std::vector<int32_t>(40)};
    for (auto& order : plain) std::iota(order.begin(), order.end(), 0);
    auto shuffled = plain;
    Stream random(Key{seed, purpose("renumbering test, order")}, 0);
    for (auto& order : shuffled)
      for (size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random.below(uint32_t(i) + 1)]);
    const Recorded a = run_numbered(seed, plain, 1), b = run_numbered(seed, shuffled, 3);
    size_t spikes = 0;
    for (size_t p = 0; p < plain.size(); ++p) {
      CHECK(a.spikes[p] == b.spikes[p]);
      CHECK(a.last_row[p] == b.last_row[p]);
      spikes += a.spikes[p].size();
    }
    CHECK(spikes > 300);
  }
}
