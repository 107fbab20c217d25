// The twin of an archive for other programs: a file of a format that they read.
#pragma once
#include <string>

#include "proxon/experiment/settings.hpp"

namespace proxon {

/// Writes the twin of `reader`'s archive to `output` in a format of operators.hpp. Throws Error with one sentence, and then leaves nothing behind.
void export_file(const Experiment& experiment, const archive::Reader& reader, GraphFormat format, const std::string& output);

}  // namespace proxon
