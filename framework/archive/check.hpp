// Is this file what others will accept? The rules of NWB 2.7 (those that pynwb's reader and validator enforce) and of
// SONATA (those that libsonata, BMTK and the specification enforce between them) for a file that is to be both.
#pragma once
#include <string>
#include <vector>

namespace proxon::archive {

/// One sentence for each broken rule, naming the object in the file; empty when the file is valid. Throws Error only
/// when the file cannot be opened.
std::vector<std::string> check(const std::string& path);

}  // namespace proxon::archive
