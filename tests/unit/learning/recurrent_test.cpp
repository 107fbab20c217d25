// Recurrent and spiking approximators against plain loops in double that share no code with them: what they give, and their gradient through
// time against central differences, for every cell, surrogate and depth, for rows and for events; and the same bits for any number of threads.
#include <functional>

#include "support.hpp"

using namespace proxon;
using namespace proxon::testing;

namespace {

constexpr int64_t inputs = 4, outputs = 3, steps = 9, samples = 11, burn_in = 2;  // more samples than go through time together

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// Numbers of theta, one after the other, as matrices.
struct Cursor {
  const std::vector<double>& theta;
  size_t at = 0;
  std::vector<double> take(int64_t n) {
    at += static_cast<size_t>(n);
    return {theta.begin() + static_cast<long>(at) - n, theta.begin() + static_cast<long>(at)};
  }
};

/// y[n] += x W, W [x.size() x n].
void add_product(const std::vector<double>& x, const std::vector<double>& W, std::vector<double>& y) {
  for (size_t i = 0; i < x.size(); ++i)
    for (size_t j = 0; j < y.size(); ++j) y[j] += x[i] * W[i * y.size() + j];
}

using Rows = std::vector<std::vector<double>>;  // [step][unit]
using Forward = std::function<Rows(const std::vector<double>& theta, const Rows& x)>;

Rows readout(Cursor& cursor, const Rows& h) {
  const auto units = static_cast<int64_t>(h[0].size());
  const auto V = cursor.take(units * outputs), c = cursor.take(outputs);
  Rows z;
  for (const auto& row : h) {
    z.push_back(c);
    add_product(row, V, z.back());
  }
  CHECK(cursor.at == cursor.theta.size());
  return z;
}

Forward plain_recurrent(const std::string& cell, const std::vector<int64_t>& units) {
  return [=](const std::vector<double>& theta, const Rows& x) {
    Cursor cursor{theta};
    Rows h = x;
    for (const int64_t n : units) {
      const int64_t gates = cell == "rnn" ? 1 : cell == "gru" ? 3 : 4, in = static_cast<int64_t>(h[0].size());
      const auto W = cursor.take(in * gates * n), b = cursor.take(gates * n), U = cursor.take(n * gates * n);
      const auto N = static_cast<size_t>(n);
      std::vector<double> before(N, 0.0), c(N, 0.0);
      Rows out;
      for (const auto& row : h) {
        std::vector<double> a = b, u(b.size(), 0.0);
        add_product(row, W, a);
        add_product(before, U, u);
        std::vector<double> now(N);
        for (size_t k = 0; k < N; ++k) {
          if (cell == "rnn") now[k] = std::tanh(a[k] + u[k]);
          if (cell == "lstm") {
            const double i = sigmoid(a[k] + u[k]), f = sigmoid(a[N + k] + u[N + k]), o = sigmoid(a[2 * N + k] + u[2 * N + k]);
            c[k] = f * c[k] + i * std::tanh(a[3 * N + k] + u[3 * N + k]);
            now[k] = o * std::tanh(c[k]);
          }
          if (cell == "gru") {
            const double r = sigmoid(a[k] + u[k]), z = sigmoid(a[N + k] + u[N + k]);
            now[k] = z * before[k] + (1 - z) * std::tanh(a[2 * N + k] + r * u[2 * N + k]);
          }
        }
        before = now;
        out.push_back(now);
      }
      h = out;
    }
    return readout(cursor, h);
  };
}

struct Spiking {
  std::vector<int64_t> units;
  bool recurrent, graded;
  std::string surrogate;
  double slope, readout_tau;
};

double course(const Spiking& s, double distance) {
  const double u = s.slope * distance, a = std::fabs(u);
  if (!s.graded) return distance > 0;
  if (s.surrogate == "fast_sigmoid") return u / (1 + a);
  if (s.surrogate == "arctan") return std::atan(u);
  if (s.surrogate == "piecewise_linear") return std::copysign(a < 1 ? a - a * a / 2 : 0.5, u);
  return std::copysign(1 - std::exp(-a), u);
}

Forward plain_spiking(const Spiking& s) {
  return [=](const std::vector<double>& theta, const Rows& x) {
    Cursor cursor{theta};
    Rows spikes = x;
    for (const int64_t n : s.units) {
      const auto N = static_cast<size_t>(n);
      const auto W = cursor.take(static_cast<int64_t>(spikes[0].size()) * n), b = cursor.take(n);
      const auto U = cursor.take(s.recurrent ? n * n : 0);
      const auto log_tau = cursor.take(n), threshold = cursor.take(n);
      std::vector<double> v(N, 0.0), before(N, 0.0);
      Rows out;
      for (const auto& row : spikes) {
        std::vector<double> current = b;
        add_product(row, W, current);
        if (s.recurrent) add_product(before, U, current);
        for (size_t k = 0; k < N; ++k) v[k] = std::exp(-1 / std::exp(log_tau[k])) * v[k] + current[k] - threshold[k] * before[k];
        for (size_t k = 0; k < N; ++k) before[k] = course(s, v[k] - threshold[k]);
        out.push_back(before);
      }
      spikes = out;
    }
    const double decay = s.readout_tau > 0 ? std::exp(-1 / s.readout_tau) : 0;
    for (size_t t = 1; t < spikes.size(); ++t)
      for (size_t k = 0; k < spikes[t].size(); ++k) spikes[t][k] += decay * spikes[t - 1][k];
    return readout(cursor, spikes);
  };
}

struct Data {
  std::vector<float> X = gaussian(samples * steps * inputs, 1), Y = gaussian(samples * steps * outputs, 2);
  Data() {
    for (float& x : X) x = x > 1.2f ? 2.f : x > 0.3f ? 1.f : 0.f;
  }
  Rows sample(int64_t number) const {
    Rows x;
    for (int64_t t = 0; t < steps; ++t) {
      const auto begin = X.begin() + (number * steps + t) * inputs;
      x.emplace_back(begin, begin + inputs);
    }
    return x;
  }
};

double loss(const Data& data, const Forward& forward, const std::vector<double>& theta) {
  double sum = 0;
  for (int64_t s = 0; s < samples; ++s) {
    const Rows z = forward(theta, data.sample(s));
    for (int64_t t = burn_in; t < steps; ++t)
      for (int64_t j = 0; j < outputs; ++j) {
        const double d = z[static_cast<size_t>(t)][static_cast<size_t>(j)] - static_cast<double>(data.Y[static_cast<size_t>((s * steps + t) * outputs + j)]);
        sum += d * d;
      }
  }
  return sum / static_cast<double>(samples * (steps - burn_in) * outputs);
}

/// Theta with weights of some size around what the approximator begins with.
void set_theta(Model& model) {
  Options options;
  initialise(model, options, {}, 1);
  const std::vector<float> some = gaussian(static_cast<int64_t>(model.theta().size()), 9);
  for (size_t i = 0; i < some.size(); ++i) model.theta()[i] += 0.3f * some[i];
}

void check_forward(const PluginValue& value, const Forward& forward) {
  Model model(value, inputs, outputs);
  set_theta(model);
  const std::vector<double> theta(model.theta().begin(), model.theta().end());
  const Data data;
  const std::vector<float> y = model.predict(data.X, steps);
  for (int64_t s = 0; s < samples; ++s) {
    const Rows z = forward(theta, data.sample(s));
    for (int64_t t = 0; t < steps; ++t)
      for (int64_t j = 0; j < outputs; ++j)
        CHECK(y[static_cast<size_t>((s * steps + t) * outputs + j)] == doctest::Approx(z[static_cast<size_t>(t)][static_cast<size_t>(j)]).epsilon(1e-5).scale(1));
  }
}

void check_gradient(const PluginValue& value, const Forward& forward, const std::string& what, double tolerance = 1e-5) {
  const Data data;
  for (const bool sparse : {false, true}) {
    Model model(value, inputs, outputs);
    set_theta(model);
    std::vector<double> theta(model.theta().begin(), model.theta().end());
    MemorySource source(inputs, outputs, steps, burn_in, sparse);
    source.set(Split::train, data.X, data.Y);
    Options options(plugin("learning_rule", "backprop"), sgd(1));
    options.epochs = 1, options.batch = samples, options.shuffle = false;
    CHECK_MESSAGE(train(model, source, options, {}, 1).train_loss == doctest::Approx(loss(data, forward, theta)).epsilon(1e-5), what);
    const std::vector<double> slope = central_differences(theta, [&](const std::vector<double>& at) { return loss(data, forward, at); });
    double worst = 0, largest = 0;
    for (size_t i = 0; i < theta.size(); ++i) {
      const double moved = theta[i] - static_cast<double>(model.theta()[i]);
      worst = std::max(worst, std::fabs(moved - slope[i]));
      largest = std::max(largest, std::fabs(slope[i]));
    }
    REQUIRE(largest > 1e-2);
    CHECK_MESSAGE(worst < tolerance * (1 + largest), what, sparse ? ", events" : ", rows");  // float rounding over the steps
  }
}

PluginValue spiking_plugin(const Spiking& s) {
  return plugin("approximator", "spiking",
                {{"units", s.units}, {"recurrent", s.recurrent}, {"graded", s.graded}, {"surrogate", s.surrogate}, {"slope", s.slope}, {"tau", 4.0},
                 {"learn_tau", true}, {"learn_threshold", true}, {"readout_tau", s.readout_tau}});
}

}  // namespace

TEST_CASE("rnn, gru and lstm are their equations, and the gradient through time that of central differences") {
  for (const std::string cell : {"rnn", "gru", "lstm"})
    for (const std::vector<int64_t>& units : {std::vector<int64_t>{5}, {3, 6}, {4, 2, 3}}) {
      const PluginValue value = plugin("approximator", "recurrent", {{"cell", cell}, {"units", units}});
      const Forward plain = plain_recurrent(cell, units);
      check_forward(value, plain);
      check_gradient(value, plain, cell + fmt::format(", {} layers", units.size()));
    }
}

TEST_CASE("spiking layers are their equations, spike by spike") {
  for (const bool recurrent : {false, true})
    for (const std::vector<int64_t>& units : {std::vector<int64_t>{7}, {6, 5}})
      for (const double readout_tau : {0.0, 3.0}) {
        const Spiking s{units, recurrent, false, "fast_sigmoid", 10, readout_tau};
        check_forward(spiking_plugin(s), plain_spiking(s));
      }
}

TEST_CASE("the surrogate gradient of spiking layers is the exact gradient of the network that gives the surrogate's course in place of spikes, also "
          "to time constants and thresholds") {
  for (const std::string surrogate : {"fast_sigmoid", "arctan", "piecewise_linear", "exponential"})
    for (const bool recurrent : {false, true})
      for (const std::vector<int64_t>& units : {std::vector<int64_t>{5}, {4, 3}}) {
        const Spiking s{units, recurrent, true, surrogate, 0.7, 3};
        check_gradient(spiking_plugin(s), plain_spiking(s), surrogate + (recurrent ? ", recurrent" : ""), surrogate == "exponential" ? 1e-4 : 1e-5);
      }
}

TEST_CASE("time constants and thresholds that are not learnt stay as they are") {
  Model model(plugin("approximator", "spiking", {{"units", std::vector<int64_t>{6}}, {"tau", 4.0}}), inputs, outputs);
  Options options;
  options.epochs = 3;
  initialise(model, options, {}, 1);
  const Data data;
  MemorySource source(inputs, outputs, steps, 0, true);
  source.set(Split::train, data.X, data.Y);
  train(model, source, options, {}, 1);
  for (const char* name : {"log_tau_1", "threshold_1"})
    for (const float v : model.weights(model.find_layer(name))) CHECK(v == doctest::Approx(name[0] == 'l' ? std::log(4.0) : 1.0));
}

TEST_CASE("recurrent and spiking networks train to the same bits on 1, 2, 3 and 8 threads") {
  const PluginValue values[] = {plugin("approximator", "recurrent", {{"cell", std::string("lstm")}, {"units", std::vector<int64_t>{33, 20}}}),
                                plugin("approximator", "recurrent", {{"cell", std::string("gru")}, {"units", std::vector<int64_t>{40}}}),
                                plugin("approximator", "spiking", {{"units", std::vector<int64_t>{70, 30}}, {"recurrent", true}, {"learn_tau", true}})};
  for (const PluginValue& value : values)
    for (const bool sparse : {false, true}) {
      MemorySource source(20, 2, 25, 3, sparse);
      std::vector<float> X = gaussian(37 * 25 * 20, 1);
      for (float& x : X) x = x > 0.8f;
      source.set(Split::train, X, gaussian(37 * 25 * 2, 2));
      std::vector<float> first;
      for (const int count : {1, 2, 3, 8}) {
        set_threads(count);
        Model model(value, 20, 2);
        Options options;
        options.epochs = 2, options.batch = 19, options.init_recurrent = "orthogonal";
        initialise(model, options, {}, 4);
        train(model, source, options, {}, 4);
        if (first.empty()) first.assign(model.theta().begin(), model.theta().end());
        CHECK(std::equal(first.begin(), first.end(), model.theta().begin()));
      }
    }
  set_threads(0);
}

TEST_CASE("orthogonal recurrent weights keep the length of a state, gate by gate") {
  Model model(plugin("approximator", "recurrent", {{"cell", std::string("lstm")}, {"units", std::vector<int64_t>{12}}}), 3, 1);
  Options options;
  options.init_recurrent = "orthogonal";
  initialise(model, options, {}, 4);
  const std::span<const float> U = model.weights(model.find_layer("recurrent_1"));
  for (size_t gate = 0; gate < 4; ++gate)
    for (size_t i = 0; i < 12; ++i)
      for (size_t j = 0; j < 12; ++j) {
        double dot = 0;
        for (size_t k = 0; k < 12; ++k) dot += static_cast<double>(U[i * 48 + gate * 12 + k]) * static_cast<double>(U[j * 48 + gate * 12 + k]);
        CHECK(dot == doctest::Approx(i == j).epsilon(1e-6).scale(1));
      }
  // Forget gates begin open.
  for (size_t k = 0; k < 48; ++k) CHECK(model.biases(0)[k] == (k >= 12 && k < 24 ? 1.f : 0.f));
}
