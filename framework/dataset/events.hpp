// A sparse batch of inputs: what is not 0, by row (a step of a sample) and by channel. Filled row by row, then indexed; memory is kept from
// batch to batch, so that once the largest one was met nothing is allocated any more.
#pragma once
#include "proxon/base/columns.hpp"
#include "proxon/plugin/approximator.hpp"

namespace proxon {

class EventList {
 public:
  void clear() {
    row_begin_.assign(1, 0);
    channel_.clear(), value_.clear();
  }
  /// One event of the row that is being filled; channels ascend within a row.
  void add(int32_t channel, float value) {
    channel_.push_back(channel);
    value_.push_back(value);
  }
  void end_row() { row_begin_.push_back(static_cast<int64_t>(channel_.size())); }

  /// Makes the index by channel; `channels` is the number of inputs.
  void index(int64_t channels) {
    channel_begin_.assign(static_cast<size_t>(channels) + 1, 0);
    row_.resize(channel_.size()), value_by_channel_.resize(channel_.size());
    for (const int32_t channel : channel_) ++channel_begin_[static_cast<size_t>(channel) + 1];
    for (size_t c = 1; c < channel_begin_.size(); ++c) channel_begin_[c] += channel_begin_[c - 1];
    next_.assign(channel_begin_.begin(), channel_begin_.end());
    for (size_t row = 0; row + 1 < row_begin_.size(); ++row)
      for (int64_t k = row_begin_[row]; k < row_begin_[row + 1]; ++k) {
        const auto at = static_cast<size_t>(next_[static_cast<size_t>(channel_[static_cast<size_t>(k)])]++);
        row_[at] = static_cast<int32_t>(row);
        value_by_channel_[at] = value_[static_cast<size_t>(k)];
      }
  }

  int64_t rows() const { return static_cast<int64_t>(row_begin_.size()) - 1; }
  /// Valid until the list changes.
  Events view() const {
    return {static_cast<int64_t>(channel_.size()), row_begin_.data(), channel_.data(), value_.data(), channel_begin_.data(), row_.data(),
            value_by_channel_.data()};
  }
  /// The rows with their zeros, [rows x channels].
  void spread(float* X, int64_t channels) const {
    std::fill_n(X, rows() * channels, 0.f);
    for (int64_t row = 0; row < rows(); ++row)
      for (int64_t k = row_begin_[static_cast<size_t>(row)]; k < row_begin_[static_cast<size_t>(row) + 1]; ++k)
        X[row * channels + channel_[static_cast<size_t>(k)]] = value_[static_cast<size_t>(k)];
  }

 private:
  Column<int64_t> row_begin_, channel_begin_, next_;
  Column<int32_t> channel_, row_;
  Column<float> value_, value_by_channel_;
};

}  // namespace proxon
