// A report is a plain description of a page, turned into ONE HTML file that opens with no network: text, tables and
// charts with their data inside, Chart.js built in. Nothing here knows what an archive or a network is: a caller fills
// a Page and calls write_html(). Every chart states its axes with units and has a caption that says what to look at.
// NaN and infinity are gaps, never an error; a chart with nothing to draw says "No data". Large data are thinned (peaks
// stay visible) and the caption says so. Times are in the unit that the axis names; matrices are row-major. Vectors of
// one series must have equal lengths (a check fails otherwise).
//
//   report::Page page{.title = "quickstart", .subtitle = "1,000 LIF neurons and a dense twin of their rates"};
//   report::Section fit{.heading = "Fit", .text = "The twin was fitted for 60 epochs."};
//   fit.blocks.push_back(report::Lines{.title = "Loss",
//                                      .caption = "Both curves must flatten; a gap between them is overfitting.",
//                                      .x = {"epoch"},
//                                      .y = {"mean squared error", "Hz²", report::logarithmic},
//                                      .series = {{"training", epochs, train}, {"validation", epochs, validation}}});
//   page.sections.push_back(std::move(fit));
//   report::write_html(page, "quickstart.html");
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace proxon::report {

/// Above these sizes a chart is thinned: points a line (fewer when there are many lines), spikes a raster, points a
/// scatter plot, cells along one side of a heat map.
inline constexpr std::size_t max_line_points = 4000, max_chart_points = 40000, max_spikes = 100000,
                             max_scatter_points = 20000, max_heatmap_side = 400;

enum class Spacing { linear, logarithmic };
inline constexpr Spacing linear = Spacing::linear, logarithmic = Spacing::logarithmic;

/// Printed as "label (unit)". On a logarithmic axis values of zero and below are left out, and the caption says how
/// many.
struct Axis {
  std::string label;
  std::string unit = {};
  Spacing spacing = linear;
};

/// Colours are numbered in the palette of Okabe and Ito: 0 blue, 1 vermillion, 2 green, 3 purple, 4 orange, 5 sky, 6
/// grey, then again with dashes. by_order gives the n-th series colour n; a number keeps one population in one colour
/// over all charts.
inline constexpr int by_order = -1;

/// A value in a table or a list of facts: text, a whole number, a real number (shown to four significant digits) or
/// nothing. Not-a-number and nothing are shown as a dash.
struct Cell {
  std::variant<std::monostate, std::string, std::int64_t, double> value;

  Cell() = default;
  Cell(std::string text) : value(std::move(text)) {}
  Cell(const char* text) : value(std::string(text)) {}
  Cell(bool yes) : value(std::string(yes ? "yes" : "no")) {}
  template <std::integral Number>
  Cell(Number number) {
    if (std::in_range<std::int64_t>(number)) {
      value = static_cast<std::int64_t>(number);
    } else {
      value = std::to_string(number);
    }
  }
  template <std::floating_point Number>
  Cell(Number number) : value(static_cast<double>(number)) {}
  template <class Value>
  Cell(const std::optional<Value>& maybe) {
    if (maybe) *this = Cell(*maybe);
  }
};

struct Fact {
  std::string name;
  Cell value;
  std::string unit = {};
};

/// A list of names, values and units. `large` shows them as big figures side by side: the few that a reader must see
/// first.
struct Facts {
  std::string title, caption;
  std::vector<Fact> facts;
  bool large = false;
};

/// A column whose filled cells are all numbers is set to the right. Every row must have as many cells as there are
/// columns.
struct Table {
  struct Column {
    std::string name;
    std::string unit = {};
  };
  std::string title, caption;
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
};

/// A line or a cloud of points. `dashed` suits what is only compared with (a baseline, a bound).
struct Series {
  std::string name;
  std::vector<double> x, y;
  int colour = by_order;
  bool dashed = false;
};

/// y over x, in the order of the points. A NaN breaks the line. `wide` charts fill the page, others stand two in a row.
struct Lines {
  std::string title, caption;
  Axis x, y;
  std::vector<Series> series;
  bool wide = false;
};

struct Counts {
  std::string name;
  std::vector<double> counts;  ///< one fewer than there are edges
  int colour = by_order;
};

/// Counts between ascending edges, bins of any widths. See binned() for making one from values.
struct Histogram {
  std::string title, caption;
  Axis x;
  Axis y = {"count"};
  std::vector<double> edges;
  std::vector<Counts> series;
  bool wide = false;
};

struct Sample {
  std::string name;
  std::vector<double> values;
  int colour = by_order;
};

/// `frame` with common edges over all samples and their counts; with `density` each sample has area 1, so that samples
/// of different sizes can be compared. Whole numbers over a short range get one bin a number. Values that are not
/// finite are left out, and the caption says how many.
Histogram binned(Histogram frame, const std::vector<Sample>& samples, bool density = false, int bins = 60);

struct Spikes {
  std::string name;  ///< of the population, say "E"
  std::vector<double> times;
  std::vector<std::int32_t> rows;  ///< of the neuron, counted from the bottom; rows of two populations do not overlap
  int colour = by_order;
};

/// One mark a spike. Too many spikes are thinned by leaving out whole neurons.
struct Raster {
  std::string title, caption;
  Axis time = {"time", "ms"};
  Axis neuron = {"neuron"};
  std::vector<Spikes> groups;
  std::optional<double> from = {}, to = {};  ///< bounds of the time axis; otherwise the first and last spike
  std::size_t neurons = 0;                   ///< rows of the axis, silent ones too; otherwise up to the highest row
  bool wide = true;
};

/// Points; with `identity` both axes have one range and the line y = x is drawn.
struct Scatter {
  std::string title, caption;
  Axis x, y;
  std::vector<Series> series;
  bool identity = false;
  bool wide = false;
};

/// Matrices: row 0 at the top. Diverging colours for signed values (zero is neutral, the range symmetric), sequential
/// for others. NaN cells stay empty. With names the ticks are names; a small matrix shows its values in the cells (a
/// confusion matrix).
struct Heatmap {
  enum class Colours { diverging, sequential };
  std::string title, caption;
  Axis row, column, value;
  std::size_t rows = 0, columns = 0;
  std::vector<float> values;  ///< rows * columns, row-major
  Colours colours = Colours::diverging;
  std::vector<std::string> row_names = {}, column_names = {};
  bool wide = false;
};

/// Parallel coordinates: an upright scale a column, a line a row, coloured by a value; later rows lie in front. NaN leaves a scale out. With names
/// the values of a scale are positions among them.
struct Parallel {
  struct Scale {
    Axis axis;
    std::vector<double> values;  ///< [rows]
    std::vector<std::string> names = {};
  };
  std::string title, caption;
  std::vector<Scale> scales = {};
  Axis value;
  std::vector<double> values = {};  ///< [rows]
  bool maximise = false;            ///< large values are the good ones, and stand out
  bool wide = true;
};

/// Text in fixed-width letters, say the experiment file; folded unless `open`.
struct Code {
  std::string title, caption, text;
  bool open = false;
};

using Block = std::variant<Facts, Table, Lines, Histogram, Raster, Scatter, Heatmap, Parallel, Code>;

/// `text` is plain; an empty line starts a paragraph.
struct Section {
  std::string heading;
  std::string text = {};
  std::vector<Block> blocks = {};
};

struct Page {
  std::string title;
  std::string subtitle = {};
  std::vector<Section> sections = {};
  std::string footer = {};  ///< say program version, seed and date
};

/// The whole file as text: equal pages give equal text.
std::string render(const Page& page);

/// Throws Error when a file is there that is no report: an archive, an experiment.
void check_report(const std::filesystem::path& path);

/// Writes render(page) beside `path` and renames it, so that `path` is either the old report or the whole new one.
/// Throws Error (a file that is no report, no such folder, no permission, disk full) in one sentence.
void write_html(const Page& page, const std::filesystem::path& path);

}  // namespace proxon::report
