#include "proxon/base/units.hpp"

#include <array>
#include <charconv>
#include <vector>

#include "proxon/base/error.hpp"

namespace proxon {
namespace {

struct Unit {
  std::string_view name, quantity;
  int power;          // of ten, to the SI unit of the quantity
  double factor = 1;  // beside it
};

constexpr std::array units = {
    Unit{"s", "time", 0},          Unit{"ms", "time", -3},        Unit{"us", "time", -6},        Unit{"min", "time", 0, 60},
    Unit{"h", "time", 0, 3600},    Unit{"V", "voltage", 0},       Unit{"mV", "voltage", -3},     Unit{"uV", "voltage", -6},
    Unit{"A", "current", 0},       Unit{"uA", "current", -6},     Unit{"nA", "current", -9},     Unit{"pA", "current", -12},
    Unit{"S", "conductance", 0},   Unit{"uS", "conductance", -6}, Unit{"nS", "conductance", -9}, Unit{"pS", "conductance", -12},
    Unit{"F", "capacitance", 0},   Unit{"nF", "capacitance", -9}, Unit{"pF", "capacitance", -12},
    Unit{"Ohm", "resistance", 0},  Unit{"MOhm", "resistance", 6}, Unit{"GOhm", "resistance", 9},
    Unit{"Hz", "rate", 0},         Unit{"kHz", "rate", 3},        Unit{"1/s", "rate", 0},        Unit{"1/ms", "rate", 3},
    Unit{"m", "length", 0},        Unit{"mm", "length", -3},      Unit{"um", "length", -6},
    Unit{"1", "pure number", 0},   Unit{"%", "pure number", -2},  Unit{"deg", "angle", 0},
};

constexpr double power_of_ten(int n) {
  double power = 1;
  for (; n > 0; --n) power *= 10;  // exact up to 10^22
  return power;
}

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
  // Powers of ten are exact as whole numbers and not as fractions, so that 20 ms, 0.02 s and 20000 us become the same double.
  const double scaled = value * source.factor / target.factor;
  const int power = source.power - target.power;
  return power >= 0 ? scaled * power_of_ten(power) : scaled / power_of_ten(-power);
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
