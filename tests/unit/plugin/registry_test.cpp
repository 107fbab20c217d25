#include "proxon/plugin/registry.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>

using namespace proxon;
namespace fs = std::filesystem;

namespace {
const std::string built_in = PROXON_BINARY_DIR "/lib/proxon/plugins";

/// Runs with PROXON_PLUGIN_PATH set, and puts the old value back.
class PluginPath {
 public:
  explicit PluginPath(const std::string& value) {
    if (const char* old = std::getenv("PROXON_PLUGIN_PATH")) old_ = old;
    setenv("PROXON_PLUGIN_PATH", value.c_str(), 1);
  }
  ~PluginPath() { setenv("PROXON_PLUGIN_PATH", old_.c_str(), 1); }

 private:
  std::string old_;
};
}  // namespace

TEST_CASE("the plugins of the tree are found without opening one, and none is refused") {
  Registry registry({built_in});
  CHECK(registry.found().size() >= 4);
  for (const FoundPlugin& plugin : registry.found()) {
    CHECK(plugin.info == nullptr);
    CHECK(plugin.stamp.interface == interface_version);
    CHECK(std::string(plugin.stamp.compiler) == __VERSION__);
  }
  for (const RefusedPlugin& refused : registry.refused()) FAIL_CHECK(refused.reason);
}

TEST_CASE("a plugin is found by kind and name, and what is not found is told with what there is") {
  Registry registry({built_in});
  CHECK(std::string(registry.find("neuron", "iaf_psc_delta").name) == "iaf_psc_delta");
  CHECK(&registry.find("neuron", "iaf_psc_delta") == &registry.find("neuron", "iaf_psc_delta"));
  auto message = [&](const char* kind, const char* name) -> std::string {
    try {
      registry.find(kind, name);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  };
  CHECK(message("neuron", "iaf_psc_detla").find("there is no neuron called 'iaf_psc_detla'; there are: ") == 0);
  CHECK(message("neuron", "iaf_psc_detla").ends_with("Did you mean 'iaf_psc_delta'?"));
  // The right name of another kind is not enough.
  CHECK(message("synapse", "iaf_psc_delta").find("there is no synapse called") == 0);
  Registry empty({"/nowhere"});
  CHECK_THROWS_WITH_AS(empty.find("neuron", "iaf_psc_delta"),
                       "no plugin of kind neuron was found; searched: /nowhere. Set PROXON_PLUGIN_PATH to the folder of the plugins.", Error);
}

TEST_CASE("folders are searched in the stated order, missing ones passed over, none twice") {
  const fs::path root = fs::temp_directory_path() / ("proxon_folders_" + std::to_string(getpid()));
  for (const char* name : {"a", "b", "experiment/plugins"}) fs::create_directories(root / name);
  const PluginPath path((root / "a").string() + "::" + (root / "none").string() + ":" + (root / "b").string() + ":" + (root / "a").string());
  const auto folders = default_folders((root / "experiment").string());
  REQUIRE(folders.size() >= 4);
  CHECK(folders[0] == (root / "a").string());
  CHECK(folders[1] == (root / "b").string());
  CHECK(folders[2] == (root / "experiment").string());
  CHECK(folders[3] == (root / "experiment" / "plugins").string());
  CHECK(std::set<std::string>(folders.begin(), folders.end()).size() == folders.size());
  fs::remove_all(root);
}

TEST_CASE("kinds have different words, folders and layouts") {
  std::set<std::string_view> words, places;
  std::set<uint64_t> layouts;
  for (const KindInfo& kind : plugin_kinds()) words.insert(kind.kind), places.insert(kind.folder), layouts.insert(kind.layout);
  CHECK(words.size() == plugin_kinds().size());
  CHECK(places.size() == plugin_kinds().size());
  CHECK(layouts.size() == plugin_kinds().size());
}

TEST_CASE("an instance keeps the parameters that it was made with alive") {
  Instance<StimulusTable, StimulusSetup> stimulus;
  {
    Registry registry({built_in});
    PluginValue value = plugin_value(registry, "stimulus", "step_current_generator");
    value.values.set(*value.values.find("amplitude_times"), std::vector<double>{0, 10});
    value.values.set(*value.values.find("amplitude_values"), std::vector<double>{5, 7});
    stimulus = Instance<StimulusTable, StimulusSetup>(value, StimulusSetup{0.1, Key{1, 2}});
  }
  Status status;
  const Instant early{0, 0, Key{}}, late{100, 10, Key{}};
  CHECK(stimulus.table().common(stimulus.object(), &early, &status) == 5);
  CHECK(stimulus.table().common(stimulus.object(), &late, &status) == 7);
  CHECK(status.failed == 0);
}

TEST_CASE("a plugin that refuses its parameters says so by kind and name") {
  Registry registry({built_in});
  PluginValue value = plugin_value(registry, "neuron", "iaf_psc_delta");
  value.values.set(*value.values.find("V_reset"), 0.0);
  const auto make = [&] { Instance<NeuronTable, Step>(value, Step{0.1}); };
  CHECK_THROWS_WITH_AS(make(), "neuron 'iaf_psc_delta': V_reset must lie below V_th", Error);
}

TEST_CASE("instruction sets are written by name") {
  CHECK(instruction_set_text(0) == "none beyond x86-64");
  CHECK(instruction_set_text(0b101) == "sse4.2, avx2");
  CHECK(instruction_set_text(uint64_t{1} << 63) == "sets that this version does not know");
  CHECK(judge([] {
          Stamp stamp = host_stamp();
          stamp.layout = detail::Kind<neuron_kind>::layout;
          detail::copy_text(stamp.kind, "neuron");
          return stamp;
        }(), "own.so").empty());
}
