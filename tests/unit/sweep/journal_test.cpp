// The journal must give back every record that was written whole, wherever the file ends.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "proxon/base/error.hpp"
#include "proxon/sweep/journal.hpp"

using namespace proxon;
using namespace proxon::sweep;
namespace fs = std::filesystem;

namespace {

Space sample_space() {
  Space space;
  space.axes.push_back({.name = "x", .low = 0, .high = 1});
  space.axes.push_back({.name = "rule", .choices = {"'hebb'", "'oja'"}});
  return space;
}

Result sample_result(int64_t number) {
  Result result;
  result.trial = {.number = number, .repeat = 1, .key = 7u + static_cast<uint64_t>(number), .id = {static_cast<uint64_t>(number), 3}, .point = {0.25, 1}};
  result.seconds = 0.5, result.start = 1.7e9, result.worker = 2;
  if (number % 3 == 2) {
    result.state = TrialState::failed, result.reason = "it broke";
  } else {
    result.figures = {{"mse.test", 0.1 * static_cast<double>(number)}, {number % 2 ? "odd" : "even", NAN}};
    result.curve = {{1, 0.5f, 0.6f}, {2, 0.4f, 0.5f}};
  }
  return result;
}

std::vector<Result> read_all(const std::string& path, bool archives = false) {
  std::vector<Result> all;
  JournalReader reader(path, archives);
  reader.read([&](Result&& result) { all.push_back(std::move(result)); });
  return all;
}

std::string fresh(const char* name) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("journal_test.{}", getpid());
  fs::create_directories(folder);
  fs::remove(folder / name);
  return (folder / name).string();
}

void check_equal(const Result& a, const Result& b) {
  CHECK(a.trial.id == b.trial.id);
  CHECK(a.trial.key == b.trial.key);
  CHECK(a.trial.number == b.trial.number);
  CHECK(a.trial.repeat == b.trial.repeat);
  CHECK(a.trial.point == b.trial.point);
  CHECK(a.state == b.state);
  CHECK(a.reason == b.reason);
  CHECK(a.seconds == b.seconds);
  CHECK(a.worker == b.worker);
  REQUIRE(a.figures.size() == b.figures.size());
  for (size_t i = 0; i < a.figures.size(); ++i) {
    CHECK(a.figures[i].first == b.figures[i].first);
    CHECK((a.figures[i].second == b.figures[i].second || (std::isnan(a.figures[i].second) && std::isnan(b.figures[i].second))));
  }
  REQUIRE(a.curve.size() == b.curve.size());
  for (size_t i = 0; i < a.curve.size(); ++i) CHECK((a.curve[i].epoch == b.curve[i].epoch && a.curve[i].train_loss == b.curve[i].train_loss));
}

}  // namespace

TEST_CASE("what is written is read back, also by a reader that comes early") {
  const std::string path = fresh("round");
  JournalReader early(path);
  CHECK(!early.read([](Result&&) {}));
  std::vector<Result> seen;
  {
    JournalWriter writer(path, sample_space());
    for (int64_t n = 0; n < 5; ++n) {
      writer.append(sample_result(n));
      early.read([&](Result&& result) { seen.push_back(std::move(result)); });
      CHECK(seen.size() == static_cast<size_t>(n + 1));
    }
  }
  {
    JournalWriter again(path, sample_space());
    again.append(sample_result(5));
  }
  early.read([&](Result&& result) { seen.push_back(std::move(result)); });
  const std::vector<Result> all = read_all(path);
  REQUIRE(all.size() == 6);
  REQUIRE(seen.size() == 6);
  for (int64_t n = 0; n < 6; ++n) check_equal(all[static_cast<size_t>(n)], sample_result(n)), check_equal(seen[static_cast<size_t>(n)], sample_result(n));
  CHECK(early.axes()[1].choices == std::vector<std::string>{"hebb", "oja"});
}

TEST_CASE("a file cut anywhere gives its whole records, and a writer goes on behind them") {
  const std::string path = fresh("whole");
  std::vector<uintmax_t> ends;
  {
    JournalWriter writer(path, sample_space());
    ends.push_back(fs::file_size(path));
    for (int64_t n = 0; n < 4; ++n) writer.append(sample_result(n)), ends.push_back(fs::file_size(path));
  }
  const std::string torn = fresh("torn");
  for (uintmax_t size = 0; size <= ends.back(); ++size) {
    fs::copy_file(path, torn, fs::copy_options::overwrite_existing);
    fs::resize_file(torn, size);
    const size_t whole = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), size) - ends.begin());
    const size_t expected = whole == 0 ? 0 : whole - 1;
    CHECK(read_all(torn).size() == expected);
    if (size % 5) continue;
    JournalWriter(torn, sample_space()).append(sample_result(9));
    const auto all = read_all(torn);
    REQUIRE(all.size() == expected + 1);
    check_equal(all.back(), sample_result(9));
  }
}

TEST_CASE("a record whose bytes were changed ends the journal, and is not taken for a result") {
  const std::string path = fresh("changed");
  {
    JournalWriter writer(path, sample_space());
    for (int64_t n = 0; n < 3; ++n) writer.append(sample_result(n));
  }
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<long>(fs::file_size(path)) - 3);
  file.put('\x55');
  file.close();
  CHECK(read_all(path).size() == 2);
}

TEST_CASE("kept archives are read only when they are asked for") {
  const std::string path = fresh("kept");
  Result result = sample_result(0);
  result.archive.assign(100'000, 7);
  JournalWriter(path, sample_space()).append(result);
  CHECK(read_all(path)[0].archive.empty());
  CHECK(read_all(path, true)[0].archive == result.archive);
}

TEST_CASE("a full disk is an error, and leaves whole records") {
  const std::string path = fresh("full");
  JournalWriter writer(path, sample_space());
  for (int64_t n = 0; n < 3; ++n) writer.append(sample_result(n));
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit tight{static_cast<rlim_t>(fs::file_size(path)) + 50, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &tight);
  CHECK_THROWS_AS(writer.append(sample_result(3)), Error);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(read_all(path).size() == 3);
  writer.append(sample_result(4));
  CHECK(read_all(path).size() == 4);
}
