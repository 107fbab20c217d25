#include "proxon/archive/skeleton.hpp"

#include <set>

#include "proxon/archive/file.hpp"
#include "proxon/archive/writer.hpp"

namespace proxon::archive {

namespace {
constexpr hsize_t mebi = 1 << 20;

Handle plain_creation() {
  Handle list(H5Pcreate(H5P_DATASET_CREATE));
  H5Pset_obj_track_times(list, false);
  return list;
}
}  // namespace

SkeletonFile::SkeletonFile(const std::string& path, double duration_ms) : path_(path), duration_ms_(duration_ms) {
  silence_hdf5();
  links_ = Handle(H5Pcreate(H5P_LINK_CREATE));
  H5Pset_create_intermediate_group(links_, 1);
  const Handle access(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  file_ = Handle(h5(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), "cannot make the archive", path));
}

Handle SkeletonFile::group(const std::string& name) {
  if (exists(file_, name)) return Handle(h5(H5Gopen2(file_, name.c_str(), H5P_DEFAULT), "cannot write", path_));
  const Handle creation(H5Pcreate(H5P_GROUP_CREATE));
  H5Pset_obj_track_times(creation, false);
  H5Pset_attr_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  return Handle(h5(H5Gcreate2(file_, name.c_str(), links_, creation, H5P_DEFAULT), "cannot write", path_));
}

void SkeletonFile::link(const std::string& existing, const std::string& name) {
  h5(H5Lcreate_hard(file_, existing.c_str(), file_, name.c_str(), links_, H5P_DEFAULT), "cannot write", path_);
}

Handle SkeletonFile::stream(const std::string& name, hid_t type, std::int64_t columns, std::int64_t chunk_rows) {
  const hsize_t size = H5Tget_size(type);
  hsize_t extent[2] = {0, columns > 0 ? static_cast<hsize_t>(columns) : 0};
  hsize_t limit[2] = {H5S_UNLIMITED, columns > 0 ? static_cast<hsize_t>(columns) : H5S_UNLIMITED};
  hsize_t chunk[2] = {static_cast<hsize_t>(chunk_rows), columns > 0 ? std::min<hsize_t>(columns, mebi / size) : 4};
  if (chunk_rows == 0) chunk[0] = std::clamp<hsize_t>((1 << 14) / size, 16, 4096);
  const int axes = columns == 0 ? 1 : 2;
  const Handle creation = plain_creation();
  h5(H5Pset_chunk(creation, axes, chunk), "cannot write", path_);
  const Handle space = dataspace(std::span(extent, axes), std::span(limit, axes));
  streams_.push_back(name);
  return Handle(h5(H5Dcreate2(file_, name.c_str(), type, space, links_, creation, H5P_DEFAULT), "cannot write", path_));
}

Handle SkeletonFile::array(const std::string& name, hid_t file_type, hid_t type, std::span<const hsize_t> extent,
                           const void* data) {
  const Handle creation = plain_creation(), space = dataspace(extent);
  Handle dataset(
      h5(H5Dcreate2(file_, name.c_str(), file_type, space, links_, creation, H5P_DEFAULT), "cannot write", path_));
  if (data) h5(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, converting(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)) * H5Tget_size(type)), data), "cannot write", path_);
  return dataset;
}

Handle SkeletonFile::scalar_text(const std::string& name, std::string_view text) {
  const std::string copy(text);
  const char* pointer = copy.c_str();
  const Handle type = text_type();
  return array(name, type, type, {}, &pointer);
}

Handle SkeletonFile::texts(const std::string& name, const std::vector<std::string>& values, hsize_t columns) {
  std::vector<const char*> pointers;
  for (const auto& value : values) pointers.push_back(value.c_str());
  const Handle type = text_type();
  const hsize_t extent[2] = {columns ? values.size() / columns : values.size(), columns};
  return array(name, type, type, std::span(extent, columns ? 2 : 1), pointers.empty() ? nullptr : pointers.data());
}

Handle SkeletonFile::constant(const std::string& name, hid_t type, hsize_t n, const void* value) {
  const Handle creation = plain_creation(), space = dataspace(std::span(&n, 1));
  H5Pset_fill_value(creation, type, value);
  return Handle(h5(H5Dcreate2(file_, name.c_str(), type, space, links_, creation, H5P_DEFAULT), "cannot write", path_));
}

void SkeletonFile::parameters(const std::string& name, const std::vector<Attribute>& attributes) {
  const Handle where = group(at::parameters + "/" + name);
  for (const auto& attribute : attributes) {
    if (attribute.name.empty() || has_attribute(where, attribute.name))
      fail("cannot write the archive '{}': '{}' has two parameters called '{}'.", path_, name, attribute.name);
    const auto& value = attribute.value;
    if (const auto* number = std::get_if<double>(&value)) write_attribute(where, attribute.name, *number);
    if (const auto* integer = std::get_if<std::int64_t>(&value)) write_attribute(where, attribute.name, *integer);
    if (const auto* text = std::get_if<std::string>(&value)) write_attribute(where, attribute.name, *text);
    if (const auto* list = std::get_if<std::vector<double>>(&value)) {
      const hsize_t n = list->size();
      write_attribute(where, attribute.name, H5T_NATIVE_DOUBLE, H5T_NATIVE_DOUBLE, list->data(), std::span(&n, 1));
    }
    if (const auto* yes = std::get_if<bool>(&value)) {
      // The enumeration that h5py reads as bool.
      const Handle type(H5Tenum_create(H5T_NATIVE_INT8));
      std::int8_t bit = 0;
      H5Tenum_insert(type, "FALSE", &bit);
      bit = 1;
      H5Tenum_insert(type, "TRUE", &bit);
      bit = *yes;
      write_attribute(where, attribute.name, type, type, &bit);
    }
    if (!attribute.unit.empty()) write_attribute(where, attribute.name + ".unit", attribute.unit);
  }
}

void SkeletonFile::finish() {
  texts(at::stream_names, streams_);
  const std::vector<std::uint64_t> rows(streams_.size(), 0);
  array<std::uint64_t>(at::stream_rows, rows);
  h5(H5Fflush(file_, H5F_SCOPE_GLOBAL), "cannot write", path_);
  h5(H5Fclose(file_), "cannot write", path_);
  file_.release();
}

void SkeletonFile::abandon() {
  write_to_nowhere(file_);
  file_.reset();
}

namespace {
void check_names(const Skeleton& skeleton) {
  auto check = [](const char* what, const std::string& name, std::set<std::string>& seen) {
    if (name.empty() || name == "." || name.find('/') != std::string::npos)
      fail("the {} '{}' cannot stand in an archive: a name must not be empty nor hold a slash.", what, name);
    if (!seen.insert(name).second) fail("the archive cannot hold two {}s called '{}'.", what, name);
  };
  std::set<std::string> populations, projections, series, signals, correlations, objects;
  for (const auto& population : skeleton.populations) check("population", population.name, populations);
  for (const auto& projection : skeleton.projections) {
    check("projection", projection.name, projections);
    for (const auto& end : {projection.source, projection.target})
      if (!populations.count(end))
        fail("the projection '{}' joins '{}', which is no population.{}", projection.name, end,
             did_you_mean(end, populations));
  }
  for (const auto& trace : skeleton.traces) {
    if (!populations.count(trace.population))
      fail("the trace '{}' is taken from '{}', which is no population.{}", trace.variable, trace.population,
           did_you_mean(trace.population, populations));
    check("trace", series_name(trace), series);
  }
  for (const auto& signal : skeleton.signals)
    if (signal.population)
      check("recorded series", signal.name, series);
    else
      check("stimulus signal", signal.name, signals);
  for (const auto& correlation : skeleton.correlations) check("correlation", correlation.name, correlations);
  for (const auto& object : skeleton.objects) {
    const std::string top = object.name.substr(0, object.name.find('/'));
    if (top.empty() || top == "populations" || top == "projections" || top == "learning_rules")
      fail(
          "the object '{}' cannot stand in an archive: its first part must be neither empty, populations, projections "
          "nor "
          "learning_rules.",
          object.name);
    if (!objects.insert(object.name).second) fail("the archive cannot hold two objects called '{}'.", object.name);
  }
}

template <class Row>
void table(SkeletonFile& file, const std::string& name) {
  file.stream(name, row_type<Row>());
}

void write_private(SkeletonFile& file, const Skeleton& skeleton) {
  {
    const Handle root = file.group(at::root);
    write_attribute(root, "layout", layout_version);
    write_attribute(root, "version", skeleton.version);
    write_attribute(root, "revision", skeleton.revision);
    write_attribute(root, "seed", skeleton.seed);
    write_attribute(root, "duration_ms", skeleton.duration_ms);
  }

  // What was run.
  for (const auto slot : text_slots) file.stream(at::text(slot), H5T_NATIVE_UINT8);
  file.stream(at::log, H5T_NATIVE_UINT8);
  for (const auto& group : {at::checkpoint, at::training_checkpoint}) {
    file.group(group);
    for (const char* slot : {"/a", "/b"}) file.stream(group + slot, H5T_NATIVE_UINT8);
  }
  file.stream(at::model_text, H5T_NATIVE_UINT8);
  table<PluginRow>(file, at::plugins);
  table<ParameterRow>(file, at::stage_parameters);
  table<StageRow>(file, at::stages);
  file.group(at::parameters);
  for (const auto& object : skeleton.objects) file.parameters(object.name, object.attributes);
  file.texts(at::root + "/objects", [&] {
    std::vector<std::string> names;
    for (const auto& object : skeleton.objects) names.push_back(object.name);
    return names;
  }());

  // Weights that change.
  for (const auto& projection : skeleton.projections) {
    const auto n = static_cast<std::int64_t>(projection.synapses.targets.size());
    if (!projection.plastic || n == 0) continue;
    file.stream(at::snapshot_times(projection.name), H5T_NATIVE_DOUBLE, 0, 64);
    file.stream(at::snapshots(projection.name), H5T_NATIVE_FLOAT, n, 1);
  }

  // What later stages add.
  table<LayerRow>(file, at::layers);
  file.stream(at::theta, H5T_NATIVE_FLOAT, 0, 1 << 14);
  table<EpochRecord>(file, at::epochs);
  table<ChannelRow>(file, at::channels);
  file.stream(at::prediction_time, H5T_NATIVE_DOUBLE, 0, 4096);
  file.stream(at::prediction_split, H5T_NATIVE_UINT8, 0, 4096);
  for (const auto& name : {at::target, at::prediction, at::baseline}) file.stream(name, H5T_NATIVE_FLOAT, -1, 4096);
  table<MetricRow>(file, at::metrics);
  table<MetricBaselineRow>(file, at::metric_baselines);
}
}  // namespace

void write_skeleton(const std::string& path, const Skeleton& skeleton) {
  check_names(skeleton);
  SkeletonFile file(path, skeleton.duration_ms);
  try {
    write_sonata(file, skeleton);
    write_nwb(file, skeleton);
    write_private(file, skeleton);
    file.finish();
  } catch (const Error&) {
    file.abandon();
    throw;
  }
}

}  // namespace proxon::archive
