// Files that are replaced as a whole: written under another name beside the target and renamed into place, so that the target is either the old
// file or the whole new one, whatever happens in between.
#pragma once
#include <string>
#include <string_view>

namespace proxon {

/// The other name. It goes away with this object, unless it was put in place.
class PartFile {
 public:
  explicit PartFile(std::string path);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  const std::string& path() const { return path_; }  ///< what it will be called
  const std::string& part() const { return part_; }  ///< what to write to
  /// Renames part() to path(). Returns 0 or an errno.
  int put_in_place();

 private:
  std::string path_, part_;
  bool placed_ = false;
};

/// Replaces `path` by a file of these bytes, which are on the disk when it returns. Returns 0, or an errno, and then `path` is what it was.
int write_file(const std::string& path, std::string_view bytes);

}  // namespace proxon
