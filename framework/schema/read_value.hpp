// One value of an experiment file, read as its declaration says. `where` begins every message: "quickstart.toml:12:5: network.populations.E.size: ".
// All throw Error with one sentence. Inside of the room: table.cpp asks.
#pragma once
#include <toml++/toml.h>

#include <string>
#include <vector>

#include "proxon/base/error.hpp"
#include "proxon/schema/field.hpp"

namespace proxon {

/// A number in the field's unit from 20, 20.0 or "20 ms"; refuses everything else, and what is not finite.
double read_number(const toml::node& node, const char* unit, const std::string& where);
/// A whole number within the field's bounds, from 20 or 20.0.
int64_t read_whole(const FieldInfo& field, const toml::node& node, const std::string& where);
/// A text, one of the field's choices where it has some; a file name relative to the document.
std::string read_text(const FieldInfo& field, const toml::node& node, const std::string& where, const std::string& document);
/// A column of a CSV file as a list: { file = "rates.csv", column = "rate" }.
std::vector<double> read_column(const FieldInfo& field, const toml::table& table, const std::string& where, const std::string& document);
/// A number (constant), or { distribution = "normal", mean, std, low, high } with units as the field's; { ..., distance = "linear", slope }
/// or { ..., distance = "gaussian", length } where the value depends on distance.
Distribution read_distribution(const FieldInfo& field, const toml::node& node, const std::string& where);
/// A value as it would be written in the file, on one line.
std::string one_line(const toml::node& node);
/// Refuses a number outside of the field's bounds.
void check_bounds(const FieldInfo& field, double value, const std::string& where);

/// Each element of a list as `read_one` reads it.
template <class T, class ReadOne>
std::vector<T> read_list(const toml::node& node, const std::string& where, const char* what, ReadOne read_one) {
  const toml::array* array = node.as_array();
  if (!array) fail("{}must be a list of {}, in [ ].", where, what);
  std::vector<T> values;
  for (const toml::node& element : *array) values.push_back(read_one(element));
  return values;
}

}  // namespace proxon
