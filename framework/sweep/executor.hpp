// Where trials run. A sweep gives trials out and hears of results and of trials that were lost; it cannot tell a machine from a cluster.
#pragma once
#include <functional>

#include "proxon/sweep/worker.hpp"

namespace proxon::sweep {

/// A trial that ended its worker.
struct LostTrial {
  Trial trial;
  std::string reason;         ///< "ended by signal 11 (Segmentation fault); its last words: ..."
  bool from_outside = false;  ///< killed by somebody else, or its node was lost: not its own fault
  double start = 0, seconds = 0;
  int32_t worker = -1;
};

class Executor {
 public:
  virtual ~Executor() = default;

  /// How many trials it takes now.
  virtual int64_t room() const = 0;
  virtual void give(std::vector<Trial> trials) = 0;
  /// How many were given out and have not come back.
  virtual int64_t outstanding() const = 0;

  using OnResult = std::function<void(Result&&, const std::vector<JournalReader::AxisName>&)>;
  using OnLost = std::function<void(LostTrial&&)>;
  /// Returns after `seconds` at the latest, earlier when something has happened.
  virtual void wait(double seconds, const OnResult& result, const OnLost& lost) = 0;

  /// Tells all workers to end; what they were at is not finished. They are gone when the executor is.
  virtual void stop() = 0;
};

/// Worker processes of this machine, each running many trials. `looks_back`: no more trials are taken than run at once. They are numbered from
/// `first`; `workers` are as many as the plan says when 0.
std::unique_ptr<Executor> local_executor(const Plan& plan, const Places& places, bool looks_back, int32_t first = 0, int64_t workers = 0);

/// Jobs of a Slurm cluster, an array of as many tasks as there are workers, each running `command` with its number as SLURM_ARRAY_TASK_ID. The folder
/// of the archive must be one that all nodes share.
std::unique_ptr<Executor> slurm_executor(const Plan& plan, const Places& places, bool looks_back, const std::string& command);

/// What a task of a cluster runs: takes trials from its file of orders, runs them in a worker process of its own, and ends when it is told to or when
/// nobody has given out trials for long. Begun anew on another node, it goes on where it was.
void run_task(const Plan& plan, const Places& places, int32_t number);

/// The result of a trial that was lost for good.
Result failed_result(const Plan& plan, LostTrial&& lost);

}  // namespace proxon::sweep
