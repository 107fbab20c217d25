// The state a file was left in, and how to mend it. A killed writer leaves HDF5's consistency flags set, so that other
// programs refuse the file; recover() clears them (as h5clear does), and cuts every stream to the rows of the last
// flush.
#pragma once
#include <string>

namespace proxon::archive {

enum class Condition {
  whole,    ///< closed by its writer
  written,  ///< a writer is at work on it
  killed,   ///< its writer ended without closing it
};

/// Throws Error when the file is missing, may not be read, is no archive, has another layout, or is truncated.
Condition condition(const std::string& path);

/// Mends a killed archive and returns a sentence about what was done, or "" when there was nothing to do. Throws Error
/// when a writer is at work on it, when it may not be written, or when it cannot be mended.
std::string recover(const std::string& path);

}  // namespace proxon::archive
