// The rate neurons: gain functions in closed form, relaxation, and the law of their noise.
#include "lone_neuron.hpp"

using namespace proxon;

TEST_CASE("each rate neuron relaxes to mu + its gain, exponentially and exactly for a constant input") {
  struct Case {
    const char* name;
    NeuronSettings settings;
    double h, gain;
  };
  for (const Case& c :
       std::vector<Case>{{"lin_rate", {{"g", 1.5}}, 0.5, 0.75},
                         {"tanh_rate", {{"g", 2.}, {"theta", 0.25}}, 0.5, std::tanh(0.5)},
                         {"sigmoid_rate", {{"g", 3.}, {"beta", 4.}, {"theta", 0.25}}, 0.5, 3 / (1 + std::exp(-1.0))},
                         {"sigmoid_rate", {{"beta", 1e4}}, -2, 0},
                         {"threshold_lin_rate", {{"g", 2.}, {"theta", 0.25}}, 0.5, 0.5},
                         {"threshold_lin_rate", {{"g", 2.}, {"theta", 0.25}, {"alpha", 0.125}}, 0.5, 0.125},
                         {"threshold_lin_rate", {{"theta", 0.75}}, 0.5, 0}})
    for (const double lambda : {1.0, 0.5, 0.0}) {
      CAPTURE(std::string(c.name));
      CAPTURE(lambda);
      NeuronSettings settings = c.settings;
      settings.insert(settings.end(), {{"tau", 7.}, {"lambda", lambda}, {"mu", 0.125}});
      LoneNeurons neuron(c.name, settings, 0.5);
      neuron.set("rate", 0.3);
      for (int k = 1; k <= 40; ++k) {
        neuron.give("I", c.h / 2), neuron.give("rate", c.h / 2);
        neuron.step();
        const double t = 0.5 * k, drive = 0.125 + c.gain;
        const double X =
            lambda > 0 ? drive / lambda + (0.3 - drive / lambda) * std::exp(-lambda * t / 7) : 0.3 + drive * t / 7;
        REQUIRE(std::fabs(neuron.get("rate") - X) < 1e-12);
        REQUIRE(neuron.activity[0] == static_cast<float>(neuron.get("rate")));
      }
    }
}

TEST_CASE("input noise gives the mean, variance and correlation of an Ornstein-Uhlenbeck process, at any step") {
  for (const double dt : {0.1, 5.0}) {
    CAPTURE(dt);
    constexpr int n = 20000;
    const double tau = 10, sigma = 0.8, lambda = 2;
    LoneNeurons neurons("lin_rate", {{"tau", tau}, {"sigma", sigma}, {"lambda", lambda}, {"mu", 1.}}, dt, n);
    const auto lag = static_cast<int>(std::lround(5 / dt));
    for (int k = 0; k < 6 * lag; ++k) neurons.step();
    std::vector<double> first;
    for (int i = 0; i < n; ++i) first.push_back(neurons.get("rate", i));
    for (int k = 0; k < lag; ++k) neurons.step();
    double mean = 0, variance = 0, covariance = 0;
    const double expected_variance = sigma * sigma / (2 * lambda);
    for (int i = 0; i < n; ++i) {
      const double a = first[static_cast<size_t>(i)] - 0.5, b = neurons.get("rate", i) - 0.5;
      mean += b / n, variance += b * b / n, covariance += a * b / n;
    }
    // 30 ms are 6 relaxation times: what is left of the begin is exp(-6) of the mean and exp(-12) of the variance.
    CHECK(std::fabs(mean) < 4 * std::sqrt(expected_variance / n) + 0.5 * std::exp(-7.0));
    CHECK(std::fabs(variance / expected_variance - 1) < 4 * std::sqrt(2.0 / n) + 1e-3);
    CHECK(std::fabs(covariance / expected_variance - std::exp(-1.0)) < 4 * std::sqrt(1.2 / n) + 1e-3);
  }
  // Without decay it is a random walk of variance sigma^2 t / tau.
  constexpr int n = 20000;
  LoneNeurons walk("tanh_rate", {{"tau", 10.}, {"sigma", 0.5}, {"lambda", 0.}}, 0.5, n);
  for (int k = 0; k < 80; ++k) walk.step();
  double variance = 0;
  for (int i = 0; i < n; ++i) variance += std::pow(walk.get("rate", i), 2) / n;
  CHECK(std::fabs(variance / (0.25 * 40 / 10) - 1) < 4 * std::sqrt(2.0 / n));
}

TEST_CASE("rate neurons refuse what cannot be, and speed") {
  for (const std::string name : {"lin_rate", "tanh_rate", "sigmoid_rate", "threshold_lin_rate"}) {
    CHECK(refusal(name, {{"sigma", 0.5}}).empty());
    const double ns = nanoseconds(name), noisy = nanoseconds(name, {{"sigma", 1.}});
    MESSAGE(name << ": " << ns << " ns a neuron and step, " << noisy << " with noise");
    CHECK(noisy < 5000);
  }
}
