// The twin that runs freely, at every level of constraint, against a plain loop in double: what it gives, its gradient through time, what may move and
// what may not; and a network that is found again though half of its neurons were never recorded.
#include "support.hpp"

using namespace proxon;
using namespace proxon::testing;

namespace {

constexpr int64_t inputs = 3, outputs = 4, steps = 6, samples = 3, from_inputs = inputs * outputs, size = from_inputs + outputs * outputs;

// Input 0 is neuron 0, input 1 neuron 1, input 2 comes from outside; outputs are neurons 3, 1, 2, 4. What neuron 1 did is an input.
struct Graph {
  std::vector<int64_t> offset{0, 2, 5, 7, 9, 11};
  std::vector<int32_t> target{1, 3, 2, 3, 4, 3, 4, 2, 3, 1, 4}, type{0, 0, 1, 1, 1}, input_unit{0, 1, -1}, output_unit{3, 1, 2, 4};
  std::vector<float> weight{0.5f, -1.5f, 0.75f, 1.f, -1.f, 0.5f, -1.25f, 0.6f, 0.4f, -0.8f, 0.9f};
  GraphView view{5, 11, offset.data(), target.data(), weight.data(), type.data(), input_unit.data(), output_unit.data(), 2, 0};
  float phi(int32_t source, int64_t o) const {
    for (int64_t k = offset[static_cast<size_t>(source)]; source >= 0 && k < offset[static_cast<size_t>(source) + 1]; ++k)
      if (target[static_cast<size_t>(k)] == output_unit[static_cast<size_t>(o)]) return weight[static_cast<size_t>(k)];
    return 0;
  }
};

struct Case {
  std::string constraint, activation;
  std::vector<float> X = gaussian(samples * steps * inputs, 1), Y = gaussian(samples * steps * outputs, 2);
  Graph graph{};
  PluginValue approximator() const {
    return plugin("approximator", "connectome_rate",
                  {{"constraint", constraint}, {"activation", activation}, {"tau", 3.0}, {"gain_spread", 0.4}, {"learn_gain", true}, {"learn_tau", true}});
  }
  Model model() const { return Model(approximator(), {inputs, outputs, 1, &graph.view}); }

  /// The neuron of row i of all weights, inputs first; -1: from outside, -2: a unit whose recorded activity stands in its place.
  int32_t source(int64_t i) const {
    if (i < inputs) return graph.input_unit[static_cast<size_t>(i)];
    const int32_t unit = graph.output_unit[static_cast<size_t>(i - inputs)];
    return unit == 1 ? -2 : unit;
  }
  float phi(int64_t i, int64_t o) const { return source(i) < 0 ? 0.f : graph.phi(source(i), o); }
  double acting(const std::vector<double>& theta, int64_t i, int64_t o) const {
    const double w = theta[static_cast<size_t>(i * outputs + o)];
    if (source(i) == -2) return 0;
    if (constraint == "none" || source(i) == -1) return w;
    if (constraint == "fixed") return static_cast<double>(phi(i, o));
    if (phi(i, o) == 0 || (constraint == "mask_sign" && w * static_cast<double>(phi(i, o)) < 0)) return 0;
    return w;
  }
  std::vector<double> run(const std::vector<double>& theta) const {
    std::vector<double> all;
    const auto own = [&](int64_t which, int64_t o) { return theta[static_cast<size_t>(size + which * outputs + o)]; };
    for (int64_t s = 0; s < samples; ++s) {
      std::vector<double> x(outputs, 0.0);
      for (int64_t t = 0; t < steps; ++t) {
        std::vector<double> next;
        for (int64_t o = 0; o < outputs; ++o) {
          double sum = 0;
          for (int64_t c = 0; c < inputs; ++c) sum += static_cast<double>(X[static_cast<size_t>((s * steps + t) * inputs + c)]) * acting(theta, c, o);
          for (int64_t i = 0; i < outputs; ++i) sum += x[static_cast<size_t>(i)] * acting(theta, inputs + i, o);
          const double h = std::exp(own(1, o)) * sum + own(0, o), f = activation == "tanh" ? std::tanh(h) : std::log1p(std::exp(h)), decay = std::exp(-1 / std::exp(own(2, o)));
          next.push_back(decay * x[static_cast<size_t>(o)] + (1 - decay) * f);
        }
        x = next;
        all.insert(all.end(), x.begin(), x.end());
      }
    }
    return all;
  }
  double loss(const std::vector<double>& theta) const {
    const std::vector<double> x = run(theta);
    double total = 0;
    for (size_t k = 0; k < x.size(); ++k) total += std::pow(x[k] - static_cast<double>(Y[k]), 2);
    return total / (samples * steps * outputs);
  }
};

}  // namespace

TEST_CASE("a freely running connectome is its equations, and its gradient that of central differences where weights may move, 0 where not") {
  for (const std::string constraint : {"none", "mask", "mask_sign", "cell_type", "fixed"})
    for (const std::string activation : {"tanh", "softplus"}) {
      const Case c{constraint, activation};
      Model model = c.model();
      Options options(plugin("learning_rule", "backprop"), sgd(1));
      options.init = "glorot_normal", options.epochs = 1, options.batch = samples, options.shuffle = false;
      initialise(model, options, {}, 3);
      if (constraint == "cell_type")
        for (int64_t i = 0; i < inputs + outputs; ++i)
          for (int64_t o = 0; o < outputs; ++o)
            if (c.phi(i, o) != 0) model.theta()[static_cast<size_t>(i * outputs + o)] = 0.3f;
      const std::vector<double> theta(model.theta().begin(), model.theta().end());
      const std::vector<float> predicted = model.predict(c.X, steps), acting = model.acting();
      const std::vector<double> wanted = c.run(theta);
      for (size_t k = 0; k < wanted.size(); ++k) REQUIRE(static_cast<double>(predicted[k]) == doctest::Approx(wanted[k]).epsilon(1e-5).scale(1));
      for (int64_t k = 0; k < size; ++k)
        CHECK(static_cast<double>(acting[static_cast<size_t>(k)]) ==
              doctest::Approx(c.acting(theta, k / outputs, k % outputs) * std::exp(theta[static_cast<size_t>(size + outputs + k % outputs)])).epsilon(1e-5));

      MemorySource source(inputs, outputs, steps);
      source.set(Split::train, c.X, c.Y);
      CHECK_MESSAGE(train(model, source, options, {}, 1).train_loss == doctest::Approx(c.loss(theta)).epsilon(1e-5), constraint);
      std::vector<double> slope = central_differences(theta, [&](const std::vector<double>& at) { return c.loss(at); });
      if (constraint == "cell_type") {
        // One slope a pair of populations, within inputs and within units.
        const std::vector<double> single = slope;
        for (int64_t k = 0; k < size; ++k) {
          if (c.phi(k / outputs, k % outputs) == 0) continue;
          double sum = 0;
          for (int64_t l = 0; l < size; ++l)
            if ((k < from_inputs) == (l < from_inputs) && c.phi(l / outputs, l % outputs) != 0 &&
                c.graph.type[static_cast<size_t>(c.source(k / outputs))] == c.graph.type[static_cast<size_t>(c.source(l / outputs))] &&
                c.graph.type[static_cast<size_t>(c.graph.output_unit[static_cast<size_t>(k % outputs)])] ==
                    c.graph.type[static_cast<size_t>(c.graph.output_unit[static_cast<size_t>(l % outputs)])])
              sum += single[static_cast<size_t>(l)];
          slope[static_cast<size_t>(k)] = sum;
        }
      }
      for (size_t i = 0; i < theta.size(); ++i)
        CHECK_MESSAGE(theta[i] - static_cast<double>(model.theta()[i]) == doctest::Approx(slope[i]).epsilon(1e-4).scale(1), constraint, " at ", i);
    }
}

TEST_CASE("a freely running connectome finds gains and biases from some of its neurons, and the others with them; equal bits for any number of threads") {
  // A ring with random chords: neuron i drives i + 1 and two others; input 0 drives each third one.
  constexpr int64_t n = 12, recorded = 6, T = 60, B = 40;
  std::vector<int64_t> offset{0};
  std::vector<int32_t> target, type, input_unit{static_cast<int32_t>(n)}, output_unit;
  std::vector<float> weight;
  Stream draw(Key{7, purpose("test")}, 0);
  for (int32_t i = 0; i <= n; ++i) {
    for (int32_t j = 0; j < n; ++j) {
      const bool connected = i == n ? j % 3 == 0 : j == (i + 1) % n || (j != i && draw.uniform() < 0.2);
      if (connected) target.push_back(j), weight.push_back(static_cast<float>((i == n ? 1.2 : 0.9) * (draw.uniform() < 0.5 ? -1 : 1) * (0.5 + draw.uniform())));
    }
    offset.push_back(static_cast<int64_t>(target.size()));
    type.push_back(0);
    if (i < n) output_unit.push_back(i);
  }
  const GraphView view{n + 1, offset.back(), offset.data(), target.data(), weight.data(), type.data(), input_unit.data(), output_unit.data(), 1, 0};
  const auto make = [&](double spread) {
    return Model(plugin("approximator", "connectome_rate", {{"constraint", std::string("fixed")}, {"tau", 3.0}, {"gain_spread", spread}, {"learn_gain", true}}),
                 {1, n, 1, &view});
  };
  // The teacher: gains of 1, biases that are drawn.
  Options options(plugin("learning_rule", "backprop"), adam(0.02));
  options.epochs = 150, options.batch = 8, options.schedule = "cosine";
  Model teacher = make(0);
  initialise(teacher, options, {}, 1);
  const auto bias_at = static_cast<size_t>(teacher.layers()[2].weight_offset);
  for (size_t o = 0; o < static_cast<size_t>(n); ++o) teacher.theta()[bias_at + o] = static_cast<float>(0.5 * draw.normal());
  std::vector<float> X;
  for (int64_t s = 0; s < B; ++s)
    for (int64_t t = 0; t < T; ++t) X.push_back(t % 6 == 0 ? static_cast<float>(1.5 * draw.normal()) : X.back());
  const std::vector<float> Y = teacher.predict(X, T);

  const auto learn = [&](int on) {
    set_threads(on);
    Model student = make(0.5);
    student.set_heads({{"recorded", 0, recorded, "mse", 1}, {"unrecorded", recorded, n - recorded, "mse", 0}});
    initialise(student, options, {}, 3);
    MemorySource source(1, n, T);
    source.set(Split::train, X, Y);
    const auto error = [&](int64_t first, int64_t last) {
      const std::vector<float> P = student.predict(X, T);
      double squares = 0, power = 0;
      for (size_t k = 0; k < P.size(); ++k) {
        const auto o = static_cast<int64_t>(k) % n;
        if (o < first || o >= last) continue;
        squares += std::pow(static_cast<double>(P[k] - Y[k]), 2), power += std::pow(static_cast<double>(Y[k]), 2);
      }
      return squares / power;
    };
    const double before = error(recorded, n);
    train(student, source, options, {}, 3);
    CHECK(error(0, recorded) < 1e-3);
    CHECK(error(recorded, n) < 0.1 * before);
    return std::vector<float>(student.theta().begin(), student.theta().end());
  };
  const int threads_before = threads();
  const std::vector<float> alone = learn(1);
  CHECK(learn(3) == alone);
  set_threads(threads_before);
}

TEST_CASE("a freely running connectome needs targets that are neurons, and says so") {
  CHECK(contains(error_of([] { Model(plugin("approximator", "connectome_rate"), 3, 2); }), "take a variable of single neurons as targets"));
}
