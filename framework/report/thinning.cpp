#include "proxon/report/thinning.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

namespace proxon::report {
namespace {

constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

std::vector<std::size_t> all_of_them(std::size_t count) {
  std::vector<std::size_t> indices(count);
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  return indices;
}

void sort_unique(std::vector<std::size_t>& indices) {
  std::sort(indices.begin(), indices.end());
  indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
}

/// Index of the least and the greatest finite value in [begin, end), and of the first that is not finite; none where
/// there is none.
struct Extremes {
  std::size_t least = none, greatest = none, gap = none;
};

Extremes extremes(std::span<const double> values, std::size_t begin, std::size_t end) {
  Extremes found;
  for (std::size_t i = begin; i < end; ++i) {
    if (!std::isfinite(values[i])) {
      if (found.gap == none) found.gap = i;
      continue;
    }
    if (found.least == none || values[i] < values[found.least]) found.least = i;
    if (found.greatest == none || values[i] > values[found.greatest]) found.greatest = i;
  }
  return found;
}

}  // namespace

std::vector<std::size_t> thin_line(std::span<const double> y, std::size_t limit) {
  if (y.size() <= limit) return all_of_them(y.size());
  const bool gaps = std::any_of(y.begin(), y.end(), [](double value) { return !std::isfinite(value); });
  const std::size_t stretches = (std::max<std::size_t>(limit, 5) - 2) / (gaps ? 3 : 2);
  std::vector<std::size_t> kept = {0, y.size() - 1};
  for (std::size_t s = 0; s < stretches; ++s) {
    const Extremes found = extremes(y, y.size() * s / stretches, y.size() * (s + 1) / stretches);
    for (const std::size_t i : {found.least, found.greatest, found.gap}) {
      if (i != none) kept.push_back(i);
    }
  }
  sort_unique(kept);
  return kept;
}

std::vector<std::size_t> thin_points(std::span<const double> x, std::span<const double> y, std::size_t limit) {
  if (x.size() <= limit) return all_of_them(x.size());
  std::vector<std::size_t> kept;
  const std::size_t step = (x.size() + limit - 1) / limit;
  for (std::size_t i = 0; i < x.size(); i += step) kept.push_back(i);
  for (const auto& values : {x, y}) {
    const Extremes found = extremes(values, 0, values.size());
    if (found.least != none) kept.insert(kept.end(), {found.least, found.greatest});
  }
  sort_unique(kept);
  return kept;
}

SpikeThinning thin_spikes(const std::vector<Spikes>& groups, std::size_t limit) {
  std::size_t spikes = 0;
  std::int64_t top = 0;
  for (const auto& group : groups) {
    spikes += group.rows.size();
    for (const auto row : group.rows) top = std::max<std::int64_t>(top, row);
  }
  if (spikes <= limit) return {};

  const auto count = [&](std::int64_t step) {
    std::size_t kept = 0;
    for (const auto& group : groups) {
      kept += std::count_if(group.rows.begin(), group.rows.end(), [&](std::int32_t row) { return row % step == 0; });
    }
    return kept;
  };

  // Leave out neurons as long as twenty stay, then spikes.
  SpikeThinning thinning;
  const std::int64_t largest_step = std::max<std::int64_t>(1, (top + 1) / 20);
  thinning.row_step = std::min<std::int64_t>((spikes + limit - 1) / limit, largest_step);
  std::size_t kept = count(thinning.row_step);
  while (kept > limit && thinning.row_step < largest_step) kept = count(++thinning.row_step);
  thinning.spike_step = std::max<std::size_t>(1, (kept + limit - 1) / limit);
  return thinning;
}

Pooled pool(std::span<const float> values, std::size_t rows, std::size_t columns, std::size_t max_side) {
  Pooled small;
  small.row_step = std::max<std::size_t>(1, (rows + max_side - 1) / max_side);
  small.column_step = std::max<std::size_t>(1, (columns + max_side - 1) / max_side);
  small.rows = (rows + small.row_step - 1) / small.row_step;
  small.columns = (columns + small.column_step - 1) / small.column_step;
  small.values.assign(small.rows * small.columns, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      const float value = values[r * columns + c];
      float& cell = small.values[r / small.row_step * small.columns + c / small.column_step];
      if (std::isfinite(value) && !(std::abs(cell) >= std::abs(value))) cell = value;
    }
  }
  return small;
}

int digits_for(std::span<const double> values) {
  constexpr int digits = 6, most = 15;
  const Extremes found = extremes(values, 0, values.size());
  if (found.least == none) return digits;
  const double least = values[found.least], greatest = values[found.greatest];
  const double size = std::max(std::abs(least), std::abs(greatest)), range = greatest - least;
  if (!(range > 0) || !std::isfinite(range)) return digits;
  return std::clamp(digits + static_cast<int>(std::ceil(std::log10(size / range))), digits, most);
}

double rounded(double value, int digits) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, digits - 1).ptr;
  std::from_chars(text, end, value);
  return value;
}

}  // namespace proxon::report
