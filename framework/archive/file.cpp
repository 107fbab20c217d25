#include "proxon/archive/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace proxon::archive {

namespace {
/// A place that no HDF5 file reaches: the lock is a sign, not a guard of bytes.
struct flock writer_region(short type) {
  struct flock region {};
  region.l_type = type;
  region.l_whence = SEEK_SET;
  region.l_start = off_t{1} << 62;
  region.l_len = 1;
  return region;
}

std::uint64_t little_endian(const unsigned char* bytes, int n) {
  std::uint64_t value = 0;
  for (int i = n - 1; i >= 0; --i) value = value << 8 | bytes[i];
  return value;
}
}  // namespace

void check_readable(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) fail("cannot open '{}': {}.", path, std::strerror(errno));
  if (S_ISDIR(status.st_mode)) fail("cannot open '{}': it is a folder.", path);
  if (access(path.c_str(), R_OK) != 0) fail("cannot open '{}': {}.", path, std::strerror(errno));
}

Superblock read_superblock(const std::string& path) {
  check_readable(path);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail("cannot open '{}': {}.", path, std::strerror(errno));
  struct stat status {};
  fstat(fd, &status);
  Superblock block;
  block.bytes = static_cast<std::uint64_t>(status.st_size);
  // The superblock stands at 0, or behind a block of the user's at 512, 1024, 2048 ...
  unsigned char bytes[48] = {};
  std::uint64_t where = 0;
  auto found = [&] {
    return pread(fd, bytes, sizeof(bytes), static_cast<off_t>(where)) >= 12 &&
           std::memcmp(bytes, "\211HDF\r\n\032\n", 8) == 0;
  };
  while (!found() && where < block.bytes) where = where == 0 ? 512 : 2 * where;
  close(fd);
  if (where >= block.bytes) fail("'{}' is not an HDF5 file.", path);
  block.version = bytes[8];
  // Versions 2 and 3: sizes of offsets and lengths, flags, then base, extension and end-of-file addresses.
  if (block.version >= 2 && bytes[9] == 8) {
    block.open_for_write = (bytes[11] & 0x05) != 0;
    block.end = where + little_endian(bytes + 28, 8);
  }
  return block;
}

WriterLock::WriterLock(const std::string& path) {
  fd_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd_ < 0) fail("cannot write '{}': {}.", path, std::strerror(errno));
  struct flock region = writer_region(F_WRLCK);
  if (fcntl(fd_, F_OFD_SETLK, &region) == 0) return;
  // A file system without locks: the flags that HDF5 keeps in the file are the only sign.
  if (errno != EAGAIN && errno != EACCES) return;
  ::close(std::exchange(fd_, -1));
  fail("cannot write '{}': another process is writing it. Wait for its end, or choose another archive.", path);
}

WriterLock::~WriterLock() {
  if (fd_ >= 0) ::close(fd_);
}

bool WriterLock::held(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  struct flock region = writer_region(F_RDLCK);
  const bool known = fcntl(fd, F_OFD_GETLK, &region) == 0;
  ::close(fd);
  return known && region.l_type != F_UNLCK;
}

Handle stream_access() {
  Handle list(H5Pcreate(H5P_DATASET_ACCESS));
  H5Pset_chunk_cache(list, 521, 4 << 20, 1.0);
  return list;
}

namespace {
void check_layout(hid_t file, const std::string& path) {
  const bool ours = exists(file, at::root) && [&] {
    const Handle root(H5Oopen(file, at::root.c_str(), H5P_DEFAULT));
    return has_attribute(root, "layout");
  }();
  if (!ours)
    fail("'{}' is an HDF5 file but not an archive of Proxon: it has no group '{}' with a layout.", path, at::root);
  const Handle root(H5Oopen(file, at::root.c_str(), H5P_DEFAULT));
  const auto layout = attribute_numbers(root, "layout", path);
  if (layout.size() == 1 && layout[0] == layout_version) return;
  fail(
      "'{}' is an archive of layout {}, written by version '{}'; this program reads layout {}. Use the Proxon that "
      "wrote it.",
      path, layout.empty() ? 0 : layout[0], attribute_text(root, "version"), layout_version);
}

Handle latest_access() {
  Handle access(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  return access;
}
}  // namespace

Condition left_as(const std::string& path) {
  if (!read_superblock(path).open_for_write) return Condition::whole;
  return WriterLock::held(path) ? Condition::written : Condition::killed;
}

Handle open_file(const std::string& path, Condition state) {
  silence_hdf5();
  const Superblock block = read_superblock(path);
  if (state == Condition::whole && block.end > block.bytes)
    fail("'{}' is truncated: it has {} of {} bytes. Copy it again from where it came.", path, block.bytes, block.end);
  const Handle access = latest_access();
  // Where nobody writes, reading again what was torn does not mend it.
  if (state == Condition::killed) H5Pset_metadata_read_attempts(access, 1);
  const unsigned mode = H5F_ACC_RDONLY | (state == Condition::whole ? 0 : H5F_ACC_SWMR_READ);
  return Handle(h5(H5Fopen(path.c_str(), mode, access), "cannot open", path));
}

Handle open_archive(const std::string& path, Condition state) {
  Handle file = open_file(path, state);
  check_layout(file, path);
  return file;
}

Handle open_for_append(const std::string& path) {
  silence_hdf5();
  const Handle access = latest_access();
  H5Pset_metadata_read_attempts(access, 1);
  return Handle(h5(H5Fopen(path.c_str(), H5F_ACC_RDWR | H5F_ACC_SWMR_WRITE, access), "cannot write", path));
}

void write_to_nowhere(hid_t file) {
  void* descriptor = nullptr;
  if (file < 0 || H5Fget_vfd_handle(file, H5P_DEFAULT, &descriptor) < 0) return;
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nowhere < 0) return;
  ::dup2(nowhere, *static_cast<int*>(descriptor));
  ::close(nowhere);
}

StreamTable read_streams(hid_t file, const std::string& path, bool live) {
  StreamTable table;
  table.names = read_texts(file, at::stream_names, path);
  const Handle rows = open_dataset(file, at::stream_rows, path);
  if (live) H5Drefresh(rows);
  table.rows.resize(table.names.size());
  if (extent(rows) != std::vector<hsize_t>{table.names.size()})
    fail("'{}' is damaged: its list of streams is broken.", path);
  read_rows(rows, H5T_NATIVE_UINT64, 0, table.rows.size(), table.rows.data(), path);
  for (std::size_t i = 0; i < table.names.size(); ++i) table.index[table.names[i]] = i;
  return table;
}

std::vector<std::string> read_texts(hid_t file, const std::string& name, const std::string& path) {
  const Handle dataset = open_dataset(file, name, path);
  return dataset_texts(dataset, path);
}

Condition condition(const std::string& path) {
  const Condition state = left_as(path);
  open_archive(path, state);
  return state;
}

namespace {
/// Clears the flags that the killed writer left (a private property of HDF5, the one that h5clear uses), and counts
/// everything up to the end of the file as taken, so that nothing is written over chunks that the superblock does not
/// know yet.
void clear_flags(const std::string& path) {
  const Handle access = latest_access();
  const hbool_t yes = 1;
  h5(H5Pset(access, "clear_status_flags", &yes), "cannot recover", path);
  h5(H5Pset(access, "skip_eof_check", &yes), "cannot recover", path);
  const Handle file(h5(H5Fopen(path.c_str(), H5F_ACC_RDWR, access), "cannot recover", path));
  h5(H5Fincrement_filesize(file, 0), "cannot recover", path);
}

/// Throws when the file ends before the last flushed row of a stream.
void check_chunks(hid_t file, const StreamTable& streams, std::uint64_t bytes, const std::string& path) {
  for (std::size_t i = 0; i < streams.names.size(); ++i) {
    if (streams.rows[i] == 0) continue;
    const Handle dataset = open_dataset(file, streams.names[i], path);
    const auto n = extent(dataset);
    hsize_t where[2] = {streams.rows[i] - 1, 0}, size = 0;
    haddr_t address = HADDR_UNDEF;
    unsigned filters = 0;
    const bool inside = n[0] >= streams.rows[i];
    const bool known = inside && H5Dget_chunk_info_by_coord(dataset, where, &filters, &address, &size) >= 0;
    if (!known || address == HADDR_UNDEF || address + size > bytes)
      fail("'{}' is truncated: it ends before the last row of '{}'. Copy it again from where it came.", path,
           streams.names[i]);
  }
}

void cut_streams(const std::string& path) {
  const Handle file = open_for_append(path);
  const StreamTable streams = read_streams(file, path, false);
  for (std::size_t i = 0; i < streams.names.size(); ++i) {
    const Handle dataset = open_dataset(file, streams.names[i], path);
    auto n = extent(dataset);
    if (n[0] == streams.rows[i]) continue;
    n[0] = streams.rows[i];
    h5(H5Dset_extent(dataset, n.data()), "cannot recover", path);
  }
  // Units without spike times: the kill came while they were being filled.
  if (streams.index.count(at::unit_times) && streams.rows[streams.index.at(at::unit_times)] == 0) {
    const Handle index = open_dataset(file, at::unit_index, path);
    const std::vector<std::uint64_t> zeros(extent(index)[0], 0);
    write_rows(index, H5T_NATIVE_UINT64, 0, zeros.size(), zeros.data(), path);
  }
  // Reports end where their rows end.
  const auto traces = read_texts(file, at::traces, path);
  for (std::size_t i = 0; i < traces.size(); i += 4) {
    const Handle dataset = open_dataset(file, at::report(traces[i]) + "/mapping/time", path);
    double time[3];
    read_rows(dataset, H5T_NATIVE_DOUBLE, 0, 3, time, path);
    time[1] = time[0] + time[2] * static_cast<double>(streams.rows[streams.index.at(at::report(traces[i]) + "/data")]);
    write_rows(dataset, H5T_NATIVE_DOUBLE, 0, 3, time, path);
  }
  h5(H5Fflush(file, H5F_SCOPE_GLOBAL), "cannot recover", path);
}
}  // namespace

std::string recover(const std::string& path) {
  silence_hdf5();
  const Condition state = condition(path);
  if (state == Condition::whole) return "";
  if (state == Condition::written)
    fail("cannot recover '{}': a process is writing it. Wait for its end, or read it while it is written.", path);
  const WriterLock lock(path);
  {
    // Look before touching: HDF5 would fill up a truncated file with zeros.
    const Handle file = open_archive(path, state);
    check_chunks(file, read_streams(file, path, false), read_superblock(path).bytes, path);
  }
  // The superblock may count room that a full disk refused. Taken here, while the flags still tell that the file is to
  // be mended; HDF5 would clear them first.
  const Superblock block = read_superblock(path);
  if (block.end > block.bytes && truncate(path.c_str(), static_cast<off_t>(block.end)) != 0)
    fail("cannot recover '{}': {}.", path, std::strerror(errno));
  clear_flags(path);
  cut_streams(path);
  return fmt::format("'{}' was not closed by the run that wrote it; recovered everything up to its last flush.", path);
}

}  // namespace proxon::archive
