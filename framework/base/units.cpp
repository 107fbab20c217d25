#include "proxon/base/units.hpp"

#include <array>
#include <charconv>
#include <vector>

#include "proxon/base/error.hpp"

namespace proxon {
namespace {

struct Unit {
  std::string_view name, quantity;
  double scale;  // to the SI unit of the quantity
};

constexpr std::array units = {
    Unit{"s", "time", 1},          Unit{"ms", "time", 1e-3},        Unit{"us", "time", 1e-6},       Unit{"min", "time", 60},
    Unit{"h", "time", 3600},       Unit{"V", "voltage", 1},         Unit{"mV", "voltage", 1e-3},    Unit{"uV", "voltage", 1e-6},
    Unit{"A", "current", 1},       Unit{"uA", "current", 1e-6},     Unit{"nA", "current", 1e-9},    Unit{"pA", "current", 1e-12},
    Unit{"S", "conductance", 1},   Unit{"uS", "conductance", 1e-6}, Unit{"nS", "conductance", 1e-9},Unit{"pS", "conductance", 1e-12},
    Unit{"F", "capacitance", 1},   Unit{"nF", "capacitance", 1e-9}, Unit{"pF", "capacitance", 1e-12},
    Unit{"Ohm", "resistance", 1},  Unit{"MOhm", "resistance", 1e6}, Unit{"GOhm", "resistance", 1e9},
    Unit{"Hz", "rate", 1},         Unit{"kHz", "rate", 1e3},        Unit{"1/s", "rate", 1},         Unit{"1/ms", "rate", 1e3},
    Unit{"m", "length", 1},        Unit{"mm", "length", 1e-3},      Unit{"um", "length", 1e-6},
    Unit{"1", "pure number", 1},   Unit{"%", "pure number", 1e-2},
};

const Unit* find(std::string_view name) {
  if (name.empty()) name = "1";
  for (const Unit& unit : units)
    if (unit.name == name) return &unit;
  return nullptr;
}

const Unit& find_or_fail(std::string_view name) {
  if (const Unit* unit = find(name)) return *unit;
  std::vector<std::string_view> names;
  for (const Unit& unit : units) names.push_back(unit.name);
  fail("'{}' is not a unit that is known here.{}", name, did_you_mean(name, names));
}

}  // namespace

bool is_unit(std::string_view unit) { return find(unit) != nullptr; }

bool same_quantity(std::string_view a, std::string_view b) {
  const Unit *first = find(a), *second = find(b);
  return first && second && first->quantity == second->quantity;
}

double convert(double value, std::string_view from, std::string_view to) {
  const Unit &source = find_or_fail(from), &target = find_or_fail(to);
  if (source.quantity != target.quantity)
    fail("{} is a {} and cannot be given in {}, which is a {}.", source.name, source.quantity, target.name, target.quantity);
  if (source.scale == target.scale) return value;
  // One rounding: 20 ms and 0.02 s become the same double wherever the ratio is a power of ten.
  return source.scale > target.scale ? value * (source.scale / target.scale) : value / (target.scale / source.scale);
}

Quantity parse_quantity(std::string_view text) {
  auto trim = [](std::string_view part) {
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    return part;
  };
  std::string_view rest = trim(text);
  if (!rest.empty() && rest.front() == '+') rest.remove_prefix(1);
  Quantity quantity;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), quantity.value);
  if (error != std::errc()) fail("'{}' is not a number with a unit (write for example \"20 ms\").", text);
  quantity.unit = trim(rest.substr(static_cast<size_t>(end - rest.data())));
  if (!quantity.unit.empty()) find_or_fail(quantity.unit);
  return quantity;
}

}  // namespace proxon
