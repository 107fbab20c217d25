#include "metric_figures.hpp"

using namespace proxon;

TEST_CASE("mse is the mean squared error over rows and channels, rmse its root") {
  const FigureValue figure = compare("mse", {1, 2, 3, 4}, {1, 0, 3, 5}, 2)["mse"];
  CHECK(figure.value == 1.25);
  CHECK(figure.n == 4);
  CHECK(compare("mse", {1, 2, 3, 4}, {1, 0, 3, 5}, 2)["rmse"].value == std::sqrt(1.25));
  CHECK(compare("mse", {7, 8}, {7, 8})["mse"].value == 0);
  // Errors far below the values: taken in double (1e6 + 0.0625 is a float32)
  CHECK(compare("mse", {1e6f}, {1e6f + 0.0625f})["mse"].value == 0.0625 * 0.0625);
  const auto y = random_floats(1, 300), p = random_floats(2, 300);
  CHECK(compare("mse", permuted_rows(y, 3, 5), permuted_rows(p, 3, 5), 3)["mse"].value ==
        close_to(compare("mse", y, p, 3)["mse"].value));
}
