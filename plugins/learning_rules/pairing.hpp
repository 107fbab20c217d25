// What the self-tests of the rules share: two neurons that fire when told to, with one plastic synapse between them, in a real Simulation;
// and a layer of rate synapses stepped by hand through the rule's table.
#pragma once
#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "../../tests/reference/small_network.hpp"
#include "proxon/base/threads.hpp"

namespace proxon::test {

using Times = std::vector<double>;

/// A neuron that rests, whatever plastic synapses do to it, and fires at exactly the times at which it is told to.
inline PluginValue obedient() {
  return plugin("neuron", "iaf_psc_delta", {{"tau_m", 0.5}, {"V_th", 1e6}, {"t_ref", 0.}});
}
inline Stimulus fire(const std::string& population, const Times& times) {
  return {.name = "fire " + population, .target = population, .weight = 1e8, .generator = plugin("stimulus", "spike_generator", {{"spike_times", times}})};
}
inline Projection& projection(SmallNetwork& network, const std::string& name) {
  auto& graph = network.blueprint.graph;
  for (auto [edge, end] = boost::edges(graph); edge != end; ++edge)
    if (graph[*edge].name == name) return graph[*edge];
  fail("no projection {}", name);
}

struct Trains {
  Times pre, post, dopamine = {};  ///< ms; those of pre and dopamine are the times at which they arrive at the synapse
};

struct PairingSetup {
  double w = 0, dt = 0.1, learning_interval = 0, tail = 1;
  PluginValue target = obedient();
};

/// The weight `tail` ms after the last spike.
inline double weight_after(const PluginValue& rule, const Trains& trains, PairingSetup setup = {}) {
  SmallNetwork network;
  network.population("pre", 1, obedient()).population("post", 1, setup.target).population("dopamine", 1, obedient());
  const double delay = setup.dt;
  network.projection("W", "pre", "post", {{0, 0, setup.w, delay}}, rule);
  if (!trains.dopamine.empty()) projection(network, "W").modulator = "dopamine";
  double end = 0;
  std::vector<Stimulus> stimuli;
  auto add = [&](const char* population, Times times, double earlier) {
    for (double& t : times) end = std::max(end, t), t -= earlier;
    if (!times.empty()) stimuli.push_back(fire(population, times));
  };
  add("pre", trains.pre, delay), add("post", trains.post, 0), add("dopamine", trains.dopamine, delay);
  Connectome connectome = network.connectome();
  const auto got = run(network.blueprint, connectome, stimuli,
                       {.dt = setup.dt, .duration = setup.dt * std::ceil((end + setup.tail) / setup.dt), .record_spikes = {"pre", "post"},
                        .learning_interval = setup.learning_interval});
  REQUIRE(got.spike[0].time.size() == trains.pre.size());
  REQUIRE(got.spike[1].time.size() == trains.post.size());
  return connectome.projections()[0].weight[0];
}

/// Spikes in some of the steps of 0.1 ms, ascending.
inline Times random_train(uint64_t seed, double rate, double duration) {
  Stream random(Key{seed, purpose("train")}, 0);
  Times times;
  for (int k = 2; k * 0.1 < duration; ++k)
    if (random.uniform() < rate * 1e-4) times.push_back(k * 0.1);
  return times;
}

/// sum exp(-(t - s) / tau) over the spikes s before t, summed anew each time: an oracle that keeps no trace.
inline double trace(const Times& spikes, double t, double tau) {
  double sum = 0;
  for (double s : spikes)
    if (s < t - 1e-6) sum += std::exp(-(t - s) / tau);
  return sum;
}
/// The last spike before t; -infinity when there is none.
inline double last_before(const Times& spikes, double t) {
  double last = -INFINITY;
  for (double s : spikes)
    if (s < t - 1e-6) last = s;
  return last;
}
/// Walks through two trains in the order of time; of spikes that coincide the pre spike comes first.
inline void walk(const Trains& trains, const std::function<void(double)>& pre, const std::function<void(double)>& post) {
  for (size_t i = 0, j = 0; i < trains.pre.size() || j < trains.post.size();) {
    if (j == trains.post.size() || (i < trains.pre.size() && trains.pre[i] <= trains.post[j] + 1e-6))
      pre(trains.pre[i++]);
    else
      post(trains.post[j++]);
  }
}

/// All-to-all synapses between rate neurons; a step calls the rule as the engine does.
class Layer {
 public:
  std::vector<float> weight;  ///< [source][target]

  Layer(const PluginValue& rule, int32_t sources, int32_t targets, float w)
      : weight(static_cast<size_t>(sources * targets), w), rule_(rule, Step{1}), sources_(sources), targets_(targets) {
    REQUIRE(rule_.table().synapse->count == 1);
    pre_.assign(rule_.table().pre->count + 1, std::vector<float>(static_cast<size_t>(sources), 0.f));
    post_.assign(rule_.table().post->count + 1, std::vector<float>(static_cast<size_t>(targets), 0.f));
    for (auto& column : pre_) pre_columns_.push_back(column.data());
    for (auto& column : post_) post_columns_.push_back(column.data());
  }
  float& w(int32_t i, int32_t j) { return weight[static_cast<size_t>(i * targets_ + j)]; }
  double memory(size_t member, int32_t target) const { return post_[member][static_cast<size_t>(target)]; }
  /// Activity of linear targets.
  std::vector<float> linear(const std::vector<float>& x) {
    std::vector<float> y(static_cast<size_t>(targets_), 0.f);
    for (int32_t i = 0; i < sources_; ++i)
      for (int32_t j = 0; j < targets_; ++j) y[static_cast<size_t>(j)] += w(i, j) * x[static_cast<size_t>(i)];
    return y;
  }
  void step(const std::vector<float>& x, const std::vector<float>& y, float dt = 1) {
    const Moment moment{dt, 0};
    for (int32_t i = 0; i < sources_; ++i) {
      float* row[] = {weight.data() + i * targets_};
      rule_.table().update(rule_.object(), row, nullptr, targets_, x[static_cast<size_t>(i)], y.data(), pre_columns_.data(), i, post_columns_.data(), &moment);
    }
    rule_.table().pre_active(rule_.object(), pre_columns_.data(), x.data(), 0, sources_, &moment);
    rule_.table().post_active(rule_.object(), post_columns_.data(), y.data(), 0, targets_, &moment);
  }

 private:
  Instance<LearningRuleTable, Step> rule_;
  int32_t sources_, targets_;
  std::vector<std::vector<float>> pre_, post_;
  std::vector<float*> pre_columns_, post_columns_;
};

/// Gaussian input of known principal components: a rotation of independent coordinates.
class Principal {
 public:
  static constexpr int32_t n = 5;
  static constexpr double variance[n] = {4, 2, 1, 0.3, 0.1};
  double axis[n][n];  ///< [component][coordinate]

  Principal() {
    Stream random(Key{3, purpose("axes")}, 0);
    for (int c = 0; c < n; ++c) {
      for (int i = 0; i < n; ++i) axis[c][i] = random.normal();
      for (int b = 0; b < c; ++b) {
        const double overlap = dot(axis[b], axis[c]);
        for (int i = 0; i < n; ++i) axis[c][i] -= overlap * axis[b][i];
      }
      const double norm = std::sqrt(dot(axis[c], axis[c]));
      for (int i = 0; i < n; ++i) axis[c][i] /= norm;
    }
  }
  std::vector<float> sample(uint64_t k) const {
    Stream random(Key{4, purpose("sample")}, 0, k);
    std::vector<float> x(n, 0.f);
    for (int c = 0; c < n; ++c) {
      const double a = std::sqrt(variance[c]) * random.normal();
      for (int i = 0; i < n; ++i) x[static_cast<size_t>(i)] += static_cast<float>(a * axis[c][i]);
    }
    return x;
  }
  /// Cosine of the angle between a target's weights and a component, without its sign; and the weights' norm.
  std::pair<double, double> compare(Layer& layer, int32_t target, int component) const {
    double along = 0, norm = 0;
    for (int i = 0; i < n; ++i) {
      const double w = layer.w(i, target);
      along += w * axis[component][i], norm += w * w;
    }
    return {std::fabs(along) / std::sqrt(norm), std::sqrt(norm)};
  }

 private:
  static double dot(const double* a, const double* b) {
    double sum = 0;
    for (int i = 0; i < n; ++i) sum += a[i] * b[i];
    return sum;
  }
};

}  // namespace proxon::test
