// What approximators share: rows of weights added for the events of a row, their gradients, and columns added up, each in an order that does not
// depend on the number of threads; and dropout.
#pragma once
#include <proxon/plugin/approximator.hpp>

#include <algorithm>

namespace proxon {

/// to += factor from, n values.
inline void add(int64_t n, float factor, const float* __restrict from, float* __restrict to) {
  for (int64_t i = 0; i < n; ++i) to[i] += factor * from[i];
}

/// to += x W for the events x of one row; W is [channels x columns], with `stride` floats from row to row.
inline void add_events(const Events& events, int64_t row, const float* weights, int64_t columns, int64_t stride, float* to) {
  for (int64_t k = events.row_begin[row]; k < events.row_begin[row + 1]; ++k) add(columns, events.value[k], weights + events.channel[k] * stride, to);
}
inline void add_events(const Events& events, int64_t row, const float* weights, int64_t columns, float* to) {
  add_events(events, row, weights, columns, columns, to);
}

/// dW = x^T error over all events x; error_of(row) is where that of a row stands; dW has `stride` floats from row to row.
template <class ErrorOf>
void sum_events(const Services& services, const Events& events, int64_t channels, int64_t columns, int64_t stride, float* dw, ErrorOf&& error_of) {
  services.parallel_for(channels, 16, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      std::fill_n(dw + c * stride, columns, 0.f);
      for (int64_t k = events.channel_begin[c]; k < events.channel_begin[c + 1]; ++k)
        add(columns, events.value_by_channel[k], error_of(events.row[k]), dw + c * stride);
    }
  });
}
template <class ErrorOf>
void sum_events(const Services& services, const Events& events, int64_t channels, int64_t columns, float* dw, ErrorOf&& error_of) {
  sum_events(services, events, channels, columns, columns, dw, error_of);
}

/// sums_j = sum over rows of x_ij, rows ascending; a thread takes at least `grain` columns.
inline void column_sums(const Services& services, const float* x, int64_t rows, int64_t columns, float* sums, int64_t grain = 64) {
  services.parallel_for(columns, grain, [&](int64_t begin, int64_t end) {
    std::fill(sums + begin, sums + end, 0.f);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t j = begin; j < end; ++j) sums[j] += x[row * columns + j];
  });
}

/// Inverted dropout (Srivastava et al. 2014, JMLR 15:1929) of n numbers x, of which `kept` keeps what each is multiplied with. The fate of
/// number i is a function of (key, sample, step of the training, first + i / 4).
inline void drop(Key key, int64_t sample, int64_t step, uint32_t first, float probability, int64_t n, float* x, float* kept) {
  const auto threshold = uint32_t(double(probability) * 4294967296.0);
  const float factor = 1 / (1 - probability);
  for (int64_t j = 0; j < n; j += 4) {
    const Block bits = random_block(key, uint64_t(sample), uint64_t(step), first + uint32_t(j / 4));
    for (int64_t i = j; i < std::min(j + 4, n); ++i) {
      kept[i] = bits[size_t(i - j)] < threshold ? 0.f : factor;
      x[i] *= kept[i];
    }
  }
}

}  // namespace proxon
