#include "proxon/schema/document.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "proxon/base/csv.hpp"
#include "proxon/base/units.hpp"
#include "proxon/schema/constants.hpp"
#include "proxon/schema/toml_text.hpp"

namespace proxon {

/// A value that was set from outside, by its path: what began the messages about it, and the path as it was written.
struct SetFrom {
  std::string origin, key;
};
using Overridden = std::map<std::string, SetFrom>;

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

struct Table::Node {
  Document* document = nullptr;
  PluginCatalog* catalog = nullptr;
  const Overridden* overridden = nullptr;
  const std::map<std::string, std::string>* computed = nullptr;
  const toml::table* table = nullptr;  // null: absent, reads as empty
  std::string path;                    // "network.populations.E"
  std::set<std::string> asked;
  std::map<std::string, std::shared_ptr<Node>> children;

  const toml::node* get(std::string_view key) {
    asked.emplace(key);
    return table ? table->get(key) : nullptr;
  }
  std::string join(std::string_view key) const {
    return path.empty() ? std::string(key) : key.empty() ? path : path + "." + std::string(key);
  }
  std::shared_ptr<Node> child(const std::string& key, const std::string& child_path, const toml::table* child_table) {
    auto& node = children[key];
    if (!node) node = std::make_shared<Node>(Node{document, catalog, overridden, computed, child_table, child_path, {}, {}});
    return node;
  }
};

std::string resolve_path(const std::string& document, std::string_view name) {
  const std::filesystem::path path(name);
  if (path.is_absolute()) return path.string();
  return (std::filesystem::path(document).parent_path() / path).lexically_normal().string();
}

// ---------------------------------------------------------------------------------------------------------------- documents

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

// ------------------------------------------------------------------------------------------------------------------- tables

bool Table::has(std::string_view key) const { return node_->table && node_->table->contains(key); }

std::string Table::where(std::string_view key) const {
  const std::string path = node_->join(key);
  for (const auto& [name, written] : *node_->overridden)
    if (name == path || path.starts_with(name + ".")) return fmt::format("{}{}{}: ", written.origin, written.key, path.substr(name.size()));
  if (const auto place = node_->computed->find(path); place != node_->computed->end()) return place->second + ": ";
  const toml::node* node = node_->table;
  if (node && !key.empty() && node_->table->get(key)) node = node_->table->get(key);
  const std::string& file = node_->document->path();
  if (path.empty()) return fmt::format("{}: ", file);
  // A table that is there only because a value below it was set.
  if (!node || !node->source().begin.line)
    for (const auto& [name, written] : *node_->overridden)
      if (name.starts_with(path + ".")) return fmt::format("{}{}: ", written.origin, path);
  if (node && node->source().begin.line) return fmt::format("{}:{}:{}: {}: ", file, node->source().begin.line, node->source().begin.column, path);
  return fmt::format("{}: {}: ", file, path);
}

namespace {

/// A number in the field's unit from 20, 20.0 or "20 ms"; refuses everything else with a sentence.
double read_number(const toml::node& node, const char* unit, const std::string& where) {
  double value = 0;
  if (const auto number = node.as_floating_point()) {
    value = number->get();
  } else if (const auto whole = node.as_integer()) {
    value = static_cast<double>(whole->get());
  } else if (const auto text = node.as_string()) {
    try {
      const Quantity quantity = parse_quantity(text->get());
      value = quantity.unit.empty() ? quantity.value : convert(quantity.value, quantity.unit, unit);
    } catch (const Error& error) {
      fail("{}\"{}\" does not fit: {}", where, text->get(), error.what());
    }
  } else {
    fail("{}must be a number{}.", where, std::string_view(unit) == "1" ? "" : fmt::format(", bare in {} or with its unit as in \"20 {}\"", unit, unit));
  }
  if (!std::isfinite(value)) fail("{}is {}, and must be a finite number.", where, value);
  return value;
}

void check_bounds(const FieldInfo& field, double value, const std::string& where) {
  if (const std::string why = out_of_bounds(field, value); !why.empty()) fail("{}{}.", where, why);
}

int64_t read_whole(const FieldInfo& field, const toml::node& node, const std::string& where) {
  int64_t value = 0;
  if (const auto whole = node.as_integer())
    value = whole->get();
  else if (const auto number = node.as_floating_point();
           number && number->get() == std::floor(number->get()) && std::abs(number->get()) < 9.2e18)
    value = static_cast<int64_t>(number->get());
  else
    fail("{}must be a whole number.", where);
  check_bounds(field, static_cast<double>(value), where);
  if (field.type == FieldType::integer32 && (value > 2147483647 || value < -2147483647))
    fail("{}is too large: at most 2147483647.", where);
  return value;
}

std::string read_text(const FieldInfo& field, const toml::node& node, const std::string& where, const std::string& document) {
  const auto text = node.as_string();
  if (!text) fail("{}must be a text in quotes.", where);
  if (field.flags & field_path) return text->get().empty() ? "" : resolve_path(document, text->get());
  if (!field.choices[0]) return text->get();
  std::vector<std::string> choices;
  std::istringstream stream{std::string(field.choices)};
  for (std::string choice; std::getline(stream, choice, '|');) choices.push_back(choice);
  if (std::find(choices.begin(), choices.end(), text->get()) == choices.end())
    fail("{}'{}' is not one of {}.{}", where, text->get(), fmt::join(choices, ", "), did_you_mean(text->get(), choices));
  return text->get();
}

/// A column of a CSV file as a list: { file = "rates.csv", column = "rate" }.
std::vector<double> read_column(const FieldInfo& field, const toml::table& table, const std::string& where, const std::string& document) {
  for (const auto& [key, value] : table)
    if (key != "file" && key != "column") fail("{}'{}' is not known here: write {{ file = \"...\", column = \"...\" }}.", where, key.str());
  const auto file = table["file"].value<std::string>(), column = table["column"].value<std::string>();
  if (!file || !column) fail("{}must be a list of numbers, or {{ file = \"data.csv\", column = \"name\" }}.", where);
  std::vector<double> values;
  try {
    CsvFile csv(resolve_path(document, *file));
    const size_t position = csv.column(*column);
    for (std::vector<std::string> row; csv.next(row);) {
      values.push_back(csv.number(row, position));
      check_bounds(field, values.back(), csv.where() + ": " + *column + ": ");
    }
  } catch (const std::runtime_error& error) {
    fail("{}{}", where, error.what());
  }
  if (values.empty()) fail("{}{} has no rows below its header.", where, *file);
  return values;
}

/// A value as it would be written in the file, on one line.
std::string toml_text(const toml::node& node) {
  std::ostringstream text;
  node.visit([&](const auto& value) { text << value; });
  std::string line = text.str();
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

template <class T, class ReadOne>
std::vector<T> read_list(const toml::node& node, const std::string& where, const char* what, ReadOne read_one) {
  const toml::array* array = node.as_array();
  if (!array) fail("{}must be a list of {}, in [ ].", where, what);
  std::vector<T> values;
  for (const toml::node& element : *array) values.push_back(read_one(element));
  return values;
}

/// The unit of a number per micrometre: bare, as units of that sort are not converted.
double read_scale(const toml::node& node, DistanceLaw law, const std::string& where) {
  return read_number(node, law == DistanceLaw::linear ? "1" : "um", where);
}

/// A number (constant), or { distribution = "normal", mean, std, low, high } with units as the field's; { ..., distance = "linear", slope }
/// or { ..., distance = "gaussian", length } where the value depends on distance.
Distribution read_distribution(const FieldInfo& field, const toml::node& node, const std::string& where) {
  if (!node.is_table()) {
    const double value = read_number(node, field.unit, where);
    check_bounds(field, value, where);
    return Distribution::constant(value);
  }
  const toml::table& table = *node.as_table();
  Distribution d;
  const auto choose = [&](const char* key, std::span<const char* const> names) {
    const auto given = table[key].value<std::string>();
    const auto found = std::find(names.begin(), names.end(), given.value_or(""));
    if (found == names.end())
      fail("{}{} must be one of {}.{}", where, key, fmt::join(names, ", "),
           given ? did_you_mean(*given, std::vector<std::string>(names.begin(), names.end())) : "");
    return found - names.begin();
  };
  d.kind = static_cast<DistributionKind>(choose("distribution", distribution_names));
  if (table.contains("distance")) d.law = static_cast<DistanceLaw>(choose("distance", std::span(distance_law_names).subspan(1)) + 1);
  const char* kind = distribution_names[static_cast<size_t>(d.kind)];
  const char* scale = d.law == DistanceLaw::linear ? "slope" : "length";

  const std::vector<std::string> keys{"mean", "std", "low", "high", "slope", "length"};
  double* const values[] = {&d.mean, &d.std, &d.low, &d.high};
  for (const auto& [key, value] : table) {
    const std::string name(key.str());
    if (name == "distribution" || name == "distance") continue;
    const auto position = static_cast<size_t>(std::find(keys.begin(), keys.end(), name) - keys.begin());
    if (position == keys.size())
      fail("{}unknown key '{}' of a distribution; it has mean, std, low, high, distance.{}", where, name, did_you_mean(name, keys));
    if (position >= 4 && (d.law == DistanceLaw::none || name != scale))
      fail("{}'{}' belongs to distance = {}.", where, name, name == "slope" ? "\"linear\"" : "\"exponential\" or \"gaussian\"");
    if (position < 4)
      *values[position] = read_number(value, field.unit, where + name + ": ");
    else
      d.scale = read_scale(value, d.law, where + name + ": ");
  }
  auto need = [&](const char* key, const char* of) {
    if (!table.contains(key)) fail("{}a {} distribution needs '{}'.", where, of, key);
  };
  if (d.kind == DistributionKind::uniform) {
    need("low", kind), need("high", kind);
    if (table.contains("mean") || table.contains("std")) fail("{}a uniform distribution has low and high, not mean or std.", where);
  } else {
    need("mean", kind);
    if (d.kind == DistributionKind::constant && (table.contains("std") || table.contains("low") || table.contains("high")))
      fail("{}a constant has its mean alone.", where);
    if (d.kind == DistributionKind::exponential && table.contains("std"))
      fail("{}the std of an exponential distribution is its mean; leave std out.", where);
    if (d.kind != DistributionKind::constant && d.kind != DistributionKind::exponential) need("std", kind);
  }
  if (d.law != DistanceLaw::none && !table.contains(scale)) fail("{}distance = \"{}\" needs '{}'.", where, distance_law_names[static_cast<size_t>(d.law)], scale);
  if (d.law > DistanceLaw::linear && !(d.scale > 0)) fail("{}length must be above 0 um.", where);
  if (d.low > d.high) fail("{}low must not be above high.", where);
  if (d.std < 0) fail("{}std must not be negative.", where);
  const bool one_sign = d.kind == DistributionKind::lognormal || d.kind == DistributionKind::exponential || d.kind == DistributionKind::gamma;
  if (one_sign && d.mean == 0) fail("{}the mean of {} {} distribution must not be 0.", where, kind[0] == 'e' ? "an" : "a", kind);
  if (d.kind != DistributionKind::uniform && (d.mean < d.low || d.mean > d.high))
    fail("{}the mean must lie between low and high.", where);
  return d;
}

}  // namespace

Values Table::read(const SchemaInfo& schema) {
  Values values = read_quietly(schema);
  node_->document->read_.insert_or_assign(node_->path, values);
  return values;
}

Values Table::read_quietly(const SchemaInfo& schema) {
  Values values(schema);
  const std::string& document = node_->document->path();
  std::vector<std::string_view> names;
  for (const FieldInfo& field : schema.list()) names.push_back(field.name);
  for (const FieldInfo& field : schema.list()) {
    const toml::node* node = node_->get(field.name);
    const std::string at = where(field.name);
    if (!node && field.type == FieldType::plugin) {
      // A plugin that was not chosen is the default one, with its default parameters.
      const auto* ref = reinterpret_cast<const PluginRef*>(static_cast<const char*>(schema.defaults) + field.offset);
      if (ref->by_default[0]) {
        const PluginInfo& plugin = node_->catalog->find(field.choices, ref->by_default);
        values.set(field, PluginValue{field.choices, ref->by_default, &plugin, Values(node_->catalog->parameters(plugin))});
        continue;
      }
    }
    if (!node) {
      if (!(field.flags & field_required)) continue;
      // The likeliest reason for a missing key is that it stands there misspelt.
      if (node_->table)
        for (const auto& [key, value] : *node_->table)
          if (std::find(names.begin(), names.end(), key.str()) == names.end() && nearest_name(key.str(), names) == field.name)
            fail("{}unknown key. Did you mean '{}'?", where(key.str()), field.name);
      fail("{}'{}' is missing: {}{}.", where(), field.name, field.meaning,
           std::string_view(field.unit) == "1" ? "" : fmt::format(" ({})", field.unit));
    }
    switch (field.type) {
      case FieldType::real:
      case FieldType::real32: {
        const double value = read_number(*node, field.unit, at);
        check_bounds(field, value, at);
        if (field.type == FieldType::real32 && std::abs(value) > std::numeric_limits<float>::max())
          fail("{}is {}, which is too large: at most {:.3g}.", at, value, std::numeric_limits<float>::max());
        values.set(field, value);
        break;
      }
      case FieldType::integer:
      case FieldType::integer32: values.set(field, read_whole(field, *node, at)); break;
      case FieldType::boolean:
        if (!node->is_boolean()) fail("{}must be true or false, without quotes.", at);
        values.set(field, node->as_boolean()->get());
        break;
      case FieldType::text: values.set(field, read_text(field, *node, at, document)); break;
      case FieldType::reals:
        if (const toml::table* table = node->as_table()) {
          values.set(field, read_column(field, *table, at, document));
        } else {
          values.set(field, read_list<double>(*node, at, "numbers", [&](const toml::node& element) {
                       const double value = read_number(element, field.unit, at);
                       check_bounds(field, value, at);
                       return value;
                     }));
        }
        break;
      case FieldType::integers:
        values.set(field, read_list<int64_t>(*node, at, "whole numbers", [&](const toml::node& element) { return read_whole(field, element, at); }));
        break;
      case FieldType::texts:
        values.set(field, read_list<std::string>(*node, at, field.flags & field_any ? "values" : "texts", [&](const toml::node& element) {
                     return field.flags & field_any ? toml_text(element) : read_text(field, element, at, document);
                   }));
        break;
      case FieldType::distribution: values.set(field, read_distribution(field, *node, at)); break;
      case FieldType::plugin: {
        // A name alone, or a table of the name and the plugin's own parameters.
        const toml::table* table = node->as_table();
        const auto name = table ? (*table)["name"].value<std::string>() : node->value<std::string>();
        if (!name) fail("{}must be the name of a {}, or {{ name = \"...\", its parameters }}.", at, field.choices);
        if (name->empty()) break;
        const PluginInfo* plugin = nullptr;
        try {
          plugin = &node_->catalog->find(field.choices, *name);
        } catch (const Error& error) {
          fail("{}{}", at, error.what());
        }
        Table below(node_->child(field.name, node_->join(field.name), table));
        below.node_->asked.insert("name");
        values.set(field, PluginValue{field.choices, *name, plugin, below.read_quietly(node_->catalog->parameters(*plugin))});
        break;
      }
    }
  }
  return values;
}

std::vector<std::pair<const FieldInfo*, Distribution>> Table::read_distributions(const SchemaInfo& schema) {
  std::vector<std::pair<const FieldInfo*, Distribution>> all;
  for (const FieldInfo& field : schema.list())
    if (const toml::node* node = node_->get(field.name)) {
      all.emplace_back(&field, read_distribution(field, *node, where(field.name)));
      if (all.back().second.law != DistanceLaw::none) fail("{}a state has no distance; leave `distance` out.", where(field.name));
    }
  if (!all.empty()) node_->document->initial_.insert_or_assign(node_->path, all);
  return all;
}

Table Table::table(std::string_view key) {
  const toml::node* node = node_->get(key);
  if (node && !node->is_table()) fail("{}must be a table, [{}] or {{ ... }}.", where(key), node_->join(key));
  return Table(node_->child(std::string(key), node_->join(key), node ? node->as_table() : nullptr));
}

std::vector<std::pair<std::string, Table>> Table::tables(std::string_view key) {
  Table parent = table(key);
  std::vector<std::pair<std::string, Table>> all;
  if (!parent.node_->table) return all;
  for (const TomlEntry& entry : in_order(*parent.node_->table)) all.emplace_back(entry.key, parent.table(entry.key));
  return all;
}

std::vector<Table> Table::list(std::string_view key) {
  const toml::node* node = node_->get(key);
  std::vector<Table> all;
  if (!node) return all;
  const toml::array* array = node->as_array();
  if (!array) fail("{}must be a list of tables: write [[{}]] above each.", where(key), node_->join(key));
  for (size_t i = 0; i < array->size(); ++i) {
    const std::string path = fmt::format("{}.{}", node_->join(key), i);
    if (!(*array)[i].is_table()) fail("{}must be a list of tables: write [[{}]] above each.", where(key), node_->join(key));
    all.push_back(Table(node_->child(fmt::format("{}.{}", key, i), path, (*array)[i].as_table())));
  }
  return all;
}

void Table::skip(std::string_view key, std::string_view why_without_effect) {
  node_->asked.emplace(key);
  const std::string path = node_->join(key);
  for (const auto& [name, written] : *node_->overridden)
    if (name == path || name.starts_with(path + ".")) fail("{}{}: has no effect: {}.", written.origin, written.key, why_without_effect);
}

void Table::finish() const {
  if (node_->table)
    for (const auto& [key, value] : *node_->table) {
      static_cast<void>(value);
      if (node_->asked.contains(std::string(key.str()))) continue;
      std::string help = did_you_mean(key.str(), node_->asked);
      if (help.empty() && !node_->asked.empty() && node_->asked.size() <= 16) help = fmt::format(" There are: {}.", fmt::join(node_->asked, ", "));
      fail("{}unknown key.{}", where(key.str()), help);
    }
  for (const auto& [key, child] : node_->children) Table(child).finish();
}

}  // namespace proxon
