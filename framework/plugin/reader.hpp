// A reader: takes a network, or samples to learn from, out of a file of some format. The author writes
//
//   struct Parameters { ... };                      // columns, filters, group names
//   static constexpr Documentation about{...};
//   Reader(const Parameters&, const ReaderSetup&);
//   void read(const char* path, EdgeSink& sink) const;       // a network, and / or
//   void samples(const char* path, SampleSink& sink) const;  // samples
//
// Both throw std::runtime_error with a sentence that names file and line. Neurons are called by name ("ADAL"), or by number where the format has
// numbers; one file uses one of the two. A sink keeps what it is given; names are seen in the order of the file, and the framework numbers
// neurons by the order in which a population lists them. Samples are rows of numbers (an image, a label) or of texts (a token, its tag), all of
// one width; what a column means is the experiment's to say.
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

/// Where a reader puts the rows of samples.
struct SampleSinkTable {
  void* host;
  void (*numbers)(void* host, const float* values, int64_t rows, int64_t columns);
  void (*texts)(void* host, const std::string_view* fields, int64_t columns, int64_t line);
  void (*end_sample)(void* host);
};

class SampleSink {
 public:
  explicit SampleSink(const SampleSinkTable& table) : table_(table) {}
  /// Rows of numbers [rows x columns], row-major; a sample each.
  void numbers(const float* values, int64_t rows, int64_t columns) { table_.numbers(table_.host, values, rows, columns); }
  /// A row of texts: a step of the sample that is being read.
  void texts(std::span<const std::string_view> fields, int64_t line) {
    table_.texts(table_.host, fields.data(), static_cast<int64_t>(fields.size()), line);
  }
  /// The rows since the last call are one sample; without any row nothing happens.
  void end_sample() { table_.end_sample(table_.host); }

 private:
  SampleSinkTable table_;
};

struct ReaderTable {
  uint32_t size;
  uint32_t reserved;
  void (*make)(const void* parameters, const ReaderSetup*, void* object, Status*) noexcept;
  void (*read)(const void* object, const char* path, const EdgeSinkTable* sink, Status*) noexcept;       ///< null: reads no network
  void (*samples)(const void* object, const char* path, const SampleSinkTable* sink, Status*) noexcept;  ///< null: reads no samples
};

struct reader_kind;

namespace detail {
template <>
struct Kind<reader_kind> {
  using Table = ReaderTable;
  static constexpr uint64_t layout =
      layout_hash<PluginInfo, SchemaInfo, FieldInfo, Status, ReaderTable, ReaderSetup, ReaderServices, EdgeSinkTable, SampleSinkTable>();

  template <class T>
  static void samples(const void* object, const char* path, const SampleSinkTable* table, Status* status) noexcept {
    guarded(status, [&] {
      SampleSink sink(*table);
      static_cast<const T*>(object)->samples(path, sink);
    });
  }

  template <class T>
  static void read(const void* object, const char* path, const EdgeSinkTable* table, Status* status) noexcept {
    guarded(status, [&] {
      EdgeSink sink(*table);
      static_cast<const T*>(object)->read(path, sink);
    });
  }

  template <class T>
  static ReaderTable make_table() {
    constexpr bool reads_network = requires(const T reader, EdgeSink& sink) { reader.read("", sink); };
    constexpr bool reads_samples = requires(const T reader, SampleSink& sink) { reader.samples("", sink); };
    static_assert(reads_network || reads_samples, "a reader needs read() for a network or samples() for samples");
    ReaderTable table{sizeof(T), 0, &detail::make<T, ReaderSetup>, nullptr, nullptr};
    if constexpr (reads_network) table.read = &read<T>;
    if constexpr (reads_samples) table.samples = &samples<T>;
    return table;
  }
};
}  // namespace detail
}  // namespace proxon
