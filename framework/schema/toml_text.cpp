#include "proxon/schema/toml_text.hpp"

#include <algorithm>
#include <sstream>

namespace proxon {
namespace {

template <class T>
std::string as_toml(const T& value) {
  std::ostringstream text;
  text << value;
  return std::move(text).str();
}

std::string key_text(const std::string& key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
  return bare ? key : as_toml(toml::value<std::string>(key));
}

/// Values first, as TOML wants them, and tables that stand within a line; then tables with a heading of their own.
void write(const std::vector<TomlEntry>& entries, const std::string& path, std::string& text) {
  std::vector<TomlEntry> with_heading;
  for (const TomlEntry& entry : entries) {
    const toml::table* table = entry.node->as_table();
    const toml::array* list = entry.node->as_array();
    if ((table && (!table->is_inline() || !with_heading.empty())) || (list && list->is_array_of_tables())) {
      with_heading.push_back(entry);
      continue;
    }
    text += key_text(entry.key) + " = ";
    entry.node->visit([&](const auto& value) { text += as_toml(value); });
    text += '\n';
  }
  for (const TomlEntry& entry : with_heading) {
    const std::string name = path.empty() ? key_text(entry.key) : path + "." + key_text(entry.key);
    if (const toml::table* table = entry.node->as_table()) {
      text += "\n[" + name + "]\n";
      write(in_order(*table), name, text);
    } else {
      for (const toml::node& element : *entry.node->as_array()) {
        text += "\n[[" + name + "]]\n";
        write(in_order(*element.as_table()), name, text);
      }
    }
  }
}

/// Its tables in their order, then everything else by name.
std::vector<TomlEntry> tables_first(const toml::table& table) {
  std::vector<TomlEntry> entries = in_order(table);
  const auto others = std::stable_partition(entries.begin(), entries.end(), [](const TomlEntry& entry) { return entry.node->is_table(); });
  std::sort(others, entries.end(), [](const TomlEntry& a, const TomlEntry& b) { return a.key < b.key; });
  return entries;
}

}  // namespace

std::vector<TomlEntry> in_order(const toml::table& table) {
  std::vector<std::pair<toml::source_position, TomlEntry>> placed;
  for (const auto& [key, node] : table) placed.push_back({key.source().begin, {std::string(key.str()), &node}});
  std::stable_sort(placed.begin(), placed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<TomlEntry> entries;
  for (auto& [place, entry] : placed) entries.push_back(std::move(entry));
  return entries;
}

std::string toml_text(const std::vector<TomlEntry>& entries) {
  std::string text;
  write(entries, "", text);
  return text;
}

bool same_toml(const toml::node& a, const toml::node& b) {
  const auto same_entry = [](const TomlEntry& x, const TomlEntry& y) { return x.key == y.key && same_toml(*x.node, *y.node); };
  if (a.type() != b.type()) return false;
  if (a.is_table()) {
    const auto x = tables_first(*a.as_table()), y = tables_first(*b.as_table());
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), same_entry);
  }
  if (a.is_array()) return std::equal(a.as_array()->begin(), a.as_array()->end(), b.as_array()->begin(), b.as_array()->end(), same_toml);
  const auto text = [](const toml::node& node) { return node.visit([](const auto& value) { return as_toml(value); }); };
  return text(a) == text(b);
}

}  // namespace proxon
