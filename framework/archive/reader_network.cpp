// The network and its recordings, as a Reader gives them back.
#include "proxon/archive/reader_impl.hpp"

namespace proxon::archive {

namespace {
/// Values [begin, end) of a column that never changes.
template <class T>
std::vector<T> column(hid_t file, const std::string& name, hid_t type, std::int64_t begin, std::int64_t end,
                      const std::string& path) {
  const Handle dataset = open_dataset(file, name, path);
  std::vector<T> values(static_cast<std::size_t>(end - begin));
  read_rows(dataset, type, static_cast<hsize_t>(begin), values.size(), values.data(), path);
  return values;
}

template <class Records, class Name>
int find(std::string_view name, const Records& records, const std::string& path, const char* what, Name name_of) {
  std::vector<std::string> names;
  for (const auto& record : records) names.push_back(name_of(record));
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) fail("'{}' has no {} '{}'.{}", path, what, name, did_you_mean(name, names));
  return static_cast<int>(found - names.begin());
}
}  // namespace

void Reader::Impl::read_populations() {
  const auto table = read_texts(file, at::populations, path);
  for (std::size_t i = 0; i < table.size(); i += 2) {
    PopulationRecord& population = populations.emplace_back();
    population.name = table[i], population.model = table[i + 1];
    const std::string nodes = at::nodes(population.name);
    population.size = static_cast<std::int64_t>(extent(open_dataset(file, nodes + "/node_id", path))[0]);
    population.parameters = parameters("populations/" + population.name);
    population.spikes = streams.index.count(at::spike_times(population.name)) > 0;
    if (exists(file, nodes + "/0/node_name")) population.node_names = read_texts(file, nodes + "/0/node_name", path);
    if (!exists(file, nodes + "/0/x")) continue;
    population.positions.resize(population.size);
    for (int axis = 0; axis < 3; ++axis) {
      const auto values =
          column<double>(file, nodes + "/0/" + "xyz"[axis], H5T_NATIVE_DOUBLE, 0, population.size, path);
      for (std::size_t k = 0; k < values.size(); ++k) population.positions[k][axis] = values[k];
    }
  }
}

void Reader::Impl::read_projections() {
  const auto table = read_texts(file, at::projections, path);
  for (std::size_t i = 0; i < table.size(); i += 6) {
    ProjectionRecord& p = projections.emplace_back();
    p.name = table[i], p.source = table[i + 1], p.target = table[i + 2];
    p.synapse = table[i + 3], p.learning_rule = table[i + 4], p.weight_unit = table[i + 5];
    p.parameters = parameters("projections/" + p.name);
    p.learning_parameters = parameters("learning_rules/" + p.name);
    p.n_synapses =
        static_cast<std::int64_t>(extent(open_dataset(file, at::edges(p.name) + "/target_node_id", path))[0]);
    p.plastic = streams.index.count(at::snapshots(p.name)) > 0;
    p.target_index = exists(file, at::edges(p.name) + "/indices/target_to_source");
  }
}

void Reader::Impl::read_traces() {
  const auto table = read_texts(file, at::traces, path);
  for (std::size_t i = 0; i < table.size(); i += 4) {
    TraceRecord& trace = traces.emplace_back();
    reports.push_back(table[i]);
    trace.population = table[i + 1], trace.variable = table[i + 2], trace.unit = table[i + 3];
    const std::string mapping = at::report(table[i]) + "/mapping";
    const auto n = static_cast<std::int64_t>(extent(open_dataset(file, mapping + "/node_ids", path))[0]);
    trace.neurons = column<std::int32_t>(file, mapping + "/node_ids", H5T_NATIVE_INT32, 0, n, path);
    const auto time = column<double>(file, mapping + "/time", H5T_NATIVE_DOUBLE, 0, 3, path);
    trace.start_ms = time[0], trace.step_ms = time[2];
  }
}

void Reader::Impl::read_signals() {
  auto table = read_texts(file, at::signals, path);
  for (std::size_t i = 0; i < table.size(); i += 4) {
    SignalRecord& signal = signals.emplace_back();
    signal.name = table[i], signal.unit = table[i + 1], signal.description = table[i + 2];
    signal.population = table[i + 3] == "population";
    const Handle root(H5Oopen(file, at::signal(signal).c_str(), H5P_DEFAULT));
    signal.start_ms = attribute_numbers(root, "proxon.start_ms", path).at(0);
    signal.step_ms = attribute_numbers(root, "proxon.step_ms", path).at(0);
  }

  table = read_texts(file, at::correlations, path);
  for (std::size_t i = 0; i < table.size(); i += 3) {
    CorrelationRecord& correlation = correlations.emplace_back();
    correlation.name = table[i], correlation.source = table[i + 1], correlation.target = table[i + 2];
    const std::string lag = at::correlation(correlation.name) + "/lag";
    const auto n = static_cast<std::int64_t>(extent(open_dataset(file, lag, path))[0]);
    correlation.lags_ms = column<double>(file, lag, H5T_NATIVE_DOUBLE, 0, n, path);
    for (double& s : correlation.lags_ms) s *= 1000;
  }
}

const std::vector<PopulationRecord>& Reader::populations() const { return impl_->populations; }
const std::vector<ProjectionRecord>& Reader::projections() const { return impl_->projections; }
const std::vector<TraceRecord>& Reader::traces() const { return impl_->traces; }
const std::vector<SignalRecord>& Reader::signals() const { return impl_->signals; }
const std::vector<CorrelationRecord>& Reader::correlations() const { return impl_->correlations; }

int Reader::population(std::string_view name) const {
  return find(name, impl_->populations, path(), "population", [](const auto& record) { return record.name; });
}
int Reader::projection(std::string_view name) const {
  return find(name, impl_->projections, path(), "projection", [](const auto& record) { return record.name; });
}
int Reader::trace(std::string_view population, std::string_view variable) const {
  const std::string name = fmt::format("{}.{}", population, variable);
  return find(name, impl_->traces, path(), "trace", [](const auto& record) { return series_name(record); });
}
int Reader::signal(std::string_view name) const {
  return find(name, impl_->signals, path(), "signal", [](const auto& record) { return record.name; });
}

std::vector<std::int64_t> Reader::offsets(int projection) const {
  const auto& p = impl_->projections.at(projection);
  const std::string index = at::edges(p.name) + "/indices/source_to_target";
  const Handle ranges = open_dataset(impl_->file, index + "/node_id_to_ranges", path());
  const Handle edges = open_dataset(impl_->file, index + "/range_to_edge_id", path());
  const hsize_t n = extent(ranges)[0];
  std::vector<std::uint64_t> range(2 * n), edge(2 * extent(edges)[0]);
  read_rows(ranges, H5T_NATIVE_UINT64, 0, n, range.data(), path());
  read_rows(edges, H5T_NATIVE_UINT64, 0, edge.size() / 2, edge.data(), path());
  std::vector<std::int64_t> offsets(n + 1, 0);
  for (hsize_t i = 0; i < n; ++i) {
    const bool any = range[2 * i + 1] > range[2 * i];
    offsets[i + 1] = any ? static_cast<std::int64_t>(edge.at(2 * range[2 * i] + 1)) : offsets[i];
  }
  return offsets;
}

SynapseBlock Reader::synapses(int projection, std::int64_t begin, std::int64_t end) const {
  const auto& p = impl_->projections.at(projection);
  impl_->check_range(begin, end, p.n_synapses, "the synapses of " + p.name);
  const std::string edges = at::edges(p.name);
  return {column<std::int32_t>(impl_->file, edges + "/target_node_id", H5T_NATIVE_INT32, begin, end, path()),
          column<float>(impl_->file, edges + "/0/syn_weight", H5T_NATIVE_FLOAT, begin, end, path()),
          column<float>(impl_->file, edges + "/0/delay", H5T_NATIVE_FLOAT, begin, end, path())};
}

std::vector<double> Reader::snapshot_times_ms(int projection) const {
  const auto& p = impl_->projections.at(projection);
  if (!p.plastic) return {};
  return impl_->read<double>(at::snapshot_times(p.name), H5T_NATIVE_DOUBLE);
}

std::vector<float> Reader::snapshot(int projection, std::int64_t index, std::int64_t begin, std::int64_t end) const {
  const auto& p = impl_->projections.at(projection);
  impl_->check_range(index, index + 1, impl_->rows(at::snapshot_times(p.name)), "the weight snapshots of " + p.name);
  impl_->check_range(begin, end, p.n_synapses, "the synapses of " + p.name);
  const Handle dataset = impl_->stream(at::snapshots(p.name));
  const Handle space(H5Dget_space(dataset));
  const hsize_t first[2] = {static_cast<hsize_t>(index), static_cast<hsize_t>(begin)};
  const hsize_t count[2] = {1, static_cast<hsize_t>(end - begin)};
  std::vector<float> weights(count[1]);
  if (weights.empty()) return weights;
  H5Sselect_hyperslab(space, H5S_SELECT_SET, first, nullptr, count, nullptr);
  const Handle memory = dataspace(count);
  h5(H5Dread(dataset, H5T_NATIVE_FLOAT, memory, space, H5P_DEFAULT, weights.data()), "cannot read", path());
  return weights;
}

std::int64_t Reader::n_spikes(int population) const {
  const std::string& name = impl_->populations.at(population).name;
  return std::min(impl_->rows(at::spike_times(name)), impl_->rows(at::spike_nodes(name)));
}

SpikeBlock Reader::spike_range(int population, std::int64_t begin, std::int64_t end) const {
  const std::string& name = impl_->populations.at(population).name;
  impl_->check_range(begin, end, n_spikes(population), "the spikes of " + name);
  if (begin == end) return {};
  SpikeBlock block{impl_->range<double>(at::spike_times(name), H5T_NATIVE_DOUBLE, begin, end),
                   impl_->range<std::int32_t>(at::spike_nodes(name), H5T_NATIVE_INT32, begin, end)};
  // Other programs may have written there: what comes after counts by neuron.
  const auto size = static_cast<std::uint32_t>(impl_->populations.at(population).size);
  for (std::size_t k = 0; k < block.neurons.size(); ++k) {
    if (static_cast<std::uint32_t>(block.neurons[k]) >= size)
      fail("'{}' has a spike of neuron {} of '{}', which has neurons 0 to {}: the file was changed by another program, or is damaged.", path(), block.neurons[k], name,
           size - 1);
    if (!std::isfinite(block.ms[k]))
      fail("'{}' has a spike of '{}' (number {}) at a time that is no finite number: the file was changed by another program, or is damaged.", path(), name,
           begin + static_cast<std::int64_t>(k));
  }
  return block;
}

SpikeBlock Reader::spikes(int population, double begin_ms, double end_ms) const {
  const std::int64_t n = n_spikes(population);
  if (n == 0) return {};
  const Handle times = impl_->stream(at::spike_times(impl_->populations.at(population).name));
  // First spike at or after `ms`.
  auto lower = [&](double ms) {
    std::int64_t low = 0, high = n;
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      double value = 0;
      read_rows(times, H5T_NATIVE_DOUBLE, static_cast<hsize_t>(middle), 1, &value, path());
      (value < ms ? low : high) = value < ms ? middle + 1 : middle;
    }
    return low;
  };
  const std::int64_t begin = lower(begin_ms);
  return spike_range(population, begin, std::max(begin, lower(end_ms)));
}

std::int64_t Reader::trace_rows(int trace) const { return impl_->rows(at::report(impl_->reports.at(trace)) + "/data"); }

std::vector<float> Reader::trace(int trace, std::int64_t begin, std::int64_t end) const {
  impl_->check_range(begin, end, trace_rows(trace), "the trace " + series_name(impl_->traces.at(trace)));
  return impl_->range<float>(at::report(impl_->reports[trace]) + "/data", H5T_NATIVE_FLOAT, begin, end);
}

std::int64_t Reader::signal_rows(int signal) const {
  return impl_->rows(at::signal(impl_->signals.at(signal)) + "/data");
}

std::vector<float> Reader::signal(int signal, std::int64_t begin, std::int64_t end) const {
  impl_->check_range(begin, end, signal_rows(signal), "the signal " + impl_->signals.at(signal).name);
  return impl_->range<float>(at::signal(impl_->signals[signal]) + "/data", H5T_NATIVE_FLOAT, begin, end);
}

CorrelationBlock Reader::correlation(int correlation) const {
  const CorrelationRecord& record = impl_->correlations.at(correlation);
  const std::string where = at::correlation(record.name);
  const auto n = static_cast<std::int64_t>(record.lags_ms.size());
  return {column<std::int64_t>(impl_->file, where + "/count", H5T_NATIVE_INT64, 0, n, path()),
          column<double>(impl_->file, where + "/chance", H5T_NATIVE_DOUBLE, 0, n, path())};
}

}  // namespace proxon::archive
