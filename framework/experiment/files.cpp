#include "proxon/experiment/files.hpp"

#include <filesystem>
#include <fstream>

#include "proxon/experiment/sha256.hpp"

namespace proxon {

std::string sha256_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) fail("{}: cannot be opened for reading.", path);
  Sha256 sum;
  std::vector<char> block(1 << 16);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) sum.add({block.data(), static_cast<size_t>(in.gcount())});
  return fmt::format("{:02x}", fmt::join(sum.sum(), ""));
}

namespace {

/// Throws Error when the file is not there or not the one that was declared; `where` begins the sentence.
void check_file(const FileSettings& file, const std::string& where) {
  const std::string path(file.path);
  if (!std::filesystem::is_regular_file(path)) {
    std::string help;
    if (!file.origin.empty()) help += fmt::format(" Get it from {}.", file.origin);
    if (!file.licence.empty()) help += fmt::format(" Licence: {}.", file.licence);
    if (!file.sha256.empty()) help += fmt::format(" SHA-256: {}.", file.sha256);
    fail("{}the file {} is not there.{}", where, path, help);
  }
  if (file.sha256.empty()) return;
  if (const std::string sum = sha256_of(path); sum != file.sha256)
    fail("{}{} has the SHA-256 {}: it is not the file that this experiment was written for. Get that one{}{}, or declare the new sum.", where, path, sum,
         file.origin.empty() ? "" : " from ", file.origin);
}

}  // namespace

std::vector<std::pair<std::string, Values>> read_files(Table root) {
  std::vector<std::pair<std::string, Values>> files;
  for (auto& [name, table] : root.tables("files")) {
    Values values = table.read<FileSettings>();
    const auto& file = values.as<FileSettings>();
    check_file(file, table.where(std::filesystem::is_regular_file(std::string(file.path)) ? "sha256" : "path"));
    files.emplace_back(name, std::move(values));
  }
  return files;
}

std::vector<std::pair<std::string, Values>> archived_files(const archive::Reader& reader) {
  std::vector<std::pair<std::string, Values>> files;
  constexpr std::string_view prefix = "files/";
  for (const archive::Object& object : reader.objects()) {
    if (!object.name.starts_with(prefix)) continue;
    Values values(schema_of<FileSettings>());
    for (const archive::Attribute& attribute : object.attributes)
      if (const auto* text = std::get_if<std::string>(&attribute.value))
        if (const FieldInfo* field = values.find(attribute.name)) values.set(*field, *text);
    check_file(values.as<FileSettings>(), fmt::format("{}: files.{}: ", reader.path(), object.name.substr(prefix.size())));
    files.emplace_back(object.name.substr(prefix.size()), std::move(values));
  }
  return files;
}

void pin_files(std::vector<std::pair<std::string, Values>>& files) {
  for (auto& [name, values] : files) {
    const std::string path(values.as<FileSettings>().path);
    if (values.as<FileSettings>().sha256.empty()) values.set(*values.find("sha256"), sha256_of(path));
    values.set(*values.find("path"), std::filesystem::absolute(path).string());
  }
}

}  // namespace proxon
