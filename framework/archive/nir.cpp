#include "proxon/archive/nir.hpp"

#include <unistd.h>

#include <cstdio>

#include "proxon/archive/hdf5.hpp"

namespace proxon::archive {
namespace {

/// The version of the package whose layout this is.
constexpr const char* nir_version = "1.0";

/// An HDF5 file that is written under another name, which goes when it is not whole.
class PartFile {
 public:
  explicit PartFile(const std::string& path) : path_(path), part_(fmt::format("{}.{}.part", path, getpid())) {
    silence_hdf5();
    file_ = Handle(h5(H5Fcreate(part_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), "cannot write", path));
  }
  ~PartFile() {
    file_.reset();
    if (!part_.empty()) unlink(part_.c_str());
  }
  hid_t id() const { return file_; }
  const std::string& path() const { return path_; }
  void close() {
    h5(H5Fflush(file_, H5F_SCOPE_GLOBAL), "cannot write", path_);
    h5(H5Fclose(file_.release()), "cannot write", path_);
    if (std::rename(part_.c_str(), path_.c_str()) != 0) fail("cannot write '{}': {}.", path_, std::strerror(errno));
    part_.clear();
  }

 private:
  std::string path_, part_;
  Handle file_;
};

void write_values(const PartFile& file, hid_t group, const std::string& name, hid_t type, std::span<const hsize_t> shape, const void* values) {
  const Handle space = dataspace(shape);
  const Handle set(h5(H5Dcreate2(group, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), "cannot write", file.path()));
  h5(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), "cannot write", file.path());
}

void write_word(const PartFile& file, hid_t group, const std::string& name, const std::string& word) {
  const char* const text = word.c_str();
  write_values(file, group, name, text_type(), {}, &text);
}

Handle make_group(const PartFile& file, hid_t where, const std::string& name) {
  return Handle(h5(H5Gcreate2(where, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), "cannot write", file.path()));
}

Handle write_notes(const PartFile& file, hid_t group, const NirNotes& notes) {
  Handle metadata = make_group(file, group, "metadata");
  for (const auto& [name, text] : notes) write_word(file, metadata, name, text);
  return metadata;
}

void write_graph(const PartFile& file, const NirGraph& graph) {
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
  PartFile file(path);
  write_word(file, file.id(), "version", nir_version);
  write_graph(file, graph);
  file.close();
}

}  // namespace proxon::archive
