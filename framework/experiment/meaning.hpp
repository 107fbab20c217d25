// What an experiment means, and not how it is written: two that mean the same lead to the same results. Sweeps name their trials by it, and an
// interrupted training is gone on with only by what it was begun with.
#pragma once
#include "proxon/experiment/settings.hpp"

namespace proxon {

/// Whether a parameter changes the simulation, and not only what is made of its recordings.
bool changes_simulation(std::string_view parameter);

/// Every parameter of a document that has been loaded which changes a result, with its value and unit, in the order of the paths. Files count by what
/// they hold, not by where they are.
std::vector<std::pair<std::string, std::string>> meaning(const Document& document);

/// What the training of a twin stands on beside the recordings: parameters and the sums of plugin files, a line "NAME = VALUE" each.
std::string fit_basis(const Document& document, const Experiment& experiment);

/// What differs between two of them as half a sentence ("was begun with training.batch = 16, and not 32"); "" when nothing does.
std::string fit_difference(const std::string& begun_with, const std::string& now);

/// Sum of the file that a plugin comes from; "" when the registry does not know it.
std::string plugin_sum(Registry& registry, std::string_view kind, std::string_view name);

}  // namespace proxon
