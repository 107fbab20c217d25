// Sweeps over test functions, whole: what is run, what is known from before, what the archive holds.
#include <doctest/doctest.h>
#include <unistd.h>

#include <bit>
#include <filesystem>
#include <fstream>
#include <map>

#include "proxon/base/error.hpp"
#include "proxon/base/progress.hpp"
#include "proxon/sweep/sweep.hpp"

using namespace proxon;
using namespace proxon::sweep;
namespace fs = std::filesystem;

namespace {

/// A folder with a sweep file in it.
class Folder {
 public:
  explicit Folder(const std::string& text) : folder_(fs::temp_directory_path() / fmt::format("sweep_test.{}.{}", getpid(), counter_++)) {
    fs::create_directories(folder_);
    write(text);
    set_quiet(true);
  }
  ~Folder() { fs::remove_all(folder_); }

  void write(const std::string& text) { std::ofstream(file()) << text; }
  std::string file() const { return (folder_ / "s.toml").string(); }
  std::string archive() const { return (folder_ / "s.h5").string(); }
  SweepSummary run(SweepOptions options = {}, const std::vector<std::string>& set = {}) {
    options.archive = archive(), options.quiet = true;
    return run_sweep(file(), set, registry(), options);
  }
  archive::SweepTable table() const { return archive::SweepReader(archive()).table(); }
  std::string refused(const std::vector<std::string>& set = {}) {
    try {
      run({}, set);
    } catch (const Error& error) {
      std::string what = error.what();
      for (size_t at; (at = what.find(folder_.string() + "/")) != std::string::npos;) what.erase(at, folder_.string().size() + 1);
      return what;
    }
    return "";
  }

 private:
  static Registry& registry() {
    static Registry all(default_folders(""));
    return all;
  }
  static inline int counter_ = 0;
  fs::path folder_;
};

const std::string grid_sweep = R"(
function = "sphere"

[axes]
x = { low = -1, high = 1, points = 3 }
y = { values = [0, 0.5, 2] }

[objectives.value]
metric = "value"

[executor]
workers = 2
)";

}  // namespace

TEST_CASE("a grid runs every point once, and a second time nothing") {
  Folder folder(grid_sweep);
  const SweepSummary first = folder.run();
  CHECK((first.done == 9 && first.failed == 0 && first.before == 0));
  const archive::SweepTable table = folder.table();
  REQUIRE(table.rows() == 9);
  for (int64_t row = 0; row < 9; ++row) {
    const auto r = static_cast<size_t>(row);
    const double x = table.axes[0].value[r], y = table.axes[1].value[r];
    CHECK(table.value(row, table.objectives[0]) == x * x + y * y);
    CHECK(table.start[r] > 1.6e9);
  }
  CHECK(table.point_text(ranked(table)[0]) == "x = 0, y = 0");
  CHECK(!fs::exists(folder.archive() + ".work"));
  const SweepSummary second = folder.run();
  CHECK((second.done == 9 && second.before == 9));
  CHECK(folder.table().start == table.start);
}

TEST_CASE("a larger space runs what is new alone, whatever its order and its sampler") {
  Folder folder(grid_sweep);
  folder.run();
  std::string larger = grid_sweep;
  larger.replace(larger.find("[0, 0.5, 2]"), 11, "[2, 7, 0, 0.5]");
  folder.write(larger);
  const SweepSummary summary = folder.run();
  CHECK((summary.done == 12 && summary.before == 9));
  CHECK(folder.table().rows() == 12);
}

TEST_CASE("repeats are trials of their own, and their mean has an interval") {
  Folder folder("repeats = 4\n" + grid_sweep);
  CHECK(folder.run().done == 36);
  const archive::SweepTable table = folder.table();
  const auto means = point_means(table, table.objectives[0]);
  REQUIRE(means.size() == 9);
  for (const PointMean& mean : means) CHECK((mean.n == 4 && mean.half_width == 0));
  // More repeats later.
  CHECK(folder.run({}, {"repeats=5"}).before == 36);
  CHECK(folder.table().rows() == 45);
}

TEST_CASE("the interval of a mean is Student's") {
  archive::SweepTable table;
  table.objectives = {{"f", "f", false}};
  for (const double value : {1.0, 2.0, 4.0}) table.add_row(), table.figure_column("f").value.back() = value;
  const PointMean mean = point_means(table, table.objectives[0]).at(0);
  CHECK(mean.mean == doctest::Approx(7.0 / 3));
  // t(0.975, 2) = 4.302653, s = 1.527525, n = 3
  CHECK(mean.half_width == doctest::Approx(4.302653 * 1.527525 / std::sqrt(3.0)).epsilon(1e-6));
}

TEST_CASE("samplers that learn come to the same points again where one worker runs") {
  const std::string text = R"(
function = "branin"
trials = 40
sampler = { name = "tpe", startup = 8 }
[axes]
x = { low = -5, high = 10 }
y = { low = 0, high = 15 }
[objectives.value]
metric = "value"
[executor]
workers = 1
)";
  Folder one(text), other(text);
  one.run();
  // The other is stopped on the way, and goes on.
  other.run({}, {"trials=17"});
  other.run();
  const archive::SweepTable a = one.table(), b = other.table();
  REQUIRE(a.rows() == 40);
  REQUIRE(b.rows() == 40);
  CHECK(a.axes[0].value == b.axes[0].value);
  CHECK(a.axes[1].value == b.axes[1].value);
}

TEST_CASE("samplers that learn with a lag come to the same points for any number of workers, and after a stop") {
  const auto text = [](const char* sampler) {
    return fmt::format(R"(
function = "sphere"
trials = 60
sampler = {}
lag = 5
constraints = ["x + y < 22"]
[axes]
x = {{ low = -5, high = 10 }}
y = {{ low = 0, high = 15 }}
work = {{ low = 1, high = 27, space = "log_integer", fidelity = true }}
[objectives.value]
metric = "value"
[executor]
workers = 1
)", sampler);
  };
  for (const char* sampler : {"{ name = 'tpe', startup = 8 }", "'cma_es'", "'asha'"}) {
    CAPTURE(sampler);
    Folder one(text(sampler)), three(text(sampler)), stopped(text(sampler));
    one.run();
    three.run({}, {"executor.workers=3"});
    stopped.run({}, {"trials=23", "executor.workers=2"});
    stopped.run();
    const auto points = [](const Folder& folder) {
      const archive::SweepTable table = folder.table();
      std::map<int64_t, std::vector<double>> all;  // by the number of the proposal
      for (int64_t row = 0; row < table.rows(); ++row)
        for (const archive::SweepAxis& axis : table.axes) all[table.number[static_cast<size_t>(row)]].push_back(axis.value[static_cast<size_t>(row)]);
      return all;
    };
    const auto expected = points(one);
    REQUIRE(expected.size() == 60);
    CHECK(points(three) == expected);
    CHECK(points(stopped) == expected);
  }
  Folder grid("sampler = 'grid'\nlag = 5\n" + grid_sweep);
  CHECK_THROWS_WITH_AS(grid.run(), doctest::Contains("lag = 5 is for a sampler that learns from results, and 'grid' does not"), Error);
}

TEST_CASE("constraints and conditions: a grid counts what is left") {
  Folder folder(R"(
function = "sphere"
constraints = ["x + y <= 1"]
[axes]
x = { low = 0, high = 4, space = "integer" }
y = { values = [0, 1, 2] }
[objectives.value]
metric = "value"
)");
  CHECK(folder.run().done == 3);  // (0,0), (0,1), (1,0)
}

TEST_CASE("Pareto front: those that no other beats in everything") {
  archive::SweepTable table;
  table.objectives = {{"a", "a", false}, {"b", "b", true}};
  const std::vector<std::pair<double, double>> values{{1, 1}, {2, 5}, {3, 4}, {0.5, 0}, {1, 1}, {NAN, 9}, {4, 6}};
  for (const auto& [a, b] : values) {
    table.add_row();
    table.figure_column("a").value.back() = a, table.figure_column("b").value.back() = b;
  }
  CHECK(pareto_front(table) == std::vector<int64_t>{3, 0, 4, 1, 6});
  CHECK(ranked(table) == std::vector<int64_t>{3, 0, 4, 1, 6, 2});
}

TEST_CASE("what is wrong with a sweep file is said with its place before anything is run") {
  Folder folder(grid_sweep);
  CHECK(folder.refused({"function=spere"}) == "--set function: there is no test function 'spere'; there are: sphere, rosenbrock, branin, hartmann6. Did you mean 'sphere'?");
  CHECK(folder.refused({"axes.y.values=[]"}) == "--set axes.y.values: is empty: an axis needs at least one value.");
  CHECK(folder.refused({"axes.y.values=[1, 1]"}) == "--set axes.y.values: has 1 twice.");
  CHECK(folder.refused({"axes.x.points=0"}) == "s.toml:1:1: sampler: sampler 'grid': axis 'x' is a range without end; give it `points`, or `values`");
  CHECK(folder.refused({"axes.x.low=3"}) == "s.toml:5:24: axes.x.high: is 1, which lies below low = 3.");
  CHECK(folder.refused({"axes.x.space=log"}) == "s.toml:5:13: axes.x.low: is -1, and the ratios of a logarithmic range need it above 0.");
  CHECK(folder.refused({"axes.x.pionts=3"}) == "--set axes.x.pionts: unknown key. Did you mean 'points'?");
  CHECK(folder.refused({"axes.y.zip=x"}) == "--set axes.y.zip: 'x' has a range, and this axis has 3 values: axes that move together have as many values.");
  CHECK(folder.refused({"axes.x.when=\"y == 1\"", "axes.y.when=\"x > 0\""}) == "--set axes.x.when: hangs on the axis itself.");
  CHECK(folder.refused({"constraints=[\"z < 1\"]"}) == "--set constraints: 'z < 1': there is no axis 'z'; there are: x, y. Did you mean 'x'?");
  CHECK(folder.refused({"constraints=[\"x > 5\"]"}) == "s.toml: the constraints leave nothing of the 9 points.");
  CHECK(folder.refused({"objectives.value.metric=valeu"}) == "--set objectives.value.metric: there is no figure 'valeu' in a trial's results; there are: value. Did you mean 'value'?");
  CHECK(folder.refused({"sampler=random"}) == "--set sampler: has no end, so that `trials` must say how many points are tried.");
  CHECK(folder.refused({"sampler=sobel"}).starts_with("--set sampler: there is no sampler called 'sobel'"));
  CHECK(folder.refused({"experiment=e.toml"}) == "s.toml: needs `experiment`, the file whose parameters the axes change, or `function`, and not both.");
  Folder huge(R"(
function = "sphere"
[axes]
x = { low = 0, high = 1, points = 100000 }
y = { low = 0, high = 1, points = 100000 }
[objectives.value]
metric = "value"
)");
  CHECK(huge.refused() == "s.toml:1:1: sampler: has 1e+10 points here; give `trials` to take some of them, or fewer values.");
  CHECK(huge.run({}, {"trials=5"}).done == 5);
}

TEST_CASE("a second sweep on the same archive says so and stops") {
  Folder folder(grid_sweep);
  const Places places{folder.archive()};
  {
    const Lock lock(places);
    // Another open file of the same process is another holder, as another process is.
    CHECK(folder.refused().starts_with("s.h5: a sweep is at work on it already (process " + std::to_string(getpid())));
  }
  CHECK(folder.run().done == 9);
}

namespace {

/// Trials of the smallest twin that differ in what can be trained together; `more` joins the axes.
std::string tiny_sweep(const std::string& more) {
  return fmt::format(R"(
experiment = "{}/datasets/tiny_mlp/tanh.toml"
set = ["training.epochs=12", "training.batch=20", "training.patience=3", "dataset.validation=0.25", "dataset.test=0.25", "simulation.duration=80 ms"]
[axes]
rate = {{ parameter = "training.optimizer.learning_rate", values = [0.001, 0.01, 0.1, 1e30] }}
start = {{ parameter = "training.seed", values = [1, 2, 3] }}
{}
[objectives.mse]
metric = "mse"
scope = "test"
[executor]
workers = 2
)", PROXON_SOURCE_DIR, more);
}

}  // namespace

TEST_CASE("trials that are run together are those run alone, and one that diverges is one failed trial") {
  const std::string l2 = "l2 = { parameter = \"training.L2\", values = [0, 0.001] }\nhidden = { parameter = \"model.approximator.hidden\", values = [[2], [3, 3]] }";
  Folder together(tiny_sweep(l2));
  const SweepSummary summary = together.run();
  CHECK((summary.done == 36 && summary.failed == 12));
  const archive::SweepTable table = together.table();
  REQUIRE(table.rows() == 48);
  const auto curves_of = [](const std::string& archive) {
    std::map<int32_t, std::vector<archive::CurvePoint>> curves;
    archive::SweepReader(archive).curves([&](const std::vector<archive::CurvePoint>& points) {
      for (const auto& point : points) curves[point.row].push_back(point);
    });
    return curves;
  };
  const auto curves = curves_of(together.archive());

  // One worker that gets one trial after the other: a sampler that looks back has each alone.
  Folder alone(tiny_sweep(l2));
  const SweepSummary same = alone.run({}, {"sampler=\"tpe\"", "trials=60", "executor.workers=1"});
  CHECK(same.done + same.failed == 60);
  const archive::SweepTable others = alone.table();
  const auto other_curves = curves_of(alone.archive());
  int64_t compared = 0;
  for (int64_t row = 0; row < others.rows(); ++row) {
    const auto found = std::find(table.id.begin(), table.id.end(), others.id[static_cast<size_t>(row)]);
    REQUIRE(found != table.id.end());
    const int64_t twin = found - table.id.begin();
    CAPTURE(table.point_text(twin));
    CHECK(table.state_of(twin) == others.state_of(row));
    for (const archive::SweepFigure& figure : others.figures) {
      const auto mine = std::find_if(table.figures.begin(), table.figures.end(), [&](const auto& f) { return f.name == figure.name; });
      REQUIRE(mine != table.figures.end());
      const double a = mine->value[static_cast<size_t>(twin)], b = figure.value[static_cast<size_t>(row)];
      CHECK(std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b));
    }
    if (table.state_of(twin) == archive::TrialState::failed) {
      CHECK(table.reasons.at(twin) == others.reasons.at(row));
      continue;
    }
    const auto &a = curves.at(static_cast<int32_t>(twin)), &b = other_curves.at(static_cast<int32_t>(row));
    REQUIRE(a.size() == b.size());
    for (size_t e = 0; e < a.size(); ++e)
      CHECK((a[e].epoch == b[e].epoch && std::bit_cast<uint32_t>(a[e].train_loss) == std::bit_cast<uint32_t>(b[e].train_loss) &&
             std::bit_cast<uint32_t>(a[e].validation_loss) == std::bit_cast<uint32_t>(b[e].validation_loss)));
    ++compared;
  }
  CHECK(compared > 10);
}

TEST_CASE("trials that are run together leave the archives that are kept") {
  Folder folder(tiny_sweep("[trial]\nkeep = \"best\"\nkeep_best = 4\n"));
  folder.run();
  CHECK(archive::SweepReader(folder.archive()).kept().size() == 4);
}
