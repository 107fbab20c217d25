// A new plugin to start from: a folder with a small plugin that works, its test and its CMakeLists.txt, made from the templates that
// are installed with the program (share/proxon/templates; in a build tree framework/plugin/templates).
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace proxon {

/// Writes NAME.cpp, NAME_test.cpp and CMakeLists.txt into `folder`, which is made, and returns their names. Throws Error when the
/// name or the kind is none, or when one of the files is there already.
std::vector<std::string> write_plugin_template(std::string_view kind, std::string_view name, const std::string& folder);

}  // namespace proxon
