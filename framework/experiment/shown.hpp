// Labelled samples that a stimulus shows to a network: read from files by reader plugins, phase by phase, with the order in which they are shown.
#pragma once
#include "proxon/schema/document.hpp"
#include "proxon/simulation/simulation.hpp"

namespace proxon {

/// [stimuli.NAME.samples.PHASE]: phases follow one another as the file lists them.
struct ShownSettings {
  PluginRef reader;
  std::string_view values = "";
  std::string_view labels = "";
  int64_t presentations = 0;
  bool shuffle = true;
  static constexpr auto fields() {
    using S = ShownSettings;
    return std::tuple{field<&S::reader>("", "how the files are read", plugin_of("reader"), required),
                      field<&S::values>("", "name of the table [files.NAME] of the file that holds the samples: a value a neuron of the target population", required),
                      field<&S::labels>("", "the same of the file that holds their labels: whole numbers from 0", required),
                      field<&S::presentations>("1", "how many are shown, all of them before any is shown again; 0: each once", at_least(0)),
                      field<&S::shuffle>("", "each time round in an order of its own, drawn by the seed; or as the file has them")};
  }
};

/// The samples of the phases of a stimulus; null where it has none. `targets` is the size of its population. Throws Error for tables and files that do
/// not go together, with their place.
std::shared_ptr<const StimulusSamples> read_shown(Table stimulus, const std::vector<std::pair<std::string, Values>>& files, int64_t targets, Key key);

}  // namespace proxon
