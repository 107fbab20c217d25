// What docs/archive.md shows is run: h5py reads a finished archive, and one that was killed, by the script that the
// page shows.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "sample.hpp"

using namespace sample;

namespace {
const std::string python = "/usr/bin/python3";
const std::string script = std::string(PROXON_SOURCE_DIR) + "/docs/examples/read_archive.py";

bool has_h5py() {
  if (std::system((python + " -c 'import h5py' 2>/dev/null").c_str()) == 0) return true;
  MESSAGE("skipped: ", python, " has no h5py (Debian: python3-h5py)");
  return false;
}

struct Run {
  int status;
  std::string output;
};
Run run(const std::string& command) {
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe);
  std::string output(1 << 16, '\0');
  output.resize(std::fread(output.data(), 1, output.size(), pipe));
  return {pclose(pipe), output};
}
}  // namespace

TEST_CASE("h5py reads the archive as the documentation shows") {
  if (!has_h5py()) return;
  const Folder folder;
  const std::string path = folder / "run.h5";
  const Network network;
  {
    Writer w = Writer::create(path, network.skeleton());
    fill(w);
    fit(w);
  }
  const auto [status, output] = run(python + " " + script + " " + path);
  CAPTURE(output);
  CHECK(status == 0);
  for (const char* line :
       {"version 0.1.0 seed 18446744073709551615", "stage simulate 1.5 s",
        "population exc iaf_psc_delta 5 {'tau_m': (10.0, 'ms'), 'refractory': (20, '')}",
        "projection exc_to_inh static stdp_pair 8 synapses, weights in mV sum 19.75",
        "projection inh_to_exc static  3 synapses, weights in mV sum -6.0", "spikes exc 4", "spikes inh 2",
        "units 8 spikes of the first 1", "trace exc V_m mV (100, 3) every 0.1 ms",
        "trace exc I_syn pA (7, 1) every 1.0 ms", "signal drive (10,)", "rate drive (2,)",
        "correlation pairs exc inh lags [-0.002  0.     0.002] s, count [            3             1 1099511627776]",
        "layer hidden tanh (3, 2) sum 15.0 bias [-1. -2.]", "layer out linear (2, 1) sum 0.75 bias None",
        "epochs 5 last [0.2]", "predictions (6, 2) of ['exc', 'inh'] test rows 2",
        "metric r2 test 0.9 n 2", "  mean rate 0.1", "  PSTH undefined: there are no trials",
        "metric roc_auc class 1 undefined: the target has one class", "  chance 0.5"})
    CHECK_MESSAGE(output.find(line) != std::string::npos, line);
}

TEST_CASE("h5py reads an archive beside its writer, and as a kill left it") {
  if (!has_h5py()) return;
  const Folder folder;
  const std::string path = folder / "run.h5";
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      const Network network;
      Writer w = Writer::create(path, network.skeleton(), {.flush_interval_s = 1e9});
      fill(w);
      // Not flushed: nobody will see it.
      w.append_spikes(0, std::vector<double>{99}, std::vector<std::int32_t>{0});
      if (write(ends[1], "x", 1) == 1) pause();
    } catch (...) {
    }
    _exit(1);
  }
  char go = 0;
  REQUIRE(read(ends[0], &go, 1) == 1);
  const Run beside = run(python + " " + script + " " + path);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  const Run after = run(python + " " + script + " " + path);
  CHECK(recover(path) != "");
  const Run recovered =
      run(python + " -c \"import h5py; print(len(h5py.File('" + path + "', 'r')['spikes/exc/timestamps']))\"");
  for (const auto* r : {&beside, &after}) {
    CAPTURE(r->output);
    CHECK(r->status == 0);
    CHECK(r->output.find("spikes exc 4") != std::string::npos);
  }
  CHECK(recovered.output == "4\n");
}

TEST_CASE("the page shows the script that is tested") {
  std::ifstream page(std::string(PROXON_SOURCE_DIR) + "/docs/archive.md");
  std::stringstream text;
  text << page.rdbuf();
  CHECK(text.str().find("examples/read_archive.py") != std::string::npos);
  // The lines that the page quotes stand in the script too.
  std::ifstream file(script);
  std::stringstream code;
  code << file.rdbuf();
  for (const char* line :
       {"L = layers[k]",
        "W = theta[L[\"weight\"] : L[\"weight\"] + L[\"inputs\"] * L[\"outputs\"]].reshape(L[\"inputs\"], L[\"outputs\"])"}) {
    CHECK(text.str().find(line) != std::string::npos);
    CHECK(code.str().find(line) != std::string::npos);
  }
}
