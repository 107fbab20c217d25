// check() accepts what Writer makes, and refuses it with any one required thing taken away or spoilt.
#include "proxon/archive/check.hpp"

#include <doctest/doctest.h>

#include <set>

#include "proxon/archive/hdf5.hpp"
#include "sample.hpp"

using namespace sample;

namespace {
std::string valid_file(const Folder& folder) {
  const std::string path = folder / "valid.h5";
  const Network network;
  Writer w = Writer::create(path, network.skeleton());
  fill(w);
  fit(w);
  w.close();
  return path;
}

/// Every link and every attribute outside /proxon, as "path" and "path@attribute".
std::vector<std::string> everything(const std::string& path) {
  const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
  std::vector<std::string> names = {"/"};
  auto visit = [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
    if (!std::string_view(name).starts_with("proxon"))
      static_cast<std::vector<std::string>*>(out)->push_back("/" + std::string(name));
    return 0;
  };
  H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, visit, &names);
  std::vector<std::string> all;
  for (const auto& name : names) {
    if (name != "/") all.push_back(name);
    const Handle object(H5Oopen(file, name.c_str(), H5P_DEFAULT));
    for (const auto& attribute : attribute_names(object)) all.push_back(name + "@" + attribute);
  }
  return all;
}

/// What may be missing: extras of ours and what both formats call optional.
bool is_optional(const std::string& name) {
  const auto at = name.find('@');
  if (at != std::string::npos) {
    static const std::set<std::string> attributes = {"object_id", "conversion",      "resolution",
                                                     "comments",  "proxon.start_ms", "proxon.step_ms"};
    if (attributes.count(name.substr(at + 1))) return true;
    // A unit of a column of numbers, and what a series is, in words.
    if (name.ends_with("@units") && (name.starts_with("/nodes/") || name.starts_with("/edges/"))) return true;
    return name.ends_with("@description") && !name.starts_with("/units");
  }
  static const std::set<std::string> columns = {"x", "y", "z", "node_name"};
  if (columns.count(name.substr(name.rfind('/') + 1))) return true;
  if (name.find("/dynamics_params") != std::string::npos) return true;
  // Whole populations, reports, series and tables: a file may have none.
  static const std::set<std::string> parents = {"/nodes",  "/spikes",      "/edges",
                                                "/report", "/acquisition", "/stimulus/presentation",
                                                "/analysis"};
  if (name == "/units" || name.ends_with("/target_to_source")) return true;
  return parents.count(name.substr(0, name.rfind('/'))) && name != "/stimulus/presentation";
}

void drop(const std::string& path, const std::string& name) {
  const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT));
  const auto at = name.find('@');
  const herr_t result = at == std::string::npos ? H5Ldelete(file, name.c_str(), H5P_DEFAULT)
                                                : H5Adelete_by_name(file, name.substr(0, at).c_str(),
                                                                    name.substr(at + 1).c_str(), H5P_DEFAULT);
  REQUIRE(result >= 0);
}

/// The sentences about the file after `spoil` had it.
template <class Spoil>
std::vector<std::string> after(const std::string& valid, const Folder& folder, Spoil spoil) {
  const std::string path = folder / "spoilt.h5";
  fs::copy_file(valid, path, fs::copy_options::overwrite_existing);
  {
    const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT));
    spoil(static_cast<hid_t>(file));
  }
  return check(path);
}

bool mentions(const std::vector<std::string>& sentences, const std::string& text) {
  return std::any_of(sentences.begin(), sentences.end(),
                     [&](const std::string& s) { return s.find(text) != std::string::npos; });
}

/// Replaces a data set by one of another type, or of other rows.
void replace(hid_t file, const std::string& name, hid_t type, const std::vector<double>& values) {
  std::vector<std::string> names;
  Handle old(H5Dopen2(file, name.c_str(), H5P_DEFAULT));
  const hsize_t n = values.size();
  const Handle space = dataspace(std::span(&n, 1));
  const Handle fresh(H5Dcreate2(file, "/fresh", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  H5Dwrite(fresh, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  for (const auto& key : attribute_names(old)) {
    const Handle attribute(H5Aopen(old, key.c_str(), H5P_DEFAULT)), kind(H5Aget_type(attribute)),
        extent(H5Aget_space(attribute));
    const Handle copy(H5Acreate2(fresh, key.c_str(), kind, extent, H5P_DEFAULT, H5P_DEFAULT));
    std::vector<char> bytes(H5Aget_storage_size(attribute) + 64);
    H5Aread(attribute, kind, bytes.data());
    H5Awrite(copy, kind, bytes.data());
  }
  H5Ldelete(file, name.c_str(), H5P_DEFAULT);
  H5Lmove(file, "/fresh", file, name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
}

void write(hid_t file, const std::string& name, std::size_t row, std::uint64_t value) {
  const Handle dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT));
  const auto n = extent(dataset);
  std::vector<std::uint64_t> values(n[0] * (n.size() > 1 ? n[1] : 1));
  read_rows(dataset, H5T_NATIVE_UINT64, 0, n[0], values.data(), "");
  values.at(row) = value;
  write_rows(dataset, H5T_NATIVE_UINT64, 0, n[0], values.data(), "");
}

void rename_text(hid_t file, const std::string& object, const std::string& name, const std::string& value) {
  H5Adelete_by_name(file, object.c_str(), name.c_str(), H5P_DEFAULT);
  write_attribute(Handle(H5Oopen(file, object.c_str(), H5P_DEFAULT)), name, value);
}
}  // namespace

TEST_CASE("each required thing is missed when it is taken away") {
  const Folder folder;
  const std::string valid = valid_file(folder);
  REQUIRE(check(valid) == std::vector<std::string>{});
  int dropped = 0;
  for (const auto& name : everything(valid)) {
    CAPTURE(name);
    const std::string path = folder / "dropped.h5";
    fs::copy_file(valid, path, fs::copy_options::overwrite_existing);
    drop(path, name);
    const auto sentences = check(path);
    if (is_optional(name)) continue;
    CHECK_FALSE(sentences.empty());
    // The sentence names what is missing: the object, or its last part where the object above it is the one in trouble.
    const auto at = name.find('@');
    const std::string last = at == std::string::npos ? name.substr(name.rfind('/') + 1) : name.substr(at + 1);
    CHECK(mentions(sentences, last));
    for (const auto& sentence : sentences) CHECK(sentence.ends_with("."));
    ++dropped;
  }
  // As many as field tests found, and those of SONATA: a list that shrinks unseen proves nothing.
  CHECK(dropped > 150);
}

TEST_CASE("each spoilt thing is named") {
  const Folder folder;
  const std::string valid = valid_file(folder);
  auto sentences = [&](auto spoil) { return after(valid, folder, spoil); };
  const std::string index = "/edges/exc_to_inh/indices/";

  SUBCASE("NWB") {
    CHECK(mentions(sentences([](hid_t f) { rename_text(f, "/", "nwb_version", "1.0.6"); }), "2.x belongs"));
    CHECK(mentions(sentences([](hid_t f) { rename_text(f, "/", "neurodata_type", "Nothing"); }), "'NWBFile' belongs"));
    CHECK(mentions(sentences([](hid_t f) { rename_text(f, "/units/spike_times", "neurodata_type", "Vector"); }),
                   "'VectorData' belongs"));
    CHECK(mentions(sentences([](hid_t f) { rename_text(f, "/acquisition/exc.V_m/starting_time", "unit", "ms"); }),
                   "'seconds' belongs"));
    CHECK(mentions(
        sentences([](hid_t f) { replace(f, "/units/spike_times_index", H5T_NATIVE_INT64, std::vector<double>(8, 6)); }),
        "unsigned"));
    CHECK(mentions(sentences([](hid_t f) { write(f, "/units/spike_times_index", 7, 5); }), "ends at 5"));
    CHECK(mentions(sentences([](hid_t f) { write(f, "/units/spike_times_index", 3, 100); }), "falls"));
    CHECK(mentions(sentences([](hid_t f) { replace(f, "/units/node_id", H5T_NATIVE_INT32, {1, 2}); }), "has 2 rows"));
    CHECK(mentions(sentences([](hid_t f) {
                     replace(f, "/units/spike_times", H5T_NATIVE_DOUBLE, {1, 2, 3, 4, 5, -1});
                   }),
                   "negative"));
    CHECK(mentions(sentences([](hid_t f) {
                     replace(f, "/units/spike_times", H5T_NATIVE_DOUBLE, {1, 2, 3, 4, 5, NAN});
                   }),
                   "NaN"));
    CHECK(mentions(sentences([](hid_t f) {
                     H5Ldelete(f, "/session_start_time", H5P_DEFAULT);
                     const Handle type = text_type(), space = dataspace({});
                     const Handle d(
                         H5Dcreate2(f, "/session_start_time", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
                     const char* text = "yesterday";
                     H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &text);
                   }),
                   "no ISO 8601"));
  }
  SUBCASE("SONATA") {
    CHECK(mentions(sentences([](hid_t f) {
                     H5Adelete_by_name(f, "/spikes/exc", "sorting", H5P_DEFAULT);
                     write_attribute(Handle(H5Oopen(f, "/spikes/exc", H5P_DEFAULT)), "sorting", "by_time");
                   }),
                   "'sorting' of '/spikes/exc'"));
    CHECK(mentions(sentences([](hid_t f) {
                     replace(f, "/spikes/exc/timestamps", H5T_NATIVE_DOUBLE, {4, 1, 2, 3});
                   }),
                   "sorted by time and is not"));
    CHECK(mentions(sentences([](hid_t f) {
                     replace(f, "/spikes/exc/timestamps", H5T_NATIVE_DOUBLE, {1, 2});
                   }),
                   "2 times and 4 nodes"));
    CHECK(mentions(sentences([](hid_t f) {
                     replace(f, "/spikes/exc/node_ids", H5T_NATIVE_INT32, {1, 2, 3, 4});
                   }),
                   "uint64"));
    CHECK(mentions(sentences([](hid_t f) { rename_text(f, "/spikes/exc/timestamps", "units", "s"); }), "'ms' belongs"));
    CHECK(mentions(
        sentences([](hid_t f) { rename_text(f, "/edges/exc_to_inh/source_node_id", "node_population", "nobody"); }),
        "nobody"));
    CHECK(mentions(sentences([](hid_t f) { write(f, "/edges/exc_to_inh/target_node_id", 2, 3); }),
                   "outside '/nodes/inh'"));
    CHECK(mentions(sentences([&](hid_t f) { write(f, index + "source_to_target/range_to_edge_id", 1, 9); }),
                   "outside the edges"));
    CHECK(mentions(sentences([&](hid_t f) { write(f, index + "source_to_target/range_to_edge_id", 1, 2); }),
                   "reaches 7 of 8"));
    CHECK(mentions(sentences([&](hid_t f) { write(f, index + "target_to_source/node_id_to_ranges", 5, 99); }),
                   "points outside"));
    CHECK(mentions(sentences([](hid_t f) { replace(f, "/edges/exc_to_inh/0/delay", H5T_NATIVE_FLOAT, {1}); }),
                   "has 1 rows"));
    CHECK(mentions(sentences([](hid_t f) { H5Gcreate2(f, "/nodes/exc/1", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT); }),
                   "more than one group"));
    CHECK(mentions(sentences([](hid_t f) {
                     replace(f, "/report/exc/mapping/index_pointers", H5T_NATIVE_UINT64, {0, 1, 2});
                   }),
                   "one row more"));
    CHECK(mentions(sentences([](hid_t f) {
                     replace(f, "/report/exc/mapping/time", H5T_NATIVE_DOUBLE, {0, 5, 0.1});
                   }),
                   "counts 50 steps"));
    CHECK(mentions(sentences([](hid_t f) {
                     replace(f, "/report/exc/mapping/time", H5T_NATIVE_DOUBLE, {0, 10});
                   }),
                   "start, stop and step"));
    CHECK(mentions(sentences([](hid_t f) { replace(f, "/report/exc/data", H5T_NATIVE_DOUBLE, {0, 10}); }), "axes"));
  }
}

TEST_CASE("traces of one population have a report each, and share their numbers with NWB") {
  const Folder folder;
  const std::string valid = valid_file(folder);
  const Handle file(H5Fopen(valid.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
  const std::pair<const char*, const char*> pairs[] = {
      {"/report/exc/data", "/acquisition/exc.V_m/data"},
      {"/report/exc.I_syn/data", "/acquisition/exc.I_syn/data"},
      {"/report/rate/data", "/acquisition/rate.rate/data"},
      {"/report/exc/mapping/index_pointers", "/report/exc/mapping/index_pointer"},
      {"/edges/inh_to_exc/indices/source_to_target/node_id_to_ranges",
       "/edges/inh_to_exc/indices/source_to_target/node_id_to_range"},
  };
  for (const auto& [a, b] : pairs) {
    CAPTURE(a);
    H5O_info_t first, second;
    REQUIRE(H5Oget_info_by_name2(file, a, &first, H5O_INFO_BASIC, H5P_DEFAULT) >= 0);
    REQUIRE(H5Oget_info_by_name2(file, b, &second, H5O_INFO_BASIC, H5P_DEFAULT) >= 0);
    CHECK(first.addr == second.addr);
  }
}
