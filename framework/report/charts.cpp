#include "proxon/report/charts.hpp"

#include <algorithm>
#include <cmath>

#include "proxon/base/error.hpp"
#include "proxon/report/thinning.hpp"

namespace proxon::report {
namespace {

using Json = nlohmann::ordered_json;

Json axis(const Axis& axis) {
  Json json = {{"title", axis.unit.empty() ? axis.label : fmt::format("{} ({})", axis.label, axis.unit)}};
  if (axis.spacing == logarithmic) json["log"] = true;
  return json;
}

Json number(double value, int digits) { return std::isfinite(value) ? Json(rounded(value, digits)) : Json(nullptr); }

Json column(const std::vector<double>& values) {
  const int digits = digits_for(values);
  Json json = Json::array();
  for (const double value : values) json.push_back(number(value, digits));
  return json;
}

int colour_of(int wanted, std::size_t place) {
  return wanted == by_order ? static_cast<int>(place) : std::max(wanted, 0);
}

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", shown(static_cast<std::int64_t>(count)), count == 1 ? one : many);
}

/// Points of the series that `x` and `y` can show; the others have NaN in y. Counts what a logarithmic axis refuses.
Series drawable(const Series& series, const Axis& x, const Axis& y, std::size_t& refused) {
  PROXON_CHECK(series.x.size() == series.y.size(), "series '{}': {} x and {} y", series.name, series.x.size(),
               series.y.size());
  Series clean = series;
  for (std::size_t i = 0; i < clean.x.size(); ++i) {
    if (std::isfinite(clean.x[i]) && std::isfinite(clean.y[i])) {
      if ((x.spacing == linear || clean.x[i] > 0) && (y.spacing == linear || clean.y[i] > 0)) continue;
      ++refused;
    }
    clean.x[i] = clean.y[i] = NAN;
  }
  return clean;
}

bool nothing_in(const std::vector<double>& values) {
  return std::none_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

/// "2nd", "3rd", "4th" ...
std::string ordinal(std::size_t number) {
  const std::size_t last = number / 10 % 10 == 1 ? 0 : number % 10;
  return std::to_string(number) + (last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th");
}

/// "A" / "A and B" / "A, B and C"
std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  }
  return text;
}

/// Lines and scatter plots are the same but for how they are thinned.
template <class Chart, class Thin>
Drawing draw_series(const char* kind, const Chart& chart, const std::string& thinned_how, Thin thin) {
  Drawing drawing{.data = {{"kind", kind}, {"x", axis(chart.x)}, {"y", axis(chart.y)}, {"series", Json::array()}}};
  std::size_t refused = 0, points = 0, drawn = 0;
  std::vector<std::string> without_data;
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    const Series clean = drawable(chart.series[s], chart.x, chart.y, refused);
    if (nothing_in(clean.y)) {
      without_data.push_back("'" + clean.name + "'");
      continue;
    }
    std::vector<double> x, y;
    for (const std::size_t i : thin(clean)) x.push_back(clean.x[i]), y.push_back(clean.y[i]);
    points += clean.x.size(), drawn += x.size();
    Json json = {{"name", clean.name}, {"colour", colour_of(clean.colour, s)}, {"x", column(x)}, {"y", column(y)}};
    if (clean.dashed) json["dashed"] = true;
    drawing.data["series"].push_back(std::move(json));
  }

  drawing.empty = drawing.data["series"].empty();
  if (!drawing.empty && !without_data.empty())
    drawing.notes.push_back(fmt::format("No data for {}.", listed(without_data)));
  if (drawn < points) {
    drawing.notes.push_back(fmt::format("Thinned from {} to {} points: {}.", shown(static_cast<std::int64_t>(points)),
                                        shown(static_cast<std::int64_t>(drawn)), thinned_how));
  }
  if (refused > 0) {
    drawing.notes.push_back(counted(refused, "value of zero or below is", "values of zero or below are") +
                            " left out of the logarithmic axis.");
  }
  return drawing;
}

}  // namespace

Drawing draw(const Lines& chart) {
  const std::size_t series = std::max<std::size_t>(1, chart.series.size());
  const std::size_t limit = std::clamp<std::size_t>(max_chart_points / series, 200, max_line_points);
  return draw_series("lines", chart, "the least and greatest of every stretch are kept",
                     [&](const Series& clean) { return thin_line(clean.y, limit); });
}

Drawing draw(const Scatter& chart) {
  std::size_t points = 0;
  for (const auto& series : chart.series) points += series.x.size();
  const std::size_t step = std::max<std::size_t>(1, (points + max_scatter_points - 1) / max_scatter_points);
  Drawing drawing =
      draw_series("scatter", chart, fmt::format("every {}, and the extremes", ordinal(step)), [&](const Series& clean) {
        return thin_points(clean.x, clean.y, std::max<std::size_t>(1, clean.x.size() / step));
      });
  drawing.data["identity"] = chart.identity;
  return drawing;
}

Drawing draw(const Histogram& chart) {
  Drawing drawing{
      .data = {{"kind", "histogram"}, {"x", axis(chart.x)}, {"y", axis(chart.y)}, {"edges", column(chart.edges)}}};
  PROXON_CHECK(std::is_sorted(chart.edges.begin(), chart.edges.end()), "edges of '{}' do not ascend", chart.title);
  Json series = Json::array();
  double total = 0;
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    const auto& counts = chart.series[s];
    PROXON_CHECK(counts.counts.empty() || counts.counts.size() + 1 == chart.edges.size(), "'{}': {} counts, {} edges",
                 counts.name, counts.counts.size(), chart.edges.size());
    for (const double count : counts.counts) total += std::isfinite(count) ? std::abs(count) : 0;
    series.push_back(
        {{"name", counts.name}, {"colour", colour_of(counts.colour, s)}, {"counts", column(counts.counts)}});
  }
  drawing.data["series"] = std::move(series);
  drawing.empty = total == 0 || nothing_in(chart.edges);
  return drawing;
}

Drawing draw(const Raster& chart) {
  Drawing drawing{.data = {{"kind", "raster"}, {"x", axis(chart.time)}, {"y", axis(chart.neuron)}}};

  // What lies in the window.
  std::vector<Spikes> shown_groups;
  std::vector<double> all_times;
  std::int64_t lowest = 0, highest = static_cast<std::int64_t>(chart.neurons) - 1;
  for (std::size_t g = 0; g < chart.groups.size(); ++g) {
    const Spikes& group = chart.groups[g];
    PROXON_CHECK(group.times.size() == group.rows.size(), "spikes of '{}': {} times and {} rows", group.name,
                 group.times.size(), group.rows.size());
    Spikes inside{.name = group.name, .colour = colour_of(group.colour, g)};
    for (std::size_t i = 0; i < group.times.size(); ++i) {
      const double time = group.times[i];
      if (!std::isfinite(time) || (chart.from && time < *chart.from) || (chart.to && time > *chart.to)) continue;
      inside.times.push_back(time), inside.rows.push_back(group.rows[i]);
      lowest = std::min<std::int64_t>(lowest, group.rows[i]), highest = std::max<std::int64_t>(highest, group.rows[i]);
    }
    all_times.insert(all_times.end(), inside.times.begin(), inside.times.end());
    shown_groups.push_back(std::move(inside));
  }
  drawing.empty = all_times.empty();
  if (drawing.empty) return drawing;

  // Thin, and write.
  const auto thinning = thin_spikes(shown_groups, max_spikes);
  const int digits = digits_for(all_times);
  const auto [first, last] = std::minmax_element(all_times.begin(), all_times.end());
  std::size_t drawn = 0, kept = 0;
  Json groups = Json::array();
  for (const auto& group : shown_groups) {
    Json times = Json::array(), rows = Json::array();
    for (std::size_t i = 0; i < group.times.size(); ++i) {
      if (group.rows[i] % thinning.row_step != 0 || kept++ % thinning.spike_step != 0) continue;
      times.push_back(number(group.times[i], digits)), rows.push_back(group.rows[i]);
    }
    drawn += times.size();
    groups.push_back(
        {{"name", group.name}, {"colour", group.colour}, {"times", std::move(times)}, {"rows", std::move(rows)}});
  }
  drawing.data["range"] = {number(chart.from.value_or(*first), digits), number(chart.to.value_or(*last), digits)};
  drawing.data["rows"] = {lowest, highest};
  drawing.data["step"] = thinning.row_step;
  drawing.data["groups"] = std::move(groups);
  if (drawn < all_times.size()) {
    std::vector<std::string> how;
    if (thinning.row_step > 1) how.push_back(fmt::format("every {} neuron", ordinal(thinning.row_step)));
    if (thinning.spike_step > 1) how.push_back(fmt::format("every {} spike", ordinal(thinning.spike_step)));
    drawing.notes.push_back(fmt::format("Thinned to {}: {} of {} spikes.", listed(how),
                                        shown(static_cast<std::int64_t>(drawn)),
                                        shown(static_cast<std::int64_t>(all_times.size()))));
  }
  return drawing;
}

Drawing draw(const Heatmap& chart) {
  PROXON_CHECK(chart.values.size() == chart.rows * chart.columns, "'{}': {} values for {} x {}", chart.title,
               chart.values.size(), chart.rows, chart.columns);
  PROXON_CHECK(chart.row_names.empty() || chart.row_names.size() == chart.rows, "'{}': {} names, {} rows", chart.title,
               chart.row_names.size(), chart.rows);
  PROXON_CHECK(chart.column_names.empty() || chart.column_names.size() == chart.columns, "'{}': {} names, {} columns",
               chart.title, chart.column_names.size(), chart.columns);
  const Pooled small = pool(chart.values, chart.rows, chart.columns, max_heatmap_side);
  Drawing drawing{
      .data = {{"kind", "heatmap"}, {"x", axis(chart.column)}, {"y", axis(chart.row)}, {"value", axis(chart.value)}}};
  drawing.data["diverging"] = chart.colours == Heatmap::Colours::diverging;
  drawing.data["size"] = {chart.rows, chart.columns};
  drawing.data["step"] = {small.row_step, small.column_step};
  drawing.data["row_names"] = chart.row_names;
  drawing.data["column_names"] = chart.column_names;
  const std::vector<double> values(small.values.begin(), small.values.end());
  drawing.data["values"] = column(values);
  drawing.empty = nothing_in(values);
  if (small.row_step > 1 || small.column_step > 1) {
    drawing.notes.push_back(fmt::format("{} by {} values, thinned: a cell is the value farthest from zero of {} by {}.",
                                        chart.rows, chart.columns, small.row_step, small.column_step));
  }
  return drawing;
}

Drawing draw(const Parallel& chart) {
  Drawing drawing{.data = {{"kind", "parallel"}, {"value", axis(chart.value)}, {"maximise", chart.maximise}, {"scales", Json::array()}}};
  for (const auto& scale : chart.scales) {
    PROXON_CHECK(scale.values.size() == chart.values.size(), "'{}': {} values along {}, {} lines", chart.title, scale.values.size(), scale.axis.label,
                 chart.values.size());
    Json json = axis(scale.axis);
    json["values"] = column(scale.values), json["names"] = scale.names;
    drawing.data["scales"].push_back(std::move(json));
  }
  drawing.data["values"] = column(chart.values);
  drawing.empty = chart.scales.empty() || nothing_in(chart.values);
  return drawing;
}

}  // namespace proxon::report
