#include "proxon/experiment/conformance.hpp"

#include "proxon/base/units.hpp"
#include "proxon/experiment/conformance_drivers.hpp"

namespace proxon {
namespace conform {

void declaration(const SchemaInfo& schema, std::string_view what, std::initializer_list<FieldType> allowed, Findings& findings) {
  for (const FieldInfo& field : schema.list()) {
    if (!field.meaning[0]) findings.add("{} '{}' says nothing about what it means.", what, field.name);
    if (field.unit[0] && !is_unit(field.unit)) findings.add("{} '{}' has the unit '{}', which is not known.", what, field.name, field.unit);
    if (allowed.size() && std::find(allowed.begin(), allowed.end(), field.type) == allowed.end())
      findings.add("{} '{}' is of a type that cannot be kept in columns there: {}.", what, field.name, type_text(field));
  }
}

namespace {

void documentation(const PluginInfo& plugin, Findings& findings) {
  const std::string_view summary = plugin.about.summary ? plugin.about.summary : "";
  if (summary.empty() || summary.back() != '.') findings.add("its summary must be a sentence that ends with a full stop: '{}'.", summary);
  declaration(*plugin.parameters, "the parameter", {}, findings);

  // Defaults must pass what is asked of values.
  const Values defaults(*plugin.parameters);
  for (const FieldInfo& field : plugin.parameters->list()) {
    if (field.flags & field_required) continue;
    for (const Entry& entry : defaults.entries()) {
      if (entry.name != field.name) continue;
      if (entry.is_number)
        if (const std::string why = out_of_bounds(field, entry.number); !why.empty()) findings.add("the default of '{}' {}.", field.name, why);
      if (field.type == FieldType::text && field.choices[0] &&
          ("|" + std::string(field.choices) + "|").find("|" + entry.value + "|") == std::string::npos)
        findings.add("the default of '{}', '{}', is not one of {}.", field.name, entry.value, field.choices);
    }
  }
}

/// Default parameters, and a likely value where there is no default.
PluginValue with_likely_values(const PluginInfo& plugin) {
  PluginValue value{plugin.kind, plugin.name, &plugin, Values(*plugin.parameters)};
  for (const FieldInfo& field : plugin.parameters->list()) {
    if (!(field.flags & field_required)) continue;
    const double low = std::isfinite(field.low) ? field.low : 0, likely = std::min(low + 1, field.high);
    switch (field.type) {
      case FieldType::real:
      case FieldType::real32:
        value.values.set(field, std::isfinite(field.low) && std::isfinite(field.high) ? (field.low + field.high) / 2 : likely);
        break;
      case FieldType::integer:
      case FieldType::integer32: value.values.set(field, static_cast<int64_t>(likely)); break;
      case FieldType::reals: value.values.set(field, std::vector<double>{low + 1, low + 2, low + 3}); break;
      case FieldType::integers: value.values.set(field, std::vector<int64_t>{1, 2, 3}); break;
      case FieldType::distribution: value.values.set(field, Distribution::constant(likely)); break;
      default: break;
    }
  }
  return value;
}

}  // namespace
}  // namespace conform

std::vector<std::string> conformance(const PluginInfo& plugin) {
  conform::Findings findings;
  conform::documentation(plugin, findings);
  const std::pair<std::string_view, void (*)(const PluginValue&, conform::Findings&)> drivers[] = {
      {"neuron", conform::neuron},
      {"synapse", conform::synapse},
      {"stimulus", conform::stimulus},
      {"connectivity", conform::connectivity},
      {"learning_rule", conform::learning_rule},
      {"approximator", conform::approximator},
      {"optimizer", conform::optimizer},
      {"metric", conform::metric},
      {"reader", conform::reader},
      {"sampler", conform::sampler},
  };
  const auto driver = std::find_if(std::begin(drivers), std::end(drivers), [&](const auto& d) { return d.first == plugin.kind; });
  PROXON_CHECK(driver != std::end(drivers), "kind '{}'", plugin.kind);
  const PluginValue value = conform::with_likely_values(plugin);
  try {
    driver->second(value, findings);
  } catch (const Error& error) {
    // A refusal is an answer as well, when it is a sentence.
    const std::string_view said = error.what(), prefix = ": ";
    const size_t at = said.find(prefix);
    if (at == std::string_view::npos || said.size() < at + 2 + 8) findings.add("it refuses its default parameters without saying why: '{}'.", said);
  }
  return findings.list();
}

}  // namespace proxon
