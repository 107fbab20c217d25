#include "proxon/sweep/sweep.hpp"

#include <sys/wait.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <unordered_set>
#include <deque>

#include "proxon/base/progress.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/experiment/version.hpp"
#include "proxon/sweep/history.hpp"

namespace proxon::sweep {

namespace fs = std::filesystem;

namespace {

/// What proposals the numbers of a table belong to: with another sampler or another space they count anew.
std::string signature(const Plan& plan) {
  std::string text = fmt::format("{} {}", plan.sampler().name, plan.settings().seed);
  if (plan.settings().lag > 0) text += fmt::format(" lag {}", plan.settings().lag);
  for (const Entry& entry : plan.sampler().values.entries()) text += fmt::format(" {}={}", entry.name, entry.value);
  for (const Axis& axis : plan.space.axes) {
    text += fmt::format("\n{} {} {} {} {} {} {}", axis.name, fmt::join(axis.parameters, ","), fmt::join(axis.choices, ","), axis.low, axis.high, axis.points, axis.fidelity);
    text += fmt::format(" {} {} {} {}", axis.logarithmic, axis.whole, axis.moves_with ? plan.space.axes[*axis.moves_with].name : "", axis.when ? axis.when->text() : "");
  }
  for (const Expression& constraint : plan.space.constraints) text += "\n" + constraint.text();
  for (const Objective& objective : plan.objectives) text += fmt::format("\n{} {} {}", objective.metric, objective.scope, objective.maximise);
  return fmt::format("{} {}", plan.sampler().name, hash_of({text}).text());
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S%z", std::localtime(&now));
  return text;
}

/// One point that was proposed, until all its repeats have ended.
struct Proposal {
  size_t place = 0;  // in the history
  Point point;
  std::vector<int64_t> rows;  // of the repeats that have ended
};

class Sweep {
 public:
  Sweep(Plan& plan, const Places& places, Results& results, const SweepOptions& options)
      : plan_(plan), places_(places), results_(results), options_(options), axes_(axis_names(plan.space)), coordinates_(plan.space.coordinates()),
        history_(plan.objectives.size()), outcomes_(history_, plan.settings().lag), journal_(fmt::format("{}/coordinator.journal", places.work()), plan.space) {
    for (const Objective& objective : plan.objectives) maximise_.push_back(objective.maximise);
    const auto& settings = plan.settings();
    repeats_ = settings.repeats;
    sampler_ = {plan.sampler(), SamplerSetup{Key{static_cast<uint64_t>(settings.seed), purpose("sampler")}, coordinates_.data(),
                                             static_cast<int64_t>(coordinates_.size()), maximise_.data(), static_cast<int64_t>(maximise_.size()), settings.trials}};
    points_ = sampler_.table().points(sampler_.object());
    if (settings.lag > 0 && !sampler_.table().looks_back)
      fail("{}: lag = {} is for a sampler that learns from results, and '{}' does not: leave it out.", plan.file, settings.lag, sampler_.name());
    wanted_ = settings.trials > 0 ? settings.trials : points_;
    basis_ = hash_of({plan.task->basis()});
    results.table().objectives.clear();
    for (const Objective& objective : plan.objectives)
      results.table().objectives.push_back({objective.name, objective.scope.empty() ? objective.metric : objective.metric + "." + objective.scope, objective.maximise});
    results.describe_axes(plan.space);
    know_rows();
  }

  SweepSummary run() {
    const bool looks_back = sampler_.table().looks_back != 0;
    // With a lag it is told here how many points are on their way.
    const bool one_each = looks_back && plan_.settings().lag == 0;
    executor_ = plan_.where_to_run().name == "slurm" ? slurm_executor(plan_, places_, one_each, options_.task_command) : local_executor(plan_, places_, one_each);
    const double begin = monotonic_seconds();
    std::optional<Progress> progress;
    double shown = 0;
    try {
      while (true) {
        stop_if_interrupted("sweeping");
        give_out();
        // Time left is told by what was run now: what is known from before has been gone through by here.
        if (!progress) before_ = ended_, progress.emplace("sweep", std::max<int64_t>(1, expected() * repeats_ - before_));
        if (queue_.empty() && executor_->outstanding() == 0 && exhausted_) break;
        executor_->wait(0.1, [&](Result&& result, const auto& axes) { take(result, axes); }, [&](LostTrial&& lost) { take(std::move(lost)); });
        if (const double now = monotonic_seconds(); now - shown > 0.05) progress->update(ended_ - before_, state_text()), shown = now;
        publish_now_and_then();
      }
    } catch (...) {
      executor_->stop();
      finish_publishing();
      throw;
    }
    finish_publishing();
    summary_.seconds = monotonic_seconds() - begin;
    progress->done(closing_text());
    return summary_;
  }

  std::vector<TrialId> kept() const {
    const auto keep = plan_.limits().keep;
    std::vector<TrialId> ids;
    if (keep == "none") return ids;
    std::vector<int64_t> rows = ranked(results_.table());
    if (keep == "best" && static_cast<int64_t>(rows.size()) > plan_.limits().keep_best) rows.resize(static_cast<size_t>(plan_.limits().keep_best));
    for (const int64_t row : rows) ids.push_back(results_.table().id[static_cast<size_t>(row)]);
    return ids;
  }

 private:
  bool has_end() const { return points_ < std::numeric_limits<int64_t>::max(); }

  /// How many points there will be: of a sampler that has an end, those that are allowed and distinct, where they can be counted in a moment.
  int64_t expected() {
    if (expected_ >= 0) return expected_;
    expected_ = std::min(wanted_, points_);
    const bool plain = plan_.space.constraints.empty() && std::none_of(plan_.space.axes.begin(), plan_.space.axes.end(), [](const Axis& a) { return a.when; });
    if (plain || !has_end() || points_ > most_counted) return expected_;
    std::unordered_set<uint64_t> seen;
    const SamplerHistory none{};
    for (int64_t number = 0; number < points_; ++number) {
      std::vector<double> at(coordinates_.size());
      Status status;
      sampler_.table().propose(sampler_.object(), number, &none, at.data(), static_cast<int64_t>(at.size()), &status);
      const Point point = plan_.space.at(at);
      if (plan_.space.allows(point)) seen.insert(key_of(point, 0));
    }
    if (seen.empty()) fail("{}: the constraints leave nothing of the {} points.", plan_.file, format_count(points_));
    return expected_ = std::min(wanted_, static_cast<int64_t>(seen.size()));
  }

  // ------------------------------------------------------------------------------------------------ points and trials

  /// Rows that answered proposals of this sampler in this space, by their numbers.
  void know_rows() {
    auto& table = results_.table();
    const std::string mine = signature(plan_);
    results_.number_for(mine);
    if (!(std::ofstream(places_.sampler()) << mine).flush()) fail("{}: cannot be written. Is there room on the disk?", places_.sampler());
    for (int64_t row = 0; row < table.rows(); ++row) {
      const int64_t number = table.number[static_cast<size_t>(row)];
      if (number >= 0 && table.state_of(row) != TrialState::outdated) numbered_[number].push_back(row);
      else foreign_ = true;
    }
  }

  uint64_t key_of(const Point& point, int32_t repeat) const {
    std::string text;
    for (const Override& o : plan_.space.overrides(point)) text += o.text + "\n";
    if (text.empty()) text.assign(reinterpret_cast<const char*>(point.data()), point.size() * sizeof(double));
    const std::string counted = std::to_string(repeat);
    const std::string_view basis(reinterpret_cast<const char*>(&basis_), sizeof basis_);
    return hash_of({basis, text, counted}).high;
  }

  /// Fills the queue with trials until the executor is busy; false when nothing more can be proposed now.
  void give_out() {
    while (static_cast<int64_t>(queue_.size()) < executor_->room()) {
      stop_if_interrupted("sweeping");
      if (!propose()) break;
    }
    const auto n = std::min<int64_t>(executor_->room(), static_cast<int64_t>(queue_.size()));
    if (n <= 0) return;
    std::vector<Trial> batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(queue_.begin() + n));
    queue_.erase(queue_.begin(), queue_.begin() + n);
    const bool keep = plan_.limits().keep != "none", all = plan_.limits().keep == "all";
    const bool full = static_cast<int64_t>(best_values_.size()) >= plan_.limits().keep_best;
    for (Trial& trial : batch) trial.keep = keep, trial.bar = !all && full ? (maximise_.front() ? -best_values_.back() : best_values_.back()) : NAN;
    executor_->give(std::move(batch));
  }

  bool propose() {
    if (exhausted_) return false;
    if (accepted_ >= wanted_ || next_ >= points_) return exhausted_ = true, false;
    const int64_t number = next_;
    std::vector<double> at(coordinates_.size(), NAN);
    Point point;
    const auto known = numbered_.find(number);
    std::optional<Point> answered;
    if (known != numbered_.end()) answered = results_.point(known->second.front(), plan_.space);
    if (answered) {
      point = *answered;
    } else {
      if (!outcomes_.show_for(number)) return false;
      const auto ask = [&] {
        Status status;
        const SamplerHistory history = history_.view();
        const bool has = sampler_.table().propose(sampler_.object(), number, &history, at.data(), static_cast<int64_t>(at.size()), &status);
        check(status, "sampler", sampler_.name());
        return has;
      };
      bool has = ask();
      // It waits for what the lag still hides.
      if (!has && open_.empty() && plan_.settings().lag > 0) outcomes_.show_for(number, true), has = ask();
      if (!has) {
        if (open_.empty()) fail("sampler '{}' waits though no trial runs.", sampler_.name());
        return false;
      }
      if (!std::all_of(at.begin(), at.end(), [](double coordinate) { return std::isfinite(coordinate); })) {
        if (refused_ > 0) nothing_left();
        fail("sampler '{}' proposes a point that is no number.", sampler_.name());
      }
      point = plan_.space.at(at);
    }
    ++next_;
    if (!plan_.space.allows(point)) {
      outcomes_.add(number, history_.add(number, at), sampler_failed, std::vector<double>(maximise_.size(), NAN));
      if (refused_++ == 0) refused_since_ = monotonic_seconds();
      // A sampler that learns takes the longer for a point the more were refused.
      if (refused_ >= most_refused || (refused_ >= many_refused && monotonic_seconds() - refused_since_ > refused_for)) nothing_left();
      return true;
    }
    // Of a sampler that has an end, points that differ only in axes that are not active are one.
    if (has_end() && !distinct_.insert(key_of(point, 0)).second) {
      outcomes_.add(number, history_.add(number, at), sampler_failed, std::vector<double>(maximise_.size(), NAN));
      return true;
    }
    refused_ = 0, ++accepted_;
    Proposal proposal{.place = history_.add(number, plan_.space.coordinates_of(point)), .point = point};
    open_.emplace(number, std::move(proposal));
    for (int32_t repeat = 0; repeat < repeats_; ++repeat) open_trial({.number = number, .repeat = repeat, .key = key_of(point, repeat), .point = point});
    return true;
  }

  [[noreturn]] void nothing_left() const {
    fail("{}: the constraints leave nothing that sampler '{}' finds: {} points in a row keep not all of them.", plan_.file, sampler_.name(), format_count(refused_));
  }

  /// What is known already is an answer at once; what runs already is waited for; the rest is queued.
  void open_trial(Trial trial) {
    std::optional<int64_t> row = results_.find_key(trial.key);
    if (!row && foreign_ && !in_flight_.contains(trial.key)) {
      // A trial of another space or with other words may mean the same.
      try {
        row = results_.find(plan_.task->identify(plan_.space, trial));
      } catch (const Error&) {
        row.reset();  // the trial itself will say what is wrong
      }
    }
    if (row) {
      ++summary_.before;
      results_.set_number(*row, trial.number);
      return answer(trial.number, *row);
    }
    auto& waiting = in_flight_[trial.key];
    waiting.push_back(trial.number);
    if (waiting.size() > 1) return;
    queue_.push_back(std::move(trial));
  }

  void answer(int64_t number, int64_t row) {
    ++ended_;
    note_best(row);
    (results_.table().state_of(row) == TrialState::done ? summary_.done : summary_.failed) += 1;
    const auto found = open_.find(number);
    Proposal& proposal = found->second;
    proposal.rows.push_back(row);
    if (static_cast<int64_t>(proposal.rows.size()) < repeats_) return;
    // The mean over the repeats that gave something.
    std::vector<double> means;
    for (const archive::SweepObjective& objective : results_.table().objectives) {
      double sum = 0, n = 0;
      for (const int64_t r : proposal.rows)
        if (const double value = results_.table().value(r, objective); std::isfinite(value)) sum += value, n += 1;
      means.push_back(n > 0 ? sum / n : NAN);
    }
    const bool done = std::all_of(means.begin(), means.end(), [](double m) { return std::isfinite(m); });
    outcomes_.add(number, proposal.place, done ? sampler_done : sampler_failed, means);
    open_.erase(found);
  }

  // ------------------------------------------------------------------------------------------------------- what comes back

  void take(const Result& result, const std::vector<JournalReader::AxisName>& axes) {
    if (result.state == TrialState::done) check_objectives(result.figures);
    const int64_t row = results_.add(result, axes);
    if (result.state == TrialState::failed && !failure_shown_ && !options_.quiet)
      failure_shown_ = true, note(fmt::format("trial {} failed: {} ({})", results_.table().id[static_cast<size_t>(row)].text().substr(0, 8), first_line(result.reason), plan_.space.text(result.trial.point)));
    const std::vector<int64_t> waiting = std::move(in_flight_[result.trial.key]);
    in_flight_.erase(result.trial.key);
    for (const int64_t number : waiting) answer(number, row);
  }

  static std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

  void take(LostTrial&& lost) {
    if (lost.from_outside && ++attempts_[lost.trial.key] <= plan_.limits().retries) {
      queue_.push_front(std::move(lost.trial));
      return;
    }
    const Result result = failed_result(plan_, std::move(lost));
    journal_.append(result);
    take(result, axes_);
  }

  /// The first trial shows which figures there are.
  void check_objectives(const std::vector<std::pair<std::string, double>>& figures) {
    if (std::exchange(objectives_checked_, true)) return;
    std::vector<std::string> names;
    for (const auto& [name, value] : figures) names.push_back(name);
    for (size_t o = 0; o < plan_.objectives.size(); ++o) {
      if (!figure_of(plan_.objectives[o], figures).empty()) continue;
      const std::string& wanted = results_.table().objectives[o].figure;
      fail("{}there is no figure '{}' in a trial's results; there are: {}.{}", plan_.objectives[o].where, wanted, fmt::join(names, ", "), did_you_mean(wanted, names));
    }
  }

  void note_best(int64_t row) {
    const archive::SweepObjective& first = results_.table().objectives.front();
    const double value = results_.table().value(row, first);
    if (!std::isfinite(value)) return;
    // The values that an archive must beat to be kept: the best few, best first, so that small is good.
    const double cost = first.maximise ? -value : value;
    best_values_.insert(std::upper_bound(best_values_.begin(), best_values_.end(), cost), cost);
    if (static_cast<int64_t>(best_values_.size()) > plan_.limits().keep_best) best_values_.pop_back();
    if (best_ >= 0 && (first.maximise ? value <= best_value_ : value >= best_value_)) return;
    best_ = row, best_value_ = value;
  }

  std::string state_text() {
    std::string text = fmt::format("{} of {}", format_count(ended_), format_count(expected() * repeats_));
    if (summary_.failed > 0) text += fmt::format(", {} failed", format_count(summary_.failed));
    if (best_ >= 0)
      text += fmt::format(", best {} {:.5g} (trial {})", results_.table().objectives.front().name, best_value_, results_.table().id[static_cast<size_t>(best_)].text().substr(0, 8));
    return text;
  }

  std::string closing_text() const {
    std::string text = fmt::format("{} trials done", format_count(summary_.done));
    if (summary_.failed > 0) text += fmt::format(", {} failed", format_count(summary_.failed));
    if (summary_.before > 0) text += fmt::format(", {} of them known from before", format_count(summary_.before));
    if (best_ >= 0) text += fmt::format("; best {} {:.5g}", results_.table().objectives.front().name, best_value_);
    return text;
  }

  // --------------------------------------------------------------------------------------------------------------- archive

  /// The archive shows how far the sweep is, at a price of no more than a fiftieth of the time.
  void publish_now_and_then() {
    const double now = monotonic_seconds();
    if (publisher_ > 0) {
      if (waitpid(publisher_, nullptr, WNOHANG) == 0) return;
      publisher_ = 0, publish_after_ = published_ + std::max(10.0, 50 * (now - published_));
    }
    if (now < publish_after_ || results_.table().rows() == rows_published_) return;
    published_ = now, rows_published_ = results_.table().rows();
    publisher_ = publish_aside(places_, results_, kept());
  }

  void finish_publishing() {
    if (publisher_ > 0) waitpid(std::exchange(publisher_, 0), nullptr, 0);
  }

  static constexpr int64_t most_refused = 1'000'000, many_refused = 1000, most_counted = 200'000;
  static constexpr double refused_for = 20;  // s
  Plan& plan_;
  Places places_;
  Results& results_;
  SweepOptions options_;
  std::vector<JournalReader::AxisName> axes_;
  std::vector<SamplerAxis> coordinates_;
  std::vector<uint32_t> maximise_;
  Instance<SamplerTable, SamplerSetup> sampler_;
  History history_;
  Outcomes outcomes_;
  JournalWriter journal_;
  std::unique_ptr<Executor> executor_;
  TrialId basis_;
  int64_t repeats_ = 1, points_ = 0, wanted_ = 0, next_ = 0, accepted_ = 0, before_ = 0, expected_ = -1, refused_ = 0, ended_ = 0;
  double refused_since_ = 0;
  bool exhausted_ = false, foreign_ = false, failure_shown_ = false, objectives_checked_ = false;
  std::unordered_map<int64_t, std::vector<int64_t>> numbered_;        // rows by the number of their proposal
  std::unordered_map<int64_t, Proposal> open_;                        // by number
  std::unordered_map<uint64_t, std::vector<int64_t>> in_flight_;      // proposals that wait for a trial, by its key
  std::unordered_map<uint64_t, int64_t> attempts_;                    // of trials that were lost
  std::unordered_set<uint64_t> distinct_;
  std::deque<Trial> queue_;
  SweepSummary summary_;
  int64_t best_ = -1;
  double best_value_ = NAN;
  std::vector<double> best_values_;
  int publisher_ = 0;
  double published_ = 0, publish_after_ = monotonic_seconds() + 0.2;  // a sweep that ends at once writes its archive once
  int64_t rows_published_ = -1;
};

/// Plugins that were rebuilt since the rows of a table were run.
std::vector<std::string> rebuilt(const archive::SweepTable& table, const std::vector<archive::PluginRecord>& now) {
  std::vector<std::string> names;
  for (const archive::PluginRecord& before : table.plugins)
    for (const archive::PluginRecord& plugin : now)
      if (plugin.kind == before.kind && plugin.name == before.name && plugin.stamp != before.stamp) names.push_back(fmt::format("{} '{}'", plugin.kind, plugin.name));
  return names;
}

void merge_plugins(archive::SweepTable& table, const std::vector<archive::PluginRecord>& now) {
  for (const archive::PluginRecord& plugin : now) {
    const auto same = [&](const archive::PluginRecord& p) { return p.kind == plugin.kind && p.name == plugin.name; };
    const auto found = std::find_if(table.plugins.begin(), table.plugins.end(), same);
    if (found == table.plugins.end()) table.plugins.push_back(plugin);
    else *found = plugin;
  }
}

/// What an archive says beside its rows.
std::string head_of(const archive::SweepTable& table) {
  std::string text = fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{} {} {}", table.title, table.description, table.sweep, table.experiment, table.sampler, table.command, table.seed,
                                 table.version, table.revision);
  for (const archive::PluginRecord& plugin : table.plugins) text += fmt::format("\n{} {} {} {}", plugin.kind, plugin.name, plugin.file, plugin.stamp);
  return text;
}

void clear_journals(const Places& places) {
  for (const std::string& path : places.journals()) std::remove(path.c_str());
}

}  // namespace

SweepSummary run_sweep(const std::string& file, const std::vector<std::string>& overrides, Registry& registry, const SweepOptions& options) {
  // One thread here: workers are forked from this process.
  set_threads(1);
  Plan plan = read_plan(file, overrides, registry);
  const Places places{options.archive};
  Lock lock(places);
  Results results(places);
  archive::SweepTable& table = results.table();

  // What was killed left journals: their trials move to the archive first.
  if (results.from_journals() > 0) {
    note(fmt::format("{}: a sweep was killed; all {} trials that it had ended are here.", places.archive, format_count(table.rows())));
    publish(places, results, [&] {
      std::vector<TrialId> all = table.id;
      return plan.limits().keep == "none" ? std::vector<TrialId>{} : all;
    }());
  }
  clear_journals(places);

  // Plugins that are not what they were.
  if (const auto names = rebuilt(table, plan.task->plugins()); !names.empty() && table.rows() > 0) {
    if (options.rebuilt == Rebuilt::ask)
      fail("{}: {} {} rebuilt since its {} trials were run. Give --rebuilt=keep to count them as done, or --rebuilt=again to run them anew.", places.archive,
           fmt::join(names, ", "), names.size() == 1 ? "was" : "were", format_count(table.rows()));
    if (options.rebuilt == Rebuilt::keep) plan = read_plan(file, overrides, registry, table.plugins);
    else results.outdate();
  }
  if (options.retry_failed)
    for (int64_t row = 0; row < table.rows(); ++row)
      if (table.state_of(row) == TrialState::failed) results.forget(row);

  const std::string head_before = head_of(table);
  table.title = plan.title, table.description = plan.settings().description, table.sweep = plan.text, table.experiment = plan.task->text();
  table.command = plan.task->command(), table.seed = plan.task->seed();
  table.version = version(), table.revision = revision();
  if (table.started.empty()) table.started = now_text();
  merge_plugins(table, plan.task->plugins());

  SweepSummary summary;
  std::optional<Sweep> sweep(std::in_place, plan, places, results, options);
  // An archive that says all this already is left as it is until there is something new.
  const auto up_to_date = [&] { return fs::exists(places.archive) && !results.changed() && head_of(table) == head_before; };
  if (table.rows() > 0 && !up_to_date()) publish(places, results, sweep->kept());
  auto close = [&](std::string problem = "") {
    try {
      merge_plugins(table, plan.task->plugins());
      if (!up_to_date()) publish(places, results, sweep->kept());
    } catch (const Error& error) {
      if (problem.empty()) problem = error.what();
      fail("{}{} What has ended is kept in {}; the same command goes on from there.", problem, problem.ends_with('.') ? "" : ".", places.work());
    }
    sweep.reset();
    std::error_code none;
    fs::remove_all(places.work(), none);
  };
  try {
    summary = sweep->run();
  } catch (const Interrupted&) {
    close();
    throw Interrupted(fmt::format("interrupted; {} trials are in {}, and the same command goes on.", format_count(table.rows()), places.archive));
  } catch (const Error& error) {
    close(error.what());
    throw;
  }
  close();
  return summary;
}

}  // namespace proxon::sweep
