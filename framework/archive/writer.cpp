#include "proxon/archive/writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "proxon/archive/recover.hpp"
#include "proxon/archive/writer_impl.hpp"
#include "proxon/base/part_file.hpp"

namespace proxon::archive {

Writer::Writer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;
Writer::~Writer() = default;

Writer Writer::create(const std::string& path, const Skeleton& skeleton, WriterOptions options) {
  if (WriterLock::held(path)) fail("cannot write '{}': another process is writing it. Choose another archive.", path);
  // Say early and plainly what HDF5 would say late.
  PartFile file(path);
  const int fd = ::open(file.part().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) fail("cannot make the archive '{}': {}.", path, std::strerror(errno));
  ::close(fd);

  write_skeleton(file.part(), skeleton);
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->options = options;
  impl->open(file.part());
  Writer writer(std::move(impl));
  writer.set_text("experiment", skeleton.experiment);
  writer.set_plugins(skeleton.plugins);
  writer.flush();
  // It stays open, under its new name.
  if (const int problem = file.put_in_place()) fail("cannot make the archive '{}': {}.", path, std::strerror(problem));
  return writer;
}

Writer Writer::open(const std::string& path, WriterOptions options) {
  if (condition(path) == Condition::killed) recover(path);
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->options = options;
  impl->open(path);
  return Writer(std::move(impl));
}

const std::string& Writer::path() const { return impl_->path; }
void Writer::tick() { impl_->tick(); }
void Writer::flush() { impl_->flush(); }
void Writer::close() { impl_->close(); }

void Writer::Impl::open(const std::string& where) {
  lock = WriterLock(where);
  file = open_for_append(where);

  // All streams stay open: under SWMR an open object header cannot leave the cache half written.
  table = read_streams(file, path, false);
  rows_dataset = open_dataset(file, at::stream_rows, path);
  const Handle access = stream_access();
  streams.resize(table.names.size());
  for (std::size_t i = 0; i < streams.size(); ++i) {
    streams[i].dataset = open_dataset(file, table.names[i], path, access);
    streams[i].rows = table.rows[i];
    const auto n = extent(streams[i].dataset);
    streams[i].columns = n.size() == 2 ? n[1] : 0;
  }

  const auto population_table = read_texts(file, at::populations, path);
  for (std::size_t i = 0; i < population_table.size(); i += 2) {
    Spikes& population = populations.emplace_back();
    population.name = population_table[i];
    population.size = extent(open_dataset(file, at::nodes(population.name) + "/node_id", path))[0];
    population.recorded = table.index.count(at::spike_times(population.name)) > 0;
    if (!population.recorded) continue;
    const Stream& times = stream(at::spike_times(population.name));
    if (times.rows > 0) read_rows(times.dataset, H5T_NATIVE_DOUBLE, times.rows - 1, 1, &population.last_ms, path);
  }
  const auto trace_table = read_texts(file, at::traces, path);
  for (std::size_t i = 0; i < trace_table.size(); i += 4) {
    Trace& trace = traces.emplace_back();
    trace.report = trace_table[i];
    trace.neurons = stream(at::report(trace.report) + "/data").columns;
    read_rows(open_dataset(file, at::report(trace.report) + "/mapping/time", path), H5T_NATIVE_DOUBLE, 0, 3, trace.time,
              path);
  }
  const auto signal_table = read_texts(file, at::signals, path);
  for (std::size_t i = 0; i < signal_table.size(); i += 4)
    signals.push_back({.name = signal_table[i], .population = signal_table[i + 3] == "population"});
  const auto correlation_table = read_texts(file, at::correlations, path);
  for (std::size_t i = 0; i < correlation_table.size(); i += 3) correlations.push_back(correlation_table[i]);
  const auto projection_table = read_texts(file, at::projections, path);
  for (std::size_t i = 0; i < projection_table.size(); i += 6) projections.push_back(projection_table[i]);
}

Writer::Impl::Stream& Writer::Impl::stream(const std::string& name) {
  const auto found = table.index.find(name);
  PROXON_CHECK(found != table.index.end(), "no stream '{}' in '{}'", name, path);
  return streams[found->second];
}

void Writer::Impl::extend(const std::string& name, hid_t type, std::uint64_t count, const void* data) {
  if (count == 0) return;
  guarded([&] {
    Stream& s = stream(name);
    const hsize_t extent[2] = {s.rows + count, s.columns};
    h5(H5Dset_extent(s.dataset, extent), "cannot write", path);
    write_rows(s.dataset, type, s.rows, count, data, path);
    s.rows += count;
    dirty = true;
  });
}

void Writer::Impl::replace(const std::string& name, hid_t type, std::uint64_t count, const void* data,
                           hsize_t columns) {
  Stream& s = stream(name);
  if (s.rows > 0) forget({name});
  guarded([&] {
    const hsize_t extent[2] = {count, columns};
    h5(H5Dset_extent(s.dataset, extent), "cannot write", path);
    s.columns = columns;
    if (count > 0) write_rows(s.dataset, type, 0, count, data, path);
    s.rows = count;
    dirty = true;
  });
}

void Writer::Impl::forget(std::initializer_list<std::string> names) {
  // Only these counts: those of other streams wait for the flush of their rows.
  bool any = false;
  for (const auto& name : names) {
    stream(name).rows = 0;
    any |= std::exchange(table.rows[table.index[name]], 0) > 0;
  }
  if (any) guarded([&] { write_row_counts(); });
}

void Writer::Impl::tick() {
  if (!dirty) return;
  if (std::chrono::duration<double>(Clock::now() - flushed).count() >= options.flush_interval_s) flush();
}

void Writer::Impl::flush() {
  guarded([&] {
    for (const auto& trace : traces) {
      const auto rows = stream(at::report(trace.report) + "/data").rows;
      const double time[3] = {trace.time[0], trace.time[0] + trace.time[2] * static_cast<double>(rows), trace.time[2]};
      const Handle dataset = open_dataset(file, at::report(trace.report) + "/mapping/time", path);
      write_rows(dataset, H5T_NATIVE_DOUBLE, 0, 3, time, path);
    }
    // First the rows, then how many there are: a reader that goes by the counts never sees a row that is not there.
    h5(H5Fflush(file, H5F_SCOPE_GLOBAL), "cannot write", path);
    for (std::size_t i = 0; i < streams.size(); ++i) table.rows[i] = streams[i].rows;
    write_row_counts();
    dirty = false;
  });
  flushed = Clock::now();
}

void Writer::Impl::write_row_counts() {
  write_rows(rows_dataset, H5T_NATIVE_UINT64, 0, table.rows.size(), table.rows.data(), path);
  h5(H5Dflush(rows_dataset), "cannot write", path);
}

void Writer::Impl::close() {
  if (!file || broken) return;
  flush();
  guarded([&] {
    streams.clear();
    rows_dataset.reset();
    h5(H5Fclose(file.release()), "cannot close", path);
  });
  lock = {};
}

void Writer::Impl::abandon() {
  broken = true;
  write_to_nowhere(file);
  streams.clear();
  rows_dataset.reset();
  file.reset();
  lock = {};
}

Writer::Impl::~Impl() {
  try {
    close();
  } catch (const std::exception&) {
    // Whoever wants to hear of it calls close().
  }
}

}  // namespace proxon::archive
