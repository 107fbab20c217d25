#include "metric_figures.hpp"

using namespace proxon;

namespace {

double pairs_won(const std::vector<float>& y, const std::vector<float>& p) {
  double won = 0, pairs = 0;
  for (size_t i = 0; i < y.size(); ++i)
    for (size_t j = 0; j < y.size(); ++j) {
      if (!(y[i] > 0.5f) || y[j] > 0.5f) continue;
      won += p[i] > p[j] ? 1 : p[i] == p[j] ? 0.5 : 0;
      ++pairs;
    }
  return won / pairs;
}

}  // namespace

TEST_CASE("roc_auc counts every pair, ties as one half") {
  // scikit-learn's documented example: roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) = 0.75
  CHECK(compare("roc_auc", {0, 0, 1, 1}, {0.1f, 0.4f, 0.35f, 0.8f})["roc_auc"].value == 0.75);
  CHECK(compare("roc_auc", {0, 1}, {0, 1})["roc_auc"].value == 1);
  CHECK(compare("roc_auc", {0, 1}, {1, 0})["roc_auc"].value == 0);
  CHECK(compare("roc_auc", {0, 1, 1, 0}, {3, 3, 3, 3})["roc_auc"].value == 0.5);
  CHECK(compare("roc_auc", {0, 0, 1, 1}, {1, 2, 2, 3})["roc_auc"].value == 0.875);
  CHECK(compare("roc_auc", {0, 1}, {0.f, -0.f})["roc_auc"].value == 0.5);
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const auto y = random_floats(seed, 200, 2), p = random_floats(seed + 100, 200, seed % 2 ? 5 : 0);
    CHECK(compare("roc_auc", y, p)["roc_auc"].value == pairs_won(y, p));
  }
}

TEST_CASE("roc_auc depends on the order of predictions alone, is a mean over channels, and needs both classes") {
  const auto y = random_floats(1, 200, 2);
  auto p = random_floats(2, 200, 9);
  const double value = compare("roc_auc", y, p)["roc_auc"].value;
  CHECK(compare("roc_auc", permuted_rows(y, 1, 5), permuted_rows(p, 1, 5))["roc_auc"].value == value);
  for (float& v : p) v = v * v * v + 1;
  CHECK(compare("roc_auc", y, p)["roc_auc"].value == value);
  for (float& v : p) v = -v;
  CHECK(compare("roc_auc", y, p)["roc_auc"].value == close_to(1 - value));

  CHECK(compare("roc_auc", {0, 1, 1, 0}, {0, 0, 1, 1}, 2)["roc_auc"].value == 0.5 * (1 + 0));
  const FigureValue one_of_two = compare("roc_auc", {0, 1, 1, 1}, {0, 0, 1, 1}, 2)["roc_auc"];
  CHECK(one_of_two.value == 1);
  CHECK(one_of_two.n == 2);
  CHECK(compare("roc_auc", {0, 0}, {1, 2})["roc_auc"].undefined == "one class only: no target is above the threshold");
  CHECK(compare("roc_auc", {3, 1}, {1, 2})["roc_auc"].undefined ==
        "one class only: every target is above the threshold");
  CHECK(compare("roc_auc", {0, 1, 0, 1}, {1, 2, 3, 4}, 2)["roc_auc"].undefined == "one class only in every channel");
}

TEST_CASE("roc_auc takes its threshold in the unit of the targets") {
  PluginValue value = metric_value("roc_auc");
  value.values.set(*value.values.find("threshold"), 20.0);
  CHECK(compare(value, {10, 20, 30}, {1, 3, 2})["roc_auc"].value == 0.5);
}
