#include "proxon/base/checkpoint.hpp"

#include <cstring>

#include "proxon/base/error.hpp"

namespace proxon {

void Checkpoint::keep(std::string name, const void* data, size_t bytes) {
  const char* first = static_cast<const char*>(data);
  columns.push_back({std::move(name), {first, first + bytes}});
}

const std::vector<char>& Checkpoint::find(const std::string& name) const {
  for (const Column& column : columns)
    if (column.name == name) return column.bytes;
  fail("The checkpoint has no '{}': it belongs to another experiment. Begin anew, without --resume.", name);
}

const char* Checkpoint::find(const std::string& name, size_t bytes) const {
  const std::vector<char>& saved = find(name);
  if (saved.size() != bytes)
    fail("The checkpoint's '{}' has {} bytes in place of {}: it belongs to another experiment. Begin anew, without --resume.", name, saved.size(), bytes);
  return saved.data();
}

void Checkpoint::put_back(const std::string& name, void* data, size_t bytes) const {
  const char* saved = find(name, bytes);
  if (bytes > 0) std::memcpy(data, saved, bytes);
}

}  // namespace proxon
