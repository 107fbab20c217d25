#include <toml++/toml.h>

#include <algorithm>
#include <limits>

#include "proxon/schema/document.hpp"
#include "proxon/schema/read_value.hpp"
#include "proxon/schema/table_node.hpp"
#include "proxon/schema/toml_text.hpp"

namespace proxon {

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
          node_->document->column_files_.push_back(resolve_path(document, *(*table)["file"].value<std::string>()));
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
                     return field.flags & field_any ? one_line(element) : read_text(field, element, at, document);
                   }));
        break;
      case FieldType::distribution: values.set(field, read_distribution(field, *node, at)); break;
      case FieldType::plugin: {
        // A name alone, or a table of the name and the plugin's own parameters.
        const toml::table* table = node->as_table();
        const auto name = table ? (*table)["name"].value<std::string>() : node->value<std::string>();
        if (!name) fail("{}must be the name of {}, or {{ name = \"...\", its parameters }}.", at, with_article(field.choices));
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
