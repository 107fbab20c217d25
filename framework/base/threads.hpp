// Threads. The only door to OpenMP: a loop over chunks whose borders depend on the work alone, never on how many threads
// there are, so that whatever is computed a chunk at a time is equal to the bit for any number of threads.
//
// (One door also lets thread sanitizer see the meeting points, which it cannot see inside libgomp.)
#pragma once
#include <cstdint>
#include <type_traits>
#include <utility>

namespace proxon {

/// How many threads parallel work uses from now on; 0 means one a processor. Set once by the program.
void set_threads(int n);
int threads();

namespace detail {
class Meeting;
}

/// The threads that work on one parallel region: who I am, how many we are, and where we meet.
class Team {
 public:
  Team(int rank, int size, detail::Meeting* meeting) : rank_(rank), size_(size), meeting_(meeting) {}
  int rank() const { return rank_; }
  int size() const { return size_; }
  /// Returns when every thread of the team has come here.
  void barrier() const;

 private:
  int rank_, size_;
  detail::Meeting* meeting_;
};

namespace detail {
void run_team(int size, void (*body)(void*, const Team&), void* context);
void run_chunks(int64_t chunks, void (*body)(void*, int64_t), void* context);
}  // namespace detail

/// Runs body(team) on `size` threads at once (0: threads()). An exception of any thread is thrown here once all are done;
/// a body that uses barrier() must therefore not throw between two meetings.
template <class Body>
void parallel(int size, Body&& body) {
  using Function = std::remove_reference_t<Body>;
  detail::run_team(size, [](void* context, const Team& team) { (*static_cast<Function*>(context))(team); },
                   const_cast<void*>(static_cast<const void*>(&body)));
}

/// Runs body(begin, end) over [0, n) in chunks of `grain`, on all threads, in no particular order.
template <class Body>
void parallel_for(int64_t n, int64_t grain, Body&& body) {
  struct Context {
    std::remove_reference_t<Body>* body;
    int64_t n, grain;
  } context{&body, n, grain};
  detail::run_chunks((n + grain - 1) / grain,
                     [](void* raw, int64_t chunk) {
                       const Context& c = *static_cast<Context*>(raw);
                       const int64_t begin = chunk * c.grain;
                       (*c.body)(begin, begin + c.grain < c.n ? begin + c.grain : c.n);
                     },
                     &context);
}

}  // namespace proxon
