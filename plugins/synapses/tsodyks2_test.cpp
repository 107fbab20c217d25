// tsodyks2: steady state of regular trains in closed form, and random trains spike by spike in double.
#include "short_term.hpp"

using namespace proxon;
using namespace proxon::test;

TEST_CASE("tsodyks2: regular trains settle at the steady state of Maass & Markram 2002") {
  for (double interval : {2.0, 20.0, 50.0, 500.0})
    for (const auto& [U, tau_fac, tau_rec] : {std::tuple{0.5, 0.0, 800.0}, std::tuple{0.15, 750.0, 50.0}, std::tuple{0.05, 530.0, 130.0}}) {
      CAPTURE(interval); CAPTURE(tau_rec);
      Times times;
      for (int k = 0; k < 400 && (k < 10 || k * interval < 12000); ++k) times.push_back(1 + k * interval);
      const auto got = amplitudes(plugin("synapse", "tsodyks2", {{"U", U}, {"u", U}, {"tau_fac", tau_fac}, {"tau_rec", tau_rec}}), times, 3);
      const double f = tau_fac > 0 ? std::exp(-interval / tau_fac) : 0, d = std::exp(-interval / tau_rec);
      const double u = U / (1 - (1 - U) * f), x = (1 - d) / (1 - (1 - u) * d);
      CHECK(got.front() == doctest::Approx(3 * U).epsilon(1e-6));
      // The tail of convergence e^-(t / tau) is below 1e-3 of it after the train; floats add some 1e-6.
      const double left = std::pow(std::max(f * (1 - U), d * (1 - u)), double(times.size() - 1));
      CHECK(std::fabs(got.back() - 3 * u * x) < 3 * (3e-6 + 4 * left));
      CHECK(left < 1e-2);
    }
}

TEST_CASE("tsodyks2: every spike of a random train has the amplitude of the recursion in double; u and x set the first spike") {
  const Times times = half_ms_train(7, 200, 15);
  const double U = 0.2, tau_fac = 100, tau_rec = 200, w = -1.5;
  const auto got = amplitudes(plugin("synapse", "tsodyks2", {{"U", U}, {"u", 0.7}, {"x", 0.4}, {"tau_fac", tau_fac}, {"tau_rec", tau_rec}}), times, w);
  double u = 0.7, x = 0.4, worst = 0;
  for (size_t k = 0; k < times.size(); ++k) {
    if (k > 0) {
      const double h = times[k] - times[k - 1];
      x = 1 - (1 - x * (1 - u)) * std::exp(-h / tau_rec);
      u = U + u * (1 - U) * std::exp(-h / tau_fac);
    }
    worst = std::max(worst, std::fabs(got[k] - w * u * x));
  }
  CHECK(worst < 1e-6);  // u and x are kept as floats: a few 2^-24
}
