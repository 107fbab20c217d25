#include <doctest/doctest.h>

#include "support.hpp"

using namespace network_test;
using Layout = Positions::Layout;

namespace {
std::string positions_refused(const Positions& positions, int64_t size) {
  try {
    check_positions(positions, size);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}
}  // namespace

TEST_CASE("a grid begins at the lower corner, x runs fastest, and it lies around its centre") {
  const Positions grid{.layout = Layout::grid, .shape = {2, 4}, .extent = {100, 60}, .center = {10, 20}};
  const auto at = coordinates(grid, 8, "E", 1);
  CHECK(at[0] == std::array<double, 3>{-15, -2.5, 0});
  CHECK(at[1] == std::array<double, 3>{35, -2.5, 0});
  CHECK(at[2] == std::array<double, 3>{-15, 12.5, 0});
  CHECK(at[7] == std::array<double, 3>{35, 42.5, 0});
  CHECK(positions_text(grid) == "grid of 2 x 4 neurons in 100 x 60 um");
}

TEST_CASE("random positions fill their box evenly, and depend on the population and the seed alone") {
  const Positions box{.layout = Layout::uniform, .extent = {100, 200, 50}, .periodic = true};
  const auto at = coordinates(box, 20000, "E", 1);
  for (size_t d = 0; d < 3; ++d) {
    double mean = 0, square = 0;
    for (const auto& x : at) {
      REQUIRE(std::fabs(x[d]) <= box.extent[d] / 2);
      mean += x[d] / 20000, square += x[d] * x[d] / 20000;
    }
    // Standard deviation extent / sqrt(12); the variance's standard error is its own times sqrt(0.8 / n).
    const double variance = box.extent[d] * box.extent[d] / 12;
    CHECK(std::fabs(mean) < 4 * std::sqrt(variance / 20000));
    CHECK(std::fabs(square / variance - 1) < 4 * std::sqrt(0.8 / 20000));
  }
  CHECK(coordinates(box, 20000, "E", 1) == at);
  CHECK(coordinates(box, 20000, "E", 2) != at);
  CHECK(coordinates(box, 20000, "I", 1) != at);
  CHECK(coordinates(box, 10, "E", 1)[9] == at[9]);
  CHECK(positions_text(box) == "uniform in 100 x 200 x 50 um, periodic");
}

TEST_CASE("the distance on a periodic box is the shortest way") {
  const Positions ring{.layout = Layout::grid, .shape = {10}, .extent = {100}, .periodic = true};
  const ProjectionSpace space(ring, 10, "E", ring, 10, "E", 1);
  CHECK(space.space().distance(0, 9) == doctest::Approx(10));
  CHECK(space.space().distance(0, 5) == doctest::Approx(50));
  CHECK(space.space().distance(2, 8) == doctest::Approx(40));
  CHECK(space.space().distance(3, 3) == 0);
}

TEST_CASE("positions that contradict themselves are refused") {
  CHECK(positions_refused({}, 5) == "");
  CHECK(positions_refused({.layout = Layout::uniform}, 5) == "extent: needs 1 to 3 lengths, one a dimension, and has 0.");
  CHECK(positions_refused({.layout = Layout::uniform, .extent = {1, 1, 1, 1}}, 5) ==
        "extent: needs 1 to 3 lengths, one a dimension, and has 4.");
  CHECK(positions_refused({.layout = Layout::uniform, .extent = {-1}}, 5) == "extent: -1 um is no length; it must be above 0.");
  CHECK(positions_refused({.layout = Layout::uniform, .extent = {1}, .center = {0, 0}}, 5) ==
        "center: has 2 coordinates and extent has 1; give as many.");
  CHECK(positions_refused({.layout = Layout::grid, .shape = {2, 3}, .extent = {1, 1}}, 5) ==
        "shape: 2 x 3 gives 6 places for 5 neurons.");
  CHECK(positions_refused({.layout = Layout::grid, .shape = {5}, .extent = {1, 1}}, 5) ==
        "shape: has 1 numbers and extent has 2; give as many.");
  CHECK(positions_refused({.layout = Layout::listed, .extent = {1}, .listed = {{0, 0, 0}}}, 5) ==
        "file: gives 1 positions for 5 neurons.");
  Blueprint b;
  CHECK_THROWS_WITH(b.add(Population{.name = "E", .size = 5, .positions = {.layout = Layout::uniform}}),
                    "population 'E': its positions: extent: needs 1 to 3 lengths, one a dimension, and has 0.");
}
