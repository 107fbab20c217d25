// Recurrent and spiking approximators against plain loops in double that share no code with them: what they give, and their gradient through
// time against central differences, for every cell, surrogate and depth, for rows and for events; and the same bits for any number of threads.
#include <functional>

#include "proxon/learning/response.hpp"
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

/// One direction of one layer over the rows of a sample, from its first row on.
Rows plain_cell(const std::string& cell, const Rows& rows, const std::vector<double>& W, const std::vector<double>& b, const std::vector<double>& U, size_t N) {
  std::vector<double> before(N, 0.0), c(N, 0.0);
  Rows out;
  for (const auto& row : rows) {
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
  return out;
}

/// Columns [begin, begin + n) of a matrix of `width` columns.
std::vector<double> columns(const std::vector<double>& matrix, int64_t width, int64_t begin, int64_t n) {
  std::vector<double> some;
  for (size_t row = 0; row < matrix.size(); row += static_cast<size_t>(width))
    some.insert(some.end(), matrix.begin() + static_cast<long>(row) + begin, matrix.begin() + static_cast<long>(row) + begin + n);
  return some;
}

/// Each row normalised over its numbers.
void plain_norm(Rows& rows, const std::vector<double>& gain, const std::vector<double>& bias) {
  for (auto& row : rows) {
    double mean = 0, variance = 0;
    for (const double v : row) mean += v / static_cast<double>(row.size());
    for (const double v : row) variance += (v - mean) * (v - mean) / static_cast<double>(row.size());
    for (size_t k = 0; k < row.size(); ++k) row[k] = gain[k] * (row[k] - mean) / std::sqrt(variance + 1e-5) + bias[k];
  }
}

Forward plain_recurrent(const std::string& cell, const std::vector<int64_t>& units, bool bidirectional = false, int64_t embedding = 0, bool norm = false) {
  return [=](const std::vector<double>& theta, const Rows& x) {
    Cursor cursor{theta};
    Rows h = x;
    if (embedding) {
      const auto E = cursor.take(inputs * embedding);
      for (auto& row : h) {
        std::vector<double> embedded(static_cast<size_t>(embedding), 0.0);
        add_product(row, E, embedded);
        row = embedded;
      }
    }
    for (const int64_t n : units) {
      const int64_t gates = n * (cell == "rnn" ? 1 : cell == "gru" ? 3 : 4), width = gates * (bidirectional ? 2 : 1);
      const auto W = cursor.take(static_cast<int64_t>(h[0].size()) * width), b = cursor.take(width), U = cursor.take(n * gates);
      const auto N = static_cast<size_t>(n);
      Rows out = plain_cell(cell, h, columns(W, width, 0, gates), columns(b, width, 0, gates), U, N);
      if (bidirectional) {
        const Rows reversed(h.rbegin(), h.rend());
        const Rows back = plain_cell(cell, reversed, columns(W, width, gates, gates), columns(b, width, gates, gates), cursor.take(n * gates), N);
        for (size_t t = 0; t < h.size(); ++t) out[t].insert(out[t].end(), back[h.size() - 1 - t].begin(), back[h.size() - 1 - t].end());
      }
      h = out;
      if (!norm) continue;
      const auto width_up = static_cast<int64_t>(h[0].size());
      const auto gain = cursor.take(width_up), bias = cursor.take(width_up);
      plain_norm(h, gain, bias);
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

/// `counts` gets the sum of each unit's spikes over the steps, a layer after the other.
Forward plain_spiking(const Spiking& s, std::vector<double>* counts = nullptr) {
  return [=](const std::vector<double>& theta, const Rows& x) {
    Cursor cursor{theta};
    Rows spikes = x;
    if (counts) counts->clear();
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
      for (size_t k = 0; counts && k < N; ++k) {
        double sum = 0;
        for (const auto& row : spikes) sum += row[k];
        counts->push_back(sum);
      }
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

/// `term` is what the gradient sees beside the loss.
void check_gradient(const PluginValue& value, const Forward& forward, const std::string& what, double tolerance = 1e-5,
                    const std::function<double(const std::vector<double>&)>& term = {}) {
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
    const std::vector<double> slope = central_differences(theta, [&](const std::vector<double>& at) { return loss(data, forward, at) + (term ? term(at) : 0); });
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

TEST_CASE("bidirectional layers and embeddings are their equations, and the gradient that of central differences") {
  for (const std::string cell : {"rnn", "gru", "lstm"})
    for (const std::vector<int64_t>& units : {std::vector<int64_t>{5}, {3, 6}, {4, 2, 3}})
      for (const auto& [bidirectional, embedding] : {std::pair<bool, int64_t>{true, 0}, {true, 3}, {false, 3}}) {
        const PluginValue value =
            plugin("approximator", "recurrent", {{"cell", cell}, {"units", units}, {"bidirectional", bidirectional}, {"embedding", embedding}});
        const Forward plain = plain_recurrent(cell, units, bidirectional, embedding);
        check_forward(value, plain);
        check_gradient(value, plain, cell + fmt::format(", {} layers, bidirectional {}, embedding {}", units.size(), bidirectional, embedding));
      }
}

TEST_CASE("recurrent layers with a norm are their equations, and the gradient that of central differences") {
  for (const std::string cell : {"rnn", "gru", "lstm"})
    for (const std::vector<int64_t>& units : {std::vector<int64_t>{5}, {4, 6}, {4, 3, 20}})
      for (const auto& [bidirectional, embedding] : {std::pair<bool, int64_t>{false, 0}, {true, 3}}) {
        const PluginValue value = plugin("approximator", "recurrent", {{"cell", cell}, {"units", units}, {"bidirectional", bidirectional},
                                                                       {"embedding", embedding}, {"norm", std::string("layer")}});
        const Forward plain = plain_recurrent(cell, units, bidirectional, embedding, true);
        check_forward(value, plain);
        check_gradient(value, plain, cell + fmt::format(", {} layers, bidirectional {}", units.size(), bidirectional));
      }
}

namespace {

/// Samples of different length.
class RaggedSource : public SampleSource {
 public:
  RaggedSource(const Data& data, std::vector<int64_t> lengths, bool sparse) : data_(data), lengths_(std::move(lengths)), sparse_(sparse) {}
  int64_t inputs() const override { return ::inputs; }
  int64_t outputs() const override { return ::outputs; }
  int64_t steps() const override { return ::steps; }
  bool varies() const override { return true; }
  int64_t length(Split, int64_t number) const override { return lengths_[static_cast<size_t>(number)]; }
  bool sparse() const override { return sparse_; }
  int64_t samples(Split split) const override { return split == Split::train ? static_cast<int64_t>(lengths_.size()) : 0; }
  void gather(Split split, std::span<const int64_t> numbers, float* X, float* Y) override {
    const int64_t most = steps_of(split, numbers);
    for (const int64_t number : numbers)
      for (int64_t t = 0; t < most; ++t) {
        const bool own = t < length(split, number);
        for (int64_t i = 0; i < ::inputs; ++i) *X++ = own ? data_.X[static_cast<size_t>((number * ::steps + t) * ::inputs + i)] : 0.f;
        for (int64_t j = 0; j < ::outputs; ++j) *Y++ = own ? data_.Y[static_cast<size_t>((number * ::steps + t) * ::outputs + j)] : 0.f;
      }
  }
  void gather(Split split, std::span<const int64_t> numbers, EventList& events, float* Y) override {
    std::vector<float> X(numbers.size() * static_cast<size_t>(::steps * ::inputs));
    gather(split, numbers, X.data(), Y);
    events.clear();
    for (int64_t row = 0; row < static_cast<int64_t>(numbers.size()) * steps_of(split, numbers); ++row) {
      for (int64_t i = 0; i < ::inputs; ++i)
        if (const float x = X[static_cast<size_t>(row * ::inputs + i)]; x != 0) events.add(static_cast<int32_t>(i), x);
      events.end_row();
    }
    events.index(::inputs);
  }

 private:
  const Data& data_;
  std::vector<int64_t> lengths_;
  bool sparse_;
};

}  // namespace

TEST_CASE("samples of different length: the padding is in neither the loss nor the gradient, in either direction") {
  const Data data;
  const std::vector<int64_t> lengths{9, 1, 4, 7, 2, 8, 3, 3, 5, 1, 6};
  for (const bool bidirectional : {true, false})
    for (const bool sparse : {false, true})
      for (const auto& [embedding, norm] : {std::pair<int64_t, bool>{0, false}, {3, false}, {3, true}}) {
        const PluginValue value = plugin("approximator", "recurrent", {{"cell", std::string("gru")}, {"units", std::vector<int64_t>{4, 3}},
                                                                       {"bidirectional", bidirectional}, {"embedding", embedding},
                                                                       {"norm", std::string(norm ? "layer" : "none")}});
        const Forward plain = plain_recurrent("gru", {4, 3}, bidirectional, embedding, norm);
        Model model(value, inputs, outputs);
        set_theta(model);
        const std::vector<double> theta(model.theta().begin(), model.theta().end());
        const auto loss_of = [&](const std::vector<double>& at) {
          double sum = 0;
          int64_t rows = 0;
          for (size_t s = 0; s < lengths.size(); ++s) {
            Rows x = data.sample(static_cast<int64_t>(s));
            x.resize(static_cast<size_t>(lengths[s]));
            rows += lengths[s];
            const Rows z = plain(at, x);
            for (size_t t = 0; t < x.size(); ++t)
              for (size_t j = 0; j < outputs; ++j)
                sum += std::pow(z[t][j] - static_cast<double>(data.Y[(s * steps + t) * outputs + j]), 2);
          }
          return sum / static_cast<double>(rows * outputs);
        };
        RaggedSource source(data, lengths, sparse);
        Options options(plugin("learning_rule", "backprop"), sgd(1));
        options.epochs = 1, options.batch = samples, options.shuffle = false;
        CHECK(train(model, source, options, {}, 1).train_loss == doctest::Approx(loss_of(theta)).epsilon(1e-5));
        const std::vector<double> slope = central_differences(theta, loss_of);
        for (size_t i = 0; i < theta.size(); ++i) CHECK(std::fabs(theta[i] - static_cast<double>(model.theta()[i]) - slope[i]) < 2e-5);
      }
}

TEST_CASE("dropout silences what goes up to the next layer, the same in equal steps, and its gradient is that of differences") {
  std::vector<Model> models;
  for (const auto& [bidirectional, embedding, norm] : {std::tuple<bool, int64_t, std::string>{false, 0, "none"}, {true, 3, "none"}, {false, 0, "layer"}})
    models.emplace_back(plugin("approximator", "recurrent", {{"units", std::vector<int64_t>{4, 3}}, {"bidirectional", bidirectional}, {"embedding", embedding},
                                                             {"dropout", 0.4}, {"norm", norm}}),
                        inputs, outputs);
  models.emplace_back(dense({5, 3}, "tanh", "linear", 0.4), inputs, outputs);  // the same network at every step, silent units of its own in each
  for (const Model& model : models) {
    const auto& approximator = model.approximator();
    std::vector<float> theta = gaussian(static_cast<int64_t>(model.theta().size()), 3), tape;
    for (float& w : theta) w *= 0.5f;
    const Data data;
    const std::vector<float> c = gaussian(samples * steps * outputs, 6);
    Status status;
    const auto forward = [&](const std::vector<float>& weights, int64_t step, bool training) {
      std::vector<float> y(c.size());
      tape.assign(static_cast<size_t>(approximator.table().tape(approximator.object(), samples, steps)), 7.f);
      ForwardPass pass{};
      pass.theta = weights.data(), pass.input = data.X.data(), pass.output = y.data(), pass.tape = tape.data(), pass.batch = samples, pass.steps = steps;
      pass.training = training, pass.step = step, pass.key = Key{1, 2};
      approximator.table().forward(approximator.object(), &learning_services(), &pass, &status);
      return y;
    };
    const auto objective = [&](const std::vector<float>& weights) {
      const std::vector<float> y = forward(weights, 5, true);
      double sum = 0;
      for (size_t i = 0; i < y.size(); ++i) sum += static_cast<double>(y[i]) * static_cast<double>(c[i]);
      return sum;
    };
    CHECK(forward(theta, 5, true) == forward(theta, 5, true));
    CHECK(forward(theta, 5, true) != forward(theta, 6, true));
    CHECK(forward(theta, 5, false) == forward(theta, 6, false));
    const std::vector<float> y = forward(theta, 5, true);
    std::vector<float> gradient(theta.size(), 123.f);
    BackwardPass pass{};
    pass.theta = theta.data(), pass.input = data.X.data(), pass.output = y.data(), pass.output_gradient = c.data(), pass.tape = tape.data();
    pass.gradient = gradient.data(), pass.batch = samples, pass.steps = steps;
    approximator.table().backward(approximator.object(), &learning_services(), &pass, &status);
    CHECK(status.failed == 0);
    // Differences of a float function over some hundred terms: h = 1e-2 balances rounding with curvature.
    for (size_t i = 0; i < theta.size(); i += 3) {
      std::vector<float> up = theta, down = theta;
      up[i] += 1e-2f, down[i] -= 1e-2f;
      CHECK(gradient[i] == doctest::Approx((objective(up) - objective(down)) / 2e-2).epsilon(0.01).scale(5));
    }
  }
}

TEST_CASE("rules that look at every row refuse samples of different length") {
  const Data data;
  RaggedSource source(data, {9, 1, 4}, false);
  Model model(dense({}, "tanh"), inputs, outputs);
  Options options(plugin("learning_rule", "hebb"));
  CHECK(contains(error_of([&] { train(model, source, options, {}, 1); }), "samples of different length are padded"));
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

TEST_CASE("the rate term's gradient is that of central differences, and units come to the rate that it asks for") {
  for (const bool recurrent : {false, true}) {
    const Spiking s{{4, 3}, recurrent, true, "fast_sigmoid", 0.7, 3};
    PluginValue value = spiking_plugin(s);
    value.values.set(*value.values.find("rate_cost"), 0.4), value.values.set(*value.values.find("rate_target"), 150.0);
    const Data data;
    std::vector<double> counts;
    const Forward plain = plain_spiking(s, &counts);
    const auto term = [&](const std::vector<double>& theta) {
      std::vector<double> sum(7, 0.0);
      for (int64_t sample = 0; sample < samples; ++sample) {
        plain(theta, data.sample(sample));
        for (size_t k = 0; k < 7; ++k) sum[k] += counts[k];
      }
      double term = 0;
      for (const double n : sum) term += 0.4 / 7 * std::pow(n / static_cast<double>(samples * steps) * 1000 / 150 - 1, 2);
      return term;
    };
    check_gradient(value, plain_spiking(s), recurrent ? "recurrent" : "feed-forward", 1e-5, term);
  }

  // Spikes: the output is each unit's own spike.
  Model model(plugin("approximator", "spiking", {{"units", std::vector<int64_t>{outputs}}, {"readout_tau", 0.0}, {"rate_cost", 5.0}, {"rate_target", 200.0}}), inputs, outputs);
  Options options(plugin("learning_rule", "backprop"), plugin("optimizer", "adam", {{"learning_rate", 0.01}}));
  options.epochs = 300, options.loss = "mse";
  initialise(model, options, {}, 1);
  const auto show_spikes = [&] {
    const int32_t layer = model.find_layer("output");
    const std::span<float> readout = model.weights(layer), bias = model.biases(layer);
    std::fill(readout.begin(), readout.end(), 0.f), std::fill(bias.begin(), bias.end(), 0.f);
    for (int64_t k = 0; k < outputs; ++k) readout[static_cast<size_t>(k * outputs + k)] = 1;
  };
  show_spikes();
  const Data data;
  MemorySource source(inputs, outputs, steps, 0, true);
  source.set(Split::train, data.X, model.predict(data.X, steps));
  const auto rate = [&](int64_t k) {
    double sum = 0;
    const std::vector<float> spikes = model.predict(data.X, steps);
    for (size_t i = static_cast<size_t>(k); i < spikes.size(); i += outputs) sum += spikes[i] > 0.5f;
    return 1000 * sum / static_cast<double>(samples * steps);
  };
  double before = 0, after = 0;
  for (int64_t k = 0; k < outputs; ++k) before += std::fabs(rate(k) - 200);
  train(model, source, options, {}, 1);
  show_spikes();
  for (int64_t k = 0; k < outputs; ++k) after += std::fabs(rate(k) - 200);
  const std::vector<double> rates = hidden_rates(model, source, Split::train, 1);
  REQUIRE(rates.size() == outputs);
  for (int64_t k = 0; k < outputs; ++k) CHECK(rates[static_cast<size_t>(k)] == doctest::Approx(rate(k)));
  CHECK_MESSAGE(after < 0.2 * before, before, " -> ", after);
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
                                plugin("approximator", "recurrent", {{"cell", std::string("gru")}, {"units", std::vector<int64_t>{24, 20}},
                                                                     {"bidirectional", true}, {"embedding", int64_t{12}}, {"dropout", 0.3},
                                                                     {"norm", std::string("layer")}}),
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
