#include <cmath>

#include "rate_dynamics.hpp"

using namespace proxon;

struct tanh_rate {
  static constexpr Documentation about{
      .summary =
          "Rate neuron with a hyperbolic tangent as its gain function and input noise (NEST's tanh_rate_ipn "
          "with linear summation).",
      .equation =
          "tau dX/dt = -lambda X + mu + tanh(g (h - theta)) + sqrt(tau) sigma xi(t), h = I + sum_j w_j X_j(t - "
          "d_j).  Exponential Euler: the drive is held during a step, order 1; the noise is exact in law. With "
          "tau << dt, lambda = 1 and sigma = 0 it is the map X(t + dt) = mu + tanh(g (h - theta)).",
      .reference = "Hahne et al. 2017, Frontiers in Neuroinformatics 11:34, doi:10.3389/fninf.2017.00034"};

  struct Parameters {
    double tau = 10;
    double lambda = 1;
    double mu = 0;
    double sigma = 0;
    double g = 1;
    double theta = 0;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple_cat(rate_fields<P>(), std::tuple{field<&P::g>("1", "gain: slope of the tangent at its middle"),
                                                         field<&P::theta>("1", "input at which the tangent is 0")});
    }
  };
  using State = RateState;
  using Input = RateInput;

  RateDynamics dynamics;
  double g, theta;

  tanh_rate(const Parameters& p, const Step& step)
      : dynamics(p.tau, p.lambda, p.mu, p.sigma, step.dt), g(p.g), theta(p.theta) {}

  double activity(const State& s) const { return s.rate; }

  double step(State& s, const Input& in, Random& random) const {
    return dynamics.step(s, std::tanh(g * (in.sum() - theta)), random);
  }
};

PROXON_PLUGIN(neuron, tanh_rate, tanh_rate)
