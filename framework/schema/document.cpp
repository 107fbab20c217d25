#include "proxon/schema/document.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "proxon/schema/constants.hpp"
#include "proxon/schema/table_node.hpp"
#include "proxon/schema/toml_text.hpp"

namespace proxon {

struct Document::Tree {
  toml::table root;
  Overridden overridden;
  std::map<std::string, std::string> computed;    // path of a value that was an expression -> where it stood
  std::map<std::string, double> constants;

  /// Entries as TOML, after a comment that says which constants went into them.
  std::string text_of(const std::vector<TomlEntry>& entries) const {
    std::string text;
    for (const auto& [name, value] : constants) text += fmt::format("# with {} = {}\n", name, value);
    return text + toml_text(entries);
  }
};

std::string resolve_path(const std::string& document, std::string_view name) {
  const std::filesystem::path path(name);
  if (path.is_absolute()) return path.string();
  return (std::filesystem::path(document).parent_path() / path).lexically_normal().string();
}

namespace {

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path)) fail("{}: cannot be opened for reading. Is the name right?", path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// The element of an array of tables that `part` means: a number, or the value of its key `name`.
std::optional<size_t> element(toml::array& array, const std::string& part) {
  for (size_t i = 0; i < array.size(); ++i) {
    toml::table* table = array[i].as_table();
    if (part == std::to_string(i)) return i;
    if (table && (*table)["name"].value<std::string>() == part) return i;
  }
  return std::nullopt;
}

/// Puts "a.b.c=value" into the tree, making tables on the way.
void apply_override(toml::table& root, const Override& given, Overridden& overridden) {
  const auto& [text, origin] = given;
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) fail("{}{}: write key=value, for example training.epochs=20.", origin, text);
  auto trim = [](std::string part) {
    part.erase(0, part.find_first_not_of(' '));
    part.erase(part.find_last_not_of(' ') + 1);
    return part;
  };
  const std::string key = trim(text.substr(0, equals)), value = trim(text.substr(equals + 1));

  // A value is TOML; what is not, is taken as text, so that --set simulation.duration="2 s" needs no second pair of quotes.
  toml::table parsed;
  try {
    parsed = toml::parse("value = " + value);
  } catch (const toml::parse_error&) {
    parsed.insert_or_assign("value", value);
  }

  std::vector<std::string> parts;
  std::istringstream stream(key);
  for (std::string part; std::getline(stream, part, '.');) parts.push_back(part);
  toml::node* at = &root;
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    toml::node* next = nullptr;
    if (toml::table* table = at->as_table()) {
      if (!table->contains(parts[i])) table->insert(parts[i], toml::table{});
      next = table->get(parts[i]);
      // `neuron = "tanh_rate"` is short for `neuron = { name = "tanh_rate" }`: an override below it needs the long form.
      if (next->is_string()) {
        const std::string name = next->value<std::string>().value();
        table->insert_or_assign(parts[i], toml::table{{"name", name}});
        next = table->get(parts[i]);
      }
    } else if (toml::array* array = at->as_array()) {
      // Remembered by its number, which is how the tables of a list call themselves.
      if (const auto number = element(*array, parts[i])) {
        next = array->get(*number);
        parts[i] = std::to_string(*number);
      }
    }
    if (!next) fail("{}{}: there is no '{}' in '{}'.", origin, text, parts[i], key);
    at = next;
  }
  if (!at->is_table()) fail("{}{}: '{}' is not a table that has keys.", origin, text, key.substr(0, key.rfind('.')));
  at->as_table()->insert_or_assign(parts.back(), *parsed.get("value"));
  overridden[fmt::format("{}", fmt::join(parts, "."))] = {origin, key};
}

std::vector<Override> from_command_line(const std::vector<std::string>& texts) {
  std::vector<Override> overrides;
  for (const std::string& text : texts) overrides.push_back({text});
  return overrides;
}

}  // namespace

Document::Document(const std::string& path, const std::vector<std::string>& overrides, PluginCatalog& catalog)
    : Document(path, read_file(path), overrides, catalog) {}

Document::Document(const std::string& path, const std::string& text, const std::vector<std::string>& overrides, PluginCatalog& catalog)
    : Document(path, text, catalog, from_command_line(overrides)) {}

Document::Document(const std::string& path, const std::string& text, PluginCatalog& catalog, std::span<const Override> overrides)
    : path_(path), text_(text), tree_(std::make_unique<Tree>()), catalog_(catalog) {
  parse(overrides);
}

Document::~Document() = default;

void Document::parse(std::span<const Override> overrides) {
  try {
    tree_->root = toml::parse(text_, path_);
  } catch (const toml::parse_error& error) {
    fail("{}:{}:{}: is not TOML: {}.", path_, error.source().begin.line, error.source().begin.column, error.description());
  }
  for (const Override& override : overrides) apply_override(tree_->root, override, tree_->overridden);
  tree_->constants = evaluate_constants(tree_->root, tree_->computed, [&](const std::string& key, const toml::node& node) {
    const auto written = tree_->overridden.find(key);
    if (written != tree_->overridden.end()) return written->second.origin + written->second.key;
    return fmt::format("{}:{}:{}: {}", path_, node.source().begin.line, node.source().begin.column, key);
  });
}

std::string Document::resolved_text() const {
  return tree_->text_of(in_order(tree_->root));
}

std::string Document::resolved_text(const Document& other, std::span<const std::string_view> keys) const {
  std::vector<TomlEntry> merged = in_order(tree_->root);
  for (const std::string_view key : keys) {
    const toml::node* node = other.tree_->root.get(key);
    const auto at = std::find_if(merged.begin(), merged.end(), [&](const TomlEntry& entry) { return entry.key == key; });
    if (at == merged.end()) {
      if (node) merged.push_back({std::string(key), node});
    } else if (node) {
      at->node = node;
    } else {
      merged.erase(at);
    }
  }
  return tree_->text_of(merged);
}

bool Document::agrees(const Document& other, std::string_view key) const {
  const toml::node *mine = tree_->root.get(key), *theirs = other.tree_->root.get(key);
  return mine && theirs ? same_toml(*mine, *theirs) : mine == theirs;
}

std::vector<std::string> Document::keys(std::string_view path) const {
  const toml::node* node = &tree_->root;
  std::istringstream stream{std::string(path)};
  for (std::string part; node && std::getline(stream, part, '.');) node = node->is_table() ? node->as_table()->get(part) : nullptr;
  std::vector<std::string> names;
  if (node && node->is_table())
    for (const auto& [key, value] : *node->as_table()) names.emplace_back(key.str());
  return names;
}

std::vector<std::pair<std::string, Entry>> Document::parameters() const {
  std::map<std::string, Entry> all;
  auto join = [](const std::string& path, const std::string& name) { return path.empty() ? name : path + "." + name; };
  for (const auto& [path, values] : read_)
    for (Entry& entry : values.entries()) all.insert_or_assign(join(path, entry.name), std::move(entry));
  for (const auto& [path, list] : initial_)
    for (const auto& [field, distribution] : list)
      all.insert_or_assign(join(path, field->name), Entry{.name = field->name, .value = distribution_text(distribution), .unit = field->unit});
  return {all.begin(), all.end()};
}

namespace {
const PluginRef& plugin_of_field(const Values& values, const FieldInfo& field) {
  return *reinterpret_cast<const PluginRef*>(static_cast<const char*>(values.data()) + field.offset);
}

const FieldInfo* declaration_in(const Values& values, std::string_view name) {
  const size_t dot = name.find('.');
  const FieldInfo* field = values.find(name.substr(0, dot));
  if (!field || dot == std::string_view::npos || field->type == FieldType::distribution) return field;
  if (field->type != FieldType::plugin || !plugin_of_field(values, *field)) return nullptr;
  return declaration_in(plugin_of_field(values, *field)->values, name.substr(dot + 1));
}

void plugins_in(const Values& values, std::map<std::pair<std::string, std::string>, PluginValue>& all) {
  for (const FieldInfo& field : values.schema().list()) {
    if (field.type != FieldType::plugin || !plugin_of_field(values, field)) continue;
    const PluginValue& plugin = *plugin_of_field(values, field).value;
    all.try_emplace({plugin.kind, plugin.name}, plugin);
    plugins_in(plugin.values, all);
  }
}
}  // namespace

const FieldInfo* Document::declaration(std::string_view path) const {
  for (const auto& [table, values] : read_) {
    if (!table.empty() && !(path.starts_with(table) && path.substr(table.size()).starts_with("."))) continue;
    if (const FieldInfo* field = declaration_in(values, table.empty() ? path : path.substr(table.size() + 1))) return field;
  }
  return nullptr;
}

std::vector<std::string> Document::files() const {
  std::vector<std::string> all = column_files_;
  all.push_back(path_);
  for (const auto& [path, entry] : parameters()) {
    const FieldInfo* field = declaration(path);
    if (!field || !(field->flags & field_path)) continue;
    if (field->type == FieldType::texts)
      all.insert(all.end(), entry.texts.begin(), entry.texts.end());
    else
      all.push_back(entry.value);
  }
  return all;
}

std::vector<PluginValue> Document::plugins() const {
  std::map<std::pair<std::string, std::string>, PluginValue> all;
  for (const auto& [path, values] : read_) plugins_in(values, all);
  std::vector<PluginValue> list;
  for (auto& [name, plugin] : all) list.push_back(std::move(plugin));
  return list;
}

Table Document::root() {
  return Table(std::make_shared<Table::Node>(Table::Node{this, &catalog_, &tree_->overridden, &tree_->computed, &tree_->root, "", {}, {}}));
}

}  // namespace proxon
