#include "metric_figures.hpp"

using namespace proxon;

TEST_CASE("weight_error is the distance of the weights in units of the biological ones") {
  // Differences 0, 3, -4, 0 against 1, 2, 2, 4: 5 / 5.
  CHECK(of_weights("weight_error", {1, 2, 2, 4}, {1, 5, -2, 4}, true)["weight_error"].value == close_to(1));
  const auto phi = random_floats(1, 500);
  auto theta = phi;
  for (float& w : theta) w *= 0.75f;
  CHECK(of_weights("weight_error", phi, theta, true)["weight_error"].value == close_to(0.25));
  CHECK(of_weights("weight_error", phi, phi, true)["weight_error"].value == 0);
  CHECK(of_weights("weight_error", phi, std::vector<float>(500, 0.f), true)["weight_error"].value == close_to(1));
  // Independent weights of one spread: sqrt(2), with a standard error of some hundredths.
  CHECK(of_weights("weight_error", phi, permuted_rows(phi, 1, 3), true)["weight_error"].value == doctest::Approx(std::sqrt(2.)).epsilon(0.1));
  CHECK(of_weights("weight_error", phi, theta, true)["weight_error"].n == 500);
}

TEST_CASE("weight_error says why it is undefined") {
  CHECK(of_weights("weight_error", {1, 2}, {1, 2}, false)["weight_error"].undefined == "the weights are not of the same synapses");
  CHECK(of_weights("weight_error", {0, 0}, {1, 2}, true)["weight_error"].undefined == "the biological weights are all 0");
}
