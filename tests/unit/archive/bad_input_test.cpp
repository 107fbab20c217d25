// Files that are not what they should be: one sentence each, that names the file and says what is the matter.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>

#include "proxon/archive/check.hpp"
#include "proxon/archive/foreign.hpp"
#include "proxon/archive/hdf5.hpp"
#include "proxon/base/error.hpp"
#include "sample.hpp"

using namespace sample;

namespace {
/// One sentence: it names the file, says `what`, and holds no line break.
void check_sentence(const std::string& path, const std::string& what, const std::function<void()>& step) {
  const std::string sentence = error_of(step);
  CAPTURE(sentence);
  CHECK(sentence.find(path) != std::string::npos);
  CHECK(sentence.find(what) != std::string::npos);
  CHECK(sentence.find('\n') == std::string::npos);
  CHECK((sentence.ends_with(".") || sentence.ends_with("?")));
}

std::string archive(const Folder& folder) {
  const std::string path = folder / "run.h5";
  const Network network;
  Writer w = Writer::create(path, network.skeleton());
  fill(w);
  w.close();
  return path;
}

void all_doors(const std::string& path, const std::string& what) {
  check_sentence(path, what, [&] { Reader r(path); });
  check_sentence(path, what, [&] { Writer::open(path); });
  check_sentence(path, what, [&] { recover(path); });
}

/// Leaves the file as a writer does that is killed over it.
void leave_open(const std::string& path) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      Writer w = Writer::open(path);
      kill(getpid(), SIGKILL);
    } catch (...) {
    }
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
}
}  // namespace

TEST_CASE("a file that is not there, is a folder, is empty, or holds something else") {
  const Folder folder;
  all_doors(folder / "absent.h5", "No such file");
  all_doors(folder.path.string(), "is a folder");
  std::ofstream(folder / "empty.h5").close();
  all_doors(folder / "empty.h5", "not an HDF5 file");
  std::ofstream(folder / "text.h5") << "This is a text that is longer than a superblock of HDF5 would be.";
  all_doors(folder / "text.h5", "not an HDF5 file");
  check_sentence(folder / "text.h5", "not an HDF5 file", [&] { check(folder / "text.h5"); });
}

TEST_CASE("an HDF5 file of another program is no archive") {
  const Folder folder;
  const std::string path = folder / "other.h5";
  { const Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)); }
  all_doors(path, "not an archive of Proxon");
  CHECK_FALSE(check(path).empty());
}

TEST_CASE("an archive of another layout says which") {
  const Folder folder;
  const std::string path = archive(folder);
  {
    const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT));
    const Handle root(H5Oopen(file, "/proxon", H5P_DEFAULT));
    H5Adelete(root, "layout");
    write_attribute<std::int64_t>(root, "layout", 99);
  }
  all_doors(path, "layout 99");
  all_doors(path, "version '0.1.0'");
}

TEST_CASE("a truncated archive says so, however it was closed and wherever it ends") {
  const Folder folder;
  const std::string path = archive(folder);
  const auto size = fs::file_size(path);
  for (const double part : {0.999, 0.9, 0.5, 0.1, 0.01}) {
    CAPTURE(part);
    const std::string cut = folder / "cut.h5";
    fs::copy_file(path, cut, fs::copy_options::overwrite_existing);
    fs::resize_file(cut, static_cast<std::uintmax_t>(static_cast<double>(size) * part));
    all_doors(cut, "truncated");
    check_sentence(cut, "truncated", [&] { list(cut); });
  }
  // A copy of a file that was being written, and then it was cut.
  leave_open(path);
  for (const double part : {0.9, 0.5, 0.1, 0.01}) {
    CAPTURE(part);
    const std::string cut = folder / "cut.h5";
    fs::copy_file(path, cut, fs::copy_options::overwrite_existing);
    fs::resize_file(cut, static_cast<std::uintmax_t>(static_cast<double>(size) * part));
    check_sentence(cut, "", [&] { Reader r(cut); });
  }
  fs::resize_file(path, 20);
  check_sentence(path, "", [&] { Reader r(path); });
}

TEST_CASE("flags left set on a whole file are cleared, and it is said") {
  const Folder folder;
  const std::string path = archive(folder);
  leave_open(path);
  CHECK(condition(path) == Condition::killed);
  const Reader r(path);
  CHECK(r.note().find(path) != std::string::npos);
  CHECK(r.note().find("recovered") != std::string::npos);
  CHECK(condition(path) == Condition::whole);
  CHECK(r.n_spikes(0) == 4);
  CHECK(check(path) == std::vector<std::string>{});
}

TEST_CASE("a folder or file without permission to write") {
  const Folder folder;
  const std::string path = archive(folder);
  check_sentence("/proc/none/run.h5", "cannot make the archive", [&] { Writer::create("/proc/none/run.h5", {}); });
  check_sentence(folder / "no/such/run.h5", "No such file", [&] { Writer::create(folder / "no/such/run.h5", {}); });
  if (geteuid() == 0) {
    MESSAGE("run as root, to whom nothing is forbidden: only a file system that cannot be written was tried");
    return;
  }
  chmod(path.c_str(), 0444);
  check_sentence(path, "Permission denied", [&] { Writer::open(path); });
  CHECK(Reader(path).n_spikes(0) == 4);
  leave_open(path);
  CHECK(Reader(path).note().find("may not be written") != std::string::npos);
  chmod(folder.path.c_str(), 0555);
  check_sentence(folder / "new.h5", "Permission denied", [&] { Writer::create(folder / "new.h5", {}); });
  chmod(folder.path.c_str(), 0755);
  chmod(path.c_str(), 0);
  check_sentence(path, "Permission denied", [&] { Reader r(path); });
}

TEST_CASE("a skeleton that contradicts itself is refused and leaves nothing behind") {
  const Folder folder;
  const std::string path = folder / "run.h5";
  const Network network;
  auto refused = [&](const std::string& what, const std::function<void(Skeleton&)>& change) {
    Skeleton s = network.skeleton();
    change(s);
    const std::string sentence = error_of([&] { Writer::create(path, s); });
    CAPTURE(sentence);
    CHECK(sentence.find(what) != std::string::npos);
    CHECK(fs::is_empty(folder.path));
  };
  refused("two populations called 'exc'", [](Skeleton& s) { s.populations[1].name = "exc"; });
  refused("nor hold a slash", [](Skeleton& s) { s.populations[0].name = "a/b"; });
  refused("must not be empty", [](Skeleton& s) { s.signals[0].name = ""; });
  refused("Did you mean 'inh'?", [](Skeleton& s) { s.projections[0].target = "inhh"; });
  refused("5 neurons and 1 names", [](Skeleton& s) { s.populations[0].node_names = {"a"}; });
  refused("records neuron 5", [](Skeleton& s) { s.traces[0].neurons = {5}; });
  refused("records no neuron", [](Skeleton& s) { s.traces[0].neurons = {}; });
  refused("two traces called 'exc.V_m'", [](Skeleton& s) { s.traces[1].variable = "V_m"; });
  refused("step of 0 ms", [](Skeleton& s) { s.traces[0].step_ms = 0; });
  refused("8 synapses and 2 weights",
          [](Skeleton& s) { s.projections[0].synapses.weights = s.projections[0].synapses.weights.first(2); });
  refused("two parameters called 'tau_m'", [](Skeleton& s) {
    s.populations[0].parameters.push_back({"tau_m", 1.0, ""});
  });
  refused("two objects called", [](Skeleton& s) { s.objects.push_back(s.objects[0]); });
  refused("neither empty, populations", [](Skeleton& s) { s.objects[0].name = "populations/exc"; });
}

TEST_CASE("names that are not there are answered with the nearest") {
  const Folder folder;
  const std::string path = archive(folder);
  const Reader r(path);
  check_sentence(path, "Did you mean 'exc'?", [&] { r.population("exk"); });
  check_sentence(path, "Did you mean 'exc_to_inh'?", [&] { r.projection("exc_inh"); });
  check_sentence(path, "Did you mean 'exc.V_m'?", [&] { r.trace("exc", "v_m"); });
  check_sentence(path, "no signal", [&] { r.signal("nothing like it"); });
  check_sentence(path, "there are 4", [&] { r.spike_range(0, 2, 5); });
  check_sentence(path, "there are 100", [&] { r.trace(0, -1, 5); });
  CHECK(error_of([&] { r.text("experimnt"); }).find("Did you mean 'experiment'?") != std::string::npos);
}
