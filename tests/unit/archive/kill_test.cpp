// A run that is killed at any moment leaves a file that opens and holds everything up to its last flush; a disk that
// fills leaves the same. The writer is a forked child that reports through a pipe what it has flushed, always after the
// flush.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <random>

#include "proxon/archive/check.hpp"
#include "proxon/base/error.hpp"
#include "sample.hpp"

using namespace sample;

namespace {
/// What the child has flushed, in one write that a pipe keeps whole.
struct Flushed {
  std::int64_t spikes = 0, rows = 0, epochs = 0, snapshots = 0, fits = 0, checkpoints = 0;
};

Skeleton two_populations() {
  static const std::vector<std::int64_t> offsets = {0, 1, 2, 3};
  static const std::vector<std::int32_t> targets = {1, 2, 0};
  static const std::vector<float> weights = {1, 2, 3}, delay = {1};
  Skeleton s;
  s.experiment = "text";
  s.populations = {{"a", "m", 3}};
  ProjectionRecord p{"aa", "a", "a", "static"};
  p.plastic = true;
  p.synapses = {offsets, targets, weights, delay};
  s.projections = {p};
  s.traces = {{"a", "V_m", "mV", {0, 1, 2}, 0, 0.1}};
  return s;
}

/// A checkpoint whose size and bytes follow from its number.
proxon::Checkpoint numbered(std::int64_t step) {
  proxon::Checkpoint state{.step = step, .columns = {}};
  const std::vector<std::int64_t> numbers(static_cast<std::size_t>(1000 + 20000 * (step % 3)), step);
  state.keep("numbers", numbers.data(), numbers.size() * sizeof(std::int64_t));
  return state;
}

/// Spike k is at k/10 ms of neuron k mod 3; trace row r holds r; epoch e has number e; snapshot k is k three times; checkpoint k is numbered(k).
[[noreturn]] void write_until_killed(const std::string& path, int pipe) {
  try {
    Writer w = Writer::create(path, two_populations(), {.flush_interval_s = 1e9});
    Flushed f;
    auto report = [&] {
      if (::write(pipe, &f, sizeof(f)) != sizeof(f)) _exit(3);
    };
    report();
    for (std::int64_t round = 1;; ++round) {
      // Blocks of many sizes: within a chunk, across its end, several chunks.
      const std::int64_t n = round % 7 == 0 ? 150000 : 1 + 977 * (round % 13);
      std::vector<double> ms(n);
      std::vector<std::int32_t> ids(n);
      std::vector<float> rows(3 * n);
      for (std::int64_t i = 0; i < n; ++i) {
        ms[i] = static_cast<double>(f.spikes + i) / 10;
        ids[i] = static_cast<std::int32_t>((f.spikes + i) % 3);
        rows[3 * i] = rows[3 * i + 1] = rows[3 * i + 2] = static_cast<float>(f.rows + i);
      }
      w.append_spikes(0, ms, ids);
      w.append_trace(0, rows);
      w.append_epoch({f.epochs, 1, 1, 1});
      w.append_weights(0, static_cast<double>(f.snapshots), std::vector<float>(3, static_cast<float>(f.snapshots)));
      // A fit now and then, larger and smaller by turns, and the units.
      if (round % 3 == 0) {
        w.set_model({{"l", 1, 100 * (1 + round % 5), 0, -1, "tanh"}},
                    std::vector<float>(100 * (1 + round % 5), static_cast<float>(f.fits)));
        w.start_predictions(std::vector<std::string>(1 + round % 3, "c"));
        w.append_predictions({{1},
                              {Split::test},
                              std::vector<float>(1 + round % 3, 1),
                              std::vector<float>(1 + round % 3, 1),
                              std::vector<float>(1 + round % 3, 1)});
        ++f.fits;
      }
      if (round % 10 == 0) w.finalise_units(1000);
      w.set_checkpoint("fit", numbered(round));
      w.flush();
      f.spikes += n, f.rows += n, ++f.epochs, ++f.snapshots, f.checkpoints = round;
      report();
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child: %s\n", error.what());
    _exit(2);
  }
}

/// The file holds at least what was reported, at most one round more, and every number is the right one.
void check_file(const std::string& path, const Flushed& f) {
  const Reader r(path);
  CHECK(r.text("experiment") == "text");
  const std::int64_t n = r.n_spikes(0), rows = r.trace_rows(0);
  CHECK(n >= f.spikes);
  CHECK(n <= f.spikes + 150000);
  const auto spikes = r.spikes(0);
  REQUIRE(spikes.ms.size() == static_cast<std::size_t>(n));
  REQUIRE(spikes.neurons.size() == static_cast<std::size_t>(n));
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < n; ++i)
    wrong += spikes.ms[i] != static_cast<double>(i) / 10 || spikes.neurons[i] != i % 3;
  CHECK(wrong == 0);
  CHECK(rows >= f.rows);
  const auto trace = r.trace(0, 0, rows);
  for (std::int64_t i = 0; i < 3 * rows; ++i) wrong += trace[i] != static_cast<float>(i / 3);
  CHECK(wrong == 0);
  const auto epochs = r.epochs();
  CHECK(static_cast<std::int64_t>(epochs.size()) >= f.epochs);
  for (std::size_t i = 0; i < epochs.size(); ++i) CHECK(epochs[i].epoch == static_cast<std::int64_t>(i));
  const auto times = r.snapshot_times_ms(0);
  CHECK(static_cast<std::int64_t>(times.size()) >= f.snapshots);
  for (std::size_t k = 0; k < times.size(); ++k)
    CHECK(r.snapshot(0, static_cast<std::int64_t>(k), 0, 3) == std::vector<float>(3, static_cast<float>(k)));
  // The last checkpoint that was reported, or a newer one, and whole.
  if (const auto state = r.checkpoint("fit")) {
    CHECK(state->step >= f.checkpoints);
    CHECK(state->find("numbers") == numbered(state->step).find("numbers"));
  } else {
    CHECK(f.checkpoints == 0);
  }
  // A model is whole or not there, never a mixture.
  if (const auto model = r.model()) {
    CHECK(model->theta.size() == static_cast<std::size_t>(model->layers.at(0).outputs));
    for (const float value : model->theta) CHECK(value == model->theta[0]);
  }
}
}  // namespace

TEST_CASE("SIGKILL at 50 random moments loses nothing that was flushed") {
  const Folder folder;
  std::mt19937 random(20240601);
  std::uniform_int_distribution<int> rounds(0, 8), delay_us(0, 8000);
  int unfinished = 0;
  for (int trial = 0; trial < 50; ++trial) {
    CAPTURE(trial);
    const std::string path = folder / "run.h5";
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      close(ends[0]);
      write_until_killed(path, ends[1]);
    }
    close(ends[1]);

    // The first report says that the file is in place; then some rounds and a random time, then the kill.
    Flushed f;
    for (int round = rounds(random); round >= 0; --round) REQUIRE(read(ends[0], &f, sizeof(f)) == sizeof(f));
    usleep(static_cast<useconds_t>(delay_us(random)));
    kill(child, SIGKILL);
    for (Flushed next; read(ends[0], &next, sizeof(next)) == sizeof(next);) f = next;
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    REQUIRE(WIFSIGNALED(status));

    // As it lies: other programs read it by SWMR, ours by itself; afterwards it is an ordinary file, valid by every
    // rule.
    const Condition left = condition(path);
    CHECK(left == Condition::killed);
    const bool by_hand = trial % 2 == 0;
    if (by_hand) CHECK_FALSE(recover(path).empty());
    {
      const Reader r(path);
      CHECK(r.note().empty() == by_hand);
    }
    CHECK(condition(path) == Condition::whole);
    check_file(path, f);
    CHECK(check(path) == std::vector<std::string>{});
    unfinished += f.epochs == 0;

    // And it can be written on.
    const std::int64_t n = Reader(path).n_spikes(0), rows = Reader(path).trace_rows(0);
    {
      Writer w = Writer::open(path);
      std::vector<double> ms(70000);
      std::vector<std::int32_t> ids(ms.size());
      for (std::size_t i = 0; i < ms.size(); ++i)
        ms[i] = static_cast<double>(n + static_cast<std::int64_t>(i)) / 10,
        ids[i] = static_cast<std::int32_t>((n + static_cast<std::int64_t>(i)) % 3);
      w.append_spikes(0, ms, ids);
      w.append_trace(0, std::vector<float>(3, static_cast<float>(rows)));
      w.finalise_units();
    }
    CHECK(Reader(path).n_spikes(0) == n + 70000);
    check_file(path, {.spikes = n, .rows = rows});
    CHECK(check(path) == std::vector<std::string>{});
  }
  // The moments are spread over the work, not all before its first flush.
  CHECK(unfinished < 25);
}

TEST_CASE("a kill while the skeleton is written leaves the old file") {
  const Folder folder;
  const std::string path = folder / "run.h5";
  for (int trial = 0; trial < 10; ++trial) {
    { Writer::create(path, two_populations()).end_stage("old", 1); }
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        for (;;) Writer::create(folder / "other.h5", two_populations());
      } catch (...) {
      }
      _exit(1);
    }
    usleep(3000 + 1500 * static_cast<useconds_t>(trial));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    // Either no file, or a whole skeleton.
    if (fs::exists(folder / "other.h5")) CHECK(Reader(folder / "other.h5").text("experiment") == "text");
    CHECK(Reader(path).stage_done("old"));
  }
}

namespace {
/// Appends until the disk is full; returns what was flushed and the sentence.
std::pair<Flushed, std::string> fill_disk(const std::string& path) {
  Flushed f;
  std::string sentence;
  {
    Writer w = Writer::create(path, two_populations(), {.flush_interval_s = 1e9});
    try {
      for (;;) {
        const std::int64_t n = 20000;
        std::vector<double> ms(n);
        std::vector<std::int32_t> ids(n);
        std::vector<float> rows(3 * n);
        for (std::int64_t i = 0; i < n; ++i) {
          ms[i] = static_cast<double>(f.spikes + i) / 10;
          ids[i] = static_cast<std::int32_t>((f.spikes + i) % 3);
          rows[3 * i] = rows[3 * i + 1] = rows[3 * i + 2] = static_cast<float>(f.rows + i);
        }
        w.append_spikes(0, ms, ids);
        w.append_trace(0, rows);
        w.flush();
        f.spikes += n, f.rows += n;
      }
    } catch (const proxon::Error& error) {
      sentence = error.what();
    }
    // What comes after a failed write is refused, in a sentence too.
    CHECK_THROWS_AS(w.append_trace(0, std::vector<float>(3, 0)), proxon::Error);
  }
  return {f, sentence};
}
}  // namespace

TEST_CASE("a full disk is one sentence, and what was flushed stays readable") {
  // A limit on the length of files stands for the full disk: no rights are needed. In a child, since it cannot be
  // undone.
  const Folder folder;
  const std::string path = folder / "run.h5";
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4 << 20, 4 << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
    const auto [f, sentence] = fill_disk(path);
    const bool said = sentence.find(path) != std::string::npos &&
                      sentence.find("File too large") != std::string::npos && sentence.find('\n') == std::string::npos;
    if (!said) std::fprintf(stderr, "sentence: %s\n", sentence.c_str());
    std::FILE* report = std::fopen((folder / "flushed").c_str(), "w");
    const bool wrote = report && std::fwrite(&f, sizeof(f), 1, report) == 1;
    if (report) std::fclose(report);
    _exit(said && wrote ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  Flushed f;
  std::FILE* report = std::fopen((folder / "flushed").c_str(), "r");
  REQUIRE(report);
  REQUIRE(std::fread(&f, sizeof(f), 1, report) == 1);
  std::fclose(report);
  CHECK(f.spikes > 0);
  check_file(path, f);
  CHECK(check(path) == std::vector<std::string>{});
}

TEST_CASE("a small file system that fills leaves what was flushed") {
  const Folder folder;
  fs::create_directory(folder / "small");
  if (mount("tmpfs", (folder / "small").c_str(), "tmpfs", 0, "size=6m") != 0) {
    MESSAGE("skipped: a small file system needs root (", std::strerror(errno), ")");
    return;
  }
  const std::string path = folder / "small/run.h5";
  {
    const auto [f, sentence] = fill_disk(path);
    CHECK(sentence.find("No space left on device") != std::string::npos);
    CHECK(f.spikes > 0);
    check_file(path, f);
    // No room for a skeleton: nothing new is left behind.
    std::string none;
    try {
      while (true)
        Writer::create(folder / "small/b.h5", two_populations()).append_trace(0, std::vector<float>(300000, 1));
    } catch (const proxon::Error& error) {
      none = error.what();
    }
    CHECK(none.find("No space left") != std::string::npos);
    CHECK_FALSE(fs::exists(folder / "small/b.h5.part"));
  }
  umount((folder / "small").c_str());
}
