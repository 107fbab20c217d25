#include "metric_figures.hpp"

using namespace proxon;

TEST_CASE("participation_ratio counts dimensions") {
  // Variances 4 and 1, uncorrelated: 25 / 17. One channel that follows the other: 1.
  const std::vector<float> cross{2, 0, -2, 0, 0, 1, 0, -1}, along{2, 1, -2, -1, 4, 2, -4, -2};
  const Figures figures = compare("participation_ratio", cross, along, 2);
  CHECK(figures["participation_ratio"].value == close_to(25 / 17.));
  CHECK(figures["prediction"].value == close_to(1));
  CHECK(figures["participation_ratio"].n == 4);
  // Neither the mean nor the unit matters.
  std::vector<float> moved = cross;
  for (float& x : moved) x = 5 + 3 * x;
  CHECK(compare("participation_ratio", moved, along, 2)["participation_ratio"].value == doctest::Approx(25 / 17.).epsilon(1e-6));
  // Four independent channels of one spread: 4 less the share that 2,500 rows give by chance.
  CHECK(compare("participation_ratio", random_floats(1, 10000), random_floats(2, 10000), 4)["participation_ratio"].value == doctest::Approx(4).epsilon(0.01));
}

TEST_CASE("participation_ratio says why it is undefined") {
  const Figures figures = compare("participation_ratio", {1, 2, 1, 2}, {1, 2, 3, 4}, 2);
  CHECK(figures["participation_ratio"].undefined == "no channel varies");
  CHECK(figures["prediction"].undefined.empty());
}
