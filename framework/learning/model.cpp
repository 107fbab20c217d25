#include "proxon/learning/model.hpp"

#include <algorithm>

#include "proxon/base/threads.hpp"
#include "proxon/learning/activations.hpp"
#include "proxon/learning/products.hpp"

namespace proxon {
namespace {

/// Rows (steps of samples) that go through the model at a time when nothing trains.
constexpr int64_t predict_rows = 256;

std::string shape_text(int64_t rows, int64_t columns) { return fmt::format("{} x {}", rows, columns); }

}  // namespace

const Services& learning_services() {
  static const Services services{
      .host = nullptr,
      .product = [](void*, int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b,
                    int64_t ldb, float* c, int64_t ldc, int add) noexcept {
        product(m, n, k, {a, lda, transpose_a != 0}, {b, ldb, transpose_b != 0}, c, ldc, add != 0);
      },
      .packed_size = [](void*, int64_t k, int64_t n) noexcept { return packed_size(k, n); },
      .pack = [](void*, int transpose, int64_t k, int64_t n, const float* b, int64_t ldb, float* packed) noexcept {
        pack_matrix(k, n, {b, ldb, transpose != 0}, packed);
      },
      .product_packed = [](void*, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* packed, float* c, int64_t ldc,
                           int add) noexcept { product_packed(m, n, k, a, lda, packed, c, ldc, add != 0); },
      .parallel = [](void*, int64_t n, int64_t grain, void (*body)(void*, int64_t, int64_t), void* context) noexcept {
        if (n <= grain) return n > 0 ? body(context, 0, n) : void();
        parallel_for(n, grain, [&](int64_t begin, int64_t end) { body(context, begin, end); });
      },
      .activate = [](void*, Activation f, const float* x, float* y, int64_t n) noexcept { activate(f, x, y, n); },
      .activate_back = [](void*, Activation f, const float* y, float* dy, int64_t n) noexcept { activate_back(f, y, dy, n); },
  };
  return services;
}

Model::Model(const PluginValue& approximator, const ApproximatorSetup& setup, std::shared_ptr<const void> kept)
    : kept_(std::move(kept)), approximator_(approximator, setup), inputs_(setup.inputs), outputs_(setup.outputs) {
  const ApproximatorTable& table = approximator_.table();
  int64_t size = 0;
  for (int32_t i = 0; i < table.layers(approximator_.object()); ++i) {
    LayerInfo& layer = layers_.emplace_back();
    table.layer(approximator_.object(), i, &layer);
    if (layer.inputs < 1 || layer.outputs < 1 || layer.weight_offset < 0 || layer.taps < 1 || layer.gates < 1 || layer.outputs % layer.gates != 0)
      fail("approximator '{}': layer '{}' has no sensible shape ({}, at {})", approximator_.name(), layer.name.c_str(),
           shape_text(layer.inputs, layer.outputs), layer.weight_offset);
    size = std::max(size, layer.weight_offset + layer.inputs * layer.outputs);
    if (layer.bias_offset >= 0) size = std::max(size, layer.bias_offset + layer.outputs);
  }
  if (layers_.empty() || output_layer().outputs != outputs_)
    fail("approximator '{}': its last layer must have the {} outputs of the data", approximator_.name(), outputs_);
  theta_.assign(static_cast<size_t>(size), 0.f);
  loss_ = Loss({Head{.name = "", .columns = outputs_}}, output_layer().activation, outputs_);
}

const LayerInfo& Model::output_layer() const {
  for (size_t i = layers_.size(); i-- > 0;)
    if (layers_[i].role == LayerRole::weights) return layers_[i];
  return layers_.back();
}

std::vector<const LayerInfo*> Model::hidden_layers() const {
  std::vector<const LayerInfo*> hidden;
  for (const LayerInfo& layer : layers_)
    if (layer.role == LayerRole::weights && &layer != &output_layer()) hidden.push_back(&layer);
  return hidden;
}

int64_t Model::hidden_units() const {
  int64_t units = 0;
  for (const LayerInfo* layer : hidden_layers()) units += layer->outputs / layer->gates;
  return units;
}

void Model::set_heads(std::vector<Head> heads) {
  loss_ = Loss(std::move(heads), output_layer().activation, outputs_);
  has_heads_ = true;
}

void Model::set_common_loss(std::string_view loss) {
  if (!has_heads_) loss_ = Loss({{"", 0, outputs_, std::string(loss), 1}}, output_layer().activation, outputs_);
}

int32_t Model::find_layer(std::string_view name) const {
  std::vector<std::string> names;
  for (const LayerInfo& layer : layers_) {
    if (layer.name.c_str() == name) return static_cast<int32_t>(names.size());
    names.emplace_back(layer.name.c_str());
  }
  fail("the model has no layer '{}'; it has {}.{}", name, fmt::join(names, ", "), did_you_mean(name, names));
}

std::span<const float> Model::weights(int32_t layer) const {
  const LayerInfo& info = layers_.at(static_cast<size_t>(layer));
  return theta().subspan(static_cast<size_t>(info.weight_offset), static_cast<size_t>(info.inputs * info.outputs));
}

std::span<const float> Model::biases(int32_t layer) const {
  const LayerInfo& info = layers_.at(static_cast<size_t>(layer));
  if (info.bias_offset < 0) return {};
  return theta().subspan(static_cast<size_t>(info.bias_offset), static_cast<size_t>(info.outputs));
}

std::span<float> Model::weights(int32_t layer) {
  const auto view = std::as_const(*this).weights(layer);
  return {theta_.data() + (view.data() - theta_.data()), view.size()};
}

std::span<float> Model::biases(int32_t layer) {
  const auto view = std::as_const(*this).biases(layer);
  if (view.empty()) return {};
  return {theta_.data() + (view.data() - theta_.data()), view.size()};
}

void Model::predict(std::span<const float> X, std::span<float> Y, int64_t steps) const {
  const int64_t samples = static_cast<int64_t>(X.size()) / (inputs_ * steps), at_once = std::max<int64_t>(1, predict_rows / steps);
  PROXON_CHECK(static_cast<int64_t>(X.size()) == samples * steps * inputs_ && static_cast<int64_t>(Y.size()) == samples * steps * outputs_,
               "{} values of X, {} of Y", X.size(), Y.size());
  const ApproximatorTable& table = approximator_.table();
  Column<float> tape(static_cast<size_t>(table.tape(approximator_.object(), std::min(samples, at_once), steps)));
  const std::vector<float> nothing(static_cast<size_t>(loss_.most_rows() * outputs_), 0.f);
  Status status;
  for (int64_t first = 0; first < samples; first += at_once) {
    ForwardPass pass{};
    pass.theta = theta_.data();
    pass.input = X.data() + first * steps * inputs_;
    pass.output = Y.data() + first * steps * outputs_;
    pass.tape = tape.data();
    pass.batch = std::min(at_once, samples - first);
    pass.steps = steps;
    table.forward(approximator_.object(), &learning_services(), &pass, &status);
    check(status, "approximator", approximator_.name());
    for (int64_t row = 0, n; row < pass.batch * steps; row += n) {
      n = std::min(loss_.most_rows(), pass.batch * steps - row);
      float* z = pass.output + row * outputs_;
      loss_.evaluate(z, nothing.data(), z, nullptr, n, 1);
    }
  }
}

std::vector<float> Model::predict(std::span<const float> X, int64_t steps) const {
  std::vector<float> Y(X.size() / static_cast<size_t>(inputs_) * static_cast<size_t>(outputs_));
  predict(X, Y, steps);
  return Y;
}

std::vector<float> Model::acting() const {
  std::vector<float> acting(theta_.begin(), theta_.end());
  Status status;
  approximator_.table().acting(approximator_.object(), theta_.data(), acting.data(), &status);
  check(status, "approximator", approximator_.name());
  return acting;
}

archive::ModelRecord Model::record() const {
  archive::ModelRecord record;
  for (const LayerInfo& layer : layers_)
    record.layers.push_back({layer.name.c_str(), layer.inputs, layer.outputs, layer.weight_offset, layer.bias_offset,
                             std::string(activation_names[static_cast<size_t>(layer.activation)])});
  record.theta.assign(theta_.begin(), theta_.end());
  return record;
}

void Model::restore(const archive::ModelRecord& record) {
  const archive::ModelRecord own = this->record();
  if (own.layers.size() != record.layers.size())
    fail("the archived model has {} layers, approximator '{}' as it is set up here has {}: give it the parameters it was fitted with",
         record.layers.size(), approximator_.name(), own.layers.size());
  for (size_t i = 0; i < own.layers.size(); ++i) {
    const archive::LayerRecord &here = own.layers[i], &there = record.layers[i];
    if (!(here == there))
      fail("layer {} of the archived model is '{}' ({}, {}), here it is '{}' ({}, {}): give approximator '{}' the parameters it was "
           "fitted with",
           i, there.name, shape_text(there.inputs, there.outputs), there.activation, here.name, shape_text(here.inputs, here.outputs),
           here.activation, approximator_.name());
  }
  if (record.theta.size() != theta_.size())
    fail("the archived model has {} parameters where its layers need {}: the archive is damaged", record.theta.size(), theta_.size());
  std::copy(record.theta.begin(), record.theta.end(), theta_.begin());
}

}  // namespace proxon
