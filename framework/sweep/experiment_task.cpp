#include <deque>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "proxon/experiment/fit_group.hpp"
#include "proxon/experiment/meaning.hpp"
#include "proxon/experiment/pipeline.hpp"
#include "proxon/experiment/sha256.hpp"
#include "proxon/sweep/task.hpp"

namespace proxon::sweep {

namespace fs = std::filesystem;

TrialId hash_of(std::initializer_list<std::string_view> texts) {
  Sha256 of;
  for (const std::string_view text : texts) {
    const uint64_t size = text.size();
    of.add({reinterpret_cast<const char*>(&size), sizeof size}), of.add(text);
  }
  const auto sum = of.sum();
  TrialId id;
  for (int i = 0; i < 8; ++i) id.high = id.high << 8 | sum[i], id.low = id.low << 8 | sum[8 + i];
  return id;
}

namespace {

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in || fs::is_directory(path)) fail("{}: cannot be opened for reading. Is the name right?", path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<uint8_t> read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What a document that has been loaded means, a line a parameter.
std::string meaning_of(const Document& document, bool simulation_only) {
  std::string text;
  for (const auto& [path, value] : meaning(document))
    if (!simulation_only || changes_simulation(path)) text += fmt::format("{} = {}\n", path, value);
  return text;
}

class ExperimentTask : public Task {
 public:
  ExperimentTask(const ExperimentTaskOptions& options, Registry& registry, Space& space)
      : options_(options), text_(read_text(options.file)), registry_(registry) {
    // The experiment as it stands, and what its schemas say of the axes.
    const std::unique_ptr<Document> base = document(options_.settings);
    const Experiment experiment = load(*base, registry_);
    seed_ = experiment.seed;
    later_ = experiment.has_model;
    if (later_ && experiment.dataset.as<DatasetOptions>().sequence == 0)
      for (const Axis& axis : space.axes) together_ |= std::all_of(axis.parameters.begin(), axis.parameters.end(), FitGroup::leaves_free);
    note_plugins(*base, experiment);
    for (Axis& axis : space.axes) settle(axis, *base);
    for (const Axis& axis : space.axes)
      shares_simulations_ |= std::none_of(axis.parameters.begin(), axis.parameters.end(), changes_simulation);
    for (size_t a = 0; a < space.axes.size(); ++a) try_out(space, a);
    basis_ = meaning_of(*base, false);
    for (const archive::PluginRecord& plugin : plugins_) basis_ += fmt::format("{} {} {}\n", plugin.kind, plugin.name, plugin.stamp);
  }

  std::string basis() const override { return basis_; }
  std::string text() const override { return text_; }
  std::vector<archive::PluginRecord> plugins() const override { return plugins_; }

  TrialId identify(const Space& space, const Trial& trial) override {
    const std::unique_ptr<Document> its = document(overrides(space, trial));
    const Experiment experiment = load(*its, registry_);
    return hash_of({meaning_of(*its, false), sums_of(*its, experiment)});
  }

  void run(const Space& space, const Trial& trial, const std::string& scratch, Result& result) override {
    const std::unique_ptr<Document> its = document(overrides(space, trial));
    Experiment experiment = load(*its, registry_);
    result.trial.id = hash_of({meaning_of(*its, false), sums_of(*its, experiment)});
    const std::string work = (fs::path(scratch) / "trial.h5").string();
    std::error_code none;
    fs::remove(work, none);

    // The network and its recordings, then what is made of them.
    const std::string known = recordings(*its, experiment, scratch);
    if (known != work) fs::copy_file(known, work, fs::copy_options::overwrite_existing);
    RunOptions options{.archive = work, .stages = {Stage::evaluate}, .quiet = true};
    if (later_) options.stages = {Stage::fit, Stage::evaluate};
    proxon::run(experiment, options);
    {
      const archive::Reader reader(work);
      fill(result, reader.metrics(), reader.epochs());
    }
    if (trial.keep) result.archive = read_bytes(work);
    fs::remove(work, none);
  }

  int64_t at_once() const override { return together_ ? best_at_once : 1; }

  std::vector<std::optional<Result>> run_together(const Space& space, std::span<const Trial> trials, const std::string& scratch) override {
    // Those that differ in what a group leaves free. One that is refused says alone what is wrong, and one whose archive is kept leaves it alone.
    std::vector<std::optional<Result>> results(trials.size());
    std::map<std::string, std::vector<Member>> groups;
    for (size_t i = 0; i < trials.size(); ++i) {
      if (trials[i].alone || (trials[i].keep && std::isnan(trials[i].bar))) continue;
      try {
        Member member{i, document(overrides(space, trials[i]))};
        member.experiment = std::make_unique<Experiment>(load(*member.document, registry_));
        const std::string means = meaning_of(*member.document, false);
        member.id = hash_of({means, sums_of(*member.document, *member.experiment)});
        groups[what_is_shared(means)].push_back(std::move(member));
      } catch (const Error&) {
        continue;
      }
    }
    for (auto& [shared, members] : groups) {
      if (members.size() < 2 || apart_.contains(shared)) continue;
      std::vector<const Experiment*> experiments;
      for (const Member& member : members) experiments.push_back(member.experiment.get());
      const std::vector<FitOutcome> outcomes = fit_together(shared, experiments, overrides(space, trials[members[0].place]), scratch);
      for (size_t m = 0; m < outcomes.size(); ++m) {
        Result& result = results[members[m].place].emplace(Result{.trial = trials[members[m].place]});
        result.trial.id = members[m].id;
        if (outcomes[m].error.empty()) fill(result, outcomes[m].metrics, outcomes[m].curve);
        else result.state = TrialState::failed, result.reason = outcomes[m].error;
      }
    }
    return results;
  }

  uint64_t seed() const override { return seed_; }
  std::string command() const override {
    std::string text = fmt::format("proxon run {}", options_.file);
    for (const Override& o : options_.settings) text += fmt::format(" --set '{}'", o.text);
    return text;
  }

 private:
  std::unique_ptr<Document> document(const std::vector<Override>& overrides) const {
    return std::make_unique<Document>(options_.file, text_, registry_, overrides);
  }

  std::vector<Override> overrides(const Space& space, const Trial& trial) const {
    std::vector<Override> all = options_.settings;
    for (Override& o : space.overrides(trial.point)) all.push_back(std::move(o));
    if (trial.repeat > 0) all.push_back({fmt::format("seed={}", seed_ + static_cast<uint64_t>(trial.repeat)), "repeats: "});
    return all;
  }

  /// Simulates, or finds the recordings of an earlier trial that are the same. Gives the archive; it is the trial's own to change where simulations are
  /// not shared.
  std::string recordings(const Document& its, Experiment& experiment, const std::string& scratch) {
    const std::string work = (fs::path(scratch) / "trial.h5").string();
    const std::string known = shares_simulations_ ? (fs::path(scratch) / (hash_of({meaning_of(its, true)}).text() + ".h5")).string() : work;
    if (known != work && fs::exists(known)) return known;
    proxon::run(experiment, {.archive = work, .stages = {Stage::simulate}, .overwrite = true, .quiet = true});
    if (known != work) fs::rename(work, known), remember(known);
    return known;
  }

  /// What is told of a trial.
  void fill(Result& result, const std::vector<archive::MetricRecord>& metrics, const std::vector<archive::EpochRecord>& epochs) const {
    for (const archive::MetricRecord& metric : metrics)
      result.figures.emplace_back(metric.scope.empty() ? metric.name : metric.name + "." + metric.scope, metric.defined ? metric.value : NAN);
    for (const archive::EpochRecord& epoch : epochs)
      result.curve.push_back({static_cast<int32_t>(epoch.epoch), static_cast<float>(epoch.train_loss), static_cast<float>(epoch.validation_loss)});
    if (!result.curve.empty()) {
      const auto best = std::min_element(result.curve.begin(), result.curve.end(), [](const Epoch& a, const Epoch& b) {
        return std::isnan(b.validation_loss) ? !std::isnan(a.validation_loss) : a.validation_loss < b.validation_loss;
      });
      const Epoch& last = std::isnan(best->validation_loss) ? result.curve.back() : *best;
      result.figures.emplace_back("train_loss", last.train_loss);
      if (!std::isnan(last.validation_loss)) result.figures.emplace_back("validation_loss", last.validation_loss);
    }
    if (!options_.curves) result.curve.clear();
  }

  /// A trial that may be run with others.
  struct Member {
    size_t place;
    std::unique_ptr<Document> document;
    std::unique_ptr<Experiment> experiment = nullptr;
    TrialId id = {};
  };

  /// The lines of a meaning that are the same for all of a group.
  static std::string what_is_shared(const std::string& means) {
    std::string text;
    for (size_t begin = 0, end; begin < means.size(); begin = end) {
      end = means.find('\n', begin) + 1;
      const std::string_view line(means.data() + begin, end - begin);
      if (!FitGroup::leaves_free(line.substr(0, line.find(" = ")))) text += line;
    }
    return text;
  }

  /// What a group of trials stands on, kept for those of the same kind that come later.
  struct Group {
    std::string shared;
    std::unique_ptr<Document> document;
    std::unique_ptr<Experiment> experiment;
    std::unique_ptr<FitGroup> fits;
  };

  /// Empty when they do not go together; then others of their kind are not tried again.
  std::vector<FitOutcome> fit_together(const std::string& shared, std::span<const Experiment* const> experiments, const std::vector<Override>& of_first,
                                       const std::string& scratch) {
    std::vector<FitOutcome> outcomes;
    try {
      if (!group_ || group_->shared != shared) {
        group_.reset();
        auto group = std::make_unique<Group>(Group{shared, document(of_first), nullptr, nullptr});
        group->experiment = std::make_unique<Experiment>(load(*group->document, registry_));
        group->fits = std::make_unique<FitGroup>(*group->experiment, recordings(*group->document, *group->experiment, scratch));
        group_ = std::move(group);
      }
      outcomes = group_->fits->run(experiments);
    } catch (const Error&) {
      outcomes.clear();  // each of them says alone what is wrong
    }
    if (outcomes.empty()) apart_.insert(shared), group_.reset();
    return outcomes;
  }

  /// Simulations of this worker that are kept for trials to come: the last few.
  void remember(const std::string& path) {
    simulated_.push_back(path);
    if (simulated_.size() <= most_simulated) return;
    std::error_code none;
    fs::remove(simulated_.front(), none);
    simulated_.pop_front();
  }

  /// All plugins of an experiment: those that its parameters name, and the metrics.
  static std::vector<PluginValue> plugins_of(const Document& document, const Experiment& experiment) {
    std::vector<PluginValue> all = document.plugins();
    all.insert(all.end(), experiment.metrics.begin(), experiment.metrics.end());
    return all;
  }

  void note_plugins(const Document& document, const Experiment& experiment) {
    for (const PluginValue& plugin : plugins_of(document, experiment)) sum_of(plugin);
  }

  const std::string& sum_of(const PluginValue& plugin) {
    for (const archive::PluginRecord& known : plugins_)
      if (known.kind == plugin.kind && known.name == plugin.name) return known.stamp;
    archive::PluginRecord record{.kind = plugin.kind, .name = plugin.name};
    if (const FoundPlugin* found = registry_.locate(plugin.kind, plugin.name)) record.file = fs::path(found->file).filename().string();
    record.stamp = plugin_sum(registry_, plugin.kind, plugin.name);
    for (const archive::PluginRecord& before : options_.plugins_as_of)
      if (before.kind == plugin.kind && before.name == plugin.name) record.stamp = before.stamp;
    plugins_.push_back(std::move(record));
    return plugins_.back().stamp;
  }

  std::string sums_of(const Document& document, const Experiment& experiment) {
    std::string text;
    for (const PluginValue& plugin : plugins_of(document, experiment)) text += fmt::format("{} {} {}\n", plugin.kind, plugin.name, sum_of(plugin));
    return text;
  }

  /// Tables of the experiment whose keys are names that a person chose: an axis cannot make a new one.
  static void check_names(const std::string& parameter, const Document& base, const std::string& where) {
    for (const SectionInfo& section : experiment_sections()) {
      if (!section.path.ends_with(".NAME")) continue;
      const std::string parent = section.path.substr(0, section.path.size() - 5);
      if (!parameter.starts_with(parent + ".")) continue;
      const std::string name = parameter.substr(parent.size() + 1, parameter.find('.', parent.size() + 1) - parent.size() - 1);
      const std::vector<std::string> names = base.keys(parent);
      if (std::find(names.begin(), names.end(), name) == names.end())
        fail("{}: {}: there is no '{}' in [{}] of {}; there are: {}.{}", where, parameter, name, parent, base.path(), fmt::join(names, ", "),
             did_you_mean(name, names));
    }
  }

  void settle(Axis& axis, const Document& base) {
    for (const std::string& parameter : axis.parameters) {
      check_names(parameter, base, axis.where);
      const FieldInfo* field = base.declaration(parameter);
      if (!field) continue;
      if (axis.unit.empty() && std::string_view(field->unit) != "1") axis.unit = field->unit;
      if (axis.is_range() && (field->type == FieldType::integer || field->type == FieldType::integer32)) axis.whole = true;
    }
    if (axis.whole && axis.is_range() && (axis.low != std::round(axis.low) || axis.high != std::round(axis.high)))
      fail("{}: goes from {} to {}, and '{}' takes whole numbers.", axis.where, axis.low, axis.high, axis.parameters.front());
  }

  /// Loads the experiment at every choice and at both ends of the range of one axis.
  void try_out(const Space& space, size_t axis) {
    size_t coordinate = 0;
    size_t leader = space.axes[axis].moves_with.value_or(axis);
    for (size_t before = 0; before < leader; ++before) coordinate += !space.axes[before].moves_with;
    const std::vector<SamplerAxis> all = space.coordinates();
    std::vector<double> values{all[coordinate].low, all[coordinate].high};
    if (all[coordinate].choices > 0) {
      values.clear();
      for (int64_t i = 0; i < std::min<int64_t>(all[coordinate].choices, most_tried); ++i) values.push_back(static_cast<double>(i));
    }
    for (const double value : values) {
      // The other axes at their first value, or wherever this one is active.
      for (uint64_t attempt = 0; attempt < 1000; ++attempt) {
        std::vector<double> at(all.size());
        for (size_t c = 0; c < all.size(); ++c)
          at[c] = c == coordinate ? value : attempt == 0 ? (all[c].choices ? 0 : all[c].low) : at_share(all[c], uniform({1, purpose("try_out")}, attempt, c));
        const Point point = space.at(at);
        if (std::isnan(point[axis]) || !space.allows(point)) continue;
        const std::unique_ptr<Document> its = document(overrides(space, {.point = point}));
        const Experiment experiment = load(*its, registry_);
        note_plugins(*its, experiment);
        break;
      }
    }
  }

  static constexpr int64_t most_tried = 200, best_at_once = 128;
  static constexpr size_t most_simulated = 8;
  ExperimentTaskOptions options_;
  std::string text_, basis_;
  Registry& registry_;
  uint64_t seed_ = 1;
  bool later_ = false, shares_simulations_ = false, together_ = false;
  std::unique_ptr<Group> group_;
  std::set<std::string> apart_;
  std::deque<std::string> simulated_;
  std::vector<archive::PluginRecord> plugins_;
};

}  // namespace

std::unique_ptr<Task> experiment_task(const ExperimentTaskOptions& options, Registry& registry, Space& space) {
  return std::make_unique<ExperimentTask>(options, registry, space);
}

}  // namespace proxon::sweep
