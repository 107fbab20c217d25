#include "rate_dynamics.hpp"

using namespace proxon;

struct lin_rate {
  static constexpr Documentation about{
      .summary = "Linear rate neuron with input noise (NEST's lin_rate_ipn).",
      .equation =
          "tau dX/dt = -lambda X + mu + g h + sqrt(tau) sigma xi(t), h = I + sum_j w_j X_j(t - d_j).  "
          "Exponential Euler: the drive is held during a step, order 1; the noise is exact in law.",
      .reference = "Hahne et al. 2017, Frontiers in Neuroinformatics 11:34, doi:10.3389/fninf.2017.00034"};

  struct Parameters {
    double tau = 10;
    double lambda = 1;
    double mu = 0;
    double sigma = 0;
    double g = 1;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple_cat(rate_fields<P>(), std::tuple{field<&P::g>("1", "gain")});
    }
  };
  using State = RateState;
  using Input = RateInput;

  RateDynamics dynamics;
  double g;

  lin_rate(const Parameters& p, const Step& step) : dynamics(p.tau, p.lambda, p.mu, p.sigma, step.dt), g(p.g) {}

  double activity(const State& s) const { return s.rate; }

  double step(State& s, const Input& in, Random& random) const { return dynamics.step(s, g * in.sum(), random); }
};

PROXON_PLUGIN(neuron, lin_rate, lin_rate)
