#include "metric_figures.hpp"

using namespace proxon;

TEST_CASE("weight_sign counts the synapses that have their sign, and leaves out those of weight 0") {
  CHECK(of_weights("weight_sign", {1, -2, 3, -4}, {0.1f, -0.1f, 5, -6}, true)["weight_sign"].value == 1);
  CHECK(of_weights("weight_sign", {1, -2, 3, -4}, {-1, 2, -3, 4}, true)["weight_sign"].value == 0);
  const FigureValue figure = of_weights("weight_sign", {1, -2, 0, 4, 0}, {2, 1, 3, 4, -1}, true)["weight_sign"];
  CHECK(figure.value == close_to(2.0 / 3));
  CHECK(figure.n == 3);
  // A weight of 0 in the twin has no sign: it is not the right one.
  CHECK(of_weights("weight_sign", {1, -1}, {0, 0}, true)["weight_sign"].value == 0);
}

TEST_CASE("weight_sign says why it is undefined") {
  CHECK(of_weights("weight_sign", {1, 2}, {1, 2}, false)["weight_sign"].undefined == "the weights are not of the same synapses");
  CHECK(of_weights("weight_sign", {0, 0}, {1, 2}, true)["weight_sign"].undefined == "every biological weight is 0");
}
