#include <doctest/doctest.h>

#include "proxon/base/random.hpp"
#include "proxon/report/forest.hpp"

using namespace proxon;
using namespace proxon::report;

namespace {

struct Drawn {
  std::vector<double> x, y;
};
template <class Function>
Drawn draw(size_t rows, size_t columns, Function f) {
  Stream stream(Key{5, purpose("forest_test")}, 0);
  Drawn drawn;
  for (size_t r = 0; r < rows; ++r) {
    std::vector<double> row(columns);
    for (double& u : row) u = stream.uniform();
    drawn.y.push_back(f(row));
    drawn.x.insert(drawn.x.end(), row.begin(), row.end());
  }
  return drawn;
}

}  // namespace

TEST_CASE("a forest knows a function between its rows") {
  const auto f = [](const std::vector<double>& x) { return std::sin(6 * x[0]) + x[1] * x[1]; };
  const Drawn drawn = draw(600, 3, f);
  const Forest forest(drawn.x, drawn.y, 3);
  CHECK(forest.r2() > 0.9);
  double worst = 0;
  for (const Drawn other = draw(50, 3, f); size_t i : {3, 17, 42}) worst = std::max(worst, std::fabs(forest.predict(std::span(other.x).subspan(3 * i, 3)) - other.y[i]));
  CHECK(worst < 0.5);
}

TEST_CASE("importance of a sum is its shares of the variance") {
  // Var of a_i x_i is a_i^2 / 12: shares 16 : 4 : 1 of 21.
  const Drawn drawn = draw(2000, 4, [](const auto& x) { return 4 * x[0] + 2 * x[1] + x[2]; });
  const auto share = Forest(drawn.x, drawn.y, 4).importance();
  CHECK(share[0] == doctest::Approx(16.0 / 21).epsilon(0.08));
  CHECK(share[1] == doctest::Approx(4.0 / 21).epsilon(0.25));
  CHECK(share[2] == doctest::Approx(1.0 / 21).epsilon(0.6));
  CHECK(share[3] < 0.01);
}

TEST_CASE("two columns that only work together explain nothing by themselves") {
  const Drawn drawn = draw(2000, 2, [](const auto& x) { return (x[0] - 0.5) * (x[1] - 0.5); });
  const auto share = Forest(drawn.x, drawn.y, 2).importance();
  CHECK(share[0] < 0.1);
  CHECK(share[1] < 0.1);
}

TEST_CASE("a column without effect, a target without variance and columns that do not apply are no trouble") {
  Drawn drawn = draw(100, 2, [](const auto&) { return 3.0; });
  const Forest flat(drawn.x, drawn.y, 2);
  CHECK(std::isnan(flat.r2()));
  CHECK(flat.importance() == std::vector<double>{0, 0});
  for (size_t r = 0; r < 50; ++r) drawn.x[2 * r] = NAN, drawn.y[r] = 1;
  const Forest split(drawn.x, drawn.y, 2);
  CHECK(split.predict(std::vector<double>{NAN, 0.5}) == doctest::Approx(3).epsilon(1));
  CHECK(split.r2() > 0.5);
}
