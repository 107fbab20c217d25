#include "proxon/plugin/scaffold.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "proxon/plugin/registry.hpp"

namespace proxon {

namespace fs = std::filesystem;

namespace {

/// The templates that belong to this program: beside it when installed, else those of the source tree that its build folder links to.
fs::path template_folder() {
  std::error_code none;
  fs::path at = fs::read_symlink("/proc/self/exe", none).parent_path();
  for (; at.has_relative_path(); at = at.parent_path())
    for (const char* place : {"share/proxon/templates", "include/proxon/plugin/templates"})
      if (fs::is_directory(at / place, none)) return at / place;
  fail("the templates of plugins (share/proxon/templates) are not beside this program; install it again.");
}

void check_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const bool fits = !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '_';
  });
  if (!fits) fail("'{}' cannot be the name of a plugin: use letters, digits and _, beginning with a letter.", name);
  if (name.size() >= sizeof(Stamp::name)) fail("'{}' is too long for the name of a plugin: at most {} letters.", name, sizeof(Stamp::name) - 1);
}

std::string filled(const fs::path& file, std::string_view name) {
  std::ifstream in(file);
  if (!in) fail("{}: cannot be read; install Proxon again.", file.string());
  std::ostringstream stream;
  stream << in.rdbuf();
  std::string text = std::move(stream).str();
  const std::string_view mark = "@NAME@";
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + name.size())) text.replace(at, mark.size(), name);
  return text;
}

}  // namespace

std::vector<std::string> write_plugin_template(std::string_view kind, std::string_view name, const std::string& folder) {
  check_name(name);
  std::vector<std::string_view> kinds;
  for (const KindInfo& info : plugin_kinds()) kinds.push_back(info.kind);
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
    fail("there is no kind of plugin called '{}'; there are: {}.{}", kind, fmt::join(kinds, ", "), did_you_mean(kind, kinds));

  // Everything is read and checked before the first file is written.
  const fs::path from = template_folder();
  const std::string base(name);
  const std::pair<std::string, std::string> texts[] = {
      {base + ".cpp", filled(from / std::string(kind) / "plugin.cpp.in", name)},
      {base + "_test.cpp", filled(from / std::string(kind) / "test.cpp.in", name)},
      {"CMakeLists.txt", filled(from / "CMakeLists.txt.in", name)},
  };
  for (const auto& [file, text] : texts)
    if (fs::exists(fs::path(folder) / file)) fail("{} is there already; choose another name or folder.", (fs::path(folder) / file).string());

  std::error_code error;
  fs::create_directories(folder, error);
  std::vector<std::string> written;
  for (const auto& [file, text] : texts) {
    written.push_back((fs::path(folder) / file).string());
    std::ofstream out(written.back());
    out << text;
    if (!out.flush()) fail("{}: cannot be written. Is the folder writable, and the disk not full?", written.back());
  }
  return written;
}

}  // namespace proxon
