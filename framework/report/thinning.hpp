// Choosing what of a large series is drawn, so that a page of a long recording stays small and what stands out stays
// visible, and rounding of numbers for the page. All functions depend on their arguments alone.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "proxon/report/page.hpp"

namespace proxon::report {

/// Indices, ascending, at most `limit` (and at least 5): the first, the last, and of every stretch of equal length the
/// smallest, the largest and, where there is one, a value that is not finite, so that peaks and gaps stay. All of them
/// when there are no more than `limit`.
std::vector<std::size_t> thin_line(std::span<const double> y, std::size_t limit);

/// Indices, ascending: every k-th point and those with the least and greatest x and y; at most `limit` + 4.
std::vector<std::size_t> thin_points(std::span<const double> x, std::span<const double> y, std::size_t limit);

/// Spikes kept when there are too many: every `row_step`-th neuron, and of these every `spike_step`-th spike. At least
/// 20 neurons stay when there were as many.
struct SpikeThinning {
  std::int64_t row_step = 1;
  std::size_t spike_step = 1;
};
SpikeThinning thin_spikes(const std::vector<Spikes>& groups, std::size_t limit);

/// A matrix in which every cell is the value farthest from zero of a block of `row_step` x `column_step` cells.
struct Pooled {
  std::size_t row_step = 1, column_step = 1, rows = 0, columns = 0;
  std::vector<float> values;
};
Pooled pool(std::span<const float> values, std::size_t rows, std::size_t columns, std::size_t max_side);

/// Significant digits that show `values` to a millionth of their range (6 when they start near zero, more far from it).
int digits_for(std::span<const double> values);

/// `value` to so many significant digits.
double rounded(double value, int digits);

}  // namespace proxon::report
