// Ranks: the processes of one run that was started with `mpirun -n N`. The only door to MPI: built without it (the default) there is one rank, and
// nothing else in the tree knows the difference. All ranks come to every meeting in the same order; bytes pass from rank to rank as they are.
//
// What goes wrong on one rank ends all: it comes to its next meeting (failed_on_rank) with its sentence, rank 0 throws the sentence of the lowest
// rank that failed, and the others throw Elsewhere, which ends them without a word. So a person reads one sentence, and nobody waits for ever.
#pragma once
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "proxon/base/error.hpp"

namespace proxon {

/// Another rank failed, or was interrupted, and rank 0 says why.
class Elsewhere : public std::exception {
 public:
  const char* what() const noexcept override { return "another rank failed"; }
};

/// Joins the other ranks, where the program was started by mpirun. Throws Error where it was and this build has no MPI. Called once, by the
/// thread that later comes to the meetings.
void join_ranks();
/// Parts from the others for good: from now on this rank is alone (and keeps its number).
void leave_ranks();

int rank();
int ranks();

using Bytes = std::vector<char>;

/// A meeting: everyone gets what all give, rank by rank (2 GB together at most).
std::vector<Bytes> share(std::span<const char> mine);
/// A meeting: rank 0 gets what all give, rank by rank; the others get nothing.
std::vector<Bytes> collect(std::span<const char> mine);
/// A meeting: everyone gets what rank 0 gives.
Bytes spread(std::span<const char> from_first);
/// A meeting where nothing passes: returns when all have come.
void meet();

/// Comes to the next meeting of the others with a sentence in place of what they expect. Returns the sentence that rank 0 has to say, "" on the
/// other ranks.
std::string failed_on_rank(const std::string& sentence);

/// Values packed one after the other, and read in the same order.
class Pack {
 public:
  template <class T>
  void value(const T& v) {
    static_assert(std::is_trivially_copyable_v<T>);
    raw(&v, sizeof v);
  }
  template <class List>
  void list(const List& values) {
    value<int64_t>(static_cast<int64_t>(std::size(values)));
    raw(std::data(values), std::size(values) * sizeof(*std::data(values)));
  }
  void raw(const void* data, size_t size) {
    if (size > 0) bytes_.insert(bytes_.end(), static_cast<const char*>(data), static_cast<const char*>(data) + size);
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

class Unpack {
 public:
  explicit Unpack(std::span<const char> bytes) : left_(bytes) {}
  template <class T>
  T value() {
    T v;
    raw(&v, sizeof v);
    return v;
  }
  template <class List>
  List list() {
    List values;
    values.resize(static_cast<size_t>(value<int64_t>()));
    raw(values.data(), values.size() * sizeof(*values.data()));
    return values;
  }
  void raw(void* to, size_t size) {
    PROXON_CHECK(size <= left_.size(), "{} bytes asked of {}", size, left_.size());
    if (size > 0) std::memcpy(to, left_.data(), size);
    left_ = left_.subspan(size);
  }
  bool empty() const { return left_.empty(); }

 private:
  std::span<const char> left_;
};

}  // namespace proxon
