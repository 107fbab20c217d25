// Checkpoints of a simulation in its archive: two streams of bytes that take turns, so that a kill while one is written leaves the other. Each
// holds the state, how many rows every recording had by then, and a hash over both.
#include "proxon/archive/writer_impl.hpp"

namespace proxon::archive {
namespace {

constexpr std::string_view mark = "proxon checkpoint 1\n";
const std::string slots[2] = {at::checkpoint + "/a", at::checkpoint + "/b"};

std::uint64_t hash_of(std::span<const char> bytes) { return fnv1a({bytes.data(), bytes.size()}); }

/// Streams that grow while a network runs.
bool is_recording(const std::string& stream) {
  for (const char* begin : {"/spikes/", "/report/", "/stimulus/", "/acquisition/", "/proxon/weights/"})
    if (stream.starts_with(begin)) return true;
  return false;
}

using RowCounts = std::vector<std::pair<std::string, std::uint64_t>>;  ///< of every recording

struct Saved {
  Checkpoint state;
  RowCounts rows;
};

class Packer {
 public:
  template <class T>
  void number(T value) {
    bytes({reinterpret_cast<const char*>(&value), sizeof value});
  }
  void text(std::span<const char> value) {
    number<std::uint64_t>(value.size());
    bytes(value);
  }
  void bytes(std::span<const char> value) { out.insert(out.end(), value.begin(), value.end()); }
  std::vector<char> out;
};

/// Reads what Packer wrote; `ok` becomes false where the bytes end too soon.
struct Unpacker {
  std::span<const char> in;
  bool ok = true;

  std::span<const char> bytes(std::uint64_t n) {
    if (n > in.size()) {
      ok = false;
      return {};
    }
    const auto taken = in.first(n);
    in = in.subspan(n);
    return taken;
  }
  template <class T>
  T number() {
    T value{};
    if (const auto from = bytes(sizeof value); ok) std::memcpy(&value, from.data(), sizeof value);
    return value;
  }
  std::span<const char> text() { return bytes(number<std::uint64_t>()); }
};

std::vector<char> pack(const Checkpoint& state, const RowCounts& recorded) {
  Packer p;
  p.bytes(mark);
  p.number(state.step);
  p.number(state.time);
  p.number<std::uint64_t>(recorded.size());
  for (const auto& [name, rows] : recorded) p.text(name), p.number(rows);
  p.number<std::uint64_t>(state.columns.size());
  for (const auto& column : state.columns) p.text(column.name), p.text(column.bytes);
  p.number(hash_of(p.out));
  return std::move(p.out);
}

std::optional<Saved> unpack(std::span<const char> bytes) {
  if (bytes.size() < mark.size() + sizeof(std::uint64_t)) return {};
  const auto body = bytes.first(bytes.size() - sizeof(std::uint64_t));
  Unpacker end{bytes.subspan(body.size())};
  if (end.number<std::uint64_t>() != hash_of(body)) return {};
  Unpacker u{body};
  if (const auto first = u.bytes(mark.size()); !std::equal(mark.begin(), mark.end(), first.begin())) return {};
  Saved saved;
  saved.state.step = u.number<std::int64_t>();
  saved.state.time = u.number<double>();
  const auto string = [&] {
    const auto text = u.text();
    return std::string(text.begin(), text.end());
  };
  for (auto n = u.number<std::uint64_t>(); n > 0 && u.ok; --n) {
    std::string name = string();
    saved.rows.emplace_back(std::move(name), u.number<std::uint64_t>());
  }
  for (auto n = u.number<std::uint64_t>(); n > 0 && u.ok; --n) {
    std::string name = string();
    const auto data = u.text();
    saved.state.columns.push_back({std::move(name), {data.begin(), data.end()}});
  }
  if (!u.ok) return {};
  return saved;
}

}  // namespace

void Writer::set_checkpoint(const Checkpoint& state) {
  impl_->flush();
  RowCounts recorded;
  for (const auto& name : impl_->table.names)
    if (is_recording(name)) recorded.emplace_back(name, impl_->stream(name).rows);
  const std::vector<char> bytes = pack(state, recorded);
  impl_->replace(slots[impl_->next_checkpoint], H5T_NATIVE_UINT8, bytes.size(), bytes.data());
  impl_->next_checkpoint = 1 - impl_->next_checkpoint;
  impl_->flush();
}

std::optional<Checkpoint> Writer::rewind() {
  auto& im = *impl_;
  std::optional<Saved> newest;
  for (const int slot : {0, 1}) {
    const auto& stream = im.stream(slots[slot]);
    std::vector<char> bytes(stream.rows);
    if (!bytes.empty()) read_rows(stream.dataset, H5T_NATIVE_UINT8, 0, bytes.size(), bytes.data(), im.path);
    auto saved = unpack(bytes);
    if (!saved || (newest && newest->state.step > saved->state.step)) continue;
    newest = std::move(saved);
    im.next_checkpoint = 1 - slot;
  }
  if (!newest) return {};

  // First what readers see, then the rows themselves.
  for (const auto& [name, rows] : newest->rows) {
    auto& stream = im.stream(name);
    if (stream.rows < rows)
      fail("'{}' has fewer recorded rows in {} than when its checkpoint was written. Run the experiment from its begin.", im.path, name);
    stream.rows = rows;
    im.table.rows[im.table.index[name]] = rows;
  }
  im.guarded([&] { im.write_row_counts(); });
  im.guarded([&] {
    for (const auto& [name, rows] : newest->rows) {
      auto& stream = im.stream(name);
      const hsize_t extent[2] = {rows, stream.columns};
      h5(H5Dset_extent(stream.dataset, extent), "cannot write", im.path);
    }
  });
  for (auto& population : im.populations) {
    population.last_ms = -std::numeric_limits<double>::infinity();
    if (!population.recorded) continue;
    const auto& times = im.stream(at::spike_times(population.name));
    if (times.rows > 0) read_rows(times.dataset, H5T_NATIVE_DOUBLE, times.rows - 1, 1, &population.last_ms, im.path);
  }
  im.dirty = true;
  im.flush();
  return std::move(newest->state);
}

void Writer::clear_checkpoint() {
  for (const auto& slot : slots) impl_->replace(slot, H5T_NATIVE_UINT8, 0, nullptr);
  impl_->flush();
}

}  // namespace proxon::archive
