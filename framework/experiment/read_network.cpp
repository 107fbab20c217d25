#include <filesystem>
#include <set>

#include "proxon/base/csv.hpp"
#include "proxon/experiment/read_tables.hpp"
#include "proxon/experiment/replay.hpp"
#include "proxon/experiment/shown.hpp"
#include "proxon/network/draw.hpp"
#include "proxon/network/listed.hpp"

namespace proxon {
namespace {

/// Throws with the place in the experiment where a plugin's parameters name a file that is not there.
void check_files(Table table, std::string_view key, const Values& parameters) {
  for (const FieldInfo& field : parameters.schema().list()) {
    const char* at = static_cast<const char*>(parameters.data()) + field.offset;
    if (!(field.flags & field_path)) continue;
    const auto listed = field.type == FieldType::texts ? *reinterpret_cast<const std::span<const std::string_view>*>(at)
                                                       : std::span(reinterpret_cast<const std::string_view*>(at), 1);
    for (const std::string_view file : listed)
      if (!file.empty() && !std::filesystem::exists(file)) fail("{}the file {} is not there. Is the name right?", table.table(key).where(field.name), file);
  }
}

/// Makes a plugin once and throws it away, so that parameters that do not go together are refused with their place before anything is run.
template <class TableType, class Setup>
void try_out(const PluginValue& plugin, const Setup& setup, const Table& table, std::string_view key) {
  try {
    Instance<TableType, Setup>(plugin, setup);
  } catch (const Error& error) {
    fail("{}{}", table.where(key), error.what());
  }
}

/// Rows of a CSV file with columns x, y, z (or the first ones of them), um.
std::vector<std::array<double, 3>> read_coordinates(const std::string& path, size_t dimensions) {
  std::vector<std::array<double, 3>> all;
  CsvFile csv{path};
  std::array<size_t, 3> column{};
  for (size_t d = 0; d < dimensions; ++d) column[d] = csv.column(std::string(1, "xyz"[d]));
  for (std::vector<std::string> row; csv.next(row);) {
    auto& at = all.emplace_back();
    for (size_t d = 0; d < dimensions; ++d) at[d] = csv.number(row, column[d]);
  }
  return all;
}

Positions read_positions(Table table, int64_t size) {
  const Values values = table.read<PositionSettings>();
  const auto& settings = values.as<PositionSettings>();
  Positions positions;
  positions.layout = settings.layout == "grid"      ? Positions::Layout::grid
                     : settings.layout == "uniform" ? Positions::Layout::uniform
                                                    : Positions::Layout::listed;
  positions.shape.assign(settings.shape.begin(), settings.shape.end());
  positions.extent.assign(settings.extent.begin(), settings.extent.end());
  positions.center.assign(settings.center.begin(), settings.center.end());
  positions.periodic = settings.periodic;
  try {
    if (positions.layout == Positions::Layout::listed) {
      if (settings.file.empty()) fail("file: is missing: where are the neurons?");
      positions.listed = read_coordinates(std::string(settings.file), positions.extent.size());
    }
    check_positions(positions, size);
  } catch (const std::runtime_error& error) {
    fail("{}{}", table.where(), error.what());
  }
  return positions;
}

void read_populations(Table network, double dt, Experiment& experiment) {
  for (auto& [name, table] : network.tables("populations")) {
    const Values values = table.read<PopulationSettings>();
    const auto& settings = values.as<PopulationSettings>();
    Population population{.name = name, .size = static_cast<int32_t>(settings.size), .neuron = *settings.neuron.value};
    if (!settings.file.empty()) {
      if (!settings.reader) fail("{}needs `reader`: which format has the file '{}'?", table.where("file"), settings.file);
      NeuronNames in_file;
      try {
        in_file = read_neuron_names(*settings.reader.value, std::string(settings.file));
      } catch (const Error& error) {
        fail("{}{}", table.where("file"), error.what());
      }
      population.neuron_names = std::move(in_file.names);
      if (population.size && population.size != in_file.size)
        fail("{}is {}, but the file names {} neurons; leave size out to take them all.", table.where("size"), population.size, in_file.size);
      population.size = in_file.size;
    }
    if (population.size < 1) fail("{}'size' is missing: a population needs at least one neuron.", table.where());
    const auto& model = *static_cast<const NeuronTable*>(population.neuron.plugin->table);
    try_out<NeuronTable>(population.neuron, Step{dt}, table, "neuron");
    population.initial = table.table("initial").read_distributions(*model.state);
    if (table.has("positions")) population.positions = read_positions(table.table("positions"), population.size);
    experiment.blueprint.add(std::move(population));
  }
  if (experiment.blueprint.populations().empty())
    fail("{}has no population; add a table [network.populations.NAME].", network.where());
}

void read_projections(Table network, double dt, Experiment& experiment) {
  std::map<std::string, const Population*> populations;
  for (const Population* population : experiment.blueprint.populations()) populations[population->name] = population;
  for (auto& [name, table] : network.tables("projections")) {
    const Values values = table.read<ProjectionSettings>();
    const auto& settings = values.as<ProjectionSettings>();
    Projection projection{.name = name,
                          .source = std::string(settings.source),
                          .target = std::string(settings.target),
                          .connectivity = *settings.connectivity.value,
                          .weight = settings.weight,
                          .weight_scale = settings.weight_scale,
                          .delay = settings.delay,
                          .sign = static_cast<Sign>(std::find(std::begin(sign_names), std::end(sign_names), settings.sign) - std::begin(sign_names)),
                          .synapse = *settings.synapse.value,
                          .learning_rule = {},
                          .receptor = std::string(settings.receptor)};
    if (settings.learning_rule) projection.learning_rule = *settings.learning_rule.value;
    for (const auto& [key, given] : {std::pair{"learning_stop", settings.learning_stop > 0}, {"weight_sum", settings.weight_sum > 0},
                                     {"modulator", !settings.modulator.empty()}})
      if (given && !projection.learning_rule) fail("{}is for a projection with a learning_rule, and this one has none.", table.where(key));
    projection.learning_stop = settings.learning_stop;
    projection.weight_sum = settings.weight_sum;
    if (settings.learning_stop > 0) in_steps(settings.learning_stop, dt, table.where("learning_stop"));
    projection.modulator = settings.modulator;
    if (!settings.modulator.empty()) lookup(populations, settings.modulator, table.where("modulator"), "population");
    lookup(populations, settings.source, table.where("source"), "population");
    lookup(populations, settings.target, table.where("target"), "population");
    check_files(table, "connectivity", projection.connectivity.values);
    try {
      if (table.has("delay")) check_delay(settings.delay, dt);
    } catch (const Error& error) {
      fail("{}{}", table.where("delay"), error.what());
    }
    try_out<SynapseTable>(projection.synapse, Step{dt}, table, "synapse");
    if (projection.learning_rule) try_out<LearningRuleTable>(*projection.learning_rule, Step{dt}, table, "learning_rule");
    try {
      experiment.blueprint.add(std::move(projection));
    } catch (const Error& error) {
      fail("{}{}", table.where(), error.what());
    }
  }
}

/// The numbers of named neurons; names that the population lacks are errors unless `skip_unknown`.
std::vector<int32_t> numbers_of(const Population& population, const std::vector<std::string>& names, bool skip_unknown, const std::string& where) {
  std::map<std::string, int32_t> number;
  for (size_t i = 0; i < population.neuron_names.size(); ++i) number[population.neuron_names[i]] = static_cast<int32_t>(i);
  if (number.empty()) fail("{}the neurons of '{}' have no names; give their numbers.", where, population.name);
  std::set<int32_t> found;
  for (const std::string& name : names) {
    const auto at = number.find(name);
    if (at != number.end()) found.insert(at->second);
    else if (!skip_unknown) fail("{}'{}' is not a neuron of '{}'.{}", where, name, population.name, did_you_mean(name, population.neuron_names));
  }
  return {found.begin(), found.end()};
}

std::vector<std::string> read_names(const GroupSettings& settings, const std::string& where) {
  std::vector<std::string> names;
  try {
    CsvFile csv{std::string(settings.file)};
    const size_t column = csv.column(settings.column);
    for (std::vector<std::string> row; csv.next(row);) names.push_back(row[column]);
  } catch (const std::runtime_error& error) {
    fail("{}{}", where, error.what());
  }
  return names;
}

void read_groups(Table network, Experiment& experiment) {
  std::map<std::string, NeuronSet> groups;
  for (const Population* population : experiment.blueprint.populations()) groups[population->name] = {population->name, {}, population->size};
  for (auto& [name, table] : network.tables("groups")) {
    const Values values = table.read<GroupSettings>();
    const auto& settings = values.as<GroupSettings>();
    if (groups.contains(name)) fail("{}the name '{}' is taken by a population.", table.where(), name);
    lookup(groups, settings.population, table.where("population"), "population");
    const Population& population = experiment.blueprint.population(settings.population);

    std::set<int32_t> chosen;
    for (const int64_t number : settings.neurons) {
      if (number >= population.size)
        fail("{}{} is out of range: '{}' has neurons 0 to {}.", table.where("neurons"), number, population.name, population.size - 1);
      chosen.insert(static_cast<int32_t>(number));
    }
    if (settings.first + settings.count > population.size)
      fail("{}{} + {} goes beyond the {} neurons of '{}'.", table.where("count"), settings.first, settings.count, population.size, population.name);
    for (int64_t i = 0; i < settings.count; ++i) chosen.insert(static_cast<int32_t>(settings.first + i));
    if (!settings.names.empty()) {
      const auto numbers = numbers_of(population, {settings.names.begin(), settings.names.end()}, false, table.where("names"));
      chosen.insert(numbers.begin(), numbers.end());
    }
    if (!settings.file.empty()) {
      const auto numbers = numbers_of(population, read_names(settings, table.where("file")), true, table.where("file"));
      chosen.insert(numbers.begin(), numbers.end());
    }
    if (chosen.empty()) fail("{}chooses no neuron; give neurons, names, first and count, or file and column.", table.where());
    groups[name] = {population.name, {chosen.begin(), chosen.end()}, population.size};
  }
  experiment.groups = std::move(groups);
}

void read_stimuli(Table root, double dt, Experiment& experiment) {
  for (auto& [name, table] : root.tables("stimuli")) {
    const Values values = table.read<StimulusSettings>();
    const auto& settings = values.as<StimulusSettings>();
    const NeuronSet& target = lookup(experiment.groups, settings.target, table.where("target"), "population or group");
    PluginValue generator = *settings.generator.value;
    try {
      fill_from_recording(generator, target.population_size);
    } catch (const Error& error) {
      fail("{}{}", table.where("generator"), error.what());
    }
    const std::shared_ptr<const StimulusSamples> samples =
        read_shown(table, experiment.files, target.population_size, Key{experiment.seed, purpose("stimulus/order")}.with(purpose(name)));
    if (samples && !static_cast<const StimulusTable*>(generator.plugin->table)->shows_samples)
      fail("{}stimulus '{}' shows no samples.", table.where("samples"), generator.name);
    const ShownSamples shown = samples ? samples->view() : ShownSamples{};
    try_out<StimulusTable>(generator, StimulusSetup{dt, Key{experiment.seed, purpose(name)}, samples ? &shown : nullptr}, table, "generator");
    experiment.stimuli.push_back({.name = name,
                                  .target = target.population,
                                  .neurons = target.neurons,
                                  .weight = settings.weight,
                                  .receptor = std::string(settings.receptor),
                                  .generator = std::move(generator),
                                  .samples = samples});
  }
}

}  // namespace

void read_network(Table root, double dt, Experiment& experiment) {
  Table network = root.table("network");
  read_populations(network, dt, experiment);
  read_projections(network, dt, experiment);
  read_groups(network, experiment);
  read_stimuli(root, dt, experiment);
}

}  // namespace proxon
