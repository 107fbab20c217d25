// What the verbs that put an archive's twin to use begin with.
#pragma once
#include <filesystem>

#include "proxon/experiment/settings.hpp"

namespace proxon::cli {

/// An archive, and the experiment that it keeps.
struct Archived {
  explicit Archived(const std::string& path)
      : reader(path), registry(default_folders(std::filesystem::absolute(path).parent_path().string())),
        document(reader.path(), reader.text("experiment"), {}, registry), experiment(load(document, registry, reader)) {}

  const archive::Reader reader;
  Registry registry;
  Document document;
  const Experiment experiment;
};

}  // namespace proxon::cli
