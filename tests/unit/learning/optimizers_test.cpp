// Optimizers against their published formulas in plain double loops, and the trainer's schedules and beginnings.
#include "support.hpp"

using namespace proxon;
using namespace proxon::testing;

namespace {

constexpr int steps = 50, weights = 21;  // not a multiple of any vector

float gradient_at(int step, int i) {
  if (i == 0) return 0;                               // a weight that nothing pulls at
  if (i == 1) return step == 3 ? 1e3f : 1e-6f;        // one shock
  return static_cast<float>(std::sin(0.3 * step + i) + 0.2 * i - 1);
}

/// 50 steps of a plugin.
std::vector<float> run(const PluginValue& value, double rate) {
  const Instance<OptimizerTable, OptimizerSetup> optimizer(value, OptimizerSetup{weights});
  std::vector<float> w(weights), g(weights);
  for (int i = 0; i < weights; ++i) w[static_cast<size_t>(i)] = 0.1f * static_cast<float>(i) - 1;
  std::vector<std::vector<float>> state(optimizer.table().state->count, std::vector<float>(weights, 0.f));
  std::vector<float*> columns;
  for (auto& column : state) columns.push_back(column.data());
  for (int t = 0; t < steps; ++t) {
    for (int i = 0; i < weights; ++i) g[static_cast<size_t>(i)] = gradient_at(t, i);
    const OptimizerStep at{t + 1, rate};
    optimizer.table().update(optimizer.object(), w.data(), g.data(), columns.data(), 0, 8, &at);  // in two pieces, as the threads do it
    optimizer.table().update(optimizer.object(), w.data(), g.data(), columns.data(), 8, weights, &at);
  }
  return w;
}

template <class F>
void compare(const std::vector<float>& w, F formula) {
  for (int i = 0; i < weights; ++i) {
    double expected = static_cast<double>(0.1f * static_cast<float>(i) - 1);
    formula(i, expected);
    // 50 additions of float steps: 50 * 6e-8 of the largest value on the way.
    CHECK(w[static_cast<size_t>(i)] == doctest::Approx(expected).epsilon(1e-5).scale(1));
  }
}

}  // namespace

TEST_CASE("adam is the algorithm of Kingma & Ba 2015") {
  compare(run(plugin("optimizer", "adam", {{"learning_rate", 0.02}}), 0.02), [](int i, double& w) {
    double m = 0, v = 0;
    for (int t = 1; t <= steps; ++t) {
      const double g = gradient_at(t - 1, i);
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      w -= 0.02 * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
    }
  });
}

TEST_CASE("adagrad is the algorithm of Duchi et al. 2011") {
  compare(run(plugin("optimizer", "adagrad"), 0.05), [](int i, double& w) {
    double sum = 0;
    for (int t = 0; t < steps; ++t) {
      const double g = gradient_at(t, i);
      sum += g * g;
      w -= 0.05 * g / (std::sqrt(sum) + 1e-10);
    }
  });
}

TEST_CASE("adamw is the algorithm of Loshchilov & Hutter 2019") {
  compare(run(plugin("optimizer", "adamw", {{"decay", 0.3}}), 0.02), [](int i, double& w) {
    double m = 0, v = 0;
    for (int t = 1; t <= steps; ++t) {
      const double g = gradient_at(t - 1, i);
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      w -= 0.02 * ((m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8) + 0.3 * w);
    }
  });
}

TEST_CASE("nadam is the algorithm of Dozat 2016") {
  compare(run(plugin("optimizer", "nadam"), 0.02), [](int i, double& w) {
    double m = 0, v = 0;
    for (int t = 1; t <= steps; ++t) {
      const double g = gradient_at(t - 1, i);
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      const double ahead = 0.9 * m / (1 - std::pow(0.9, t + 1)) + 0.1 * g / (1 - std::pow(0.9, t));
      w -= 0.02 * ahead / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
    }
  });
}

TEST_CASE("rmsprop is the algorithm of Tieleman & Hinton 2012, with momentum and without") {
  for (const double momentum : {0.0, 0.9})
    compare(run(plugin("optimizer", "rmsprop", {{"momentum", momentum}}), 0.003), [&](int i, double& w) {
      double v = 0, u = 0;
      for (int t = 0; t < steps; ++t) {
        const double g = gradient_at(t, i);
        v = 0.99 * v + 0.01 * g * g;
        u = momentum * u + g / (std::sqrt(v) + 1e-8);
        w -= 0.003 * u;
      }
    });
}

TEST_CASE("sgd is plain descent, Polyak's momentum or Nesterov's") {
  for (const double momentum : {0.0, 0.9})
    for (const bool nesterov : {false, true})
      compare(run(plugin("optimizer", "sgd", {{"momentum", momentum}, {"nesterov", nesterov}}), 0.003), [&](int i, double& w) {
        double v = 0;
        for (int t = 0; t < steps; ++t) {
          const double g = gradient_at(t, i);
          v = momentum * v + g;
          w -= 0.003 * (nesterov ? g + momentum * v : v);
        }
      });
}

TEST_CASE("the learning rate follows its schedule") {
  TrainingOptions options;
  options.epochs = 12;
  CHECK(schedule_factor(options, 0) == 1);
  CHECK(schedule_factor(options, 11) == 1);
  options.warmup_epochs = 3;
  CHECK(schedule_factor(options, 0) == 0.25);
  CHECK(schedule_factor(options, 2) == 0.75);
  CHECK(schedule_factor(options, 3) == 1);
  options.warmup_epochs = 2, options.schedule = "cosine";
  CHECK(schedule_factor(options, 2) == 1);
  CHECK(schedule_factor(options, 7) == doctest::Approx(0.5));
  CHECK(schedule_factor(options, 11) == doctest::Approx(0.5 * (1 - std::cos(3.141592653589793 / 10))));
  options.warmup_epochs = 0, options.schedule = "step", options.step_epochs = 5, options.step_factor = 0.1;
  CHECK(schedule_factor(options, 4) == 1);
  CHECK(schedule_factor(options, 5) == doctest::Approx(0.1));
  CHECK(schedule_factor(options, 11) == doctest::Approx(0.01));
}

TEST_CASE("plateau lowers the learning rate whenever the loss was not better for some epochs") {
  // Noise is soon learnt as far as it goes; the loss of other samples then wavers.
  MemorySource source(1, 1);
  source.set(Split::train, gaussian(50, 1), gaussian(50, 2));
  source.set(Split::validation, gaussian(50, 3), gaussian(50, 4));
  Options options(plugin("learning_rule", "backprop"), adam(0.02));
  options.schedule = "plateau", options.step_epochs = 4, options.step_factor = 0.5, options.epochs = 60;
  Model model(dense({4}), 1, 1);
  initialise(model, options, {}, 1);
  double best = std::numeric_limits<double>::infinity(), expected = 0.02;
  int64_t since = 0, falls = 0;
  train(model, source, options, {}, 1, [&](const EpochRecord& epoch) {
    CHECK(epoch.learning_rate == doctest::Approx(expected));
    since = epoch.validation_loss < best ? 0 : since + 1;
    best = std::min(best, epoch.validation_loss);
    if (since == 4) expected *= 0.5, since = 0, ++falls;
  });
  CHECK(falls > 3);
}

namespace {
struct Moments {
  double mean = 0, std = 0, low = 0, high = 0;
  explicit Moments(std::span<const float> x) {
    for (const float v : x) mean += v, low = std::min<double>(low, v), high = std::max<double>(high, v);
    mean /= static_cast<double>(x.size());
    for (const float v : x) std += (v - mean) * (v - mean);
    std = std::sqrt(std / static_cast<double>(x.size()));
  }
};
}  // namespace

TEST_CASE("weights begin with the moments of their scheme, biases at 0, the same for any number of threads") {
  Model model(dense({120}), 300, 50);
  TrainingOptions options;
  // 36,000 draws: the standard deviation of their sample standard deviation is 0.4 %.
  const std::pair<const char*, double> schemes[] = {{"glorot_uniform", std::sqrt(2.0 / 420)}, {"glorot_normal", std::sqrt(2.0 / 420)},
                                                    {"he_normal", std::sqrt(2.0 / 300)},      {"lecun_normal", std::sqrt(1.0 / 300)}};
  for (const auto& [scheme, std] : schemes) {
    options.init = scheme;
    initialise(model, options, {}, 3);
    const Moments moments(model.weights(0));
    CHECK(moments.std == doctest::Approx(std).epsilon(0.02));
    CHECK(std::fabs(moments.mean) < 0.03 * std);
    if (options.init == "glorot_uniform") CHECK(moments.high <= std::sqrt(6.0 / 420) * 1.000001);
    for (const float b : model.biases(0)) CHECK(b == 0);
    CHECK(model.weights(0)[0] != model.weights(1)[0]);
  }
  std::vector<float> first;
  for (const int count : {1, 2, 3, 8}) {
    set_threads(count);
    initialise(model, options, {}, 3);
    if (first.empty()) first.assign(model.theta().begin(), model.theta().end());
    CHECK(std::equal(first.begin(), first.end(), model.theta().begin()));
  }
  set_threads(0);
  initialise(model, options, {}, 4);
  CHECK(model.theta()[0] != first[0]);
  options.init = "constant";
  initialise(model, options, {}, 3);
  CHECK(model.weights(0)[5] == 0.1f);
}

TEST_CASE("init connectome takes mean and standard deviation of W_phi and keeps Dale's law") {
  Model model(dense({120}, "tanh", "linear", 0, false), 300, 50);
  TrainingOptions options;
  options.init = "connectome", options.init_scaling = "none";
  std::vector<float> phi = gaussian(4000, 6);
  for (float& w : phi) w = 0.2f + 0.5f * w;
  const Moments given(phi);
  initialise(model, options, {.synapses = phi}, 3);
  Moments got(model.weights(0));
  CHECK(got.mean == doctest::Approx(given.mean).epsilon(0.03));
  CHECK(got.std == doctest::Approx(given.std).epsilon(0.03));
  options.init_scaling = "fan_in";
  initialise(model, options, {.synapses = phi}, 3);
  got = Moments(model.weights(0));
  CHECK(got.mean / got.std == doctest::Approx(given.mean / given.std).epsilon(0.03));
  CHECK(got.mean * got.mean + got.std * got.std == doctest::Approx(1.0 / 300).epsilon(0.03));
  // All inhibitory: no draw is positive.
  for (float& w : phi) w = -std::fabs(w);
  initialise(model, options, {.synapses = phi}, 3);
  CHECK(Moments(model.weights(0)).high == 0);
  CHECK(Moments(model.weights(0)).low < 0);
  CHECK(contains(error_of([&] { initialise(model, options, {}, 3); }), "no synapses"));
  phi[7] = std::nanf("");
  CHECK(contains(error_of([&] { initialise(model, options, {.synapses = phi}, 3); }), "finite"));
}
