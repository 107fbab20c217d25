#include "proxon/experiment/reference.hpp"

#include <filesystem>

#include "proxon/base/progress.hpp"
#include "proxon/network/connectome.hpp"

namespace proxon {
namespace {

std::string unit_text(const char* unit) { return std::string_view(unit) == "1" ? "" : unit; }

/// A table of parameters in plain text, columns aligned.
std::string parameter_table(const SchemaInfo& schema) {
  if (schema.count == 0) return "  none\n";
  size_t name = 4, value = 7, unit = 4;
  for (const FieldInfo& field : schema.list()) {
    name = std::max(name, std::string_view(field.name).size());
    value = std::max(value, default_text(schema, field).size());
    unit = std::max(unit, unit_text(field.unit).size());
  }
  std::string text;
  for (const FieldInfo& field : schema.list()) {
    const std::string bounds = bounds_text(field);
    text += fmt::format("  {:<{}}  {:<{}}  {:<{}}  {}{}\n", field.name, name, default_text(schema, field), value, unit_text(field.unit), unit,
                        field.meaning, bounds.empty() ? "" : fmt::format(" ({})", bounds));
  }
  return text;
}

std::string markdown_table(const SchemaInfo& schema) {
  if (schema.count == 0) return "No parameters.\n";
  std::string text = "| key | default | unit | what it is |\n|---|---|---|---|\n";
  for (const FieldInfo& field : schema.list()) {
    std::string bounds = bounds_text(field);
    text += fmt::format("| `{}` | {} | {} | {}; {}{} |\n", field.name, default_text(schema, field), unit_text(field.unit), field.meaning,
                        fmt::format("{}", fmt::join(std::vector<std::string>{type_text(field)}, "")), bounds.empty() ? "" : ", " + bounds);
  }
  // A bar inside a cell would end it.
  std::string escaped;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool inner = text[i] == '|' && i > 0 && text[i - 1] != ' ' && text[i - 1] != '\n' && i + 1 < text.size() && text[i + 1] != '\n' &&
                       text[i + 1] != ' ' && text[i - 1] != '-' && text[i + 1] != '-';
    escaped += inner ? std::string("\\|") : std::string(1, text[i]);
  }
  return escaped;
}

/// Columns that a kind keeps for each neuron, synapse or weight, beside its parameters.
std::vector<std::pair<std::string, const SchemaInfo*>> further_schemas(const PluginInfo& plugin) {
  const std::string_view kind = plugin.kind;
  if (kind == "neuron") {
    const auto& table = *static_cast<const NeuronTable*>(plugin.table);
    return {{"state of a neuron", table.state}, {"input ports", table.input}};
  }
  if (kind == "learning_rule") {
    const auto& table = *static_cast<const LearningRuleTable*>(plugin.table);
    std::vector<std::pair<std::string, const SchemaInfo*>> all;
    if (table.pre->count) all.emplace_back("traces of the source", table.pre);
    if (table.post->count) all.emplace_back("traces of the target", table.post);
    return all;
  }
  return {};
}

}  // namespace

std::string describe_plugin(const PluginInfo& plugin) {
  std::string text = fmt::format("{} '{}'\n{}\n", plugin.kind, plugin.name, plugin.about.summary);
  if (plugin.about.equation[0]) text += fmt::format("equation: {}\n", plugin.about.equation);
  if (plugin.about.reference[0]) text += fmt::format("source: {}\n", plugin.about.reference);
  text += "parameters:\n" + parameter_table(*plugin.parameters);
  for (const auto& [what, schema] : further_schemas(plugin)) text += what + ":\n" + parameter_table(*schema);
  return text;
}

std::string section_tables(const std::vector<SectionInfo>& sections) {
  std::string text;
  for (const SectionInfo& section : sections)
    text += fmt::format("\n## {}\n\n{}.\n\n{}", section.path.empty() ? "head" : "[" + section.path + "]",
                        static_cast<char>(std::toupper(section.meaning[0])) + section.meaning.substr(1), markdown_table(*section.schema));
  return text;
}

std::vector<std::pair<std::string, std::string>> reference_pages(Registry& registry, const std::string& folder) {
  const std::string made = "<!-- made by `proxon reference`; do not edit -->\n";
  std::string text = made +
                     "# The experiment file\n\nAn experiment is a TOML file. A bare number is in the unit of its key; a number in quotes may carry "
                     "its own (`\"20 ms\"`, `\"0.02 s\"`). A value that may vary takes a number or a distribution, `{ distribution = \"normal\", mean = 0.1, "
                     "std = 0.02, low = 0 }`: constant (mean), normal, lognormal, gamma (mean, std), exponential (mean), uniform (low, high); "
                     "what lies outside low and high is drawn again, so that a normal one with bounds is the truncated normal. Weights and "
                     "delays may also depend on the distance x between the two neurons, where their populations have positions: `distance = "
                     "\"linear\", slope` adds slope x (unit of the key per um), `distance = \"exponential\", length` and `distance = \"gaussian\", "
                     "length` multiply by exp(-x / length) and exp(-x^2 / (2 length^2)). Delays that vary are rounded to the nearest multiple of "
                     "dt, at least one; a constant delay that is no multiple is refused. A plugin is chosen by its name, or by a table of its name and parameters. File names are relative to the "
                     "experiment file.\n\nNumbers that stand in several places are named once in the table [constants]; a text that begins with '=' is an expression in "
                     "them (+ - * / ^, comparisons, ?:, sqrt, exp, ln, abs, min, max, round, floor, ceil), whose value is in the key's own unit: `scale = 0.1` in "
                     "[constants], then `size = \"= round(20683 * scale)\"`. `--set constants.scale=1` changes it everywhere.\n";
  text += section_tables(experiment_sections());
  std::vector<std::pair<std::string, std::string>> pages{{"experiment.md", text}};

  for (const KindInfo& kind : plugin_kinds()) {
    std::string page = fmt::format("{}# {}\n\nPlugins of kind `{}`: {}.\n", made, kind.folder, kind.kind, kind.meaning);
    for (const FoundPlugin& found : registry.found()) {
      if (found.kind != kind.kind) continue;
      const PluginInfo& plugin = registry.find(found.kind, found.name);
      page += fmt::format("\n## {}\n\n{}\n", plugin.name, plugin.about.summary);
      if (plugin.about.equation[0]) page += fmt::format("\n    {}\n", plugin.about.equation);
      if (plugin.about.reference[0]) page += fmt::format("\nSource: {}\n", plugin.about.reference);
      const std::string picture = fmt::format("images/{}.png", plugin.name);
      if (std::filesystem::exists(std::filesystem::path(folder) / picture)) page += fmt::format("\n![{}]({})\n", plugin.name, picture);
      page += "\n" + markdown_table(*plugin.parameters);
      for (const auto& [what, schema] : further_schemas(plugin))
        page += fmt::format("\n{}{}:\n\n{}", static_cast<char>(std::toupper(what[0])), what.substr(1), markdown_table(*schema));
    }
    pages.emplace_back(std::string(kind.folder) + ".md", page);
  }
  return pages;
}

}  // namespace proxon
