#include "metric_figures.hpp"

using namespace proxon;

TEST_CASE("weight_correlation compares synapse by synapse") {
  CHECK(of_weights("weight_correlation", {1, 2, 3, 4}, {1, 3, 2, 4}, true)["weight_correlation"].value ==
        close_to(0.8));
  const auto phi = random_floats(1, 500);
  auto theta = phi;
  for (float& w : theta) w = -2 * w;
  const FigureValue figure = of_weights("weight_correlation", phi, theta, true)["weight_correlation"];
  CHECK(figure.value == close_to(-1));
  CHECK(figure.n == 500);
  // The same order of both does not matter, that of one does: for 500 shuffled pairs the standard error is 0.045
  CHECK(
      of_weights("weight_correlation", permuted_rows(phi, 1, 3), permuted_rows(theta, 1, 3), true)["weight_correlation"]
          .value == close_to(-1));
  CHECK(std::abs(of_weights("weight_correlation", phi, permuted_rows(phi, 1, 3), true)["weight_correlation"].value) <
        0.2);
}

TEST_CASE("weight_correlation says why it is undefined") {
  CHECK(of_weights("weight_correlation", {1, 2}, {1, 2}, false)["weight_correlation"].undefined ==
        "the weights are not of the same synapses");
  CHECK(of_weights("weight_correlation", {1, 1}, {1, 2}, true)["weight_correlation"].undefined ==
        "the biological weights are all equal");
  CHECK(of_weights("weight_correlation", {1, 2}, {0.1f, 0.1f}, true)["weight_correlation"].undefined ==
        "the twin's weights are all equal");
}
