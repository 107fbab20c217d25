#include "proxon/sweep/worker.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <bit>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <new>

#include "proxon/base/progress.hpp"
#include "proxon/base/threads.hpp"

namespace proxon::sweep {

namespace fs = std::filesystem;

double monotonic_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
double wall_seconds() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

Worker::Worker(const WorkerSetup& setup, Watch* watch)
    : setup_(setup), watch_(watch), journal_(setup.places.journal(setup.number), setup.plan->space) {
  std::error_code none;
  const std::string scratch = setup.places.scratch(setup.number);
  fs::remove_all(scratch, none);
  fs::create_directories(scratch);
  set_quiet(true);
  set_threads(static_cast<int>(setup.plan->where_to_run().threads));
  // A crash is a figure of the sweep, not a file in the folder: run alone, the trial leaves its core.
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (const double megabytes = setup.plan->limits().memory_limit; megabytes > 0) {
    const auto limit = static_cast<rlim_t>(megabytes * 1e6);
    const rlimit most{limit, limit};
    setrlimit(RLIMIT_AS, &most);
  }
  std::set_new_handler([] { _exit(out_of_memory_status); });
}

Worker::~Worker() {
  std::error_code none;
  fs::remove_all(setup_.places.scratch(setup_.number), none);
}

void Worker::run(std::span<const Trial> trials, const std::function<void()>& each) {
  // Those that can be run together.
  const Plan& plan = *setup_.plan;
  std::vector<std::optional<Result>> results(trials.size());
  if (trials.size() > 1 && plan.task->at_once() > 1) {
    const double start = wall_seconds(), begin = monotonic_seconds();
    watch_->since = begin, watch_->number = Watch::together;
    results = plan.task->run_together(plan.space, trials, setup_.places.scratch(setup_.number));
    // One whose archive is wanted is run again, alone, where it leaves one: its result is the same to the bit.
    for (size_t i = 0; i < trials.size(); ++i)
      if (results[i] && trials[i].keep && beats_bar(trials[i], *results[i])) results[i].reset();
    const auto n = std::count_if(results.begin(), results.end(), [](const auto& result) { return result.has_value(); });
    const double seconds = (monotonic_seconds() - begin) / static_cast<double>(std::max<int64_t>(n, 1));
    for (std::optional<Result>& result : results) {
      if (!result) continue;
      result->start = start, result->seconds = seconds, result->worker = setup_.number;
      journal_.append(*result);
      each();
    }
    watch_->number = Watch::none;
  }
  for (size_t i = 0; i < trials.size(); ++i)
    if (!results[i]) run_alone(trials[i]), each();
}

void Worker::run_alone(const Trial& trial) {
  Result result{.trial = trial, .start = wall_seconds(), .worker = setup_.number};
  const double begin = monotonic_seconds();
  watch_->repeat = trial.repeat, watch_->since = begin, watch_->number = trial.number;
  const Plan& plan = *setup_.plan;
  try {
    plan.task->run(plan.space, trial, setup_.places.scratch(setup_.number), result);
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& error) {
    result.state = TrialState::failed, result.reason = error.what();
    if (result.trial.id == TrialId{}) result.trial.id = id_of_key(trial.key);
  }
  if (result.state == TrialState::failed) result.figures.clear(), result.curve.clear(), result.archive.clear();
  result.seconds = monotonic_seconds() - begin;
  if (!result.archive.empty() && !beats_bar(trial, result)) result.archive.clear();
  journal_.append(result);
  watch_->number = Watch::none;
}

/// Whether a result is good enough for its archive to be kept.
bool Worker::beats_bar(const Trial& trial, const Result& result) const {
  if (std::isnan(trial.bar)) return true;
  const Objective& objective = setup_.plan->objectives.front();
  const std::string figure = figure_of(objective, result.figures);
  for (const auto& [name, value] : result.figures)
    if (name == figure && !(objective.maximise ? value > trial.bar : value < trial.bar)) return false;
  return result.state == TrialState::done;
}

TrialId id_of_key(uint64_t key) { return hash_of({"key", std::to_string(key)}); }

std::string figure_of(const Objective& objective, const std::vector<std::pair<std::string, double>>& figures) {
  if (objective.metric == "seconds") return "seconds";
  const std::string exact = objective.scope.empty() ? objective.metric : objective.metric + "." + objective.scope;
  for (const auto& [name, value] : figures)
    if (name == exact) return name;
  for (const auto& [name, value] : figures)
    if (objective.scope.empty() && name.starts_with(objective.metric + ".")) return name;
  return "";
}

std::string pack(const Trial& trial) {
  const int64_t head[] = {trial.number, trial.repeat, static_cast<int64_t>(trial.key), trial.keep | trial.alone << 1, std::bit_cast<int64_t>(trial.bar), static_cast<int64_t>(trial.point.size())};
  std::string bytes(reinterpret_cast<const char*>(head), sizeof head);
  bytes.append(reinterpret_cast<const char*>(trial.point.data()), trial.point.size() * sizeof(double));
  return bytes;
}

bool unpack(const std::string& bytes, size_t& at, Trial& trial) {
  int64_t head[6];
  if (bytes.size() - at < sizeof head) return false;
  std::memcpy(head, bytes.data() + at, sizeof head);
  const size_t values = static_cast<size_t>(head[5]) * sizeof(double);
  if (bytes.size() - at - sizeof head < values) return false;
  trial = {.number = head[0], .repeat = static_cast<int32_t>(head[1]), .key = static_cast<uint64_t>(head[2]), .point = Point(static_cast<size_t>(head[5])),
           .keep = (head[3] & 1) != 0, .alone = (head[3] & 2) != 0, .bar = std::bit_cast<double>(head[4])};
  std::memcpy(trial.point.data(), bytes.data() + at + sizeof head, values);
  at += sizeof head + values;
  return true;
}

}  // namespace proxon::sweep
