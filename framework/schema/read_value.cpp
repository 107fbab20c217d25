#include "proxon/schema/read_value.hpp"

#include <algorithm>
#include <sstream>

#include "proxon/base/csv.hpp"
#include "proxon/base/units.hpp"
#include "proxon/schema/document.hpp"

namespace proxon {

double read_number(const toml::node& node, const char* unit, const std::string& where) {
  double value = 0;
  if (const auto number = node.as_floating_point()) {
    value = number->get();
  } else if (const auto whole = node.as_integer()) {
    value = static_cast<double>(whole->get());
  } else if (const auto text = node.as_string()) {
    try {
      const Quantity quantity = parse_quantity(text->get());
      value = quantity.unit.empty() ? quantity.value : convert(quantity.value, quantity.unit, unit);
    } catch (const Error& error) {
      fail("{}\"{}\" does not fit: {}", where, text->get(), error.what());
    }
  } else {
    fail("{}must be a number{}.", where, std::string_view(unit) == "1" ? "" : fmt::format(", bare in {} or with its unit as in \"20 {}\"", unit, unit));
  }
  if (!std::isfinite(value)) fail("{}is {}, and must be a finite number.", where, value);
  return value;
}

void check_bounds(const FieldInfo& field, double value, const std::string& where) {
  if (const std::string why = out_of_bounds(field, value); !why.empty()) fail("{}{}.", where, why);
}

int64_t read_whole(const FieldInfo& field, const toml::node& node, const std::string& where) {
  int64_t value = 0;
  if (const auto whole = node.as_integer())
    value = whole->get();
  else if (const auto number = node.as_floating_point();
           number && number->get() == std::floor(number->get()) && std::abs(number->get()) < 9.2e18)
    value = static_cast<int64_t>(number->get());
  else
    fail("{}must be a whole number.", where);
  check_bounds(field, static_cast<double>(value), where);
  if (field.type == FieldType::integer32 && (value > 2147483647 || value < -2147483647))
    fail("{}is too large: at most 2147483647.", where);
  return value;
}

std::string read_text(const FieldInfo& field, const toml::node& node, const std::string& where, const std::string& document) {
  const auto text = node.as_string();
  if (!text) fail("{}must be a text in quotes.", where);
  if (field.flags & field_path) return text->get().empty() ? "" : resolve_path(document, text->get());
  if (!field.choices[0]) return text->get();
  std::vector<std::string> choices;
  std::istringstream stream{std::string(field.choices)};
  for (std::string choice; std::getline(stream, choice, '|');) choices.push_back(choice);
  if (std::find(choices.begin(), choices.end(), text->get()) == choices.end())
    fail("{}'{}' is not one of {}.{}", where, text->get(), fmt::join(choices, ", "), did_you_mean(text->get(), choices));
  return text->get();
}

std::vector<double> read_column(const FieldInfo& field, const toml::table& table, const std::string& where, const std::string& document) {
  for (const auto& [key, value] : table)
    if (key != "file" && key != "column") fail("{}'{}' is not known here: write {{ file = \"...\", column = \"...\" }}.", where, key.str());
  const auto file = table["file"].value<std::string>(), column = table["column"].value<std::string>();
  if (!file || !column) fail("{}must be a list of numbers, or {{ file = \"data.csv\", column = \"name\" }}.", where);
  std::vector<double> values;
  try {
    CsvFile csv(resolve_path(document, *file));
    const size_t position = csv.column(*column);
    for (std::vector<std::string> row; csv.next(row);) {
      values.push_back(csv.number(row, position));
      check_bounds(field, values.back(), csv.where() + ": " + *column + ": ");
    }
  } catch (const std::runtime_error& error) {
    fail("{}{}", where, error.what());
  }
  if (values.empty()) fail("{}{} has no rows below its header.", where, *file);
  return values;
}

std::string one_line(const toml::node& node) {
  std::ostringstream text;
  node.visit([&](const auto& value) { text << value; });
  std::string line = text.str();
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

/// The unit of a number per micrometre: bare, as units of that sort are not converted.
static double read_scale(const toml::node& node, DistanceLaw law, const std::string& where) {
  return read_number(node, law == DistanceLaw::linear ? "1" : "um", where);
}

Distribution read_distribution(const FieldInfo& field, const toml::node& node, const std::string& where) {
  if (!node.is_table()) {
    const double value = read_number(node, field.unit, where);
    check_bounds(field, value, where);
    return Distribution::constant(value);
  }
  const toml::table& table = *node.as_table();
  Distribution d;
  const auto choose = [&](const char* key, std::span<const char* const> names) {
    const auto given = table[key].value<std::string>();
    const auto found = std::find(names.begin(), names.end(), given.value_or(""));
    if (found == names.end())
      fail("{}{} must be one of {}.{}", where, key, fmt::join(names, ", "),
           given ? did_you_mean(*given, std::vector<std::string>(names.begin(), names.end())) : "");
    return found - names.begin();
  };
  d.kind = static_cast<DistributionKind>(choose("distribution", distribution_names));
  if (table.contains("distance")) d.law = static_cast<DistanceLaw>(choose("distance", std::span(distance_law_names).subspan(1)) + 1);
  const char* kind = distribution_names[static_cast<size_t>(d.kind)];
  const char* scale = d.law == DistanceLaw::linear ? "slope" : "length";

  const std::vector<std::string> keys{"mean", "std", "low", "high", "slope", "length"};
  double* const values[] = {&d.mean, &d.std, &d.low, &d.high};
  for (const auto& [key, value] : table) {
    const std::string name(key.str());
    if (name == "distribution" || name == "distance") continue;
    const auto position = static_cast<size_t>(std::find(keys.begin(), keys.end(), name) - keys.begin());
    if (position == keys.size())
      fail("{}unknown key '{}' of a distribution; it has mean, std, low, high, distance.{}", where, name, did_you_mean(name, keys));
    if (position >= 4 && (d.law == DistanceLaw::none || name != scale))
      fail("{}'{}' belongs to distance = {}.", where, name, name == "slope" ? "\"linear\"" : "\"exponential\" or \"gaussian\"");
    if (position < 4)
      *values[position] = read_number(value, field.unit, where + name + ": ");
    else
      d.scale = read_scale(value, d.law, where + name + ": ");
  }
  auto need = [&](const char* key, const char* of) {
    if (!table.contains(key)) fail("{}a {} distribution needs '{}'.", where, of, key);
  };
  if (d.kind == DistributionKind::uniform) {
    need("low", kind), need("high", kind);
    if (table.contains("mean") || table.contains("std")) fail("{}a uniform distribution has low and high, not mean or std.", where);
  } else {
    need("mean", kind);
    if (d.kind == DistributionKind::constant && (table.contains("std") || table.contains("low") || table.contains("high")))
      fail("{}a constant has its mean alone.", where);
    if (d.kind == DistributionKind::exponential && table.contains("std"))
      fail("{}the std of an exponential distribution is its mean; leave std out.", where);
    if (d.kind != DistributionKind::constant && d.kind != DistributionKind::exponential) need("std", kind);
  }
  if (d.law != DistanceLaw::none && !table.contains(scale)) fail("{}distance = \"{}\" needs '{}'.", where, distance_law_names[static_cast<size_t>(d.law)], scale);
  if (d.law > DistanceLaw::linear && !(d.scale > 0)) fail("{}length must be above 0 um.", where);
  if (d.low > d.high) fail("{}low must not be above high.", where);
  if (d.std < 0) fail("{}std must not be negative.", where);
  const bool one_sign = d.kind == DistributionKind::lognormal || d.kind == DistributionKind::exponential || d.kind == DistributionKind::gamma;
  if (one_sign && d.mean == 0) fail("{}the mean of {} distribution must not be 0.", where, with_article(kind));
  if (d.kind != DistributionKind::uniform && (d.mean < d.low || d.mean > d.high))
    fail("{}the mean must lie between low and high.", where);
  return d;
}

}  // namespace proxon
