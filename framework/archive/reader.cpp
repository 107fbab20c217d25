#include "proxon/archive/reader.hpp"

#include <unistd.h>

#include "proxon/archive/file.hpp"
#include "proxon/archive/reader_impl.hpp"
#include "proxon/archive/recover.hpp"
#include "proxon/archive/writer.hpp"

namespace proxon::archive {

Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

Reader::Reader(const std::string& path) : impl_(std::make_unique<Impl>()) {
  impl_->path = path;
  const Condition state = condition(path);
  impl_->state = state;
  if (state == Condition::killed && access(path.c_str(), W_OK) == 0) {
    impl_->note = recover(path);
    impl_->state = Condition::whole;
  } else if (state == Condition::killed) {
    impl_->note = fmt::format(
        "'{}' was not closed by the run that wrote it, and may not be written; read up to its last flush.", path);
  }
  impl_->open();
}

const std::string& Reader::path() const { return impl_->path; }
const std::string& Reader::note() const { return impl_->note; }
bool Reader::being_written() const { return impl_->state == Condition::written; }
void Reader::refresh() { impl_->streams = read_streams(impl_->file, impl_->path, impl_->state != Condition::whole); }

void Reader::Impl::open() {
  file = open_archive(path, state);
  streams = read_streams(file, path, state != Condition::whole);
  read_populations();
  read_projections();
  read_traces();
  read_signals();
}

Handle Reader::Impl::stream(const std::string& name) const {
  if (!streams.index.count(name)) fail("'{}' is damaged: it does not list '{}'.", path, name);
  const Handle access = stream_access();
  Handle dataset = open_dataset(file, name, path, access);
  if (state != Condition::whole) H5Drefresh(dataset);
  return dataset;
}

std::int64_t Reader::Impl::rows(const std::string& name) const {
  const auto found = streams.index.find(name);
  return found == streams.index.end() ? 0 : static_cast<std::int64_t>(streams.rows[found->second]);
}

void Reader::Impl::check_range(std::int64_t begin, std::int64_t end, std::int64_t n, std::string_view what) const {
  if (begin < 0 || end < begin || end > n)
    fail("rows {} to {} of {} in '{}': there are {}.", begin, end, what, path, n);
}

std::string Reader::Impl::text(const std::string& name) const {
  const auto bytes = read<char>(name, H5T_NATIVE_UINT8);
  return std::string(bytes.begin(), bytes.end());
}

std::string Reader::Impl::root_attribute(const std::string& name) const {
  const Handle root(H5Oopen(file, at::root.c_str(), H5P_DEFAULT));
  return attribute_text(root, name);
}

std::vector<Attribute> Reader::Impl::parameters(const std::string& name) const {
  const std::string where = at::parameters + "/" + name;
  std::vector<Attribute> attributes;
  if (!exists(file, where)) return attributes;
  const Handle group(H5Oopen(file, where.c_str(), H5P_DEFAULT));
  for (const auto& key : attribute_names(group)) {
    if (key.ends_with(".unit") && has_attribute(group, key.substr(0, key.size() - 5))) continue;
    const Handle attribute(H5Aopen(group, key.c_str(), H5P_DEFAULT));
    const Handle type(H5Aget_type(attribute)), space(H5Aget_space(attribute));
    Attribute& a = attributes.emplace_back(key, 0.0, attribute_text(group, key + ".unit"));
    if (kind_of(type) == Kind::text) {
      a.value = attribute_text(group, key);
      continue;
    }
    if (H5Tget_class(type) == H5T_INTEGER) {
      std::int64_t integer = 0;
      h5(H5Aread(attribute, H5T_NATIVE_INT64, &integer), "cannot read", path);
      a.value = integer;
      continue;
    }
    const auto numbers = attribute_numbers(group, key, path);
    if (H5Tget_class(type) == H5T_ENUM)
      a.value = numbers.at(0) != 0;
    else if (H5Sget_simple_extent_type(space) == H5S_SCALAR)
      a.value = numbers.at(0);
    else
      a.value = numbers;
  }
  return attributes;
}

std::string Reader::text(std::string_view slot) const {
  if (slot == "log") return impl_->text(at::log);
  if (std::find(text_slots.begin(), text_slots.end(), slot) == text_slots.end())
    fail("an archive has no text '{}'.{}", slot, did_you_mean(slot, text_slots));
  return impl_->text(at::text(slot));
}

std::string Reader::version() const { return impl_->root_attribute("version"); }
std::string Reader::revision() const { return impl_->root_attribute("revision"); }
std::string Reader::started() const { return read_texts(impl_->file, "/session_start_time", path()).at(0); }
std::string Reader::description() const { return read_texts(impl_->file, "/session_description", path()).at(0); }
std::string Reader::identifier() const { return read_texts(impl_->file, "/identifier", path()).at(0); }

std::uint64_t Reader::seed() const {
  const Handle attribute(
      h5(H5Aopen_by_name(impl_->file, at::root.c_str(), "seed", H5P_DEFAULT, H5P_DEFAULT), "no seed in", path()));
  std::uint64_t seed = 0;
  h5(H5Aread(attribute, H5T_NATIVE_UINT64, &seed), "cannot read", path());
  return seed;
}

double Reader::duration_ms() const {
  const Handle root(H5Oopen(impl_->file, at::root.c_str(), H5P_DEFAULT));
  return attribute_numbers(root, "duration_ms", path()).at(0);
}

double Reader::recorded_ms() const {
  const double stated = duration_ms();
  if (stage_done("simulate")) return stated;
  double last = 0;
  for (std::size_t p = 0; p < populations().size(); ++p) {
    const std::int64_t n = populations()[p].spikes ? n_spikes(static_cast<int>(p)) : 0;
    if (n > 0) last = std::max(last, spike_range(static_cast<int>(p), n - 1, n).ms.front());
  }
  for (std::size_t i = 0; i < signals().size(); ++i)
    last = std::max(last, signals()[i].start_ms + static_cast<double>(signal_rows(static_cast<int>(i))) * signals()[i].step_ms);
  for (std::size_t i = 0; i < traces().size(); ++i)
    last = std::max(last, traces()[i].start_ms + static_cast<double>(trace_rows(static_cast<int>(i))) * traces()[i].step_ms);
  return stated > 0 ? std::min(last, stated) : last;
}

std::vector<PluginRecord> Reader::plugins() const {
  std::vector<PluginRecord> records;
  for (const auto& row : impl_->read<PluginRow>(at::plugins, row_type<PluginRow>()))
    records.push_back({get_text(row.kind), get_text(row.name), get_text(row.file), get_text(row.stamp)});
  return records;
}

std::vector<Object> Reader::objects() const {
  std::vector<Object> objects;
  for (const auto& name : read_texts(impl_->file, at::root + "/objects", path()))
    objects.push_back({name, impl_->parameters(name)});
  for (auto& later : objects_of(impl_->read<ParameterRow>(at::stage_parameters, row_type<ParameterRow>()))) {
    const auto same = [&](const Object& o) { return o.name == later.name; };
    const auto found = std::find_if(objects.begin(), objects.end(), same);
    if (found == objects.end())
      objects.push_back(std::move(later));
    else
      *found = std::move(later);
  }
  return objects;
}

std::vector<StageRecord> Reader::stages() const {
  std::vector<StageRecord> records;
  for (const auto& row : impl_->read<StageRow>(at::stages, row_type<StageRow>()))
    records.push_back({get_text(row.name), row.seconds, get_text(row.finished)});
  return records;
}

bool Reader::stage_done(std::string_view stage) const {
  const auto done = stages();
  return std::any_of(done.begin(), done.end(), [&](const StageRecord& record) { return record.name == stage; });
}

std::optional<ModelRecord> Reader::model() const {
  ModelRecord model;
  for (const auto& row : impl_->read<LayerRow>(at::layers, row_type<LayerRow>()))
    model.layers.push_back({get_text(row.name), row.inputs, row.outputs, row.weight, row.bias, get_text(row.activation)});
  if (model.layers.empty()) return std::nullopt;
  model.theta = impl_->read<float>(at::theta, H5T_NATIVE_FLOAT);
  model.description = impl_->text(at::model_text);
  return model;
}

std::vector<EpochRecord> Reader::epochs() const {
  return impl_->read<EpochRecord>(at::epochs, row_type<EpochRecord>());
}

std::vector<std::string> Reader::prediction_channels() const {
  std::vector<std::string> names;
  for (const auto& row : impl_->read<ChannelRow>(at::channels, row_type<ChannelRow>()))
    names.push_back(get_text(row.name));
  return names;
}

std::int64_t Reader::prediction_rows() const { return impl_->rows(at::prediction_time); }

PredictionBlock Reader::predictions(std::int64_t begin, std::int64_t end) const {
  impl_->check_range(begin, end, prediction_rows(), "predictions");
  PredictionBlock block;
  block.time_ms = impl_->range<double>(at::prediction_time, H5T_NATIVE_DOUBLE, begin, end);
  block.split = impl_->range<Split>(at::prediction_split, H5T_NATIVE_UINT8, begin, end);
  block.target = impl_->range<float>(at::target, H5T_NATIVE_FLOAT, begin, end);
  block.prediction = impl_->range<float>(at::prediction, H5T_NATIVE_FLOAT, begin, end);
  block.baseline = impl_->range<float>(at::baseline, H5T_NATIVE_FLOAT, begin, end);
  return block;
}

std::vector<MetricRecord> Reader::metrics() const {
  std::vector<MetricRecord> records;
  for (const auto& row : impl_->read<MetricRow>(at::metrics, row_type<MetricRow>()))
    records.push_back({get_text(row.name), get_text(row.scope), row.value, row.n, row.defined != 0, get_text(row.reason),
                       get_text(row.meaning), get_text(row.range), {}});
  for (const auto& row : impl_->read<MetricBaselineRow>(at::metric_baselines, row_type<MetricBaselineRow>()))
    if (const auto at = static_cast<std::size_t>(row.metric); at < records.size())
      records[at].baselines.push_back({get_text(row.name), row.value, row.defined != 0, get_text(row.reason)});
  return records;
}

}  // namespace proxon::archive
