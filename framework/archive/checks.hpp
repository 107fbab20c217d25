// The vocabulary that the rules of check() are written in; inside this room only. Every question that is answered with
// no leaves a sentence.
#pragma once
#include "proxon/archive/file.hpp"

namespace proxon::archive {

struct Checks {
  Handle file;
  std::string path;
  std::vector<std::string> sentences;

  template <class... Args>
  void say(fmt::format_string<Args...> sentence, Args&&... args) {
    sentences.push_back(fmt::format(sentence, std::forward<Args>(args)...) + ".");
  }

  bool group(const std::string& name);
  bool data(const std::string& name, Kind kind, int axes = -1);
  bool number_type(const std::string& name, hid_t wanted, const char* what);
  bool attribute(const std::string& object, const std::string& name, Kind kind);
  bool attribute_is(const std::string& object, const std::string& name, std::string_view value);

  // Plain facts, for objects that are there.
  H5I_type_t type_of(const std::string& name);
  hsize_t rows(const std::string& name);
  std::vector<std::string> members(const std::string& name);
  /// All numbers of a data set, in blocks of rows: visit(first row, values).
  template <class T, class Visit>
  void blocks(const std::string& name, hid_t type, Visit visit) {
    const Handle dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT));
    const auto n = extent(dataset);
    const hsize_t width = n.size() > 1 ? n[1] : 1, step = std::max<hsize_t>(1, (1 << 18) / std::max<hsize_t>(1, width));
    std::vector<T> values;
    for (hsize_t begin = 0; begin < n[0]; begin += step) {
      const hsize_t count = std::min(step, n[0] - begin);
      values.resize(count * width);
      read_rows(dataset, type, begin, count, values.data(), path);
      visit(begin, std::span<const T>(values));
    }
  }
};

void check_nwb(Checks& checks);
void check_sonata(Checks& checks);

}  // namespace proxon::archive
