// The registry: kind + name -> plugin. The stamp of a shared object is read from its bytes and judged before the file is opened; a plugin is
// opened when somebody first asks for it. NAME.so is looked at first, and the rest of the folders only when it is not the plugin asked for,
// or when all plugins are asked for: a command opens the files that it needs. What was refused is listed with the reason.
//
// Folders, in this order:
//   PROXON_PLUGIN_PATH (separated by ':'), the experiment's own folder and its `plugins` folder, the installed or built-in folder.
// Of two plugins of one kind and name the one in a file of that name is taken, then the one in the first folder; the other is refused.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proxon/plugin/approximator.hpp"
#include "proxon/plugin/connectivity.hpp"
#include "proxon/plugin/learning_rule.hpp"
#include "proxon/plugin/metric.hpp"
#include "proxon/plugin/neuron.hpp"
#include "proxon/plugin/optimizer.hpp"
#include "proxon/plugin/reader.hpp"
#include "proxon/plugin/sampler.hpp"
#include "proxon/plugin/stimulus.hpp"
#include "proxon/plugin/synapse.hpp"
#include "proxon/schema/document.hpp"

namespace proxon {

/// One kind of plugin, for listings: its word in experiment files and its folder under plugins/.
struct KindInfo {
  std::string_view kind, folder, meaning;
  uint64_t layout;
};
std::span<const KindInfo> plugin_kinds();

/// A shared object that could be used: found and judged, perhaps not yet opened.
struct FoundPlugin {
  std::string kind, name, file;
  Stamp stamp;
  const PluginInfo* info = nullptr;  ///< null until opened
};

struct RefusedPlugin {
  std::string file, reason;
};

/// Reads the stamp out of a file's bytes without opening it as a program. Throws Error when it holds none.
Stamp read_stamp(const std::string& file);
/// Why a plugin with that stamp may not be loaded into this process: a sentence that says what to do; "" when it may.
std::string judge(const Stamp& stamp, const std::string& file);
/// What this program was built as, in the same terms.
Stamp host_stamp();
std::string instruction_set_text(uint64_t bits);

class Registry : public PluginCatalog {
 public:
  /// `folders` in order of preference; see default_folders().
  explicit Registry(std::vector<std::string> folders);

  const PluginInfo& find(std::string_view kind, std::string_view name) override;
  const SchemaInfo& parameters(const PluginInfo& plugin) const override { return *plugin.parameters; }

  /// The kind's table of functions: registry.table<neuron_kind>("iaf_psc_delta").
  template <class KindTag>
  const typename detail::Kind<KindTag>::Table& table(std::string_view kind, std::string_view name) {
    return *static_cast<const typename detail::Kind<KindTag>::Table*>(find(kind, name).table);
  }

  /// The file that a plugin is in; null when there is none. Opens none.
  const FoundPlugin* locate(std::string_view kind, std::string_view name) { return lookup(kind, name); }
  /// All usable plugins, by kind and name, and all that were refused. Opens none.
  std::vector<FoundPlugin> found();
  const std::vector<RefusedPlugin>& refused();
  const std::vector<std::string>& folders() const { return folders_; }
  /// Adds one file; throws Error with the reason when it is refused.
  const FoundPlugin& add(const std::string& file);

 private:
  const FoundPlugin& add(const std::string& file, const Stamp& stamp);
  FoundPlugin* lookup(std::string_view kind, std::string_view name);
  void look_through();
  /// Opens a found plugin and checks that it is what its stamp says. Throws Error.
  const PluginInfo& open(FoundPlugin& plugin);

  std::vector<std::string> folders_;
  bool looked_through_ = false;
  std::map<std::pair<std::string, std::string>, FoundPlugin> plugins_;
  std::vector<RefusedPlugin> refused_;
};

/// PROXON_PLUGIN_PATH, then `experiment_folder` and its plugins/, then the folder that belongs to the program itself.
std::vector<std::string> default_folders(const std::string& experiment_folder);

/// A plugin made ready for use: its object in memory of ours, its table beside it.
///
///   Instance<NeuronTable, Step> neuron(value, Step{0.1});
///   neuron.table().update(neuron.object(), ...);
template <class TableType, class Setup>
class Instance {
 public:
  Instance() = default;
  /// Throws Error "<kind> '<name>': <what the plugin said>" when the plugin refuses its parameters.
  Instance(const PluginValue& value, const Setup& setup);

  const TableType& table() const { return *table_; }
  const void* object() const { return object_.get(); }
  explicit operator bool() const { return table_ != nullptr; }
  const std::string& name() const { return value_.name; }
  const PluginValue& value() const { return value_; }

 private:
  PluginValue value_;
  const TableType* table_ = nullptr;
  std::shared_ptr<std::max_align_t[]> object_;
};

/// Throws Error when a plugin's function reported a failure.
void check(const Status& status, std::string_view kind, std::string_view name);

template <class TableType, class Setup>
Instance<TableType, Setup>::Instance(const PluginValue& value, const Setup& setup)
    : value_(value), table_(static_cast<const TableType*>(value.plugin->table)) {
  object_ = std::make_shared<std::max_align_t[]>(table_->size / sizeof(std::max_align_t) + 1);
  Status status;
  table_->make(value_.values.data(), &setup, object_.get(), &status);
  check(status, value_.kind, value_.name);
}

/// A PluginValue with all parameters at their defaults.
PluginValue plugin_value(PluginCatalog& catalog, std::string_view kind, std::string_view name);

}  // namespace proxon
