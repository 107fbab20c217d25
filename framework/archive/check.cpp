#include "proxon/archive/check.hpp"

#include "proxon/archive/checks.hpp"

namespace proxon::archive {

std::vector<std::string> check(const std::string& path) {
  Checks checks;
  checks.path = path;
  checks.file = open_file(path, left_as(path));
  check_nwb(checks);
  check_sonata(checks);
  return std::move(checks.sentences);
}

bool Checks::group(const std::string& name) {
  if (type_of(name) == H5I_GROUP) return true;
  say("the group '{}' is missing", name);
  return false;
}

bool Checks::data(const std::string& name, Kind kind, int axes) {
  if (type_of(name) != H5I_DATASET) {
    say("the data set '{}' is missing", name);
    return false;
  }
  const Handle dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT)), type(H5Dget_type(dataset));
  if (kind_of(type) != kind) {
    say("the data set '{}' holds no {}", name, kind == Kind::text ? "text" : "numbers");
    return false;
  }
  if (axes >= 0 && static_cast<int>(extent(dataset).size()) != axes) {
    say("the data set '{}' has {} axes where {} belong", name, extent(dataset).size(), axes);
    return false;
  }
  return true;
}

bool Checks::number_type(const std::string& name, hid_t wanted, const char* what) {
  const Handle dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT)), type(H5Dget_type(dataset));
  const bool same = H5Tget_class(type) == H5Tget_class(wanted) && H5Tget_size(type) == H5Tget_size(wanted) &&
                    (H5Tget_class(type) != H5T_INTEGER || H5Tget_sign(type) == H5Tget_sign(wanted));
  if (!same) say("the data set '{}' must be of {}", name, what);
  return same;
}

bool Checks::attribute(const std::string& object, const std::string& name, Kind kind) {
  const Handle where(H5Oopen(file, object.c_str(), H5P_DEFAULT));
  if (!has_attribute(where, name)) {
    say("'{}' has no attribute '{}'", object, name);
    return false;
  }
  const Handle attribute(H5Aopen(where, name.c_str(), H5P_DEFAULT)), type(H5Aget_type(attribute));
  if (kind_of(type) == kind) return true;
  say("the attribute '{}' of '{}' holds no {}", name, object, kind == Kind::text ? "text" : "number");
  return false;
}

bool Checks::attribute_is(const std::string& object, const std::string& name, std::string_view value) {
  if (!attribute(object, name, Kind::text)) return false;
  const Handle where(H5Oopen(file, object.c_str(), H5P_DEFAULT));
  const std::string text = attribute_text(where, name);
  if (text == value) return true;
  say("the attribute '{}' of '{}' is '{}' where '{}' belongs", name, object, text, value);
  return false;
}

H5I_type_t Checks::type_of(const std::string& name) {
  if (!exists(file, name)) return H5I_BADID;
  const Handle object(H5Oopen(file, name.c_str(), H5P_DEFAULT));
  return H5Iget_type(object);
}

hsize_t Checks::rows(const std::string& name) {
  const auto n = extent(Handle(H5Dopen2(file, name.c_str(), H5P_DEFAULT)));
  return n.empty() ? 1 : n[0];
}

std::vector<std::string> Checks::members(const std::string& name) {
  const Handle object(H5Oopen(file, name.c_str(), H5P_DEFAULT));
  return H5Iget_type(object) == H5I_GROUP ? member_names(object) : std::vector<std::string>{};
}

}  // namespace proxon::archive
