#include "proxon/network/graph.hpp"

#include <doctest/doctest.h>

#include <boost/concept/assert.hpp>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/betweenness_centrality.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <boost/graph/graph_concepts.hpp>
#include <boost/graph/hawick_circuits.hpp>
#include <boost/graph/reverse_graph.hpp>
#include <boost/graph/strong_components.hpp>
#include <set>
#include <thread>

#include "support.hpp"

using namespace network_test;

BOOST_CONCEPT_ASSERT((boost::VertexListGraphConcept<Connectome>));
BOOST_CONCEPT_ASSERT((boost::IncidenceGraphConcept<Connectome>));
BOOST_CONCEPT_ASSERT((boost::BidirectionalGraphConcept<Connectome>));
BOOST_CONCEPT_ASSERT((boost::AdjacencyGraphConcept<Connectome>));
BOOST_CONCEPT_ASSERT((boost::EdgeListGraphConcept<Connectome>));
BOOST_CONCEPT_ASSERT((boost::VertexAndEdgeListGraphConcept<Connectome>));
BOOST_CONCEPT_ASSERT((boost::ReadablePropertyGraphConcept<Connectome, int32_t, boost::vertex_index_t>));
BOOST_CONCEPT_ASSERT((boost::ReadablePropertyGraphConcept<Connectome, Edge, boost::edge_index_t>));
BOOST_CONCEPT_ASSERT((boost::ReadablePropertyGraphConcept<Connectome, Edge, boost::edge_weight_t>));
BOOST_CONCEPT_ASSERT((boost::PropertyGraphConcept<Connectome, Edge, boost::edge_weight_t>));
BOOST_CONCEPT_ASSERT(
    (boost::LvaluePropertyMapConcept<boost::property_map<Connectome, boost::edge_weight_t>::const_type, Edge>));
BOOST_CONCEPT_ASSERT((boost::ReadablePropertyMapConcept<DelayMap, Edge>));
BOOST_CONCEPT_ASSERT((boost::ReadablePropertyMapConcept<ResistanceMap, Edge>));

namespace {

struct Synapse {
  double delay, resistance, weight;
  int64_t number;
};
using Copy = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS, boost::no_property, Synapse>;

/// The same graph, written out by hand from the rows.
Copy copy_of(const Connectome& c) {
  Copy copy(static_cast<size_t>(c.neurons()));
  for (const SynapseRows& rows : c.projections())
    for (int32_t i = 0; i < rows.sources; ++i)
      for (int64_t k = rows.offset[i]; k < rows.offset[i + 1]; ++k)
        add_edge(rows.first_source + i, rows.first_target + rows.target[k],
                 Synapse{rows.delay[k], 1 / std::fabs(double(rows.weight[k])),
                         rows.weight[k], rows.first_synapse + k},
                 copy);
  return copy;
}

/// Three populations with sparse, dense, missing and parallel projections, loops, multapses and neurons without any
/// synapse.
Connectome tangled(uint64_t seed) {
  Blueprint b;
  b.add(Population{.name = "A", .size = 60});
  b.add(Population{.name = "B", .size = 40});
  b.add(Population{.name = "lonely", .size = 3});
  b.add(Population{.name = "C", .size = 50});
  auto add = [&](const char* name, const char* source, const char* target, const char* text, double delay) {
    b.add(Projection{.name = name,
                     .source = source,
                     .target = target,
                     .connectivity = rule(text),
                     .weight = {DistributionKind::normal, 0.3, 1},
                     .delay = Distribution::constant(delay)});
  };
  add("AA", "A", "A", "{ name = 'pairwise_bernoulli', p = 0.02 }", 1);
  add("AB", "A", "B", "{ name = 'fixed_total_number', N = 60 }", 1.5);
  add("empty", "B", "A", "{ name = 'pairwise_bernoulli', p = 0 }", 1);
  add("BC", "B", "C", "{ name = 'fixed_indegree', indegree = 2 }", 0.7);
  add("CA", "C", "A", "{ name = 'fixed_total_number', N = 5 }", 3);
  add("AA again", "A", "A", "{ name = 'fixed_total_number', N = 30 }", 0.2);
  return build(b, seed);
}

template <class Graph>
std::vector<int> components(const Graph& g, int& n) {
  std::vector<int> component(num_vertices(g));
  n = boost::strong_components(g, boost::make_iterator_property_map(component.begin(), get(boost::vertex_index, g)));
  return component;
}

/// Numbers of components are arbitrary: the same partition maps one to one.
bool same_partition(const std::vector<int>& a, const std::vector<int>& b) {
  std::set<std::pair<int, int>> pairs;
  for (size_t i = 0; i < a.size(); ++i) pairs.insert({a[i], b[i]});
  const std::set<int> left(a.begin(), a.end()), right(b.begin(), b.end());
  return pairs.size() == left.size() && left.size() == right.size();
}

template <class Graph, class Length>
std::vector<double> distances(const Graph& g, int source, Length length) {
  std::vector<double> d(num_vertices(g));
  boost::dijkstra_shortest_paths(g, source,
                                 boost::weight_map(length).distance_map(
                                     boost::make_iterator_property_map(d.begin(), get(boost::vertex_index, g))));
  return d;
}

template <class Graph, class Index>
std::vector<double> betweenness(const Graph& g, Index) {
  std::vector<double> c(num_vertices(g));
  boost::brandes_betweenness_centrality(g, boost::make_iterator_property_map(c.begin(), get(boost::vertex_index, g)));
  return c;
}

template <class Graph>
std::vector<int> levels(const Graph& g, int source) {
  std::vector<int> level(num_vertices(g), -1);
  level[static_cast<size_t>(source)] = 0;
  auto map = boost::make_iterator_property_map(level.begin(), get(boost::vertex_index, g));
  boost::breadth_first_search(
      g, source, boost::visitor(boost::make_bfs_visitor(boost::record_distances(map, boost::on_tree_edge()))));
  return level;
}

}  // namespace

TEST_CASE("a connectome as a graph has the vertices and edges that its rows hold") {
  for (const uint64_t seed : {1, 2, 3}) {
    const Connectome c = tangled(seed);
    const Copy copy = copy_of(c);
    REQUIRE(num_vertices(c) == num_vertices(copy));
    REQUIRE(num_edges(c) == num_edges(copy));

    // The list of edges runs through every synapse in the order of their numbers.
    int64_t number = 0;
    for (auto [e, end] = edges(c); e != end; ++e, ++number) CHECK(get(boost::edge_index, c, *e) == number);
    CHECK(number == c.synapses());

    for (int32_t v = 0; v < c.neurons(); ++v) {
      CHECK(out_degree(v, c) == out_degree(v, copy));
      CHECK(in_degree(v, c) == in_degree(v, copy));
      CHECK(degree(v, c) == in_degree(v, copy) + out_degree(v, copy));
      std::multiset<std::pair<int64_t, int64_t>> ours, theirs;
      for (auto [e, end] = out_edges(v, c); e != end; ++e) {
        CHECK(source(*e, c) == v);
        ours.insert({get(boost::edge_index, c, *e), target(*e, c)});
      }
      for (auto [e, end] = out_edges(v, copy); e != end; ++e) theirs.insert({copy[*e].number, target(*e, copy)});
      CHECK(ours == theirs);
      ours.clear(), theirs.clear();
      for (auto [e, end] = in_edges(v, c); e != end; ++e) {
        CHECK(target(*e, c) == v);
        ours.insert({get(boost::edge_index, c, *e), source(*e, c)});
      }
      for (auto [e, end] = in_edges(v, copy); e != end; ++e) theirs.insert({copy[*e].number, source(*e, copy)});
      CHECK(ours == theirs);
      std::multiset<int64_t> near, there;
      for (auto [w, end] = adjacent_vertices(v, c); w != end; ++w) near.insert(*w);
      for (auto [w, end] = adjacent_vertices(v, copy); w != end; ++w) there.insert(static_cast<int64_t>(*w));
      CHECK(near == there);
    }
  }
}

TEST_CASE("Boost's algorithms give on a connectome what they give on an adjacency_list") {
  for (const uint64_t seed : {1, 2, 3, 4, 5}) {
    const Connectome c = tangled(seed);
    const Copy copy = copy_of(c);

    int n_ours = 0, n_theirs = 0;
    const auto ours = components(c, n_ours), theirs = components(copy, n_theirs);
    CHECK(n_ours == n_theirs);
    CHECK(n_ours > 3);
    CHECK(same_partition(ours, theirs));

    for (const int from : {0, 59, 60, 101, 152}) {
      CHECK(distances(c, from, delay_map(c)) == distances(copy, from, get(&Synapse::delay, copy)));
      CHECK(distances(c, from, resistance_map(c)) == distances(copy, from, get(&Synapse::resistance, copy)));
      CHECK(levels(boost::make_reverse_graph(c), from) == levels(boost::make_reverse_graph(copy), from));
      CHECK(levels(c, from) == levels(copy, from));
    }

    // Sums over paths are taken in another order of the in-edges: equal up to rounding of doubles.
    const auto a = betweenness(c, 0), b = betweenness(copy, 0);
    CHECK(*std::max_element(b.begin(), b.end()) > 0);
    for (size_t i = 0; i < a.size(); ++i) CHECK(a[i] == doctest::Approx(b[i]).epsilon(1e-12));
  }
}

TEST_CASE("dijkstra refuses the weights themselves as lengths where one is negative") {
  const Connectome c = tangled(1);
  CHECK_THROWS_AS(distances(c, 0, get(boost::edge_weight, c)), boost::negative_edge);
}

TEST_CASE("an empty connectome and one without synapses are graphs") {
  const Connectome none;
  CHECK(num_vertices(none) == 0);
  CHECK(edges(none).first == edges(none).second);
  Blueprint b;
  b.add(Population{.name = "E", .size = 3});
  const Connectome bare = build(b, 1);
  int n = 0;
  components(bare, n);
  CHECK(n == 3);
  CHECK(out_edges(2, bare).first == out_edges(2, bare).second);
  CHECK(in_degree(1, bare) == 0);
  CHECK(bare.transpose().offset.size() == 4);
}

TEST_CASE("weights are written in place through the graph") {
  Connectome c = tangled(1);
  const Edge e = *edges(c).first;
  put(boost::edge_weight, c, e, 7.5f);
  CHECK(c.projections()[0].weight[0] == 7.5f);
  get(boost::edge_weight, c)[e] = -2;
  CHECK(get(boost::edge_weight, std::as_const(c), e) == -2);
}

TEST_CASE("transposes hold every synapse once, ascending within a target, whoever asks first") {
  const Connectome c = tangled(3);
  std::vector<const Transpose*> seen(8);
  std::vector<std::thread> callers;
  for (size_t i = 0; i < seen.size(); ++i)
    callers.emplace_back([&, i] { seen[i] = i % 2 ? &c.transpose() : &c.transpose(1); });
  for (std::thread& caller : callers) caller.join();
  for (size_t i = 2; i < seen.size(); ++i) CHECK(seen[i] == seen[i % 2]);

  auto check_all = [](const Transpose& t, int64_t synapses, auto source_of, auto target_of) {
    REQUIRE(static_cast<int64_t>(t.synapse.size()) == synapses);
    for (size_t j = 0; j + 1 < t.offset.size(); ++j)
      for (int64_t k = t.offset[j]; k < t.offset[j + 1]; ++k) {
        CHECK(target_of(t.synapse[k]) == static_cast<int64_t>(j));
        CHECK(source_of(t.synapse[k]) == t.source[k]);
        if (k > t.offset[j]) CHECK(t.synapse[k] > t.synapse[k - 1]);
      }
  };
  std::vector<int64_t> sources, targets;
  for (auto [e, end] = edges(c); e != end; ++e) sources.push_back(source(*e, c)), targets.push_back(target(*e, c));
  check_all(
      c.transpose(), c.synapses(), [&](int64_t k) { return sources[k]; }, [&](int64_t k) { return targets[k]; });
  for (int32_t p = 0; p < static_cast<int32_t>(c.projections().size()); ++p) {
    const SynapseRows& rows = c.projections()[p];
    check_all(
        c.transpose(p), rows.size(), [&](int64_t k) { return sources[rows.first_synapse + k] - rows.first_source; },
        [&](int64_t k) { return rows.target[k]; });
  }
}

TEST_CASE("bidirectional inhibition and feedback are written as projections and read as cycles of the blueprint") {
  // E excites I, I inhibits E (feedback), and two inhibitory populations inhibit each other.
  Blueprint b;
  for (const char* name : {"input", "E", "I1", "I2"}) b.add(Population{.name = name, .size = 20});
  auto add = [&](const char* source, const char* target, double weight) {
    b.add(Projection{.name = std::string(source) + "_" + target,
                     .source = source,
                     .target = target,
                     .connectivity = rule("{ name = 'pairwise_bernoulli', p = 0.3 }"),
                     .weight = Distribution::constant(weight)});
  };
  add("input", "E", 1), add("E", "I1", 0.5), add("I1", "E", -2), add("I1", "I2", -1), add("I2", "I1", -1);

  // Its cycles, by name.
  struct Cycles {
    std::set<std::set<std::string>>* found;
    void cycle(const std::vector<size_t>& path, const BlueprintGraph& graph) {
      std::set<std::string> names;
      for (const size_t v : path) names.insert(graph[v].name);
      found->insert(names);
    }
  };
  std::set<std::set<std::string>> cycles;
  boost::hawick_circuits(b.graph, Cycles{&cycles});
  CHECK(cycles == std::set<std::set<std::string>>{{"E", "I1"}, {"I1", "I2"}});

  // And the neurons follow: the three populations are one strong component, the input is outside.
  const Connectome c = build(b, 1);
  int n = 0;
  const std::vector<int> component = components(c, n);
  CHECK(std::count(component.begin(), component.end(), component[20]) == 60);
  CHECK(n == 21);
  for (const SynapseRows& rows : c.projections())
    for (const float w : rows.weight) CHECK((w < 0) == (rows.name[0] == 'I'));
}
