// What does a sweep cost beside its trials, and how far does its TPE come? First 200 TPE trials beside Optuna with its journal storage, on the same
// functions with two workers (sweep_optuna.py; Debian: python3-optuna), when that is installed: first, as in a process that has grown workers take longer
// to begin. Then 100,000 trials (--short: 4,000, and no Optuna) of a function that works 1 ms, on two workers: time beside the trials, the archive's size,
// memory, start of a resume, status. Then many tiny models trained together beside one by one. Every answer is checked: the number of trials, none twice,
// equal weights, the best value. --optuna SEEDS runs the first part alone.
// On a machine that is shared the ratios and processor times hold, the times do not.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "clocks.hpp"
#include "proxon/base/progress.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/learning/train_together.hpp"
#include "proxon/sweep/sweep.hpp"

using namespace proxon;
using namespace proxon::bench;
namespace fs = std::filesystem;

namespace {

bool right = true;
void expect(bool holds, const std::string& what) {
  fmt::print("  {} {}\n", holds ? "ok    " : "WRONG ", what);
  right &= holds;
}

/// A time, which no test fails on.
void aim(bool reached, const std::string& what) { fmt::print("  {} {}\n", reached ? "reached" : "MISSED ", what); }

std::string write_sweep(const fs::path& folder, const std::string& text) {
  const std::string file = (folder / "s.toml").string();
  std::ofstream(file) << text;
  return file;
}

double rss_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1000;
}

/// Processor time of this process and of those that it has waited for, s.
double processor_seconds() {
  double sum = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    for (const timeval& t : {usage.ru_utime, usage.ru_stime}) sum += static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  }
  return sum;
}

void overhead(const fs::path& folder, Registry& registry, int64_t trials) {
  const std::string file = write_sweep(folder, fmt::format(R"(
function = "sphere"
function_time = 1
trials = {}
sampler = "sobol"
[axes]
x = {{ low = -1, high = 1 }}
y = {{ low = 1e-3, high = 10, space = "log" }}
n = {{ low = 1, high = 1000000, space = "integer" }}
[objectives.value]
metric = "value"
[executor]
workers = 2
)", trials));
  const sweep::SweepOptions options{.archive = (folder / "s.h5").string(), .quiet = true};
  double start = seconds();
  sweep::run_sweep(file, {}, registry, options);
  const double whole = seconds() - start;
  const archive::SweepTable table = archive::SweepReader(options.archive).table();
  double inside = 0;
  for (const double s : table.seconds) inside += s;
  const double beside = 2 * whole - inside;
  fmt::print("{} trials of 1 ms on 2 workers: {:.2f} s; beside the trials {:.3f} ms each ({:.1f} % of their time)\n", trials, whole, 1e3 * beside / static_cast<double>(trials),
             100 * beside / inside);
  const double size = static_cast<double>(fs::file_size(options.archive)) / 1e6;
  fmt::print("archive {:.1f} MB, memory {:.0f} MB\n", size, rss_megabytes());
  const std::set<archive::TrialId> ids(table.id.begin(), table.id.end());
  expect(table.rows() == trials && static_cast<int64_t>(ids.size()) == trials, fmt::format("{} trials are there, none twice", trials));
  expect(size < 100, "the archive lies below 100 MB");

  expect(rss_megabytes() < 250, "memory lies below 250 MB");
  start = seconds();
  double begun = processor_seconds();
  const sweep::SweepSummary again = sweep::run_sweep(file, {}, registry, options);
  const double resume = processor_seconds() - begun;
  expect(again.before == trials && again.done == trials, "a second run knows them all");
  fmt::print("the second run, which finds that all is done: {:.2f} s, {:.2f} s of processor time\n", seconds() - start, resume);
  aim(resume < 2, "less than 2 s");
  start = seconds(), begun = processor_seconds();
  const sweep::Results results(sweep::Places{options.archive});
  const auto order = sweep::ranked(results.table());
  const double status = processor_seconds() - begun;
  expect(static_cast<int64_t>(order.size()) == trials, "status ranks them all");
  fmt::print("status: {:.3f} s, {:.3f} s of processor time\n", seconds() - start, status);
  aim(status < 0.5, "less than 0.5 s");

  // What a trial costs that does nothing, in processor time of all processes: this holds on a machine that is shared too.
  const sweep::SweepOptions idle{.archive = (folder / "idle.h5").string(), .quiet = true};
  start = processor_seconds();
  sweep::run_sweep(file, {"function_time=0"}, registry, idle);
  const double each = 1e3 * (processor_seconds() - start) / static_cast<double>(trials);
  fmt::print("processor time of a trial that does nothing: {:.4f} ms\n", each);
  aim(each < 0.2, "below 0.2 ms");
}

/// Many models of 1-2-1 tanh (100 epochs of 100 samples, batch 16, Adam), each at a rate and seed of its own: one after the other, and together.
void together(Registry& registry, int64_t models) {
  MemorySource source(1, 1);
  std::vector<float> X, Y;
  for (uint64_t i = 0; i < 100; ++i) X.push_back(static_cast<float>(normal(Key{1, purpose("bench")}, i, 0))), Y.push_back(std::tanh(X.back()));
  source.set(Split::train, X, Y);
  PluginValue approximator = plugin_value(registry, "approximator", "dense"), rule = plugin_value(registry, "learning_rule", "backprop");
  approximator.values.set(*approximator.values.find("hidden"), std::vector<int64_t>{2});
  std::vector<PluginValue> optimizers(static_cast<size_t>(models), plugin_value(registry, "optimizer", "adam"));
  std::vector<TrainingOptions> options(optimizers.size());
  std::vector<Model> alone(optimizers.size(), Model(approximator, 1, 1)), at_once;
  for (size_t m = 0; m < alone.size(); ++m) {
    optimizers[m].values.set(*optimizers[m].values.find("learning_rate"), 1e-3 * (1 + static_cast<double>(m % 50)));
    options[m].batch = 16, options[m].rule.value = &rule, options[m].optimizer.value = &optimizers[m];
    initialise(alone[m], options[m], {}, m);
  }
  at_once = alone;
  std::vector<Together> members;
  for (size_t m = 0; m < alone.size(); ++m) members.push_back({.model = &at_once[m], .options = &options[m], .seed = m});
  set_threads(1);
  double start = bench::processor_seconds();
  const bool goes = train_together(members, source, {});
  const double fast = bench::processor_seconds() - start;
  start = bench::processor_seconds();
  for (size_t m = 0; m < alone.size(); ++m) train(alone[m], source, options[m], {}, m);
  const double slow = bench::processor_seconds() - start;
  bool same = goes;
  for (size_t m = 0; m < alone.size(); ++m) same &= std::equal(alone[m].theta().begin(), alone[m].theta().end(), at_once[m].theta().begin());
  fmt::print("{} models of 1-2-1, processor time: together {:.3f} s, one by one {:.3f} s, {:.0f} times\n", models, fast, slow, slow / fast);
  expect(same, "each has the weights that it has alone, to the bit");
  aim(slow > 2 * fast, "together they take less than half");
}

/// The same as trials of a sweep over the experiment tiny_mlp.
void trials_together(const fs::path& folder, Registry& registry, int64_t trials) {
  const std::string file = write_sweep(folder, fmt::format(R"(
experiment = "{}/datasets/tiny_mlp/tanh.toml"
sampler = "sobol"
[axes]
rate = {{ parameter = "training.optimizer.learning_rate", low = 1e-3, high = 1e-1, space = "log" }}
start = {{ parameter = "training.seed", low = 0, high = 1000000, space = "integer" }}
[objectives.mse]
metric = "mse"
[executor]
workers = 2
)", PROXON_SOURCE_DIR));
  const auto each = [&](const char* name, const std::vector<std::string>& set, int64_t n) {
    const sweep::SweepOptions options{.archive = (folder / name).string(), .quiet = true};
    std::vector<std::string> all = set;
    all.push_back(fmt::format("trials={}", n));
    const double start = processor_seconds();
    const sweep::SweepSummary summary = sweep::run_sweep(file, all, registry, options);
    expect(summary.done == n && summary.failed == 0, fmt::format("{} trials are done", n));
    return 1e3 * (processor_seconds() - start) / static_cast<double>(n);
  };
  // A sampler that looks back gets its trials one by one.
  const double fast = each("together.h5", {}, trials), slow = each("alone.h5", {"sampler=\"tpe\""}, std::min<int64_t>(trials, 100));
  fmt::print("trials of tiny_mlp, processor time each: together {:.2f} ms, one by one {:.1f} ms, {:.0f} times\n", fast, slow, slow / fast);
  aim(slow > 2 * fast, "together they take less than half");
}

struct Function {
  const char* name;
  const char* axes;
};
constexpr Function functions[] = {
    {"sphere", "a = { low = -5, high = 5 }\nb = { low = -5, high = 5 }\nc = { low = -5, high = 5 }\nd = { low = -5, high = 5 }\n"},
    {"rosenbrock", "a = { low = -2, high = 2 }\nb = { low = -2, high = 2 }\nc = { low = -2, high = 2 }\n"},
    {"branin", "a = { low = -5, high = 10 }\nb = { low = 0, high = 15 }\n"},
    {"hartmann6", "a = { low = 0, high = 1 }\nb = { low = 0, high = 1 }\nc = { low = 0, high = 1 }\nd = { low = 0, high = 1 }\ne = { low = 0, high = 1 }\nf = { low = 0, high = 1 }\n"}};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return 0.5 * (values[(values.size() - 1) / 2] + values[values.size() / 2]);
}

/// Best values of 200 TPE trials over seeds, trials a second, and processor time of a trial, ms.
struct Tpe {
  std::vector<double> best;
  double rate, each;
};
Tpe ours(const fs::path& folder, Registry& registry, const Function& function, int64_t seeds) {
  std::vector<double> best;
  double time = 0, processor = 0;
  for (int64_t seed = 0; seed < seeds; ++seed) {
    const std::string file = write_sweep(folder, fmt::format("function = \"{}\"\ntrials = 200\nseed = {}\nsampler = \"tpe\"\n[axes]\n{}[objectives.value]\nmetric = \"value\"\n[executor]\nworkers = 2\n",
                                                             function.name, seed, function.axes));
    const sweep::SweepOptions options{.archive = (folder / fmt::format("{}{}.h5", function.name, seed)).string(), .quiet = true};
    const double start = seconds(), begun = processor_seconds();
    sweep::run_sweep(file, {}, registry, options);
    time += seconds() - start, processor += processor_seconds() - begun;
    const archive::SweepTable table = archive::SweepReader(options.archive).table();
    right &= table.rows() == 200;
    best.push_back(table.value(sweep::ranked(table).at(0), table.objectives[0]));
  }
  const auto n = static_cast<double>(200 * seeds);
  return {best, n / time, 1e3 * processor / n};
}

void against_optuna(const fs::path& folder, Registry& registry, const std::string& script, int64_t seeds) {
  for (const Function& function : functions) {
    const auto [best, rate, each] = ours(folder, registry, function, seeds);
    fmt::print("{:<11} tpe: best of 200 trials, median of {} seeds: {:.4g}; {:.0f} trials/s, processor time {:.2f} ms each\n", function.name, seeds, median(best), rate, each);
    std::fflush(stdout);
    const std::string result = (folder / "optuna.json").string();
    fs::remove(result);
    const int status = std::system(fmt::format("/usr/bin/python3 '{}' {} {} '{}' > /dev/null 2>&1", script, function.name, seeds, result).c_str());
    if (status != 0 || !fs::exists(result)) {
      fmt::print("skipped: Optuna is not installed (Debian: python3-optuna), so there is nothing to compare with.\n");
      return;
    }
    const auto json = nlohmann::json::parse(std::ifstream(result));
    const std::vector<double> theirs = json["best"];
    const double their_rate = json["trials_per_second"];
    const double their_each = json["milliseconds_each"];
    fmt::print("            Optuna {}: {:.4g}; {:.1f} trials/s, {:.1f} ms each: we are {:.0f} times as fast, {:.0f} times by processor time\n", json["version"].get<std::string>(),
               median(theirs), their_rate, their_each, rate / their_rate, their_each / each);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool brief = argc > 1 && std::strcmp(argv[1], "--short") == 0;
  const fs::path folder = fs::temp_directory_path() / fmt::format("bench_sweep.{}", getpid());
  fs::create_directories(folder);
  set_quiet(true);
  Registry registry(default_folders(""));
  const bool only_optuna = argc > 2 && std::strcmp(argv[1], "--optuna") == 0;
  if (!brief) against_optuna(folder, registry, std::string(PROXON_SOURCE_DIR) + "/tests/benchmarks/sweep_optuna.py", only_optuna ? std::atoll(argv[2]) : 20);
  if (!only_optuna) {
    overhead(folder, registry, brief ? 4'000 : 100'000);
    together(registry, brief ? 200 : 1000);
    trials_together(folder, registry, brief ? 200 : 1000);
  }
  fs::remove_all(folder);
  return right ? 0 : 1;
}
