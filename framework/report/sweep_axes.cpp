#include "proxon/report/sweep_axes.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "proxon/base/error.hpp"

namespace proxon::report {
namespace {

constexpr std::size_t most_axes = 12, most_values = 40, most_choices = 6;

}  // namespace

std::vector<double> distinct(const SweepAxis& axis) {
  std::vector<double> values;
  for (const double value : axis.value)
    if (std::isfinite(value)) values.push_back(value);
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

std::vector<const SweepAxis*> moving_axes(const SweepTable& table) {
  std::vector<const SweepAxis*> axes;
  for (const SweepAxis& axis : table.axes) {
    double low = INFINITY, high = -INFINITY;
    for (const double value : axis.value)
      if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
    if (high > low && axes.size() < most_axes) axes.push_back(&axis);
  }
  return axes;
}

Axis axis_of(const SweepAxis& axis) { return {axis.name, axis.unit, axis.logarithmic ? logarithmic : linear}; }
Axis axis_of(const SweepObjective& objective) {
  return {objective.name == objective.figure ? objective.name
                                             : fmt::format("{} ({})", objective.name, objective.figure)};
}
const char* goal(const SweepObjective& objective) {
  return objective.maximise ? "higher is better" : "lower is better";
}

Window window_of(const SweepTable& table, const SweepObjective& objective) {
  std::vector<double> values;
  for (std::int64_t row = 0; row < table.rows(); ++row)
    if (const double value = table.value(row, objective); std::isfinite(value)) values.push_back(value);
  Window window;
  if (values.empty()) return window;
  std::sort(values.begin(), values.end());
  const double best = objective.maximise ? values.back() : values.front(), middle = values[values.size() / 2],
               reach = 4 * std::fabs(best - middle);
  if (!(reach > 0)) return window;
  (objective.maximise ? window.low : window.high) = objective.maximise ? best - reach : best + reach;
  for (const double value : values) window.outside += !window.holds(value);
  return window;
}

std::string text_of(const SweepAxis& axis, double value) {
  return axis.choices.empty() ? fmt::format("{:.4g}", value) : axis.choices[static_cast<std::size_t>(value)];
}

Block slice(const SweepTable& table, const SweepAxis& axis, const SweepObjective& objective) {
  const Window window = window_of(table, objective);
  const std::string caption = fmt::format("Every trial; {}.", goal(objective));
  if (axis.choices.empty()) {
    Series points{"trials"};
    for (std::int64_t row = 0; row < table.rows(); ++row) {
      const double value = table.value(row, objective);
      if (window.holds(value) && std::isfinite(axis.value[static_cast<std::size_t>(row)]))
        points.x.push_back(axis.value[static_cast<std::size_t>(row)]), points.y.push_back(value);
    }
    return Scatter{.title = fmt::format("{} over {}", objective.name, axis.name),
                   .caption = caption + window.note(),
                   .x = axis_of(axis),
                   .y = axis_of(objective),
                   .series = {std::move(points)}};
  }
  Table rows{.title = fmt::format("{} of each {}", objective.name, axis.name),
             .caption = caption + " Mean, best and spread of each choice.",
             .columns = {{axis.name}, {"trials"}, {"best"}, {"mean"}, {"median"}, {"std"}}};
  for (std::size_t choice = 0; choice < axis.choices.size(); ++choice) {
    std::vector<double> values;
    for (std::int64_t row = 0; row < table.rows(); ++row)
      if (axis.value[static_cast<std::size_t>(row)] == static_cast<double>(choice) &&
          std::isfinite(table.value(row, objective)))
        values.push_back(table.value(row, objective));
    if (values.empty()) continue;
    std::sort(values.begin(), values.end());
    const double n = static_cast<double>(values.size()), mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    rows.rows.push_back({axis.choices[choice], static_cast<std::int64_t>(values.size()),
                         objective.maximise ? values.back() : values.front(), mean, values[values.size() / 2],
                         n > 1 ? Cell(std::sqrt(squares / (n - 1))) : Cell()});
  }
  return rows;
}

std::optional<Lines> mean_course(const SweepTable& table, const SweepAxis& axis, const SweepObjective& objective) {
  const std::vector<double> values = distinct(axis);
  if (!axis.choices.empty() || values.size() < 3 || values.size() > most_values) return std::nullopt;
  const SweepAxis* by = nullptr;
  for (const SweepAxis& other : table.axes)
    if (!by && other.choices.size() > 1 && other.choices.size() <= most_choices) by = &other;

  const Window window = window_of(table, objective);
  Lines chart{.title = fmt::format("Mean {} over {}", objective.name, axis.name),
              .caption = fmt::format("The mean over all trials with that value{}; {}.{}", by ? ", for each " + by->name : "", goal(objective), window.note()),
              .x = axis_of(axis),
              .y = axis_of(objective)};
  for (std::size_t choice = 0; choice < (by ? by->choices.size() : 1); ++choice) {
    Series line{by ? by->choices[choice] : "mean"};
    for (const double at : values) {
      double sum = 0, n = 0;
      for (std::int64_t row = 0; row < table.rows(); ++row) {
        const auto r = static_cast<std::size_t>(row);
        const double value = table.value(row, objective);
        if (axis.value[r] == at && (!by || by->value[r] == static_cast<double>(choice)) && window.holds(value)) sum += value, ++n;
      }
      if (n > 0) line.x.push_back(at), line.y.push_back(sum / n);
    }
    if (!line.x.empty()) chart.series.push_back(std::move(line));
  }
  return chart;
}

Bins bins_of(const SweepAxis& axis) {
  Bins bins;
  const std::vector<double> values = distinct(axis);
  if (values.size() <= 16) {
    bins.values = values;
    for (const double value : values) bins.names.push_back(text_of(axis, value));
    return bins;
  }
  const bool ratios = axis.logarithmic && values.front() > 0;
  for (int i = 0; i <= 10; ++i)
    bins.edges.push_back(ratios ? values.front() * std::pow(values.back() / values.front(), i / 10.0)
                                : values.front() + (values.back() - values.front()) * i / 10.0);
  for (int i = 0; i < 10; ++i)
    bins.names.push_back(fmt::format("{:.3g} to {:.3g}", bins.edges[static_cast<std::size_t>(i)],
                                     bins.edges[static_cast<std::size_t>(i) + 1]));
  return bins;
}

Heatmap heat_map(const SweepTable& table, const SweepAxis& down, const SweepAxis& across,
                 const SweepObjective& objective) {
  const Bins rows = bins_of(down), columns = bins_of(across);
  const Window window = window_of(table, objective);
  std::vector<double> sum(rows.names.size() * columns.names.size()), n(sum.size());
  bool negative = false, positive = false;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const double value = std::clamp(table.value(row, objective), window.low, window.high),
                 a = down.value[static_cast<std::size_t>(row)], b = across.value[static_cast<std::size_t>(row)];
    if (!std::isfinite(value) || !std::isfinite(a) || !std::isfinite(b)) continue;
    const std::size_t cell = rows.of(a) * columns.names.size() + columns.of(b);
    sum[cell] += value, n[cell] += 1;
    negative = negative || value < 0, positive = positive || value > 0;
  }
  Heatmap map{.title = fmt::format("{} over {} and {}", objective.name, down.name, across.name),
              .caption = fmt::format("Mean of the trials in each cell, over all other axes; {}.{}", goal(objective),
                                     window.outside == 0 ? ""
                                                         : fmt::format(" Values far worse than most count as {:.4g}.",
                                                                       objective.maximise ? window.low : window.high)),
              .row = {down.name, down.unit},
              .column = {across.name, across.unit},
              .value = axis_of(objective),
              .rows = rows.names.size(),
              .columns = columns.names.size(),
              .colours = negative && positive ? Heatmap::Colours::diverging : Heatmap::Colours::sequential,
              .row_names = rows.names,
              .column_names = columns.names,
              .wide = true};
  for (std::size_t cell = 0; cell < sum.size(); ++cell)
    map.values.push_back(n[cell] > 0 ? static_cast<float>(sum[cell] / n[cell]) : NAN);
  return map;
}

}  // namespace proxon::report
