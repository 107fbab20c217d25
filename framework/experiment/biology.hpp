// The biological side of the comparison, read from an archive: W_phi in the shape of the twin's layers, the network as a graph; and
// what the network room needs of the archive room to read foreign files. Inside this room only.
#pragma once
#include "proxon/experiment/settings.hpp"

namespace proxon {

/// W_phi as the twin sees it. `matrix` is [inputs x outputs] over the neurons that are the dataset's input and target channels, when each
/// channel is one neuron and the twin sees one bin at a time; else it is empty. `recurrent` is [outputs x outputs] over those that are target channels, without
/// the synapses of those that are inputs too.
struct Biology {
  std::vector<float> synapses;
  std::vector<float> matrix, recurrent;
  std::vector<char> connected, connected_recurrently;  ///< 1 where the matrix has a synapse
  int64_t inputs = 0, outputs = 0;

  BiologicalWeights weights() const { return {synapses, matrix, inputs, outputs}; }
};
Biology read_biology(const Experiment& experiment, const archive::Reader& reader);

/// The network as an approximator sees it whose units are its neurons: all populations one after the other; rewired where the experiment's model wants it.
struct NeuronGraph {
  std::vector<int64_t> offset;
  std::vector<int32_t> target, type, input_unit, output_unit;
  std::vector<float> weight;
  GraphView view;
};
std::shared_ptr<const NeuronGraph> read_graph(const Experiment& experiment, const archive::Reader& reader);

/// Lends the archive room's reading of HDF5 to reader plugins.
void install_reader_services();

}  // namespace proxon
