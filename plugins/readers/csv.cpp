#include <algorithm>
#include <cmath>
#include <limits>
#include <proxon/base/csv.hpp>
#include <proxon/plugin/reader.hpp>
#include <unordered_map>

using namespace proxon;

struct csv {
  static constexpr Documentation about{
      .summary = "A table with a line that names the columns: one edge a row, or one neuron a row.",
      .reference = "RFC 4180; also ';', tab or blanks between fields. Blanks around a field are not part of it."};

  struct Parameters {
    std::string_view source = "source";
    std::string_view target = "target";
    std::string_view weight = "";
    std::string_view delay = "";
    std::string_view node = "";
    std::string_view separator = ",";
    std::string_view where_column = "";
    std::span<const std::string_view> where_values;
    bool merge = false;
    bool symmetric = false;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::source>("1", "column of the neuron that sends"),
          field<&P::target>("1", "column of the neuron that receives"),
          field<&P::weight>("1", "column of the weight; none when empty"),
          field<&P::delay>("1", "column of the delay in ms; none when empty"),
          field<&P::node>("1", "column of the neuron in a table of neurons, which is then read instead of edges"),
          field<&P::separator>("1", "character between fields; one blank means any number of blanks"),
          field<&P::where_column>("1", "column by which rows are chosen; all are read when empty"),
          field<&P::where_values>("1", "what may stand in that column"),
          field<&P::merge>(
              "1", "whether rows of one pair make one synapse of their summed weight (a row without weight counts 1)"),
          field<&P::symmetric>("1",
                               "whether each row stands for both directions (gap junctions that are listed once)")};
    }
  };

  Parameters p;

  csv(const Parameters& parameters, const ReaderSetup&) : p(parameters) {
    if (p.separator.size() != 1) throw std::invalid_argument("separator must be one character");
    if (p.where_column.empty() != p.where_values.empty())
      throw std::invalid_argument("where_column and where_values belong together");
  }

  void read(const char* path, EdgeSink& sink) const {
    CsvFile file(path, p.separator[0]);
    p.node.empty() ? read_edges(file, path, sink) : read_nodes(file, path, sink);
  }

  void read_nodes(CsvFile& file, const char* path, EdgeSink& sink) const {
    const size_t node = file.column(p.node);
    for_each_row(file, path,
                 [&](const std::vector<std::string>& row) { sink.node(name(file, row, node), file.line()); });
  }

  void read_edges(CsvFile& file, const char* path, EdgeSink& sink) const {
    struct Merged {
      std::string source, target;
      double weight, delay;
      int64_t line;
    };
    std::vector<Merged> merged;
    std::unordered_map<std::string, size_t> known;
    auto give = [&](const std::string& source, const std::string& target, double weight, double delay) {
      if (!p.merge) return sink.edge(source, target, weight, delay, file.line());
      const auto [place, is_new] = known.emplace(source + '\n' + target, merged.size());
      if (std::isnan(weight)) weight = 1;
      if (is_new) return merged.push_back({source, target, weight, delay, file.line()});
      Merged& there = merged[place->second];
      there.weight += weight;
      if (there.delay != delay && !std::isnan(delay))
        throw std::runtime_error(file.where() + ": has another delay than line " + std::to_string(there.line) +
                                 ", with which it would be merged.");
    };

    const size_t source = file.column(p.source), target = file.column(p.target);
    const size_t weight = p.weight.empty() ? no_column : file.column(p.weight);
    const size_t delay = p.delay.empty() ? no_column : file.column(p.delay);
    for_each_row(file, path, [&](const std::vector<std::string>& row) {
      const std::string &from = name(file, row, source), &to = name(file, row, target);
      const double w = number(file, row, weight), d = number(file, row, delay);
      give(from, to, w, d);
      if (p.symmetric && from != to) give(to, from, w, d);
    });
    for (const Merged& edge : merged) sink.edge(edge.source, edge.target, edge.weight, edge.delay, edge.line);
  }

 private:
  static constexpr size_t no_column = static_cast<size_t>(-1);

  static const std::string& name(const CsvFile& file, const std::vector<std::string>& row, size_t column) {
    if (row[column].empty())
      throw std::runtime_error(file.where() + ": has no neuron in column '" + file.header()[column] + "'.");
    return row[column];
  }

  static double number(const CsvFile& file, const std::vector<std::string>& row, size_t column) {
    if (column == no_column) return std::numeric_limits<double>::quiet_NaN();
    return file.number(row, column);
  }

  /// The rows that are chosen. Throws when there are none.
  template <class Use>
  void for_each_row(CsvFile& file, const char* path, Use&& use) const {
    const size_t where = p.where_column.empty() ? no_column : file.column(p.where_column);
    std::vector<std::string> seen;
    int64_t rows = 0, used = 0;
    for (std::vector<std::string> row; file.next(row); ++rows) {
      if (where != no_column &&
          std::find(p.where_values.begin(), p.where_values.end(), row[where]) == p.where_values.end()) {
        if (seen.size() < 10 && std::find(seen.begin(), seen.end(), row[where]) == seen.end())
          seen.push_back(row[where]);
        continue;
      }
      use(row);
      ++used;
    }
    if (rows == 0) throw std::runtime_error(std::string(path) + ": has a header and no rows.");
    if (used > 0) return;
    std::string values;
    for (const std::string& value : seen) values += (values.empty() ? "'" : ", '") + value + "'";
    throw std::runtime_error(std::string(path) + ": no row is chosen by where_values; column '" +
                             std::string(p.where_column) + "' holds " + values + ".");
  }
};

PROXON_PLUGIN(reader, csv, csv)
