#include "metric_figures.hpp"

using namespace proxon;

TEST_CASE("hidden_rate is the mean over a layer's units, and knows the silent ones") {
  const std::vector<double> rates{0, 10, 26, 0, 4};
  MetricInput input{};
  input.hidden_rate = rates.data(), input.hidden_units = 5;
  const Figures figures = run_metric(metric_value("hidden_rate"), input);
  CHECK(figures["hidden_rate"].value == 8);
  CHECK(figures["hidden_rate"].n == 5);
  CHECK(figures["silent"].value == doctest::Approx(0.4));
}
