#include <proxon/plugin/integrate.hpp>

#include "rate_dynamics.hpp"

using namespace proxon;

struct sigmoid_rate {
  static constexpr Documentation about{
      .summary =
          "Rate neuron with a logistic gain function and input noise (NEST's sigmoid_rate_ipn with linear "
          "summation).",
      .equation =
          "tau dX/dt = -lambda X + mu + g / (1 + exp(-beta (h - theta))) + sqrt(tau) sigma xi(t), h = I + "
          "sum_j w_j X_j(t - d_j).  Exponential Euler: the drive is held during a step, order 1; the noise is "
          "exact in law.",
      .reference = "Hahne et al. 2017, Frontiers in Neuroinformatics 11:34, doi:10.3389/fninf.2017.00034"};

  struct Parameters {
    double tau = 10;
    double lambda = 1;
    double mu = 0;
    double sigma = 0;
    double g = 1;
    double beta = 1;
    double theta = 0;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple_cat(rate_fields<P>(),
                            std::tuple{field<&P::g>("1", "gain: the highest value of the gain function"),
                                       field<&P::beta>("1", "slope parameter"),
                                       field<&P::theta>("1", "input at which half of g is reached")});
    }
  };
  using State = RateState;
  using Input = RateInput;

  RateDynamics dynamics;
  double g, beta, theta;

  sigmoid_rate(const Parameters& p, const Step& step)
      : dynamics(p.tau, p.lambda, p.mu, p.sigma, step.dt), g(p.g), beta(p.beta), theta(p.theta) {}

  double activity(const State& s) const { return s.rate; }

  double step(State& s, const Input& in, Random& random) const {
    return dynamics.step(s, g / (1 + exponential(-beta * (in.sum() - theta))), random);
  }
};

PROXON_PLUGIN(neuron, sigmoid_rate, sigmoid_rate)
