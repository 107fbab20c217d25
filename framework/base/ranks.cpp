#include "proxon/base/ranks.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

#ifdef PROXON_MPI
#define OMPI_SKIP_MPICXX
#include <mpi.h>
#endif

namespace proxon {
namespace {

int my_rank = 0, all_ranks = 1;
bool joined = false;

/// True in a process that mpirun (or srun) started.
bool started_by_mpirun() {
  for (const char* variable : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"})
    if (std::getenv(variable)) return true;
  return false;
}

#ifdef PROXON_MPI

constexpr int64_t failed = -1;       // in place of a size
constexpr size_t piece = 1u << 30;  // MPI counts in int

void connect() {
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &my_rank);
  MPI_Comm_size(MPI_COMM_WORLD, &all_ranks);
}

void disconnect() { MPI_Finalize(); }

/// What every meeting begins with: how many bytes each rank brings, or that it failed.
std::vector<int64_t> sizes_of_all(int64_t mine) {
  std::vector<int64_t> sizes(static_cast<size_t>(all_ranks));
  MPI_Allgather(&mine, 1, MPI_INT64_T, sizes.data(), 1, MPI_INT64_T, MPI_COMM_WORLD);
  return sizes;
}

std::vector<Bytes> bytes_of_all(std::span<const char> mine, const std::vector<int64_t>& sizes) {
  std::vector<int> counts, begins;
  int64_t total = 0;
  for (const int64_t size : sizes) {
    counts.push_back(static_cast<int>(size)), begins.push_back(static_cast<int>(total));
    total += size;
    if (total > std::numeric_limits<int>::max()) fail("the ranks bring more than 2 GB to one meeting; simulate fewer neurons with longer delays.");
  }
  Bytes all(static_cast<size_t>(total));
  MPI_Allgatherv(mine.data(), static_cast<int>(mine.size()), MPI_CHAR, all.data(), counts.data(), begins.data(), MPI_CHAR, MPI_COMM_WORLD);
  std::vector<Bytes> by_rank;
  for (size_t r = 0; r < sizes.size(); ++r) by_rank.emplace_back(all.begin() + begins[r], all.begin() + begins[r] + counts[r]);
  return by_rank;
}

/// The sentence of the lowest rank that failed.
std::string first_sentence(const std::vector<int64_t>& sizes, const std::string& mine) {
  const std::vector<int64_t> lengths = sizes_of_all(static_cast<int64_t>(mine.size()));
  const std::vector<Bytes> texts = bytes_of_all(mine, lengths);
  for (size_t r = 0; r < sizes.size(); ++r)
    if (sizes[r] == failed) return {texts[r].begin(), texts[r].end()};
  return "";
}

/// Opens a meeting; throws where a rank has failed.
std::vector<int64_t> open_meeting(size_t mine) {
  std::vector<int64_t> sizes = sizes_of_all(static_cast<int64_t>(mine));
  if (std::count(sizes.begin(), sizes.end(), failed) == 0) return sizes;
  const std::string sentence = first_sentence(sizes, "");
  leave_ranks();
  if (my_rank == 0) throw Error(sentence);
  throw Elsewhere();
}

#else

void connect() {
  fail("this build has no MPI, and mpirun would start the same run many times; configure with -DPROXON_MPI=ON, or start proxon without mpirun.");
}
void disconnect() {}

#endif

}  // namespace

int rank() { return my_rank; }
int ranks() { return all_ranks; }

void join_ranks() {
  if (!started_by_mpirun()) return;
  connect();
  joined = true;
}

void leave_ranks() {
  if (std::exchange(joined, false)) disconnect();
  all_ranks = 1;
}

#ifdef PROXON_MPI

std::vector<Bytes> share(std::span<const char> mine) {
  if (all_ranks == 1) return {{mine.begin(), mine.end()}};
  return bytes_of_all(mine, open_meeting(mine.size()));
}

std::vector<Bytes> collect(std::span<const char> mine) {
  if (all_ranks == 1) return {{mine.begin(), mine.end()}};
  const std::vector<int64_t> sizes = open_meeting(mine.size());
  if (my_rank > 0) {
    for (size_t at = 0; at < mine.size(); at += piece)
      MPI_Send(mine.data() + at, static_cast<int>(std::min(piece, mine.size() - at)), MPI_CHAR, 0, 0, MPI_COMM_WORLD);
    return {};
  }
  std::vector<Bytes> all{{mine.begin(), mine.end()}};
  for (int r = 1; r < all_ranks; ++r) {
    Bytes& from = all.emplace_back(static_cast<size_t>(sizes[static_cast<size_t>(r)]));
    for (size_t at = 0; at < from.size(); at += piece)
      MPI_Recv(from.data() + at, static_cast<int>(std::min(piece, from.size() - at)), MPI_CHAR, r, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
  return all;
}

Bytes spread(std::span<const char> from_first) {
  if (all_ranks == 1) return {from_first.begin(), from_first.end()};
  const std::vector<int64_t> sizes = open_meeting(my_rank == 0 ? from_first.size() : 0);
  Bytes bytes(static_cast<size_t>(sizes[0]));
  if (my_rank == 0) std::copy(from_first.begin(), from_first.end(), bytes.begin());
  for (size_t at = 0; at < bytes.size(); at += piece)
    MPI_Bcast(bytes.data() + at, static_cast<int>(std::min(piece, bytes.size() - at)), MPI_CHAR, 0, MPI_COMM_WORLD);
  return bytes;
}

void meet() {
  if (all_ranks > 1) open_meeting(0);
}

std::string failed_on_rank(const std::string& sentence) {
  if (all_ranks == 1) {
    leave_ranks();
    return sentence;
  }
  const std::string first = first_sentence(sizes_of_all(failed), sentence);
  leave_ranks();
  return my_rank == 0 ? first : "";
}

#else

std::vector<Bytes> share(std::span<const char> mine) { return {{mine.begin(), mine.end()}}; }
std::vector<Bytes> collect(std::span<const char> mine) { return share(mine); }
Bytes spread(std::span<const char> from_first) { return {from_first.begin(), from_first.end()}; }
void meet() {}
std::string failed_on_rank(const std::string& sentence) { return sentence; }

#endif

}  // namespace proxon
