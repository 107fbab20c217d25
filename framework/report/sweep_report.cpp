#include "proxon/report/sweep_report.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "proxon/base/error.hpp"
#include "proxon/report/forest.hpp"
#include "proxon/report/sweep_axes.hpp"

namespace proxon::report {
namespace {

constexpr std::size_t most_best = 20, most_failures = 50, most_forest_rows = 5000, most_lines = 1500;

std::string short_id(const SweepTable& table, std::int64_t row) {
  return table.id[static_cast<std::size_t>(row)].text().substr(0, 8);
}

/// The value of an axis in a table: a whole number where all are.
Cell cell_of(const SweepTable& table, const SweepAxis& axis, std::int64_t row) {
  const double value = axis.value[static_cast<std::size_t>(row)];
  if (std::isnan(value)) return {};
  if (!axis.choices.empty()) return table.axis_text(axis, row);
  const bool whole = std::all_of(axis.value.begin(), axis.value.end(),
                                 [](double v) { return std::isnan(v) || (v == std::round(v) && std::fabs(v) < 1e15); });
  return whole ? Cell(static_cast<std::int64_t>(value)) : Cell(value);
}

Section overview(const SweepTable& table, const std::vector<std::int64_t>& ranked) {
  std::int64_t done = 0, failed = 0, outdated = 0;
  double seconds = 0;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    done += table.state_of(row) == TrialState::done, failed += table.state_of(row) == TrialState::failed,
        outdated += table.state_of(row) == TrialState::outdated;
    seconds += table.seconds[static_cast<std::size_t>(row)];
  }
  Facts facts{.facts = {{"trials done", done}, {"failed", failed}}, .large = true};
  if (outdated > 0) facts.facts.push_back({"outdated", outdated});
  facts.facts.push_back({"time in trials", seconds, "s"});
  for (const SweepObjective& objective : table.objectives)
    if (!ranked.empty()) facts.facts.push_back({"best " + objective.name, table.value(ranked[0], objective)});
  Section section{.heading = "Overview", .text = table.description, .blocks = {facts}};

  Table best{.title = "Best trials",
             .caption = table.objectives.size() > 1
                            ? "First those that no other trial beats in everything, by the first objective. proxon "
                              "sweep show tells all of a trial."
                            : "proxon sweep show tells all of a trial, and the command that runs it alone.",
             .columns = {{"trial"}}};
  for (const SweepObjective& objective : table.objectives) best.columns.push_back({objective.name});
  for (const SweepAxis& axis : table.axes) best.columns.push_back({axis.name, axis.unit});
  best.columns.push_back({"time", "s"});
  for (std::size_t i = 0; i < std::min(most_best, ranked.size()); ++i) {
    const std::int64_t row = ranked[i];
    std::vector<Cell> cells{short_id(table, row)};
    for (const SweepObjective& objective : table.objectives) cells.push_back(table.value(row, objective));
    for (const SweepAxis& axis : table.axes) cells.push_back(cell_of(table, axis, row));
    cells.push_back(table.seconds[static_cast<std::size_t>(row)]);
    best.rows.push_back(std::move(cells));
  }
  section.blocks.push_back(std::move(best));
  return section;
}

/// Every trial in the order in which it began, and the best so far.
Scatter history(const SweepTable& table, const SweepObjective& objective) {
  std::vector<std::int64_t> order;
  for (std::int64_t row = 0; row < table.rows(); ++row)
    if (std::isfinite(table.value(row, objective))) order.push_back(row);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return table.start[static_cast<std::size_t>(a)] < table.start[static_cast<std::size_t>(b)];
  });
  const Window window = window_of(table, objective);
  const std::size_t step = order.size() / most_lines + 1;
  Series best{"best so far", {}, {}, 1}, all{"trials", {}, {}, 6};
  double record = NAN, n = 0, low = INFINITY, high = -INFINITY;
  for (const std::int64_t row : order) {
    const double value = table.value(row, objective);
    if (std::isnan(record) || (objective.maximise ? value > record : value < record)) record = value;
    n += 1;
    low = std::min(low, value), high = std::max(high, value);
    if (static_cast<std::size_t>(n) % step != 0 && value != record) continue;
    if (window.holds(record)) best.x.push_back(n), best.y.push_back(record);
    if (window.holds(value)) all.x.push_back(n), all.y.push_back(value);
  }
  const bool decades = low > 0 && high > 100 * low;
  return {.title = "History of " + objective.name,
          .caption = fmt::format("Trials in the order of their begin; {}. Where the best so far has long been flat "
                                 "more trials of this kind give little.{}",
                                 goal(objective), window.note()),
          .x = {"trial"},
          .y = {axis_of(objective).label, "", decades ? logarithmic : linear},
          .series = {std::move(all), std::move(best)},
          .wide = true};
}

/// Place of a value along its axis, in [0, 1].
std::vector<double> places_along(const SweepAxis& axis) {
  const std::vector<double> values = distinct(axis);
  std::vector<double> places;
  const bool ratios = axis.logarithmic && values.front() > 0;
  const double low = ratios ? std::log(values.front()) : values.front(),
               high = ratios ? std::log(values.back()) : values.back();
  for (const double value : axis.value) places.push_back(((ratios ? std::log(value) : value) - low) / (high - low));
  return places;
}

/// Parallel coordinates of the trials, best in front.
Parallel parallel(const SweepTable& table, const std::vector<const SweepAxis*>& axes,
                  const std::vector<std::int64_t>& ranked) {
  const SweepObjective& objective = table.objectives.front();
  Parallel chart{.title = "All axes at once",
                 .caption =
                     "A line a trial, coloured by the first objective; good ones lie in front. Where the good lines "
                     "run together an axis has a value that matters; where they "
                     "fan out it does not.",
                 .value = axis_of(objective),
                 .maximise = objective.maximise};
  // Of many trials the best, and every so many-th of the others.
  std::vector<std::int64_t> rows;
  const std::size_t step = ranked.size() / most_lines + 1;
  for (std::size_t i = 0; i < ranked.size(); ++i)
    if (i < 100 || i % step == 0) rows.push_back(ranked[i]);
  if (rows.size() < ranked.size())
    chart.caption +=
        fmt::format(" The best 100 and every {} of the others.", step == 2 ? "second" : fmt::format("{}th", step));
  std::reverse(rows.begin(), rows.end());
  for (const SweepAxis* axis : axes) {
    Parallel::Scale scale{.axis = axis_of(*axis), .names = axis->choices};
    for (const std::int64_t row : rows) scale.values.push_back(axis->value[static_cast<std::size_t>(row)]);
    chart.scales.push_back(std::move(scale));
  }
  for (const std::int64_t row : rows) chart.values.push_back(table.value(row, objective));
  return chart;
}

struct Importance {
  std::vector<double> share;
  double r2 = NAN;
};
Importance importance_of(const SweepTable& table, const std::vector<const SweepAxis*>& axes,
                         const SweepObjective& objective) {
  std::vector<std::int64_t> rows;
  for (std::int64_t row = 0; row < table.rows(); ++row)
    if (std::isfinite(table.value(row, objective))) rows.push_back(row);
  if (rows.size() < 20 || axes.empty()) return {};
  const std::size_t step = rows.size() / most_forest_rows + 1;
  std::vector<std::vector<double>> places;
  for (const SweepAxis* axis : axes) places.push_back(places_along(*axis));
  std::vector<double> x, y;
  for (std::size_t i = 0; i < rows.size(); i += step) {
    for (const auto& column : places) x.push_back(column[static_cast<std::size_t>(rows[i])]);
    y.push_back(table.value(rows[i], objective));
  }
  // By ranks: a few trials that went wild must not speak for all.
  std::vector<std::size_t> order(y.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return y[a] < y[b]; });
  std::vector<double> rank(y.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    while (end < order.size() && y[order[end]] == y[order[i]]) ++end;
    for (std::size_t j = i; j < end; ++j) rank[order[j]] = 0.5 * static_cast<double>(i + end - 1);
    i = end;
  }
  const Forest forest(x, rank, axes.size());
  return {forest.importance(), forest.r2()};
}

Table importance_table(const SweepTable& table, const std::vector<const SweepAxis*>& axes,
                       const std::vector<Importance>& all) {
  Table block{.title = "Importance of the axes",
              .caption =
                  "Share of the variance of the objective's rank that an axis explains by itself, over the whole space "
                  "(functional ANOVA on a random forest); what is left "
                  "to 1 are axes that work together, and chance.",
              .columns = {{"axis"}}};
  for (std::size_t o = 0; o < table.objectives.size(); ++o) {
    block.columns.push_back({table.objectives[o].name});
    if (std::isfinite(all[o].r2))
      block.caption += fmt::format(" The forest knows {:.0f} % of {} in trials that it has not seen.",
                                   100 * std::max(0.0, all[o].r2), table.objectives[o].name);
  }
  std::vector<std::size_t> order(axes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (!all.empty() && !all[0].share.empty())
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return all[0].share[a] > all[0].share[b]; });
  for (const std::size_t a : order) {
    std::vector<Cell> cells{axes[a]->name};
    for (const Importance& importance : all)
      cells.emplace_back(importance.share.empty() ? std::optional<double>() : importance.share[a]);
    block.rows.push_back(std::move(cells));
  }
  return block;
}

/// The two axes that matter most to an objective, of those that are active together in most trials and for most of
/// their values.
std::pair<std::size_t, std::size_t> telling_pair(const SweepTable& table, const std::vector<const SweepAxis*>& axes,
                                                 const Importance& importance) {
  std::pair<std::size_t, std::size_t> best{0, 1};
  double most = -1;
  for (std::size_t a = 0; a < axes.size(); ++a)
    for (std::size_t b = a + 1; b < axes.size(); ++b) {
      const Bins down = bins_of(*axes[a]), across = bins_of(*axes[b]);
      std::vector<char> filled(down.names.size() * across.names.size());
      double together = 0;
      for (std::size_t row = 0; row < static_cast<std::size_t>(table.rows()); ++row) {
        const double x = axes[a]->value[row], y = axes[b]->value[row];
        if (!std::isfinite(x) || !std::isfinite(y)) continue;
        together += 1, filled[down.of(x) * across.names.size() + across.of(y)] = 1;
      }
      const double share =
          static_cast<double>(std::count(filled.begin(), filled.end(), 1)) / static_cast<double>(filled.size());
      const double weight =
          together * share * share * (importance.share.empty() ? 1 : 0.01 + importance.share[a] + importance.share[b]);
      if (weight > most) most = weight, best = {a, b};
    }
  return best;
}

Section failures(const SweepTable& table) {
  Section section{
      .heading = "Failed trials",
      .text = fmt::format("{} trials failed. proxon sweep retry --failed runs them again.", table.reasons.size())};
  Table block{.title = "Reasons", .columns = {{"trial"}, {"values"}, {"time", "s"}, {"reason"}}};
  for (const auto& [row, reason] : table.reasons) {
    if (table.state_of(row) != TrialState::failed) continue;
    if (block.rows.size() == most_failures) break;
    block.rows.push_back(
        {short_id(table, row), table.point_text(row), table.seconds[static_cast<std::size_t>(row)], reason});
  }
  if (table.reasons.size() > most_failures) block.caption = fmt::format("The first {} of them.", most_failures);
  section.blocks.push_back(std::move(block));
  return section;
}

Lines best_curves(const SweepTable& table, const std::vector<std::int64_t>& ranked,
                  const std::vector<archive::CurvePoint>& curves) {
  Lines chart{.title = "Curves of the best trials",
              .caption = "Loss of the best six trials: solid on training samples, dashed on validation samples.",
              .x = {"epoch"},
              .y = {"loss", "", logarithmic},
              .wide = true};
  for (std::size_t i = 0; i < std::min<std::size_t>(6, ranked.size()); ++i) {
    Series train{short_id(table, ranked[i]), {}, {}, static_cast<int>(i)},
        validation{short_id(table, ranked[i]) + " validation", {}, {}, static_cast<int>(i), true};
    for (const archive::CurvePoint& point : curves) {
      if (point.row != ranked[i]) continue;
      train.x.push_back(point.epoch), train.y.push_back(point.train_loss);
      if (std::isfinite(point.validation_loss))
        validation.x.push_back(point.epoch), validation.y.push_back(point.validation_loss);
    }
    if (train.x.empty()) continue;
    chart.series.push_back(std::move(train));
    if (!validation.x.empty()) chart.series.push_back(std::move(validation));
  }
  return chart;
}

Scatter pareto(const SweepTable& table, const std::vector<std::int64_t>& front, std::size_t a, std::size_t b) {
  Series others{"trials", {}, {}, 6}, best{"not beaten", {}, {}, 1};
  std::vector<char> in_front(static_cast<std::size_t>(table.rows()));
  for (const std::int64_t row : front) in_front[static_cast<std::size_t>(row)] = 1;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const double x = table.value(row, table.objectives[a]), y = table.value(row, table.objectives[b]);
    if (!std::isfinite(x) || !std::isfinite(y)) continue;
    Series& its = in_front[static_cast<std::size_t>(row)] ? best : others;
    its.x.push_back(x), its.y.push_back(y);
  }
  return {.title = fmt::format("{} against {}", table.objectives[a].name, table.objectives[b].name),
          .caption = fmt::format("Of {} {}; of {} {}. No other trial beats those in colour in everything.",
                                 table.objectives[a].name, goal(table.objectives[a]), table.objectives[b].name,
                                 goal(table.objectives[b])),
          .x = axis_of(table.objectives[a]),
          .y = axis_of(table.objectives[b]),
          .series = {std::move(others), std::move(best)}};
}

}  // namespace

Page compose_sweep(const SweepTable& table, const std::vector<std::int64_t>& ranked,
                   const std::vector<std::int64_t>& front, const std::vector<archive::CurvePoint>& curves) {
  Page page{.title = table.title,
            .subtitle = "a sweep",
            .footer = fmt::format("Proxon {} ({}), sampler {}, begun {}", table.version, table.revision, table.sampler,
                                  table.started)};
  page.sections.push_back(overview(table, ranked));
  const std::vector<const SweepAxis*> axes = moving_axes(table);
  if (!ranked.empty()) {
    Section course{.heading = "Course"};
    for (const SweepObjective& objective : table.objectives) course.blocks.push_back(history(table, objective));
    if (!curves.empty()) course.blocks.push_back(best_curves(table, ranked, curves));
    page.sections.push_back(std::move(course));

    Section matters{.heading = "What matters"};
    std::vector<Importance> importance;
    for (const SweepObjective& objective : table.objectives)
      importance.push_back(importance_of(table, axes, objective));
    matters.blocks.push_back(importance_table(table, axes, importance));
    if (axes.size() > 1) {
      matters.blocks.push_back(parallel(table, axes, ranked));
      const auto [down, across] = telling_pair(table, axes, importance[0]);
      matters.blocks.push_back(heat_map(table, *axes[down], *axes[across], table.objectives.front()));
    }
    page.sections.push_back(std::move(matters));

    Section slices{.heading = "Each axis"};
    for (const SweepAxis* axis : axes) slices.blocks.push_back(slice(table, *axis, table.objectives.front()));
    for (const SweepAxis* axis : axes)
      for (const SweepObjective& objective : table.objectives)
        if (std::optional<Lines> means = mean_course(table, *axis, objective)) slices.blocks.push_back(std::move(*means));
    if (!axes.empty()) page.sections.push_back(std::move(slices));
    if (table.objectives.size() > 1) {
      Section trade{
          .heading = "What is given up for what",
          .text = fmt::format("{} of {} trials are beaten by no other in everything.", front.size(), ranked.size())};
      for (std::size_t a = 0; a < table.objectives.size(); ++a)
        for (std::size_t b = a + 1; b < table.objectives.size(); ++b)
          trade.blocks.push_back(pareto(table, front, a, b));
      page.sections.push_back(std::move(trade));
    }
  }
  if (std::count(table.state.begin(), table.state.end(), static_cast<std::uint8_t>(TrialState::failed)) > 0)
    page.sections.push_back(failures(table));

  Section provenance{.heading = "How it was run"};
  Table plugins{.title = "Plugins",
                .caption = "What took part, by the sum of its file.",
                .columns = {{"kind"}, {"name"}, {"file"}, {"SHA-256"}}};
  for (const archive::PluginRecord& plugin : table.plugins)
    plugins.rows.push_back({plugin.kind, plugin.name, plugin.file, plugin.stamp.substr(0, 16)});
  if (!plugins.rows.empty()) provenance.blocks.push_back(std::move(plugins));
  provenance.blocks.push_back(Code{.title = "Sweep",
                                   .caption = "The sweep's file with everything that was set on the command line.",
                                   .text = table.sweep});
  if (!table.experiment.empty())
    provenance.blocks.push_back(Code{.title = "Experiment",
                                     .caption = "The experiment whose parameters the axes change.",
                                     .text = table.experiment});
  page.sections.push_back(std::move(provenance));
  return page;
}

}  // namespace proxon::report
