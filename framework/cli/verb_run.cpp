#include <filesystem>

#include "proxon/archive/reader.hpp"
#include "proxon/base/error.hpp"
#include "proxon/base/progress.hpp"
#include "proxon/base/ranks.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/cli/verbs.hpp"
#include "proxon/experiment/meaning.hpp"
#include "proxon/experiment/pipeline.hpp"
#include "proxon/experiment/reference.hpp"
#include "proxon/experiment/replaced.hpp"

namespace proxon::cli {
namespace {

namespace fs = std::filesystem;

po::options_description common_options() {
  po::options_description options("options");
  options.add_options()("set", po::value<std::vector<std::string>>(),
                        "key=value: replaces or adds a value of the experiment, for example training.epochs=20; may be repeated")(
      "seed", po::value<int64_t>(), "replaces the experiment's seed")(
      "threads,t", po::value<int>(), "number of threads; when absent one a processor, and fewer to simulate a small network")(
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

/// For the verbs that simulate or train.
void add_resume(po::options_description& options) {
  options.add_options()("resume", "go on with a simulation or a training that was interrupted, from the last checkpoint in the archive");
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
  if (!call.has("seed")) return all;
  const int64_t seed = call.options["seed"].as<int64_t>();
  if (seed < 0) fail("--seed {}: must be at least 0.", seed);
  all.push_back(fmt::format("seed={}", seed));
  return all;
}

/// Where the stages read and write. A later stage that writes elsewhere starts from a copy: the original stays as it is.
RunOptions run_options(const Call& call, std::vector<Stage> stages) {
  const std::string from = call.text("from");
  RunOptions options;
  options.stages = std::move(stages);
  options.overwrite = call.has("overwrite");
  options.resume = call.has("resume");
  options.quiet = call.has("quiet");
  options.all_threads = call.has("threads");
  options.report = call.text("report");
  options.archive = call.has("output") ? call.text("output") : !from.empty() ? from : fs::path(call.arguments[0]).stem().string() + ".h5";
  if (options.stages.front() == Stage::simulate && !from.empty())
    fail("--from {}: goes on from an archive, and stage simulate makes a new one; leave out one of the two.", from);
  return options;
}

/// A later stage that writes elsewhere goes on with a copy. Holds what it replaces.
std::unique_ptr<Replaced> copy_archive(const std::string& from, const Document& document, const RunOptions& options) {
  std::error_code error;
  if (from.empty() || fs::equivalent(options.archive, from, error) || options.resume) return nullptr;
  check_output(options.archive, options.overwrite, document.files());
  auto replaced = std::make_unique<Replaced>(options.archive);
  // Not into the old file, which Replaced holds by another name.
  fs::remove(options.archive, error);
  fs::copy_file(from, options.archive, error);
  if (!error) return replaced;
  const std::string why = error.message();
  replaced->put_back();
  fail("{}: cannot be copied to {}: {}.", from, options.archive, why);
}

/// An archive's own experiment, which later stages go on with, with --set applied.
std::unique_ptr<Document> document_of(const archive::Reader& reader, const Call& call, Registry& registry) {
  return std::make_unique<Document>(reader.path(), reader.text("experiment"), overrides(call), registry);
}

int run_from_begin(Document& document, Registry& registry, RunOptions options) {
  Experiment experiment = load(document, registry);
  if (rank() == 0) check_no_input(options.archive, document.files());
  options.fit_basis = fit_basis(document, experiment);
  run(experiment, options);
  return 0;
}

/// Goes on with the archive of a run that was interrupted: the same experiment, from the checkpoint, and then the stages after it.
int resume(const Call& call, Registry& registry, const RunOptions& options, const std::string& base) {
  const auto document = std::make_unique<Document>(base, overrides(call), registry);
  if (rank() == 0) {
    const archive::Reader reader(options.archive);
    if (!reader.note().empty()) note(reader.note());
    const Document simulated(options.archive, reader.text("experiment"), {}, registry);
    for (const std::string_view key : simulation_tables)
      if (!document->agrees(simulated, key))
        fail("[{}] of {} is not what {} was begun with; put it back, or run anew with --overwrite.", key, base, options.archive);
    if (!document->agrees(simulated, "seed"))
      fail("The seed of {} is not what {} was begun with; put it back, or run anew with --overwrite.", base, options.archive);
  }
  return run_from_begin(*document, registry, options);
}

void check_there(const std::string& path) {
  if (!fs::exists(path)) fail("{}: does not exist, so there is nothing to resume; leave out --resume.", path);
}

/// Whether an archive that a run is to go on with holds a simulation that is complete; the first rank looks.
bool simulated_already(const std::string& path) {
  if (rank() == 0) check_there(path);
  const char done = rank() == 0 && archive::Reader(path).stage_done("simulate");
  return spread({&done, 1}).front() != 0;
}

/// Throws Error when the archive has no training that was interrupted.
void check_training_stopped(const std::string& path) {
  check_there(path);
  const archive::Reader reader(path);
  if (reader.checkpoint("fit")) return;
  if (reader.stage_done("fit")) fail("{}: its training is complete, so there is nothing to resume; leave out --resume to fit anew.", path);
  fail("{}: holds no training to go on with; leave out --resume.", path);
}

/// Whether the archive's twin is complete and is the one that the document asks for.
bool fitted_already(const archive::Reader& reader, const Document& document, const Document& of_archive) {
  if (!reader.stage_done("fit")) return false;
  constexpr std::string_view keys[] = {"seed", "samples", "dataset", "model", "training"};
  return std::all_of(std::begin(keys), std::end(keys), [&](std::string_view key) { return document.agrees(of_archive, key); });
}

/// Whether an archive holds what a fit had learnt that did not come to its end.
bool holds_begun_twin(const std::string& path) {
  try {
    const archive::Reader reader(path);
    const auto model = reader.model();
    return model && !model->layers.empty() && !reader.stage_done("fit");
  } catch (const Error&) {
    return false;
  }
}

int run_stages(const Call& call, std::vector<Stage> stages) {
  apply_common(call);
  const std::string from = call.text("from");
  if (call.arguments.empty() && from.empty()) fail("name an experiment file, or an archive with --from.");
  RunOptions options = run_options(call, std::move(stages));
  if (ranks() > 1 && options.stages.front() != Stage::simulate)
    fail("the stages after the simulation run in one process; start them without mpirun.");
  const std::string base = call.arguments.empty() ? from : call.arguments[0];
  const std::string source = from.empty() || options.resume ? options.archive : from;

  if (options.resume && options.stages.front() > Stage::fit) fail("--resume: goes on with a simulation or a training; the stages begin after both.");

  // The report needs the archive alone.
  if (options.stages == std::vector{Stage::report}) {
    if (!overrides(call).empty())
      fail("--set {}: has no effect on stage report, which shows what the archive holds; begin with an earlier stage.", overrides(call).front());
    archive::Reader reader(source);
    run_report({.archive = source, .report = options.report, .stages = options.stages});
    return 0;
  }
  Registry registry(default_folders(fs::absolute(base).parent_path().string()));
  if (options.resume && options.overwrite)
    fail("--resume and --overwrite: one goes on with the archive, the other replaces it; leave out one of the two.");
  if (options.resume && options.stages.front() == Stage::fit) {
    check_training_stopped(options.archive);
  } else if (options.resume && simulated_already(options.archive)) {
    note(fmt::format("the simulation of {} is complete.", options.archive));
    std::erase(options.stages, Stage::simulate);
    leave_ranks();
    if (options.stages.empty() || rank() > 0) return 0;
  } else if (options.resume) {
    return resume(call, registry, options, base);
  }
  if (options.stages.front() == Stage::simulate) {
    Document document(base, overrides(call), registry);
    return run_from_begin(document, registry, options);
  }

  // Later stages: the network and the recordings are the archive's; what is made of them is the experiment's.
  std::unique_ptr<Document> document;
  Experiment experiment;
  {
    const archive::Reader reader(source);
    if (!reader.note().empty()) note(reader.note());
    const Document simulated(source, reader.text("experiment"), {}, registry);
    document = call.arguments.empty() ? document_of(reader, call, registry) : std::make_unique<Document>(base, overrides(call), registry);
    for (const std::string_view key : simulation_tables)
      if (!call.arguments.empty() && !document->agrees(simulated, key))
        note(fmt::format("[{}] of {} has changed since {} was simulated; that of the archive holds.", key, base, source));
    experiment = load(*document, registry, reader);
    experiment.resolved_text = document->resolved_text(simulated, simulation_tables);
    options.fit_basis = fit_basis(*document, experiment);
    if (options.resume && options.stages.front() == Stage::fit && fitted_already(reader, *document, simulated)) {
      note(fmt::format("the training of {} is complete.", source));
      std::erase(options.stages, Stage::fit);
    }
  }
  const bool is_new = !fs::exists(options.archive);
  const std::unique_ptr<Replaced> replaced = copy_archive(from, *document, options);
  try {
    run(experiment, options);
  } catch (const Interrupted&) {
    throw;
  } catch (const Error&) {
    // What was asked for cannot be: the copy that was made for it goes, and what it replaced stands again; a twin that diverged stays.
    if (holds_begun_twin(options.archive)) throw;
    std::error_code ignored;
    if (is_new) fs::remove(options.archive, ignored);
    if (replaced) replaced->put_back();
    throw;
  }
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
  add_resume(whole.options);
  whole.on_ranks = true;
  std::vector<Verb> all{whole};
  const std::pair<Stage, std::pair<const char*, const char*>> single[] = {
      {Stage::simulate, {"simulate", "makes the network, runs it, records it"}},
      {Stage::fit, {"fit", "fits the twin to the recordings of an archive"}},
      {Stage::evaluate, {"evaluate", "compares the two networks of an archive"}},
      {Stage::report, {"report", "writes the report of an archive"}}};
  for (const auto& [stage, words] : single) {
    all.push_back({words.first, "[EXPERIMENT.toml]", words.second, "", 0, 1, stage_options(),
                   [stage = stage](const Call& call) { return run_stages(call, {stage}); }});
    if (stage <= Stage::fit) add_resume(all.back().options);
    all.back().on_ranks = stage == Stage::simulate;
  }
  all.push_back({"describe", "EXPERIMENT.toml", "says what would be run: sizes, memory, plugins, parameters", "", 1, 1, common_options(), describe});
  return all;
}

}  // namespace proxon::cli
