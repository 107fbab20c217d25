#include "proxon/learning/weight_update.hpp"

#include <algorithm>
#include <cmath>

#include "proxon/base/sums.hpp"
#include "proxon/base/threads.hpp"

namespace proxon {
namespace {

/// Weights of theta that a pass over it handles at a time: gradient, weights and state stay in the cache from one thing to the next.
constexpr int64_t chunk_size = 8192;

/// Of x[0], x[stride], ..., n numbers; their order is the same for every stride.
[[gnu::always_inline]] inline double sum_of_squares(const float* x, int64_t n, int64_t stride) {
  return sum_in_parts<double>(n, [&](int64_t i) { return static_cast<double>(x[i * stride]) * static_cast<double>(x[i * stride]); });
}

/// Adds the slopes of L1 |w| + L2 w^2 + structural (w - w_phi)^2 for n weights. Weight i is theta[i * stride], its w_phi phi[i]; no phi, no pull.
[[gnu::always_inline]] inline void add_slopes(const TrainingOptions& options, const float* theta, float* gradient, const float* phi, int64_t n,
                                              int64_t stride) {
  const float l1 = static_cast<float>(options.L1), l2 = static_cast<float>(2 * options.L2), pull = static_cast<float>(2 * options.structural);
  for (int64_t i = 0; i < n; ++i) {
    const float w = theta[i * stride], sign = w > 0 ? 1.f : w < 0 ? -1.f : 0.f;
    gradient[i * stride] += l1 * sign + l2 * w;
  }
  if (phi)
    for (int64_t i = 0; i < n; ++i) gradient[i * stride] += pull * (theta[i * stride] - phi[i]);
}

/// What a gradient with this sum of squares is to be multiplied by.
float shortened(const TrainingOptions& options, double squares) {
  const double norm = std::sqrt(squares);
  return options.gradient_clip > 0 && norm > options.gradient_clip ? static_cast<float>(options.gradient_clip / norm) : 1.f;
}

/// The layer that the structural term holds on.
int32_t structural_layer(const Model& model, const TrainingOptions& options, const BiologicalWeights& biology) {
  const auto fits = [&](const LayerInfo& layer) { return layer.is_matrix() && layer.inputs == biology.inputs && layer.outputs == biology.outputs; };
  if (biology.matrix.empty()) fail("structural = {:g} needs the weights of a projection to hold on to, and there are none", options.structural);
  PROXON_CHECK(static_cast<int64_t>(biology.matrix.size()) == biology.inputs * biology.outputs);
  std::vector<std::string> shapes;
  for (size_t i = 0; i < model.layers().size(); ++i) {
    const LayerInfo& layer = model.layers()[i];
    const bool named = options.structural_layer.empty() || options.structural_layer == layer.name.c_str();
    if (named && fits(layer)) return static_cast<int32_t>(i);
    shapes.push_back(fmt::format("{} {} x {}", layer.name.c_str(), layer.inputs, layer.outputs));
  }
  if (!options.structural_layer.empty()) model.find_layer(options.structural_layer);
  fail("the structural term compares a layer with W_phi ({} x {}), and no such layer {}has that shape (layers: {}): set hidden so that one has, "
       "or structural = 0",
       biology.inputs, biology.outputs, options.structural_layer.empty() ? "" : fmt::format("'{}' ", options.structural_layer),
       fmt::join(shapes, ", "));
}

double learning_rate_of(const PluginValue& optimizer) {
  const FieldInfo* field = optimizer.values.find("learning_rate");
  if (!field) return 1;
  const char* at = static_cast<const char*>(optimizer.values.data()) + field->offset;
  if (field->type == FieldType::real) return *reinterpret_cast<const double*>(at);
  if (field->type == FieldType::real32) return static_cast<double>(*reinterpret_cast<const float*>(at));
  fail("optimizer '{}': its parameter learning_rate must be a real number", optimizer.name);
}

}  // namespace

/// body(number, begin, end) for the chunks.
template <class Body>
void WeightUpdate::each_chunk(Body&& body) const {
  const auto run = [&](int64_t first, int64_t last) {
    for (int64_t k = first; k < last; ++k) body(static_cast<size_t>(k), chunks_[static_cast<size_t>(k)].begin, chunks_[static_cast<size_t>(k)].end);
  };
  const auto n = static_cast<int64_t>(chunks_.size());
  if (n <= 1) return run(0, n);
  parallel_for(n, 1, run);
}

WeightUpdate::WeightUpdate(const Model& model, const TrainingOptions& options, const BiologicalWeights& biology)
    : options_(options),
      optimizer_(*options.optimizer.value, OptimizerSetup{static_cast<int64_t>(model.theta().size())}),
      rate_(learning_rate_of(*options.optimizer.value)) {
  const size_t n = model.theta().size();
  gradient_.resize(n);
  for (const FieldInfo& field : optimizer_.table().state->list()) {
    if (field.type != FieldType::real32) fail("optimizer '{}': its state {} must be a float", optimizer_.name(), field.name);
    state_.emplace_back(n, 0.f);
  }
  for (Column<float>& column : state_) state_pointers_.push_back(column.data());
  for (const LayerInfo& layer : model.layers()) {
    // Numbers a unit have no weight to be drawn to 0: an empty range.
    const int64_t weights = layer.is_matrix() ? layer.inputs * layer.outputs : 0;
    ranges_.push_back({layer.weight_offset, layer.weight_offset + weights, nullptr});
  }
  for (const LayerInfo& layer : model.layers())
    if (layer.role == LayerRole::average) averages_.push_back({layer.weight_offset, layer.weight_offset + layer.outputs, nullptr});
  std::sort(averages_.begin(), averages_.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
  int64_t at = 0;
  const auto take_until = [&](int64_t end) {
    for (; at < end; at = std::min(at + chunk_size, end)) chunks_.push_back({at, std::min(at + chunk_size, end), nullptr});
  };
  for (const Range& range : averages_) take_until(range.begin), at = range.end;
  take_until(static_cast<int64_t>(n));
  partial_.resize(chunks_.size());
  if (options.structural > 0) ranges_[static_cast<size_t>(structural_layer(model, options, biology))].phi = biology.matrix.data();
  regularised_ = options.L1 > 0 || options.L2 > 0 || options.structural > 0;
}

std::vector<KeptColumn> WeightUpdate::memory() {
  std::vector<KeptColumn> all;
  for (size_t i = 0; i < state_.size(); ++i) all.push_back({fmt::format("optimizer/{}", optimizer_.table().state->fields[i].name), state_[i]});
  return all;
}

void WeightUpdate::apply(float* theta, int64_t step, double factor) {
  // Regularisers and clipping need the whole gradient before the first weight moves.
  float shorten = 1;
  if (options_.gradient_clip > 0) {
    each_chunk([&](size_t chunk, int64_t begin, int64_t end) {
      regularise(theta, begin, end);
      partial_[chunk] = sum_of_squares(gradient_.data() + begin, end - begin, 1);
    });
    double squares = 0;
    for (const double partial : partial_) squares += partial;
    shorten = shortened(options_, squares);
  }

  // The weights, by the optimizer.
  const OptimizerStep at{step + 1, rate_ * factor};
  each_chunk([&](size_t, int64_t begin, int64_t end) {
    if (options_.gradient_clip == 0) regularise(theta, begin, end);
    if (shorten != 1)
      for (int64_t i = begin; i < end; ++i) gradient_[static_cast<size_t>(i)] *= shorten;
    optimizer_.table().update(optimizer_.object(), theta, gradient_.data(), state_pointers_.data(), begin, end, &at);
  });
  for (const Range& range : averages_)
    for (int64_t i = range.begin; i < range.end; ++i) theta[i] -= gradient_[static_cast<size_t>(i)];
}

/// The slopes of the weights in [begin, end).
void WeightUpdate::regularise(const float* theta, int64_t begin, int64_t end) {
  if (!regularised_) return;
  for (const Range& range : ranges_) {
    const int64_t first = std::max(begin, range.begin), last = std::min(end, range.end);
    const float* phi = range.phi ? range.phi + (first - range.begin) : nullptr;
    if (first < last) add_slopes(options_, theta + first, gradient_.data() + first, phi, last - first, 1);
  }
}

LanesUpdate::LanesUpdate(std::vector<WeightUpdate*> updates)
    : updates_(std::move(updates)), steps_(updates_.size()), lanes_(static_cast<int64_t>(updates_.size())), size_(static_cast<int64_t>(updates_[0]->gradient_.size())) {
  for (const WeightUpdate* update : updates_) {
    const TrainingOptions& options = update->options_;
    PROXON_CHECK(update->averages_.empty() && update->chunks_.size() <= 1 && update->gradient_.size() == updates_[0]->gradient_.size());
    PROXON_CHECK(&update->optimizer_.table() == &updates_[0]->optimizer_.table());
    objects_.push_back(update->optimizer_.object());
    regularised_ |= update->regularised_, clipped_ |= options.gradient_clip > 0;
  }
  for (size_t column = 0; column < updates_[0]->state_.size(); ++column) {
    Column<float>& state = state_.emplace_back();
    state.assign(static_cast<size_t>(size_ * lanes_), 0.f);
    state_pointers_.push_back(state.data());
  }
}

void LanesUpdate::apply(float* theta, float* gradient, int64_t step, std::span<const double> factors) {
  if (regularised_) regularise(theta, gradient);
  if (clipped_) clip(gradient);
  for (size_t l = 0; l < updates_.size(); ++l) steps_[l] = {step + 1, updates_[l]->rate_ * factors[l]};
  updates_[0]->optimizer_.table().update_lanes(objects_.data(), steps_.data(), lanes_, theta, gradient, state_pointers_.data(), size_);
}

void LanesUpdate::regularise(const float* theta, float* gradient) const {
  for (int64_t l = 0; l < lanes_; ++l) {
    const WeightUpdate& update = *updates_[static_cast<size_t>(l)];
    if (!update.regularised_) continue;
    for (const auto& [begin, end, phi] : update.ranges_)
      add_slopes(update.options_, theta + begin * lanes_ + l, gradient + begin * lanes_ + l, phi, end - begin, lanes_);
  }
}

void LanesUpdate::clip(float* gradient) const {
  for (int64_t l = 0; l < lanes_; ++l) {
    const TrainingOptions& options = updates_[static_cast<size_t>(l)]->options_;
    if (options.gradient_clip == 0) continue;
    const float shorten = shortened(options, sum_of_squares(gradient + l, size_, lanes_));
    if (shorten != 1)
      for (int64_t i = 0; i < size_; ++i) gradient[i * lanes_ + l] *= shorten;
  }
}

}  // namespace proxon
