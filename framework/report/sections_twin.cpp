#include "proxon/base/progress.hpp"
#include "proxon/report/sections.hpp"

namespace proxon::report {
namespace {

constexpr size_t most_channels = 6;
constexpr size_t most_points = 300;   ///< rows of the test span drawn as lines

struct TestRows {
  std::vector<double> time;
  std::vector<float> target, prediction, baseline;
};

TestRows test_rows(const archive::Reader& reader, size_t width) {
  TestRows rows;
  constexpr int64_t block = 1 << 14;
  for (int64_t begin = 0; begin < reader.prediction_rows(); begin += block) {
    const archive::PredictionBlock part = reader.predictions(begin, std::min(begin + block, reader.prediction_rows()));
    for (size_t r = 0; r < part.time_ms.size(); ++r) {
      if (part.split[r] != archive::Split::test) continue;
      rows.time.push_back(part.time_ms[r] / 1000);
      for (size_t c = 0; c < width; ++c) {
        rows.target.push_back(part.target[r * width + c]);
        rows.prediction.push_back(part.prediction[r * width + c]);
        rows.baseline.push_back(part.baseline[r * width + c]);
      }
    }
  }
  return rows;
}

/// Whether the targets are one table of classes.
bool is_classes(const archive::Reader& reader) {
  int tables = 0, classes = 0;
  for (const archive::Object& object : reader.objects()) {
    if (!object.name.starts_with("samples/targets/")) continue;
    ++tables;
    classes += text_parameter(reader, object.name, "encoding") == "class";
  }
  return tables == 1 && classes == 1;
}

/// How often rows of each class were given to each class.
Heatmap confusion(const std::vector<std::string>& channels, const TestRows& rows) {
  const size_t n = channels.size();
  std::vector<double> count(n * n, 0.0), of_class(n, 0.0);
  const auto largest = [&](const std::vector<float>& values, size_t row) {
    const auto begin = values.begin() + static_cast<long>(row * n);
    return static_cast<size_t>(std::max_element(begin, begin + static_cast<long>(n)) - begin);
  };
  for (size_t row = 0; row < rows.time.size(); ++row) {
    const size_t target = largest(rows.target, row);
    ++count[target * n + largest(rows.prediction, row)], ++of_class[target];
  }
  std::vector<float> share;
  for (size_t k = 0; k < count.size(); ++k) share.push_back(static_cast<float>(count[k] / std::max(1.0, of_class[k / n])));
  return {.title = "Confusion", .caption = "Share of the test rows of each class (row) that were given to each class (column).",
          .row = {"class"}, .column = {"given"}, .value = {"share"}, .rows = n, .columns = n, .values = std::move(share),
          .colours = Heatmap::Colours::sequential, .row_names = channels, .column_names = channels};
}

/// Losses and learning rate over the epochs.
void add_curves(const archive::Reader& reader, Section& section) {
  Series train{"training", {}, {}}, validation{"validation", {}, {}}, rate{"learning rate", {}, {}};
  for (const archive::EpochRecord& epoch : reader.epochs()) {
    const auto x = static_cast<double>(epoch.epoch);
    train.x.push_back(x), train.y.push_back(epoch.train_loss);
    validation.x.push_back(x), validation.y.push_back(epoch.validation_loss);
    rate.x.push_back(x), rate.y.push_back(epoch.learning_rate);
  }
  const bool validated = std::any_of(validation.y.begin(), validation.y.end(), [](double y) { return std::isfinite(y); });
  Lines loss{.title = "Loss", .caption = "Both curves must flatten; a gap that opens between them is overfitting.", .x = {"epoch"},
             .y = {"loss", "", logarithmic}, .series = {train}};
  if (validated) loss.series.push_back(validation);
  section.blocks.push_back(std::move(loss));
  section.blocks.push_back(Lines{.title = "Learning rate", .caption = "Of the optimizer, every epoch.", .x = {"epoch"}, .y = {"learning rate", "", logarithmic}, .series = {rate}});
}

}  // namespace

Section fit_section(const archive::Reader& reader) {
  Section section{.heading = "The fit"};
  if (reader.epochs().empty()) section.text = "Its parameters are those that it began with: there was no epoch.";
  else add_curves(reader, section);
  if (const auto model = reader.model()) {
    Table layers{.title = "Layers of the twin", .columns = {{"layer"}, {"inputs"}, {"outputs"}, {"activation"}, {"parameters"}}};
    for (const archive::LayerRecord& layer : model->layers)
      layers.rows.push_back({layer.name, layer.inputs, layer.outputs, layer.activation, layer.inputs * layer.outputs + (layer.bias < 0 ? 0 : layer.outputs)});
    section.blocks.push_back(std::move(layers));
  }
  return section;
}

Section prediction_section(const archive::Reader& reader) {
  Section section{.heading = "Target and prediction", .text = "On the test span, which the fit has never seen."};
  const std::vector<std::string> channels = reader.prediction_channels();
  const TestRows rows = test_rows(reader, channels.size());
  if (rows.time.empty()) section.text = "There is no test span.";
  if (is_classes(reader) && !rows.time.empty()) {
    section.blocks.push_back(confusion(channels, rows));
    return section;
  }
  for (size_t c = 0; c < std::min(channels.size(), most_channels) && !rows.time.empty(); ++c) {
    Series target{"target", {}, {}, 0}, prediction{"prediction", {}, {}, 1}, baseline{"mean of the training span", {}, {}, 6, true}, points{channels[c], {}, {}, 0};
    for (size_t r = 0; r < rows.time.size(); ++r) {
      const size_t k = r * channels.size() + c;
      points.x.push_back(rows.target[k]), points.y.push_back(rows.prediction[k]);
      if (r >= most_points) continue;
      target.x.push_back(rows.time[r]), target.y.push_back(rows.target[k]);
      prediction.x.push_back(rows.time[r]), prediction.y.push_back(rows.prediction[k]);
      baseline.x.push_back(rows.time[r]), baseline.y.push_back(rows.baseline[k]);
    }
    section.blocks.push_back(Lines{.title = channels[c], .caption = rows.time.size() > most_points ? fmt::format("The first {} samples of the test span.", most_points) : "The whole test span.",
                                   .x = {"time", "s"}, .y = {channels[c]}, .series = {target, prediction, baseline}, .wide = true});
    section.blocks.push_back(Scatter{.title = channels[c] + ": prediction over target", .caption = "Points on the line are right.",
                                     .x = {"target"}, .y = {"prediction"}, .series = {points}, .identity = true});
  }
  if (channels.size() > most_channels) section.text += fmt::format(" {} of {} channels are drawn; the archive has all.", most_channels, channels.size());
  return section;
}

std::optional<Section> weights_section(const archive::Reader& reader) {
  const auto model = reader.model();
  if (!model || model->layers.empty()) return std::nullopt;
  Section section{.heading = "Weights of both networks", .text = "W_phi are the synaptic weights of the biological network, W_theta those of the twin's layers."};
  std::vector<Sample> phi;
  for (int p = 0; p < static_cast<int>(reader.projections().size()); ++p) {
    const archive::ProjectionRecord& record = reader.projections()[static_cast<size_t>(p)];
    const archive::SynapseBlock block = reader.synapses(p, 0, std::min<int64_t>(record.n_synapses, 2'000'000));
    phi.push_back({record.name, {block.weights.begin(), block.weights.end()}});
  }
  std::vector<Sample> theta;
  for (const archive::LayerRecord& layer : model->layers) {
    const auto begin = model->theta.begin() + layer.weight;
    theta.push_back({layer.name, {begin, begin + layer.inputs * layer.outputs}});
  }
  if (!phi.empty())
    section.blocks.push_back(binned({.title = "W_phi", .caption = "Density of synaptic weights, a projection.", .x = {"weight"}, .y = {"density"}}, phi, true));
  section.blocks.push_back(binned({.title = "W_theta", .caption = "Density of the twin's weights, a layer.", .x = {"weight"}, .y = {"density"}}, theta, true));
  for (size_t l = 0; l < model->layers.size(); ++l) {
    const archive::LayerRecord& layer = model->layers[l];
    if (layer.inputs * layer.outputs > 250'000) continue;
    section.blocks.push_back(Heatmap{.title = "W_theta of " + layer.name, .caption = "Rows are inputs, columns outputs.", .row = {"input"}, .column = {"output"},
                                     .value = {"weight"}, .rows = static_cast<size_t>(layer.inputs), .columns = static_cast<size_t>(layer.outputs),
                                     .values = {model->theta.begin() + layer.weight, model->theta.begin() + layer.weight + layer.inputs * layer.outputs}});
  }
  return section;
}

Section metrics_section(const archive::Reader& reader) {
  Section section{.heading = "Evaluation", .text = "Every figure stands beside its baselines: what null models get that are no deep networks, or know nothing."};
  Table table{.title = "Metrics", .caption = "A figure is a number or undefined with its reason.",
              .columns = {{"metric"}, {"over"}, {"value"}, {"baselines"}, {"n"}, {"range"}, {"meaning"}}};
  for (const archive::MetricRecord& metric : reader.metrics()) {
    std::string baselines;
    for (const archive::BaselineRecord& baseline : metric.baselines)
      baselines += fmt::format("{}{} ({})", baselines.empty() ? "" : ", ", baseline.defined ? fmt::format("{:.4g}", baseline.value) : "undefined: " + baseline.reason,
                               baseline.name);
    if (metric.defined)
      table.rows.push_back({metric.name, metric.scope, metric.value, baselines, metric.n, metric.range, metric.meaning});
    else
      table.rows.push_back({metric.name, metric.scope, Cell(), baselines, metric.n, metric.range, "undefined: " + metric.reason});
  }
  section.blocks.push_back(std::move(table));
  return section;
}

}  // namespace proxon::report
