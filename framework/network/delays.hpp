// The delays of a projection's synapses, ms, in as few bytes as they need: none a synapse where all share one; one byte, a code into a table,
// where at most 256 differ (delays are multiples of the time step, so that is the usual case); else a float a synapse.
#pragma once
#include <algorithm>
#include <span>

#include "proxon/base/columns.hpp"

namespace proxon {

class Delays {
 public:
  /// One delay that all synapses share.
  Delays(double shared = 1) : table_{shared} {}
  /// A code a synapse into a table of at most 256 delays, ascending.
  Delays(std::vector<double> table, Column<uint8_t> codes) : table_(std::move(table)), codes_(std::move(codes)) {}
  /// A delay a synapse, stored as it takes least.
  explicit Delays(Column<float> each) { store(std::move(each), different(std::span<const float>(each))); }
  /// The same, where other ranks hold other synapses: `table` has the different delays of all (more than 256: a float a synapse).
  static Delays among(std::vector<double> table, Column<float> each) {
    Delays delays;
    delays.store(std::move(each), std::move(table));
    return delays;
  }

  /// The different values of a list, ascending; of more than 256, the 257 that were met first.
  template <class T>
  static std::vector<double> different(std::span<const T> values, std::vector<double> table = {}) {
    for (const T value : values) {
      const auto at = std::lower_bound(table.begin(), table.end(), static_cast<double>(value));
      if (at != table.end() && *at == static_cast<double>(value)) continue;
      table.insert(at, static_cast<double>(value));
      if (table.size() > 256) break;
    }
    return table;
  }

  /// Of synapse k, ms.
  double operator[](int64_t k) const {
    if (!codes_.empty()) return table_[codes_[static_cast<size_t>(k)]];
    return each_.empty() ? table_[0] : double{each_[static_cast<size_t>(k)]};
  }
  bool shared() const { return table_.size() == 1; }

  /// The different delays, ascending; empty where each synapse has a float of its own.
  const std::vector<double>& table() const { return table_; }
  /// [synapses] position in the table; empty where all share one and where each has a float.
  std::span<const uint8_t> codes() const { return codes_; }
  /// [synapses]; empty where there is a table.
  std::span<const float> each() const { return each_; }

  int64_t bytes() const { return static_cast<int64_t>(codes_.size() + each_.size() * sizeof(float)); }

 private:
  void store(Column<float>&& each, std::vector<double> table) {
    table_ = std::move(table);
    if (table_.size() > 256) {
      table_.clear();
      each_ = std::move(each);
      return;
    }
    if (table_.empty()) table_ = {1};
    if (table_.size() == 1) return;
    codes_.resize(each.size());
    for (size_t k = 0; k < each.size(); ++k)
      codes_[k] = static_cast<uint8_t>(std::lower_bound(table_.begin(), table_.end(), double{each[k]}) - table_.begin());
  }

  std::vector<double> table_;
  Column<uint8_t> codes_;
  Column<float> each_;
};

}  // namespace proxon
