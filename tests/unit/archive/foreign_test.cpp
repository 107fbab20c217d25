// Reading files of other programs: SONATA by two writers, recordings, NWB. The real ones are used where they are there.
#include "proxon/archive/foreign.hpp"

#include <doctest/doctest.h>

#include <functional>

#include "proxon/archive/check.hpp"
#include "proxon/base/error.hpp"
#include "sample.hpp"

using namespace sample;
namespace archive = proxon::archive;

namespace {
const fs::path data = fs::path(PROXON_SOURCE_DIR) / ".." / "shared" / "data";

bool there(const char* folder) {
  if (fs::is_directory(data / folder)) return true;
  MESSAGE("skipped: the data ", std::string(folder), " is not there");
  return false;
}

std::vector<double> numbers(const archive::AttributeValue& value) { return std::get<std::vector<double>>(value); }
std::vector<std::string> texts(const archive::AttributeValue& value) {
  return std::get<std::vector<std::string>>(value);
}
}  // namespace

TEST_CASE("our own archive is read like any other file") {
  const Folder folder;
  const std::string path = folder / "run.h5";
  const Network network;
  {
    Writer w = Writer::create(path, network.skeleton());
    fill(w);
  }
  CHECK(archive::list(path, "/nodes") == std::vector<std::string>{"exc/", "inh/", "rate/"});
  CHECK(archive::list(path, "/spikes/exc") == std::vector<std::string>{"node_ids", "timestamps"});
  CHECK(archive::contains(path, "/nodes/exc/0/dynamics_params/tau_m"));
  CHECK_FALSE(archive::contains(path, "/nodes/exc/0/nothing/at/all"));
  CHECK(archive::read_numbers(path, "/nodes/exc/0/dynamics_params/tau_m") == std::vector<double>(5, 10.0));
  CHECK(archive::shape(path, "/report/exc/data") == std::vector<std::int64_t>{100, 3});
  CHECK(archive::shape(path, "/identifier").empty());
  CHECK(archive::read_numbers(path, "/report/exc/data", 1, 2) == std::vector<double>{3, 4, 5, 6, 7, 8});
  CHECK(archive::read_numbers(path, "/report/exc/data", 100, 0).empty());
  CHECK(archive::read_numbers(path, "/acquisition/exc.V_m/starting_time") == std::vector<double>{0});
  CHECK(archive::read_strings(path, "/nodes/exc/0/node_name") == std::vector<std::string>{"a", "b", "c", "d", "é"});
  CHECK(archive::read_strings(path, "/units/population").at(5) == "inh");
  CHECK(numbers(archive::read_attribute(path, "/spikes/exc", "sorting")) == std::vector<double>{2});
  CHECK(texts(archive::read_attribute(path, "/spikes/exc/timestamps", "units")) == std::vector<std::string>{"ms"});
  CHECK(numbers(archive::read_attribute(path, "/", "version")) == std::vector<double>{0, 1});
  CHECK(archive::has_attribute(path, "/", "magic"));

  CHECK(error_of([&] { archive::read_numbers(path, "/nodes/exc/node_idd"); }).find("Did you mean 'node_id'?") !=
        std::string::npos);
  CHECK(error_of([&] { archive::read_numbers(path, "/identifier"); }).find("holds no numbers") != std::string::npos);
  CHECK(error_of([&] { archive::read_numbers(path, "/nodes"); }).find("not a data set") != std::string::npos);
  CHECK(error_of([&] { archive::read_numbers(path, "/proxon/metrics"); }).find("holds no numbers") !=
        std::string::npos);
  CHECK(error_of([&] { archive::read_strings(path, "/nodes/exc/node_id"); }).find("holds no text") !=
        std::string::npos);
  CHECK(error_of([&] { archive::read_numbers(path, "/nodes/exc/node_id", 3, 3); }).find("there are 5") !=
        std::string::npos);
  CHECK(error_of([&] { archive::list(path, "/identifier"); }).find("not a group") != std::string::npos);
  CHECK(error_of([&] { archive::read_attribute(path, "/", "majic"); }).find("Did you mean 'magic'?") !=
        std::string::npos);
}

TEST_CASE("SONATA of the official examples") {
  if (!there("sonata_300_pointneurons") || !there("sonata_9_cells")) return;
  const std::string network = data / "sonata_300_pointneurons/300_pointneurons/network/";
  CHECK(archive::list(network + "internal_nodes.h5", "/nodes") == std::vector<std::string>{"internal/"});
  const auto types = archive::read_numbers(network + "internal_nodes.h5", "/nodes/internal/node_type_id");
  CHECK(types.size() == 300);
  const std::string edges = network + "internal_internal_edges.h5";
  const std::string population = "/edges/" + archive::list(edges, "/edges").at(0);
  const auto sources = archive::read_numbers(edges, population + "source_node_id");
  CHECK(sources.size() == 27588);
  CHECK(*std::max_element(sources.begin(), sources.end()) < 300);
  CHECK(archive::shape(edges, population + "indices/source_to_target/node_id_to_range").at(1) == 2);

  // Spikes as they were written of old, and with a sorting that is a text.
  const std::string spikes = data / "sonata_300_pointneurons/300_pointneurons/inputs/external_spike_trains.h5";
  CHECK(archive::read_numbers(spikes, "/spikes/gids").size() ==
        archive::read_numbers(spikes, "/spikes/timestamps").size());
  const std::string output = data / "sonata_9_cells/9_cells/output/";
  CHECK(texts(archive::read_attribute(output + "spikes.h5", "/spikes/cortex", "sorting")) ==
        std::vector<std::string>{"by_time"});
  CHECK(archive::read_numbers(output + "spikes.h5", "/spikes/cortex/timestamps").size() == 78);
  CHECK(archive::shape(output + "membrane_potential.h5", "/report/cortex/data") == std::vector<std::int64_t>{30000, 9});
  // The rules find what is of old: no enumeration, double reports, one spelling.
  const auto sentences = archive::check(output + "membrane_potential.h5");
  auto says = [&](const char* text) {
    return std::any_of(sentences.begin(), sentences.end(),
                       [&](const auto& s) { return s.find(text) != std::string::npos; });
  };
  CHECK(says("must be of float32"));
  CHECK(says("'/report/cortex/mapping/index_pointers' is missing"));
  CHECK_FALSE(says("index_pointer' is missing"));
}

TEST_CASE("SONATA of libsonata's tests, with its deliberately bad members") {
  if (!there("sonata_libsonata_tests")) return;
  const std::string folder = data / "sonata_libsonata_tests/";
  CHECK(archive::read_numbers(folder + "spikes.h5", "/spikes/All/timestamps").size() == 5);
  CHECK(archive::read_numbers(folder + "spikes.h5", "/spikes/empty/timestamps").empty());
  CHECK(numbers(archive::read_attribute(folder + "spikes.h5", "/spikes/All", "sorting")) == std::vector<double>{2});
  CHECK(archive::read_strings(folder + "nodes1.h5", "/nodes/nodes-A/0/attr-Z").size() == 6);
  CHECK(archive::read_strings(folder + "nodes1.h5", "/nodes/nodes-A/0/@library/E-mapping-good").size() == 3);
  // A data set without extent holds no numbers, and that is no error.
  CHECK(archive::read_numbers(folder + "nodes1.h5", "/nodes/nodes-A/0/A-double").empty());
  CHECK(archive::shape(folder + "elements.h5", "/report/All/mapping/index_pointers") == std::vector<std::int64_t>{21});
  const auto sentences = archive::check(folder + "nodes1.h5");
  CHECK(std::any_of(sentences.begin(), sentences.end(), [](const auto& s) {
    return s.find("'/nodes/nodes-B' has more than one group") != std::string::npos ||
           s.find("nodes-B/node_type_id") != std::string::npos;
  }));
}

TEST_CASE("recordings of others") {
  if (there("recording_retinal_waves_h5")) {
    const std::string path = data / "recording_retinal_waves_h5/Wong1993_P4.h5";
    CHECK(archive::read_numbers(path, "/spikes").size() == 11269);
    CHECK(archive::read_strings(path, "/names").size() == 81);
    CHECK(archive::shape(path, "/epos") == std::vector<std::int64_t>{2, 81});
    const auto counts = archive::read_numbers(path, "/sCount");
    CHECK(std::accumulate(counts.begin(), counts.end(), 0.0) == 11269);
  }
  if (there("recording_nwb_examples")) {
    const std::string path = data / "recording_nwb_examples/simple_example_latest.nwb";
    CHECK(texts(archive::read_attribute(path, "/", "neurodata_type")) == std::vector<std::string>{"NWBFile"});
    CHECK_FALSE(archive::list(path).empty());
  }
}
