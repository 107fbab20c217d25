// What a trial runs: an experiment, or a test function of the literature on which samplers and machines are tried. The sweep does not know
// which. A task is made once and then used by every worker in its own process.
#pragma once
#include <memory>
#include <optional>
#include <span>

#include "proxon/plugin/registry.hpp"
#include "proxon/sweep/trial.hpp"

namespace proxon::sweep {

class Task {
 public:
  virtual ~Task() = default;

  /// What a trial's values are beside the axes, as text: equal for two tasks that mean the same. It is part of every identity.
  virtual std::string basis() const = 0;
  /// The identity of a trial. Throws Error when its values are refused.
  virtual TrialId identify(const Space& space, const Trial& trial) = 0;
  /// Runs it, with what it needs for itself in `scratch`, and fills in identity, figures, curve and archive. Throws Error, or Interrupted.
  virtual void run(const Space& space, const Trial& trial, const std::string& scratch, Result& result) = 0;
  /// How many trials a worker is best given at a time because together they cost less; 1: that makes no difference.
  virtual int64_t at_once() const { return 1; }
  /// Runs those of the trials that can be run together; the others have no result, and are run one by one. What fails in one of them is its own
  /// failure. Throws Interrupted.
  virtual std::vector<std::optional<Result>> run_together(const Space&, std::span<const Trial> trials, const std::string&) {
    return std::vector<std::optional<Result>>(trials.size());
  }
  /// The text of the file that it runs; "" when there is none.
  virtual std::string text() const { return ""; }
  /// What a person types to run a trial alone, before the values of its axes and its seed; "" when that is not possible.
  virtual std::string command() const { return ""; }
  /// Seed of the first repeat.
  virtual uint64_t seed() const { return 0; }
  /// Files of the plugins that take part, with their check sums.
  virtual std::vector<archive::PluginRecord> plugins() const { return {}; }
};

/// A hash of texts, one after the other (SHA-256, its first half).
TrialId hash_of(std::initializer_list<std::string_view> texts);

struct ExperimentTaskOptions {
  std::string file;
  std::vector<Override> settings;  ///< of the sweep, before those of a trial
  bool curves = true;
  /// Plugins as they were when earlier trials were run: used for identities in place of the files' own sums.
  std::vector<archive::PluginRecord> plugins_as_of = {};
};

/// An experiment file. Makes `space` know more of its axes (unit, whole numbers), and refuses with the axis's place what the experiment refuses:
/// every choice and both ends of every range are tried before anything is run.
std::unique_ptr<Task> experiment_task(const ExperimentTaskOptions& options, Registry& registry, Space& space);

/// sphere, rosenbrock, branin or hartmann6 of the axes in their order; gives the figure `value`. A trial works for `milliseconds`.
std::unique_ptr<Task> function_task(const std::string& name, double milliseconds, const Space& space);

/// Names of the test functions, and their value at a point.
std::vector<std::string> test_functions();
double test_function(std::string_view name, std::span<const double> x);

}  // namespace proxon::sweep
