// Plain reading of any HDF5 file, for readers of other programs' data (SONATA, NWB, recordings): numbers as double,
// texts as strings, names in a group. Every failure is an Error that names the file and the object. Integers above 2^53
// lose digits.
#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace proxon::archive {

/// Names of what stands in a group, sorted; data sets as "name", groups as "name/".
std::vector<std::string> list(const std::string& path, const std::string& group = "/");

/// True when the file holds an object (group or data set) of that name.
bool contains(const std::string& path, const std::string& object);

/// Extent of a data set along each axis; empty for a scalar.
std::vector<std::int64_t> shape(const std::string& path, const std::string& dataset);

/// The numbers of a data set (integer, floating point, enumeration), row-major: rows [begin, begin + count) along the
/// first axis, all of them by default.
std::vector<double> read_numbers(const std::string& path, const std::string& dataset, std::int64_t begin = 0,
                                 std::int64_t count = -1);

/// The texts of a data set (fixed or variable length).
std::vector<std::string> read_strings(const std::string& path, const std::string& dataset);

/// An attribute's numbers or texts.
using AttributeValue = std::variant<std::vector<double>, std::vector<std::string>>;
AttributeValue read_attribute(const std::string& path, const std::string& object, const std::string& name);
bool has_attribute(const std::string& path, const std::string& object, const std::string& name);

}  // namespace proxon::archive
