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
  const double in = static_cast<double>(layer.inputs), out = static_cast<double>(layer.taps * (layer.outputs / layer.gates));
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

/// Fills an [inputs x outputs] matrix with rows or columns (whichever are fewer) that are orthogonal and of length 1: normal numbers, made
/// orthogonal one after the other (Gram & Schmidt), twice, since once loses digits.
void draw_orthogonal(float* weights, int64_t inputs, int64_t outputs, int64_t stride, const Key& key) {
  const int64_t length = std::max(inputs, outputs), count = std::min(inputs, outputs);
  std::vector<double> vectors(static_cast<size_t>(length * count));
  for (int64_t v = 0; v < count; ++v) {
    double* own = vectors.data() + v * length;
    for (int64_t k = 0; k < length; ++k) own[k] = normal(key, static_cast<uint64_t>(v), static_cast<uint64_t>(k));
    for (int round = 0; round < 2; ++round)
      for (int64_t u = 0; u < v; ++u) {
        const double* other = vectors.data() + u * length;
        double along = 0;
        for (int64_t k = 0; k < length; ++k) along += own[k] * other[k];
        for (int64_t k = 0; k < length; ++k) own[k] -= along * other[k];
      }
    double squares = 0;
    for (int64_t k = 0; k < length; ++k) squares += own[k] * own[k];
    for (int64_t k = 0; k < length; ++k) own[k] /= std::sqrt(squares);
  }
  for (int64_t i = 0; i < inputs; ++i)
    for (int64_t j = 0; j < outputs; ++j)
      weights[i * stride + j] = static_cast<float>(vectors[static_cast<size_t>(inputs <= outputs ? i * length + j : j * length + i)]);
}

}  // namespace

void initialise(Model& model, const TrainingOptions& options, const BiologicalWeights& biology, uint64_t seed,
                std::span<const float> mean_targets) {
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
    const LayerInfo& layer = model.layers()[i];
    if (!layer.is_matrix()) continue;
    const Distribution d = distribution(options, phi, layer);
    const Key key = Key{seed, purpose("learning/initialise")}.with(static_cast<uint32_t>(i));
    const std::span<float> weights = model.weights(static_cast<int32_t>(i));
    if (layer.role == LayerRole::recurrent && options.init_recurrent == "orthogonal") {
      const int64_t columns = layer.outputs / layer.gates;
      for (int64_t g = 0; g < layer.gates; ++g)
        draw_orthogonal(weights.data() + g * columns, layer.inputs, columns, layer.outputs, key.with(static_cast<uint32_t>(g)));
      continue;
    }
    parallel_for(static_cast<int64_t>(weights.size()), 4096, [&](int64_t begin, int64_t end) {
      for (int64_t k = begin; k < end; ++k) {
        Stream stream(key, static_cast<uint64_t>(k));
        weights[static_cast<size_t>(k)] = static_cast<float>(sample(d, stream));
      }
    });
  }

  // What the approximator sets itself, and what the output begins with.
  Status status;
  const Key key{seed, purpose("learning/begin")};
  model.approximator().table().begin(model.approximator().object(), model.theta().data(), &key, &status);
  check(status, "approximator", model.approximator().name());
  const LayerInfo& output = model.output_layer();
  if (options.output_bias != "mean" || mean_targets.empty() || output.bias_offset < 0) return;
  PROXON_CHECK(static_cast<int64_t>(mean_targets.size()) == model.outputs());
  for (int64_t j = 0; j < model.outputs(); ++j)
    model.theta()[static_cast<size_t>(output.bias_offset + j)] = model.loss().inverse(j, mean_targets[static_cast<size_t>(j)]);
}

}  // namespace proxon
