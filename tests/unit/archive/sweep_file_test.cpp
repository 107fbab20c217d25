// The file of a sweep: what is written is read back, and it is never half there.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "proxon/archive/sweep_file.hpp"
#include "proxon/base/error.hpp"

using namespace proxon;
using namespace proxon::archive;
namespace fs = std::filesystem;

namespace {

SweepTable sample_table(std::int64_t rows) {
  SweepTable table;
  table.title = "a sweep", table.sweep = "trials = 3", table.experiment = "seed = 1", table.sampler = "grid 1", table.started = "now", table.seed = 7;
  table.objectives = {{"best", "r2.test", true}, {"time", "seconds", false}};
  table.plugins = {{"sampler", "grid", "grid.so", "abc"}};
  table.axes = {{.name = "rate", .parameters = {"a.b", "c.d"}, .unit = "1/ms", .logarithmic = true}, {.name = "rule", .parameters = {"e"}, .choices = {"hebb", "oja"}}, {.name = "bare"}};
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto r = static_cast<std::size_t>(table.add_row());
    table.id[r] = {static_cast<std::uint64_t>(row) << 40, ~std::uint64_t{0} - static_cast<std::uint64_t>(row)}, table.key[r] = 3 * r, table.number[r] = row - 1;
    table.axes[0].value[r] = 0.1 * static_cast<double>(row), table.axes[1].value[r] = row % 3 == 2 ? NAN : static_cast<double>(row % 2);
    table.figure_column("r2.test").value[r] = 1.0 / static_cast<double>(row + 1), table.seconds[r] = 2;
    if (row % 5 == 4) table.state[r] = static_cast<std::uint8_t>(TrialState::failed), table.reasons[row] = "no\nluck";
  }
  return table;
}

struct File {
  std::string path = (fs::temp_directory_path() / ("sweep_file_test." + std::to_string(getpid()) + ".h5")).string();
  ~File() { fs::remove(path); }
};

bool same(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

}  // namespace

TEST_CASE("a table is read back as it was written, with its curves and kept archives") {
  for (const std::int64_t rows : {0, 3, 20'000}) {
    const File file;
    const SweepTable table = sample_table(rows);
    const std::vector<std::uint8_t> bytes(5000, 9);
    {
      SweepWriter writer(file.path, table);
      writer.append_curves({{0, 1, 0.5f, NAN}, {0, 2, 0.25f, NAN}});
      writer.append_curves({{1, 1, 0.75f, 1.5f}});
      writer.keep_archive({1, 2}, bytes);
      CHECK(!fs::exists(file.path));
      writer.close();
    }
    const SweepReader reader(file.path);
    const SweepTable read = reader.table();
    CHECK(read.rows() == rows);
    CHECK(read.id == table.id);
    CHECK(read.key == table.key);
    CHECK(read.number == table.number);
    CHECK(read.state == table.state);
    CHECK(read.reasons == table.reasons);
    CHECK(read.seed == 7);
    CHECK(read.sweep == table.sweep);
    CHECK(read.plugins == table.plugins);
    REQUIRE(read.axes.size() == 3);
    for (std::size_t a = 0; a < 3; ++a) {
      CHECK(read.axes[a].parameters == table.axes[a].parameters);
      CHECK(read.axes[a].choices == table.axes[a].choices);
      CHECK(same(read.axes[a].value, table.axes[a].value));
    }
    CHECK(read.axes[0].logarithmic);
    CHECK(read.axes[0].unit == "1/ms");
    std::vector<CurvePoint> points;
    reader.curves([&](const std::vector<CurvePoint>& block) { points.insert(points.end(), block.begin(), block.end()); });
    REQUIRE(points.size() == 3);
    CHECK((points[1].row == 0 && points[1].epoch == 2 && points[1].train_loss == 0.25f && std::isnan(points[1].validation_loss)));
    CHECK((points[2].row == 1 && points[2].validation_loss == 1.5f));
    REQUIRE(reader.kept() == std::vector<TrialId>{{1, 2}});
    CHECK(reader.kept_archive({1, 2}) == bytes);
    if (rows == 0) continue;
    CHECK(read.value(1, read.objectives[0]) == 0.5);
    CHECK(read.value(1, read.objectives[1]) == 2);
    CHECK(read.point_text(1) == "rate = 0.1, rule = oja");
    CHECK(read.point_text(2) == "rate = 0.2");
  }
}

TEST_CASE("a writer that is given up leaves nothing, and the file that was there") {
  const File file;
  {
    SweepWriter writer(file.path, sample_table(2));
    writer.close();
  }
  { SweepWriter writer(file.path, sample_table(9)); }
  CHECK(SweepReader(file.path).table().rows() == 2);
  for (const auto& entry : fs::directory_iterator(fs::path(file.path).parent_path()))
    CHECK(!entry.path().string().starts_with(file.path + "."));
}

TEST_CASE("what is no sweep is said to be none") {
  const File file;
  CHECK_THROWS_AS(SweepReader{file.path}, Error);
  std::ofstream(file.path) << "text";
  CHECK_THROWS_AS(SweepReader{file.path}, Error);
}

TEST_CASE("the command of a trial sets plugins before their parameters, and the seed of its repeat") {
  SweepTable table = sample_table(2);
  table.command = "proxon run e.toml";
  table.axes[0].parameters = {"training.rule.eta"}, table.axes[1].parameters = {"training.rule"};
  table.repeat[1] = 2;
  CHECK(table.command_of(1) == "proxon run e.toml --set 'training.rule=oja' --set 'training.rule.eta=0.1' --seed 9");
}
