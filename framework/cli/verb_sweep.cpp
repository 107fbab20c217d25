#include <filesystem>
#include <fstream>

#include "proxon/base/csv.hpp"
#include "proxon/base/error.hpp"
#include "proxon/base/progress.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/cli/verbs.hpp"
#include "proxon/report/sweep_report.hpp"
#include "proxon/sweep/sweep.hpp"

namespace proxon::cli {
namespace {

namespace fs = std::filesystem;
using archive::SweepTable;
using archive::TrialState;
using sweep::Places;
using sweep::Results;

/// The archive that a sweep file or an archive's own name means.
Places places_of(const Call& call) {
  const std::string& file = call.arguments[0];
  if (call.has("output")) return {call.text("output")};
  if (fs::path(file).extension() == ".h5") return {file};
  return {fs::path(file).stem().string() + ".h5"};
}

Results results_of(const Places& places) {
  if (!fs::exists(places.archive) && places.journals().empty())
    fail("{}: does not exist, and no sweep that writes it runs. Is the name right? `proxon sweep FILE` begins one.", places.archive);
  return Results(places);
}

std::vector<std::string> overrides_of_sweep(const Call& call) {
  auto all = call.has("set") ? call.options["set"].as<std::vector<std::string>>() : std::vector<std::string>{};
  if (call.options.count("workers")) all.push_back(fmt::format("executor.workers={}", call.options["workers"].as<int64_t>()));
  if (call.has("trials")) all.push_back(fmt::format("trials={}", call.options["trials"].as<int64_t>()));
  return all;
}

int run_sweep(const Call& call, bool retry_failed) {
  set_quiet(call.has("quiet"));
  const std::string& file = call.arguments[0];
  const std::vector<std::string> words{"status", "best", "show", "retry", "export", "report"};
  if (!fs::exists(file)) fail("{}: there is no such file.{}", file, did_you_mean(file, words));
  sweep::SweepOptions options{.archive = places_of(call).archive, .retry_failed = retry_failed, .quiet = call.has("quiet")};
  if (const std::string rebuilt = call.text("rebuilt"); rebuilt == "keep") options.rebuilt = sweep::Rebuilt::keep;
  else if (rebuilt == "again") options.rebuilt = sweep::Rebuilt::again;
  else if (!rebuilt.empty()) fail("--rebuilt={}: must be keep (count those trials as done) or again (run them anew).", rebuilt);
  // What a job of a cluster runs: the same program and plugins, in the same folder, with the same words.
  options.task_command = fmt::format("'{}' sweep task '{}' --output '{}'", fs::read_symlink("/proc/self/exe").string(), file, options.archive);
  for (const std::string& setting : overrides_of_sweep(call)) options.task_command += fmt::format(" --set '{}'", setting);
  options.task_command += " --number";
  Registry registry(default_folders(fs::absolute(file).parent_path().string()));
  const sweep::SweepSummary summary = sweep::run_sweep(file, overrides_of_sweep(call), registry, options);
  if (summary.done == 0 && summary.failed > 0)
    fail("{}: all {} trials failed; `proxon sweep report {}` says why of each, `proxon sweep retry {} --failed` runs them again.", file, format_count(summary.failed), file, file);
  if (!call.has("quiet")) fmt::print("results    {} (`proxon sweep report {}` shows them)\n", options.archive, file);
  if (summary.failed > 0) note(fmt::format("{} trials failed; `proxon sweep retry {} --failed` runs them again.", format_count(summary.failed), file));
  return 0;
}

int task(const Call& call) {
  if (!call.has("number")) fail("proxon sweep task: give its --number. Jobs of a cluster run this; `proxon sweep` submits them.");
  const std::string& file = call.arguments[0];
  set_quiet(true), set_threads(1);
  Registry registry(default_folders(fs::absolute(file).parent_path().string()));
  const sweep::Plan plan = sweep::read_plan(file, overrides_of_sweep(call), registry);
  sweep::run_task(plan, places_of(call), call.options["number"].as<int32_t>());
  return 0;
}

int run(const Call& call) { return run_sweep(call, false); }

int retry(const Call& call) {
  if (!call.has("failed")) fail("proxon sweep retry: say which trials with --failed.");
  return run_sweep(call, true);
}

/// "r2 0.71 (9c3e10f2)"
std::string value_text(const SweepTable& table, int64_t row, const archive::SweepObjective& objective) {
  return fmt::format("{} {:.5g}", objective.name, table.value(row, objective));
}

int status(const Call& call) {
  const Places places = places_of(call);
  const Results results = results_of(places);
  const SweepTable& table = results.table();
  const std::string holder = sweep::Lock::holder(places);
  fmt::print("{}: {}\n", places.archive, !holder.empty() ? "a sweep is at work on it (process " + holder + ")"
                                         : places.journals().empty() ? "no sweep runs"
                                                                     : "a sweep was killed; the same command goes on");
  fmt::print("done       {}\nfailed     {}\n", format_count(results.count(TrialState::done)), format_count(results.count(TrialState::failed)));
  if (const int64_t n = results.count(TrialState::outdated); n > 0) fmt::print("outdated   {} (run with plugins that were rebuilt since)\n", format_count(n));
  double seconds = 0;
  for (const double s : table.seconds) seconds += s;
  if (table.rows() > 0) fmt::print("time       {} in trials, {} each\n", format_duration(seconds), format_duration(seconds / static_cast<double>(table.rows())));
  const std::vector<int64_t> order = sweep::ranked(table);
  for (const archive::SweepObjective& objective : table.objectives)
    if (!order.empty()) fmt::print("best       {} of trial {} ({})\n", value_text(table, order[0], objective), table.id[static_cast<size_t>(order[0])].text().substr(0, 8), table.point_text(order[0]));
  return 0;
}

int best(const Call& call) {
  const Results results = results_of(places_of(call));
  const SweepTable& table = results.table();
  const std::vector<int64_t> order = sweep::ranked(table);
  if (order.empty()) fail("{}: no trial is done yet.", places_of(call).archive);
  if (call.options["number"].as<int64_t>() < 1) fail("--number {}: must be at least 1.", call.options["number"].as<int64_t>());
  const int64_t n = std::min<int64_t>(call.options["number"].as<int64_t>(), static_cast<int64_t>(order.size()));
  // One column an objective and an axis, as wide as its widest entry.
  std::vector<std::vector<std::string>> lines{{"trial"}};
  for (const auto& objective : table.objectives) lines[0].push_back(objective.name);
  for (const auto& axis : table.axes) lines[0].push_back(axis.unit.empty() ? axis.name : fmt::format("{} ({})", axis.name, axis.unit));
  for (int64_t i = 0; i < n; ++i) {
    const int64_t row = order[static_cast<size_t>(i)];
    lines.push_back({table.id[static_cast<size_t>(row)].text().substr(0, 8)});
    for (const auto& objective : table.objectives) lines.back().push_back(fmt::format("{:.6g}", table.value(row, objective)));
    for (const auto& axis : table.axes) lines.back().push_back(axis.choices.empty() ? axis.value.empty() || std::isnan(axis.value[static_cast<size_t>(row)]) ? "-" : fmt::format("{:.6g}", axis.value[static_cast<size_t>(row)]) : table.axis_text(axis, row));
  }
  std::vector<size_t> width(lines[0].size());
  for (const auto& line : lines)
    for (size_t c = 0; c < line.size(); ++c) width[c] = std::max(width[c], line[c].size());
  for (const auto& line : lines) {
    for (size_t c = 0; c < line.size(); ++c) fmt::print("{:<{}}", line[c], c + 1 < line.size() ? width[c] + 2 : 0);
    fmt::print("\n");
  }
  // Where points were repeated, what their mean is.
  if (*std::max_element(table.repeat.begin(), table.repeat.end()) > 0) {
    const archive::SweepObjective& objective = table.objectives.front();
    std::vector<sweep::PointMean> means = sweep::point_means(table, objective);
    std::stable_sort(means.begin(), means.end(), [&](const auto& a, const auto& b) { return objective.maximise ? a.mean > b.mean : a.mean < b.mean; });
    fmt::print("\nmean {} over repeats (95 % interval)\n", objective.name);
    for (size_t i = 0; i < std::min<size_t>(static_cast<size_t>(n), means.size()); ++i)
      fmt::print("{:.6g}{}  {} trial{}: {}\n", means[i].mean, std::isnan(means[i].half_width) ? "" : fmt::format(" +- {:.2g}", means[i].half_width), means[i].n,
                 means[i].n == 1 ? "" : "s", table.point_text(means[i].first_row));
  }
  return 0;
}

/// The row that a person means by a trial's first digits.
int64_t row_of(const SweepTable& table, const std::string& name, const std::string& archive) {
  std::vector<int64_t> found;
  std::vector<std::string> all;
  for (int64_t row = 0; row < table.rows(); ++row) {
    all.push_back(table.id[static_cast<size_t>(row)].text());
    if (all.back().starts_with(name)) found.push_back(row);
  }
  if (found.empty()) fail("{}: there is no trial '{}'.{} `proxon sweep best` and the report name trials.", archive, name, did_you_mean(name, all));
  if (found.size() > 1) fail("{}: {} trials begin with '{}'; give more of its digits.", archive, found.size(), name);
  return found[0];
}

int show(const Call& call) {
  const Places places = places_of(call);
  const Results results = results_of(places);
  const SweepTable& table = results.table();
  const int64_t row = row_of(table, call.arguments[1], places.archive);
  const auto r = static_cast<size_t>(row);
  constexpr const char* states[] = {"done", "failed", "outdated"};
  fmt::print("trial      {}: {}\n", table.id[r].text(), states[table.state[r]]);
  if (table.number[r] >= 0) fmt::print("proposal   {}, repeat {}\n", table.number[r], table.repeat[r]);
  fmt::print("time       {}, by {}\n", format_duration(table.seconds[r]), table.worker[r] < 0 ? "no worker" : fmt::format("worker {}", table.worker[r]));
  for (const auto& axis : table.axes)
    if (const std::string value = table.axis_text(axis, row); !value.empty())
      fmt::print("axis       {:<24} {}{}\n", axis.name, value, axis.unit.empty() ? "" : " " + axis.unit);
  for (const auto& figure : table.figures)
    if (!std::isnan(figure.value[r])) fmt::print("figure     {:<24} {:.6g}\n", figure.name, figure.value[r]);
  if (const auto reason = table.reasons.find(row); reason != table.reasons.end()) fmt::print("reason     {}\n", reason->second);
  if (const std::string command = table.command_of(row); !command.empty()) fmt::print("alone      {}\n", command);
  if (!fs::exists(places.archive)) return 0;
  const archive::SweepReader reader(places.archive);
  const auto kept = reader.kept();
  const bool is_kept = std::find(kept.begin(), kept.end(), table.id[r]) != kept.end();
  if (is_kept && !call.has("archive")) fmt::print("archive    kept; --archive FILE.h5 takes it out\n");
  if (!call.has("archive")) return 0;
  if (!is_kept) fail("{}: the archive of trial {} was not kept; `keep` in [trial] says whose are, and the command above makes it anew.", places.archive, call.arguments[1]);
  const std::vector<uint8_t> bytes = reader.kept_archive(table.id[r]);
  std::ofstream out(call.text("archive"), std::ios::binary);
  if (!out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size())).flush()) fail("{}: cannot be written.", call.text("archive"));
  fmt::print("wrote      {}\n", call.text("archive"));
  return 0;
}

void write_csv(const SweepTable& table, const std::string& path) {
  std::ofstream out(path);
  out << "trial,state,number,repeat,start,seconds,worker";
  for (const auto& axis : table.axes) out << ',' << csv_cell(axis.name);
  for (const auto& figure : table.figures) out << ',' << csv_cell(figure.name);
  out << ",reason\n";
  constexpr const char* states[] = {"done", "failed", "outdated"};
  for (int64_t row = 0; row < table.rows(); ++row) {
    const auto r = static_cast<size_t>(row);
    out << fmt::format("{},{},{},{},{:.3f},{:.6g},{}", table.id[r].text(), states[table.state[r]], table.number[r], table.repeat[r], table.start[r], table.seconds[r], table.worker[r]);
    for (const auto& axis : table.axes) out << ',' << csv_cell(table.axis_text(axis, row));
    for (const auto& figure : table.figures) out << ',' << (std::isnan(figure.value[r]) ? std::string() : fmt::format("{}", figure.value[r]));
    const auto reason = table.reasons.find(row);
    out << ',' << (reason == table.reasons.end() ? "" : csv_cell(reason->second)) << '\n';
  }
  if (!out.flush()) fail("{}: cannot be written. Is there room on the disk?", path);
}

int export_table(const Call& call) {
  const Places places = places_of(call);
  const std::string& format = call.arguments[1];
  if (format != "csv" && format != "hdf5") fail("proxon sweep export: '{}' is not csv or hdf5.{}", format, did_you_mean(format, std::vector<std::string>{"csv", "hdf5"}));
  const Results results = results_of(places);
  const std::string path = call.has("to") ? call.text("to") : fs::path(places.archive).replace_extension(format == "csv" ? ".csv" : ".export.h5").string();
  check_output(path, call.has("overwrite"), std::vector{places.archive, call.arguments[0]}, "--to");
  if (format == "csv") write_csv(results.table(), path);
  else publish(places, results, {}, path);
  fmt::print("wrote {} ({} trials)\n", path, format_count(results.table().rows()));
  return 0;
}

int report(const Call& call) {
  const Places places = places_of(call);
  const Results results = results_of(places);
  const std::string path = call.has("to") ? call.text("to") : fs::path(places.archive).replace_extension(".html").string();
  std::vector<archive::CurvePoint> curves;
  if (fs::exists(places.archive))
    archive::SweepReader(places.archive).curves([&](const auto& points) { curves.insert(curves.end(), points.begin(), points.end()); });
  report::write_html(report::compose_sweep(results.table(), sweep::ranked(results.table()), sweep::pareto_front(results.table()), curves), path);
  fmt::print("wrote {}\n", path);
  return 0;
}

}  // namespace

std::vector<Verb> sweep_verbs() {
  auto with = [](Verb verb, auto add) {
    add(verb.options);
    verb.options.add_options()("output,o", po::value<std::string>(), "archive of the sweep; NAME.h5 of NAME.toml when absent");
    return verb;
  };
  auto running = [](po::options_description& options) {
    options.add_options()("set", po::value<std::vector<std::string>>(), "key=value: replaces or adds a value of the sweep file; may be repeated")(
        "workers", po::value<int64_t>(), "how many trials run at once; replaces executor.workers")("trials", po::value<int64_t>(), "how many points are tried; replaces trials")(
        "rebuilt", po::value<std::string>(), "keep or again: what becomes of trials whose plugins were rebuilt since")("quiet,q", "print errors only");
  };
  auto nothing = [](po::options_description&) {};
  const std::string either = "SWEEP is the sweep's file or its archive.";
  return {with({"sweep", "SWEEP.toml", "runs an experiment at many values of its parameters",
                "What was done is not done again; killed or stopped with Ctrl-C, the same command goes on. docs/sweeps.md says how to write the file.", 1, 1, {}, run},
               running),
          with({"sweep status", "SWEEP", "says how far a sweep is, also while it runs", either, 1, 1, {}, status}, nothing),
          with({"sweep best", "SWEEP", "lists the best trials", either, 1, 1, {}, best},
               [](auto& options) { options.add_options()("number,n", po::value<int64_t>()->default_value(10), "how many"); }),
          with({"sweep show", "SWEEP TRIAL", "says all of one trial, and how to run it alone", either + " TRIAL is its first digits.", 2, 2, {}, show},
               [](auto& options) { options.add_options()("archive", po::value<std::string>(), "writes the trial's archive to this file, where it was kept"); }),
          with({"sweep retry", "SWEEP.toml", "runs failed trials again, and goes on", "", 1, 1, {}, retry},
               [&](auto& options) { options.add_options()("failed", "those that failed"), running(options); }),
          with({"sweep task", "SWEEP.toml", "what a job of a cluster runs; submitted by proxon sweep", "", 1, 1, {}, task},
               [](auto& options) {
                 options.add_options()("set", po::value<std::vector<std::string>>(), "key=value: as for proxon sweep")("number", po::value<int32_t>(), "of the task");
               }),
          with({"sweep export", "SWEEP csv|hdf5", "writes the table of trials to one file", either, 2, 2, {}, export_table},
               [](auto& options) {
                 options.add_options()("to", po::value<std::string>(), "file to write; beside the archive when absent")("overwrite", "replace a file that is there");
               }),
          with({"sweep report", "SWEEP", "writes the report of a sweep", either, 1, 1, {}, report},
               [](auto& options) { options.add_options()("to", po::value<std::string>(), "file to write; beside the archive when absent"); })};
}

}  // namespace proxon::cli
