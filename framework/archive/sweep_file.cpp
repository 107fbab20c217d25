#include "proxon/archive/sweep_file.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "proxon/archive/file.hpp"
#include "proxon/archive/hdf5.hpp"
#include "proxon/base/part_file.hpp"

namespace proxon::archive {
namespace {

constexpr std::int64_t sweep_layout = 1;
constexpr hsize_t chunk_rows = 16384;

/// Chunked and compressed; bytes are shuffled first, as neighbouring numbers share their upper ones.
Handle packed(hsize_t chunk) {
  Handle list(H5Pcreate(H5P_DATASET_CREATE));
  H5Pset_chunk(list, 1, &chunk);
  H5Pset_shuffle(list);
  H5Pset_deflate(list, 1);
  return list;
}

/// Groups on the way are made.
Handle making_groups() {
  Handle list(H5Pcreate(H5P_LINK_CREATE));
  H5Pset_create_intermediate_group(list, 1);
  return list;
}

Handle make_dataset(hid_t file, const std::string& name, hid_t type, hsize_t rows, bool grows, const std::string& path) {
  const hsize_t limit = H5S_UNLIMITED;
  const Handle space = grows ? dataspace({&rows, 1}, {&limit, 1}) : dataspace({&rows, 1});
  const Handle list = rows > 1024 || grows ? packed(grows ? chunk_rows : std::min(rows, chunk_rows)) : Handle(H5Pcreate(H5P_DATASET_CREATE));
  return Handle(h5(H5Dcreate2(file, name.c_str(), type, space, making_groups(), list, H5P_DEFAULT), "cannot write", path));
}

template <class T>
Handle write_column(hid_t file, const std::string& name, const std::vector<T>& values, const std::string& path) {
  Handle set = make_dataset(file, name, memory_type<T>(), values.size(), false, path);
  write_rows(set, memory_type<T>(), 0, values.size(), values.data(), path);
  return set;
}

void write_texts(hid_t file, const std::string& name, const std::vector<std::string>& texts, const std::string& path) {
  const Handle type = text_type();
  const hsize_t n = texts.size();
  const Handle space = dataspace({&n, 1});
  const Handle set(h5(H5Dcreate2(file, name.c_str(), type, space, making_groups(), H5P_DEFAULT, H5P_DEFAULT), "cannot write", path));
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  if (n > 0) h5(H5Dwrite(set, type, H5S_ALL, H5S_ALL, converting(n * sizeof(char*)), pointers.data()), "cannot write", path);
}

template <class T>
std::vector<T> read_column(hid_t file, const std::string& name, const std::string& path) {
  const Handle set = open_dataset(file, name, path);
  std::vector<T> values(extent(set).at(0));
  read_rows(set, memory_type<T>(), 0, values.size(), values.data(), path);
  return values;
}

std::vector<std::string> read_column_texts(hid_t file, const std::string& name, const std::string& path) {
  return dataset_texts(open_dataset(file, name, path), path);
}

/// A name as the last part of a path in the file.
std::string link_name(std::string name) {
  std::replace(name.begin(), name.end(), '/', '|');
  return name;
}

std::string full_text(const TrialId& id) { return fmt::format("{:016x}{:016x}", id.high, id.low); }

Handle open_object(hid_t file, const std::string& name, const std::string& path) {
  return Handle(h5(H5Oopen(file, name.c_str(), H5P_DEFAULT), "cannot open '" + name + "' of", path));
}

}  // namespace

std::string TrialId::text() const { return fmt::format("{:016x}", high); }

const SweepFigure* SweepTable::figure(std::string_view name) const {
  for (const SweepFigure& figure : figures)
    if (figure.name == name) return &figure;
  return nullptr;
}

double SweepTable::value(std::int64_t row, const SweepObjective& objective) const {
  if (state_of(row) != TrialState::done) return NAN;
  if (objective.figure == "seconds") return seconds[static_cast<std::size_t>(row)];
  const SweepFigure* column = figure(objective.figure);
  for (std::size_t i = 0; !column && i < figures.size(); ++i)
    if (figures[i].name.starts_with(objective.figure + ".")) column = &figures[i];
  return column ? column->value[static_cast<std::size_t>(row)] : NAN;
}

std::int64_t SweepTable::add_row() {
  id.emplace_back(), key.push_back(0), number.push_back(-1), repeat.push_back(0), state.push_back(0), start.push_back(0);
  seconds.push_back(0), worker.push_back(-1);
  for (SweepAxis& axis : axes) axis.value.push_back(NAN);
  for (SweepFigure& figure : figures) figure.value.push_back(NAN);
  return rows() - 1;
}

SweepFigure& SweepTable::figure_column(const std::string& name) {
  for (SweepFigure& figure : figures)
    if (figure.name == name) return figure;
  return figures.emplace_back(SweepFigure{name, std::vector<double>(id.size(), NAN)});
}

std::string SweepTable::axis_text(const SweepAxis& axis, std::int64_t row) const {
  const double value = axis.value[static_cast<std::size_t>(row)];
  if (std::isnan(value)) return "";
  return axis.choices.empty() ? fmt::format("{}", value) : axis.choices[static_cast<std::size_t>(value)];
}

std::string SweepTable::point_text(std::int64_t row) const {
  std::string text;
  for (const SweepAxis& axis : axes)
    if (const std::string value = axis_text(axis, row); !value.empty()) text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", axis.name, value);
  return text;
}

std::string SweepTable::command_of(std::int64_t row) const {
  if (command.empty()) return "";
  // A plugin is chosen before its parameters are set.
  std::vector<std::string> settings;
  for (const SweepAxis& axis : axes)
    for (const std::string& parameter : axis.parameters)
      if (const std::string value = axis_text(axis, row); !value.empty()) settings.push_back(parameter + "=" + value);
  const auto depth = [](const std::string& s) { return std::count(s.begin(), s.begin() + static_cast<long>(s.find('=')), '.'); };
  std::stable_sort(settings.begin(), settings.end(), [&](const std::string& a, const std::string& b) { return depth(a) < depth(b); });
  std::string text = command;
  for (const std::string& setting : settings) text += fmt::format(" --set '{}'", setting);
  if (const auto r = repeat[static_cast<std::size_t>(row)]; r > 0) text += fmt::format(" --seed {}", seed + static_cast<std::uint64_t>(r));
  return text;
}

// ------------------------------------------------------------------------------------------------------------------ writing

struct SweepWriter::Impl {
  PartFile file_name;
  const std::string& path = file_name.path();
  Handle file;  // closed before the name goes
  Handle row, epoch, train, validation;
  hsize_t points = 0;
};

SweepWriter::SweepWriter(const std::string& path, const SweepTable& table) : impl_(new Impl{PartFile(path)}) {
  silence_hdf5();
  const Handle access(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_LATEST);
  impl_->file = Handle(h5(H5Fcreate(impl_->file_name.part().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), "cannot write", path));
  const hid_t file = impl_->file;

  // What was swept.
  {
    const Handle group(h5(H5Gcreate2(file, "sweep", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), "cannot write", path));
    write_attribute(group, "layout", sweep_layout);
    for (const auto& [name, text] : {std::pair{"title", &table.title}, {"description", &table.description}, {"sampler", &table.sampler},
                                     {"version", &table.version}, {"revision", &table.revision}, {"started", &table.started}, {"command", &table.command}})
      write_attribute(group, name, std::string_view(*text));
    write_attribute(group, "seed", table.seed);
  }
  write_texts(file, "sweep/sweep_file", {table.sweep}, path);
  write_texts(file, "sweep/experiment_file", {table.experiment}, path);
  std::vector<std::string> names, figures;
  std::vector<std::uint8_t> maximise;
  for (const SweepObjective& objective : table.objectives)
    names.push_back(objective.name), figures.push_back(objective.figure), maximise.push_back(objective.maximise);
  write_texts(file, "sweep/objectives/name", names, path);
  write_texts(file, "sweep/objectives/figure", figures, path);
  write_column(file, "sweep/objectives/maximise", maximise, path);
  std::vector<std::string> plugins[4];
  for (const PluginRecord& plugin : table.plugins)
    plugins[0].push_back(plugin.kind), plugins[1].push_back(plugin.name), plugins[2].push_back(plugin.file), plugins[3].push_back(plugin.stamp);
  const char* parts[] = {"kind", "name", "file", "sha256"};
  for (std::size_t i = 0; i < 4; ++i) write_texts(file, std::string("sweep/plugins/") + parts[i], plugins[i], path);

  // The table.
  std::vector<std::uint64_t> high, low;
  for (const TrialId& id : table.id) high.push_back(id.high), low.push_back(id.low);
  write_column(file, "trials/id", high, path);
  write_column(file, "trials/id_low", low, path);
  write_column(file, "trials/key", table.key, path);
  write_column(file, "trials/number", table.number, path);
  write_column(file, "trials/repeat", table.repeat, path);
  const Handle state = write_column(file, "trials/state", table.state, path);
  write_attribute(state, "meaning", std::vector<std::string>{"done", "failed", "outdated"});
  write_attribute(write_column(file, "trials/start", table.start, path), "unit", "s since 1970");
  write_attribute(write_column(file, "trials/seconds", table.seconds, path), "unit", "s");
  write_column(file, "trials/worker", table.worker, path);
  std::vector<std::string> order;
  for (const SweepAxis& axis : table.axes) {
    const Handle set = write_column(file, "trials/axes/" + link_name(axis.name), axis.value, path);
    if (!axis.parameters.empty()) write_attribute(set, "parameters", axis.parameters);
    write_attribute(set, "unit", std::string_view(axis.unit));
    write_attribute(set, "logarithmic", static_cast<std::uint8_t>(axis.logarithmic));
    if (!axis.choices.empty()) write_attribute(set, "choices", axis.choices);
    order.push_back(axis.name);
  }
  write_texts(file, "sweep/axes", order, path);
  order.clear();
  for (const SweepFigure& figure : table.figures) {
    write_column(file, "trials/figures/" + link_name(figure.name), figure.value, path);
    order.push_back(figure.name);
  }
  write_texts(file, "sweep/figures", order, path);
  std::vector<std::int64_t> failed;
  std::vector<std::string> reasons;
  for (const auto& [row, reason] : table.reasons) failed.push_back(row), reasons.push_back(reason);
  write_column(file, "failures/row", failed, path);
  write_texts(file, "failures/reason", reasons, path);

  impl_->row = make_dataset(file, "curves/row", H5T_NATIVE_INT32, 0, true, path);
  impl_->epoch = make_dataset(file, "curves/epoch", H5T_NATIVE_INT32, 0, true, path);
  impl_->train = make_dataset(file, "curves/train_loss", H5T_NATIVE_FLOAT, 0, true, path);
  impl_->validation = make_dataset(file, "curves/validation_loss", H5T_NATIVE_FLOAT, 0, true, path);
  Handle(h5(H5Gcreate2(file, "kept", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), "cannot write", path));
}

SweepWriter::~SweepWriter() = default;

void SweepWriter::append_curves(const std::vector<CurvePoint>& points) {
  if (points.empty()) return;
  const hsize_t begin = impl_->points, end = begin + points.size();
  std::vector<std::int32_t> rows, epochs;
  std::vector<float> train, validation;
  for (const CurvePoint& p : points)
    rows.push_back(p.row), epochs.push_back(p.epoch), train.push_back(p.train_loss), validation.push_back(p.validation_loss);
  auto append = [&](hid_t set, hid_t type, const void* data) {
    h5(H5Dset_extent(set, &end), "cannot write", impl_->path);
    write_rows(set, type, begin, points.size(), data, impl_->path);
  };
  append(impl_->row, H5T_NATIVE_INT32, rows.data()), append(impl_->epoch, H5T_NATIVE_INT32, epochs.data());
  append(impl_->train, H5T_NATIVE_FLOAT, train.data()), append(impl_->validation, H5T_NATIVE_FLOAT, validation.data());
  impl_->points = end;
}

void SweepWriter::keep_archive(const TrialId& id, const std::vector<std::uint8_t>& bytes) {
  const std::string name = "kept/" + full_text(id);
  if (!exists(impl_->file, name)) write_column(impl_->file, name, bytes, impl_->path);
}

void SweepWriter::close() {
  for (Handle* set : {&impl_->row, &impl_->epoch, &impl_->train, &impl_->validation}) set->reset();
  h5(H5Fflush(impl_->file, H5F_SCOPE_GLOBAL), "cannot write", impl_->path);
  h5(H5Fclose(impl_->file.release()), "cannot write", impl_->path);
  if (const int problem = impl_->file_name.put_in_place()) fail("cannot write '{}': {}.", impl_->path, std::strerror(problem));
}

// ------------------------------------------------------------------------------------------------------------------ reading

struct SweepReader::Impl {
  std::string path;
  Handle file;
};

SweepReader::SweepReader(const std::string& path) : impl_(std::make_unique<Impl>()) {
  silence_hdf5();
  check_readable(path);
  impl_->path = path;
  impl_->file = Handle(h5(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "cannot open", path));
  if (!exists(impl_->file, "sweep")) fail("'{}' holds no sweep: it has no group 'sweep'.", path);
  const auto layout = attribute_numbers(open_object(impl_->file, "sweep", path), "layout", path);
  if (layout.size() != 1 || layout[0] != sweep_layout) fail("'{}' has another layout than this program reads.", path);
}

SweepReader::~SweepReader() = default;

SweepTable SweepReader::table() const {
  const hid_t file = impl_->file;
  const std::string& path = impl_->path;
  SweepTable table;
  const Handle group = open_object(file, "sweep", path);
  table.title = attribute_text(group, "title"), table.description = attribute_text(group, "description");
  table.sampler = attribute_text(group, "sampler"), table.version = attribute_text(group, "version");
  table.revision = attribute_text(group, "revision"), table.started = attribute_text(group, "started");
  table.command = attribute_text(group, "command"), table.seed = static_cast<std::uint64_t>(attribute_numbers(group, "seed", path).at(0));
  table.sweep = read_column_texts(file, "sweep/sweep_file", path).at(0);
  table.experiment = read_column_texts(file, "sweep/experiment_file", path).at(0);
  const auto names = read_column_texts(file, "sweep/objectives/name", path), figures = read_column_texts(file, "sweep/objectives/figure", path);
  const auto maximise = read_column<std::uint8_t>(file, "sweep/objectives/maximise", path);
  for (std::size_t i = 0; i < names.size(); ++i) table.objectives.push_back({names[i], figures[i], maximise[i] != 0});
  const auto kinds = read_column_texts(file, "sweep/plugins/kind", path), plugins = read_column_texts(file, "sweep/plugins/name", path),
             files = read_column_texts(file, "sweep/plugins/file", path), sums = read_column_texts(file, "sweep/plugins/sha256", path);
  for (std::size_t i = 0; i < kinds.size(); ++i) table.plugins.push_back({kinds[i], plugins[i], files[i], sums[i]});

  const auto high = read_column<std::uint64_t>(file, "trials/id", path), low = read_column<std::uint64_t>(file, "trials/id_low", path);
  for (std::size_t i = 0; i < high.size(); ++i) table.id.push_back({high[i], low[i]});
  table.key = read_column<std::uint64_t>(file, "trials/key", path);
  table.number = read_column<std::int64_t>(file, "trials/number", path);
  table.repeat = read_column<std::int32_t>(file, "trials/repeat", path);
  table.state = read_column<std::uint8_t>(file, "trials/state", path);
  table.start = read_column<double>(file, "trials/start", path);
  table.seconds = read_column<double>(file, "trials/seconds", path);
  table.worker = read_column<std::int32_t>(file, "trials/worker", path);
  for (const std::string& name : read_column_texts(file, "sweep/axes", path)) {
    const std::string at = "trials/axes/" + link_name(name);
    const Handle set = open_object(file, at, path);
    SweepAxis axis{.name = name, .unit = attribute_text(set, "unit")};
    axis.logarithmic = attribute_numbers(set, "logarithmic", path).at(0) != 0;
    if (has_attribute(set, "parameters")) axis.parameters = attribute_texts(set, "parameters", path);
    if (has_attribute(set, "choices")) axis.choices = attribute_texts(set, "choices", path);
    axis.value = read_column<double>(file, at, path);
    table.axes.push_back(std::move(axis));
  }
  for (const std::string& name : read_column_texts(file, "sweep/figures", path))
    table.figures.push_back({name, read_column<double>(file, "trials/figures/" + link_name(name), path)});
  const auto failed = read_column<std::int64_t>(file, "failures/row", path);
  const auto reasons = read_column_texts(file, "failures/reason", path);
  for (std::size_t i = 0; i < failed.size(); ++i) table.reasons[failed[i]] = reasons[i];
  return table;
}

void SweepReader::curves(const std::function<void(const std::vector<CurvePoint>&)>& block) const {
  const std::string& path = impl_->path;
  const Handle row = open_dataset(impl_->file, "curves/row", path), epoch = open_dataset(impl_->file, "curves/epoch", path);
  const Handle train = open_dataset(impl_->file, "curves/train_loss", path), validation = open_dataset(impl_->file, "curves/validation_loss", path);
  const hsize_t all = extent(row).at(0), most = 16 * chunk_rows;
  for (hsize_t begin = 0; begin < all; begin += most) {
    const hsize_t n = std::min(most, all - begin);
    std::vector<std::int32_t> rows(n), epochs(n);
    std::vector<float> losses(n), others(n);
    read_rows(row, H5T_NATIVE_INT32, begin, n, rows.data(), path), read_rows(epoch, H5T_NATIVE_INT32, begin, n, epochs.data(), path);
    read_rows(train, H5T_NATIVE_FLOAT, begin, n, losses.data(), path), read_rows(validation, H5T_NATIVE_FLOAT, begin, n, others.data(), path);
    std::vector<CurvePoint> points;
    for (std::size_t i = 0; i < n; ++i) points.push_back({rows[i], epochs[i], losses[i], others[i]});
    block(points);
  }
}

std::vector<TrialId> SweepReader::kept() const {
  std::vector<TrialId> all;
  for (const std::string& name : member_names(open_object(impl_->file, "kept", impl_->path)))
    all.push_back({std::stoull(name.substr(0, 16), nullptr, 16), std::stoull(name.substr(16), nullptr, 16)});
  return all;
}

std::vector<std::uint8_t> SweepReader::kept_archive(const TrialId& id) const {
  return read_column<std::uint8_t>(impl_->file, "kept/" + full_text(id), impl_->path);
}

}  // namespace proxon::archive
