// Rules of NWB 2.7: those whose breach pynwb 2.8 refuses on reading, or its validator names; and those of NWBInspector
// that concern times.
#include "proxon/archive/checks.hpp"

namespace proxon::archive {

namespace {
/// As "2026-01-02T03:04:05", perhaps with a fraction, then "Z" or "+01:00".
bool is_time_with_zone(std::string_view text) {
  auto takes = [&](std::string_view picture) {
    if (text.size() < picture.size()) return false;
    for (std::size_t i = 0; i < picture.size(); ++i)
      if (picture[i] == '0' ? !std::isdigit(static_cast<unsigned char>(text[i])) : text[i] != picture[i]) return false;
    text.remove_prefix(picture.size());
    return true;
  };
  if (!takes("0000-00-00T00:00:00")) return false;
  if (takes(".0"))
    while (takes("0")) continue;
  if (text == "Z") return true;
  if (!takes("+") && !takes("-")) return false;
  return (takes("00:00") || takes("0000")) && text.empty();
}

void check_root(Checks& c) {
  c.attribute_is("/", "neurodata_type", "NWBFile");
  c.attribute_is("/", "namespace", "core");
  if (c.attribute("/", "nwb_version", Kind::text)) {
    const Handle root(H5Oopen(c.file, "/", H5P_DEFAULT));
    if (const auto version = attribute_text(root, "nwb_version"); !version.starts_with("2."))
      c.say("the attribute 'nwb_version' of '/' is '{}' where 2.x belongs", version);
  }
  for (const char* name : {"/identifier", "/session_description"}) c.data(name, Kind::text, 0);
  for (const char* name : {"/session_start_time", "/timestamps_reference_time"}) {
    if (!c.data(name, Kind::text, 0)) continue;
    const auto time = read_texts(c.file, name, c.path);
    if (!is_time_with_zone(time.at(0))) c.say("'{}' is '{}', which is no ISO 8601 time with a zone", name, time[0]);
  }
  if (c.data("/file_create_date", Kind::text, 1) && c.rows("/file_create_date") == 0)
    c.say("'/file_create_date' is empty");
  for (const char* name :
       {"/acquisition", "/analysis", "/processing", "/stimulus/presentation", "/stimulus/templates", "/general"})
    c.group(name);
}

void check_series(Checks& c, const std::string& series) {
  if (c.type_of(series) != H5I_GROUP) return c.say("'{}' is no group", series);
  if (!c.attribute(series, "neurodata_type", Kind::text)) return;
  c.attribute(series, "namespace", Kind::text);
  const std::string data = series + "/data", start = series + "/starting_time", stamps = series + "/timestamps";
  if (c.data(data, Kind::number)) {
    c.attribute(data, "unit", Kind::text);
    // Numbers that a recording never has stand in a series that was never filled.
    if (c.type_of(stamps) == H5I_DATASET && c.rows(stamps) != c.rows(data))
      c.say("'{}' has {} rows and {} timestamps", series, c.rows(data), c.rows(stamps));
  }
  if (c.type_of(stamps) == H5I_DATASET) {
    c.attribute_is(stamps, "unit", "seconds");
    return;
  }
  if (!c.data(start, Kind::number, 0)) return;
  c.attribute_is(start, "unit", "seconds");
  if (!c.attribute(start, "rate", Kind::number)) return;
  const Handle dataset(H5Dopen2(c.file, start.c_str(), H5P_DEFAULT));
  if (!(attribute_numbers(dataset, "rate", c.path).at(0) > 0)) c.say("the rate of '{}' is not above 0", start);
}

void check_index(Checks& c, const std::string& table, const std::string& column, hsize_t n) {
  const std::string index = table + "/" + column + "_index", values = table + "/" + column;
  if (!c.data(index, Kind::number, 1)) return;
  c.attribute_is(index, "neurodata_type", "VectorIndex");
  c.attribute_is(index, "namespace", "hdmf-common");
  c.attribute(index, "description", Kind::text);
  const Handle dataset(H5Dopen2(c.file, index.c_str(), H5P_DEFAULT)), type(H5Dget_type(dataset));
  if (H5Tget_class(type) != H5T_INTEGER || H5Tget_sign(type) != H5T_SGN_NONE)
    c.say("'{}' must hold unsigned integers", index);
  if (c.rows(index) != n) c.say("'{}' has {} rows and '{}/id' has {}", index, c.rows(index), table, n);

  // The reference, and ends that never fall and end where the values end.
  if (!has_attribute(dataset, "target")) {
    c.say("'{}' has no attribute 'target'", index);
  } else {
    const Handle attribute(H5Aopen(dataset, "target", H5P_DEFAULT));
    hobj_ref_t reference = 0;
    const bool read = H5Aread(attribute, H5T_STD_REF_OBJ, &reference) >= 0;
    const Handle pointed(read ? H5Rdereference2(dataset, H5P_DEFAULT, H5R_OBJECT, &reference) : H5I_INVALID_HID);
    std::string name(256, '\0');
    const ssize_t size = pointed ? H5Iget_name(pointed, name.data(), name.size()) : 0;
    name.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    if (name != values) c.say("the attribute 'target' of '{}' does not refer to '{}'", index, values);
  }
  if (c.type_of(values) != H5I_DATASET) return;
  std::uint64_t last = 0;
  bool ascending = true;
  c.blocks<std::uint64_t>(index, H5T_NATIVE_UINT64, [&](hsize_t, std::span<const std::uint64_t> ends) {
    for (const auto end : ends) ascending &= end >= last, last = end;
  });
  if (!ascending) c.say("'{}' falls", index);
  if (last != c.rows(values)) c.say("'{}' ends at {} and '{}' has {} rows", index, last, values, c.rows(values));
}

void check_table(Checks& c, const std::string& table) {
  c.attribute(table, "description", Kind::text);
  const std::string id = table + "/id";
  if (!c.data(id, Kind::number, 1)) return;
  c.attribute_is(id, "neurodata_type", "ElementIdentifiers");
  c.attribute_is(id, "namespace", "hdmf-common");
  const hsize_t n = c.rows(id);

  if (!c.attribute(table, "colnames", Kind::text)) return;
  const Handle group(H5Oopen(c.file, table.c_str(), H5P_DEFAULT));
  for (const auto& column : attribute_texts(group, "colnames", c.path)) {
    const std::string name = table + "/" + column;
    if (c.type_of(name) != H5I_DATASET) {
      c.say("the data set '{}' is missing", name);
      continue;
    }
    c.attribute_is(name, "neurodata_type", "VectorData");
    c.attribute_is(name, "namespace", "hdmf-common");
    c.attribute(name, "description", Kind::text);
    if (column == "spike_times")
      check_index(c, table, column, n);
    else if (c.rows(name) != n)
      c.say("'{}' has {} rows and '{}' has {}", name, c.rows(name), id, n);
  }
}

void check_units(Checks& c) {
  if (c.type_of("/units") != H5I_GROUP) return;
  c.attribute_is("/units", "neurodata_type", "Units");
  c.attribute_is("/units", "namespace", "core");
  check_table(c, "/units");
  if (c.type_of("/units/spike_times") != H5I_DATASET) return;
  if (!c.number_type("/units/spike_times", H5T_NATIVE_DOUBLE, "float64")) return;
  bool whole = true;
  c.blocks<double>("/units/spike_times", H5T_NATIVE_DOUBLE, [&](hsize_t, std::span<const double> seconds) {
    for (const double s : seconds) whole &= s >= 0;
  });
  if (!whole) c.say("'/units/spike_times' holds a negative number or NaN");
}
}  // namespace

void check_nwb(Checks& c) {
  check_root(c);
  for (const char* parent : {"/acquisition", "/stimulus/presentation"})
    if (c.type_of(parent) == H5I_GROUP)
      for (const auto& name : c.members(parent)) check_series(c, std::string(parent) + "/" + name);
  check_units(c);
  // Results of an analysis; those that are no tables are their maker's own.
  if (c.type_of("/analysis") != H5I_GROUP) return;
  for (const auto& name : c.members("/analysis")) {
    const std::string table = "/analysis/" + name;
    if (!c.attribute(table, "neurodata_type", Kind::text)) continue;
    const Handle object(H5Oopen(c.file, table.c_str(), H5P_DEFAULT));
    if (attribute_text(object, "neurodata_type") != "DynamicTable") continue;
    c.attribute_is(table, "namespace", "hdmf-common");
    check_table(c, table);
  }
}

}  // namespace proxon::archive
