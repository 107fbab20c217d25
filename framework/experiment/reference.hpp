// Descriptions for people, made from the declarations: `proxon plugin describe`, `proxon describe`, and the pages of docs/reference.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "proxon/experiment/settings.hpp"

namespace proxon {

/// Equation, source, and a table of parameters with default, unit, bounds and meaning.
std::string describe_plugin(const PluginInfo& plugin);

/// What an experiment would run, without running it: sizes, memory, plugins, every parameter with its unit.
std::string describe_experiment(const Experiment& experiment);

/// Tables of a file's keys in Markdown, a section each.
std::string section_tables(const std::vector<SectionInfo>& sections);

/// The pages of docs/reference as (file name, Markdown): the experiment file, and one page a kind of plugin. A
/// plugin whose picture stands in `folder`, as images/NAME.png, is shown with it (docs/reference/draw_pictures.py makes them).
std::vector<std::pair<std::string, std::string>> reference_pages(Registry& registry, const std::string& folder);

}  // namespace proxon
