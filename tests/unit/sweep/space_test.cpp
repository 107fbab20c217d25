#include <doctest/doctest.h>

#include "proxon/sweep/space.hpp"

using namespace proxon;
using namespace proxon::sweep;

namespace {

/// rule: two texts; rate: ratios, with hebb only; batch: three numbers; steps: zipped to batch.
Space sample() {
  Space space;
  space.axes.push_back({.name = "rule", .parameters = {"training.rule"}, .choices = {"'hebb'", "'oja'"}, .where = "s.toml:1:1: axes.rule"});
  space.axes.push_back({.name = "rate", .parameters = {"training.rule.eta"}, .low = 1e-4, .high = 1, .logarithmic = true});
  space.axes.push_back({.name = "batch", .parameters = {"training.batch"}, .choices = {"16", "32", "64"}, .numbers = {16, 32, 64}});
  space.axes.push_back({.name = "steps", .parameters = {"training.epochs", "training.step_epochs"}, .choices = {"40", "20", "10"}, .numbers = {40, 20, 10}, .moves_with = 2});
  space.axes[1].when.emplace("rule == 'hebb'", space.names());
  space.constraints.emplace_back("rate < 0.5 or batch == 16", space.names());
  return space;
}

}  // namespace

TEST_CASE("a sampler sees one coordinate an axis that moves by itself") {
  const Space space = sample();
  const auto axes = space.coordinates();
  REQUIRE(axes.size() == 3);
  CHECK(axes[0].choices == 2);
  CHECK((axes[1].logarithmic == 1 && axes[1].low == 1e-4));
  CHECK(axes[2].choices == 3);
}

TEST_CASE("axes that are zipped have values of the same place") {
  const Space space = sample();
  const Point point = space.at(std::vector<double>{0, 0.01, 2});
  CHECK(point[2] == 64);
  CHECK(point[3] == 10);
  // And ranges the same share.
  Space ranges;
  ranges.axes.push_back({.name = "a", .low = 0, .high = 4});
  ranges.axes.push_back({.name = "b", .low = 1, .high = 100, .logarithmic = true, .moves_with = 0});
  CHECK(ranges.at(std::vector<double>{2})[1] == doctest::Approx(10).epsilon(1e-12));
}

TEST_CASE("an axis without its condition has no value, sets nothing, and keeps every constraint") {
  const Space space = sample();
  const Point with = space.at(std::vector<double>{0, 0.9, 1}), without = space.at(std::vector<double>{1, 0.9, 1});
  CHECK(with[1] == 0.9);
  CHECK(std::isnan(without[1]));
  CHECK(!space.allows(with));
  CHECK(space.allows(without));
  CHECK(space.text(without) == "rule = oja, batch = 32, steps = 20");
}

TEST_CASE("what hangs on an axis that hangs on another has no value either") {
  Space space;
  space.axes.push_back({.name = "c", .low = 0, .high = 1});
  space.axes.push_back({.name = "b", .low = 0, .high = 1});
  space.axes.push_back({.name = "a", .choices = {"1", "2"}, .numbers = {1, 2}});
  space.axes[1].when.emplace("a == 2", space.names());
  space.axes[0].when.emplace("b > 0.5", space.names());
  CHECK(std::isnan(space.at(std::vector<double>{0.3, 0.9, 0})[0]));
  CHECK(space.at(std::vector<double>{0.3, 0.9, 1})[0] == 0.3);
  CHECK(std::isnan(space.at(std::vector<double>{0.3, 0.4, 1})[0]));
}

TEST_CASE("a point sets plugins before their parameters, with the axis as the origin of messages") {
  const Space space = sample();
  const auto set = space.overrides(space.at(std::vector<double>{0, 0.01, 0}));
  REQUIRE(set.size() == 5);
  CHECK(set[0].text == "training.rule='hebb'");
  CHECK(set[0].origin == "s.toml:1:1: axes.rule: ");
  CHECK(set[1].text == "training.batch=16");
  CHECK(set[4].text == "training.rule.eta=0.01");
}

TEST_CASE("coordinates of a point lead back to it") {
  const Space space = sample();
  const std::vector<double> at{0, 0.01, 2};
  CHECK(space.coordinates_of(space.at(at)) == at);
}

TEST_CASE("numbers are written so that they read back the same") {
  const Axis real{.name = "x", .low = 0, .high = 1}, whole{.name = "n", .low = 0, .high = 10, .whole = true};
  CHECK(real.toml(0.1) == "0.1");
  CHECK(real.toml(3) == "3.0");
  CHECK(real.toml(1e-05) == "1e-05");
  CHECK(whole.toml(3) == "3");
}
