#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <proxon/plugin/reader.hpp>
#include <pugixml.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unordered_map>

using namespace proxon;

namespace {

/// A GraphML file as a tree that knows the line of each element.
class File {
 public:
  explicit File(const char* path) : path_(path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw std::runtime_error(path_ + ": cannot be opened for reading.");
    std::ostringstream text;
    text << in.rdbuf();
    text_ = std::move(text).str();
    const pugi::xml_parse_result parsed = tree_.load_buffer(text_.data(), text_.size());
    if (!parsed) fail(parsed.offset, std::string("is not XML: ") + parsed.description() + ".");
    if (!tree_.child("graphml").child("graph"))
      throw std::runtime_error(path_ + ": is not GraphML: it has no <graph> within <graphml>.");
  }

  pugi::xml_node root() const { return tree_.child("graphml"); }
  int64_t line(pugi::xml_node node) const { return line(node.offset_debug()); }
  [[noreturn]] void fail(pugi::xml_node node, const std::string& sentence) const {
    fail(node.offset_debug(), sentence);
  }

 private:
  int64_t line(ptrdiff_t offset) const {
    // Elements are asked for in the order of the file: go on from the last one.
    if (offset < counted_) counted_ = 0, line_ = 1;
    line_ += std::count(text_.begin() + counted_, text_.begin() + offset, '\n');
    counted_ = offset;
    return line_;
  }
  [[noreturn]] void fail(ptrdiff_t offset, const std::string& sentence) const {
    throw std::runtime_error(path_ + ":" + std::to_string(line(offset)) + ": " + sentence);
  }

  std::string path_, text_;
  pugi::xml_document tree_;
  mutable ptrdiff_t counted_ = 0;
  mutable int64_t line_ = 1;
};

}  // namespace

struct graphml {
  static constexpr Documentation about{.summary = "A GraphML file; of an undirected edge both directions.",
                                       .reference =
                                           "Brandes, Eiglsperger, Herman, Himsolt & Marshall 2002, "
                                           "doi:10.1007/3-540-45848-4_59; http://graphml.graphdrawing.org"};

  struct Parameters {
    std::string_view label = "";
    std::string_view weight = "weight";
    std::string_view delay = "";
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::label>("1", "key of nodes that holds a neuron's name; the node's id when empty"),
          field<&P::weight>("1", "key of edges that holds the weight; none when empty, and the default may be absent"),
          field<&P::delay>("1", "key of edges that holds the delay in ms; none when empty")};
    }
  };

  Parameters p;
  graphml(const Parameters& parameters, const ReaderSetup&) : p(parameters) {}

  void read(const char* path, EdgeSink& sink) const {
    const File file(path);
    const pugi::xml_node graph = file.root().child("graph");

    // Nodes.
    const pugi::xml_node name_key = find_key(file, "node", p.label);
    std::unordered_map<std::string, std::string> names;
    for (const pugi::xml_node node : graph.children("node")) {
      const std::string id = node.attribute("id").value();
      if (id.empty()) file.fail(node, "a node has no id.");
      const std::string name = name_key ? data(node, name_key) : id;
      if (name.empty()) file.fail(node, "node '" + id + "' has no '" + std::string(p.label) + "'.");
      if (!names.emplace(id, name).second) file.fail(node, "there are two nodes '" + id + "'.");
      sink.node(name, file.line(node));
    }

    // Edges.
    const pugi::xml_node weight_key = find_key(file, "edge", p.weight, p.weight == Parameters{}.weight);
    const pugi::xml_node delay_key = find_key(file, "edge", p.delay);
    const std::string usual = graph.attribute("edgedefault").value();
    for (const pugi::xml_node edge : graph.children("edge")) {
      auto end = [&](const char* side) -> const std::string& {
        const auto found = names.find(edge.attribute(side).value());
        if (found == names.end())
          file.fail(edge, std::string("the edge's ") + side + " '" + edge.attribute(side).value() + "' is not a node.");
        return found->second;
      };
      const std::string &source = end("source"), &target = end("target");
      const double weight = number(file, edge, weight_key), delay = number(file, edge, delay_key);
      sink.edge(source, target, weight, delay, file.line(edge));
      const bool directed = edge.attribute("directed").as_bool(usual != "undirected");
      if (!directed && source != target) sink.edge(target, source, weight, delay, file.line(edge));
    }
  }

 private:
  /// The declaration of a key by its attr.name or id; null when `name` is empty (or it may be absent, and is).
  static pugi::xml_node find_key(const File& file, std::string_view of, std::string_view name,
                                 bool may_be_absent = false) {
    if (name.empty()) return {};
    std::string known;
    for (const pugi::xml_node key : file.root().children("key")) {
      const std::string_view on = key.attribute("for").as_string("all");
      if (on != of && on != "all") continue;
      const char* its_name = key.attribute("attr.name").as_string(key.attribute("id").value());
      if (its_name == name || key.attribute("id").value() == name) return key;
      known += (known.empty() ? "'" : ", '") + std::string(its_name) + "'";
    }
    if (may_be_absent) return {};
    file.fail(file.root(), "has no key '" + std::string(name) + "' for a" + (of == "edge" ? "n edge" : " node") +
                               (known.empty() ? ", nor any other." : "; it has " + known + "."));
  }

  static std::string data(pugi::xml_node element, pugi::xml_node key) {
    const pugi::xml_node found = element.find_child_by_attribute("data", "key", key.attribute("id").value());
    std::string text = (found ? found : key.child("default")).text().get();
    text.erase(0, std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    text.erase(text.find_last_not_of(" \t\r\n") + 1);
    return text;
  }

  static double number(const File& file, pugi::xml_node edge, pugi::xml_node key) {
    const std::string text = key ? data(edge, key) : "";
    if (text.empty()) return std::numeric_limits<double>::quiet_NaN();
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (*end || !std::isfinite(value))
      file.fail(edge, "'" + text + "' for '" + key.attribute("attr.name").value() + "' is not a finite number.");
    return value;
  }
};

PROXON_PLUGIN(reader, graphml, graphml)
