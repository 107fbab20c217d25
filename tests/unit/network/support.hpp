// What the tests of networks share: plugins chosen as in an experiment file, small blueprints, temporary files.
#pragma once
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "proxon/base/threads.hpp"
#include "proxon/network/connectome.hpp"
#include "proxon/network/listed.hpp"

namespace network_test {

using namespace proxon;

inline Registry& registry() {
  static Registry all(default_folders(""));
  return all;
}

struct RuleChoice {
  PluginRef plugin;
  static constexpr auto fields() {
    return std::tuple{field<&RuleChoice::plugin>("1", "rule", plugin_of("connectivity"), required)};
  }
};
struct ReaderChoice {
  PluginRef plugin;
  static constexpr auto fields() {
    return std::tuple{field<&ReaderChoice::plugin>("1", "reader", plugin_of("reader"), required)};
  }
};

template <class Choice>
PluginValue chosen(const std::string& text) {
  Document document("test.toml", "plugin = " + text + "\n", {}, registry());
  Table root = document.root();
  const Values values = root.read<Choice>();
  root.finish();
  return *values.as<Choice>().plugin.value;
}
/// rule("{ name = 'pairwise_bernoulli', p = 0.1 }")
inline PluginValue rule(const std::string& text) { return chosen<RuleChoice>(text); }
inline PluginValue reader(const std::string& text) { return chosen<ReaderChoice>(text); }

/// One population "E" that projects to itself, or "E" to "I" when `targets` is given.
inline Blueprint one_projection(const PluginValue& connectivity, int32_t sources, int32_t targets = 0,
                                Distribution weight = Distribution::constant(1)) {
  Blueprint blueprint;
  blueprint.add(Population{.name = "E", .size = sources});
  if (targets) blueprint.add(Population{.name = "I", .size = targets});
  blueprint.add(Projection{
      .name = "p", .source = "E", .target = targets ? "I" : "E", .connectivity = connectivity, .weight = weight});
  return blueprint;
}

/// What build() says when it refuses; "" when it does not.
inline std::string refusal(const Blueprint& blueprint) {
  try {
    build(blueprint, 1);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}
/// Of every synapse, ms.
inline std::vector<double> delays_of(const SynapseRows& rows) {
  std::vector<double> all;
  for (int64_t k = 0; k < rows.size(); ++k) all.push_back(rows.delay[k]);
  return all;
}
inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A folder that goes away with the test.
struct TemporaryFolder {
  std::filesystem::path path;
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "proxon-network-XXXXXX").string();
    if (mkdtemp(name.data())) path = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name, std::ios::binary) << text;
    return (path / name).string();
  }
};

/// "from_file" of a path with the parameters of its reader: from_file(path, "{ name = 'csv' }", "outside = 'skip'").
inline PluginValue from_file(const std::string& path, const std::string& reader, const std::string& more = "") {
  return rule("{ name = 'from_file', file = '" + path + "', reader = " + reader + (more.empty() ? "" : ", " + more) +
              " }");
}

/// in_degree[j] and synapses between equal numbers, for a projection's rows.
inline std::vector<int32_t> in_degrees(const SynapseRows& rows) {
  std::vector<int32_t> n(static_cast<size_t>(rows.targets), 0);
  for (const int32_t j : rows.target) ++n[static_cast<size_t>(j)];
  return n;
}
inline int64_t autapses(const SynapseRows& rows) {
  int64_t n = 0;
  for (int32_t i = 0; i < rows.sources; ++i)
    for (int64_t k = rows.offset[i]; k < rows.offset[i + 1]; ++k) n += rows.target[k] == i;
  return n;
}
inline int64_t multapses(const SynapseRows& rows) {
  int64_t n = 0;
  for (int32_t i = 0; i < rows.sources; ++i)
    for (int64_t k = rows.offset[i] + 1; k < rows.offset[i + 1]; ++k) n += rows.target[k] == rows.target[k - 1];
  return n;
}

/// Path in the shared real data; prints that the test is skipped when it is not there.
inline std::string real_data(const std::string& name) {
  const std::string path = std::string(PROXON_SOURCE_DIR) + "/../shared/data/" + name;
  if (std::filesystem::exists(path)) return path;
  std::puts(("skipped: " + name + " is not here (real data, see docs)").c_str());
  return "";
}

}  // namespace network_test
