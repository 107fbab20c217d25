#include "proxon/experiment/meaning.hpp"

#include <filesystem>
#include <sstream>

namespace proxon {

namespace fs = std::filesystem;

namespace {

/// The sum of a file's content in place of its name; what names no file stays.
std::string content(const std::string& value) {
  static std::map<std::pair<std::string, fs::file_time_type>, std::string> sums;
  std::error_code error;
  if (!fs::is_regular_file(value, error)) return value;
  std::string& sum = sums[{value, fs::last_write_time(value, error)}];
  if (sum.empty()) sum = sha256_of(value);
  return sum;
}

/// What is shown, how often a file is flushed and how often a checkpoint is written.
bool changes_nothing(const std::string& path) {
  return path == "title" || path == "description" || path.starts_with("report.") || path == "record.flush_interval" || path == "simulation.checkpoint_interval" ||
         path == "training.checkpoint_interval";
}

}  // namespace

bool changes_simulation(std::string_view parameter) {
  if (parameter == "seed" || parameter.starts_with("constants.")) return true;
  return std::any_of(simulation_tables.begin(), simulation_tables.end(), [&](std::string_view table) {
    return parameter.starts_with(table) && parameter.substr(table.size()).starts_with(".");
  });
}

std::vector<std::pair<std::string, std::string>> meaning(const Document& document) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& [path, entry] : document.parameters()) {
    if (changes_nothing(path)) continue;
    std::string value = entry.value;
    const FieldInfo* field = document.declaration(path);
    if (field && (field->flags & field_path)) {
      value = field->type == FieldType::texts ? "" : content(value);
      for (const std::string& name : entry.texts) value += content(name) + " ";
    }
    all.emplace_back(path, fmt::format("{} {}", value, entry.unit));
  }
  return all;
}

std::string plugin_sum(Registry& registry, std::string_view kind, std::string_view name) {
  const FoundPlugin* found = registry.locate(kind, name);
  return found ? sha256_of(found->file) : "";
}

std::string fit_basis(const Document& document, const Experiment& experiment) {
  std::string text;
  for (const auto& [path, value] : meaning(document))
    if ((!changes_simulation(path) || path == "seed") && !path.starts_with("evaluation.")) text += fmt::format("{} = {}\n", path, value);
  std::vector<const PluginValue*> plugins{experiment.model.as<ModelSettings>().approximator.value, experiment.training.as<TrainingOptions>().rule.value,
                                          experiment.training.as<TrainingOptions>().optimizer.value};
  for (const auto* side : {&experiment.sample_inputs, &experiment.sample_targets})
    for (const auto& [name, spec] : *side) plugins.push_back(spec.as<SampleSpec>().reader.value);
  for (const PluginValue* plugin : plugins)
    if (plugin) text += fmt::format("plugin {} '{}' = {}\n", plugin->kind, plugin->name, plugin_sum(*experiment.registry, plugin->kind, plugin->name));
  return text;
}

std::string fit_difference(const std::string& begun_with, const std::string& now) {
  const auto lines = [](const std::string& text) {
    std::map<std::string, std::string> all;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
      const size_t at = line.find(" = ");
      if (at == std::string::npos) continue;
      std::string& value = all[line.substr(0, at)] = line.substr(at + 3);
      if (value.ends_with(" 1")) value.pop_back();  // the unit of pure numbers; texts have none
      if (value.ends_with(' ')) value.pop_back();
    }
    return all;
  };
  const std::map<std::string, std::string> before = lines(begun_with), after = lines(now);
  const auto value = [](const std::map<std::string, std::string>& all, const std::string& name) {
    const auto found = all.find(name);
    return found == all.end() ? "nothing" : found->second.empty() ? "\"\"" : found->second;
  };
  std::map<std::string, std::string> names = before;
  names.insert(after.begin(), after.end());
  for (const auto& [name, unused] : names) {
    if (value(before, name) == value(after, name)) continue;
    if (name.starts_with("plugin ")) return fmt::format("was begun with another file of {}", name.substr(7));
    return fmt::format("was begun with {} = {}, and not {}", name, value(before, name), value(after, name));
  }
  return "";
}

}  // namespace proxon
