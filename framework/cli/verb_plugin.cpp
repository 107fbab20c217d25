#include <filesystem>

#include "proxon/base/error.hpp"
#include "proxon/cli/verbs.hpp"
#include "proxon/experiment/conformance.hpp"
#include "proxon/experiment/reference.hpp"
#include "proxon/plugin/registry.hpp"
#include "proxon/plugin/scaffold.hpp"

namespace proxon::cli {
namespace {

Registry open_registry() { return Registry(default_folders(std::filesystem::current_path().string())); }

int list(const Call& call) {
  Registry registry = open_registry();
  const std::string wanted = call.arguments.empty() ? "" : call.arguments[0];
  std::vector<std::string_view> kinds;
  for (const KindInfo& kind : plugin_kinds()) kinds.push_back(kind.kind);
  if (!wanted.empty() && std::find(kinds.begin(), kinds.end(), wanted) == kinds.end())
    fail("there is no kind of plugin called '{}'; there are: {}.{}", wanted, fmt::join(kinds, ", "), did_you_mean(wanted, kinds));
  for (const KindInfo& kind : plugin_kinds()) {
    if (!wanted.empty() && wanted != kind.kind) continue;
    fmt::print("{}: {}\n", kind.kind, kind.meaning);
    for (const FoundPlugin& found : registry.found())
      if (found.kind == kind.kind) fmt::print("  {:<28} {}\n", found.name, registry.find(found.kind, found.name).about.summary);
  }
  if (!registry.refused().empty()) fmt::print("refused:\n");
  for (const RefusedPlugin& refused : registry.refused()) fmt::print("  {}\n", refused.reason);
  return 0;
}

int describe_plugin(const Call& call) {
  Registry registry = open_registry();
  const std::string& name = call.arguments[0];
  std::vector<std::string> names;
  bool any = false;
  for (const FoundPlugin& found : registry.found()) {
    names.push_back(found.name);
    if (found.name != name) continue;
    fmt::print("{}{}", any ? "\n" : "", describe_plugin(registry.find(found.kind, found.name)));
    fmt::print("file: {}\nbuilt by: {}\ninstruction sets: {}\n", found.file, found.stamp.compiler, instruction_set_text(found.stamp.instruction_sets));
    any = true;
  }
  if (!any) fail("there is no plugin called '{}'.{} `proxon plugin list` lists them.", name, did_you_mean(name, names));
  return 0;
}

int check_file(const Call& call) {
  const std::string& file = call.arguments[0];
  Registry registry({});
  const FoundPlugin& found = registry.add(file);
  const PluginInfo& plugin = registry.find(found.kind, found.name);
  fmt::print("{}: {} '{}', interface {}, {}\n", file, found.kind, found.name, found.stamp.interface, instruction_set_text(found.stamp.instruction_sets));
  const std::vector<std::string> broken = conformance(plugin);
  for (const std::string& sentence : broken) fmt::print("  broken: {}\n", sentence);
  if (!broken.empty()) fail("{}: {} of the rules for {} {} broken.", file, broken.size(), with_article(found.kind), broken.size() == 1 ? "is" : "are");
  fmt::print("  keeps all rules for {}\n", with_article(found.kind));
  return 0;
}

int make_new(const Call& call) {
  const std::string folder = call.has("folder") ? call.text("folder") : call.arguments[1];
  for (const std::string& file : write_plugin_template(call.arguments[0], call.arguments[1], folder)) fmt::print("wrote {}\n", file);
  // CMake looks by itself where systems install things.
  std::error_code none;
  const std::filesystem::path prefix = std::filesystem::read_symlink("/proc/self/exe", none).parent_path().parent_path();
  const bool known = prefix == "/usr" || prefix == "/usr/local";
  fmt::print("build it:   cmake -S {0} -B {0}/build{1} && cmake --build {0}/build\nuse it:     PROXON_PLUGIN_PATH={0}/build proxon run ...\n", folder,
             known ? "" : " -DCMAKE_PREFIX_PATH=" + prefix.string());
  return 0;
}

}  // namespace

std::vector<Verb> plugin_verbs() {
  Verb scaffold{"plugin new", "KIND NAME", "writes a folder with a working plugin to start from", "", 2, 2, {}, make_new};
  scaffold.options.add_options()("folder", po::value<std::string>(), "where; NAME when absent");
  return {{"plugin list", "[KIND]", "lists the plugins that were found, and those refused with the reason", "", 0, 1, {}, list},
          {"plugin describe", "NAME", "equation, parameters and source of a plugin", "", 1, 1, {}, describe_plugin},
          {"plugin check", "FILE.so", "tells whether a file may be loaded and keeps the rules of its kind", "", 1, 1, {}, check_file},
          scaffold};
}

}  // namespace proxon::cli
