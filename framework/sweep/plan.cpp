#include "proxon/sweep/plan.hpp"

#include <charconv>
#include <filesystem>
#include <numeric>
#include <set>

#include "proxon/experiment/meaning.hpp"

namespace proxon::sweep {
namespace {

/// The sentence's begin without the colon and the space at its end.
std::string place(const Table& table, std::string_view key = "") {
  const std::string where = table.where(key);
  return where.substr(0, where.size() - 2);
}

std::optional<double> number_of(const std::string& toml) {
  double value = 0;
  const char* begin = toml.data() + (toml.starts_with('+') ? 1 : 0);
  const auto [end, error] = std::from_chars(begin, toml.data() + toml.size(), value);
  if (error != std::errc() || end != toml.data() + toml.size()) return std::nullopt;
  return value;
}

void read_range(const AxisSettings& settings, const Table& table, Axis& axis) {
  for (const char* key : {"low", "high"})
    if (!table.has(key)) fail("{}needs `values`, or `low` and `high`.", table.where());
  axis.low = settings.low, axis.high = settings.high;
  axis.logarithmic = settings.space.starts_with("log"), axis.whole = settings.space.ends_with("integer");
  axis.points = settings.points;
  if (axis.low > axis.high) fail("{}is {}, which lies below low = {}.", table.where("high"), axis.high, axis.low);
  if (axis.logarithmic && axis.low <= 0) fail("{}is {}, and the ratios of a logarithmic range need it above 0.", table.where("low"), axis.low);
  if (axis.points == 1 && axis.low != axis.high) fail("{}is 1, and a range has two ends: give at least 2, or `values`.", table.where("points"));
}

void read_values(const AxisSettings& settings, const Table& table, Axis& axis) {
  for (const char* key : {"low", "high", "points", "space"})
    if (table.has(key)) fail("{}goes with a range, and this axis has `values`; leave out one of the two.", table.where(key));
  std::set<std::string> seen;
  for (const std::string_view value : settings.values) {
    axis.choices.emplace_back(value);
    if (!seen.emplace(value).second) fail("{}has {} twice.", table.where("values"), value);
  }
  for (const std::string& choice : axis.choices)
    if (const auto number = number_of(choice)) axis.numbers.push_back(*number);
  if (axis.numbers.size() != axis.choices.size()) axis.numbers.clear();
}

Axis read_axis(const std::string& name, Table& table, bool of_function) {
  const Values values = table.read<AxisSettings>();
  const auto& settings = values.as<AxisSettings>();
  Axis axis{.name = name, .fidelity = settings.fidelity, .where = place(table)};
  if (!settings.parameter.empty()) axis.parameters.emplace_back(settings.parameter);
  for (const std::string_view parameter : settings.parameters) axis.parameters.emplace_back(parameter);
  if (axis.parameters.empty() && !of_function) fail("{}needs `parameter`: which one does it change?", table.where());
  for (const char c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_')
      fail("{}the name of an axis has letters, digits and _ only; the path of its parameter stands in `parameter`.", table.where());
  if (!table.has("values")) read_range(settings, table, axis);
  else if (settings.values.empty()) fail("{}is empty: an axis needs at least one value.", table.where("values"));
  else read_values(settings, table, axis);
  if (axis.fidelity && !axis.is_range()) fail("{}needs a range: `low` and `high`.", table.where("fidelity"));
  return axis;
}

/// Whether an axis has a value only where the conditions of others hold that it is needed for.
bool hangs_on_itself(const Space& space, size_t axis) {
  std::vector<size_t> reached{axis};
  for (size_t k = 0; k < reached.size(); ++k)
    if (const auto& when = space.axes[reached[k]].when)
      for (const size_t needed : when->needs()) {
        if (needed == axis) return true;
        if (std::find(reached.begin(), reached.end(), needed) == reached.end()) reached.push_back(needed);
      }
  return false;
}

void read_axes(Table root, bool of_function, Space& space) {
  std::vector<std::pair<std::string, Table>> tables = root.tables("axes");
  if (tables.empty()) fail("{}has no axis; add a table [axes.NAME] with a parameter and its values.", root.where());
  for (auto& [name, table] : tables) {
    space.axes.push_back(read_axis(name, table, of_function));
    for (const Axis& other : space.axes)
      for (const std::string& parameter : other.parameters)
        if (&other != &space.axes.back() && std::count(space.axes.back().parameters.begin(), space.axes.back().parameters.end(), parameter))
          fail("{}'{}' is changed by axis '{}' already.", table.where(), parameter, other.name);
  }
  // What changes the simulation comes first, so that a grid changes it least often: trials that share one need it only once.
  std::vector<size_t> order(tables.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_partition(order.begin(), order.end(), [&](size_t a) {
    const auto& parameters = space.axes[a].parameters;
    return std::any_of(parameters.begin(), parameters.end(), changes_simulation);
  });
  std::vector<Axis> axes;
  std::vector<std::pair<std::string, Table>> in_order;
  for (const size_t a : order) axes.push_back(std::move(space.axes[a])), in_order.push_back(tables[a]);
  space.axes = std::move(axes), tables = std::move(in_order);

  // What names other axes, once all are known.
  const std::vector<std::string> names = space.names();
  for (size_t a = 0; a < tables.size(); ++a) {
    Table& table = tables[a].second;
    Axis& axis = space.axes[a];
    const Values values = table.read<AxisSettings>();
    const auto& settings = values.as<AxisSettings>();
    if (!settings.when.empty()) {
      try {
        axis.when.emplace(std::string(settings.when), names);
      } catch (const Error& error) {
        fail("{}{}", table.where("when"), error.what());
      }
    }
    if (settings.zip.empty()) continue;
    const auto found = std::find(names.begin(), names.end(), settings.zip);
    if (found == names.end()) fail("{}there is no axis '{}'.{}", table.where("zip"), settings.zip, did_you_mean(settings.zip, names));
    const auto leader = static_cast<size_t>(found - names.begin());
    const Axis& other = space.axes[leader];
    if (leader == a) fail("{}an axis cannot move with itself.", table.where("zip"));
    if (tables[leader].second.has("zip")) fail("{}'{}' moves with another axis itself; name that one.", table.where("zip"), other.name);
    if (other.is_range() != axis.is_range() || other.choices.size() != axis.choices.size())
      fail("{}'{}' has {}, and this axis has {}: axes that move together have as many values.", table.where("zip"), other.name,
           other.is_range() ? "a range" : fmt::format("{} values", other.choices.size()), axis.is_range() ? "a range" : fmt::format("{} values", axis.choices.size()));
    axis.moves_with = leader;
  }
  for (size_t a = 0; a < tables.size(); ++a)
    if (hangs_on_itself(space, a)) fail("{}hangs on the axis itself.", tables[a].second.where("when"));
}

void check_sampler(const Plan& plan, const Table& root) {
  const std::vector<SamplerAxis> axes = plan.space.coordinates();
  std::vector<uint32_t> maximise;
  for (const Objective& objective : plan.objectives) maximise.push_back(objective.maximise);
  const auto& settings = plan.settings();
  try {
    const Instance<SamplerTable, SamplerSetup> sampler(plan.sampler(), SamplerSetup{Key{static_cast<uint64_t>(settings.seed), purpose("sampler")}, axes.data(),
                                                                                   static_cast<int64_t>(axes.size()), maximise.data(),
                                                                                   static_cast<int64_t>(maximise.size()), settings.trials});
    const int64_t points = sampler.table().points(sampler.object());
    if (settings.trials == 0 && points == std::numeric_limits<int64_t>::max())
      fail("has no end, so that `trials` must say how many points are tried.");
    if (settings.trials == 0 && points > 100'000'000)
      fail("has {:.3g} points here; give `trials` to take some of them, or fewer values.", static_cast<double>(points));
  } catch (const Error& error) {
    fail("{}{}", root.where("sampler"), error.what());
  }
}

}  // namespace

std::vector<SectionInfo> sweep_sections() {
  return {{"", "the head of the file", &schema_of<SweepSettings>()},
          {"axes.NAME", "a parameter, or several at once, and the values to try", &schema_of<AxisSettings>()},
          {"objectives.NAME", "what is good; with several, no trial is best but for what it gives up", &schema_of<ObjectiveSettings>()},
          {"trial", "what a trial may cost, and what is kept of it", &schema_of<TrialSettings>()},
          {"executor", "where trials run", &schema_of<ExecutorSettings>()}};
}

Plan read_plan(const std::string& file, const std::vector<std::string>& overrides, Registry& registry,
               const std::vector<archive::PluginRecord>& plugins_as_of) {
  Document document(file, overrides, registry);
  Table root = document.root();
  Plan plan{.file = file, .text = document.resolved_text(), .head = root.read<SweepSettings>()};
  const auto& settings = plan.settings();
  plan.title = settings.title.empty() ? std::filesystem::path(file).stem().string() : std::string(settings.title);
  if (settings.experiment.empty() == settings.function.empty())
    fail("{}needs `experiment`, the file whose parameters the axes change{}.", root.where(), settings.function.empty() ? "" : ", or `function`, and not both");
  read_axes(root, !settings.function.empty(), plan.space);
  for (const std::string_view text : settings.constraints) {
    try {
      plan.space.constraints.emplace_back(std::string(text), plan.space.names());
    } catch (const Error& error) {
      fail("{}{}", root.where("constraints"), error.what());
    }
  }
  for (auto& [name, table] : root.tables("objectives")) {
    const Values values = table.read<ObjectiveSettings>();
    const auto& objective = values.as<ObjectiveSettings>();
    plan.objectives.push_back({name, std::string(objective.metric), std::string(objective.scope), objective.goal == "maximise", table.where("metric")});
  }
  if (plan.objectives.empty()) fail("{}has no objective; add a table [objectives.NAME] with a metric and its goal.", root.where());
  plan.trial = root.table("trial").read<TrialSettings>();
  plan.executor = root.table("executor").read<ExecutorSettings>();
  root.finish();

  // The experiment at every value, then the sampler in the space that came of it.
  if (!settings.function.empty()) {
    try {
      plan.task = function_task(std::string(settings.function), settings.function_time, plan.space);
    } catch (const Error& error) {
      fail("{}{}", root.where("function"), error.what());
    }
  } else {
    ExperimentTaskOptions options{.file = std::string(settings.experiment), .curves = plan.limits().curves, .plugins_as_of = plugins_as_of};
    for (const std::string_view text : settings.set) options.settings.push_back({std::string(text), root.where("set")});
    plan.task = experiment_task(options, registry, plan.space);
    if (settings.repeats > 1)
      for (const Axis& axis : plan.space.axes)
        if (std::count(axis.parameters.begin(), axis.parameters.end(), "seed"))
          fail("{}: changes the seed, and so do repeats = {}; leave out one of the two.", axis.where, settings.repeats);
  }
  check_sampler(plan, root);
  return plan;
}

}  // namespace proxon::sweep
