// What the report of a sweep says of single axes and of two at once. Inside this room only.
#pragma once
#include <algorithm>
#include <cmath>
#include <optional>

#include "proxon/archive/sweep_file.hpp"
#include "proxon/report/page.hpp"

namespace proxon::report {

using archive::SweepAxis;
using archive::SweepObjective;
using archive::SweepTable;
using archive::TrialState;

/// Axes that take more than one value, in their order; the first twelve.
std::vector<const SweepAxis*> moving_axes(const SweepTable& table);
Axis axis_of(const SweepAxis& axis);
Axis axis_of(const SweepObjective& objective);
const char* goal(const SweepObjective& objective);

/// What is drawn of an objective: from the best to four times as far from it as the median trial. A few that went wild
/// would squeeze all others.
struct Window {
  double low = -INFINITY, high = INFINITY;
  std::int64_t outside = 0;
  bool holds(double value) const { return value >= low && value <= high; }
  std::string note() const {
    return outside == 0 ? ""
                        : fmt::format(" {} trial{} far worse {} not shown.", outside, outside == 1 ? "" : "s",
                                      outside == 1 ? "is" : "are");
  }
};
Window window_of(const SweepTable& table, const SweepObjective& objective);

std::string text_of(const SweepAxis& axis, double value);
/// Distinct values of an axis, ascending.
std::vector<double> distinct(const SweepAxis& axis);

/// Positions of an axis in bins: its own values when they are few, else ten even ones.
struct Bins {
  std::vector<double> edges, values;
  std::vector<std::string> names;
  std::size_t of(double value) const {
    if (edges.empty())
      return static_cast<std::size_t>(std::lower_bound(values.begin(), values.end(), value) - values.begin());
    const auto place = static_cast<std::size_t>(std::upper_bound(edges.begin(), edges.end(), value) - edges.begin());
    return std::clamp<std::size_t>(place, 1, edges.size() - 1) - 1;
  }
};
Bins bins_of(const SweepAxis& axis);

/// One axis against an objective: points, or a table of its choices.
Block slice(const SweepTable& table, const SweepAxis& axis, const SweepObjective& objective);
/// The mean of an objective at each value of an axis of numbers, a line for each choice of the first axis of texts; nothing where the axis has fewer than
/// three values, or too many for a mean.
std::optional<Lines> mean_course(const SweepTable& table, const SweepAxis& axis, const SweepObjective& objective);
/// The mean of an objective over two axes.
Heatmap heat_map(const SweepTable& table, const SweepAxis& down, const SweepAxis& across, const SweepObjective& objective);

}  // namespace proxon::report
