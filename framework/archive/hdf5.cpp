#include "proxon/archive/hdf5.hpp"

#include <algorithm>

namespace proxon::archive {

void silence_hdf5() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

std::string hdf5_message() {
  std::string message;
  auto innermost = [](unsigned depth, const H5E_error2_t* error, void* out) -> herr_t {
    if (depth == 0 && error->desc) *static_cast<std::string*>(out) = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, &message);
  // Of a failed system call, only the system's own words.
  const std::string_view mark = "error message = '";
  if (const auto begin = message.find(mark); begin != std::string::npos) {
    const auto end = message.find('\'', begin + mark.size());
    message = message.substr(begin + mark.size(), end - begin - mark.size());
  }
  return message;
}

template <>
hid_t memory_type<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
hid_t memory_type<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
hid_t memory_type<std::int64_t>() {
  return H5T_NATIVE_INT64;
}
template <>
hid_t memory_type<std::uint64_t>() {
  return H5T_NATIVE_UINT64;
}
template <>
hid_t memory_type<std::int32_t>() {
  return H5T_NATIVE_INT32;
}
template <>
hid_t memory_type<std::uint32_t>() {
  return H5T_NATIVE_UINT32;
}
template <>
hid_t memory_type<std::uint8_t>() {
  return H5T_NATIVE_UINT8;
}

Handle text_type() { return text_type(H5T_VARIABLE); }

Handle text_type(std::size_t n) {
  Handle type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type, n);
  H5Tset_cset(type, H5T_CSET_UTF8);
  if (n != H5T_VARIABLE) H5Tset_strpad(type, H5T_STR_NULLPAD);
  return type;
}

Handle dataspace(std::span<const hsize_t> extent, std::span<const hsize_t> limit) {
  if (extent.empty()) return Handle(H5Screate(H5S_SCALAR));
  return Handle(
      H5Screate_simple(static_cast<int>(extent.size()), extent.data(), limit.empty() ? nullptr : limit.data()));
}

bool exists(hid_t where, const std::string& name) {
  // H5Lexists wants every group on the way to exist.
  for (std::size_t slash = name.find('/', 1);; slash = name.find('/', slash + 1)) {
    const std::string part = name.substr(0, slash);
    if (part != "/" && H5Lexists(where, part.c_str(), H5P_DEFAULT) <= 0) return false;
    if (slash == std::string::npos) break;
  }
  return name == "/" || H5Oexists_by_name(where, name.c_str(), H5P_DEFAULT) > 0;
}

std::vector<hsize_t> extent(hid_t dataset) {
  const Handle space(H5Dget_space(dataset));
  std::vector<hsize_t> n(std::max(0, H5Sget_simple_extent_ndims(space)));
  if (!n.empty()) H5Sget_simple_extent_dims(space, n.data(), nullptr);
  return n;
}

Handle open_dataset(hid_t file, const std::string& name, std::string_view path, hid_t access) {
  if (!exists(file, name)) fail("'{}' has no data set '{}'.", path, name);
  return Handle(h5(H5Dopen2(file, name.c_str(), access), "cannot open the data set '" + name + "' of", path));
}

Handle converting(std::size_t bytes) {
  Handle transfer(H5Pcreate(H5P_DATASET_XFER));
  H5Pset_buffer(transfer, std::clamp<std::size_t>(2 * bytes, 4096, 1 << 20), nullptr, nullptr);
  return transfer;
}

namespace {
enum class Way { read, write };
void transfer_rows(Way way, hid_t dataset, hid_t type, hsize_t begin, hsize_t count, void* data,
                   std::string_view path) {
  if (count == 0) return;
  const Handle space(H5Dget_space(dataset));
  std::vector<hsize_t> n(H5Sget_simple_extent_ndims(space)), first(n.size(), 0);
  H5Sget_simple_extent_dims(space, n.data(), nullptr);
  first[0] = begin, n[0] = count;
  H5Sselect_hyperslab(space, H5S_SELECT_SET, first.data(), nullptr, n.data(), nullptr);
  const Handle memory = dataspace(n), transfer = converting(static_cast<std::size_t>(H5Sget_select_npoints(space)) * H5Tget_size(type));
  const herr_t result = way == Way::read ? H5Dread(dataset, type, memory, space, transfer, data)
                                         : H5Dwrite(dataset, type, memory, space, transfer, data);
  h5(result, way == Way::read ? "cannot read" : "cannot write", path);
}
}  // namespace

void read_rows(hid_t dataset, hid_t type, hsize_t begin, hsize_t count, void* data, std::string_view path) {
  transfer_rows(Way::read, dataset, type, begin, count, data, path);
}

void write_rows(hid_t dataset, hid_t type, hsize_t begin, hsize_t count, const void* data, std::string_view path) {
  transfer_rows(Way::write, dataset, type, begin, count, const_cast<void*>(data), path);
}

void write_attribute(hid_t object, const std::string& name, hid_t file_type, hid_t type, const void* data,
                     std::span<const hsize_t> extent) {
  const Handle space = dataspace(extent);
  const Handle attribute(H5Acreate2(object, name.c_str(), file_type, space, H5P_DEFAULT, H5P_DEFAULT));
  h5(static_cast<hid_t>(attribute), "cannot make the attribute", name);
  h5(H5Awrite(attribute, type, data), "cannot write the attribute", name);
}

void write_attribute(hid_t object, const std::string& name, std::string_view value) {
  const std::string copy(value);
  const char* pointer = copy.c_str();
  const Handle type = text_type();
  write_attribute(object, name, type, type, &pointer);
}

void write_attribute(hid_t object, const std::string& name, const std::vector<std::string>& values) {
  std::vector<const char*> pointers;
  for (const auto& value : values) pointers.push_back(value.c_str());
  const Handle type = text_type();
  const hsize_t n = values.size();
  write_attribute(object, name, type, type, pointers.data(), std::span(&n, 1));
}

bool has_attribute(hid_t object, const std::string& name) { return H5Aexists(object, name.c_str()) > 0; }

Kind kind_of(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
    case H5T_FLOAT:
    case H5T_ENUM:
      return Kind::number;
    case H5T_STRING:
      return Kind::text;
    default:
      return Kind::other;
  }
}

namespace {
/// Texts out of `n` elements; `read` fills a buffer of the memory type that it is given.
template <class Read>
std::vector<std::string> texts(hid_t file_type, hid_t space, hssize_t n, Read read) {
  std::vector<std::string> values(n);
  if (n == 0) return values;
  if (H5Tis_variable_str(file_type) > 0) {
    Handle type(H5Tcopy(H5T_C_S1));
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5Tget_cset(file_type));
    std::vector<char*> pointers(n, nullptr);
    read(type, pointers.data());
    for (hssize_t i = 0; i < n; ++i) values[i] = pointers[i] ? pointers[i] : "";
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, pointers.data());
    return values;
  }
  const std::size_t size = H5Tget_size(file_type);
  std::vector<char> bytes(size * n);
  read(file_type, bytes.data());
  const bool spaces = H5Tget_strpad(file_type) == H5T_STR_SPACEPAD;
  for (hssize_t i = 0; i < n; ++i) {
    std::string& value = values[i];
    value.assign(&bytes[i * size], strnlen(&bytes[i * size], size));
    if (spaces) value.erase(value.find_last_not_of(' ') + 1);
  }
  return values;
}
}  // namespace

std::vector<double> attribute_numbers(hid_t object, const std::string& name, std::string_view path) {
  const Handle attribute(h5(H5Aopen(object, name.c_str(), H5P_DEFAULT), "no attribute '" + name + "' in", path));
  const Handle type(H5Aget_type(attribute)), space(H5Aget_space(attribute));
  if (kind_of(type) != Kind::number) fail("the attribute '{}' in '{}' holds no numbers.", name, path);
  std::vector<double> values(H5Sget_simple_extent_npoints(space));
  h5(H5Aread(attribute, H5T_NATIVE_DOUBLE, values.data()), "cannot read the attribute '" + name + "' of", path);
  return values;
}

std::vector<std::string> attribute_texts(hid_t object, const std::string& name, std::string_view path) {
  const Handle attribute(h5(H5Aopen(object, name.c_str(), H5P_DEFAULT), "no attribute '" + name + "' in", path));
  const Handle type(H5Aget_type(attribute)), space(H5Aget_space(attribute));
  if (kind_of(type) != Kind::text) fail("the attribute '{}' in '{}' holds no text.", name, path);
  return texts(type, space, H5Sget_simple_extent_npoints(space), [&](hid_t memory, void* data) {
    h5(H5Aread(attribute, memory, data), "cannot read the attribute '" + name + "' of", path);
  });
}

std::string attribute_text(hid_t object, const std::string& name) {
  if (!has_attribute(object, name)) return "";
  const Handle attribute(H5Aopen(object, name.c_str(), H5P_DEFAULT));
  const Handle type(H5Aget_type(attribute));
  if (kind_of(type) != Kind::text) return "";
  const auto values = attribute_texts(object, name, name);
  return values.empty() ? "" : values.front();
}

std::vector<std::string> dataset_texts(hid_t dataset, std::string_view path) {
  const Handle type(H5Dget_type(dataset)), space(H5Dget_space(dataset));
  const Handle transfer = converting(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)) * sizeof(char*));
  return texts(type, space, H5Sget_simple_extent_npoints(space), [&](hid_t memory, void* data) {
    h5(H5Dread(dataset, memory, H5S_ALL, H5S_ALL, transfer, data), "cannot read", path);
  });
}

std::vector<std::string> member_names(hid_t group) {
  std::vector<std::string> names;
  auto visit = [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->push_back(name);
    return 0;
  };
  H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, visit, &names);
  return names;
}

std::vector<std::string> attribute_names(hid_t object) {
  std::vector<std::string> names;
  // In the order in which they were made, where the file kept it.
  auto visit = [](hid_t, const char* name, const H5A_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->push_back(name);
    return 0;
  };
  if (H5Aiterate2(object, H5_INDEX_CRT_ORDER, H5_ITER_INC, nullptr, visit, &names) >= 0) return names;
  names.clear();
  H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, nullptr, visit, &names);
  return names;
}

}  // namespace proxon::archive
