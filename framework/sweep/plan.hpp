// The sweep file: which experiment, which axes, how points are chosen, what is good, what a trial may cost and where it runs. Every key is
// declared here; read_plan() refuses a file with one sentence when anything is wrong with it or with the experiment at any value of an axis,
// before the first trial is run.
#pragma once
#include "proxon/experiment/settings.hpp"
#include "proxon/sweep/task.hpp"

namespace proxon::sweep {

/// The keys at the head of the file.
struct SweepSettings {
  std::string_view title = "";
  std::string_view description = "";
  std::string_view experiment = "";
  std::string_view function = "";
  double function_time = 0;
  std::span<const std::string_view> set;
  PluginRef sampler{"grid"};
  int64_t trials = 0;
  int64_t repeats = 1;
  int64_t seed = 1;
  int64_t lag = 0;
  std::span<const std::string_view> constraints;
  static constexpr auto fields() {
    using S = SweepSettings;
    return std::tuple{field<&S::title>("", "what the report is headed with; the file's name when empty"),
                      field<&S::description>("", "what the sweep is to find, in a sentence or two"),
                      field<&S::experiment>("", "the experiment file whose parameters the axes change", file_name),
                      field<&S::function>("", "in place of an experiment, a test function of the axes: sphere, rosenbrock, branin, hartmann6"),
                      field<&S::function_time>("ms", "how long a trial of a test function works", at_least(0)),
                      field<&S::set>("", "key=value: replaces a value of the experiment in all trials, like --set of proxon run"),
                      field<&S::sampler>("", "how points are chosen", plugin_of("sampler")),
                      field<&S::trials>("1", "how many points are tried; 0: all of a sampler that has an end", at_least(0)),
                      field<&S::repeats>("1", "trials a point: with the experiment's seed, the next one, ...; a sampler sees their mean", between(1, 10000)),
                      field<&S::seed>("1", "key of the sampler's random numbers", at_least(0)),
                      field<&S::lag>("1", "of a sampler that learns: point n is proposed from the results of all points up to n - lag and of no others, so that the "
                                          "points are the same for any number of workers; 0: from whatever has ended by then",
                                     between(0, 100000)),
                      field<&S::constraints>("", "conditions that a point must keep, for example \"hidden * batch <= 4096\"")};
  }
};

/// [axes.NAME]
struct AxisSettings {
  std::string_view parameter = "";
  std::span<const std::string_view> parameters;
  std::span<const std::string_view> values;
  double low = 0;
  double high = 0;
  std::string_view space = "linear";
  int64_t points = 0;
  std::string_view zip = "";
  std::string_view when = "";
  bool fidelity = false;
  static constexpr auto fields() {
    using S = AxisSettings;
    return std::tuple{
        field<&S::parameter>("", "path of the parameter, for example training.optimizer.learning_rate"),
        field<&S::parameters>("", "or paths of several parameters, which all take the same value"),
        field<&S::values>("", "the values to try", of_any_type),
        field<&S::low>("1", "or the lower end of a range, in the parameter's own unit"),
        field<&S::high>("1", "and its upper end"),
        field<&S::space>("", "how a range is searched: evenly, by ratios, whole numbers only, whole numbers by ratios", one_of("linear|log|integer|log_integer")),
        field<&S::points>("1", "how many values a grid takes from a range, its ends among them; of whole numbers, all when absent", at_least(0)),
        field<&S::zip>("", "another axis that this one moves with: their n-th values belong together"),
        field<&S::when>("", "condition over other axes without which this one is left out, for example \"rule == 'hebb'\""),
        field<&S::fidelity>("", "how much work a trial is (epochs, simulated time): its upper end is what is wanted, and a sampler may try with less")};
  }
};

/// [objectives.NAME]
struct ObjectiveSettings {
  std::string_view metric = "";
  std::string_view scope = "";
  std::string_view goal = "minimise";
  static constexpr auto fields() {
    using S = ObjectiveSettings;
    return std::tuple{field<&S::metric>("", "a figure of the evaluation, train_loss, validation_loss, or seconds", required),
                      field<&S::scope>("", "what the figure is taken over (\"test\", \"E1\"); the first that there is when empty"),
                      field<&S::goal>("", "which values are good", one_of("minimise|maximise"))};
  }
};

/// [trial]
struct TrialSettings {
  double time_limit = 0;
  double memory_limit = 0;
  int64_t retries = 1;
  std::string_view keep = "none";
  int64_t keep_best = 3;
  bool curves = true;
  static constexpr auto fields() {
    using S = TrialSettings;
    return std::tuple{field<&S::time_limit>("s", "time after which a trial is ended and counts as failed; 0: none", at_least(0)),
                      field<&S::memory_limit>("1", "memory in MB that a worker may have; a trial that needs more fails; 0: no limit", at_least(0)),
                      field<&S::retries>("1", "how often a trial is begun again whose worker was killed from outside or whose node was lost", between(0, 100)),
                      field<&S::keep>("", "whose archives are kept in the results", one_of("none|best|all")),
                      field<&S::keep_best>("1", "keep best: how many", at_least(1)),
                      field<&S::curves>("", "whether the curves of the trainings are kept")};
  }
};

/// [executor]
struct ExecutorSettings {
  std::string_view name = "local";
  int64_t workers = 0;
  int64_t threads = 1;
  std::span<const std::string_view> options;
  static constexpr auto fields() {
    using S = ExecutorSettings;
    return std::tuple{field<&S::name>("", "where trials run: worker processes of this machine, or jobs of a Slurm cluster", one_of("local|slurm")),
                      field<&S::workers>("1", "how many at once; 0: one a processor", between(0, 100000)),
                      field<&S::threads>("1", "threads of each", between(1, 1024)),
                      field<&S::options>("", "slurm: what sbatch is given besides, for example \"--partition=long\"")};
  }
};

std::vector<SectionInfo> sweep_sections();

struct Objective {
  std::string name, metric, scope;
  bool maximise = false;
  std::string where;
};

/// A sweep that has been read and checked.
struct Plan {
  std::string file, text, title;
  Values head, trial, executor;
  Space space;
  std::vector<Objective> objectives;
  std::unique_ptr<Task> task;

  const SweepSettings& settings() const { return head.as<SweepSettings>(); }
  const TrialSettings& limits() const { return trial.as<TrialSettings>(); }
  const ExecutorSettings& where_to_run() const { return executor.as<ExecutorSettings>(); }
  const PluginValue& sampler() const { return *settings().sampler.value; }
};

/// `overrides` replace values of the sweep file ("--set"). `plugins_as_of`: see ExperimentTaskOptions.
Plan read_plan(const std::string& file, const std::vector<std::string>& overrides, Registry& registry,
               const std::vector<archive::PluginRecord>& plugins_as_of = {});

}  // namespace proxon::sweep
