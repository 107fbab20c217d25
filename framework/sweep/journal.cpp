#include "proxon/sweep/journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/crc.hpp>
#include <cerrno>
#include <cstring>

#include "proxon/base/error.hpp"

namespace proxon::sweep {
namespace {

constexpr uint32_t mark = 0x4A585250;  // "PRXJ"
enum Kind : uint32_t { axes_record = 1, figure_record = 2, result_record = 3 };
struct Head {
  uint32_t mark, kind, length, sum;
};

uint32_t sum_of(const char* data, size_t n) {
  boost::crc_32_type crc;
  crc.process_bytes(data, n);
  return crc.checksum();
}

class Packer {
 public:
  explicit Packer(Kind kind) : kind_(kind), bytes_(sizeof(Head), '\0') {}
  template <class T>
  requires std::is_trivially_copyable_v<T>
  Packer& operator<<(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
    return *this;
  }
  Packer& operator<<(const std::string& text) {
    *this << static_cast<uint32_t>(text.size());
    bytes_ += text;
    return *this;
  }
  template <class T>
  requires std::is_trivially_copyable_v<T>
  Packer& operator<<(const std::vector<T>& values) {
    *this << static_cast<uint32_t>(values.size());
    bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    return *this;
  }
  const std::string& done() {
    const size_t n = bytes_.size() - sizeof(Head);
    const Head head{mark, kind_, static_cast<uint32_t>(n), sum_of(bytes_.data() + sizeof(Head), n)};
    std::memcpy(bytes_.data(), &head, sizeof head);
    return bytes_;
  }

 private:
  Kind kind_;
  std::string bytes_;
};

class Unpacker {
 public:
  Unpacker(const char* data, size_t n) : at_(data), end_(data + n) {}
  template <class T>
  requires std::is_trivially_copyable_v<T>
  T take() {
    T value;
    std::memcpy(&value, need(sizeof(T)), sizeof(T));
    return value;
  }
  std::string text() {
    const auto n = take<uint32_t>();
    return {need(n), n};
  }
  template <class T>
  std::vector<T> list() {
    std::vector<T> values(take<uint32_t>());
    if (!values.empty()) std::memcpy(values.data(), need(values.size() * sizeof(T)), values.size() * sizeof(T));
    return values;
  }
  size_t left() const { return static_cast<size_t>(end_ - at_); }

 private:
  const char* need(size_t n) {
    PROXON_CHECK(n <= left(), "a journal's record ends early");
    return std::exchange(at_, at_ + n);
  }
  const char *at_, *end_;
};

/// Calls each(kind, payload) for the whole records from `offset` to `end`, and moves it behind the last of them.
void scan(int fd, int64_t& offset, int64_t end, const std::function<void(uint32_t, const char*, size_t)>& each) {
  std::string buffer;
  size_t begin = 0;  // of what is not yet used
  constexpr int64_t block = 1 << 20;
  while (true) {
    Head head;
    auto whole = [&] {
      if (buffer.size() - begin < sizeof(Head)) return false;
      std::memcpy(&head, buffer.data() + begin, sizeof head);
      return head.mark == mark && buffer.size() - begin - sizeof(Head) >= head.length;
    };
    while (whole()) {
      const char* payload = buffer.data() + begin + sizeof(Head);
      if (sum_of(payload, head.length) != head.sum) return;
      each(head.kind, payload, head.length);
      begin += sizeof(Head) + head.length, offset += static_cast<int64_t>(sizeof(Head) + head.length);
    }
    buffer.erase(0, begin), begin = 0;
    const size_t had = buffer.size();
    const int64_t left = end - offset - static_cast<int64_t>(had);
    if (left <= 0) return;
    buffer.resize(had + static_cast<size_t>(std::min(left, block)));
    const ssize_t got = pread(fd, buffer.data() + had, buffer.size() - had, offset + static_cast<int64_t>(had));
    buffer.resize(had + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got <= 0) return;
  }
}

void write_whole(int fd, const std::string& bytes, const std::string& path) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = write(fd, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const std::string why = std::strerror(errno);
      // What was written of it is taken back, so that the file holds whole records.
      if (done > 0 && ftruncate(fd, lseek(fd, 0, SEEK_END) - static_cast<off_t>(done)) != 0) fail("{}: cannot be written, and its torn end cannot be cut off: {}.", path, why);
      fail("{}: cannot be written: {}.", path, why);
    }
    done += static_cast<size_t>(n);
  }
}

}  // namespace

JournalWriter::JournalWriter(const std::string& path, const Space& space) : path_(path) {
  fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd_ < 0) fail("{}: cannot be written: {}.", path, std::strerror(errno));
  const off_t size = lseek(fd_, 0, SEEK_END);
  int64_t end = 0;
  scan(fd_, end, size, [](uint32_t, const char*, size_t) {});
  // A torn end is cut off. Only then: file systems write at once what was cut to nothing, and a journal has no hurry.
  if (size > end && ftruncate(fd_, end) != 0) fail("{}: cannot be written: {}.", path, std::strerror(errno));
  // From here on the axes are these, and figures count anew.
  Packer axes(axes_record);
  axes << static_cast<uint32_t>(space.axes.size());
  for (const Axis& axis : space.axes) {
    axes << axis.name << static_cast<uint32_t>(axis.is_text() ? axis.choices.size() : 0);
    if (!axis.is_text()) continue;
    for (size_t i = 0; i < axis.choices.size(); ++i) axes << axis.text(static_cast<double>(i));
  }
  write_whole(fd_, axes.done(), path_);
}

JournalWriter::~JournalWriter() {
  if (fd_ >= 0) close(fd_);
}

void JournalWriter::append(const Result& result) {
  std::string bytes;
  const size_t known = figures_.size();
  for (const auto& [name, value] : result.figures)
    if (figures_.try_emplace(name, static_cast<uint32_t>(figures_.size())).second) bytes += (Packer(figure_record) << name).done();
  Packer record(result_record);
  const Trial& trial = result.trial;
  record << trial.id.high << trial.id.low << trial.key << trial.number << trial.repeat << static_cast<uint8_t>(result.state) << result.start
         << result.seconds << result.worker << trial.point << result.reason << static_cast<uint32_t>(result.figures.size());
  for (const auto& [name, value] : result.figures) record << figures_.at(name) << value;
  record << result.curve << result.archive;
  bytes += record.done();
  try {
    write_whole(fd_, bytes, path_);
  } catch (const Error&) {
    std::erase_if(figures_, [&](const auto& figure) { return figure.second >= known; });
    throw;
  }
}

JournalReader::JournalReader(JournalReader&& other) noexcept
    : path_(std::move(other.path_)), with_archives_(other.with_archives_), fd_(std::exchange(other.fd_, -1)), offset_(other.offset_),
      axes_(std::move(other.axes_)), figures_(std::move(other.figures_)) {}

JournalReader::~JournalReader() {
  if (fd_ >= 0) close(fd_);
}

bool JournalReader::read(const std::function<void(Result&&)>& each) {
  if (fd_ < 0) fd_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) return false;
  // Nothing new is the usual answer, and costs one call of the system.
  struct stat status{};
  if (fstat(fd_, &status) != 0 || status.st_size <= offset_) return false;
  bool any = false;
  scan(fd_, offset_, status.st_size, [&](uint32_t kind, const char* payload, size_t n) {
    Unpacker in(payload, n);
    if (kind == axes_record) {
      axes_.clear(), figures_.clear();
      for (auto count = in.take<uint32_t>(); count > 0; --count) {
        AxisName axis{in.text(), {}};
        for (auto choices = in.take<uint32_t>(); choices > 0; --choices) axis.choices.push_back(in.text());
        axes_.push_back(std::move(axis));
      }
      return;
    }
    if (kind == figure_record) return figures_.push_back(in.text());
    if (kind != result_record) return;
    Result result;
    Trial& trial = result.trial;
    trial.id.high = in.take<uint64_t>(), trial.id.low = in.take<uint64_t>(), trial.key = in.take<uint64_t>();
    trial.number = in.take<int64_t>(), trial.repeat = in.take<int32_t>();
    result.state = static_cast<TrialState>(in.take<uint8_t>());
    result.start = in.take<double>(), result.seconds = in.take<double>(), result.worker = in.take<int32_t>();
    trial.point = in.list<double>(), result.reason = in.text();
    for (auto count = in.take<uint32_t>(); count > 0; --count) {
      const auto figure = in.take<uint32_t>();
      PROXON_CHECK(figure < figures_.size(), "figure {} of {} in {}", figure, figures_.size(), path_);
      result.figures.emplace_back(figures_[figure], in.take<double>());
    }
    result.curve = in.list<Epoch>();
    if (with_archives_) result.archive = in.list<uint8_t>();
    any = true;
    each(std::move(result));
  });
  return any;
}

}  // namespace proxon::sweep
