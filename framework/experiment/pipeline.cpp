#include "proxon/experiment/pipeline.hpp"

#include <filesystem>
#include <optional>
#include <sstream>

#include "proxon/archive/recover.hpp"
#include "proxon/archive/writer.hpp"
#include "proxon/base/progress.hpp"
#include "proxon/base/ranks.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/experiment/biology.hpp"
#include "proxon/experiment/comparison.hpp"
#include "proxon/experiment/meaning.hpp"
#include "proxon/experiment/records.hpp"
#include "proxon/experiment/replaced.hpp"
#include "proxon/experiment/twin.hpp"
#include "proxon/report/compose.hpp"
#include "proxon/simulation/background_sink.hpp"
#include "proxon/simulation/exchange.hpp"

namespace proxon {

namespace fs = std::filesystem;

namespace {

constexpr std::pair<std::string_view, Stage> stage_names[] = {
    {"simulate", Stage::simulate}, {"fit", Stage::fit}, {"evaluate", Stage::evaluate}, {"report", Stage::report}};

archive::WriterOptions writer_options(const Experiment& experiment) {
  return {.flush_interval_s = experiment.record.as<RecordSettings>().flush_interval / 1000};
}

/// Runs a stage's body with its progress, so that an interruption says what stays.
template <class Body>
void stage(const std::string& name, const std::string& archive, int64_t total, Body&& body) {
  Progress progress(name, total);
  try {
    stop_if_interrupted(name.c_str());
    body(progress);
  } catch (const Interrupted&) {
    if (name == "network" || name == "samples") throw Interrupted(fmt::format("interrupted in stage {}; nothing was written.", name));
    throw Interrupted(
        fmt::format("interrupted in stage {}; {} is whole and holds what was done so far.", name, archive));
  }
}

/// Closes an archive properly whose writer had to let go of it (full disk, a plugin that threw); true when it is whole
/// then.
bool mend(const std::string& path) {
  try {
    if (!fs::exists(path)) return false;
    archive::recover(path);
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::string loss_text(double training, double validation) {
  if (!std::isfinite(training)) return "not trained";
  const std::string text = fmt::format("training loss {:.5g}", training);
  return std::isfinite(validation) ? fmt::format("{}, validation loss {:.5g}", text, validation)
                                   : text + ", no validation samples";
}

archive::Writer create_archive(const Experiment& experiment, const Connectome& connectome, const Simulation& simulation, const std::string& path) {
  const Connectome all = ranks() > 1 ? collect_connectome(connectome) : Connectome();
  return archive::Writer::create(path, skeleton(experiment, ranks() > 1 ? all : connectome, simulation).skeleton, writer_options(experiment));
}

/// What a rank does that is not the first: it simulates its neurons, and the first writes.
void simulate_for_first_rank(Simulation& simulation, const Connectome& connectome, bool resume) {
  if (resume) simulation.resume({});
  if (!resume) collect_connectome(connectome);
  MemoryRecording nothing;
  simulation.run(nothing);
  meet();
  leave_ranks();
}

/// Of an experiment whose samples come from files: nothing is simulated, but the files are read once, so that what is wrong with them is said before
/// there is an archive.
void begin_without_simulation(Experiment& experiment, const RunOptions& run) {
  if (rank() > 0) return leave_ranks();
  stage("samples", run.archive, 1, [&](Progress& progress) {
    const std::unique_ptr<LabelledSamples> samples = open_samples(experiment);
    if (experiment.has_model) {
      const PluginValue& approximator = *experiment.model.as<ModelSettings>().approximator.value;
      if (static_cast<const ApproximatorTable*>(approximator.plugin->table)->takes_graph)
        fail("approximator '{}' has the neurons of a network as its units, and labelled samples come without one.", approximator.name);
      Model(approximator, ApproximatorSetup{samples->inputs(), samples->outputs(), samples->bin()});
    }
    archive::Writer writer = archive::Writer::create(run.archive, skeleton_head(experiment), writer_options(experiment));
    writer.end_stage("simulate", 0);
    writer.close();
    leave_ranks();
    progress.done(fmt::format("{} files; stages network and simulate are left out", experiment.files.size()));
  });
}

void simulate(Experiment& experiment, const RunOptions& run) {
  if (rank() == 0 && fs::exists(run.archive) && !run.overwrite && !run.resume)
    fail("{}: exists already; give --overwrite, --resume to go on with it, or another name with --output.", run.archive);
  if (experiment.has_samples) return begin_without_simulation(experiment, run);

  Connectome connectome;
  stage("network", run.archive, 1, [&](Progress& progress) {
    connectome = build(experiment.blueprint, experiment.seed, experiment.options.dt, own_neurons(experiment.blueprint, rank(), ranks()));
    progress.done(fmt::format("{} neurons, {} synapses, {}", format_count(connectome.neurons()),
                              format_count(connectome.all_synapses()),
                              format_bytes(static_cast<double>(connectome.bytes())) + (ranks() > 1 ? " on the first rank" : "")));
  });
  for (const std::string& name : unconnected_populations(connectome)) {
    const bool driven = std::any_of(experiment.stimuli.begin(), experiment.stimuli.end(),
                                    [&](const Stimulus& s) { return s.target == name; });
    const auto projections = experiment.blueprint.projections();
    const bool modulates = std::any_of(projections.begin(), projections.end(), [&](const Projection* p) { return p->modulator == name; });
    if (!driven && !modulates) note(fmt::format("population '{}' is disconnected: it has no synapse and no stimulus.", name));
  }

  const double duration = experiment.options.duration;
  std::optional<Replaced> replaced;
  if (!run.resume && rank() == 0) replaced.emplace(run.archive);
  try {
    stage("simulate", run.archive, static_cast<int64_t>(duration), [&](Progress& progress) {
      SimulationOptions options = experiment.options;
      options.all_threads = run.all_threads;
      Simulation simulation(experiment.blueprint, connectome, experiment.stimuli, options);
      if (rank() > 0) return simulate_for_first_rank(simulation, connectome, run.resume);
      archive::Writer writer = run.resume ? archive::Writer::open(run.archive, writer_options(experiment))
                                          : create_archive(experiment, connectome, simulation, run.archive);
      if (run.resume) {
        const std::optional<Checkpoint> state = writer.rewind("simulate");
        if (!state) fail("{}: holds no checkpoint to go on from; run the experiment from its begin with --overwrite.", run.archive);
        simulation.resume(*state);
        writer.clear_checkpoint("fit");  // of a training on what had been recorded by then
        note(fmt::format("going on from t = {:.6g} ms.", state->time));
      }
      std::vector<bool> records;
      for (const Population* population : experiment.blueprint.populations())
        records.push_back(std::count(experiment.options.record_spikes.begin(), experiment.options.record_spikes.end(),
                                     population->name) > 0);
      ArchiveSink sink(writer, records);
      BackgroundSink background(sink);
      simulation.run(background, [&](double time) { progress.update(static_cast<int64_t>(time)); });
      background.finish();
      writer.finalise_units();
      writer.clear_checkpoint("simulate");
      writer.end_stage("simulate", progress.seconds());
      writer.close();
      meet();
      leave_ranks();
      const auto& counts = simulation.counts();
      progress.done(fmt::format("{} of biology, {} spikes, {} synaptic events", format_duration(duration / 1000),
                                format_count(counts.spikes), format_count(counts.synaptic_events)));
    });
  } catch (const Interrupted&) {
    throw;
  } catch (const Error& error) {
    if (rank() > 0) throw;
    const std::string what(error.what());
    const std::string sentence = what.ends_with('.') ? what.substr(0, what.size() - 1) : what;
    if (replaced && replaced->put_back()) {
      fail("{}; the archive {} that was there is kept.", sentence, run.archive);
    }
    if (mend(run.archive)) fail("{}; {} is whole and holds what was recorded before.", sentence, run.archive);
    throw;
  }
}

/// Predictions of every sample, in the targets' own units, into the archive block by block; of sequences, a row a step that is asked for.
void write_predictions(NamedSource& dataset, const Model& model, archive::Writer& writer) {
  writer.start_predictions(dataset.output_names());
  const std::vector<float> mean = dataset.baseline();
  const auto width = static_cast<size_t>(dataset.outputs());
  const int64_t most = Predictor::block(model, dataset);
  Predictor predict(model, dataset, most);
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    for (int64_t begin = 0; begin < dataset.samples(split); begin += most) {
      std::vector<int64_t> numbers;
      for (int64_t i = begin; i < std::min(begin + most, dataset.samples(split)); ++i) numbers.push_back(i);
      const auto [target, prediction] = predict(dataset, split, numbers);
      archive::PredictionBlock block;
      dataset.each_row(split, numbers, [&](size_t i, int64_t step, size_t row) {
        const auto from = static_cast<long>(row * width), to = static_cast<long>((row + 1) * width);
        block.time_ms.push_back(dataset.sample_time(split, numbers[i]) + static_cast<double>(step) * dataset.bin());
        block.split.push_back(split);
        block.target.insert(block.target.end(), target.begin() + from, target.begin() + to);
        block.prediction.insert(block.prediction.end(), prediction.begin() + from, prediction.begin() + to);
        block.baseline.insert(block.baseline.end(), mean.begin(), mean.end());
      });
      dataset.to_units(block.target);
      dataset.to_units(block.prediction);
      writer.append_predictions(block);
      stop_if_interrupted("predicting");
    }
  }
}

/// Of a simulation that was stopped, how far it came.
void note_stopped(const archive::Reader& reader) {
  if (reader.stage_done("simulate")) return;
  note(fmt::format("the simulation of {} was stopped: {:.6g} of {:.6g} ms are used.", reader.path(),
                   reader.recorded_ms(), reader.duration_ms()));
}

/// Takes the parameters of another archive's twin.
void begin_from(Model& model, const std::string& path) {
  const archive::Reader other(path);
  const std::optional<archive::ModelRecord> record = other.model();
  if (!record || record->layers.empty()) fail("init_archive: {} holds no twin.", path);
  model.restore(*record);
}

/// The column of a fit's checkpoint that says what it was begun with.
const std::string basis_column = "basis";

/// Whether there is a training to go on with. Throws Error when the experiment is not the one that it was begun with.
bool goes_on(const RunOptions& run) {
  if (!run.resume) return false;
  const std::optional<Checkpoint> state = archive::Reader(run.archive).checkpoint("fit");
  if (!state) return false;
  const std::vector<char>& bytes = state->find(basis_column);
  const std::string difference = fit_difference({bytes.begin(), bytes.end()}, run.fit_basis);
  if (!difference.empty()) fail("the training of {} {}; put it back, or fit anew without --resume.", run.archive, difference);
  return true;
}

void fit(Experiment& experiment, const RunOptions& run) {
  if (!experiment.has_model) fail("{}: has no [model] and [training]; there is nothing to fit.", experiment.file);
  const bool resumed = goes_on(run);
  // The writer first: HDF5 lets a reader of the same process join it, not the other way round.
  archive::Writer writer = archive::Writer::open(run.archive, writer_options(experiment));
  std::optional<archive::Reader> reader(run.archive);
  note_stopped(*reader);
  std::unique_ptr<NamedSource> dataset;
  stage("dataset", run.archive, 1, [&](Progress& progress) {
    dataset = open_source(experiment, *reader);
    progress.done(fmt::format("{} inputs, {} outputs; {} training, {} validation, {} test samples", dataset->inputs(),
                              dataset->outputs(), format_count(dataset->samples(Split::train)),
                              format_count(dataset->samples(Split::validation)),
                              format_count(dataset->samples(Split::test))));
  });

  const auto& options = experiment.training.as<TrainingOptions>();
  stage("fit", run.archive, options.epochs, [&](Progress& progress) {
    const Biology biology = read_biology(experiment, *reader);
    Model model = make_twin(experiment, *dataset, *reader);
    std::optional<Checkpoint> state;
    if (resumed) {
      state = writer.rewind("fit");
      note(fmt::format("the training goes on after {} batches.", format_count(state->step)));
    } else {
      initialise(model, options, biology.weights(), fit_seed(experiment), dataset->mean_targets());
      if (!options.init_archive.empty()) begin_from(model, std::string(options.init_archive));
      writer.clear_fit();
    }
    writer.set_text("experiment", experiment.resolved_text);
    writer.set_objects(fit_objects(experiment));
    writer.set_text("dataset", dataset->describe());
    Resumption resumption{.from = state ? &*state : nullptr, .keep = {}};
    if (!run.fit_basis.empty())
      resumption.keep = [&](Checkpoint now) {
        now.keep(basis_column, run.fit_basis.data(), run.fit_basis.size());
        writer.set_checkpoint("fit", now);
      };
    const auto each_epoch = [&](const EpochRecord& epoch) {
      writer.append_epoch(epoch);
      progress.update(epoch.epoch, fmt::format("{}, learning rate {:.3g}", loss_text(epoch.train_loss, epoch.validation_loss), epoch.learning_rate));
    };
    const auto keep_model = [&] {
      const archive::ModelRecord record = model.record();
      writer.set_model(record.layers, record.theta, record.description);
    };
    TrainingResult result;
    try {
      result = train(model, *dataset, options, biology.weights(), fit_seed(experiment), each_epoch, resumption);
    } catch (const Interrupted&) {
      throw;
    } catch (const Error&) {
      // What it had learnt before it diverged; where the disk is full, that is what is to be said.
      try {
        keep_model();
      } catch (const Error&) {
      }
      throw;
    }
    keep_model();
    write_predictions(*dataset, model, writer);
    dataset.reset();
    reader.reset();
    writer.end_stage("fit", progress.seconds());
    writer.clear_checkpoint("fit");
    writer.close();
    progress.done(fmt::format("{} parameters, {}; best epoch {}: {}",
                              format_count(static_cast<int64_t>(model.theta().size())), result.ended, result.best_epoch,
                              loss_text(result.train_loss, result.validation_loss)));
  });
}

/// "   baseline -0.0007 (mean of the training span), 0.66 (linear-nonlinear)"
std::string baselines_text(const archive::MetricRecord& row) {
  std::string text;
  for (const archive::BaselineRecord& baseline : row.baselines)
    text += fmt::format("{}{:>{}} ({})", text.empty() ? "   baseline " : ", ", baseline.defined ? fmt::format("{:.4g}", baseline.value) : "undefined",
                        text.empty() ? 10 : 1, baseline.name);
  return text;
}

void evaluate_stage(Experiment& experiment, const RunOptions& run) {
  std::vector<archive::MetricRecord> rows;
  stage("evaluate", run.archive, 1, [&](Progress& progress) {
    {
      archive::Reader reader(run.archive);
      rows = evaluate_archive(experiment, reader);
    }
    archive::Writer writer = archive::Writer::open(run.archive, writer_options(experiment));
    writer.set_metrics(rows);
    writer.end_stage("evaluate", progress.seconds());
    writer.close();
    progress.done(fmt::format("{} figures", rows.size()));
  });
  for (const archive::MetricRecord& row : rows) {
    if (run.quiet) break;
    const std::string name = fmt::format("{:<32} {:<24}", row.name, row.scope);
    if (!row.defined)
      fmt::print("  {} undefined: {}\n", name, row.reason);
    else
      fmt::print("  {} {:>10.4g}{}\n", name, row.value, baselines_text(row));
  }
}

std::string report_path(const RunOptions& run) {
  return run.report.empty() ? fs::path(run.archive).replace_extension(".html").string() : run.report;
}

void report_stage(const RunOptions& run) {
  const std::string path = report_path(run);
  stage("report", run.archive, 1, [&](Progress& progress) {
    const archive::Reader reader(run.archive);
    const auto page = report::compose(reader);
    stop_if_interrupted("composing the report");
    report::write_html(page, path);
    progress.done(fmt::format("{} and {}", run.archive, path));
  });
}

}  // namespace

std::vector<Stage> parse_stages(std::string_view text) {
  std::vector<Stage> stages;
  std::vector<std::string_view> names;
  for (const auto& [name, stage] : stage_names) names.push_back(name);
  std::istringstream stream{std::string(text)};
  for (std::string word; std::getline(stream, word, ',');) {
    const auto found = std::find(names.begin(), names.end(), word);
    if (found == names.end())
      fail("--stages: there is no stage '{}'; there are {}.{}", word, fmt::join(names, ", "),
           did_you_mean(word, names));
    stages.push_back(stage_names[found - names.begin()].second);
  }
  if (stages.empty()) fail("--stages: names no stage; there are {}.", fmt::join(names, ", "));
  std::sort(stages.begin(), stages.end());
  return stages;
}

void run(Experiment& experiment, const RunOptions& options) {
  // Before anything is done for which there would be no place.
  if (rank() == 0 && std::count(options.stages.begin(), options.stages.end(), Stage::report)) {
    if (fs::path(report_path(options)).lexically_normal() == fs::path(options.archive).lexically_normal())
      fail("{}: is to be the archive and the report; name the archive NAME.h5, or the report with --report.", options.archive);
    report::check_report(report_path(options));
  }
  for (const Stage stage : options.stages) {
    if (stage == Stage::simulate) {
      simulate(experiment, options);
      if (rank() > 0) return;  // what follows is the first rank's
      continue;
    }
    try {
      if (stage == Stage::fit && (experiment.has_model || options.stages.size() == 1)) fit(experiment, options);
      if (stage == Stage::evaluate) evaluate_stage(experiment, options);
      if (stage == Stage::report) report_stage(options);
    } catch (const Error&) {
      mend(options.archive);
      throw;
    }
  }
}

void run_report(const RunOptions& options) { report_stage(options); }

}  // namespace proxon
