// TOML in the order in which a person wrote it: toml++ keeps the keys of a table by name, and what is read from a file in its order (the channels
// of a twin, the populations of a network) must come back in that order from the text that an archive keeps.
#pragma once
#include <toml++/toml.h>

#include <string>
#include <vector>

namespace proxon {

struct TomlEntry {
  std::string key;
  const toml::node* node;
};

/// A table's entries by the place of their keys in the file; keys that were put in since then have none and come first, by name.
std::vector<TomlEntry> in_order(const toml::table& table);

/// The entries as a document, so that in_order() of every table that is read from it again gives the same order.
std::string toml_text(const std::vector<TomlEntry>& entries);

/// Whether both hold the same values, and tables in the same order.
bool same_toml(const toml::node& a, const toml::node& b);

}  // namespace proxon
