// What every plugin of a kind must keep to, tried on one plugin through its table alone, so that it works for anybody's: `proxon plugin
// check FILE.so` runs it on a user's file, tests/conformance on every plugin found. Each kind has one driver.
#pragma once
#include <string>
#include <vector>

#include "proxon/plugin/registry.hpp"

namespace proxon {

/// What the plugin breaks, as sentences; empty when it keeps to the rules of its kind. A plugin that refuses its default parameters
/// with a sentence (a file name is missing) is only judged by its documentation.
std::vector<std::string> conformance(const PluginInfo& plugin);

}  // namespace proxon
