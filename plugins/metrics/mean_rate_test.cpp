#include "metric_figures.hpp"

using namespace proxon;

TEST_CASE("mean_rate is spikes a second and neuron") {
  const FigureValue figure = of_spikes("mean_rate", {600, 700, 701}, {0, 1, 1}, 4, 500, 1000)["mean_rate"];
  CHECK(figure.value == 1.5);
  CHECK(figure.n == 4);
  CHECK(of_spikes("mean_rate", {}, {}, 4, 0, 1000)["mean_rate"].value == 0);
  CHECK(of_spikes("mean_rate", {}, {}, 4, 0, 0)["mean_rate"].undefined == "the recording has no duration");
}
