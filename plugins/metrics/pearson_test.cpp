#include "metric_figures.hpp"

using namespace proxon;

TEST_CASE("pearson of small cases in closed form") {
  CHECK(compare("pearson", {1, 2, 3}, {10, 20, 30})["pearson"].value == close_to(1));
  CHECK(compare("pearson", {1, 2, 3}, {3, 2, 1})["pearson"].value == close_to(-1));
  CHECK(compare("pearson", {1, 2, 3, 4}, {1, 3, 2, 4})["pearson"].value == close_to(0.8));
  CHECK(compare("pearson", {-1, 0, 1}, {1, 0, 1})["pearson"].value == close_to(0));
  // Two channels with 0.8 and -1
  CHECK(compare("pearson", {1, 1, 2, 2, 3, 3, 4, 4}, {1, 4, 3, 3, 2, 2, 4, 1}, 2)["pearson"].value == close_to(-0.1));
}

TEST_CASE("pearson does not change with scale, shift or order, and says why it is undefined") {
  auto y = random_floats(1, 300), p = random_floats(2, 300);
  for (size_t i = 0; i < p.size(); ++i) p[i] += y[i];
  const double value = compare("pearson", y, p, 3)["pearson"].value;
  CHECK(value > 0.5);
  CHECK(compare("pearson", permuted_rows(y, 3, 5), permuted_rows(p, 3, 5), 3)["pearson"].value == close_to(value));
  for (float& v : p) v = v * 4 + 256;  // rounds to float32: 256 * 6e-8 against a spread of 4
  CHECK(compare("pearson", y, p, 3)["pearson"].value == doctest::Approx(value).epsilon(1e-5));
  CHECK(compare("pearson", {2, 2}, {1, 2})["pearson"].undefined == "every target is constant");
  CHECK(compare("pearson", {1, 2}, {2, 2})["pearson"].undefined == "the prediction is constant");
}
