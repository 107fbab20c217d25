// A graph of the Neuromorphic Intermediate Representation, and its file: HDF5 with the text `version` and a group `node` of type NIRGraph, in which
// `nodes/NAME` are groups with a text `type` and a data set a parameter, and `edges` is a table [edges x 2] of names. As the package nir 1.0 reads it.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace proxon::archive {

struct NirParameter {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> numbers;          ///< row-major; or
  std::vector<std::int64_t> integers;  ///< what is a shape
};

/// Texts by name.
using NirNotes = std::vector<std::pair<std::string, std::string>>;

struct NirNode {
  std::string name, type;
  std::vector<NirParameter> parameters;
  NirNotes notes;  ///< its metadata
};

struct NirGraph {
  std::vector<NirNode> nodes;
  std::vector<std::pair<std::string, std::string>> edges;
  NirNotes notes;  ///< its metadata
  double dt = 0;   ///< s from a step to the next, metadata too
};

/// Writes the file beside `path` and then puts it in place. Throws Error with one sentence; leaves nothing behind.
void write_nir(const NirGraph& graph, const std::string& path);

}  // namespace proxon::archive
