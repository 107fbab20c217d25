// What a worker has done, in one append-only file. Every record is written by one call and carries its length and a check sum: a process that
// is killed at any moment leaves whole records and perhaps a torn last one, which a reader leaves out and the next writer cuts off. A journal
// names its axes and figures itself, so that it can be read when the sweep's file has changed since.
#pragma once
#include <functional>
#include <map>

#include "proxon/sweep/trial.hpp"

namespace proxon::sweep {

class JournalWriter {
 public:
  JournalWriter() = default;
  /// Makes the file, or goes on behind its last whole record. Throws Error.
  JournalWriter(const std::string& path, const Space& space);
  JournalWriter(JournalWriter&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), figures_(std::move(other.figures_)) {}
  JournalWriter& operator=(JournalWriter&& other) noexcept {
    std::swap(path_, other.path_), std::swap(fd_, other.fd_), std::swap(figures_, other.figures_);
    return *this;
  }
  ~JournalWriter();

  /// On disk for the system when it returns, if not for a loss of power. Throws Error when the disk is full: the record is not there then.
  void append(const Result& result);

 private:
  std::string path_;
  int fd_ = -1;
  std::map<std::string, uint32_t> figures_;
};

/// Reads what has been appended so far, and later what came since.
class JournalReader {
 public:
  /// `with_archives` reads kept archives too, which may be large.
  explicit JournalReader(std::string path, bool with_archives = false) : path_(std::move(path)), with_archives_(with_archives) {}
  JournalReader(JournalReader&& other) noexcept;
  ~JournalReader();

  /// Calls `each` for every whole result that has not been read yet; true when there was any.
  bool read(const std::function<void(Result&&)>& each);

  const std::string& path() const { return path_; }
  /// Name and choices of the axes that the points are over.
  struct AxisName {
    std::string name;
    std::vector<std::string> choices;  ///< of axes whose values are positions
  };
  const std::vector<AxisName>& axes() const { return axes_; }

 private:
  std::string path_;
  bool with_archives_;
  int fd_ = -1;
  int64_t offset_ = 0;
  std::vector<AxisName> axes_;
  std::vector<std::string> figures_;
};

}  // namespace proxon::sweep
