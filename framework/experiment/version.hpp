// Which Proxon this is: written into every archive.
#pragma once
#include <string>

namespace proxon {

/// "0.1.0"
std::string version();
/// The revision of the source that this was built from ("a1b2c3d", with "+" when changed since), or "unknown".
std::string revision();
/// "0.1.0 (a1b2c3d, gcc 12.2.0, avx2 fma ...)"
std::string version_text();

}  // namespace proxon
