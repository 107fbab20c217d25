// stdp_triplet: the frequency curve of Pfister & Gerstner 2006 (figure 2), and random trains against sums over pairs and triplets.
#include "pairing.hpp"

using namespace proxon;
using namespace proxon::test;

namespace {

PluginValue unbounded() { return plugin("learning_rule", "stdp_triplet", {{"w_min", -50.}, {"w_max", 50.}}); }

double oracle(const Trains& trains) {
  double w = 0;
  walk(trains, [&](double t) { w -= trace(trains.post, t, 33.7) * (7e-3 + 2.3e-4 * trace(trains.pre, t, 101)); },
       [&](double t) { w += trace(trains.pre, t, 16.8) * (5e-10 + 6.2e-3 * trace(trains.post, t, 125)); });
  return w;
}

/// Sixty pairings at a frequency, post `distance` ms after pre.
Trains pairings(double frequency, double distance) {
  Trains trains;
  for (int k = 0; k < 60; ++k) {
    const double t = 20 + 0.1 * std::round(k * 1e4 / frequency);
    trains.pre.push_back(t), trains.post.push_back(t + distance);
  }
  return trains;
}

}  // namespace

TEST_CASE("stdp_triplet: 60 pairings give the frequency curve of the paper") {
  // Experiment (Sjostrom et al. 2001) and model: with post 10 ms after pre next to nothing at low frequency and more the higher it is; with
  // post 10 ms before pre depression up to 20 Hz and potentiation from 40 Hz on.
  double previous = -1;
  for (double frequency : {1.0, 10.0, 20.0, 40.0, 50.0}) {
    CAPTURE(frequency);
    const double after = weight_after(unbounded(), pairings(frequency, 10)), before = weight_after(unbounded(), pairings(frequency, -10));
    MESSAGE(frequency << " Hz: dw " << after << " (post after pre), " << before << " (before)");
    // A trace of tau / dt = 1250 steps of memory is off by 1250 * 2^-25 = 4e-5 of it at most; growth and fall are about 1 each.
    CHECK(std::fabs(after - oracle(pairings(frequency, 10))) < 1e-4);
    CHECK(std::fabs(before - oracle(pairings(frequency, -10))) < 1e-4);
    CHECK(after > previous);
    previous = after;
    if (frequency <= 1) CHECK(std::fabs(after) < 0.1);
    if (frequency >= 10) CHECK(after > 0);
    CHECK((before > 0) == (frequency > 30));
  }
}

TEST_CASE("stdp_triplet: random trains end where sums over pairs and triplets say") {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const Trains trains{random_train(100 + seed, 30, 2000), random_train(200 + seed, 60, 2000)};
    CHECK(weight_after(unbounded(), trains) == doctest::Approx(oracle(trains)).epsilon(1e-4));
  }
}

TEST_CASE("stdp_triplet, nearest: each spike sees the last one of the other side, and a third before it, alone") {
  Settings settings{{"w_min", -50.}, {"w_max", 50.}};
  PluginValue rule = plugin("learning_rule", "stdp_triplet", settings);
  rule.values.set(*rule.values.find("interactions"), std::string("nearest"));
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const Trains trains{random_train(300 + seed, 30, 2000), random_train(400 + seed, 60, 2000)};
    const auto last = [](const Times& spikes, double t, double tau) { return std::exp((last_before(spikes, t) - t) / tau); };
    double w = 0;
    walk(trains, [&](double t) { w -= last(trains.post, t, 33.7) * (7e-3 + 2.3e-4 * last(trains.pre, t, 101)); },
         [&](double t) { w += last(trains.pre, t, 16.8) * (5e-10 + 6.2e-3 * last(trains.post, t, 125)); });
    CHECK(weight_after(rule, trains) == doctest::Approx(w).epsilon(1e-4));
    CHECK(std::fabs(w - oracle(trains)) > 0.05 * std::fabs(w));
  }
}
