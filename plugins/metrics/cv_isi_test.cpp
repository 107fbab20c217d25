#include <algorithm>
#include <cmath>

#include "metric_figures.hpp"

using namespace proxon;

TEST_CASE("cv_isi of small trains in closed form") {
  CHECK(of_spikes("cv_isi", {10, 20, 30, 40}, {0, 0, 0, 0}, 1, 0, 50)["cv_isi"].value == 0);
  // Intervals 1 and 3: mean 2, standard deviation 1
  CHECK(of_spikes("cv_isi", {1, 2, 5}, {0, 0, 0}, 1, 0, 10)["cv_isi"].value == 0.5);
  // With a second neuron (a clock), a third of two spikes and a silent one: mean of 0.5 and 0 over 2 neurons
  const FigureValue figure =
      of_spikes("cv_isi", {1, 1, 1, 2, 2, 2, 3, 5}, {0, 1, 2, 0, 1, 2, 1, 0}, 4, 0, 10)["cv_isi"];
  CHECK(figure.value == 0.25);
  CHECK(figure.n == 2);
}

TEST_CASE("cv_isi of a Poisson process is near 1, does not change with the unit of time, and needs three spikes") {
  std::vector<double> time, faster;
  double now = 0;
  Stream stream(Key{1, 2}, 0);
  for (int i = 0; i < 20000; ++i) time.push_back(now += stream.exponential());
  for (const double t : time) faster.push_back(t / 1024);
  const std::vector<int32_t> neuron(time.size(), 0);
  const double value = of_spikes("cv_isi", time, neuron, 1, 0, now)["cv_isi"].value;
  CHECK(value == doctest::Approx(1).epsilon(0.03));  // standard error 1 / sqrt(20000) = 0.007
  CHECK(of_spikes("cv_isi", faster, neuron, 1, 0, now)["cv_isi"].value == close_to(value));
  CHECK(of_spikes("cv_isi", {1, 2}, {0, 0}, 1, 0, 10)["cv_isi"].undefined == "no neuron has three spikes");
  CHECK(of_spikes("cv_isi", {}, {}, 3, 0, 10)["cv_isi"].undefined == "no neuron has three spikes");
  CHECK(of_spikes("cv_isi", {5, 5, 5}, {0, 0, 0}, 1, 0, 10)["cv_isi"].undefined == "no neuron has three spikes");
}
