#include <algorithm>

#include "rate_dynamics.hpp"

using namespace proxon;

struct threshold_lin_rate {
  static constexpr Documentation about{
      .summary =
          "Rate neuron with a threshold-linear gain function and input noise (NEST's threshold_lin_rate_ipn "
          "with linear summation).",
      .equation =
          "tau dX/dt = -lambda X + mu + min(max(g (h - theta), 0), alpha) + sqrt(tau) sigma xi(t), h = I + "
          "sum_j w_j X_j(t - d_j).  Exponential Euler: the drive is held during a step, order 1; the noise is "
          "exact in law.",
      .reference = "Hahne et al. 2017, Frontiers in Neuroinformatics 11:34, doi:10.3389/fninf.2017.00034"};

  struct Parameters {
    double tau = 10;
    double lambda = 1;
    double mu = 0;
    double sigma = 0;
    double g = 1;
    double theta = 0;
    double alpha = 1e300;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple_cat(
          rate_fields<P>(),
          std::tuple{
              field<&P::g>("1", "gain above the threshold"), field<&P::theta>("1", "threshold"),
              field<&P::alpha>("1", "highest value of the gain function; without a limit by default", at_least(0))});
    }
  };
  using State = RateState;
  using Input = RateInput;

  RateDynamics dynamics;
  double g, theta, alpha;

  threshold_lin_rate(const Parameters& p, const Step& step)
      : dynamics(p.tau, p.lambda, p.mu, p.sigma, step.dt), g(p.g), theta(p.theta), alpha(p.alpha) {}

  double activity(const State& s) const { return s.rate; }

  double step(State& s, const Input& in, Random& random) const {
    return dynamics.step(s, std::min(std::max(g * (in.sum() - theta), 0.0), alpha), random);
  }
};

PROXON_PLUGIN(neuron, threshold_lin_rate, threshold_lin_rate)
