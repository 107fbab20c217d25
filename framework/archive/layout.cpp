#include "proxon/archive/layout.hpp"

#include <ctime>

namespace proxon::archive {

std::string report_name(const std::vector<TraceRecord>& traces, std::size_t i) {
  for (std::size_t j = 0; j < i; ++j)
    if (traces[j].population == traces[i].population) return series_name(traces[i]);
  return traces[i].population;
}

void put_text(char* field, std::size_t size, std::string_view text, bool exact) {
  std::memset(field, 0, size);
  if (text.size() <= size) {
    std::memcpy(field, text.data(), text.size());
    return;
  }
  if (exact) fail("the text '{}...' is too long for the archive: at most {} bytes.", text.substr(0, 40), size);
  // Cut before a character of UTF-8, never within.
  std::size_t n = size - 3;
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) --n;
  std::memcpy(field, text.data(), n);
  std::memcpy(field + n, "...", 3);
}

namespace {
void insert(const Handle& type, const char* name, std::size_t offset, hid_t member) {
  H5Tinsert(type, name, offset, member);
}
void insert_text(const Handle& type, const char* name, std::size_t offset, std::size_t size) {
  H5Tinsert(type, name, offset, text_type(size));
}
}  // namespace

#define PROXON_TEXT(field) insert_text(type, #field, offsetof(Row, field), sizeof(Row::field))
#define PROXON_NUMBER(field, member) insert(type, #field, offsetof(Row, field), member)

template <>
Handle row_type<LayerRow>() {
  using Row = LayerRow;
  Handle type(H5Tcreate(H5T_COMPOUND, sizeof(Row)));
  PROXON_TEXT(name);
  PROXON_NUMBER(inputs, H5T_NATIVE_INT64);
  PROXON_NUMBER(outputs, H5T_NATIVE_INT64);
  PROXON_NUMBER(weight, H5T_NATIVE_INT64);
  PROXON_NUMBER(bias, H5T_NATIVE_INT64);
  PROXON_TEXT(activation);
  return type;
}

template <>
Handle row_type<MetricRow>() {
  using Row = MetricRow;
  Handle type(H5Tcreate(H5T_COMPOUND, sizeof(Row)));
  PROXON_TEXT(name);
  PROXON_TEXT(scope);
  PROXON_NUMBER(value, H5T_NATIVE_DOUBLE);
  PROXON_NUMBER(n, H5T_NATIVE_INT64);
  PROXON_NUMBER(defined, H5T_NATIVE_UINT8);
  PROXON_TEXT(reason);
  PROXON_TEXT(meaning);
  PROXON_TEXT(range);
  return type;
}

template <>
Handle row_type<MetricBaselineRow>() {
  using Row = MetricBaselineRow;
  Handle type(H5Tcreate(H5T_COMPOUND, sizeof(Row)));
  PROXON_NUMBER(metric, H5T_NATIVE_INT64);
  PROXON_TEXT(name);
  PROXON_NUMBER(value, H5T_NATIVE_DOUBLE);
  PROXON_NUMBER(defined, H5T_NATIVE_UINT8);
  PROXON_TEXT(reason);
  return type;
}

template <>
Handle row_type<EpochRecord>() {
  using Row = EpochRecord;
  Handle type(H5Tcreate(H5T_COMPOUND, sizeof(Row)));
  PROXON_NUMBER(epoch, H5T_NATIVE_INT64);
  PROXON_NUMBER(train_loss, H5T_NATIVE_DOUBLE);
  PROXON_NUMBER(validation_loss, H5T_NATIVE_DOUBLE);
  PROXON_NUMBER(learning_rate, H5T_NATIVE_DOUBLE);
  return type;
}

template <>
Handle row_type<StageRow>() {
  using Row = StageRow;
  Handle type(H5Tcreate(H5T_COMPOUND, sizeof(Row)));
  PROXON_TEXT(name);
  PROXON_NUMBER(seconds, H5T_NATIVE_DOUBLE);
  PROXON_TEXT(finished);
  return type;
}

template <>
Handle row_type<PluginRow>() {
  using Row = PluginRow;
  Handle type(H5Tcreate(H5T_COMPOUND, sizeof(Row)));
  PROXON_TEXT(kind);
  PROXON_TEXT(name);
  PROXON_TEXT(file);
  PROXON_TEXT(stamp);
  return type;
}

template <>
Handle row_type<ParameterRow>() {
  using Row = ParameterRow;
  Handle type(H5Tcreate(H5T_COMPOUND, sizeof(Row)));
  PROXON_TEXT(object);
  PROXON_TEXT(name);
  PROXON_NUMBER(kind, H5T_NATIVE_UINT8);
  PROXON_NUMBER(number, H5T_NATIVE_DOUBLE);
  PROXON_NUMBER(integer, H5T_NATIVE_INT64);
  PROXON_TEXT(text);
  PROXON_TEXT(unit);
  return type;
}

template <>
Handle row_type<ChannelRow>() {
  return text_type(sizeof(ChannelRow));
}

std::string now() {
  const std::time_t seconds = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S+00:00", &utc);
  return text;
}

std::uint64_t fnv1a(std::string_view text, std::uint64_t value) {
  for (const unsigned char c : text) value = (value ^ c) * 0x100000001b3u;
  return value;
}

std::string content_hash(std::string_view a, std::string_view b) {
  // Twice, with different beginnings.
  return fmt::format("{:016x}{:016x}", fnv1a(b, fnv1a(a)), fnv1a(b, fnv1a(a, 0x84222325cbf29ce4u)));
}

std::vector<ParameterRow> parameter_rows(std::span<const Object> objects) {
  std::vector<ParameterRow> rows;
  for (const auto& object : objects) {
    auto add = [&](const Attribute& attribute, std::uint8_t kind) -> ParameterRow& {
      ParameterRow& row = rows.emplace_back();
      row = {};
      put_text(row.object, object.name, true);
      put_text(row.name, attribute.name, true);
      put_text(row.unit, attribute.unit, true);
      row.kind = kind;
      return row;
    };
    if (object.attributes.empty()) add({}, 6);
    for (const auto& attribute : object.attributes) {
      const auto& value = attribute.value;
      if (const auto* number = std::get_if<double>(&value)) add(attribute, 0).number = *number;
      if (const auto* integer = std::get_if<std::int64_t>(&value)) add(attribute, 1).integer = *integer;
      if (const auto* yes = std::get_if<bool>(&value)) add(attribute, 2).integer = *yes;
      if (const auto* text = std::get_if<std::string>(&value)) put_text(add(attribute, 3).text, *text, true);
      if (const auto* list = std::get_if<std::vector<double>>(&value)) {
        if (list->empty()) add(attribute, 5);
        for (const double number : *list) add(attribute, 4).number = number;
      }
    }
  }
  return rows;
}

std::vector<Object> objects_of(std::span<const ParameterRow> rows) {
  std::vector<Object> objects;
  for (const auto& row : rows) {
    const std::string name = get_text(row.object);
    if (objects.empty() || objects.back().name != name) objects.push_back({name, {}});
    auto& attributes = objects.back().attributes;
    if (row.kind == 6) continue;
    const std::string key = get_text(row.name);
    const bool more = row.kind == 4 && !attributes.empty() && attributes.back().name == key;
    if (!more) attributes.push_back({key, 0.0, get_text(row.unit)});
    auto& value = attributes.back().value;
    if (row.kind == 0) value = row.number;
    if (row.kind == 1) value = row.integer;
    if (row.kind == 2) value = row.integer != 0;
    if (row.kind == 3) value = get_text(row.text);
    if (!more && (row.kind == 4 || row.kind == 5)) value = std::vector<double>{};
    if (row.kind == 4) std::get<std::vector<double>>(value).push_back(row.number);
  }
  return objects;
}

}  // namespace proxon::archive
