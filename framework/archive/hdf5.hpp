// Small handles over the HDF5 C API; inside this room only. Every call goes through h5(), which turns a failure into
// one Error sentence that carries HDF5's innermost message; HDF5's own printing is off. Plain values in, plain values
// out: no template of HDF5's types is seen elsewhere.
#pragma once
#include <hdf5.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxon/base/error.hpp"

namespace proxon::archive {

/// Owns an HDF5 identifier of any kind.
class Handle {
 public:
  Handle() = default;
  explicit Handle(hid_t id) : id_(id) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~Handle() { reset(); }
  void reset() {
    if (id_ >= 0) H5Idec_ref(id_);
    id_ = H5I_INVALID_HID;
  }
  hid_t release() { return std::exchange(id_, H5I_INVALID_HID); }
  operator hid_t() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }

 private:
  hid_t id_ = H5I_INVALID_HID;
};

/// HDF5's innermost message about the failure just seen ("No space left on device"), or "".
std::string hdf5_message();

/// Switches off HDF5's printing of its error stack. Called before any other use.
void silence_hdf5();

/// Passes `result` through, or throws Error("WHAT 'PATH': MESSAGE.") when it is negative.
template <class T>
T h5(T result, std::string_view what, std::string_view path) {
  if (result >= 0) return result;
  const std::string message = hdf5_message();
  fail("{} '{}'{}{}.", what, path, message.empty() ? "" : ": ", message);
}

/// The memory type of T.
template <class T>
hid_t memory_type();

/// Text types: of variable length, and of `n` bytes padded with zeros; both UTF-8.
Handle text_type();
Handle text_type(std::size_t n);

Handle dataspace(std::span<const hsize_t> extent, std::span<const hsize_t> limit = {});

/// True when `name` (which may be a path) stands below `where`.
bool exists(hid_t where, const std::string& name);

/// Extent of a data set.
std::vector<hsize_t> extent(hid_t dataset);

Handle open_dataset(hid_t file, const std::string& name, std::string_view path, hid_t access = H5P_DEFAULT);

/// How data of so many bytes are read or written: HDF5 clears a megabyte for every conversion between types, and of texts, however few they are.
Handle converting(std::size_t bytes);

/// Reads or writes rows [begin, begin + count) along the first axis, and all of (or the first `columns` along) the
/// second.
void read_rows(hid_t dataset, hid_t type, hsize_t begin, hsize_t count, void* data, std::string_view path);
void write_rows(hid_t dataset, hid_t type, hsize_t begin, hsize_t count, const void* data, std::string_view path);

// Attributes.
void write_attribute(hid_t object, const std::string& name, std::string_view value);
void write_attribute(hid_t object, const std::string& name, const std::vector<std::string>& values);
void write_attribute(hid_t object, const std::string& name, hid_t file_type, hid_t type, const void* data,
                     std::span<const hsize_t> extent = {});
template <class T>
requires std::is_arithmetic_v<T>
void write_attribute(hid_t object, const std::string& name, T value) {
  write_attribute(object, name, memory_type<T>(), memory_type<T>(), &value);
}
bool has_attribute(hid_t object, const std::string& name);
/// Numbers or texts of an attribute or of a data set; `kind` says which it is.
enum class Kind { number, text, other };
Kind kind_of(hid_t type);
std::vector<double> attribute_numbers(hid_t object, const std::string& name, std::string_view path);
std::vector<std::string> attribute_texts(hid_t object, const std::string& name, std::string_view path);
/// First text of an attribute, or "" when there is none.
std::string attribute_text(hid_t object, const std::string& name);
std::vector<std::string> dataset_texts(hid_t dataset, std::string_view path);
/// Names in a group, or of the attributes of an object.
std::vector<std::string> member_names(hid_t group);
std::vector<std::string> attribute_names(hid_t object);

}  // namespace proxon::archive
