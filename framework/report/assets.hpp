// The files that every report carries: Chart.js, our script and our style sheet, as text inside the library. The
// definitions are generated when building, by embed.cmake.
#pragma once
#include <string_view>

namespace proxon::report::assets {

extern const std::string_view chart_js, report_js, report_css;

}  // namespace proxon::report::assets
