// Checkpoints of a stage in its archive: two streams of bytes that take turns, so that a kill while one is written leaves the other. Each
// holds the state, how many rows the stage had written by then to each of its streams, and a hash over both.
#include "proxon/archive/reader_impl.hpp"
#include "proxon/archive/writer_impl.hpp"

namespace proxon::archive {
namespace {

constexpr std::string_view mark = "proxon checkpoint 1\n";

std::uint64_t hash_of(std::span<const char> bytes) { return fnv1a({bytes.data(), bytes.size()}); }

/// Streams that grow while a network runs, and while a twin is trained.
bool is_recording(const std::string& stream) {
  for (const char* begin : {"/spikes/", "/report/", "/stimulus/", "/acquisition/", "/proxon/weights/"})
    if (stream.starts_with(begin)) return true;
  return false;
}
bool is_curve(const std::string& stream) { return stream == at::epochs; }

/// A stage that can be gone on with.
struct Stage {
  int number;
  std::string slots[2];
  bool (*grows)(const std::string& stream);
};
const Stage& stage_of(std::string_view name) {
  static const Stage simulate{0, {at::checkpoint + "/a", at::checkpoint + "/b"}, is_recording},
      fit{1, {at::training_checkpoint + "/a", at::training_checkpoint + "/b"}, is_curve};
  PROXON_CHECK(name == "simulate" || name == "fit", "stage {} has no checkpoint", name);
  return name == "fit" ? fit : simulate;
}

using RowCounts = std::vector<std::pair<std::string, std::uint64_t>>;  ///< of every stream that grows

struct Saved {
  Checkpoint state;
  RowCounts rows;
  int slot = 0;
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

/// The newest whole one; `read(slot)` gives its bytes.
template <class Read>
std::optional<Saved> newest(const Stage& stage, Read&& read) {
  std::optional<Saved> found;
  for (const int slot : {0, 1}) {
    auto saved = unpack(read(stage.slots[slot]));
    if (!saved || (found && found->state.step > saved->state.step)) continue;
    found = std::move(saved);
    found->slot = slot;
  }
  return found;
}

}  // namespace

std::optional<Checkpoint> Reader::checkpoint(std::string_view stage) const {
  auto saved = newest(stage_of(stage), [&](const std::string& slot) { return impl_->read<char>(slot, H5T_NATIVE_UINT8); });
  if (!saved) return {};
  return std::move(saved->state);
}

void Writer::set_checkpoint(std::string_view stage, const Checkpoint& state) {
  const Stage& of = stage_of(stage);
  impl_->flush();
  RowCounts written;
  for (const auto& name : impl_->table.names)
    if (of.grows(name)) written.emplace_back(name, impl_->stream(name).rows);
  const std::vector<char> bytes = pack(state, written);
  int& next = impl_->next_checkpoint[of.number];
  impl_->replace(of.slots[next], H5T_NATIVE_UINT8, bytes.size(), bytes.data());
  next = 1 - next;
  impl_->flush();
}

std::optional<Checkpoint> Writer::rewind(std::string_view stage) {
  auto& im = *impl_;
  const Stage& of = stage_of(stage);
  auto saved = newest(of, [&](const std::string& slot) {
    const auto& stream = im.stream(slot);
    std::vector<char> bytes(stream.rows);
    if (!bytes.empty()) read_rows(stream.dataset, H5T_NATIVE_UINT8, 0, bytes.size(), bytes.data(), im.path);
    return bytes;
  });
  if (!saved) return {};
  im.next_checkpoint[of.number] = 1 - saved->slot;

  // First what readers see, then the rows themselves.
  for (const auto& [name, rows] : saved->rows) {
    auto& stream = im.stream(name);
    if (stream.rows < rows) fail("'{}' has fewer rows in {} than when its checkpoint was written. Begin anew, without --resume.", im.path, name);
    stream.rows = rows;
    im.table.rows[im.table.index[name]] = rows;
  }
  im.guarded([&] { im.write_row_counts(); });
  im.guarded([&] {
    for (const auto& [name, rows] : saved->rows) {
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
  return std::move(saved->state);
}

void Writer::clear_checkpoint(std::string_view stage) {
  for (const auto& slot : stage_of(stage).slots) impl_->replace(slot, H5T_NATIVE_UINT8, 0, nullptr);
  impl_->flush();
}

}  // namespace proxon::archive
