#include "proxon/learning/train_together.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>
#include <optional>

#include "proxon/base/progress.hpp"
#include "proxon/learning/activations.hpp"
#include "proxon/learning/course.hpp"
#include "proxon/learning/products.hpp"
#include "proxon/learning/vectors.hpp"
#include "proxon/learning/weight_update.hpp"

namespace proxon {
namespace {

constexpr int64_t lanes = vector_width;
static_assert(lanes <= OptimizerTable::most_lanes);
constexpr int64_t most_weights = 4096;       // beyond, product() alone fills the vectors
constexpr int64_t most_values = 16'000'000;  // of the samples

/// A split's samples, row-major.
struct Samples {
  int64_t n = 0;
  std::vector<float> X, Y;
  Samples(SampleSource& source, Split split) : n(source.samples(split)) { std::tie(X, Y) = source.all(split); }
};

/// Up to `lanes` models of one optimizer on their way through the epochs. Columns hold [.. x lanes].
class Tile {
 public:
  Tile(std::span<Together* const> models, const Samples& training, const Samples& validation, const SampleSource& source, const BiologicalWeights& biology)
      : models_(models), training_(training), validation_(validation), layers_(models[0]->model->layers()), loss_(models[0]->model->loss()),
        inputs_(source.inputs()), outputs_(source.outputs()), batch_(std::min(models[0]->options->batch, training.n)),
        look_(std::max(batch_, looking_batch(source))) {
    const int64_t rows = validation.n > 0 ? look_ : batch_;
    int64_t widest = 0;
    for (const LayerInfo& layer : layers_) {
      activities_.emplace_back(static_cast<size_t>(rows * layer.outputs * lanes));
      widest = std::max(widest, layer.outputs);
    }
    const size_t weights = models[0]->model->theta().size() * lanes;
    theta_.assign(weights, 0.f), gradient_.assign(weights, 0.f);
    X_.assign(static_cast<size_t>(rows * inputs_ * lanes), 0.f), Y_.assign(static_cast<size_t>(rows * outputs_ * lanes), 0.f);
    for (Column<float>& errors : errors_) errors.assign(static_cast<size_t>(batch_ * widest * lanes), 0.f);
    y_.assign(Y_.size(), 0.f);
    for (size_t m = 0; m < models.size(); ++m) {
      Lane& lane = lanes_[m];
      Together& model = *models[m];
      lane.keep = [&model](const EpochRecord& epoch) { model.curve.push_back(epoch); };
      attempt(lane, model, [&] {
        check_options(*model.options, source);
        lane.update.emplace(*model.model, *model.options, biology);
        lane.course.emplace(*model.model, *model.options, validation.n > 0, lane.keep);
      });
      const std::pair order{model.seed, model.options->shuffle};
      lane.order = orders_.try_emplace(order, static_cast<size_t>(training.n)).first;
      std::iota(lane.order->second.begin(), lane.order->second.end(), int64_t{0});
      take_theta(m);
    }
    update();
  }

  void run() {
    for (int64_t epoch = 0; begin_epoch(); ++epoch) {
      for (auto& [key, order] : orders_)
        if (key.second) permute(order, key.first, epoch);
      double sums[lanes] = {};
      for (int64_t first = 0; first < training_.n; first += batch_) {
        stop_if_interrupted("fit");
        step(first, std::min(batch_, training_.n - first), sums);
      }
      end_epoch(sums);
    }
    each([](Lane& lane, Together& model) {
      lane.course->put_back();
      if (model.error.empty()) model.result = lane.course->finish();
    });
  }

 private:
  struct Lane {
    std::function<void(const EpochRecord&)> keep;
    std::optional<WeightUpdate> update;
    std::optional<Course> course;
    std::map<std::pair<uint64_t, bool>, std::vector<int64_t>>::iterator order;
    bool runs = false;
  };

  /// One for all lanes. Those without a model that began go along with another's.
  void update() {
    const auto begun = std::find_if(std::begin(lanes_), std::end(lanes_), [](const Lane& lane) { return lane.update.has_value(); });
    if (begun == std::end(lanes_)) return;
    std::vector<WeightUpdate*> updates;
    for (Lane& lane : lanes_) updates.push_back(&*(lane.update ? lane : *begun).update);
    update_.emplace(std::move(updates));
  }

  /// What fails in one lane ends that model alone.
  template <class Body>
  static void attempt(Lane& lane, Together& model, Body&& body) {
    try {
      body();
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& error) {
      model.error = error.what(), lane.runs = false;
    }
  }
  /// body(lane, model) for those that have begun.
  template <class Body>
  void each(Body&& body) {
    for (size_t m = 0; m < models_.size(); ++m)
      if (lanes_[m].course) body(lanes_[m], *models_[m]);
  }

  bool begin_epoch() {
    bool any = false;
    each([&](Lane& lane, Together& model) {
      attempt(lane, model, [&] { lane.runs = model.error.empty() && lane.course->begin_epoch(); });
      any |= lane.runs;
    });
    return any;
  }

  void step(int64_t first, int64_t rows, double* sums) {
    // The rows of each model's own order; lanes without a model go along with the first.
    for (size_t m = 0; m < size_t{lanes}; ++m) {
      const std::vector<int64_t>& order = lanes_[m < models_.size() ? m : 0].order->second;
      for (int64_t row = 0; row < rows; ++row) {
        const int64_t number = order[static_cast<size_t>(first + row)];
        for (int64_t i = 0; i < inputs_; ++i) X_[static_cast<size_t>((row * inputs_ + i) * lanes) + m] = training_.X[static_cast<size_t>(number * inputs_ + i)];
        for (int64_t j = 0; j < outputs_; ++j) Y_[static_cast<size_t>((row * outputs_ + j) * lanes) + m] = training_.Y[static_cast<size_t>(number * outputs_ + j)];
      }
    }
    double losses[lanes] = {};
    forward(rows, true, losses);
    backward(rows);
    double factors[lanes] = {};
    for (size_t m = 0; m < models_.size(); ++m) {
      Lane& lane = lanes_[m];
      if (!lane.runs) continue;
      sums[m] += losses[m];
      attempt(lane, *models_[m], [&] { lane.course->check(sums[m]); });
      factors[m] = lane.course->factor();
    }
    update_->apply(theta_.data(), gradient_.data(), steps_++, factors);
  }

  void take_theta(size_t m) {
    const std::span<const float> theta = std::as_const(*models_[m]->model).theta();
    for (size_t k = 0; k < theta.size(); ++k) theta_[k * lanes + m] = theta[k];
  }

  void give_theta(size_t m) {
    const std::span<float> theta = models_[m]->model->theta();
    for (size_t k = 0; k < theta.size(); ++k) theta[k] = theta_[k * lanes + m];
  }

  /// Adds each model's loss over the rows to sums; with `training` leaves d (mean loss) / dz of the output in errors_.
  void forward(int64_t rows, bool training, double* sums) {
    const float* x = X_.data();
    for (size_t l = 0; l < layers_.size(); ++l) {
      const LayerInfo& layer = layers_[l];
      float* y = activities_[l].data();
      const bool bias = layer.bias_offset >= 0;
      for (int64_t row = 0; row < rows && bias; ++row)
        std::memcpy(y + row * layer.outputs * lanes, theta_.data() + layer.bias_offset * lanes, static_cast<size_t>(layer.outputs * lanes) * sizeof(float));
      product_lanes(rows, layer.outputs, layer.inputs, {x, layer.inputs, 1}, {theta_.data() + layer.weight_offset * lanes, layer.outputs, 1}, y, bias);
      if (l + 1 < layers_.size()) activate(layer.activation, y, y, rows * layer.outputs * lanes);
      x = y;
    }
    for (int64_t row = 0; row < rows; row += loss_.most_rows()) {
      const int64_t at = row * outputs_ * lanes;
      float* slope = training ? errors_[0].data() + at : nullptr;
      loss_.evaluate_lanes(x + at, Y_.data() + at, y_.data() + at, slope, std::min(loss_.most_rows(), rows - row), rows, sums);
    }
  }

  void backward(int64_t rows) {
    float *dz = errors_[0].data(), *dx = errors_[1].data();
    for (size_t l = layers_.size(); l-- > 0;) {
      const LayerInfo& layer = layers_[l];
      const int64_t m = layer.inputs, n = layer.outputs;
      float* x = l ? activities_[l - 1].data() : X_.data();
      product_lanes(m, n, rows, {x, 1, m}, {dz, n, 1}, gradient_.data() + layer.weight_offset * lanes, false);
      if (layer.bias_offset >= 0) {
        float* sums = gradient_.data() + layer.bias_offset * lanes;
        std::fill_n(sums, n * lanes, 0.f);
        for (int64_t row = 0; row < rows; ++row)
          for (int64_t k = 0; k < n * lanes; ++k) sums[k] += dz[row * n * lanes + k];
      }
      if (l == 0) return;
      product_lanes(rows, m, n, {dz, n, 1}, {theta_.data() + layer.weight_offset * lanes, 1, n}, dx, false);
      activate_back(layers_[l - 1].activation, x, dx, rows * m * lanes);
      std::swap(dz, dx);
    }
  }

  void end_epoch(const double* sums) {
    for (size_t m = 0; m < models_.size(); ++m)
      if (lanes_[m].runs) give_theta(m);
    double losses[lanes] = {};
    for (int64_t first = 0; first < validation_.n; first += look_) {
      const int64_t rows = std::min(look_, validation_.n - first);
      const auto spread = [&](const std::vector<float>& from, int64_t width, float* to) {
        for (int64_t k = 0; k < rows * width; ++k) std::fill_n(to + k * lanes, lanes, from[static_cast<size_t>(first * width + k)]);
      };
      spread(validation_.X, inputs_, X_.data()), spread(validation_.Y, outputs_, Y_.data());
      forward(rows, false, losses);
    }
    for (size_t m = 0; m < models_.size(); ++m) {
      Lane& lane = lanes_[m];
      if (!lane.runs) continue;
      const double validation = validation_.n > 0 ? losses[m] / static_cast<double>(validation_.n) : std::numeric_limits<double>::quiet_NaN();
      attempt(lane, *models_[m], [&] { lane.course->end_epoch(sums[m] / static_cast<double>(training_.n), validation, lane.update->learning_rate()); });
    }
  }

  std::span<Together* const> models_;
  const Samples &training_, &validation_;
  const std::vector<LayerInfo>& layers_;
  const Loss& loss_;
  int64_t inputs_, outputs_, batch_, look_, steps_ = 0;
  Lane lanes_[lanes];
  std::optional<LanesUpdate> update_;
  std::map<std::pair<uint64_t, bool>, std::vector<int64_t>> orders_;  // of the samples, by (seed, shuffle)
  std::vector<Column<float>> activities_;
  Column<float> theta_, gradient_, X_, Y_, y_, errors_[2];
};

bool same_bits(const EpochRecord& a, const EpochRecord& b) {
  const auto same = [](double x, double y) { return std::memcmp(&x, &y, sizeof x) == 0; };
  return a.epoch == b.epoch && same(a.train_loss, b.train_loss) && same(a.validation_loss, b.validation_loss) && same(a.learning_rate, b.learning_rate);
}

/// Trains a copy alone and compares.
bool proves(const Together& before, const Together& after, SampleSource& source, const BiologicalWeights& biology) {
  Together alone = before;
  try {
    alone.result = train(*alone.model, source, *alone.options, biology, alone.seed, [&](const EpochRecord& epoch) { alone.curve.push_back(epoch); });
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& error) {
    alone.error = error.what();
  }
  const std::span<const float> mine = std::as_const(*alone.model).theta(), theirs = std::as_const(*after.model).theta();
  return alone.error == after.error && std::memcmp(mine.data(), theirs.data(), mine.size_bytes()) == 0 &&
         std::equal(alone.curve.begin(), alone.curve.end(), after.curve.begin(), after.curve.end(), same_bits);
}

}  // namespace

bool may_train_together(const Model& model, const SampleSource& source) {
  if (source.steps() != 1 || source.sparse() || !model.loss().is_elementwise()) return false;
  if (static_cast<int64_t>(model.theta().size()) > most_weights || source.outputs() > most_weights) return false;
  if ((source.samples(Split::train) + source.samples(Split::validation)) * (source.inputs() + source.outputs()) > most_values) return false;
  int64_t width = source.inputs(), weights = 0;
  for (const LayerInfo& layer : model.layers()) {
    const bool last = &layer == &model.layers().back();
    if (layer.role != LayerRole::weights || layer.taps != 1 || layer.gates != 1 || !layer.plain || layer.inputs != width) return false;
    if (layer.tape_offset < -1 || (layer.tape_offset == -1) != last) return false;
    width = layer.outputs, weights += layer.inputs * layer.outputs + (layer.bias_offset >= 0 ? layer.outputs : 0);
  }
  return width == source.outputs() && weights == static_cast<int64_t>(model.theta().size());
}

bool train_together(std::span<Together> models, SampleSource& source, const BiologicalWeights& biology, bool proved) {
  for (const Together& model : models) {
    model.model->set_common_loss(model.options->loss);
    const auto& rule = *static_cast<const LearningRuleTable*>(model.options->rule->plugin->table);
    if (!(rule.hooks & hook_gradient) || (rule.hooks & hook_input) || model.options->memory > 0 || model.options->batch != models[0].options->batch) return false;
    if (model.model->theta().size() != models[0].model->theta().size() || model.options->loss != models[0].options->loss) return false;
  }
  if (models.empty() || models[0].options->batch < 1 || source.samples(Split::train) == 0 || !may_train_together(*models[0].model, source)) return false;
  try {
    const Samples training(source, Split::train), validation(source, Split::validation);
    for (const Samples* samples : {&training, &validation}) models[0].model->loss().check_targets(samples->Y.data(), samples->n);
    std::vector<Model> before;
    for (const Together& model : models) before.push_back(*model.model);
    const auto all_back = [&] {
      for (size_t m = 0; m < models.size(); ++m) *models[m].model = before[m], models[m].curve.clear(), models[m].error.clear(), models[m].result = {};
    };
    std::vector<std::pair<const void*, std::vector<Together*>>> tiles;  // by optimizer
    for (Together& model : models) {
      const void* optimizer = model.options->optimizer.value->plugin->table;
      auto tile = std::find_if(tiles.begin(), tiles.end(), [&](const auto& t) { return t.first == optimizer && t.second.size() < size_t{lanes}; });
      if (tile == tiles.end()) tile = tiles.insert(tile, {optimizer, {}});
      tile->second.push_back(&model);
    }
    for (const auto& [optimizer, some] : tiles) {
      Tile(some, training, validation, source, biology).run();
      if (some[0] != &models[0] || proved) continue;
      Model witness = before[0];
      if (!proves({&witness, models[0].options, models[0].seed, {}, {}, ""}, models[0], source, biology)) return all_back(), false;
    }
    return true;
  } catch (const Interrupted&) {
    throw;
  } catch (const Error&) {
    return false;  // each of them says alone what is wrong
  }
}

}  // namespace proxon
