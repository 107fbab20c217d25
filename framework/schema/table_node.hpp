// What a Table knows of its place in the document. Inside of the room: document.cpp makes the first one, table.cpp reads.
#pragma once
#include <toml++/toml.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "proxon/schema/document.hpp"

namespace proxon {

/// A value that was set from outside, by its path: what began the messages about it, and the path as it was written.
struct SetFrom {
  std::string origin, key;
};
using Overridden = std::map<std::string, SetFrom>;

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

}  // namespace proxon
