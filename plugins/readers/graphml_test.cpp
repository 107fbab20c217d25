#include <doctest/doctest.h>

#include "../../tests/unit/network/support.hpp"

using namespace network_test;

namespace {

const char* const keys =
    "<?xml version=\"1.0\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n"
    "<key id=\"d0\" for=\"edge\" attr.name=\"weight\" attr.type=\"double\"><default>0.5</default></key>\n"
    "<key id=\"d1\" for=\"edge\" attr.name=\"latency\" attr.type=\"double\"/>\n"
    "<key id=\"d2\" for=\"node\" attr.name=\"label\" attr.type=\"string\"/>\n";
const char* const nodes =
    "<node id=\"n0\"><data key=\"d2\"> ADAL </data></node>\n<node id=\"n1\"><data key=\"d2\">AVAR</data></node>\n<node "
    "id=\"n2\"/>\n";

std::string graph(const std::string& edges, const std::string& kind = "directed",
                  const std::string& its_nodes = nodes) {
  return keys + ("<graph edgedefault=\"" + kind + "\">\n") + its_nodes + edges + "</graph>\n</graphml>\n";
}

SynapseRows graphml_rows(const std::string& path, const std::string& choice) {
  NeuronNames neurons = read_neuron_names(reader(choice), path);
  Blueprint b;
  b.add(Population{.name = "P", .size = neurons.size, .neuron_names = neurons.names});
  b.add(Projection{.name = "p", .source = "P", .target = "P", .connectivity = from_file(path, choice)});
  return build(b, 1).projections()[0];
}

std::string graphml_refused(const std::string& path, const std::string& choice) {
  try {
    graphml_rows(path, choice);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("graphml: nodes in their order, weights with their default, delays, both kinds of edges") {
  const TemporaryFolder folder;
  const std::string path = folder.write(
      "g.graphml",
      graph("<edge source=\"n2\" target=\"n0\"><data key=\"d0\">-2</data><data key=\"d1\">3</data></edge>\n"
            "<edge source=\"n0\" target=\"n1\" directed=\"false\"><data key=\"d1\">1</data></edge>\n"
            "<edge source=\"n2\" target=\"n2\" directed=\"false\"><data key=\"d1\">1</data></edge>\n"));
  CHECK(read_neuron_names(reader("'graphml'"), path).names == std::vector<std::string>{"n0", "n1", "n2"});
  const SynapseRows rows = graphml_rows(path, "{ name = 'graphml', delay = 'latency' }");
  CHECK(std::vector<int64_t>(rows.offset.begin(), rows.offset.end()) == std::vector<int64_t>{0, 1, 2, 4});
  CHECK(std::vector<int32_t>(rows.target.begin(), rows.target.end()) == std::vector<int32_t>{1, 0, 0, 2});
  CHECK(std::vector<float>(rows.weight.begin(), rows.weight.end()) == std::vector<float>{0.5, 0.5, -2, 0.5});
  CHECK(delays_of(rows) == std::vector<double>{1, 1, 3, 1});
}

TEST_CASE("graphml: labels as names; an undirected graph gives both directions") {
  const TemporaryFolder folder;
  const std::string two =
      "<node id=\"n0\"><data key=\"d2\"> ADAL </data></node><node id=\"n1\"><data key=\"d2\">A &amp; B</data></node>\n";
  const std::string path = folder.write("g.graphml", graph("<edge source=\"n0\" target=\"n1\"/>\n", "undirected", two));
  const std::string labelled = "{ name = 'graphml', label = 'label' }";
  CHECK(read_neuron_names(reader(labelled), path).names == std::vector<std::string>{"ADAL", "A & B"});
  CHECK(graphml_rows(path, labelled).size() == 2);
  const std::string partly = folder.write("h.graphml", graph("<edge source=\"n0\" target=\"n1\"/>\n"));
  CHECK(contains(graphml_refused(partly, labelled), ":9: node 'n2' has no 'label'."));
}

TEST_CASE("graphml: bad files are refused with file and line") {
  const TemporaryFolder folder;
  auto with = [&](const std::string& text, const std::string& choice = "'graphml'") {
    return graphml_refused(folder.write("g.graphml", text), choice);
  };
  const std::string at = "reader 'graphml': " + folder.path.string() + "/g.graphml";
  CHECK(contains(with(""), "is not XML"));
  CHECK(contains(with("<graphml>\n<graph>\n<node id=\"a\"></graph></graphml>"), at + ":3: is not XML"));
  CHECK(contains(with("<gexf/>"), "is not GraphML"));
  CHECK(with(graph("<edge source=\"n0\" target=\"n9\"/>\n")) == at + ":10: the edge's target 'n9' is not a node.");
  CHECK(with(graph("<edge source=\"n0\" target=\"n1\"><data key=\"d0\">heavy</data></edge>\n")) ==
        at + ":10: 'heavy' for 'weight' is not a finite number.");
  CHECK(contains(with(graph("<edge source=\"n0\" target=\"n1\"><data key=\"d0\">nan</data></edge>\n")),
                 "is not a finite number"));
  CHECK(contains(with(graph(""), "{ name = 'graphml', weight = 'strength' }"),
                 "has no key 'strength' for an edge; it has 'weight', 'latency'."));
  CHECK(contains(with(graph("")), "holds no edges"));
  CHECK(contains(with(graph("", "directed", "")), "lists no neurons"));
  CHECK(contains(with(graph("", "directed", "<node id=\"n0\"/><node id=\"n0\"/>")), "there are two nodes 'n0'"));
}
