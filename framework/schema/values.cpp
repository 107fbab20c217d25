#include "proxon/schema/values.hpp"

namespace proxon {

Values::Values(const SchemaInfo& schema)
    : schema_(&schema),
      bytes_(std::make_shared<std::max_align_t[]>(schema.size / sizeof(std::max_align_t) + 1)),
      kept_(std::make_shared<std::vector<std::shared_ptr<const void>>>()) {
  std::memcpy(bytes_.get(), schema.defaults, schema.size);
}

template <class T>
const T* Values::keep(T value) {
  auto kept = std::make_shared<const T>(std::move(value));
  kept_->push_back(kept);
  return kept.get();
}

void Values::set(const FieldInfo& field, double value) {
  if (field.type == FieldType::real32)
    at<float>(field) = static_cast<float>(value);
  else
    at<double>(field) = value;
}
void Values::set(const FieldInfo& field, int64_t value) {
  if (field.type == FieldType::integer32)
    at<int32_t>(field) = static_cast<int32_t>(value);
  else
    at<int64_t>(field) = value;
}
void Values::set(const FieldInfo& field, bool value) { at<bool>(field) = value; }
void Values::set(const FieldInfo& field, std::string value) { at<std::string_view>(field) = *keep(std::move(value)); }
void Values::set(const FieldInfo& field, std::vector<double> value) { at<std::span<const double>>(field) = *keep(std::move(value)); }
void Values::set(const FieldInfo& field, std::vector<int64_t> value) { at<std::span<const int64_t>>(field) = *keep(std::move(value)); }
void Values::set(const FieldInfo& field, std::vector<std::string> value) {
  const auto& texts = *keep(std::move(value));
  at<std::span<const std::string_view>>(field) = *keep(std::vector<std::string_view>(texts.begin(), texts.end()));
}
void Values::set(const FieldInfo& field, const Distribution& value) { at<Distribution>(field) = value; }
void Values::set(const FieldInfo& field, PluginValue value) { at<PluginRef>(field).value = keep(std::move(value)); }

const FieldInfo* Values::find(std::string_view name) const {
  for (const FieldInfo& field : schema_->list())
    if (field.name == name) return &field;
  return nullptr;
}

std::string number_text(double value) { return fmt::format("{}", value); }

std::string distribution_text(const Distribution& d) {
  std::string text = number_text(d.mean);
  if (d.kind == DistributionKind::uniform) {
    text = fmt::format("uniform(low {}, high {})", d.low, d.high);
  } else if (d.kind != DistributionKind::constant) {
    text = fmt::format("{}(mean {}", distribution_names[static_cast<size_t>(d.kind)], d.mean);
    if (d.kind != DistributionKind::exponential) text += fmt::format(", std {}", d.std);
    if (std::isfinite(d.low)) text += fmt::format(", low {}", d.low);
    if (std::isfinite(d.high)) text += fmt::format(", high {}", d.high);
    text += ")";
  }
  switch (d.law) {
    case DistanceLaw::none: return text;
    case DistanceLaw::linear: return text + fmt::format(" + {} x distance/um", d.scale);
    case DistanceLaw::exponential: return text + fmt::format(" x exp(-distance / {} um)", d.scale);
    case DistanceLaw::gaussian: return text + fmt::format(" x exp(-distance^2 / (2 ({} um)^2))", d.scale);
  }
  return text;
}

namespace {

template <class Range, class Text>
std::string list_text(const Range& range, Text text) {
  std::string result = "[";
  for (const auto& value : range) result += (result.size() > 1 ? ", " : "") + text(value);
  return result + "]";
}

Entry entry_of(const FieldInfo& field, const void* object) {
  const char* at = static_cast<const char*>(object) + field.offset;
  Entry entry{.name = field.name, .unit = field.unit, .meaning = field.meaning};
  // What came from a file is not told again.
  auto from_file = [&](const auto& list) {
    if (!(field.flags & field_filled) || list.size() <= 8) return false;
    entry.value = fmt::format("{} values", list.size());
    return true;
  };
  auto number = [&](double value) { entry.value = number_text(value), entry.number = value, entry.is_number = true; };
  switch (field.type) {
    case FieldType::real: number(*reinterpret_cast<const double*>(at)); break;
    case FieldType::real32: number(*reinterpret_cast<const float*>(at)); break;
    case FieldType::integer: number(static_cast<double>(*reinterpret_cast<const int64_t*>(at))); break;
    case FieldType::integer32: number(*reinterpret_cast<const int32_t*>(at)); break;
    case FieldType::boolean: entry.value = *reinterpret_cast<const bool*>(at) ? "true" : "false", entry.unit = ""; break;
    case FieldType::text: entry.value = *reinterpret_cast<const std::string_view*>(at), entry.unit = ""; break;
    case FieldType::reals:
      if (const auto& list = *reinterpret_cast<const std::span<const double>*>(at); !from_file(list)) entry.value = list_text(list, number_text);
      break;
    case FieldType::integers:
      if (from_file(*reinterpret_cast<const std::span<const int64_t>*>(at))) break;
      entry.value = list_text(*reinterpret_cast<const std::span<const int64_t>*>(at), [](int64_t v) { return std::to_string(v); });
      break;
    case FieldType::texts:
      for (const std::string_view text : *reinterpret_cast<const std::span<const std::string_view>*>(at)) entry.texts.emplace_back(text);
      entry.value = list_text(entry.texts, [](const std::string& text) { return text; }), entry.unit = "";
      break;
    case FieldType::distribution: {
      const auto& d = *reinterpret_cast<const Distribution*>(at);
      if (!d.varies())
        number(d.mean);
      else
        entry.value = distribution_text(d);
      break;
    }
    case FieldType::plugin: {
      const auto& ref = *reinterpret_cast<const PluginRef*>(at);
      entry.value = ref ? ref->name : ref.by_default, entry.unit = "";
      break;
    }
  }
  return entry;
}

}  // namespace

std::vector<Entry> Values::entries() const {
  std::vector<Entry> all;
  for (const FieldInfo& field : schema_->list()) {
    Entry entry = entry_of(field, data());
    entry.is_default = !(field.flags & field_required) && entry.value == entry_of(field, schema_->defaults).value;
    all.push_back(entry);
    if (field.type != FieldType::plugin || !at<PluginRef>(field)) continue;
    for (Entry below : at<PluginRef>(field)->values.entries()) {
      below.name = entry.name + "." + below.name;
      all.push_back(std::move(below));
    }
  }
  return all;
}

std::string bounds_text(const FieldInfo& field) {
  const bool low = std::isfinite(field.low), high = std::isfinite(field.high);
  const bool low_open = field.flags & field_low_open, high_open = field.flags & field_high_open;
  if (low && high && !low_open && !high_open) return fmt::format("between {} and {}", field.low, field.high);
  std::string text;
  if (low) text = fmt::format("{} {}", low_open ? "above" : "at least", field.low);
  if (high) text += fmt::format("{}{} {}", low ? " and " : "", high_open ? "below" : "at most", field.high);
  return text;
}

std::string out_of_bounds(const FieldInfo& field, double value) {
  if (!std::isfinite(value)) return fmt::format("is {}, and must be a finite number", value);
  const bool too_low = field.flags & field_low_open ? !(value > field.low) : value < field.low;
  const bool too_high = field.flags & field_high_open ? !(value < field.high) : value > field.high;
  if (!too_low && !too_high) return "";
  return fmt::format("is {}{}, and must be {}", number_text(value),
                     std::string_view(field.unit) == "1" ? "" : fmt::format(" {}", field.unit), bounds_text(field));
}

std::string type_text(const FieldInfo& field) {
  if (field.type == FieldType::text && field.choices[0]) return fmt::format("one of {}", field.choices);
  switch (field.type) {
    case FieldType::real:
    case FieldType::real32: return "number";
    case FieldType::integer:
    case FieldType::integer32: return "whole number";
    case FieldType::boolean: return "true or false";
    case FieldType::text: return field.flags & field_path ? "file name" : "text";
    case FieldType::reals: return "list of numbers, or { file, column }";
    case FieldType::integers: return "list of whole numbers";
    case FieldType::texts: return field.flags & field_any ? "list of values of any type" : field.flags & field_path ? "list of file names" : "list of texts";
    case FieldType::distribution: return "number or distribution";
    case FieldType::plugin: return fmt::format("{}: a name, or {{ name, its parameters }}", field.choices);
  }
  return "";
}

std::string default_text(const SchemaInfo& schema, const FieldInfo& field) {
  if (field.flags & field_required) return "required";
  const std::string value = entry_of(field, schema.defaults).value;
  return value.empty() ? "none" : value;
}

}  // namespace proxon
