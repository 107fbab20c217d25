#include <filesystem>
#include <fstream>

#include "proxon/base/error.hpp"
#include "proxon/cli/verbs.hpp"
#include "proxon/experiment/reference.hpp"
#include "proxon/sweep/plan.hpp"

namespace proxon::cli {
namespace {

std::string command_page() {
  std::string text = "<!-- made by `proxon reference`; do not edit -->\n# The command line\n";
  for (const Verb& verb : verbs()) text += fmt::format("\n## proxon {}\n\n```\n{}```\n", verb.name, help(verb));
  return text + "\nExit status: 0 done; 1 something that you can mend, said in one sentence; 2 no verb; 130 interrupted; 70 a defect of Proxon.\n";
}

std::string sweep_page() {
  return "<!-- made by `proxon reference`; do not edit -->\n# The sweep file\n\nA sweep is a TOML file of its own; [docs/sweeps.md](../sweeps.md) shows how to write "
         "one. File names are relative to it.\n" +
         section_tables(sweep::sweep_sections());
}

int write_reference(const Call& call) {
  namespace fs = std::filesystem;
  Registry registry(default_folders(""));
  const fs::path folder = call.arguments[0];
  auto pages = reference_pages(registry, folder.string());
  pages.emplace_back("command_line.md", command_page());
  pages.emplace_back("sweep.md", sweep_page());
  std::error_code none;
  fs::create_directories(folder, none);
  for (const auto& [name, text] : pages) {
    std::ofstream out(folder / name, std::ios::binary);
    if (!(out << text).flush()) fail("{}: cannot be written.", (folder / name).string());
  }
  fmt::print("wrote {} pages to {}\n", pages.size(), folder.string());
  return 0;
}

}  // namespace

std::vector<Verb> reference_verbs() {
  return {{"reference", "FOLDER", "writes the reference pages from the declarations", "", 1, 1, {}, write_reference}};
}

}  // namespace proxon::cli
