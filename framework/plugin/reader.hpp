// A reader: takes a network out of a file of some format. The author writes
//
//   struct Parameters { ... };                      // columns, filters, group names
//   static constexpr Documentation about{...};
//   Reader(const Parameters&, const ReaderSetup&);
//   void read(const char* path, EdgeSink& sink) const;   // throws std::runtime_error with a sentence that names file and line
//
// Neurons are called by name ("ADAL"), or by number where the format has numbers; one file uses one of the two. The sink keeps what it is
// given; names are seen in the order of the file, and the framework numbers neurons by the order in which a population lists them.
#pragma once
#include "proxon/plugin/interface.hpp"

namespace proxon {

/// Reading of HDF5, lent to readers by the framework (only one room touches the library).
struct ReaderServices {
  void* host;
  /// The numbers of a data set, held by the framework until read() returns; null with `failed` set when it is not there.
  const double* (*numbers)(void* host, const char* path, const char* dataset, int64_t* n, Status*) noexcept;
  /// The names of the members of a group, separated by '\n', held until read() returns.
  const char* (*list)(void* host, const char* path, const char* group, Status*) noexcept;
  /// A text attribute of a data set or group, held until read() returns; "" when it is not there.
  const char* (*attribute)(void* host, const char* path, const char* object, const char* name, Status*) noexcept;
};

struct ReaderSetup {
  const ReaderServices* services;
};

/// Where a reader puts what it reads.
struct EdgeSinkTable {
  void* host;
  void (*node)(void* host, const char* name, int64_t length, int64_t line);
  void (*nodes)(void* host, int64_t n);
  void (*edge)(void* host, const char* source, int64_t source_length, const char* target, int64_t target_length, double weight,
               double delay, int64_t line);
  void (*edges)(void* host, const double* source, const double* target, const double* weight, const double* delay, int64_t n);
};

class EdgeSink {
 public:
  explicit EdgeSink(const EdgeSinkTable& table) : table_(table) {}
  /// A neuron by name.
  void node(std::string_view name, int64_t line) { table_.node(table_.host, name.data(), static_cast<int64_t>(name.size()), line); }
  /// Neurons 0 .. n-1.
  void nodes(int64_t n) { table_.nodes(table_.host, n); }
  /// One synapse between named neurons. NaN where the file has no weight or no delay (ms).
  void edge(std::string_view source, std::string_view target, double weight, double delay, int64_t line) {
    table_.edge(table_.host, source.data(), static_cast<int64_t>(source.size()), target.data(), static_cast<int64_t>(target.size()), weight,
                delay, line);
  }
  /// n synapses between numbered neurons; weight and delay may be null.
  void edges(const double* source, const double* target, const double* weight, const double* delay, int64_t n) {
    table_.edges(table_.host, source, target, weight, delay, n);
  }

 private:
  EdgeSinkTable table_;
};

struct ReaderTable {
  uint32_t size;
  uint32_t reserved;
  void (*make)(const void* parameters, const ReaderSetup*, void* object, Status*) noexcept;
  void (*read)(const void* object, const char* path, const EdgeSinkTable* sink, Status*) noexcept;
};

struct reader_kind;

namespace detail {
template <>
struct Kind<reader_kind> {
  using Table = ReaderTable;
  static constexpr uint64_t layout =
      layout_hash<PluginInfo, SchemaInfo, FieldInfo, Status, ReaderTable, ReaderSetup, ReaderServices, EdgeSinkTable>();

  template <class T>
  static void read(const void* object, const char* path, const EdgeSinkTable* table, Status* status) noexcept {
    guarded(status, [&] {
      EdgeSink sink(*table);
      static_cast<const T*>(object)->read(path, sink);
    });
  }

  template <class T>
  static ReaderTable make_table() {
    return {sizeof(T), 0, &detail::make<T, ReaderSetup>, &read<T>};
  }
};
}  // namespace detail
}  // namespace proxon
