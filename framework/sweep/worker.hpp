// What one worker does with a trial, wherever it runs: it runs it, writes the result to its journal, and tells what it is at, so that whoever
// watches can say which trial a crash or a hang belongs to.
#pragma once
#include <atomic>
#include <functional>
#include <span>

#include "proxon/sweep/results.hpp"

namespace proxon::sweep {

/// Shared with the process that watches.
struct Watch {
  static constexpr int64_t none = -1, together = -2;
  std::atomic<int64_t> number{none};  ///< of the trial that runs; together: several at once
  std::atomic<int32_t> repeat{0};
  std::atomic<double> since{0};  ///< s, monotonic
};

double monotonic_seconds();
double wall_seconds();

struct WorkerSetup {
  const Plan* plan;
  Places places;
  int32_t number = 0;
};

/// How a worker process ends that has no memory left: nothing that it could still do would be safe.
inline constexpr int out_of_memory_status = 86;

class Worker {
 public:
  /// Makes its journal and an empty scratch folder; takes the memory limit and the number of threads for the whole process.
  Worker(const WorkerSetup& setup, Watch* watch);
  ~Worker();

  /// Runs trials and keeps their results; calls `each` after every one. Throws Interrupted when it is told to stop, and Error when a result cannot be
  /// kept.
  void run(std::span<const Trial> trials, const std::function<void()>& each);

 private:
  void run_alone(const Trial& trial);
  bool beats_bar(const Trial& trial, const Result& result) const;

  WorkerSetup setup_;
  Watch* watch_;
  JournalWriter journal_;
};

/// The identity of a trial whose experiment is refused, so that it has none of its own.
TrialId id_of_key(uint64_t key);

/// The figure that an objective means among those there are: "metric.scope", or the first of the metric. "" when there is none.
std::string figure_of(const Objective& objective, const std::vector<std::pair<std::string, double>>& figures);

/// A trial as bytes, for a pipe or a file, and back. `at` moves behind it; false when the bytes end before it does.
std::string pack(const Trial& trial);
bool unpack(const std::string& bytes, size_t& at, Trial& trial);

}  // namespace proxon::sweep
