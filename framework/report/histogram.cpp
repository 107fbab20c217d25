#include <algorithm>
#include <cmath>

#include "proxon/base/error.hpp"
#include "proxon/report/charts.hpp"
#include "proxon/report/page.hpp"

namespace proxon::report {
namespace {

/// Edges over [least, greatest]: one bin a number for whole numbers over a short range, else `bins` of equal width.
std::vector<double> edges_over(double least, double greatest, bool whole, int bins) {
  if (whole && greatest - least < 2.0 * bins) {
    std::vector<double> edges;
    for (double edge = least - 0.5; edge <= greatest + 0.5; ++edge) edges.push_back(edge);
    return edges;
  }
  if (least == greatest) {
    const double half = least == 0 ? 0.5 : 0.05 * std::abs(least);
    return {least - half, least + half};
  }
  std::vector<double> edges(bins + 1);
  for (int b = 0; b <= bins; ++b) edges[b] = std::lerp(least, greatest, static_cast<double>(b) / bins);
  return edges;
}

}  // namespace

Histogram binned(Histogram frame, const std::vector<Sample>& samples, bool density, int bins) {
  PROXON_CHECK(bins > 0, "bins = {}", bins);

  // Range.
  double least = INFINITY, greatest = -INFINITY;
  bool whole = true;
  std::int64_t left_out = 0;
  for (const auto& sample : samples) {
    for (const double value : sample.values) {
      if (!std::isfinite(value)) {
        ++left_out;
        continue;
      }
      least = std::min(least, value), greatest = std::max(greatest, value);
      whole = whole && value == std::floor(value) && std::abs(value) < 1e9;
    }
  }
  if (left_out > 0) {
    frame.caption += fmt::format(
        "{}{} left out.", frame.caption.empty() ? "" : " ",
        left_out == 1 ? "1 value that is not finite is" : shown(left_out) + " values that are not finite are");
  }
  if (least > greatest) return frame;

  // Counts. The last bin holds its upper edge.
  frame.edges = edges_over(least, greatest, whole, bins);
  for (const auto& sample : samples) {
    Counts counts{.name = sample.name, .counts = std::vector<double>(frame.edges.size() - 1), .colour = sample.colour};
    double total = 0;
    for (const double value : sample.values) {
      if (!std::isfinite(value)) continue;
      const auto above = std::upper_bound(frame.edges.begin(), frame.edges.end(), value) - frame.edges.begin();
      counts.counts[std::clamp<std::ptrdiff_t>(above - 1, 0, std::ssize(counts.counts) - 1)] += 1;
      ++total;
    }
    for (std::size_t b = 0; density && total > 0 && b < counts.counts.size(); ++b) {
      counts.counts[b] /= total * (frame.edges[b + 1] - frame.edges[b]);
    }
    frame.series.push_back(std::move(counts));
  }
  return frame;
}

}  // namespace proxon::report
