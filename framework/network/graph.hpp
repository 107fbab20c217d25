// A Connectome as a Boost graph, with no copy: VertexListGraph, IncidenceGraph, BidirectionalGraph, AdjacencyGraph,
// EdgeListGraph and PropertyGraph, so that every algorithm of Boost.Graph that reads a graph runs on the very columns
// that the simulation uses.
//
//   std::vector<int> component(num_vertices(connectome));
//   boost::strong_components(connectome, boost::make_iterator_property_map(component.begin(), get(boost::vertex_index,
//   connectome))); boost::dijkstra_shortest_paths(connectome, source,
//   boost::weight_map(delay_map(connectome)).distance_map(...));
//
// Vertices are global neuron numbers; an edge is (source, projection, synapse within the projection). Edge properties:
// edge_index (global number of the synapse), edge_weight (the weight, of either sign, writable), and the non-negative
// lengths delay_map (ms) and resistance_map (1 / |weight|). Who reaches a neuron is known from the transposes, which
// the first call that needs them builds.
#pragma once
#include <boost/graph/adjacency_iterator.hpp>
#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <boost/iterator/counting_iterator.hpp>
#include <boost/iterator/iterator_facade.hpp>
#include <boost/property_map/property_map.hpp>
#include <functional>

#include "proxon/network/connectome.hpp"

namespace proxon {

/// One synapse, as a graph's edge.
struct Edge {
  int32_t source = -1;      ///< global number
  int32_t projection = -1;  ///< position in Connectome::projections()
  int64_t synapse = -1;     ///< number within the projection

  friend bool operator==(const Edge& a, const Edge& b) {
    return a.projection == b.projection && a.synapse == b.synapse;
  }
  friend auto operator<=>(const Edge& a, const Edge& b) {
    return a.projection != b.projection ? a.projection <=> b.projection : a.synapse <=> b.synapse;
  }
};

/// The synapses that leave a neuron, projection after projection.
class OutEdgeIterator : public boost::iterator_facade<OutEdgeIterator, Edge, boost::forward_traversal_tag, Edge> {
 public:
  OutEdgeIterator() = default;
  /// `position` counts the projections that leave the neuron's population: 0 for the begin, their number for the end.
  OutEdgeIterator(const Connectome& connectome, int32_t neuron, std::span<const int32_t> projections, size_t position)
      : connectome_(&connectome), projections_(projections), neuron_(neuron), position_(position) {
    enter();
  }

 private:
  friend class boost::iterator_core_access;
  Edge dereference() const { return {neuron_, projections_[position_], synapse_}; }
  bool equal(const OutEdgeIterator& other) const { return position_ == other.position_ && synapse_ == other.synapse_; }
  void increment() {
    if (++synapse_ < end_) return;
    ++position_;
    enter();
  }
  /// To the first synapse at or after the begin of the current projection.
  void enter() {
    for (; position_ < projections_.size(); ++position_) {
      const SynapseRows& rows = connectome_->projections()[projections_[position_]];
      synapse_ = rows.offset[neuron_ - rows.first_source], end_ = rows.offset[neuron_ - rows.first_source + 1];
      if (synapse_ < end_) return;
    }
    synapse_ = 0;
  }

  const Connectome* connectome_ = nullptr;
  std::span<const int32_t> projections_;
  int32_t neuron_ = 0;
  size_t position_ = 0;
  int64_t synapse_ = 0, end_ = 0;
};

/// The synapses that reach a neuron, projection after projection.
class InEdgeIterator : public boost::iterator_facade<InEdgeIterator, Edge, boost::forward_traversal_tag, Edge> {
 public:
  InEdgeIterator() = default;
  InEdgeIterator(const Connectome& connectome, int32_t neuron, std::span<const int32_t> projections, size_t position)
      : connectome_(&connectome), projections_(projections), neuron_(neuron), position_(position) {
    enter();
  }

 private:
  friend class boost::iterator_core_access;
  Edge dereference() const {
    return {first_source_ + transpose_->source[entry_], projections_[position_], transpose_->synapse[entry_]};
  }
  bool equal(const InEdgeIterator& other) const { return position_ == other.position_ && entry_ == other.entry_; }
  void increment() {
    if (++entry_ < end_) return;
    ++position_;
    enter();
  }
  void enter() {
    for (; position_ < projections_.size(); ++position_) {
      const SynapseRows& rows = connectome_->projections()[projections_[position_]];
      transpose_ = &connectome_->transpose(projections_[position_]);
      first_source_ = rows.first_source;
      entry_ = transpose_->offset[neuron_ - rows.first_target],
      end_ = transpose_->offset[neuron_ - rows.first_target + 1];
      if (entry_ < end_) return;
    }
    entry_ = 0;
  }

  const Connectome* connectome_ = nullptr;
  std::span<const int32_t> projections_;
  const Transpose* transpose_ = nullptr;
  int32_t neuron_ = 0, first_source_ = 0;
  size_t position_ = 0;
  int64_t entry_ = 0, end_ = 0;
};

/// All synapses, in the order of their global numbers.
class EdgeIterator : public boost::iterator_facade<EdgeIterator, Edge, boost::forward_traversal_tag, Edge> {
 public:
  EdgeIterator() = default;
  EdgeIterator(const Connectome& connectome, int32_t projection) : connectome_(&connectome), projection_(projection) {
    settle();
  }

 private:
  friend class boost::iterator_core_access;
  const SynapseRows& rows() const { return connectome_->projections()[projection_]; }
  Edge dereference() const { return {rows().first_source + row_, projection_, synapse_}; }
  bool equal(const EdgeIterator& other) const { return projection_ == other.projection_ && synapse_ == other.synapse_; }
  void increment() {
    ++synapse_;
    settle();
  }
  /// Past rows and projections that have come to their end.
  void settle() {
    const auto projections = static_cast<int32_t>(connectome_->projections().size());
    for (; projection_ < projections; ++projection_, row_ = 0, synapse_ = 0) {
      if (synapse_ == rows().size()) continue;
      while (rows().offset[row_ + 1] <= synapse_) ++row_;
      return;
    }
  }

  const Connectome* connectome_ = nullptr;
  int32_t projection_ = 0, row_ = 0;
  int64_t synapse_ = 0;
};

struct connectome_traversal_tag : boost::bidirectional_graph_tag,
                                  boost::adjacency_graph_tag,
                                  boost::vertex_list_graph_tag,
                                  boost::edge_list_graph_tag {};

/// A property of edges that is a function of the connectome.
template <class Value, Value (*read)(const Connectome&, const Edge&)>
struct EdgeMap {
  using key_type = Edge;
  using value_type = Value;
  using reference = Value;
  using category = boost::readable_property_map_tag;
  const Connectome* connectome = nullptr;
  friend Value get(const EdgeMap& map, const Edge& edge) { return read(*map.connectome, edge); }
  Value operator[](const Edge& edge) const { return read(*connectome, edge); }
};

/// The weights, in place. Graph is Connectome or const Connectome.
template <class Graph>
struct WeightMap {
  using key_type = Edge;
  using value_type = float;
  using reference = std::conditional_t<std::is_const_v<Graph>, const float&, float&>;
  using category = boost::lvalue_property_map_tag;
  Graph* connectome = nullptr;
  reference operator[](const Edge& e) const { return connectome->projections()[e.projection].weight[e.synapse]; }
  friend reference get(const WeightMap& map, const Edge& edge) { return map[edge]; }
  friend void put(const WeightMap& map, const Edge& edge, float weight) requires(!std::is_const_v<Graph>) {
    map[edge] = weight;
  }
};

namespace detail {
inline int64_t edge_number(const Connectome& g, const Edge& e) {
  return g.projections()[e.projection].first_synapse + e.synapse;
}
inline double edge_delay(const Connectome& g, const Edge& e) {
  const SynapseRows& rows = g.projections()[e.projection];
  return rows.delay[e.synapse];
}
inline double edge_resistance(const Connectome& g, const Edge& e) {
  return 1 / std::fabs(static_cast<double>(g.projections()[e.projection].weight[e.synapse]));
}
}  // namespace detail

using EdgeIndexMap = EdgeMap<int64_t, &detail::edge_number>;
/// Length of a synapse: its delay in ms.
using DelayMap = EdgeMap<double, &detail::edge_delay>;
/// Length of a synapse: 1 / |weight|, infinite where the weight is 0.
using ResistanceMap = EdgeMap<double, &detail::edge_resistance>;

inline DelayMap delay_map(const Connectome& g) { return {&g}; }
inline ResistanceMap resistance_map(const Connectome& g) { return {&g}; }
inline boost::typed_identity_property_map<int32_t> get(boost::vertex_index_t, const Connectome&) { return {}; }
inline EdgeIndexMap get(boost::edge_index_t, const Connectome& g) { return {&g}; }
inline WeightMap<const Connectome> get(boost::edge_weight_t, const Connectome& g) { return {&g}; }
inline WeightMap<Connectome> get(boost::edge_weight_t, Connectome& g) { return {&g}; }
inline int32_t get(boost::vertex_index_t, const Connectome&, int32_t v) { return v; }
inline int64_t get(boost::edge_index_t, const Connectome& g, const Edge& e) { return detail::edge_number(g, e); }
inline float get(boost::edge_weight_t, const Connectome& g, const Edge& e) { return get(boost::edge_weight, g)[e]; }
inline void put(boost::edge_weight_t, Connectome& g, const Edge& e, float weight) {
  get(boost::edge_weight, g)[e] = weight;
}

}  // namespace proxon

template <>
struct std::hash<proxon::Edge> {
  size_t operator()(const proxon::Edge& e) const noexcept {
    return std::hash<int64_t>()(e.synapse * 1000003 + e.projection);
  }
};

namespace boost {

template <>
struct graph_traits<proxon::Connectome> {
  using vertex_descriptor = int32_t;
  using edge_descriptor = proxon::Edge;
  using directed_category = bidirectional_tag;
  using edge_parallel_category = allow_parallel_edge_tag;
  using traversal_category = proxon::connectome_traversal_tag;
  using vertices_size_type = size_t;
  using edges_size_type = size_t;
  using degree_size_type = size_t;
  using vertex_iterator = counting_iterator<int32_t>;
  using edge_iterator = proxon::EdgeIterator;
  using out_edge_iterator = proxon::OutEdgeIterator;
  using in_edge_iterator = proxon::InEdgeIterator;
  using adjacency_iterator = adjacency_iterator_generator<proxon::Connectome, int32_t, proxon::OutEdgeIterator>::type;
  static vertex_descriptor null_vertex() { return -1; }
};
template <>
struct graph_traits<const proxon::Connectome> : graph_traits<proxon::Connectome> {};

template <>
struct property_map<proxon::Connectome, vertex_index_t> {
  using type = typed_identity_property_map<int32_t>;
  using const_type = type;
};
template <>
struct property_map<proxon::Connectome, edge_index_t> {
  using type = proxon::EdgeIndexMap;
  using const_type = type;
};
template <>
struct property_map<proxon::Connectome, edge_weight_t> {
  using type = proxon::WeightMap<proxon::Connectome>;
  using const_type = proxon::WeightMap<const proxon::Connectome>;
};
template <>
struct vertex_property_type<proxon::Connectome> {
  using type = no_property;
};
template <>
struct edge_property_type<proxon::Connectome> {
  using type = no_property;
};
template <>
struct graph_property_type<proxon::Connectome> {
  using type = no_property;
};

}  // namespace boost

namespace proxon {

using ConnectomeTraits = boost::graph_traits<Connectome>;

inline size_t num_vertices(const Connectome& g) { return static_cast<size_t>(g.neurons()); }
inline size_t num_edges(const Connectome& g) { return static_cast<size_t>(g.synapses()); }

inline std::pair<ConnectomeTraits::vertex_iterator, ConnectomeTraits::vertex_iterator> vertices(const Connectome& g) {
  return {ConnectomeTraits::vertex_iterator(0), ConnectomeTraits::vertex_iterator(g.neurons())};
}
inline std::pair<EdgeIterator, EdgeIterator> edges(const Connectome& g) {
  return {EdgeIterator(g, 0), EdgeIterator(g, static_cast<int32_t>(g.projections().size()))};
}
inline std::pair<OutEdgeIterator, OutEdgeIterator> out_edges(int32_t v, const Connectome& g) {
  const std::span<const int32_t> projections = g.outgoing(g.population_of(v));
  return {OutEdgeIterator(g, v, projections, 0), OutEdgeIterator(g, v, projections, projections.size())};
}
inline std::pair<InEdgeIterator, InEdgeIterator> in_edges(int32_t v, const Connectome& g) {
  const std::span<const int32_t> projections = g.incoming(g.population_of(v));
  return {InEdgeIterator(g, v, projections, 0), InEdgeIterator(g, v, projections, projections.size())};
}

inline int32_t source(const Edge& e, const Connectome&) { return e.source; }
inline int32_t target(const Edge& e, const Connectome& g) {
  const SynapseRows& rows = g.projections()[e.projection];
  return rows.first_target + rows.target[e.synapse];
}

inline size_t out_degree(int32_t v, const Connectome& g) {
  int64_t n = 0;
  for (const int32_t p : g.outgoing(g.population_of(v))) {
    const SynapseRows& rows = g.projections()[p];
    n += rows.offset[v - rows.first_source + 1] - rows.offset[v - rows.first_source];
  }
  return static_cast<size_t>(n);
}
inline size_t in_degree(int32_t v, const Connectome& g) {
  int64_t n = 0;
  for (const int32_t p : g.incoming(g.population_of(v))) {
    const int32_t j = v - g.projections()[p].first_target;
    n += g.transpose(p).offset[j + 1] - g.transpose(p).offset[j];
  }
  return static_cast<size_t>(n);
}
inline size_t degree(int32_t v, const Connectome& g) { return out_degree(v, g) + in_degree(v, g); }

inline std::pair<ConnectomeTraits::adjacency_iterator, ConnectomeTraits::adjacency_iterator> adjacent_vertices(
    int32_t v, const Connectome& g) {
  const auto [begin, end] = out_edges(v, g);
  return {ConnectomeTraits::adjacency_iterator(begin, &g), ConnectomeTraits::adjacency_iterator(end, &g)};
}

}  // namespace proxon
