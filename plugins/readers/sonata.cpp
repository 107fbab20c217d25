#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <proxon/base/csv.hpp>
#include <proxon/plugin/reader.hpp>
#include <sstream>

using namespace proxon;

namespace {

/// An HDF5 file, through what the framework lends.
class File {
 public:
  File(const ReaderServices& services, const char* path) : services_(services), path_(path) {}

  /// Names of what stands in a group; none when there is no such group.
  std::vector<std::string> list(const std::string& group) const {
    Status status;
    const char* text = services_.list(services_.host, path_, group.c_str(), &status);
    std::vector<std::string> names;
    if (status.failed) return names;
    std::istringstream in(text);
    for (std::string name; std::getline(in, name);) {
      if (!name.empty() && name.back() == '/') name.pop_back();
      if (!name.empty()) names.push_back(name);
    }
    return names;
  }

  bool has(const std::string& group, const std::string& name) const {
    const std::vector<std::string> names = list(group);
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  std::span<const double> numbers(const std::string& dataset) const {
    Status status;
    int64_t n = 0;
    const double* data = services_.numbers(services_.host, path_, dataset.c_str(), &n, &status);
    if (status.failed) throw std::runtime_error(std::string(path_) + ": " + dataset + ": " + status.message.c_str());
    return {data, static_cast<size_t>(n)};
  }

  /// Why nothing can be read, asked of the root.
  void check() const {
    Status status;
    services_.list(services_.host, path_, "/", &status);
    if (status.failed) throw std::runtime_error(std::string(path_) + ": " + status.message.c_str());
  }

  /// The population of that name below /nodes or /edges, or the only one when no name is given; "" when there is none, or several of which none
  /// is needed.
  std::string population(const std::string& root, std::string_view wanted, bool needed = true) const {
    const std::vector<std::string> names = list(root);
    if (wanted.empty() && names.size() > 1 && !needed) return "";
    std::string known;
    for (const std::string& name : names) {
      if (name == wanted || (wanted.empty() && names.size() == 1)) return root + "/" + name;
      known += (known.empty() ? "'" : ", '") + name + "'";
    }
    if (wanted.empty() && names.empty()) return "";
    throw std::runtime_error(std::string(path_) + ": " + root +
                             (wanted.empty() ? " holds more than one population; set `" + root.substr(1) + "` to one of "
                                             : " has no population '" + std::string(wanted) + "'; it has ") +
                             (known.empty() ? "none" : known) + ".");
  }

  const char* path() const { return path_; }

 private:
  const ReaderServices& services_;
  const char* path_;
};

}  // namespace

struct sonata {
  static constexpr Documentation about{
      .summary = "A SONATA file of nodes or edges (or both). Neurons go by their numbers.",
      .reference = "Dai et al. 2020, PLoS Computational Biology 16:e1007696, doi:10.1371/journal.pcbi.1007696"};

  struct Parameters {
    std::string_view nodes = "";
    std::string_view edges = "";
    std::string_view edge_types = "";
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::nodes>("1", "population of nodes; the only one when empty"),
          field<&P::edges>("1", "population of edges; the only one when empty"),
          field<&P::edge_types>("1", "CSV file of edge types, for syn_weight and delay that the edges themselves lack",
                                file_name)};
    }
  };

  Parameters p;
  const ReaderServices* services;
  sonata(const Parameters& parameters, const ReaderSetup& setup) : p(parameters), services(setup.services) {}

  void read(const char* path, EdgeSink& sink) const {
    const File file(*services, path);
    file.check();
    const std::string edges = p.nodes.empty() || !p.edges.empty() ? file.population("/edges", p.edges) : "";
    const std::string nodes = p.edges.empty() || !p.nodes.empty() ? file.population("/nodes", p.nodes, edges.empty()) : "";
    if (nodes.empty() && edges.empty())
      throw std::runtime_error(std::string(path) + ": is not a SONATA network: it has neither /nodes nor /edges.");
    if (!nodes.empty()) sink.nodes(static_cast<int64_t>(file.numbers(nodes + "/node_type_id").size()));
    if (!edges.empty()) read_edges(file, edges, sink);
  }

 private:
  void read_edges(const File& file, const std::string& edges, EdgeSink& sink) const {
    const std::span<const double> source = file.numbers(edges + "/source_node_id"),
                                  target = file.numbers(edges + "/target_node_id");
    if (source.size() != target.size())
      throw std::runtime_error(std::string(file.path()) + ": " + edges + " has " + std::to_string(source.size()) +
                               " sources and " + std::to_string(target.size()) + " targets.");
    const std::vector<double> weight = property(file, edges, "syn_weight", source.size());
    const std::vector<double> delay = property(file, edges, "delay", source.size());
    sink.edges(source.data(), target.data(), weight.empty() ? nullptr : weight.data(),
               delay.empty() ? nullptr : delay.data(), static_cast<int64_t>(source.size()));
  }

  /// One number an edge: of its group, or of its type; empty when neither has any.
  std::vector<double> property(const File& file, const std::string& edges, const std::string& name, size_t n) const {
    std::vector<double> values(n, std::numeric_limits<double>::quiet_NaN());
    bool any = false;

    // From the groups "0", "1", ...: the edge says which one, and where in it.
    std::map<double, std::span<const double>> groups;
    for (const std::string& group : file.list(edges))
      if (group.find_first_not_of("0123456789") == std::string::npos && file.has(edges + "/" + group, name))
        groups[std::stod(group)] = file.numbers(edges + "/" + group + "/" + name);
    if (!groups.empty()) {
      const bool indexed = file.has(edges, "edge_group_id") && file.has(edges, "edge_group_index");
      const auto id = indexed ? file.numbers(edges + "/edge_group_id") : std::span<const double>();
      const auto index = indexed ? file.numbers(edges + "/edge_group_index") : std::span<const double>();
      if (indexed && (id.size() != n || index.size() != n))
        refuse(file, edges, "edge_group_id and edge_group_index must be as many as the edges");
      for (size_t k = 0; k < n; ++k) {
        const auto group = groups.find(indexed ? id[k] : 0);
        if (group == groups.end()) continue;
        const size_t at = indexed ? static_cast<size_t>(index[k]) : k;
        if (at >= group->second.size())
          refuse(file, edges, name + " of edge " + std::to_string(k) + " lies beyond its group");
        values[k] = group->second[at];
        any = true;
      }
    }

    // From the types.
    if (const std::map<double, double> types = of_types(name); !types.empty()) {
      const std::span<const double> type = file.numbers(edges + "/edge_type_id");
      for (size_t k = 0; k < n && k < type.size(); ++k) {
        const auto found = types.find(type[k]);
        if (!std::isnan(values[k]) || found == types.end()) continue;
        values[k] = found->second;
        any = true;
      }
    }
    if (!any) values.clear();
    return values;
  }

  /// The column `name` of the table of edge types, by type; empty when there is no table or no such column.
  std::map<double, double> of_types(const std::string& name) const {
    std::map<double, double> types;
    if (p.edge_types.empty()) return types;
    CsvFile table(std::string(p.edge_types), ' ');
    const size_t id = table.column("edge_type_id");
    if (std::find(table.header().begin(), table.header().end(), name) == table.header().end()) return types;
    const size_t column = table.column(name);
    for (std::vector<std::string> row; table.next(row);)
      if (row[column] != "NULL" && row[column] != "NONE") types[table.number(row, id)] = table.number(row, column);
    return types;
  }

  [[noreturn]] static void refuse(const File& file, const std::string& edges, const std::string& sentence) {
    throw std::runtime_error(std::string(file.path()) + ": " + edges + ": " + sentence + ".");
  }
};

PROXON_PLUGIN(reader, sonata, sonata)
