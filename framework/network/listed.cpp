#include "proxon/network/listed.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <unordered_map>

#include "proxon/base/threads.hpp"

namespace proxon {
namespace {

/// What readers get before anybody has lent them more.
const ReaderServices no_services{
    nullptr,
    [](void*, const char*, const char*, int64_t* n, Status* status) noexcept -> const double* {
      *n = 0;
      detail::report(status, "this program cannot read HDF5 files");
      return nullptr;
    },
    [](void*, const char*, const char*, Status* status) noexcept -> const char* {
      detail::report(status, "this program cannot read HDF5 files");
      return "";
    },
    [](void*, const char*, const char*, const char*, Status* status) noexcept -> const char* {
      detail::report(status, "this program cannot read HDF5 files");
      return "";
    }};
ReaderServices services = no_services;

/// The host's side of an EdgeSink. An exception of ours must not go through the plugin: the first one waits here.
class Sink {
 public:
  virtual ~Sink() = default;

  void read(const PluginValue& reader, const std::string& path) {
    Instance<ReaderTable, ReaderSetup> instance(reader, ReaderSetup{&services});
    if (!instance.table().read) fail("reader '{}' reads samples, and no network.", reader.name);
    const EdgeSinkTable table{
        this,
        [](void* host, const char* name, int64_t length, int64_t) {
          of(host).keep([&](Sink& s) { s.node(text(name, length)); });
        },
        [](void* host, int64_t n) { of(host).keep([&](Sink& s) { s.nodes(n); }); },
        [](void* host, const char* source, int64_t source_length, const char* target, int64_t target_length,
           double weight, double delay, int64_t line) {
          of(host).keep(
              [&](Sink& s) { s.edge(text(source, source_length), text(target, target_length), weight, delay, line); });
        },
        [](void* host, const double* source, const double* target, const double* weight, const double* delay,
           int64_t n) { of(host).keep([&](Sink& s) { s.edges(source, target, weight, delay, n); }); }};
    Status status;
    instance.table().read(instance.object(), path.c_str(), &table, &status);
    if (error_) std::rethrow_exception(error_);
    check(status, reader.kind, reader.name);
  }

 protected:
  virtual void node(std::string_view name) = 0;
  virtual void nodes(int64_t n) = 0;
  virtual void edge(std::string_view source, std::string_view target, double weight, double delay, int64_t line) = 0;
  virtual void edges(const double* source, const double* target, const double* weight, const double* delay,
                     int64_t n) = 0;

 private:
  static Sink& of(void* host) { return *static_cast<Sink*>(host); }
  static std::string_view text(const char* data, int64_t length) { return {data, static_cast<size_t>(length)}; }
  template <class Body>
  void keep(Body&& body) {
    if (error_) return;
    try {
      body(*this);
    } catch (...) {
      error_ = std::current_exception();
    }
  }
  std::exception_ptr error_;
};

bool whole_number(std::string_view text, int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// Collects the neurons of a file.
class NameSink : public Sink {
 public:
  explicit NameSink(std::string path) : path_(std::move(path)) {}

  NeuronNames result() {
    if (listed_ || names_.empty()) return {checked(std::max(listed_, highest_ + 1)), {}};
    NeuronNames all{checked(static_cast<int64_t>(names_.size())), std::move(names_)};
    if (!by_node_) sort(all.names);
    return all;
  }

 protected:
  void node(std::string_view name) override {
    if (!by_node_) names_.clear(), known_.clear();
    by_node_ = true;
    if (!add(name)) fail("{}: names the neuron '{}' twice.", path_, name);
  }
  void nodes(int64_t n) override { listed_ = n; }
  void edge(std::string_view source, std::string_view target, double, double, int64_t) override {
    if (!by_node_) add(source), add(target);
  }
  void edges(const double* source, const double* target, const double*, const double*, int64_t n) override {
    for (int64_t k = 0; k < n; ++k)
      highest_ = std::max({highest_, static_cast<int64_t>(source[k]), static_cast<int64_t>(target[k])});
  }

 private:
  bool add(std::string_view name) {
    if (!known_.emplace(name, 0).second) return false;
    names_.emplace_back(name);
    return true;
  }
  int32_t checked(int64_t n) const {
    if (n < 1) fail("{}: lists no neurons.", path_);
    if (n > std::numeric_limits<int32_t>::max()) fail("{}: lists {} neurons, more than a network can have.", path_, n);
    return static_cast<int32_t>(n);
  }
  static void sort(std::vector<std::string>& names) {
    int64_t number = 0;
    const bool numbers =
        std::all_of(names.begin(), names.end(), [&](const std::string& name) { return whole_number(name, number); });
    std::sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
      int64_t x = 0, y = 0;
      if (numbers && whole_number(a, x) && whole_number(b, y) && x != y) return x < y;
      return a < b;
    });
  }

  std::string path_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, int> known_;
  bool by_node_ = false;
  int64_t listed_ = 0, highest_ = -1;
};

/// What the framework looks at among the parameters of a rule of Axis::listed.
struct FileParameters {
  const PluginValue* reader = nullptr;
  std::string path;
  int64_t first_source = 0, first_target = 0;
  bool skip = false;

  explicit FileParameters(const PluginValue& rule) {
    const Values& values = rule.values;
    auto at = [&](const char* name, FieldType type) -> const char* {
      const FieldInfo* field = values.find(name);
      return field && field->type == type ? static_cast<const char*>(values.data()) + field->offset : nullptr;
    };
    if (const char* p = at("reader", FieldType::plugin)) reader = reinterpret_cast<const PluginRef*>(p)->value;
    if (const char* p = at("file", FieldType::text)) path = *reinterpret_cast<const std::string_view*>(p);
    if (const char* p = at("first_source", FieldType::integer)) first_source = *reinterpret_cast<const int64_t*>(p);
    if (const char* p = at("first_target", FieldType::integer)) first_target = *reinterpret_cast<const int64_t*>(p);
    if (const char* p = at("outside", FieldType::text)) skip = *reinterpret_cast<const std::string_view*>(p) == "skip";
    if (!reader) fail("connectivity '{}': needs a reader; for example reader = \"csv\".", rule.name);
    if (path.empty()) fail("connectivity '{}': needs a file.", rule.name);
  }
};

/// What a file calls the neurons of one population.
class Numbering {
 public:
  Numbering(const Population& population, int64_t first) : population_(population), first_(first) {
    for (const std::string& name : population.neuron_names)
      by_name_.emplace(name, static_cast<int32_t>(by_name_.size()));
  }

  /// Number within the population; -1 when it is not there.
  int32_t find(std::string_view name) const {
    if (!population_.neuron_names.empty()) {
      const auto found = by_name_.find(name);
      return found == by_name_.end() ? -1 : found->second;
    }
    int64_t number = 0;
    return whole_number(name, number) ? find(number) : -1;
  }
  int32_t find(int64_t number) const {
    return number >= first_ && number - first_ < population_.size ? static_cast<int32_t>(number - first_) : -1;
  }

  /// The sentence about a neuron that is not there.
  [[noreturn]] void refuse(std::string_view name, const std::string& where) const {
    int64_t number = 0;
    if (!population_.neuron_names.empty())
      fail("{}: '{}' is not a neuron of population '{}'.{}", where, name, population_.name,
           did_you_mean(name, population_.neuron_names));
    if (!whole_number(name, number))
      fail("{}: '{}' is not a number, and population '{}' does not name its neurons; take its names from a file.",
           where, name, population_.name);
    fail("{}: neuron {} is outside population '{}', whose neurons are {} to {} in this file.", where, number,
         population_.name, first_, first_ + population_.size - 1);
  }

 private:
  const Population& population_;
  int64_t first_;
  std::unordered_map<std::string_view, int32_t> by_name_;
};

/// Reads the edges of a file that run between two populations; what becomes of them is for the derived class to say.
class PairSink : public Sink {
 public:
  PairSink(const Population& source, const Population& target, const FileParameters& file)
      : file_(file), sources_(source, file.first_source), targets_(target, file.first_target) {}

  int64_t edges_in_file() const { return seen_; }

 protected:
  virtual void take(int32_t source, int32_t target, double weight, double delay) = 0;

  void node(std::string_view) override {}
  void nodes(int64_t) override {}

  void edge(std::string_view source, std::string_view target, double weight, double delay, int64_t line) override {
    ++seen_;
    const int32_t i = sources_.find(source), j = targets_.find(target);
    if (i >= 0 && j >= 0) {
      if (bad(weight, delay)) refuse(weight, delay, fmt::format("{}:{}", file_.path, line));
      return take(i, j, weight, delay);
    }
    if (file_.skip) return;
    const std::string where = fmt::format("{}:{}", file_.path, line);
    i < 0 ? sources_.refuse(source, where) : targets_.refuse(target, where);
  }

  void edges(const double* source, const double* target, const double* weight, const double* delay,
             int64_t n) override {
    for (int64_t k = 0; k < n; ++k) {
      ++seen_;
      const int32_t i = sources_.find(static_cast<int64_t>(source[k])),
                    j = targets_.find(static_cast<int64_t>(target[k]));
      const double w = weight ? weight[k] : none, d = delay ? delay[k] : none;
      auto where = [&] { return fmt::format("{}: edge {}", file_.path, k); };
      if (i >= 0 && j >= 0) {
        if (bad(w, d) || (weight && std::isnan(w)) || (delay && std::isnan(d))) refuse(w, d, where());
        take(i, j, w, d);
        continue;
      }
      if (file_.skip) continue;
      i < 0 ? sources_.refuse(fmt::format("{:.0f}", source[k]), where())
            : targets_.refuse(fmt::format("{:.0f}", target[k]), where());
    }
  }

  static constexpr double none = std::numeric_limits<double>::quiet_NaN();
  FileParameters file_;

 private:
  static bool bad(double weight, double delay) { return std::isinf(weight) || std::isinf(delay) || delay <= 0; }
  [[noreturn]] static void refuse(double weight, double delay, const std::string& where) {
    if (!std::isfinite(weight)) fail("{}: has the weight {}; a weight must be a finite number.", where, weight);
    fail("{}: has the delay {} ms; a delay must be a finite number above 0.", where, delay);
  }

  Numbering sources_, targets_;
  int64_t seen_ = 0;
};

/// First pass: how many synapses each source has, and what the file says of them.
class CountingSink : public PairSink {
 public:
  CountingSink(const Population& source, const Population& target, const FileParameters& file, Column<int64_t>& offset)
      : PairSink(source, target, file), offset_(offset) {
    offset_.assign(static_cast<size_t>(source.size) + 1, 0);
  }

  /// Throws when only some of the edges have a weight or a delay, or there are none.
  void finish(const Population& source, const Population& target) const {
    if (edges_in_file() == 0) fail("{}: holds no edges.", file_.path);
    if (count == 0)
      fail("{}: none of its {} edges runs from population '{}' to '{}'.", file_.path, edges_in_file(), source.name,
           target.name);
    if (weights != 0 && weights != count)
      fail("{}: only {} of {} edges have a weight; give all or none.", file_.path, weights, count);
    if (delays != 0 && delays != count)
      fail("{}: only {} of {} edges have a delay; give all or none.", file_.path, delays, count);
  }

  int64_t count = 0, weights = 0, delays = 0;
  double shortest = std::numeric_limits<double>::infinity(), longest = 0;

 protected:
  void take(int32_t source, int32_t, double weight, double delay) override {
    ++count;
    ++offset_[source + 1];
    if (!std::isnan(weight)) ++weights;
    if (std::isnan(delay)) return;
    ++delays;
    shortest = std::min(shortest, delay), longest = std::max(longest, delay);
  }

 private:
  Column<int64_t>& offset_;
};

/// Second pass: each edge to the next free place of its source's row.
class WritingSink : public PairSink {
 public:
  WritingSink(const Population& source, const Population& target, const FileParameters& file, double scale,
              SynapseRows& rows, Column<float>& delay)
      : PairSink(source, target, file), scale_(scale), rows_(rows), delay_(delay), next_(rows.offset) {}

  void finish() const {
    for (size_t i = 0; i + 1 < rows_.offset.size(); ++i)
      if (next_[i] != rows_.offset[i + 1]) changed();
  }

 protected:
  void take(int32_t source, int32_t target, double weight, double delay) override {
    const int64_t at = next_[source]++;
    if (at >= rows_.offset[source + 1]) changed();
    rows_.target[at] = target;
    if (!delay_.empty()) delay_[at] = static_cast<float>(delay);
    if (rows_.weight.empty()) return;
    rows_.weight[at] = static_cast<float>(weight * scale_);
    if (!std::isfinite(rows_.weight[at]))
      fail("{}: the weight {} times weight_scale {} is not a finite number.", file_.path, weight, scale_);
  }

 private:
  [[noreturn]] void changed() const { fail("{}: changed while it was read; run again.", file_.path); }
  double scale_;
  SynapseRows& rows_;
  Column<float>& delay_;
  Column<int64_t> next_;
};

/// Sorts a row by target; synapses between the same two neurons keep the order of the file.
void sort_row(SynapseRows& rows, Column<float>& delay, int64_t begin, int64_t end) {
  if (std::is_sorted(rows.target.begin() + begin, rows.target.begin() + end)) return;
  std::vector<int64_t> order(static_cast<size_t>(end - begin));
  std::iota(order.begin(), order.end(), begin);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return rows.target[a] < rows.target[b]; });
  auto permute = [&](auto& column) {
    if (column.empty()) return;
    std::vector<typename std::decay_t<decltype(column)>::value_type> sorted;
    for (const int64_t k : order) sorted.push_back(column[k]);
    std::copy(sorted.begin(), sorted.end(), column.begin() + begin);
  };
  permute(rows.target), permute(rows.weight), permute(delay);
}

}  // namespace

void set_reader_services(const ReaderServices& lent) { services = lent; }
const ReaderServices& reader_services() { return services; }

NeuronNames read_neuron_names(const PluginValue& reader, const std::string& path) {
  NameSink sink(path);
  sink.read(reader, path);
  return sink.result();
}

bool read_rows(const Population& source, const Population& target, const Projection& projection, SynapseRows& rows) {
  const FileParameters file(projection.connectivity);

  // Count.
  CountingSink counting(source, target, file, rows.offset);
  counting.read(*file.reader, file.path);
  counting.finish(source, target);
  std::partial_sum(rows.offset.begin(), rows.offset.end(), rows.offset.begin());

  // Write.
  const auto n = static_cast<size_t>(counting.count);
  rows.target.resize(n);
  if (counting.weights) rows.weight.resize(n);
  Column<float> delay;
  if (counting.delays) rows.delay = counting.shortest;
  if (counting.delays && counting.shortest < counting.longest) delay.resize(n);
  WritingSink writing(source, target, file, projection.weight_scale, rows, delay);
  writing.read(*file.reader, file.path);
  writing.finish();

  parallel_for(rows.sources, 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) sort_row(rows, delay, rows.offset[i], rows.offset[i + 1]);
  });
  if (!delay.empty()) rows.delay = Delays(std::move(delay));
  return counting.delays > 0;
}

ListedCount count_rows(const Population& source, const Population& target, const Projection& projection) {
  const FileParameters file(projection.connectivity);
  Column<int64_t> offset;
  CountingSink counting(source, target, file, offset);
  counting.read(*file.reader, file.path);
  counting.finish(source, target);
  return {counting.count, counting.delays && counting.shortest < counting.longest};
}

}  // namespace proxon
