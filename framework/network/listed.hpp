// Synapses that a file lists: read through the reader that a rule of Axis::listed names, once to count and once to
// write, so that no list of edges is held here. Also the neurons that a file names.
#pragma once
#include "proxon/network/connectome.hpp"

namespace proxon {

/// What readers of HDF5 formats are lent. Without it they refuse with a sentence. Called once, before anything is read.
void set_reader_services(const ReaderServices& services);
/// What they are lent now.
const ReaderServices& reader_services();

/// The neurons that a file lists.
struct NeuronNames {
  int32_t size = 0;
  std::vector<std::string> names;  ///< empty where the format numbers its neurons from 0
};

/// Reads the neurons of a file: the nodes that it lists, in its order; where it lists none, the ends of its edges,
/// sorted by name (by value when all names are whole numbers), so that two tables of one animal number it alike. Throws
/// Error.
NeuronNames read_neuron_names(const PluginValue& reader, const std::string& path);

/// Fills offset, target and delay, and weight where the file has weights (else leaves it empty). The
/// sizes of the two populations are set in `rows` already. Returns whether the file has delays.
bool read_rows(const Population& source, const Population& target, const Projection& projection, SynapseRows& rows);
/// How many synapses that will be and whether each has a delay of its own, by reading the file once.
struct ListedCount {
  int64_t synapses = 0;
  bool delays = false;
};
ListedCount count_rows(const Population& source, const Population& target, const Projection& projection);

}  // namespace proxon
