#include "proxon/base/threads.hpp"

#include <omp.h>

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

// Under thread sanitizer this file alone is built without it, and says itself where threads meet.
#ifdef PROXON_TSAN
extern "C" void __tsan_acquire(void*);
extern "C" void __tsan_release(void*);
#define PROXON_MEET_RELEASE(p) __tsan_release(p)
#define PROXON_MEET_ACQUIRE(p) __tsan_acquire(p)
#else
#define PROXON_MEET_RELEASE(p) static_cast<void>(p)
#define PROXON_MEET_ACQUIRE(p) static_cast<void>(p)
#endif

namespace proxon {
namespace {

int wanted_threads = 0;
char fork_point, join_point;

/// Keeps the first exception that any thread throws.
class FirstException {
 public:
  void keep() {
    std::lock_guard lock(mutex_);
    if (!exception_) exception_ = std::current_exception();
  }
  void rethrow() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr exception_;
};

}  // namespace

void set_threads(int n) { wanted_threads = n; }

int threads() { return wanted_threads > 0 ? wanted_threads : omp_get_num_procs(); }

namespace detail {

/// Where the threads of a team wait for each other. Steps of a simulation are microseconds long, so the first wait is a short spin; where the
/// processors are shared with other programs a thread that spins keeps the one away that it waits for, so it then gives its turn away, and sleeps
/// in the end. (libgomp's barrier spins for milliseconds before it sleeps: measured up to 20 times slower on a machine that is busy.)
class Meeting {
 public:
  void wait(int size) {
    const uint32_t phase = phase_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size) {
      arrived_.store(0, std::memory_order_relaxed);
      phase_.store(phase + 1, std::memory_order_release);
      phase_.notify_all();
      return;
    }
    for (int i = 0; i < 2000; ++i) {
      if (phase_.load(std::memory_order_acquire) != phase) return;
      __builtin_ia32_pause();
    }
    for (int i = 0; i < 200; ++i) {
      if (phase_.load(std::memory_order_acquire) != phase) return;
      std::this_thread::yield();
    }
    phase_.wait(phase, std::memory_order_acquire);
  }

 private:
  std::atomic<int> arrived_{0};
  alignas(64) std::atomic<uint32_t> phase_{0};
};

}  // namespace detail

void Team::barrier() const {
  if (size_ == 1) return;
  PROXON_MEET_RELEASE(meeting_);
  meeting_->wait(size_);
  PROXON_MEET_ACQUIRE(meeting_);
}

namespace detail {

void run_team(int size, void (*body)(void*, const Team&), void* context) {
  if (size <= 0) size = threads();
  if (size == 1) return body(context, Team(0, 1, nullptr));
  FirstException first;
  Meeting meeting;
  PROXON_MEET_RELEASE(&fork_point);
#pragma omp parallel num_threads(size)
  {
    PROXON_MEET_ACQUIRE(&fork_point);
    try {
      body(context, Team(omp_get_thread_num(), omp_get_num_threads(), &meeting));
    } catch (...) {
      first.keep();
    }
    PROXON_MEET_RELEASE(&join_point);
  }
  PROXON_MEET_ACQUIRE(&join_point);
  first.rethrow();
}

void run_chunks(int64_t chunks, void (*body)(void*, int64_t), void* context) {
  const int size = static_cast<int>(chunks < threads() ? chunks : threads());
  if (size <= 1 || omp_in_parallel()) {
    for (int64_t chunk = 0; chunk < chunks; ++chunk) body(context, chunk);
    return;
  }
  struct Shared {
    std::atomic<int64_t> next{0};
    int64_t chunks;
    void (*body)(void*, int64_t);
    void* context;
  } shared{.chunks = chunks, .body = body, .context = context};
  run_team(size,
           [](void* raw, const Team&) {
             Shared& s = *static_cast<Shared*>(raw);
             for (int64_t chunk; (chunk = s.next.fetch_add(1, std::memory_order_relaxed)) < s.chunks;) s.body(s.context, chunk);
           },
           &shared);
}

}  // namespace detail
}  // namespace proxon
