// stdp_nearest_neighbour: the three ways of Morrison et al. 2008 to choose pairs, found anew from the trains for each spike.
#include "pairing.hpp"

using namespace proxon;
using namespace proxon::test;

namespace {

double oracle(const std::string& pairing, const Trains& trains) {
  double w = 0;
  const auto window = [](double A, double s, double tau) { return std::isinf(s) ? 0 : A * std::exp(-s / tau); };
  walk(trains,
       [&](double t) {
         const double post = last_before(trains.post, t), pre = last_before(trains.pre, t);
         if (pairing == "restricted_symmetric" && !(post > pre + 1e-6)) return;
         w -= window(0.3, t - post, 40);
       },
       [&](double t) {
         const double post = last_before(trains.post, t), pre = last_before(trains.pre, t);
         if (pairing == "presynaptic_centered") {
           for (double s : trains.pre)
             if (s < t - 1e-6 && s > post - 1e-6) w += window(0.2, t - s, 20);
         } else if (pairing == "symmetric" || pre > post + 1e-6) {
           w += window(0.2, t - pre, 20);
         }
       });
  return w;
}

double simulated(const std::string& pairing, const Trains& trains) {
  PluginValue rule = plugin("learning_rule", "stdp_nearest_neighbour", {{"A_plus", 0.2}, {"A_minus", 0.3}, {"tau_minus", 40.}, {"w_min", -99.}, {"w_max", 99.}});
  rule.values.set(*rule.values.find("pairing"), pairing);
  return weight_after(rule, trains);
}

}  // namespace

TEST_CASE("stdp_nearest_neighbour: each pairing takes the pairs that the paper's figure 7 joins, also where spikes coincide") {
  const std::vector<Trains> cases{
      {{20}, {30}},
      {{30}, {20}},
      {{20, 22, 25}, {30}},                  // many pre, one post
      {{20}, {25, 28, 33}},                  // one pre, many post
      {{30, 33}, {20, 22}},                  // two post, then two pre
      {{20, 31, 45}, {22, 31, 40}},          // a pair that coincides, and what follows it
      {{20, 20.1, 20.2, 40}, {20.1, 39.9, 40.1}},
      {{20, 30, 40}, {20, 30, 40}},          // all coincide
      {random_train(5, 80, 800), random_train(6, 60, 800)},
      {random_train(7, 400, 300), random_train(8, 500, 300)},
  };
  for (const char* pairing : {"symmetric", "presynaptic_centered", "restricted_symmetric"})
    for (size_t k = 0; k < cases.size(); ++k) {
      CAPTURE(pairing); CAPTURE(k);
      // Some 100 floats added, sums below 16: 100 * 2^-21.
      CHECK(std::fabs(simulated(pairing, cases[k]) - oracle(pairing, cases[k])) < 5e-5);
    }
  // The three differ, and from the rule that takes all pairs.
  CHECK(std::fabs(oracle("symmetric", cases[2]) - oracle("presynaptic_centered", cases[2])) > 0.1);
  CHECK(std::fabs(oracle("symmetric", cases[3]) - oracle("restricted_symmetric", cases[3])) > 0.1);
}
