// The twin whose units are neurons, at every level of constraint, against a plain loop in double: what it gives, its gradient, what may move and what
// may not; and a network whose weights are found again from its spikes.
#include "support.hpp"

using namespace proxon;
using namespace proxon::testing;

namespace {

constexpr int64_t inputs = 5, outputs = 3, steps = 8, samples = 4, size = inputs * outputs;

// Inputs 0 .. 3 are neurons 0 .. 3, input 4 comes from outside; outputs are neurons 3, 1, 2.
struct Graph {
  std::vector<int64_t> offset{0, 3, 4, 6, 7};
  std::vector<int32_t> target{1, 2, 3, 3, 1, 3, 2}, type{0, 0, 1, 1}, input_unit{0, 1, 2, 3, -1}, output_unit{3, 1, 2};
  std::vector<float> weight{0.5f, 1.5f, 0.75f, 2.f, -1.f, -0.5f, -2.f};
  GraphView view{4, 7, offset.data(), target.data(), weight.data(), type.data(), input_unit.data(), output_unit.data(), 2, 0};
  /// W_phi from input c to output o.
  float phi(int64_t c, int64_t o) const {
    if (c == 4) return 0;
    for (int64_t k = offset[static_cast<size_t>(c)]; k < offset[static_cast<size_t>(c) + 1]; ++k)
      if (target[static_cast<size_t>(k)] == output_unit[static_cast<size_t>(o)]) return weight[static_cast<size_t>(k)];
    return 0;
  }
  int own_input(int64_t o) const { return output_unit[static_cast<size_t>(o)]; }
};

struct Case {
  std::string constraint;
  bool reset;
  std::vector<float> X, Y;
  Graph graph;
  Case(std::string c, bool r) : constraint(std::move(c)), reset(r), X(gaussian(samples * steps * inputs, 1)), Y(gaussian(samples * steps * outputs, 2)) {
    for (float& x : X) x = x > 1.3f ? 2.f : x > 0.4f ? 1.f : 0.f;
  }
  PluginValue approximator() const {
    return plugin("approximator", "connectome", {{"constraint", constraint}, {"reset", reset}, {"threshold", 1.0}, {"tau", 4.0}, {"learn_threshold", true}});
  }
  Model model() const { return Model(approximator(), {inputs, outputs, 1, &graph.view}); }

  /// The weight that acts.
  double acting(const std::vector<double>& theta, int64_t c, int64_t o) const {
    const double w = theta[static_cast<size_t>(c * outputs + o)], phi = graph.phi(c, o);
    if (constraint == "none" || c == 4) return w;
    if (constraint == "fixed") return phi;
    if (phi == 0 || (constraint == "mask_sign" && w * phi < 0)) return 0;
    return w;
  }
  double loss(const std::vector<double>& theta) const {
    double total = 0;
    for (int64_t s = 0; s < samples; ++s)
      for (int64_t o = 0; o < outputs; ++o) {
        const double decay = std::exp(-1 / std::exp(theta[static_cast<size_t>(size + o)]));
        double u = 0;
        for (int64_t t = 0; t < steps; ++t) {
          const float* x = X.data() + (s * steps + t) * inputs;
          u *= reset && x[graph.own_input(o)] > 0 ? 0 : decay;
          for (int64_t c = 0; c < inputs; ++c) u += static_cast<double>(x[c]) * acting(theta, c, o);
          const double z = std::exp(theta[static_cast<size_t>(size + 2 * outputs + o)]) * (u - theta[static_cast<size_t>(size + outputs + o)]);
          const double d = z - static_cast<double>(Y[static_cast<size_t>((s * steps + t) * outputs + o)]);
          total += d * d;
        }
      }
    return total / (samples * steps * outputs);
  }
};

}  // namespace

TEST_CASE("a connectome's units are its equations, and its gradient that of central differences where weights may move, 0 where not") {
  for (const std::string constraint : {"none", "mask", "mask_sign", "cell_type", "fixed"})
    for (const bool reset : {false, true})
      for (const bool sparse : {false, true}) {
        const Case c(constraint, reset);
        Model model = c.model();
        Options options(plugin("learning_rule", "backprop"), sgd(1));
        options.init = "glorot_normal", options.epochs = 1, options.batch = samples, options.shuffle = false;
        initialise(model, options, {}, 3);
        // Numbers a unit that differ from unit to unit.
        for (int64_t i = 0; i < 3 * outputs; ++i) model.theta()[static_cast<size_t>(size + i)] += 0.1f * static_cast<float>(i);
        std::vector<double> theta(model.theta().begin(), model.theta().end());
        MemorySource source(inputs, outputs, steps, 0, sparse);
        source.set(Split::train, c.X, c.Y);
        CHECK_MESSAGE(train(model, source, options, {}, 1).train_loss == doctest::Approx(c.loss(theta)).epsilon(1e-5), constraint);

        std::vector<double> slope = central_differences(theta, [&](const std::vector<double>& at) { return c.loss(at); });
        if (constraint == "cell_type") {
          const std::vector<double> single = slope;
          for (int64_t i = 0; i < size; ++i) {
            const int64_t from = i / outputs, to = i % outputs;
            if (from == 4 || c.graph.phi(from, to) == 0) continue;
            double sum = 0;
            for (int64_t k = 0; k < size; ++k) {
              const int64_t f = k / outputs, t = k % outputs;
              const auto type = [&](int32_t unit) { return c.graph.type[static_cast<size_t>(unit)]; };
              if (f < 4 && c.graph.phi(f, t) != 0 && type(c.graph.input_unit[static_cast<size_t>(f)]) == type(c.graph.input_unit[static_cast<size_t>(from)]) &&
                  type(c.graph.output_unit[static_cast<size_t>(t)]) == type(c.graph.output_unit[static_cast<size_t>(to)]))
                sum += single[static_cast<size_t>(k)];
            }
            slope[static_cast<size_t>(i)] = sum;
          }
        }
        for (size_t i = 0; i < theta.size(); ++i)
          CHECK_MESSAGE(theta[i] - static_cast<double>(model.theta()[i]) == doctest::Approx(slope[i]).epsilon(1e-4).scale(1), constraint, " at ", i);
      }
}

TEST_CASE("weights begin and stay where the constraint lets them") {
  for (const std::string constraint : {"mask", "mask_sign", "cell_type", "fixed"}) {
    const Case c(constraint, true);
    Model model = c.model();
    Options options(plugin("learning_rule", "backprop"), adam(0.05));
    options.epochs = 40, options.batch = 2;
    initialise(model, options, {}, 3);
    MemorySource source(inputs, outputs, steps, 0, true);
    source.set(Split::train, c.X, c.Y);
    train(model, source, options, {}, 1);
    for (int64_t i = 0; i < 4; ++i)
      for (int64_t o = 0; o < outputs; ++o) {
        const float w = model.theta()[static_cast<size_t>(i * outputs + o)], phi = c.graph.phi(i, o);
        if (phi == 0) CHECK(w == 0);
        if (constraint == "fixed") CHECK(w == phi);
        // Beyond 0 there is no gradient outward; what Adam has of momentum (0.9) carries ten steps at most, and the weight acts as 0.
        if (constraint == "mask_sign") CHECK(w * phi >= -0.5f * std::fabs(phi));
      }
    const auto at = [&](int64_t i, int64_t o) { return model.theta()[static_cast<size_t>(i * outputs + o)]; };
    if (constraint == "cell_type") {
      CHECK(at(0, 0) == at(1, 0));  // both onto neuron 3, from neurons of one population
      CHECK(at(0, 0) == at(0, 2));
      CHECK(at(0, 0) != at(2, 0));
    }
  }
}

TEST_CASE("a connectome needs targets that are neurons, and says so") {
  CHECK(contains(error_of([] { Model(plugin("approximator", "connectome"), 3, 2); }), "take spikes or a variable of single neurons as targets"));
}
