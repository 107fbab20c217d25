// A sweep from its file to its archive: points from the sampler, trials to the executor, results to the table, until all are done. What was done is
// not done again, whoever did it: a trial is known by its identity. Killed at any moment, the sweep goes on with the same command; nothing that
// had ended is lost or counted twice.
#pragma once
#include "proxon/sweep/executor.hpp"

namespace proxon::sweep {

/// What becomes of trials that were run with a plugin that has been rebuilt since.
enum class Rebuilt { ask, keep, again };

struct SweepOptions {
  std::string archive;
  Rebuilt rebuilt = Rebuilt::ask;
  bool retry_failed = false;
  bool quiet = false;
  std::string task_command;  ///< what a job of a cluster runs; its number follows
};

struct SweepSummary {
  int64_t done = 0, failed = 0;  ///< of the points that the sweep has now
  int64_t before = 0;            ///< of them, known from before
  double seconds = 0;
};

/// Runs what is left to run. Throws Error, or Interrupted with all that has ended in the archive.
SweepSummary run_sweep(const std::string& file, const std::vector<std::string>& overrides, Registry& registry, const SweepOptions& options);

/// Rows that are done, best first by the first objective; of several objectives those first that no other row beats in all of them.
std::vector<int64_t> ranked(const archive::SweepTable& table);
/// Rows that no other row beats in all objectives.
std::vector<int64_t> pareto_front(const archive::SweepTable& table);

/// A point with its repeats: mean, and half the width of the 95 % interval of the mean (Student's t), of an objective.
struct PointMean {
  int64_t first_row = 0;
  int64_t n = 0;
  double mean = 0, half_width = 0;  ///< half_width is NaN of a single trial
};
std::vector<PointMean> point_means(const archive::SweepTable& table, const archive::SweepObjective& objective);

}  // namespace proxon::sweep
