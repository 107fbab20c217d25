// What a run needs to go on from where it stood: everything that what is still to come depends on, as named columns of bytes. Random numbers need no
// place in it, since every draw is a function of the step. It does not depend on the number of threads.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace proxon {

struct Checkpoint {
  int64_t step = 0;  ///< the first that is still to be done
  double time = 0;   ///< ms of biology at which a simulation stands; 0 for a training
  struct Column {
    std::string name;  ///< "E/V_m", "EE/weight", "theta", ...
    std::vector<char> bytes;
  };
  std::vector<Column> columns;

  void keep(std::string name, const void* data, size_t bytes);
  /// The column of that name. Throws Error when there is none.
  const std::vector<char>& find(const std::string& name) const;
  /// The same, of that length.
  const char* find(const std::string& name, size_t bytes) const;
  /// Copies the column of that name and length back to where it was.
  void put_back(const std::string& name, void* data, size_t bytes) const;
};

}  // namespace proxon
