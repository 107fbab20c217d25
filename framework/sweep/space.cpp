#include "proxon/sweep/space.hpp"

namespace proxon::sweep {
namespace {

std::string without_quotes(const std::string& toml) {
  const bool quoted = toml.size() >= 2 && (toml.front() == '\'' || toml.front() == '"') && toml.front() == toml.back();
  return quoted ? toml.substr(1, toml.size() - 2) : toml;
}

}  // namespace

std::string Axis::toml(double value) const {
  if (is_text()) return choices[static_cast<size_t>(value)];
  // Choices stay as they were written; a number that came out whole stays one.
  for (size_t i = 0; i < numbers.size(); ++i)
    if (numbers[i] == value) return choices[i];
  if (whole) return std::to_string(static_cast<int64_t>(value));
  std::string text = number_text(value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string Axis::text(double value) const {
  if (std::isnan(value)) return "";
  return is_text() ? without_quotes(choices[static_cast<size_t>(value)]) : number_text(value);
}

std::vector<std::string> Space::names() const {
  std::vector<std::string> all;
  for (const Axis& axis : axes) all.push_back(axis.name);
  return all;
}

std::vector<SamplerAxis> Space::coordinates() const {
  std::vector<SamplerAxis> all;
  for (const Axis& axis : axes) {
    if (axis.moves_with) continue;
    all.push_back({.name = axis.name.c_str(),
                   .low = axis.low,
                   .high = axis.high,
                   .choices = static_cast<int64_t>(axis.choices.size()),
                   .points = axis.points,
                   .logarithmic = axis.logarithmic,
                   .whole = axis.whole,
                   .fidelity = axis.fidelity});
  }
  return all;
}

std::vector<AxisValue> Space::values(const Point& point) const {
  std::vector<AxisValue> all(axes.size());
  for (size_t a = 0; a < axes.size(); ++a) {
    if (std::isnan(point[a])) continue;
    if (axes[a].is_text()) all[a] = {AxisValue::is_text, 0, axes[a].text(point[a])};
    else all[a] = {AxisValue::is_number, point[a]};
  }
  return all;
}

Point Space::at(std::span<const double> coordinates) const {
  // Where each axis of its own lies, then those that move with one.
  Point point(axes.size());
  std::vector<double> coordinate(axes.size());
  const std::vector<SamplerAxis> leaders = this->coordinates();
  for (size_t a = 0, c = 0; a < axes.size(); ++a)
    if (!axes[a].moves_with) coordinate[a] = coordinates[c++];
  for (size_t a = 0; a < axes.size(); ++a) {
    const Axis& axis = axes[a];
    if (axis.moves_with) {
      size_t c = 0;
      for (size_t before = 0; before < *axis.moves_with; ++before) c += !axes[before].moves_with;
      const double share = share_of(leaders[c], coordinate[*axis.moves_with]);
      coordinate[a] = axis.is_range() ? at_share({.low = axis.low, .high = axis.high, .logarithmic = axis.logarithmic, .whole = axis.whole}, share)
                                      : coordinate[*axis.moves_with];
    }
    point[a] = axis.is_range() || axis.is_text() ? coordinate[a] : axis.numbers[static_cast<size_t>(coordinate[a])];
  }
  // An axis without its condition has no value, and what hangs on it has none either: those before are settled first.
  for (size_t round = 0; round < axes.size(); ++round) {
    bool changed = false;
    for (size_t a = 0; a < axes.size(); ++a) {
      if (!axes[a].when || std::isnan(point[a]) || axes[a].when->holds(values(point)).value_or(false)) continue;
      point[a] = NAN, changed = true;
    }
    if (!changed) break;
  }
  return point;
}

std::vector<double> Space::coordinates_of(const Point& point) const {
  std::vector<double> all;
  for (size_t a = 0; a < axes.size(); ++a) {
    const Axis& axis = axes[a];
    if (axis.moves_with) continue;
    double coordinate = point[a];
    if (!axis.numbers.empty()) {
      const auto found = std::find(axis.numbers.begin(), axis.numbers.end(), point[a]);
      coordinate = found == axis.numbers.end() ? NAN : static_cast<double>(found - axis.numbers.begin());
    }
    all.push_back(coordinate);
  }
  return all;
}

bool Space::allows(const Point& point) const {
  if (constraints.empty()) return true;
  const std::vector<AxisValue> all = values(point);
  return std::all_of(constraints.begin(), constraints.end(), [&](const Expression& e) { return e.holds(all).value_or(true); });
}

std::vector<Override> Space::overrides(const Point& point) const {
  std::vector<Override> all;
  for (size_t a = 0; a < axes.size(); ++a) {
    if (std::isnan(point[a])) continue;
    for (const std::string& parameter : axes[a].parameters)
      all.push_back({fmt::format("{}={}", parameter, axes[a].toml(point[a])), axes[a].where + ": "});
  }
  // A plugin is chosen before its parameters are set.
  auto depth = [](const Override& o) { return std::count(o.text.begin(), o.text.begin() + static_cast<long>(o.text.find('=')), '.'); };
  std::stable_sort(all.begin(), all.end(), [&](const Override& a, const Override& b) { return depth(a) < depth(b); });
  return all;
}

std::string Space::text(const Point& point) const {
  std::string text;
  for (size_t a = 0; a < axes.size(); ++a)
    if (!std::isnan(point[a])) text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", axes[a].name, axes[a].text(point[a]));
  return text;
}

}  // namespace proxon::sweep
