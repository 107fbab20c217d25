#include <algorithm>
#include <cmath>

#include "proxon/base/progress.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/learning/trainer.hpp"

namespace proxon {
namespace {

struct Moments {
  double mean = 0, std = 0;
  bool negative = false, positive = false;
};

Moments moments(std::span<const float> weights) {
  Moments result;
  const double n = static_cast<double>(weights.size());
  for (const float w : weights) {
    if (!std::isfinite(w)) fail("init 'connectome': the biological weights contain {}; every synapse needs a finite weight", w);
    result.mean += static_cast<double>(w) / n;
    result.negative |= w < 0;
    result.positive |= w > 0;
  }
  for (const float w : weights) result.std += (w - result.mean) * (w - result.mean) / n;
  result.std = std::sqrt(result.std);
  return result;
}

/// The normal distribution fitted to W_phi, as a layer with that many inputs draws from it.
Distribution connectome_distribution(const TrainingOptions& options, const Moments& phi, int64_t inputs) {
  Distribution d{.kind = DistributionKind::normal, .mean = phi.mean, .std = phi.std};
  if (options.init_scaling == "fan_in") {
    const double scale = 1 / std::sqrt(static_cast<double>(inputs) * (phi.mean * phi.mean + phi.std * phi.std));
    d.mean *= scale;
    d.std *= scale;
  }
  if (!phi.negative) d.low = 0;
  if (!phi.positive) d.high = 0;
  return d;
}

Distribution distribution(const TrainingOptions& options, const Moments& phi, const LayerInfo& layer) {
  const double in = static_cast<double>(layer.inputs), out = static_cast<double>(layer.outputs);
  const auto normal = [](double variance) { return Distribution{.kind = DistributionKind::normal, .std = std::sqrt(variance)}; };
  if (options.init == "connectome") return connectome_distribution(options, phi, layer.inputs);
  if (options.init == "constant") return Distribution::constant(options.init_constant);
  if (options.init == "glorot_normal") return normal(2 / (in + out));
  if (options.init == "he_normal") return normal(2 / in);
  if (options.init == "lecun_normal") return normal(1 / in);
  if (options.init != "glorot_uniform") fail("init '{}' is unknown", options.init);
  const double limit = std::sqrt(6 / (in + out));
  return {.kind = DistributionKind::uniform, .low = -limit, .high = limit};
}

}  // namespace

void initialise(Model& model, const TrainingOptions& options, const BiologicalWeights& biology, uint64_t seed) {
  Moments phi;
  if (options.init == "connectome") {
    if (biology.synapses.empty()) fail("init 'connectome' takes the weights of the biological network, and it has no synapses: choose another init");
    phi = moments(biology.synapses);
    if (phi.mean == 0 && phi.std == 0) fail("init 'connectome': all biological weights are 0: choose another init");
    if (phi.std == 0)
      note("init 'connectome': all biological weights are equal, so that the units of a layer begin equal and stay so; choose another init, "
           "or weights with a distribution");
  }
  std::fill(model.theta().begin(), model.theta().end(), 0.f);
  for (size_t i = 0; i < model.layers().size(); ++i) {
    const Distribution d = distribution(options, phi, model.layers()[i]);
    const Key key = Key{seed, purpose("learning/initialise")}.with(static_cast<uint32_t>(i));
    const std::span<float> weights = model.weights(static_cast<int32_t>(i));
    parallel_for(static_cast<int64_t>(weights.size()), 4096, [&](int64_t begin, int64_t end) {
      for (int64_t k = begin; k < end; ++k) {
        Stream stream(key, static_cast<uint64_t>(k));
        weights[static_cast<size_t>(k)] = static_cast<float>(sample(d, stream));
      }
    });
  }
}

}  // namespace proxon
