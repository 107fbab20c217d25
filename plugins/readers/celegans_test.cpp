// The nervous system of C. elegans as other people wrote it down: what the tables hold, against what the papers say.
#include <doctest/doctest.h>

#include <boost/graph/strong_components.hpp>
#include <set>

#include "../../tests/unit/network/support.hpp"
#include "proxon/network/graph.hpp"

using namespace network_test;

namespace {

const std::string varshney_chemical =
    "{ name = 'csv', source = 'Neuron 1', target = 'Neuron 2', weight = 'Nbr', where_column = 'Type', where_values = "
    "['S', 'Sp'], merge = true }";
const std::string varshney_mirrored =
    "{ name = 'csv', source = 'Neuron 2', target = 'Neuron 1', weight = 'Nbr', where_column = 'Type', where_values = "
    "['R', 'Rp'], merge = true }";
const std::string varshney_gap =
    "{ name = 'csv', source = 'Neuron 1', target = 'Neuron 2', weight = 'Nbr', where_column = 'Type', where_values = "
    "['EJ'], merge = true }";
const std::string varshney_neurons =
    "{ name = 'csv', source = 'Neuron 1', target = 'Neuron 2', where_column = 'Type', where_values = ['S', 'Sp', 'EJ'] "
    "}";

std::string cook(const std::string& type) {
  return "{ name = 'csv', source = 'Source', target = 'Target', weight = 'Weight', where_column = 'Type', where_values "
         "= [" +
         type + "] }";
}

/// Each table of `projections` as a projection of one population.
Connectome network(const std::string& path, const NeuronNames& neurons, const std::vector<std::string>& projections,
                   const std::string& more = "") {
  Blueprint b;
  b.add(Population{.name = "worm", .size = neurons.size, .neuron_names = neurons.names});
  for (const std::string& choice : projections)
    b.add(Projection{.name = "p" + std::to_string(boost::num_edges(b.graph)),
                     .source = "worm",
                     .target = "worm",
                     .connectivity = from_file(path, choice, more)});
  return build(b, 1);
}

double total(const SynapseRows& rows) {
  double sum = 0;
  for (const float w : rows.weight) sum += w;
  return sum;
}

/// Sizes of the strong components, largest first.
std::vector<int> component_sizes(const Connectome& c) {
  std::vector<int> component(num_vertices(c));
  const int n =
      boost::strong_components(c, boost::make_iterator_property_map(component.begin(), get(boost::vertex_index, c)));
  std::vector<int> size(static_cast<size_t>(n), 0);
  for (const int i : component) ++size[static_cast<size_t>(i)];
  std::sort(size.rbegin(), size.rend());
  return size;
}

/// Pairs i < j that both directions hold, with another weight each way; and pairs that only one direction holds.
std::pair<int, int> asymmetries(const SynapseRows& rows) {
  std::map<std::pair<int, int>, float> weight;
  for (int32_t i = 0; i < rows.sources; ++i)
    for (int64_t k = rows.offset[i]; k < rows.offset[i + 1]; ++k) weight[{i, rows.target[k]}] = rows.weight[k];
  int unequal = 0, single = 0;
  for (const auto& [pair, w] : weight) {
    const auto back = weight.find({pair.second, pair.first});
    if (back == weight.end())
      ++single;
    else if (pair.first < pair.second && back->second != w)
      ++unequal;
  }
  return {unequal, single};
}

}  // namespace

TEST_CASE(
    "C. elegans of Varshney et al. 2011: 279 neurons, one chemical synapse more than the paper's 6,393, its 890 gap "
    "junctions") {
  const std::string path = real_data("connectome_celegans_varshney2011/NeuronConnectFormatted.csv");
  if (path.empty()) return;
  const NeuronNames neurons = read_neuron_names(reader(varshney_neurons), path);
  CHECK(neurons.size == 279);
  CHECK(neurons.names.front() == "ADAL");
  CHECK(neurons.names.back() == "VD9");

  const Connectome c = network(path, neurons, {varshney_chemical, varshney_gap});
  const SynapseRows &chemical = c.projections()[0], &gap = c.projections()[1];
  CHECK(chemical.size() == 2194);
  CHECK(total(chemical) == 6394);
  CHECK(autapses(chemical) == 0);

  // Every S row stands again as an R row: the mirrored rows are the same network, not another one.
  const Connectome mirrored = network(path, neurons, {varshney_mirrored});
  CHECK(mirrored.projections()[0].target == chemical.target);
  CHECK(mirrored.projections()[0].weight == chemical.weight);

  // Gap junctions stand in both directions; a loop stands once. 887 between 514 pairs and 3 loops are the paper's 890.
  CHECK(gap.size() == 1031);
  CHECK(asymmetries(gap) == std::pair{0, 0});
  CHECK(autapses(gap) == 3);
  double loops = 0;
  for (int32_t i = 0; i < gap.sources; ++i)
    for (int64_t k = gap.offset[i]; k < gap.offset[i + 1]; ++k)
      if (gap.target[k] == i) loops += gap.weight[k];
  CHECK((total(gap) - loops) / 2 + loops == 890);

  // The giant strong components that the paper reports: 237 neurons by chemical synapses, 248 by gap junctions, 274 by
  // both.
  CHECK(component_sizes(network(path, neurons, {varshney_chemical})).front() == 237);
  CHECK(component_sizes(network(path, neurons, {varshney_gap})).front() == 248);
  CHECK(component_sizes(c) == std::vector<int>{274, 1, 1, 1, 1, 1});
  CHECK(unconnected_populations(c).empty());
}

TEST_CASE(
    "C. elegans of Cook et al. 2019: 300 of the 302 neurons among 448 cells, names padded, gap junctions listed "
    "twice") {
  const std::string path = real_data("connectome_celegans_cook2019_herm/herm_full_edgelist.csv");
  if (path.empty()) return;
  const NeuronNames cells = read_neuron_names(reader(cook("'chemical', 'electrical'")), path);
  CHECK(cells.size == 448);
  CHECK(std::binary_search(cells.names.begin(), cells.names.end(), "I1L"));

  const Connectome all = network(path, cells, {cook("'chemical'"), cook("'electrical'")});
  CHECK(all.projections()[0].size() == 4681);
  CHECK(all.projections()[1].size() == 2698);
  CHECK(total(all.projections()[0]) == 27019);
  CHECK(total(all.projections()[1]) == 12683);
  // 13 pairs (26 rows) differ between their two rows, 6 rows have no reverse.
  CHECK(asymmetries(all.projections()[1]) == std::pair{13, 6});
  CHECK(component_sizes(all) == std::vector<int>{419, 24, 4, 1});

  // The neurons: all cells but muscles and end organs, whose names begin in lower case. CANL and CANR, which make no
  // synapse, are not listed.
  NeuronNames neurons;
  for (const std::string& name : cells.names)
    if (std::isupper(static_cast<unsigned char>(name[0]))) neurons.names.push_back(name);
  neurons.size = static_cast<int32_t>(neurons.names.size());
  CHECK(neurons.size == 300);
  const Connectome c = network(path, neurons, {cook("'chemical'"), cook("'electrical'")}, "outside = 'skip'");
  CHECK(c.projections()[0].size() == 3638);
  CHECK(c.projections()[1].size() == 2168);
  CHECK(component_sizes(c).front() == 300);
  CHECK(contains(
      [&] {
        try {
          network(path, neurons, {cook("'chemical'")});
        } catch (const Error& error) {
          return std::string(error.what());
        }
        return std::string();
      }(),
      "is not a neuron of population 'worm'."));
}
