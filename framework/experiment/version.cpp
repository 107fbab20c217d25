#include "proxon/experiment/version.hpp"

#include "proxon/plugin/registry.hpp"

namespace proxon {

std::string version() { return PROXON_VERSION; }
std::string revision() { return PROXON_REVISION; }
std::string version_text() {
  const Stamp stamp = host_stamp();
  return fmt::format("{} ({}, gcc {}, {})", version(), revision(), stamp.compiler, instruction_set_text(stamp.instruction_sets));
}

}  // namespace proxon
