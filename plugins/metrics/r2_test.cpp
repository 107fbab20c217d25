#include "metric_figures.hpp"

using namespace proxon;

TEST_CASE("r2 is 1 for the target itself, 0 for its mean, below 0 for worse") {
  CHECK(compare("r2", {1, 2, 3}, {1, 2, 3})["r2"].value == 1);
  CHECK(compare("r2", {1, 2, 3}, {2, 2, 2})["r2"].value == 0);
  CHECK(compare("r2", {1, 2, 3}, {3, 2, 1})["r2"].value == -3);
}

TEST_CASE("r2 of several channels: mean over channels, and pooled over their variances") {
  // scikit-learn's documented example, r2_score(y, p): 0.938 (variance_weighted), 0.936 (uniform_average)
  const Figures figures = compare("r2", {0.5f, 1, -1, 1, 7, -6}, {0, 2, -1, 2, 8, -5}, 2);
  CHECK(figures["pooled"].value == close_to(1 - 4.25 / (217 / 6. + 98 / 3.)));
  CHECK(figures["r2"].value == close_to(1 - (1.25 / (217 / 6.) + 3 / (98 / 3.)) / 2));
  CHECK(figures["r2"].value == doctest::Approx(0.9368).epsilon(1e-4));
  CHECK(figures["pooled"].value == doctest::Approx(0.9383).epsilon(1e-4));
  CHECK(figures["r2"].n == 6);
}

TEST_CASE("r2 is the same for another order and another unit, and undefined where every target is constant") {
  auto y = random_floats(1, 300), p = random_floats(2, 300);
  const double value = compare("r2", y, p, 3)["r2"].value;
  CHECK(compare("r2", permuted_rows(y, 3, 5), permuted_rows(p, 3, 5), 3)["r2"].value == close_to(value));
  for (float& v : y) v *= 8;
  for (float& v : p) v *= 8;
  CHECK(compare("r2", y, p, 3)["r2"].value == close_to(value));
  CHECK(compare("r2", {0.1f, 0.1f, 0.1f}, {1, 2, 3})["r2"].undefined == "every target is constant");
  CHECK(compare("r2", {5}, {5})["pooled"].undefined == "every target is constant");
  // A constant channel is left out, and n shows it
  CHECK(compare("r2", {1, 9, 2, 9, 3, 9}, {1, 0, 2, 0, 3, 0}, 2)["r2"].value == 1);
  CHECK(compare("r2", {1, 9, 2, 9, 3, 9}, {1, 0, 2, 0, 3, 0}, 2)["r2"].n == 3);
}
