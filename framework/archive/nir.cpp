#include "proxon/archive/nir.hpp"

#include "proxon/archive/hdf5.hpp"
#include "proxon/base/part_file.hpp"

namespace proxon::archive {
namespace {

/// The version of the package whose layout this is.
constexpr const char* nir_version = "1.0";

/// An HDF5 file that is put in place when it is whole.
class NirFile {
 public:
  explicit NirFile(const std::string& path) : part_(path) {
    silence_hdf5();
    file_ = Handle(h5(H5Fcreate(part_.part().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), "cannot write", path));
  }
  hid_t id() const { return file_; }
  const std::string& path() const { return part_.path(); }
  void close() {
    h5(H5Fflush(file_, H5F_SCOPE_GLOBAL), "cannot write", path());
    h5(H5Fclose(file_.release()), "cannot write", path());
    if (const int problem = part_.put_in_place()) fail("cannot write '{}': {}.", path(), std::strerror(problem));
  }

 private:
  PartFile part_;
  Handle file_;  // closed before the name goes
};

void write_values(const NirFile& file, hid_t group, const std::string& name, hid_t type, std::span<const hsize_t> shape, const void* values) {
  const Handle space = dataspace(shape);
  const Handle set(h5(H5Dcreate2(group, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), "cannot write", file.path()));
  h5(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), "cannot write", file.path());
}

void write_word(const NirFile& file, hid_t group, const std::string& name, const std::string& word) {
  const char* const text = word.c_str();
  write_values(file, group, name, text_type(), {}, &text);
}

Handle make_group(const NirFile& file, hid_t where, const std::string& name) {
  return Handle(h5(H5Gcreate2(where, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), "cannot write", file.path()));
}

Handle write_notes(const NirFile& file, hid_t group, const NirNotes& notes) {
  Handle metadata = make_group(file, group, "metadata");
  for (const auto& [name, text] : notes) write_word(file, metadata, name, text);
  return metadata;
}

void write_graph(const NirFile& file, const NirGraph& graph) {
  const Handle root = make_group(file, file.id(), "node");
  write_word(file, root, "type", "NIRGraph");
  const Handle nodes = make_group(file, root, "nodes");
  for (const NirNode& node : graph.nodes) {
    const Handle group = make_group(file, nodes, node.name);
    write_word(file, group, "type", node.type);
    for (const NirParameter& parameter : node.parameters) {
      const std::vector<hsize_t> shape(parameter.shape.begin(), parameter.shape.end());
      if (parameter.integers.empty()) write_values(file, group, parameter.name, memory_type<float>(), shape, parameter.numbers.data());
      else write_values(file, group, parameter.name, memory_type<std::int64_t>(), shape, parameter.integers.data());
    }
    if (!node.notes.empty()) write_notes(file, group, node.notes);
  }
  std::vector<const char*> ends;
  for (const auto& [from, to] : graph.edges) ends.push_back(from.c_str()), ends.push_back(to.c_str());
  const hsize_t shape[] = {graph.edges.size(), 2};
  write_values(file, root, "edges", text_type(), shape, ends.data());
  write_values(file, write_notes(file, root, graph.notes), "dt", memory_type<double>(), {}, &graph.dt);
}

}  // namespace

void write_nir(const NirGraph& graph, const std::string& path) {
  NirFile file(path);
  write_word(file, file.id(), "version", nir_version);
  write_graph(file, graph);
  file.close();
}

}  // namespace proxon::archive
