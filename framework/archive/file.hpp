// Opening and closing of archives: superblock, lock of the writer, SWMR; inside this room only.
#pragma once
#include <map>

#include "proxon/archive/layout.hpp"
#include "proxon/archive/recover.hpp"

namespace proxon::archive {

/// The first bytes of an HDF5 file, as far as they tell how it was left (HDF5 file format specification 3.0, II.A).
struct Superblock {
  int version = 0;
  bool open_for_write = false;
  std::uint64_t end = 0;    ///< length that HDF5 counts on
  std::uint64_t bytes = 0;  ///< length that the file has
};
Superblock read_superblock(const std::string& path);

/// Lock of the one writer; ends with the process, however that ends.
class WriterLock {
 public:
  WriterLock() = default;
  explicit WriterLock(const std::string& path);  ///< throws when another writer holds it
  WriterLock(WriterLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  WriterLock& operator=(WriterLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~WriterLock();
  static bool held(const std::string& path);

 private:
  int fd_ = -1;
};

/// "No such file", "Permission denied" ... as one sentence, before HDF5 sees the file.
void check_readable(const std::string& path);

/// How the file was left, by its first bytes and the lock alone.
Condition left_as(const std::string& path);

/// Opens any HDF5 file for reading, also one that a writer is at work on or was killed over.
Handle open_file(const std::string& path, Condition state);
/// The same, and throws when it is no archive of our layout.
Handle open_archive(const std::string& path, Condition state);
Handle open_for_append(const std::string& path);
/// From here on HDF5 writes to nowhere: after a write that failed, closing would put half of it into the file.
void write_to_nowhere(hid_t file);

/// Access list with a chunk cache that holds a whole chunk of any stream.
Handle stream_access();

/// Names and flushed rows of the streams.
struct StreamTable {
  std::vector<std::string> names;
  std::vector<std::uint64_t> rows;
  std::map<std::string, std::size_t> index;
};
StreamTable read_streams(hid_t file, const std::string& path, bool live);

/// Population of every spike stream, trace of every report ... needs the texts of the tables /proxon/populations etc.
std::vector<std::string> read_texts(hid_t file, const std::string& name, const std::string& path);

}  // namespace proxon::archive
