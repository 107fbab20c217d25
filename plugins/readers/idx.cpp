#include <proxon/plugin/reader.hpp>

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace proxon;

struct idx {
  static constexpr Documentation about{
      .summary = "Reads samples from an IDX file, plain or compressed by gzip: an array whose first axis counts the samples, as MNIST has its "
                 "images and labels.",
      .equation = "bytes 0 0 TYPE AXES, then AXES lengths of 4 bytes, then the numbers, row-major, the first axis slowest; all big-endian.  TYPE: 08 "
                  "unsigned byte, 09 signed byte, 0B 2-byte and 0C 4-byte integer, 0D 4-byte and 0E 8-byte real",
      .reference = "LeCun, Bottou, Bengio & Haffner 1998, Proceedings of the IEEE 86:2278, doi:10.1109/5.726791"};

  struct Parameters {
    int64_t most = 0;
    static constexpr auto fields() {
      return std::tuple{field<&Parameters::most>("1", "number of samples after which the rest of a file is left unread; 0: all", at_least(0))};
    }
  };

  int64_t most;

  idx(const Parameters& p, const ReaderSetup&) : most(p.most) {}

  using File = std::unique_ptr<gzFile_s, int (*)(gzFile_s*)>;

  /// Fills `n` bytes, or says what is missing.
  static void take(gzFile file, void* to, size_t n, const std::string& path, const char* what) {
    char* bytes = static_cast<char*>(to);
    while (n > 0) {
      const int got = gzread(file, bytes, unsigned(std::min<size_t>(n, 1 << 24)));
      if (got <= 0)
        throw std::runtime_error(path + ": ends " + std::to_string(n) + " bytes too early, within " + what + "; fetch the file anew.");
      bytes += got, n -= size_t(got);
    }
  }

  template <class T>
  static void convert(const unsigned char* from, int64_t n, float* to) {
    for (int64_t i = 0; i < n; ++i, from += sizeof(T)) {
      unsigned char bytes[sizeof(T)];
      for (size_t b = 0; b < sizeof(T); ++b) bytes[b] = from[sizeof(T) - 1 - b];
      to[i] = static_cast<float>(std::bit_cast<T>(bytes));
    }
  }

  void samples(const char* name, SampleSink& sink) const {
    const std::string path = name;
    const File file(gzopen(name, "rb"), [](gzFile_s* f) { return gzclose(f); });
    if (!file) throw std::runtime_error(path + ": cannot be opened for reading.");

    // The head.
    unsigned char head[4];
    take(file.get(), head, 4, path, "the head");
    void (*const conversions[])(const unsigned char*, int64_t, float*) = {convert<uint8_t>, convert<int8_t>, nullptr, convert<int16_t>,
                                                                          convert<int32_t>, convert<float>,  convert<double>};
    constexpr size_t sizes[] = {1, 1, 0, 2, 4, 4, 8};
    const int type = head[2] - 8;
    if (head[0] != 0 || head[1] != 0 || type < 0 || type > 6 || !conversions[type] || head[3] == 0) {
      char magic[16];
      std::snprintf(magic, sizeof magic, "%02x %02x %02x %02x", head[0], head[1], head[2], head[3]);
      throw std::runtime_error(path + ": begins with " + magic + ", which is no IDX file (00 00, a type from 08 to 0e, the number of axes).");
    }
    int64_t count = 0, columns = 1;
    for (int axis = 0; axis < head[3]; ++axis) {
      unsigned char length[4];
      take(file.get(), length, 4, path, "the head");
      const int64_t n = int64_t(length[0]) << 24 | int64_t(length[1]) << 16 | int64_t(length[2]) << 8 | int64_t(length[3]);
      if (axis == 0) count = n;
      if (axis > 0) columns *= n;
      if (columns < 1 || columns > (int64_t(1) << 24)) throw std::runtime_error(path + ": says that a sample has " + std::to_string(columns) + " numbers.");
    }

    // The numbers, some thousand samples at a time.
    if (most > 0) count = std::min(count, most);
    const size_t size = sizes[type];
    const int64_t at_once = std::max<int64_t>(1, (int64_t(1) << 20) / columns);
    std::vector<unsigned char> bytes;
    std::vector<float> values;
    for (int64_t begin = 0; begin < count; begin += at_once) {
      const int64_t n = std::min(at_once, count - begin);
      bytes.resize(size_t(n * columns) * size), values.resize(size_t(n * columns));
      const std::string what = "samples " + std::to_string(begin) + " to " + std::to_string(begin + n - 1) + " of " + std::to_string(count);
      take(file.get(), bytes.data(), bytes.size(), path, what.c_str());
      conversions[type](bytes.data(), n * columns, values.data());
      sink.numbers(values.data(), n, columns);
    }
  }
};

PROXON_PLUGIN(reader, idx, idx)
