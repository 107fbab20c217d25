// tsodyks: random trains against the differential equations in very small steps and against a recursion in double.
#include "short_term.hpp"

using namespace proxon;
using namespace proxon::test;

namespace {

/// dx/dt = z / tau_rec, dy/dt = -y / tau_psc, du/dt = -u / tau_fac by Runge and Kutta's method of order 4.
std::vector<double> oracle(const Times& times, double U, double tau_psc, double tau_fac, double tau_rec) {
  std::vector<double> all;
  double x = 1, y = 0, u = 0, t = 0;
  for (double next : times) {
    constexpr int n = 400;
    const double h = (next - t) / n;
    for (int k = 0; k < n; ++k) {
      auto slope = [&](double a, double b) { return std::pair{(1 - a - b) / tau_rec, -b / tau_psc}; };
      const auto [a1, b1] = slope(x, y);
      const auto [a2, b2] = slope(x + h / 2 * a1, y + h / 2 * b1);
      const auto [a3, b3] = slope(x + h / 2 * a2, y + h / 2 * b2);
      const auto [a4, b4] = slope(x + h * a3, y + h * b3);
      x += h / 6 * (a1 + 2 * a2 + 2 * a3 + a4), y += h / 6 * (b1 + 2 * b2 + 2 * b3 + b4);
    }
    u = tau_fac > 0 ? u * std::exp(-(next - t) / tau_fac) : 0;
    u += U * (1 - u);
    all.push_back(u * x);
    y += u * x, x -= u * x;
    t = next;
  }
  return all;
}

}  // namespace

TEST_CASE("tsodyks: every spike of a train has the amplitude of the differential equations, also with equal time constants") {
  struct Case { double U, tau_psc, tau_fac, tau_rec; };
  for (const Case& c : {Case{0.5, 3, 0, 800}, Case{0.04, 1.5, 1000, 100}, Case{0.3, 50, 20, 50}, Case{0.3, 50, 20, 50.000001}, Case{0.9, 100, 5, 3}}) {
    CAPTURE(c.tau_psc); CAPTURE(c.tau_rec);
    const Times times = half_ms_train(uint64_t(c.tau_rec), 60, 12);
    const auto got = amplitudes(plugin("synapse", "tsodyks", {{"U", c.U}, {"tau_psc", c.tau_psc}, {"tau_fac", c.tau_fac}, {"tau_rec", c.tau_rec}}), times, 2);
    const auto expected = oracle(times, c.U, c.tau_psc, c.tau_fac, c.tau_rec);
    // u, x and y are kept as floats between spikes: a few 2^-24, which recovery forgets.
    for (size_t k = 0; k < times.size(); ++k) CHECK(std::fabs(got[k] - 2 * expected[k]) < 2e-6);
  }
}
