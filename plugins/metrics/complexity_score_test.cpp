#include "metric_figures.hpp"

using namespace proxon;

namespace {

/// One row of the class below `wrong` of the others, above the rest: the area is 1 - wrong / others.
FigureValue score(int others, int wrong) {
  std::vector<float> target{1}, prediction{0};
  for (int i = 0; i < others; ++i) target.push_back(0), prediction.push_back(i < wrong ? 1.f : -1.f);
  return compare("complexity_score", target, prediction)["complexity_score"];
}

}  // namespace

TEST_CASE("complexity_score is 1 at an area of 0.9, 0 at 0.999, and half a unit a decade between them") {
  CHECK(score(1000, 100).value == close_to(1));
  CHECK(score(1000, 10).value == close_to(0.5));
  CHECK(std::fabs(score(1000, 1).value) < 1e-12);
  CHECK(score(10000, 1).value == doctest::Approx(-0.5));
  CHECK(score(1000, 500).value == doctest::Approx(std::log10(500.0) / 2));
  CHECK(score(1000, 1000).value == 1.5);
  CHECK(score(1000, 100).n == 1001);
}

TEST_CASE("complexity_score says why there is none") {
  CHECK(score(1000, 0).undefined.find("the area under the ROC curve is 1") == 0);
  CHECK(compare("complexity_score", {0, 0}, {1, 2})["complexity_score"].undefined ==
        "one class only: no target is above the threshold");
}
