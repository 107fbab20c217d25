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
  explicit Delays(Column<float> each) {
    for (const float delay : each) {
      const auto at = std::lower_bound(table_.begin(), table_.end(), double{delay});
      if (at != table_.end() && *at == double{delay}) continue;
      if (table_.size() == 256) {
        table_.clear();
        each_ = std::move(each);
        return;
      }
      table_.insert(at, double{delay});
    }
    if (table_.empty()) table_ = {1};
    if (table_.size() == 1) return;
    codes_.resize(each.size());
    for (size_t k = 0; k < each.size(); ++k)
      codes_[k] = static_cast<uint8_t>(std::lower_bound(table_.begin(), table_.end(), double{each[k]}) - table_.begin());
  }

  /// Of synapse k, ms.
  double operator[](int64_t k) const {
    if (!codes_.empty()) return table_[codes_[static_cast<size_t>(k)]];
    return each_.empty() ? table_[0] : double{each_[static_cast<size_t>(k)]};
  }
  bool shared() const { return codes_.empty() && each_.empty(); }

  /// The different delays, ascending; empty where each synapse has a float of its own.
  const std::vector<double>& table() const { return table_; }
  /// [synapses] position in the table; empty where all share one and where each has a float.
  std::span<const uint8_t> codes() const { return codes_; }
  /// [synapses]; empty where there is a table.
  std::span<const float> each() const { return each_; }

  int64_t bytes() const { return static_cast<int64_t>(codes_.size() + each_.size() * sizeof(float)); }

 private:
  std::vector<double> table_;
  Column<uint8_t> codes_;
  Column<float> each_;
};

}  // namespace proxon
