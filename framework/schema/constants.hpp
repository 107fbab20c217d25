// Numbers that an experiment names once and uses in many places:
//
//   [constants]
//   scale = 0.1
//   J = 87.81
//   g = 4
//   J_i = "= -g * J"
//
//   [network.populations.L23E]
//   size = "= round(20683 * scale)"
//
// A text that begins with '=' is an expression in the constants; its value takes its place, in the key's own unit. Expressions know + - * / ^,
// comparisons, ?:, and functions (sqrt, exp, ln, abs, min, max, round, floor, ceil, ...). --set constants.scale=0.2 and sweeps change a constant.
#pragma once
#include <toml++/toml.h>

#include <functional>
#include <map>
#include <string>

namespace proxon {

/// Takes the table [constants] out of `root` and evaluates every expression in place. Returns the constants, and adds to `places` where each
/// evaluated key stood ("file:12:5: network.populations.E.size"), since the new value no longer knows. `position(path, node)` names a place
/// in a message. Throws Error: a constant that is no number, one that nothing uses, an expression that is wrong or not finite, a circle.
std::map<std::string, double> evaluate_constants(toml::table& root, std::map<std::string, std::string>& places,
                                                 const std::function<std::string(const std::string& path, const toml::node& node)>& position);

}  // namespace proxon
