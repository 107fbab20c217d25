#include <fmt/format.h>

#include "proxon/report/sections.hpp"

namespace proxon::report {

Section samples_section(const archive::Reader& reader) {
  Section section{.heading = "The samples", .text = "They come from files: no network was simulated."};
  Table files{.title = "Files", .caption = "What the samples were read from; another sum would be refused.",
              .columns = {{"name"}, {"content"}, {"licence"}, {"SHA-256"}}};
  constexpr std::string_view prefix = "files/";
  for (const archive::Object& object : reader.objects())
    if (object.name.starts_with(prefix))
      files.rows.push_back({object.name.substr(prefix.size()), text_parameter(reader, object.name, "content"), text_parameter(reader, object.name, "licence"),
                            text_parameter(reader, object.name, "sha256")});
  section.blocks.push_back(std::move(files));
  if (const std::string text = reader.text("dataset"); !text.empty())
    section.blocks.push_back(Code{.title = "What they are", .caption = "As they were read.", .text = text});
  return section;
}

}  // namespace proxon::report
