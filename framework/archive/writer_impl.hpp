// What a Writer holds; inside this room only.
#pragma once
#include <limits>

#include "proxon/archive/file.hpp"
#include "proxon/archive/writer.hpp"

namespace proxon::archive {

struct Writer::Impl {
  using Clock = std::chrono::steady_clock;

  struct Stream {
    Handle dataset;
    std::uint64_t rows = 0;
    hsize_t columns = 0;  ///< 0 for one axis
  };
  struct Spikes {
    std::string name;
    std::int64_t size = 0;
    bool recorded = false;
    double last_ms = -std::numeric_limits<double>::infinity();
  };
  struct Trace {
    std::string report;
    std::size_t neurons = 0;
    double time[3] = {};
  };

  std::string path;
  WriterOptions options;
  WriterLock lock;
  Handle file;
  Handle rows_dataset;
  StreamTable table;
  std::vector<Stream> streams;
  std::vector<Spikes> populations;
  std::vector<Trace> traces;
  std::vector<SignalRecord> signals;
  std::vector<std::string> correlations;
  std::vector<std::string> projections;
  bool dirty = false, broken = false;
  int next_checkpoint[2] = {};  ///< of each stage: which of its two places
  Clock::time_point flushed = Clock::now();

  ~Impl();

  void open(const std::string& where);
  Stream& stream(const std::string& name);

  /// Appends `count` rows, or replaces all rows; neither flushes.
  void extend(const std::string& name, hid_t type, std::uint64_t count, const void* data);
  void replace(const std::string& name, hid_t type, std::uint64_t count, const void* data, hsize_t columns = 0);
  template <class Row>
  void replace_table(const std::string& name, const std::vector<Row>& rows) {
    replace(name, row_type<Row>(), rows.size(), rows.data());
  }
  template <class Row>
  std::vector<Row> read_table(const std::string& name) {
    Stream& s = stream(name);
    std::vector<Row> rows(s.rows);
    read_rows(s.dataset, row_type<Row>(), 0, rows.size(), rows.data(), path);
    return rows;
  }
  /// Shows readers no rows of these streams until they are written again.
  void forget(std::initializer_list<std::string> names);

  void tick();
  void flush();
  void write_row_counts();
  void close();

  /// Runs a step of writing; after a failure the file is left as the last flush left it.
  template <class F>
  void guarded(F&& step) {
    if (broken) fail("cannot write '{}': an earlier write failed.", path);
    silence_hdf5();  // a setting of each thread, and the writer may have changed hands
    try {
      step();
    } catch (const Error&) {
      abandon();
      throw;
    }
  }
  void abandon();
};

}  // namespace proxon::archive
