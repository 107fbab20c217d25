// Rules of SONATA: what libsonata, BMTK and the specification ask for between them, with both spellings where they
// disagree.
#include "proxon/archive/checks.hpp"

namespace proxon::archive {

namespace {
/// Columns that must be as long as the first one.
void same_length(Checks& c, const std::string& first, const std::string& other) {
  if (c.type_of(first) != H5I_DATASET || !c.data(other, Kind::number)) return;
  if (c.rows(first) != c.rows(other))
    c.say("'{}' has {} rows and '{}' has {}", other, c.rows(other), first, c.rows(first));
}

/// Group 0 must be there and be the only one.
void single_group(Checks& c, const std::string& population) {
  c.group(population + "/0");
  if (c.type_of(population + "/1") != H5I_BADID) c.say("'{}' has more than one group", population);
}

void check_nodes(Checks& c, const std::string& nodes) {
  if (!c.data(nodes + "/node_type_id", Kind::number, 1)) return;
  for (const char* column : {"node_id", "node_group_id", "node_group_index"})
    same_length(c, nodes + "/node_type_id", nodes + "/" + column);
  single_group(c, nodes);
}

/// One direction of the index: every node's ranges lie in the table, every range lies in the edges, and they hold all
/// edges.
void check_direction(Checks& c, const std::string& index, hsize_t n_edges) {
  const std::string ranges = index + "/node_id_to_ranges", table = index + "/range_to_edge_id";
  const bool both = c.data(ranges, Kind::number, 2) & c.data(index + "/node_id_to_range", Kind::number, 2);
  if (!both || !c.data(table, Kind::number, 2)) return;
  const hsize_t n = c.rows(table);
  bool inside = true;
  std::uint64_t named = 0, held = 0;
  c.blocks<std::uint64_t>(ranges, H5T_NATIVE_UINT64, [&](hsize_t, std::span<const std::uint64_t> pairs) {
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2)
      inside &= pairs[i] <= pairs[i + 1] && pairs[i + 1] <= n, named += pairs[i + 1] - pairs[i];
  });
  if (!inside) c.say("'{}' points outside '{}'", ranges, table);
  inside = true;
  c.blocks<std::uint64_t>(table, H5T_NATIVE_UINT64, [&](hsize_t, std::span<const std::uint64_t> pairs) {
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2)
      inside &= pairs[i] < pairs[i + 1] && pairs[i + 1] <= n_edges, held += pairs[i + 1] - pairs[i];
  });
  if (!inside) c.say("'{}' points outside the edges", table);
  if (named != n || held != n_edges) c.say("'{}' reaches {} of {} edges", index, held, n_edges);
}

/// Whether all numbers of a column are those of nodes of a population.
void check_inside(Checks& c, const std::string& column, const std::string& nodes) {
  const auto size = c.rows(nodes + "/node_type_id");
  bool inside = true;
  c.blocks<std::uint64_t>(column, H5T_NATIVE_UINT64, [&](hsize_t, std::span<const std::uint64_t> ids) {
    for (const auto id : ids) inside &= id < size;
  });
  if (!inside) c.say("'{}' names a node outside '{}'", column, nodes);
}

void check_edges(Checks& c, const std::string& edges) {
  std::uint64_t n_edges = 0;
  for (const char* end : {"source_node_id", "target_node_id"}) {
    const std::string name = edges + "/" + end;
    if (!c.data(name, Kind::number, 1)) return;
    c.number_type(name, H5T_NATIVE_UINT64, "uint64");
    n_edges = c.rows(name);
    if (!c.attribute(name, "node_population", Kind::text)) continue;
    const Handle dataset(H5Dopen2(c.file, name.c_str(), H5P_DEFAULT));
    const std::string nodes = "/nodes/" + attribute_text(dataset, "node_population");
    if (c.type_of(nodes + "/node_type_id") != H5I_DATASET) {
      c.say("'{}' names the population '{}', which is not there", name, nodes);
      continue;
    }
    check_inside(c, name, nodes);
  }
  for (const char* column :
       {"target_node_id", "edge_type_id", "edge_group_id", "edge_group_index", "0/syn_weight", "0/delay"})
    same_length(c, edges + "/source_node_id", edges + "/" + column);
  single_group(c, edges);
  if (!c.group(edges + "/indices")) return;
  if (c.group(edges + "/indices/source_to_target")) check_direction(c, edges + "/indices/source_to_target", n_edges);
  // The other direction may be left out of large networks: then nothing can be said but that it is not there.
  if (c.type_of(edges + "/indices/target_to_source") == H5I_GROUP)
    check_direction(c, edges + "/indices/target_to_source", n_edges);
}

void check_spikes(Checks& c, const std::string& spikes) {
  const Handle group(H5Oopen(c.file, spikes.c_str(), H5P_DEFAULT));
  bool by_time = false;
  if (c.attribute(spikes, "sorting", Kind::number)) {
    const Handle attribute(H5Aopen(group, "sorting", H5P_DEFAULT)), type(H5Aget_type(attribute));
    if (H5Tget_class(type) != H5T_ENUM)
      c.say("the attribute 'sorting' of '{}' must be an enumeration", spikes);
    else
      by_time = attribute_numbers(group, "sorting", c.path).at(0) == 2;
  }
  const std::string times = spikes + "/timestamps", ids = spikes + "/node_ids";
  if (!c.data(times, Kind::number, 1)) return;
  c.number_type(times, H5T_NATIVE_DOUBLE, "float64");
  c.attribute_is(times, "units", "ms");
  if (!c.data(ids, Kind::number, 1)) return;
  c.number_type(ids, H5T_NATIVE_UINT64, "uint64");
  if (c.rows(times) != c.rows(ids)) c.say("'{}' has {} times and {} nodes", spikes, c.rows(times), c.rows(ids));
  if (const std::string nodes = "/nodes" + spikes.substr(std::string_view("/spikes").size()); c.type_of(nodes + "/node_type_id") == H5I_DATASET)
    check_inside(c, ids, nodes);
  if (!by_time) return;
  double last = -std::numeric_limits<double>::infinity();
  bool ascending = true;
  c.blocks<double>(times, H5T_NATIVE_DOUBLE, [&](hsize_t, std::span<const double> ms) {
    for (const double t : ms) ascending &= t >= last, last = t;
  });
  if (!ascending) c.say("'{}' is declared sorted by time and is not", times);
}

void check_report(Checks& c, const std::string& report) {
  const std::string data = report + "/data", mapping = report + "/mapping";
  if (!c.data(data, Kind::number, 2)) return;
  c.number_type(data, H5T_NATIVE_FLOAT, "float32");
  c.attribute(data, "units", Kind::text);
  if (!c.group(mapping)) return;
  const auto n = extent(Handle(H5Dopen2(c.file, data.c_str(), H5P_DEFAULT)));
  if (c.data(mapping + "/node_ids", Kind::number, 1)) {
    c.number_type(mapping + "/node_ids", H5T_NATIVE_UINT64, "uint64");
    c.attribute(mapping + "/node_ids", "sorted", Kind::number);
    for (const char* spelling : {"/index_pointers", "/index_pointer"})
      if (c.data(mapping + spelling, Kind::number, 1) &&
          c.rows(mapping + spelling) != c.rows(mapping + "/node_ids") + 1)
        c.say("'{}{}' must have one row more than '{}/node_ids'", mapping, spelling, mapping);
  }
  if (c.data(mapping + "/element_ids", Kind::number, 1) && c.rows(mapping + "/element_ids") != n[1])
    c.say("'{}' has {} columns and {} elements", data, n[1], c.rows(mapping + "/element_ids"));
  c.data(mapping + "/element_pos", Kind::number, 1);

  // Start, stop and step say how many rows there are.
  if (!c.data(mapping + "/time", Kind::number, 1)) return;
  c.number_type(mapping + "/time", H5T_NATIVE_DOUBLE, "float64");
  c.attribute(mapping + "/time", "units", Kind::text);
  if (c.rows(mapping + "/time") != 3) return c.say("'{}/time' must hold start, stop and step", mapping);
  std::vector<double> time;
  c.blocks<double>(mapping + "/time", H5T_NATIVE_DOUBLE,
                   [&](hsize_t, auto values) { time.assign(values.begin(), values.end()); });
  const double steps = (time[1] - time[0]) / time[2];
  if (!(time[2] > 0) || std::abs(steps - static_cast<double>(n[0])) > 0.5)
    c.say("'{}/time' counts {} steps and '{}' has {} rows", mapping, steps, data, n[0]);
}
}  // namespace

void check_sonata(Checks& c) {
  if (c.attribute("/", "magic", Kind::number)) {
    const Handle root(H5Oopen(c.file, "/", H5P_DEFAULT));
    const auto magic = attribute_numbers(root, "magic", c.path);
    if (magic != std::vector<double>{0x0A7A}) c.say("the attribute 'magic' of '/' is not 0x0A7A");
  }
  if (c.attribute("/", "version", Kind::number)) {
    const Handle root(H5Oopen(c.file, "/", H5P_DEFAULT));
    const auto version = attribute_numbers(root, "version", c.path);
    if (version.size() != 2) c.say("the attribute 'version' of '/' must hold two numbers");
  }
  const std::pair<const char*, void (*)(Checks&, const std::string&)> parts[] = {
      {"/nodes", check_nodes}, {"/edges", check_edges}, {"/spikes", check_spikes}, {"/report", check_report}};
  for (const auto& [parent, rule] : parts)
    if (c.group(parent))
      for (const auto& name : c.members(parent)) rule(c, std::string(parent) + "/" + name);
}

}  // namespace proxon::archive
