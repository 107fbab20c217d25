#include <cmath>
#include <functional>

#include "metric_figures.hpp"

using namespace proxon;

namespace {

using Spikes = std::vector<int64_t>;  // bins, ascending

PluginValue with(std::vector<std::pair<const char*, double>> settings, int64_t repetitions = 1) {
  PluginValue value = metric_value("coincidence_factor");
  for (const auto& [name, x] : settings) value.values.set(*value.values.find(name), x);
  value.values.set(*value.values.find("repetitions"), repetitions);
  return value;
}

Figures rate(PluginValue value, const std::vector<float>& target, const std::vector<float>& prediction,
             const std::vector<double>& time, int64_t channels = 1) {
  REQUIRE(target.size() == prediction.size());
  REQUIRE(target.size() == time.size() * static_cast<size_t>(channels));
  const char* names[] = {"a", "b"};
  MetricInput input{};
  input.target = target.data();
  input.prediction = prediction.data();
  input.row_time = time.data();
  input.rows = static_cast<int64_t>(time.size());
  input.channels = channels;
  input.channel_names = names;
  return run_metric(std::move(value), input);
}

/// Ends of `n` bins.
std::vector<double> bins(size_t n, double bin = 1) {
  std::vector<double> time;
  for (size_t i = 1; i <= n; ++i) time.push_back(static_cast<double>(i) * bin);
  return time;
}

std::vector<float> train(const Spikes& spikes, size_t n) {
  std::vector<float> result(n, 0.f);
  for (const int64_t at : spikes) result[static_cast<size_t>(at)] = 1;
  return result;
}

Spikes drawn_bins(uint64_t seed, size_t n, double chance) {
  Spikes spikes;
  Stream stream(Key{seed, purpose("test")}, 0);
  for (size_t i = 0; i < n; ++i)
    if (stream.uniform() < chance) spikes.push_back(static_cast<int64_t>(i));
  return spikes;
}

/// Gamma with the largest number of pairs of spikes that lie within `reach` bins, each in one pair, found by augmenting paths (Kuhn 1955).
double plain_gamma(const Spikes& data, const Spikes& model, double n, int64_t reach) {
  std::vector<int> partner(model.size(), -1);
  int pairs = 0;
  for (size_t i = 0; i < data.size(); ++i) {
    std::vector<char> seen(model.size(), 0);
    const std::function<bool(size_t)> place = [&](size_t spike) {
      for (size_t j = 0; j < model.size(); ++j) {
        if (seen[j] || std::abs(model[j] - data[spike]) > reach) continue;
        seen[j] = 1;
        if (partner[j] < 0 || place(static_cast<size_t>(partner[j]))) return partner[j] = static_cast<int>(spike), true;
      }
      return false;
    };
    pairs += place(i);
  }
  const double n_data = double(data.size()), n_model = double(model.size()), f = n_model / n, w = double(2 * reach + 1);
  return (pairs - f * w * n_data) / (0.5 * (n_data + n_model)) / (1 - f * w);
}

/// Of a prediction the peaks, one after the other: the highest bin of which no bin within `near` is higher, or as high and earlier.
Spikes plain_peaks(const std::vector<float>& p, int64_t near) {
  double expected = 0;
  for (const float x : p) expected += static_cast<double>(x);
  std::vector<char> taken(p.size(), 0);
  Spikes spikes;
  for (int64_t k = 0; k < std::llround(expected); ++k) {
    int64_t best = -1;
    for (int64_t i = 0; i < int64_t(p.size()); ++i) {
      bool peak = p[size_t(i)] > 0 && !taken[size_t(i)];
      for (int64_t j = 0; j < int64_t(p.size()); ++j)
        if (j != i && std::abs(j - i) <= near)
          peak &= p[size_t(j)] < p[size_t(i)] || (p[size_t(j)] == p[size_t(i)] && j > i);
      if (peak && (best < 0 || p[size_t(i)] > p[size_t(best)])) best = i;
    }
    if (best < 0) break;
    taken[size_t(best)] = 1;
    spikes.push_back(best);
  }
  std::sort(spikes.begin(), spikes.end());
  return spikes;
}

}  // namespace

TEST_CASE("coincidence_factor of four and three spikes, counted by hand") {
  // Of 11, 23 and 30 two are within 2 ms of a spike. f w = 3 / 100 * 5, by chance 0.6 coincide, (2 - 0.6) / 0.85 / 3.5.
  const auto target = train({10, 20, 30, 40}, 100), prediction = train({11, 23, 30}, 100);
  const FigureValue figure = rate(with({}), target, prediction, bins(100))["coincidence_factor"];
  CHECK(figure.value == close_to(1.4 / 0.85 / 3.5));
  CHECK(figure.n == 4);
  // Bins of half a millisecond: 4 bins to either side; 23 is within 1.5 ms then. f w = 3 / 100 * 9.
  CHECK(rate(with({}), target, prediction, bins(100, 0.5))["coincidence_factor"].value ==
        close_to((3 - 0.27 * 4) / 0.73 / 3.5));
  // A spike coincides once: 12 and 8 are both near 10.
  CHECK(rate(with({}), train({10}, 100), train({8, 12}, 100), bins(100))["coincidence_factor"].value ==
        close_to((1 - 0.1) / 0.9 / 1.5));
}

TEST_CASE("coincidence_factor is 1 for equal trains, and 0 on average for independent ones") {
  for (const double delta : {0.0, 2.0, 4.0}) {
    double sum = 0, squares = 0;
    constexpr int n = 400;
    for (uint64_t seed = 1; seed <= n; ++seed) {
      const auto a = train(drawn_bins(2 * seed, 3000, 0.01), 3000), b = train(drawn_bins(2 * seed + 1, 3000, 0.01), 3000);
      const double value = rate(with({{"delta", delta}, {"refractory", 0}}), a, b, bins(3000))["coincidence_factor"].value;
      sum += value, squares += value * value;
    }
    const double mean = sum / n, error = std::sqrt((squares / n - mean * mean) / n), by_chance = 0.01 * (2 * delta + 1);
    CHECK(error < 0.005);
    // Two spikes in one window make one coincidence: of the order of (f w)^2 fewer than the formula says.
    CHECK(std::abs(mean) < 4 * error + by_chance * by_chance);

    Spikes apart;
    for (const int64_t at : drawn_bins(7, 1000, 0.05))
      if (apart.empty() || at - apart.back() > 2) apart.push_back(at);
    const auto same = train(apart, 1000);
    CHECK(rate(with({{"delta", delta}}), same, same, bins(1000))["coincidence_factor"].value == close_to(1));
  }
}

TEST_CASE("coincidence_factor counts the most pairs that there are, of the highest peaks of the prediction") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    const size_t n = 300;
    const int64_t reach = static_cast<int64_t>(seed % 4), near = 1 + static_cast<int64_t>(seed % 3);
    const Spikes data = drawn_bins(seed, n, 0.08);
    // Quarters, so that many are equal and sums are exact
    auto prediction = random_floats(seed, n, 5);
    for (float& p : prediction) p = p > 2 ? 0 : p / 8;
    const Spikes model = plain_peaks(prediction, near);
    REQUIRE(model.size() > 10);
    const PluginValue value = with({{"delta", double(reach)}, {"refractory", double(near)}});
    CHECK(rate(value, train(data, n), prediction, bins(n))["coincidence_factor"].value ==
          close_to(plain_gamma(data, model, double(n), reach)));
    // Rows in any order
    const auto time = bins(n);
    std::vector<float> order(n);
    for (size_t i = 0; i < n; ++i) order[i] = static_cast<float>(i);
    order = permuted_rows(order, 1, seed);
    std::vector<double> times;
    std::vector<float> targets, predictions;
    for (const float i : order) {
      times.push_back(time[size_t(i)]), targets.push_back(train(data, n)[size_t(i)]);
      predictions.push_back(prediction[size_t(i)]);
    }
    CHECK(rate(value, targets, predictions, times)["coincidence_factor"].value ==
          close_to(plain_gamma(data, model, double(n), reach)));
  }
}

TEST_CASE("coincidence_factor takes as many spikes as the prediction expects") {
  std::vector<float> p(50, 0.f);
  p[10] = 0.2f, p[11] = 0.6f, p[12] = 0.2f, p[30] = 0.1f, p[31] = 0.2f;  // 1.3 spikes: one
  CHECK(rate(with({}), train({11}, 50), p, bins(50))["coincidence_factor"].value == close_to(1));
  p[32] = 0.3f, p[34] = 0.2f;  // 1.8: two
  CHECK(rate(with({}), train({11, 32}, 50), p, bins(50))["coincidence_factor"].value == close_to(1));
}

TEST_CASE("coincidence_factor compares trials of one stimulus with one another") {
  // Two stimuli of two trials of 20 ms, of which the bins 5 to 14 are compared, as where splits part each trial.
  const std::vector<Spikes> recorded{{6, 12}, {7}, {5, 9}, {14}};
  std::vector<float> target, prediction;
  std::vector<double> time;
  for (size_t k = 0; k < recorded.size(); ++k)
    for (int64_t b = 5; b < 15; ++b) {
      time.push_back(20. * double(k) + double(b + 1));
      target.push_back(std::count(recorded[k].begin(), recorded[k].end(), b) ? 1.f : 0.f);
      prediction.push_back(b == 7 ? 1.f : 0.f);
    }
  const PluginValue value = with({{"trial", 20}, {"delta", 1}}, 2);
  const Figures figures = rate(value, target, prediction, time);
  double twin = 0, cell = 0;
  for (const Spikes& spikes : recorded) twin += plain_gamma(spikes, {7}, 10, 1) / 4;
  for (const size_t k : {0, 2})
    cell += (plain_gamma(recorded[k], recorded[k + 1], 10, 1) + plain_gamma(recorded[k + 1], recorded[k], 10, 1)) / 4;
  CHECK(figures["coincidence_factor"].value == close_to(twin));
  CHECK(figures["coincidence_factor"].n == 6);
  CHECK(figures["repeatability"].value == close_to(cell));
  // Half of its figure is the chance of a few spikes in ten bins: what is left of it is negative here
  CHECK(figures["performance"].undefined == (cell > 0 ? "" : "the cell does not predict itself"));

  // A cell that does the same each time
  for (size_t row = 0; row < target.size(); ++row) target[row] = prediction[row];
  const Figures same = rate(value, target, prediction, time);
  CHECK(same["repeatability"].value == close_to(1));
  CHECK(same["performance"].value == close_to(1));
  CHECK(rate(with({{"trial", 20}}), target, prediction, time).all.size() == 1);
}

TEST_CASE("coincidence_factor says why it is undefined") {
  const auto some = train({3}, 10), none = train({}, 10);
  CHECK(rate(with({}), none, none, bins(10))["coincidence_factor"].undefined == "no train has a spike");
  // Every third of ten bins, and windows of five: one that a trial of two cannot have leaves no mean of the other
  const auto dense = train({0, 3, 6, 9}, 10);
  CHECK(rate(with({}), some, dense, bins(10))["coincidence_factor"].undefined ==
        "a predicted train has more spikes than windows of this delta have room");
  auto second = some, two = dense;
  second.insert(second.end(), some.begin(), some.end()), two.insert(two.begin(), some.begin(), some.end());
  CHECK(rate(with({{"trial", 10}}), second, two, bins(20))["coincidence_factor"].undefined ==
        "a predicted train has more spikes than windows of this delta have room");
  CHECK(rate(with({}), none, some, bins(10))["coincidence_factor"].value == 0 - 0.0);
  CHECK(rate(with({}), some, some, std::vector<double>(10, 1))["coincidence_factor"].undefined ==
        "the rows are not bins that follow each other in time");
  CHECK(compare("coincidence_factor", {0, 1}, {0, 1})["coincidence_factor"].undefined ==
        "the rows are not bins that follow each other in time");
  try {
    rate(with({}, 2), some, some, bins(10));
    FAIL("repetitions without a trial are accepted");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("repetitions are of trials: give trial, the length of one") != std::string::npos);
  }
}
