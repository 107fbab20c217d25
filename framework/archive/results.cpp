// What a Writer takes from later stages: texts, model, curves, predictions, metrics. set_* first makes readers forget
// the old rows, then writes, so that a kill in between leaves nothing half new and half old.
#include "proxon/archive/writer_impl.hpp"

namespace proxon::archive {

void Writer::set_text(std::string_view slot, std::string_view text) {
  if (std::find(text_slots.begin(), text_slots.end(), slot) == text_slots.end())
    fail("an archive has no text '{}'.{}", slot, did_you_mean(slot, text_slots));
  // The same text is left where it is: a kill could come between the old and the new one.
  const auto& stream = impl_->stream(at::text(slot));
  std::string there(stream.rows, '\0');
  read_rows(stream.dataset, H5T_NATIVE_UINT8, 0, there.size(), there.data(), impl_->path);
  if (there != text) impl_->replace(at::text(slot), H5T_NATIVE_UINT8, text.size(), text.data());
}

void Writer::append_log(std::string_view line) {
  const std::string text = std::string(line) + "\n";
  impl_->extend(at::log, H5T_NATIVE_UINT8, text.size(), text.data());
  impl_->tick();
}

void Writer::set_plugins(std::span<const PluginRecord> plugins) {
  std::vector<PluginRow> rows(plugins.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    put_text(rows[i].kind, plugins[i].kind, true);
    put_text(rows[i].name, plugins[i].name, true);
    put_text(rows[i].file, plugins[i].file);
    put_text(rows[i].stamp, plugins[i].stamp);
  }
  impl_->replace_table(at::plugins, rows);
}

void Writer::set_objects(std::span<const Object> objects) {
  auto kept = objects_of(impl_->read_table<ParameterRow>(at::stage_parameters));
  for (const auto& object : objects) {
    const auto same = [&](const Object& o) { return o.name == object.name; };
    const auto found = std::find_if(kept.begin(), kept.end(), same);
    if (found == kept.end())
      kept.push_back(object);
    else
      *found = object;
  }
  impl_->replace_table(at::stage_parameters, parameter_rows(kept));
}

void Writer::set_model(const std::vector<LayerRecord>& layers, std::span<const float> theta,
                       std::string_view description) {
  std::vector<LayerRow> rows(layers.size());
  const auto n = static_cast<std::int64_t>(theta.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& layer = layers[i];
    PROXON_CHECK(layer.inputs >= 0 && layer.outputs >= 0 && layer.weight >= 0 && layer.weight + layer.inputs * layer.outputs <= n,
                 "layer '{}': {} x {} at {} of {}", layer.name, layer.inputs, layer.outputs, layer.weight, n);
    PROXON_CHECK(layer.bias < 0 || layer.bias + layer.outputs <= n, "layer '{}': bias at {} of {}", layer.name, layer.bias,
                 n);
    put_text(rows[i].name, layer.name, true);
    put_text(rows[i].activation, layer.activation, true);
    rows[i].inputs = layer.inputs, rows[i].outputs = layer.outputs, rows[i].weight = layer.weight, rows[i].bias = layer.bias;
  }
  impl_->forget({at::layers, at::theta, at::model_text});
  impl_->replace(at::theta, H5T_NATIVE_FLOAT, theta.size(), theta.data());
  impl_->replace(at::model_text, H5T_NATIVE_UINT8, description.size(), description.data());
  impl_->replace_table(at::layers, rows);
  impl_->tick();
}

void Writer::clear_epochs() { impl_->replace(at::epochs, row_type<EpochRecord>(), 0, nullptr); }

void Writer::append_epoch(const EpochRecord& row) {
  impl_->extend(at::epochs, row_type<EpochRecord>(), 1, &row);
  impl_->tick();
}

void Writer::start_predictions(const std::vector<std::string>& channels) {
  std::vector<ChannelRow> rows(channels.size());
  for (std::size_t i = 0; i < rows.size(); ++i) put_text(rows[i].name, channels[i]);
  impl_->forget({at::prediction_time, at::prediction_split, at::target, at::prediction, at::baseline, at::channels});
  impl_->replace(at::prediction_time, H5T_NATIVE_DOUBLE, 0, nullptr);
  impl_->replace(at::prediction_split, H5T_NATIVE_UINT8, 0, nullptr);
  for (const auto& name : {at::target, at::prediction, at::baseline})
    impl_->replace(name, H5T_NATIVE_FLOAT, 0, nullptr, channels.size());
  impl_->replace_table(at::channels, rows);
}

void Writer::append_predictions(const PredictionBlock& block) {
  const std::size_t rows = block.time_ms.size(), columns = impl_->stream(at::channels).rows;
  PROXON_CHECK(block.split.size() == rows, "{} times, {} splits", rows, block.split.size());
  for (const auto* values : {&block.target, &block.prediction, &block.baseline})
    PROXON_CHECK(values->size() == rows * columns, "{} values for {} rows of {} channels", values->size(), rows,
                 columns);
  impl_->extend(at::target, H5T_NATIVE_FLOAT, rows, block.target.data());
  impl_->extend(at::prediction, H5T_NATIVE_FLOAT, rows, block.prediction.data());
  impl_->extend(at::baseline, H5T_NATIVE_FLOAT, rows, block.baseline.data());
  impl_->extend(at::prediction_split, H5T_NATIVE_UINT8, rows, block.split.data());
  impl_->extend(at::prediction_time, H5T_NATIVE_DOUBLE, rows, block.time_ms.data());
  impl_->tick();
}

void Writer::set_metrics(std::span<const MetricRecord> metrics) {
  std::vector<MetricRow> rows(metrics.size());
  std::vector<MetricBaselineRow> baselines;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& metric = metrics[i];
    auto& row = rows[i];
    put_text(row.name, metric.name, true);
    put_text(row.scope, metric.scope);
    put_text(row.reason, metric.reason);
    put_text(row.meaning, metric.meaning);
    put_text(row.range, metric.range);
    row.value = metric.value, row.n = metric.n, row.defined = metric.defined;
    for (const auto& baseline : metric.baselines) {
      auto& beside = baselines.emplace_back();
      put_text(beside.name, baseline.name);
      put_text(beside.reason, baseline.reason);
      beside.metric = static_cast<std::int64_t>(i), beside.value = baseline.value, beside.defined = baseline.defined;
    }
  }
  impl_->forget({at::metrics, at::metric_baselines});
  impl_->replace_table(at::metric_baselines, baselines);
  impl_->replace_table(at::metrics, rows);
  impl_->tick();
}

void Writer::clear_fit() {
  set_model({}, {}, "");
  clear_epochs();
  start_predictions({});
  set_metrics({});
  clear_checkpoint("fit");
  auto rows = impl_->read_table<StageRow>(at::stages);
  std::erase_if(rows, [](const StageRow& row) {
    const std::string name = get_text(row.name);
    return name == "fit" || name == "evaluate";
  });
  impl_->replace_table(at::stages, rows);
  impl_->flush();
}

void Writer::end_stage(std::string_view stage, double seconds) {
  impl_->flush();
  auto rows = impl_->read_table<StageRow>(at::stages);
  std::erase_if(rows, [&](const StageRow& row) { return get_text(row.name) == stage; });
  StageRow& row = rows.emplace_back();
  put_text(row.name, stage, true);
  put_text(row.finished, now());
  row.seconds = seconds;
  impl_->replace_table(at::stages, rows);
  impl_->flush();
}

}  // namespace proxon::archive
