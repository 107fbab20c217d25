// What is best among the rows of a table.
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

#include "proxon/sweep/sweep.hpp"

namespace proxon::sweep {
namespace {

/// Values of all objectives so that small is good; NaN where a row has none.
std::vector<std::vector<double>> costs(const archive::SweepTable& table) {
  std::vector<std::vector<double>> all;
  for (const archive::SweepObjective& objective : table.objectives) {
    all.emplace_back();
    for (int64_t row = 0; row < table.rows(); ++row) all.back().push_back((objective.maximise ? -1 : 1) * table.value(row, objective));
  }
  return all;
}

std::vector<int64_t> usable(const std::vector<std::vector<double>>& cost, int64_t rows) {
  std::vector<int64_t> list;
  for (int64_t row = 0; row < rows; ++row)
    if (std::all_of(cost.begin(), cost.end(), [&](const auto& c) { return std::isfinite(c[static_cast<size_t>(row)]); })) list.push_back(row);
  return list;
}

}  // namespace

std::vector<int64_t> pareto_front(const archive::SweepTable& table) {
  const auto cost = costs(table);
  std::vector<int64_t> list = usable(cost, table.rows());
  if (cost.empty()) return {};
  // In ascending order of the first objective a row can only be beaten by one before it.
  auto at = [&](size_t objective, int64_t row) { return cost[objective][static_cast<size_t>(row)]; };
  std::stable_sort(list.begin(), list.end(), [&](int64_t a, int64_t b) {
    for (size_t o = 0; o < cost.size(); ++o)
      if (at(o, a) != at(o, b)) return at(o, a) < at(o, b);
    return false;
  });
  std::vector<int64_t> front;
  for (const int64_t row : list) {
    const bool beaten = std::any_of(front.begin(), front.end(), [&](int64_t other) {
      bool better = false;
      for (size_t o = 0; o < cost.size(); ++o) {
        if (at(o, other) > at(o, row)) return false;
        better |= at(o, other) < at(o, row);
      }
      return better;
    });
    if (!beaten) front.push_back(row);
  }
  return front;
}

std::vector<int64_t> ranked(const archive::SweepTable& table) {
  const auto cost = costs(table);
  if (cost.empty()) return {};
  std::vector<int64_t> list = usable(cost, table.rows());
  std::vector<char> first(static_cast<size_t>(table.rows()));
  if (cost.size() > 1)
    for (const int64_t row : pareto_front(table)) first[static_cast<size_t>(row)] = 1;
  std::stable_sort(list.begin(), list.end(), [&](int64_t a, int64_t b) {
    const auto x = static_cast<size_t>(a), y = static_cast<size_t>(b);
    return first[x] != first[y] ? first[x] > first[y] : cost[0][x] < cost[0][y];
  });
  return list;
}

std::vector<PointMean> point_means(const archive::SweepTable& table, const archive::SweepObjective& objective) {
  // Rows of one point have the same values on all axes.
  std::map<std::string, std::vector<int64_t>> points;
  std::vector<std::string> order;
  for (int64_t row = 0; row < table.rows(); ++row) {
    if (!std::isfinite(table.value(row, objective))) continue;
    std::string point;
    for (const archive::SweepAxis& axis : table.axes) point.append(reinterpret_cast<const char*>(&axis.value[static_cast<size_t>(row)]), sizeof(double));
    auto& rows = points[point];
    if (rows.empty()) order.push_back(point);
    rows.push_back(row);
  }
  std::vector<PointMean> means;
  for (const std::string& point : order) {
    const std::vector<int64_t>& rows = points[point];
    PointMean m{.first_row = rows.front(), .n = static_cast<int64_t>(rows.size()), .half_width = NAN};
    const double n = static_cast<double>(m.n);
    for (const int64_t row : rows) m.mean += table.value(row, objective) / n;
    if (m.n > 1) {
      double squares = 0;
      for (const int64_t row : rows) squares += std::pow(table.value(row, objective) - m.mean, 2);
      m.half_width = boost::math::quantile(boost::math::students_t(n - 1), 0.975) * std::sqrt(squares / (n - 1) / n);
    }
    means.push_back(m);
  }
  return means;
}

}  // namespace proxon::sweep
