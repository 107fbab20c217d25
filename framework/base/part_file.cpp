#include "proxon/base/part_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace proxon {

PartFile::PartFile(std::string path) : path_(std::move(path)), part_(fmt::format("{}.{}.part", path_, getpid())) {}

PartFile::~PartFile() {
  if (!placed_) unlink(part_.c_str());
}

int PartFile::put_in_place() {
  if (std::rename(part_.c_str(), path_.c_str()) != 0) return errno;
  placed_ = true;
  return 0;
}

int write_file(const std::string& path, std::string_view bytes) {
  PartFile part(path);
  const int file = open(part.part().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return errno;
  int problem = 0;
  while (problem == 0 && !bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      problem = errno;
    }
  }
  if (problem == 0 && fsync(file) != 0 && errno != EINVAL && errno != EROFS) problem = errno;
  if (close(file) != 0 && problem == 0) problem = errno;
  return problem == 0 ? part.put_in_place() : problem;
}

}  // namespace proxon
