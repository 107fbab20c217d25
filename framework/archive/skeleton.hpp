// Makes the objects of the skeleton; inside this room only. All helpers make the groups on the way. Times are not
// tracked in object headers, so that equal runs give equal bytes.
#pragma once
#include "proxon/archive/layout.hpp"

namespace proxon::archive {

class SkeletonFile {
 public:
  SkeletonFile(const std::string& path, double duration_ms);

  hid_t file() const { return file_; }
  const std::string& path() const { return path_; }
  double duration_ms() const { return duration_ms_; }

  Handle group(const std::string& name);
  void link(const std::string& existing, const std::string& name);

  /// A stream of rows of `type`: [rows], or [rows, columns] with `columns` > 0, or [rows, any] with columns = -1.
  Handle stream(const std::string& name, hid_t type, std::int64_t columns = 0, std::int64_t chunk_rows = 0);

  /// Data sets that never change.
  Handle array(const std::string& name, hid_t file_type, hid_t type, std::span<const hsize_t> extent, const void* data);
  Handle scalar_text(const std::string& name, std::string_view text);
  Handle texts(const std::string& name, const std::vector<std::string>& values, hsize_t columns = 0);
  /// n times the same value, which takes no room: HDF5's fill value.
  Handle constant(const std::string& name, hid_t type, hsize_t n, const void* value);
  template <class T>
  Handle constant(const std::string& name, hsize_t n, T value) {
    return constant(name, memory_type<T>(), n, &value);
  }
  template <class T>
  Handle array(const std::string& name, std::span<const T> values) {
    const hsize_t n = values.size();
    return array(name, memory_type<T>(), memory_type<T>(), std::span(&n, 1), values.data());
  }
  /// n numbers that `fill(begin, block)` makes block by block.
  template <class T, class Fill>
  Handle blocks(const std::string& name, hsize_t n, Fill fill) {
    Handle dataset = array(name, memory_type<T>(), memory_type<T>(), std::span(&n, 1), nullptr);
    std::vector<T> block(std::min<hsize_t>(n, 1 << 18));
    for (hsize_t begin = 0; begin < n; begin += block.size()) {
      const hsize_t count = std::min<hsize_t>(block.size(), n - begin);
      fill(begin, std::span(block.data(), count));
      write_rows(dataset, memory_type<T>(), begin, count, block.data(), path_);
    }
    return dataset;
  }

  /// Attributes of parameters below /proxon/parameters/NAME.
  void parameters(const std::string& name, const std::vector<Attribute>& attributes);

  /// Writes the list of streams and closes the file.
  void finish();
  /// Closes the file without writing more of it, after a write that failed.
  void abandon();

 private:
  std::string path_;
  double duration_ms_;
  Handle links_;  ///< link creation: groups on the way are made
  Handle file_;
  std::vector<std::string> streams_;
};

// The parts, each in a file of its own.
void write_sonata(SkeletonFile& file, const Skeleton& skeleton);
void write_nwb(SkeletonFile& file, const Skeleton& skeleton);

}  // namespace proxon::archive
