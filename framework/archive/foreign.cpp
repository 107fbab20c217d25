#include "proxon/archive/foreign.hpp"

#include "proxon/archive/file.hpp"

namespace proxon::archive {

namespace {
Handle open_any(const std::string& path) { return open_file(path, left_as(path)); }

/// The object, or an Error that names what stands beside it.
Handle open_object(hid_t file, const std::string& name, const std::string& path) {
  if (!exists(file, name)) {
    const auto slash = name.find_last_of('/');
    const std::string parent = slash == std::string::npos || slash == 0 ? "/" : name.substr(0, slash);
    std::string hint;
    if (exists(file, parent)) {
      const Handle group(H5Oopen(file, parent.c_str(), H5P_DEFAULT));
      if (H5Iget_type(group) == H5I_GROUP)
        hint = did_you_mean(name.substr(slash == std::string::npos ? 0 : slash + 1), member_names(group));
    }
    fail("'{}' has no object '{}'.{}", path, name, hint);
  }
  return Handle(h5(H5Oopen(file, name.c_str(), H5P_DEFAULT), "cannot open '" + name + "' in", path));
}

Handle open_data(hid_t file, const std::string& name, const std::string& path) {
  Handle object = open_object(file, name, path);
  if (H5Iget_type(object) != H5I_DATASET) fail("'{}' in '{}' is not a data set.", name, path);
  return object;
}
}  // namespace

std::vector<std::string> list(const std::string& path, const std::string& group) {
  const Handle file = open_any(path), object = open_object(file, group, path);
  if (H5Iget_type(object) != H5I_GROUP) fail("'{}' in '{}' is not a group.", group, path);
  std::vector<std::string> names;
  for (const auto& name : member_names(object)) {
    H5O_info_t info;
    const bool known = H5Oget_info_by_name2(object, name.c_str(), &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0;
    names.push_back(known && info.type == H5O_TYPE_GROUP ? name + "/" : name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool contains(const std::string& path, const std::string& object) { return exists(open_any(path), object); }

std::vector<std::int64_t> shape(const std::string& path, const std::string& dataset) {
  const Handle file = open_any(path);
  const auto n = extent(open_data(file, dataset, path));
  return {n.begin(), n.end()};
}

std::vector<double> read_numbers(const std::string& path, const std::string& dataset, std::int64_t begin,
                                 std::int64_t count) {
  const Handle file = open_any(path), data = open_data(file, dataset, path);
  const Handle type(H5Dget_type(data)), space(H5Dget_space(data));
  if (kind_of(type) != Kind::number) fail("the data set '{}' in '{}' holds no numbers.", dataset, path);
  const auto n = extent(data);
  if (n.empty()) {
    std::vector<double> value(H5Sget_simple_extent_npoints(space));
    if (!value.empty())
      h5(H5Dread(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, value.data()), "cannot read", path);
    return value;
  }
  const auto rows = static_cast<std::int64_t>(n[0]);
  if (count < 0) count = rows - begin;
  if (begin < 0 || count < 0 || begin + count > rows)
    fail("rows {} to {} of '{}' in '{}': there are {}.", begin, begin + count, dataset, path, rows);
  std::size_t total = static_cast<std::size_t>(count);
  for (std::size_t axis = 1; axis < n.size(); ++axis) total *= n[axis];
  std::vector<double> values(total);
  if (total > 0)
    read_rows(data, H5T_NATIVE_DOUBLE, static_cast<hsize_t>(begin), static_cast<hsize_t>(count), values.data(), path);
  return values;
}

std::vector<std::string> read_strings(const std::string& path, const std::string& dataset) {
  const Handle file = open_any(path), data = open_data(file, dataset, path);
  if (kind_of(Handle(H5Dget_type(data))) != Kind::text) fail("the data set '{}' in '{}' holds no text.", dataset, path);
  return dataset_texts(data, path);
}

bool has_attribute(const std::string& path, const std::string& object, const std::string& name) {
  const Handle file = open_any(path), where = open_object(file, object, path);
  return has_attribute(where, name);
}

AttributeValue read_attribute(const std::string& path, const std::string& object, const std::string& name) {
  const Handle file = open_any(path), where = open_object(file, object, path);
  if (!has_attribute(where, name))
    fail("'{}' in '{}' has no attribute '{}'.{}", object, path, name, did_you_mean(name, attribute_names(where)));
  const Handle attribute(H5Aopen(where, name.c_str(), H5P_DEFAULT)), type(H5Aget_type(attribute));
  if (kind_of(type) == Kind::text) return attribute_texts(where, name, path);
  return attribute_numbers(where, name, path);
}

}  // namespace proxon::archive
