#include <filesystem>

#include "proxon/archive/reader.hpp"
#include "proxon/base/error.hpp"
#include "proxon/base/progress.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/cli/verbs.hpp"
#include "proxon/experiment/pipeline.hpp"
#include "proxon/experiment/reference.hpp"

namespace proxon::cli {
namespace {

namespace fs = std::filesystem;

po::options_description common_options() {
  po::options_description options("options");
  options.add_options()("set", po::value<std::vector<std::string>>(),
                        "key=value: replaces or adds a value of the experiment, for example training.epochs=20; may be repeated")(
      "seed", po::value<uint64_t>(), "replaces the experiment's seed")("threads,t", po::value<int>(), "number of threads; one a processor when absent")(
      "quiet,q", "print errors only");
  return options;
}

po::options_description stage_options() {
  po::options_description options = common_options();
  options.add_options()("output,o", po::value<std::string>(), "archive to write; NAME.h5 of NAME.toml when absent")(
      "report", po::value<std::string>(), "report to write; beside the archive when absent")(
      "from", po::value<std::string>(), "archive of an earlier run to go on from")("overwrite", "replace an archive that is there");
  return options;
}

void apply_common(const Call& call) {
  set_quiet(call.has("quiet"));
  if (!call.has("threads")) return;
  const int n = call.options["threads"].as<int>();
  if (n < 1 || n > 1024) fail("--threads {}: must be between 1 and 1024.", n);
  set_threads(n);
}

std::vector<std::string> overrides(const Call& call) {
  auto all = call.has("set") ? call.options["set"].as<std::vector<std::string>>() : std::vector<std::string>{};
  if (call.has("seed")) all.push_back(fmt::format("seed={}", call.options["seed"].as<uint64_t>()));
  return all;
}

/// The experiment's document: from a file, or from the archive that --from names.
std::unique_ptr<Document> open_document(const Call& call, const std::string& from, Registry& registry) {
  if (!call.arguments.empty()) return std::make_unique<Document>(call.arguments[0], overrides(call), registry);
  const archive::Reader reader(from);
  return std::make_unique<Document>(from, reader.text("experiment"), overrides(call), registry);
}

/// Runs `stages` of the experiment; `own_archive` is what they go on from when there is no --from.
int run_stages(const Call& call, std::vector<Stage> stages) {
  apply_common(call);
  const std::string from = call.text("from");
  if (call.arguments.empty() && from.empty()) fail("name an experiment file, or an archive with --from.");
  const std::string base = call.arguments.empty() ? from : call.arguments[0];
  Registry registry(default_folders(fs::absolute(base).parent_path().string()));
  const auto document = open_document(call, from, registry);
  Experiment experiment = load(*document, registry);

  RunOptions options;
  options.stages = std::move(stages);
  options.overwrite = call.has("overwrite");
  options.report = call.text("report");
  options.archive = call.has("output") ? call.text("output") : !from.empty() ? from : fs::path(base).stem().string() + ".h5";
  const bool simulates = !options.stages.empty() && options.stages.front() == Stage::simulate;
  if (simulates && !from.empty()) fail("--from {}: goes on from an archive, and stage simulate makes a new one; leave out one of the two.", from);
  if (!simulates && !from.empty() && options.archive != from) {
    // A later stage that writes elsewhere starts from a copy: the original stays as it is.
    if (fs::exists(options.archive) && !options.overwrite) fail("{}: exists already; give --overwrite, or another name with --output.", options.archive);
    std::error_code error;
    fs::copy_file(from, options.archive, fs::copy_options::overwrite_existing, error);
    if (error) fail("{}: cannot be copied to {}: {}.", from, options.archive, error.message());
  }
  run(experiment, options);
  return 0;
}

int run_all(const Call& call) {
  std::vector<Stage> stages = parse_stages(call.has("stages") ? call.text("stages") : call.has("from") ? "fit,evaluate,report" : "simulate,fit,evaluate,report");
  return run_stages(call, std::move(stages));
}

int describe(const Call& call) {
  apply_common(call);
  Registry registry(default_folders(fs::absolute(call.arguments[0]).parent_path().string()));
  Document document(call.arguments[0], overrides(call), registry);
  fmt::print("{}", describe_experiment(load(document, registry)));
  return 0;
}

}  // namespace

std::vector<Verb> run_verbs() {
  Verb whole{"run", "EXPERIMENT.toml", "goes the whole road and leaves an archive and a report",
             "Stages: simulate (makes and runs the network), fit (makes the dataset and the twin), evaluate, report.", 0, 1, stage_options(), run_all};
  whole.options.add_options()("stages", po::value<std::string>(), "run these only, for example simulate,fit");
  std::vector<Verb> all{whole};
  const std::pair<Stage, std::pair<const char*, const char*>> single[] = {
      {Stage::simulate, {"simulate", "makes the network, runs it, records it"}},
      {Stage::fit, {"fit", "fits the twin to the recordings of an archive"}},
      {Stage::evaluate, {"evaluate", "compares the two networks of an archive"}},
      {Stage::report, {"report", "writes the report of an archive"}}};
  for (const auto& [stage, words] : single)
    all.push_back({words.first, "[EXPERIMENT.toml]", words.second, "", 0, 1, stage_options(),
                   [stage = stage](const Call& call) { return run_stages(call, {stage}); }});
  all.push_back({"describe", "EXPERIMENT.toml", "says what would be run: sizes, memory, plugins, parameters", "", 1, 1, common_options(), describe});
  return all;
}

}  // namespace proxon::cli
