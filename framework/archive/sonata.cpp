// The SONATA part of the skeleton: /nodes, /edges, /spikes, /report, with both spellings of the names that readers
// disagree on.
#include <numeric>

#include "proxon/archive/skeleton.hpp"

namespace proxon::archive {

namespace {
/// Numbers that all nodes or edges share are data sets of a fill value: a SONATA reader sees a column, the file holds
/// none.
void shared_parameters(SkeletonFile& file, const std::string& group, hsize_t n,
                       const std::vector<Attribute>& attributes) {
  file.group(group);
  for (const auto& [name, value, unit] : attributes) {
    if (name.find('/') != std::string::npos) continue;
    Handle dataset;
    if (const auto* number = std::get_if<double>(&value)) dataset = file.constant(group + "/" + name, n, *number);
    if (const auto* integer = std::get_if<std::int64_t>(&value))
      dataset = file.constant(group + "/" + name, n, *integer);
    if (dataset && !unit.empty()) write_attribute(dataset, "units", unit);
  }
}

void write_nodes(SkeletonFile& file, const PopulationRecord& population, std::int64_t type_id) {
  if (population.size < 0) fail("the population '{}' has {} neurons.", population.name, population.size);
  const hsize_t n = population.size;
  const std::string nodes = at::nodes(population.name);
  auto number = [](hsize_t begin, std::span<std::uint64_t> block) { std::iota(block.begin(), block.end(), begin); };
  file.blocks<std::uint64_t>(nodes + "/node_id", n, number);
  file.link(nodes + "/node_id", nodes + "/node_group_index");
  file.constant<std::int32_t>(nodes + "/node_group_id", n, 0);
  file.constant<std::int64_t>(nodes + "/node_type_id", n, type_id);

  // Attributes of single neurons.
  if (!population.positions.empty()) {
    if (population.positions.size() != n)
      fail("the population '{}' has {} neurons and {} positions.", population.name, n, population.positions.size());
    for (int axis = 0; axis < 3; ++axis) {
      auto coordinate = [&](hsize_t begin, std::span<double> block) {
        for (std::size_t i = 0; i < block.size(); ++i) block[i] = population.positions[begin + i][axis];
      };
      const Handle dataset = file.blocks<double>(nodes + "/0/" + "xyz"[axis], n, coordinate);
      write_attribute(dataset, "units", "um");
    }
  }
  if (!population.node_names.empty()) {
    if (population.node_names.size() != n)
      fail("the population '{}' has {} neurons and {} names.", population.name, n, population.node_names.size());
    file.texts(nodes + "/0/node_name", population.node_names);
  }
  file.parameters("populations/" + population.name, population.parameters);
  shared_parameters(file, nodes + "/0/dynamics_params", n, population.parameters);

  if (!population.spikes) return;
  // A spike train is short where the recording is: at most one spike a millisecond and neuron is made room for.
  const double bound = file.duration_ms() > 0 ? file.duration_ms() * static_cast<double>(population.size) : 65536;
  const auto chunk = static_cast<std::int64_t>(std::clamp(bound, 1024.0, 65536.0));
  const Handle group = file.group("/spikes/" + population.name);
  const Handle sorting(H5Tenum_create(H5T_NATIVE_UINT8));
  std::uint8_t value = 0;
  for (const char* name : {"none", "by_id", "by_time"}) H5Tenum_insert(sorting, name, &value), ++value;
  value = 2;
  write_attribute(group, "sorting", sorting, sorting, &value);
  const Handle times = file.stream(at::spike_times(population.name), H5T_NATIVE_DOUBLE, 0, chunk);
  write_attribute(times, "units", "ms");
  file.stream(at::spike_nodes(population.name), H5T_NATIVE_UINT64, 0, chunk);
}

/// source_to_target: the synapses of a source are one range, in order.
void index_sources(SkeletonFile& file, const std::string& index, std::span<const std::int64_t> offsets) {
  const hsize_t n = offsets.size() - 1;
  std::vector<std::uint64_t> ranges, edges;
  for (hsize_t i = 0; i < n; ++i) {
    const std::uint64_t k = edges.size() / 2;
    const bool any = offsets[i + 1] > offsets[i];
    ranges.insert(ranges.end(), {k, k + any});
    if (any)
      edges.insert(edges.end(), {static_cast<std::uint64_t>(offsets[i]), static_cast<std::uint64_t>(offsets[i + 1])});
  }
  const hsize_t range_extent[2] = {n, 2}, edge_extent[2] = {edges.size() / 2, 2};
  file.array(index + "/node_id_to_ranges", H5T_NATIVE_UINT64, H5T_NATIVE_UINT64, range_extent, ranges.data());
  file.array(index + "/range_to_edge_id", H5T_NATIVE_UINT64, H5T_NATIVE_UINT64, edge_extent, edges.data());
  file.link(index + "/node_id_to_ranges", index + "/node_id_to_range");
}

/// target_to_source: the synapses of a target lie scattered, so that most ranges hold one. The table is made target
/// block by target block, each in one pass over the synapses, holding at most 16 MB or a 32nd of the table.
void index_targets(SkeletonFile& file, const std::string& index, std::span<const std::int32_t> targets,
                   hsize_t n_target) {
  const std::size_t n = targets.size();
  auto starts = [&](std::size_t e) { return e == 0 || targets[e] != targets[e - 1]; };
  std::vector<std::uint64_t> first(n_target + 1, 0);
  for (std::size_t e = 0; e < n; ++e)
    if (starts(e)) ++first[targets[e] + 1];
  std::partial_sum(first.begin(), first.end(), first.begin());

  auto range = [&](hsize_t begin, std::span<std::uint64_t> block) {
    for (std::size_t i = 0; i < block.size(); ++i) block[i] = first[(begin + i + 1) / 2];
  };
  const hsize_t range_extent[2] = {n_target, 2}, edge_extent[2] = {first[n_target], 2};
  std::vector<std::uint64_t> ranges(2 * n_target);
  range(0, ranges);
  file.array(index + "/node_id_to_ranges", H5T_NATIVE_UINT64, H5T_NATIVE_UINT64, range_extent, ranges.data());
  file.link(index + "/node_id_to_ranges", index + "/node_id_to_range");
  const Handle edges =
      file.array(index + "/range_to_edge_id", H5T_NATIVE_UINT64, H5T_NATIVE_UINT64, edge_extent, nullptr);

  const std::uint64_t room = std::max<std::uint64_t>(1 << 20, first[n_target] / 32);
  std::vector<std::uint64_t> cursor(first.begin(), first.end()), block;
  for (hsize_t begin = 0; begin < n_target;) {
    hsize_t end = begin + 1;
    while (end < n_target && first[end + 1] - first[begin] <= room) ++end;
    block.resize(2 * (first[end] - first[begin]));
    for (std::size_t e = 0; e < n; ++e) {
      const auto t = static_cast<hsize_t>(targets[e]);
      if (t < begin || t >= end || !starts(e)) continue;
      std::size_t stop = e + 1;
      while (stop < n && targets[stop] == targets[e]) ++stop;
      std::uint64_t* pair = &block[2 * (cursor[t]++ - first[begin])];
      pair[0] = e, pair[1] = stop;
    }
    write_rows(edges, H5T_NATIVE_UINT64, first[begin], block.size() / 2, block.data(), file.path());
    begin = end;
  }
}

/// One value a synapse, or a fill value where all share it.
void synapse_column(SkeletonFile& file, const std::string& name, std::span<const float> values, hsize_t n,
                    std::string_view unit, const ProjectionRecord& projection, const char* what) {
  const bool shared = values.size() == 1;
  if (!shared && values.size() != n)
    fail("the projection '{}' has {} synapses and {} {}.", projection.name, n, values.size(), what);
  const Handle dataset = shared ? file.constant<float>(name, n, values[0]) : file.array<float>(name, values);
  if (!unit.empty()) write_attribute(dataset, "units", unit);
}

void check_columns(const ProjectionRecord& projection, std::int64_t n_source, std::int64_t n_target) {
  const auto& [offsets, targets, weights, delays, codes] = projection.synapses;
  const auto n = static_cast<std::int64_t>(targets.size());
  PROXON_CHECK(static_cast<std::int64_t>(offsets.size()) == n_source + 1, "projection '{}': {} offsets, {} sources",
               projection.name, offsets.size(), n_source);
  PROXON_CHECK(offsets.front() == 0 && offsets.back() == n && std::is_sorted(offsets.begin(), offsets.end()),
               "projection '{}': offsets run from {} to {}, {} targets", projection.name, offsets.front(),
               offsets.back(), n);
  for (const auto t : targets)
    PROXON_CHECK(t >= 0 && t < n_target, "projection '{}': target {} of {}", projection.name, t, n_target);
}

void write_edges(SkeletonFile& file, const ProjectionRecord& projection, std::int64_t type_id, hsize_t n_source,
                 hsize_t n_target) {
  check_columns(projection, static_cast<std::int64_t>(n_source), static_cast<std::int64_t>(n_target));
  const auto& [offsets, targets, weights, delays, codes] = projection.synapses;
  const hsize_t n = targets.size();
  const std::string edges = at::edges(projection.name);

  // Both ends of each synapse.
  hsize_t source = 0;
  auto sources = [&, offsets = offsets](hsize_t begin, std::span<std::uint64_t> block) {
    for (std::size_t i = 0; i < block.size(); ++i) {
      while (offsets[source + 1] <= static_cast<std::int64_t>(begin + i)) ++source;
      block[i] = source;
    }
  };
  auto target_block = [targets = targets](hsize_t begin, std::span<std::uint64_t> block) {
    std::copy_n(targets.begin() + begin, block.size(), block.begin());
  };
  auto number = [](hsize_t begin, std::span<std::uint64_t> block) { std::iota(block.begin(), block.end(), begin); };
  write_attribute(file.blocks<std::uint64_t>(edges + "/source_node_id", n, sources), "node_population",
                  projection.source);
  write_attribute(file.blocks<std::uint64_t>(edges + "/target_node_id", n, target_block), "node_population",
                  projection.target);
  file.blocks<std::uint64_t>(edges + "/edge_group_index", n, number);
  file.constant<std::int32_t>(edges + "/edge_group_id", n, 0);
  file.constant<std::int64_t>(edges + "/edge_type_id", n, type_id);

  synapse_column(file, edges + "/0/syn_weight", weights, n, projection.weight_unit, projection, "weights");
  if (codes.empty()) {
    synapse_column(file, edges + "/0/delay", delays, n, "ms", projection, "delays");
  } else {
    PROXON_CHECK(codes.size() == n, "projection '{}': {} delay codes, {} synapses", projection.name, codes.size(), n);
    auto decode = [codes = codes, delays = delays](hsize_t begin, std::span<float> block) {
      for (std::size_t i = 0; i < block.size(); ++i) block[i] = delays[codes[begin + i]];
    };
    write_attribute(file.blocks<float>(edges + "/0/delay", n, decode), "units", "ms");
  }
  file.parameters("projections/" + projection.name, projection.parameters);
  shared_parameters(file, edges + "/0/dynamics_params", n, projection.parameters);
  index_sources(file, edges + "/indices/source_to_target", offsets);
  if (projection.target_index) index_targets(file, edges + "/indices/target_to_source", targets, n_target);

  if (!projection.learning_rule.empty())
    file.parameters("learning_rules/" + projection.name, projection.learning_parameters);
}

void write_report(SkeletonFile& file, const TraceRecord& trace, const std::string& name, std::int64_t population_size) {
  const std::string report = at::report(name);
  const std::size_t n = trace.neurons.size();
  if (n == 0) fail("the trace '{}' of '{}' records no neuron.", trace.variable, trace.population);
  if (!(trace.step_ms > 0))
    fail("the trace '{}' of '{}' has a step of {} ms.", trace.variable, trace.population, trace.step_ms);
  for (const auto i : trace.neurons)
    if (i < 0 || i >= population_size)
      fail("the trace '{}' of '{}' records neuron {}, but the population has {}.", trace.variable, trace.population, i,
           population_size);

  // About a mebibyte a chunk, less where the recording is short.
  std::int64_t chunk = std::max<std::int64_t>(1, (1 << 18) / static_cast<std::int64_t>(n));
  if (file.duration_ms() > 0)
    chunk = std::min(chunk, 1 + static_cast<std::int64_t>(file.duration_ms() / trace.step_ms));
  const Handle data = file.stream(report + "/data", H5T_NATIVE_FLOAT, static_cast<std::int64_t>(n), chunk);
  write_attribute(data, "units", trace.unit);

  const std::vector<std::uint64_t> nodes(trace.neurons.begin(), trace.neurons.end());
  std::vector<std::uint64_t> pointers(n + 1);
  std::iota(pointers.begin(), pointers.end(), 0);
  const Handle node_ids = file.array<std::uint64_t>(report + "/mapping/node_ids", nodes);
  write_attribute<std::uint8_t>(node_ids, "sorted", std::is_sorted(nodes.begin(), nodes.end()));
  file.array<std::uint64_t>(report + "/mapping/index_pointers", pointers);
  file.link(report + "/mapping/index_pointers", report + "/mapping/index_pointer");
  file.constant<std::uint32_t>(report + "/mapping/element_ids", n, 0);
  file.constant<float>(report + "/mapping/element_pos", n, 0.5f);
  const std::vector<double> time = {trace.start_ms, trace.start_ms, trace.step_ms};
  write_attribute(file.array<double>(report + "/mapping/time", time), "units", "ms");
}
}  // namespace

void write_sonata(SkeletonFile& file, const Skeleton& skeleton) {
  const Handle root(H5Gopen2(file.file(), "/", H5P_DEFAULT));
  const std::uint32_t version[2] = {0, 1};
  const hsize_t two = 2;
  write_attribute<std::uint32_t>(root, "magic", 0x0A7A);
  write_attribute(root, "version", H5T_NATIVE_UINT32, H5T_NATIVE_UINT32, version, std::span(&two, 1));
  for (const char* name : {"/nodes", "/edges", "/spikes", "/report"}) file.group(name);

  std::vector<std::string> names;
  std::map<std::string, std::int64_t> sizes;
  for (std::size_t i = 0; i < skeleton.populations.size(); ++i) {
    const auto& population = skeleton.populations[i];
    write_nodes(file, population, static_cast<std::int64_t>(i));
    names.insert(names.end(), {population.name, population.model});
    sizes[population.name] = population.size;
  }
  file.texts(at::populations, names, 2);

  names.clear();
  for (std::size_t i = 0; i < skeleton.projections.size(); ++i) {
    const auto& p = skeleton.projections[i];
    write_edges(file, p, static_cast<std::int64_t>(i), sizes[p.source], sizes[p.target]);
    names.insert(names.end(), {p.name, p.source, p.target, p.synapse, p.learning_rule, p.weight_unit});
  }
  file.texts(at::projections, names, 6);

  names.clear();
  for (std::size_t i = 0; i < skeleton.traces.size(); ++i) {
    const auto& trace = skeleton.traces[i];
    const std::string name = report_name(skeleton.traces, i);
    write_report(file, trace, name, sizes[trace.population]);
    names.insert(names.end(), {name, trace.population, trace.variable, trace.unit});
  }
  file.texts(at::traces, names, 4);
}

}  // namespace proxon::archive
