// From a chart block to what the page's script draws: a JSON object of axis titles and number columns. Every NaN is
// null, large series are thinned, and whatever was changed or left out is said in `notes`, which the page puts behind
// the caption.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "proxon/report/page.hpp"

namespace proxon::report {

struct Drawing {
  nlohmann::ordered_json data;
  std::vector<std::string> notes;
  bool empty = false;  ///< nothing that could be drawn
};

Drawing draw(const Lines& chart);
Drawing draw(const Histogram& chart);
Drawing draw(const Raster& chart);
Drawing draw(const Scatter& chart);
Drawing draw(const Heatmap& chart);
Drawing draw(const Parallel& chart);

/// A number for people: four significant digits, thousands separated, a dash when it is not finite.
std::string shown(double value);
std::string shown(std::int64_t value);
std::string shown(const Cell& cell);

}  // namespace proxon::report
