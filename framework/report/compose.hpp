// The report of an archive: what was run, the network, its activity, the fit, the comparison. Everything comes from the archive alone.
#pragma once
#include "proxon/archive/reader.hpp"
#include "proxon/report/page.hpp"

namespace proxon::report {

/// Sections for whatever the archive holds; stages that were not run are left out.
Page compose(const archive::Reader& reader);

}  // namespace proxon::report
