// Files that an experiment declares: what data it stands on, where that comes from, and that it is still the same.
#pragma once
#include "proxon/archive/reader.hpp"
#include "proxon/schema/document.hpp"

namespace proxon {

/// [files.NAME]
struct FileSettings {
  std::string_view path = "";
  std::string_view sha256 = "";
  std::string_view licence = "";
  std::string_view origin = "";
  std::string_view content = "";
  static constexpr auto fields() {
    using S = FileSettings;
    return std::tuple{field<&S::path>("", "where it must stand, from the experiment's folder on", file_name, required),
                      field<&S::sha256>("", "its SHA-256 sum in hexadecimal; another sum is refused; not looked at when empty"),
                      field<&S::licence>("", "licence under which it may be used"),
                      field<&S::origin>("", "where it can be got when it is missing"),
                      field<&S::content>("", "what it holds: shape, columns, units")};
  }
};

/// Reads the tables below `files` and looks at each file. Throws Error when one is missing (with its origin, licence and sum) or has changed.
/// Gives the declarations by name, for the archive.
std::vector<std::pair<std::string, Values>> read_files(Table root);

/// The files that an archive was made from, as they are declared there: they must still be there, and unchanged. Throws Error.
std::vector<std::pair<std::string, Values>> archived_files(const archive::Reader& reader);

/// Declares the sum of each file that has none, and where it is from anywhere, so that an archive says what it was made from.
void pin_files(std::vector<std::pair<std::string, Values>>& files);

/// SHA-256 (FIPS 180-4) of a file's bytes, 64 hexadecimal digits.
std::string sha256_of(const std::string& path);

}  // namespace proxon
