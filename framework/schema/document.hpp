// An experiment file (TOML 1.0) as a tree that remembers where everything stands and what has been read, so that each mistake is one
// sentence with file, line, column, key and the nearest right name; a key that nobody read is a mistake as well.
#pragma once
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "proxon/schema/values.hpp"

namespace proxon {

/// Where plugins are looked up while a document is read; the Registry is one.
class PluginCatalog {
 public:
  virtual ~PluginCatalog() = default;
  /// Throws Error with a sentence (nearest name, what was refused and why) when there is none.
  virtual const PluginInfo& find(std::string_view kind, std::string_view name) = 0;
  virtual const SchemaInfo& parameters(const PluginInfo& plugin) const = 0;
};

class Document;

/// A table of the document. Cheap to copy; valid as long as its Document.
class Table {
 public:
  bool has(std::string_view key) const;
  /// "quickstart.toml:12:5: network.populations.E.size: "
  std::string where(std::string_view key = "") const;

  /// Reads the declared fields of T out of this table: missing ones at their default, wrong ones refused.
  template <Declared T>
  Values read() {
    return read(schema_of<T>());
  }
  Values read(const SchemaInfo& schema);
  /// Every field of `schema` given as a number or a distribution (initial states). Only the given ones, with their fields.
  std::vector<std::pair<const FieldInfo*, Distribution>> read_distributions(const SchemaInfo& schema);
  /// The table below `key`; an empty one when it is absent.
  Table table(std::string_view key);
  /// The tables below `key` with their names, in the order of the file: [network.populations.E], [network.populations.I].
  std::vector<std::pair<std::string, Table>> tables(std::string_view key);
  /// The tables of an array of tables: [[stimuli]].
  std::vector<Table> list(std::string_view key);

  /// Leaves what stands below `key` unread. Throws Error when --set gives a value there, with the reason why it would have no effect.
  void skip(std::string_view key, std::string_view why_without_effect);

  /// Refuses keys that nobody has asked for, here and below. Call once, on the root, when everything is read.
  void finish() const;

 private:
  friend class Document;
  struct Node;
  Values read_quietly(const SchemaInfo& schema);
  explicit Table(std::shared_ptr<Node> node) : node_(std::move(node)) {}
  std::shared_ptr<Node> node_;
};

/// A value that replaces or adds one of the document: "training.epochs=20". `origin` begins the messages about it.
struct Override {
  std::string text;
  std::string origin = "--set ";
};

class Document {
 public:
  /// Reads a file; `overrides` are texts "network.populations.E.size=100" that replace or add values ("--set").
  Document(const std::string& path, const std::vector<std::string>& overrides, PluginCatalog& catalog);
  /// The same from text; `path` is used in messages and for relative file names.
  Document(const std::string& path, const std::string& text, const std::vector<std::string>& overrides, PluginCatalog& catalog);
  Document(const std::string& path, const std::string& text, PluginCatalog& catalog, std::span<const Override> overrides);
  ~Document();

  Table root();
  const std::string& path() const { return path_; }
  /// The text as it was read, and the text with the overrides applied.
  const std::string& text() const { return text_; }
  std::string resolved_text() const;
  /// The same, with the tables `keys` taken from `other` instead.
  std::string resolved_text(const Document& other, std::span<const std::string_view> keys) const;
  /// Whether the two say the same below `key`.
  bool agrees(const Document& other, std::string_view key) const;
  /// The keys of the table at `path` ("network.populations"; "" is the root); empty when there is none.
  std::vector<std::string> keys(std::string_view path) const;

  // What has been read so far, for whoever asks what an experiment means and not how it is written.

  /// Every parameter as "path = value" with its unit, in the order of the paths: equal for two documents that mean the same.
  std::vector<std::pair<std::string, Entry>> parameters() const;
  /// The declaration of the parameter at `path` ("training.optimizer.learning_rate"); null when none of that name was read.
  const FieldInfo* declaration(std::string_view path) const;
  /// The files that it names, and itself.
  std::vector<std::string> files() const;
  /// The plugins that were chosen, each once.
  std::vector<PluginValue> plugins() const;

 private:
  friend class Table;
  struct Tree;
  void parse(std::span<const Override> overrides);
  std::string path_, text_;
  std::unique_ptr<Tree> tree_;
  std::map<std::string, Values> read_;  // by path of the table
  std::vector<std::string> column_files_;  // of which a column was read as a list
  std::map<std::string, std::vector<std::pair<const FieldInfo*, Distribution>>> initial_;
  PluginCatalog& catalog_;
};

/// A file name of the experiment made absolute: relative ones start at the folder of `document`.
std::string resolve_path(const std::string& document, std::string_view name);

}  // namespace proxon
