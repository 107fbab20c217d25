// What a Reader holds; inside this room only.
#pragma once
#include "proxon/archive/file.hpp"
#include "proxon/archive/reader.hpp"

namespace proxon::archive {

struct Reader::Impl {
  std::string path, note;
  Condition state = Condition::whole;
  Handle file;
  StreamTable streams;
  std::vector<PopulationRecord> populations;
  std::vector<ProjectionRecord> projections;
  std::vector<TraceRecord> traces;
  std::vector<std::string> reports;
  std::vector<SignalRecord> signals;
  std::vector<CorrelationRecord> correlations;

  void open();
  void read_populations();
  void read_projections();
  void read_traces();
  void read_signals();

  Handle stream(const std::string& name) const;
  std::int64_t rows(const std::string& name) const;
  void check_range(std::int64_t begin, std::int64_t end, std::int64_t n, std::string_view what) const;
  std::string text(const std::string& name) const;
  std::string root_attribute(const std::string& name) const;
  std::vector<Attribute> parameters(const std::string& name) const;

  /// Rows [begin, end), each with all its columns; `read` takes all rows.
  template <class T>
  std::vector<T> range(const std::string& name, hid_t type, std::int64_t begin, std::int64_t end) const {
    const Handle dataset = stream(name);
    const auto n = extent(dataset);
    std::vector<T> values(static_cast<std::size_t>(end - begin) * (n.size() == 2 ? n[1] : 1));
    read_rows(dataset, type, static_cast<hsize_t>(begin), static_cast<hsize_t>(end - begin), values.data(), path);
    return values;
  }
  template <class T>
  std::vector<T> read(const std::string& name, hid_t type) const {
    return range<T>(name, type, 0, rows(name));
  }
};

}  // namespace proxon::archive
