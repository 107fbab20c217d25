// What a Writer takes while a network runs: spikes, traces, signals, correlations, weights; and NWB's units when it is done.
#include "proxon/archive/writer_impl.hpp"

namespace proxon::archive {

void Writer::append_spikes(int population, std::span<const double> ms, std::span<const std::int32_t> neurons) {
  auto& p = impl_->populations.at(population);
  PROXON_CHECK(p.recorded, "population '{}' was declared without spikes", p.name);
  PROXON_CHECK(ms.size() == neurons.size(), "{} times, {} neurons", ms.size(), neurons.size());
  if (ms.empty()) return;
  PROXON_CHECK(ms.front() >= p.last_ms && std::is_sorted(ms.begin(), ms.end()) && std::isfinite(ms.back()),
               "spikes of '{}' out of order: {} to {} ms after {} ms", p.name, ms.front(), ms.back(), p.last_ms);
  // Numbers as SONATA wants them, in blocks that stay in the cache.
  thread_local std::vector<std::uint64_t> ids;
  ids.resize(neurons.size());
  for (std::size_t i = 0; i < neurons.size(); ++i) {
    PROXON_CHECK(neurons[i] >= 0 && neurons[i] < p.size, "neuron {} of '{}', which has {}", neurons[i], p.name, p.size);
    ids[i] = static_cast<std::uint64_t>(neurons[i]);
  }
  // Both columns before the clock is looked at, so that a flush holds both.
  impl_->extend(at::spike_times(p.name), H5T_NATIVE_DOUBLE, ms.size(), ms.data());
  impl_->extend(at::spike_nodes(p.name), H5T_NATIVE_UINT64, ids.size(), ids.data());
  p.last_ms = ms.back();
  impl_->tick();
}

void Writer::append_trace(int trace, std::span<const float> rows) {
  const auto& t = impl_->traces.at(trace);
  PROXON_CHECK(rows.size() % t.neurons == 0, "{} values for rows of {} neurons", rows.size(), t.neurons);
  impl_->extend(at::report(t.report) + "/data", H5T_NATIVE_FLOAT, rows.size() / t.neurons, rows.data());
  impl_->tick();
}

void Writer::append_signal(int signal, std::span<const float> values) {
  impl_->extend(at::signal(impl_->signals.at(signal)) + "/data", H5T_NATIVE_FLOAT, values.size(), values.data());
  impl_->tick();
}

void Writer::set_correlation(int correlation, std::span<const std::int64_t> count, std::span<const double> chance) {
  const std::string where = at::correlation(impl_->correlations.at(correlation));
  impl_->guarded([&] {
    const Handle counts = open_dataset(impl_->file, where + "/count", impl_->path);
    const Handle chances = open_dataset(impl_->file, where + "/chance", impl_->path);
    PROXON_CHECK(count.size() == extent(counts)[0] && chance.size() == count.size(), "{} counts and {} chances of {} lags",
                 count.size(), chance.size(), extent(counts)[0]);
    write_rows(counts, H5T_NATIVE_INT64, 0, count.size(), count.data(), impl_->path);
    write_rows(chances, H5T_NATIVE_DOUBLE, 0, chance.size(), chance.data(), impl_->path);
    impl_->dirty = true;
  });
  impl_->tick();
}

void Writer::append_weights(int projection, double time_ms, std::span<const float> weights) {
  const std::string& name = impl_->projections.at(projection);
  PROXON_CHECK(impl_->table.index.count(at::snapshots(name)), "projection '{}' was declared without plasticity", name);
  const auto n = impl_->stream(at::snapshots(name)).columns;
  PROXON_CHECK(weights.size() == n, "{} weights for {} synapses of '{}'", weights.size(), n, name);
  impl_->extend(at::snapshots(name), H5T_NATIVE_FLOAT, 1, weights.data());
  impl_->extend(at::snapshot_times(name), H5T_NATIVE_DOUBLE, 1, &time_ms);
  impl_->tick();
}

namespace {
/// The spikes of one population in blocks.
struct SpikeScan {
  hid_t times, nodes;
  std::uint64_t n;
  const std::string& path;
  std::vector<double> ms = {};
  std::vector<std::uint64_t> ids = {};

  template <class Visit>
  void blocks(bool with_times, Visit visit) {
    constexpr std::uint64_t block = 1 << 18;
    for (std::uint64_t begin = 0; begin < n; begin += block) {
      const std::uint64_t count = std::min(block, n - begin);
      ids.resize(count);
      read_rows(nodes, H5T_NATIVE_UINT64, begin, count, ids.data(), path);
      ms.resize(with_times ? count : 0);
      if (with_times) read_rows(times, H5T_NATIVE_DOUBLE, begin, count, ms.data(), path);
      visit();
    }
  }
};
}  // namespace

void Writer::finalise_units(std::int64_t spikes_in_memory) {
  if (!impl_->table.index.count(at::unit_times)) return;
  auto& im = *impl_;
  im.flush();
  // Until all is written, every unit has no spikes and the index says so.
  Handle index = open_dataset(im.file, at::unit_index, im.path);
  std::vector<std::uint64_t> ends(extent(index)[0], 0);
  im.forget({at::unit_times});
  im.guarded([&] {
    write_rows(index, H5T_NATIVE_UINT64, 0, ends.size(), ends.data(), im.path);
    h5(H5Dflush(index), "cannot write", im.path);
  });

  std::uint64_t total = 0;
  std::size_t first_unit = 0;
  for (const auto& population : im.populations) {
    if (!population.recorded) continue;
    auto& times = im.stream(at::spike_times(population.name));
    SpikeScan scan{times.dataset, im.stream(at::spike_nodes(population.name)).dataset, times.rows, im.path};

    // Count, so that each unit's place is known.
    const auto n = static_cast<std::size_t>(population.size);
    std::vector<std::uint64_t> first(n + 1, 0);
    scan.blocks(false, [&] {
      for (const auto id : scan.ids) ++first[id + 1];
    });
    for (std::size_t i = 0; i < n; ++i) first[i + 1] += first[i], ends[first_unit + i] = total + first[i + 1];

    // Gather as many units a pass as fit into memory.
    std::vector<std::uint64_t> cursor(first.begin(), first.end());
    std::vector<double> seconds;
    for (std::size_t begin = 0; begin < n;) {
      std::size_t end = begin + 1;
      while (end < n && first[end + 1] - first[begin] <= static_cast<std::uint64_t>(spikes_in_memory)) ++end;
      seconds.resize(first[end] - first[begin]);
      if (!seconds.empty()) {
        scan.blocks(true, [&] {
          for (std::size_t k = 0; k < scan.ids.size(); ++k)
            if (scan.ids[k] >= begin && scan.ids[k] < end)
              seconds[cursor[scan.ids[k]]++ - first[begin]] = scan.ms[k] / 1000;
        });
        im.extend(at::unit_times, H5T_NATIVE_DOUBLE, seconds.size(), seconds.data());
      }
      begin = end;
    }
    total += first[n];
    first_unit += n;
  }

  im.guarded([&] {
    const hsize_t extent[1] = {total};
    h5(H5Dset_extent(im.stream(at::unit_times).dataset, extent), "cannot write", im.path);
    h5(H5Fflush(im.file, H5F_SCOPE_GLOBAL), "cannot write", im.path);
    write_rows(index, H5T_NATIVE_UINT64, 0, ends.size(), ends.data(), im.path);
  });
  index.reset();
  im.flush();
}

}  // namespace proxon::archive
