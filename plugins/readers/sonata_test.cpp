#include <doctest/doctest.h>

#include "../../tests/unit/network/support.hpp"
#include "proxon/experiment/biology.hpp"

using namespace network_test;

namespace {

/// A folder with a SONATA file that h5py writes from `script` (the file is `f`).
std::string written(const TemporaryFolder& folder, const std::string& script) {
  const std::string path = folder.path.string() + "/net.h5";
  const std::string program = folder.write(
      "write.py", "import h5py, numpy as np\nf = h5py.File('" + path + "', 'w')\n" + script + "f.close()\n");
  return std::system(("/usr/bin/python3 " + program).c_str()) == 0 ? path : "";
}

Connectome between(int32_t sources, int32_t targets, const std::string& path, const std::string& choice,
                   const std::string& more = "") {
  install_reader_services();
  Blueprint b;
  b.add(Population{.name = "source", .size = sources});
  b.add(Population{.name = "target", .size = targets});
  b.add(Projection{.name = "p", .source = "source", .target = "target", .connectivity = from_file(path, choice, more)});
  return build(b, 1);
}

std::string sonata_refused(const std::string& path, const std::string& choice) {
  try {
    between(5, 5, path, choice);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("sonata: 300 point neurons, internal and external edges, delays from the table of types") {
  const std::string folder = real_data("sonata_300_pointneurons/300_pointneurons/network");
  if (folder.empty()) return;
  install_reader_services();
  CHECK(read_neuron_names(reader("'sonata'"), folder + "/internal_nodes.h5").size == 300);
  CHECK(read_neuron_names(reader("'sonata'"), folder + "/external_nodes.h5").size == 100);

  Blueprint b;
  b.add(Population{.name = "internal", .size = 300});
  b.add(Population{.name = "external", .size = 100});
  b.add(Projection{
      .name = "recurrent",
      .source = "internal",
      .target = "internal",
      .connectivity = from_file(folder + "/internal_internal_edges.h5", "{ name = 'sonata', edge_types = '" + folder +
                                                                            "/internal_internal_edge_types.csv' }")});
  b.add(Projection{.name = "input",
                   .source = "external",
                   .target = "internal",
                   .connectivity = from_file(folder + "/external_internal_edges.h5",
                                             "{ name = 'sonata', edges = 'external_to_internal' }"),
                   .delay = Distribution::constant(0.5)});
  const Connectome c = build(b, 1);
  CHECK(c.projections()[0].size() == 27588);
  CHECK(c.projections()[1].size() == 20844);
  CHECK(c.projections()[0].delay[0] == 2);
  CHECK(c.projections()[0].delay.shared());
  CHECK(c.projections()[1].delay[0] == 0.5);

  // Sums over the file, taken with h5py: of the weights, of weight times source, of weight times target.
  auto sums = [](const SynapseRows& rows) {
    std::array<double, 3> sum{};
    for (int32_t i = 0; i < rows.sources; ++i)
      for (int64_t k = rows.offset[i]; k < rows.offset[i + 1]; ++k)
        sum[0] += rows.weight[k], sum[1] += double(rows.weight[k]) * i,
            sum[2] += double(rows.weight[k]) * rows.target[k];
    return sum;
  };
  const auto recurrent = sums(c.projections()[0]), input = sums(c.projections()[1]);
  CHECK(recurrent[0] == doctest::Approx(19700.5).epsilon(1e-6));
  CHECK(recurrent[1] == doctest::Approx(-6523516.0).epsilon(1e-6));
  CHECK(recurrent[2] == doctest::Approx(9150297.5).epsilon(1e-6));
  CHECK(input[0] == doctest::Approx(1104825.0).epsilon(1e-6));
  CHECK(input[1] == doctest::Approx(54811100.0).epsilon(1e-6));
  CHECK(input[2] == doctest::Approx(172628435.0).epsilon(1e-6));

  // The first 240 are of type e: a population of theirs takes its part of the file.
  CHECK(between(240, 60, folder + "/internal_internal_edges.h5", "'sonata'", "first_target = 240, outside = 'skip'")
            .synapses() == 7188);
  CHECK(contains(sonata_refused(folder + "/internal_internal_edges.h5", "'sonata'"),
                 "is outside population 'source', whose neurons are 0 to 4 in this file."));
}

TEST_CASE("sonata: 9 cells, several synapses a pair") {
  const std::string folder = real_data("sonata_9_cells/9_cells/network");
  if (folder.empty()) return;
  const Connectome excitatory =
      between(10, 9, folder + "/excvirt_cortex_edges.h5",
              "{ name = 'sonata', edge_types = '" + folder + "/excvirt_cortex_edge_types.csv' }");
  CHECK(excitatory.synapses() == 659);
  CHECK(multapses(excitatory.projections()[0]) == 659 - 90);
  CHECK(excitatory.projections()[0].delay[0] == 2);
  CHECK(between(10, 9, folder + "/inhvirt_cortex_edges.h5", "'sonata'").synapses() == 630);
  CHECK(read_neuron_names(reader("'sonata'"), folder + "/cortex_nodes.h5").size == 9);
}

TEST_CASE("sonata: groups are followed, types fill what the edges lack, and mistakes are sentences") {
  const TemporaryFolder folder;
  const std::string edges =
      "e = f.create_group('edges/a_to_b')\n"
      "e['source_node_id'] = np.array([0, 1, 2], 'u8'); e['target_node_id'] = np.array([4, 3, 2], 'u8')\n"
      "e['edge_type_id'] = np.array([7, 8, 7], 'u4')\n";
  const std::string groups =
      "e['edge_group_id'] = np.array([1, 0, 1], 'u2'); e['edge_group_index'] = np.array([1, 0, 0], 'u4')\n"
      "e['0/syn_weight'] = np.array([0.5]); e['1/syn_weight'] = np.array([1.5, 2.5])\n";
  std::string path = written(folder, edges + groups);
  if (path.empty()) {
    std::puts("skipped: /usr/bin/python3 with h5py is not here");
    return;
  }
  auto weight = [](const Connectome& c) {
    return std::vector<float>(c.projections()[0].weight.begin(), c.projections()[0].weight.end());
  };
  CHECK(weight(between(5, 5, path, "'sonata'")) == std::vector<float>{2.5, 0.5, 1.5});

  const std::string types = folder.write("types.csv", "edge_type_id syn_weight delay\n7 -3 1.5\n8 NULL 2\n");
  const std::string with_types = "{ name = 'sonata', edge_types = '" + types + "' }";
  const Connectome both = between(5, 5, path, with_types);
  CHECK(weight(both) == std::vector<float>{2.5, 0.5, 1.5});
  CHECK(both.projections()[0].delay[1] == 2);
  path = written(folder, edges);
  CHECK(contains(sonata_refused(path, with_types), "has the weight nan; a weight must be a finite number."));
  CHECK(weight(between(5, 5, path, "'sonata'")) == std::vector<float>{1, 1, 1});

  path = written(folder, edges + "e['0/syn_weight'] = np.array([1, np.nan, 2])\n");
  CHECK(contains(sonata_refused(path, "'sonata'"), "net.h5: edge 1: has the weight nan"));
  path = written(folder, edges + "f.create_group('edges/other')\n");
  CHECK(contains(sonata_refused(path, "'sonata'"), "/edges holds more than one population; set `edges` to one of 'a_to_b', 'other'."));
  CHECK(contains(sonata_refused(path, "{ name = 'sonata', edges = 'a_to_c' }"),
                 "/edges has no population 'a_to_c'; it has 'a_to_b', 'other'."));
  path = written(folder, "f.create_group('something')\n");
  CHECK(contains(sonata_refused(path, "'sonata'"), "is not a SONATA network"));
  CHECK(contains(sonata_refused(folder.path.string() + "/none.h5", "'sonata'"), "none.h5"));
}

TEST_CASE("sonata: a program that lends no reading of HDF5 says so") {
  // What the network room has before the pipeline lends it more cannot be asked for again here: a service that refuses
  // stands for it.
  set_reader_services(
      {nullptr,
       [](void*, const char*, const char*, int64_t* n, Status* status) noexcept -> const double* {
         return *n = 0, proxon::detail::report(status, "no HDF5"), nullptr;
       },
       [](void*, const char*, const char*, Status* status) noexcept -> const char* {
         return proxon::detail::report(status, "no HDF5"), "";
       },
       [](void*, const char*, const char*, const char*, Status*) noexcept -> const char* { return ""; }});
  CHECK_THROWS_WITH_AS(read_neuron_names(reader("'sonata'"), "x.h5"), "reader 'sonata': x.h5: no HDF5", Error);
  install_reader_services();
}
