// What the rate neurons share: NEST's neurons with input noise (*_ipn) and linear summation. Each plugin adds its gain
// function.
#pragma once
#include <cmath>
#include <proxon/plugin/neuron.hpp>

namespace proxon {

/// The parameters that begin each of them, of a struct with members tau, lambda, mu and sigma.
template <class P>
constexpr auto rate_fields() {
  return std::tuple{field<&P::tau>("ms", "time constant of the rate", above(0)),
                    field<&P::lambda>("1", "passive decay of the rate", at_least(0)), field<&P::mu>("1", "mean drive"),
                    field<&P::sigma>("1", "strength of the input noise; 0 is without (NEST's default is 1)", at_least(0))};
}

struct RateState {
  double rate = 0;
  static constexpr auto fields() { return std::tuple{field<&RateState::rate>("1", "rate X")}; }
};

struct RateInput {
  float rate, I;
  static constexpr auto fields() {
    return std::tuple{field<&RateInput::rate>("1", "sum of the weighted rates that arrive", rate_input),
                      field<&RateInput::I>("1", "drive from outside", current)};
  }
  double sum() const { return double{rate} + I; }
};

/// tau dX/dt = -lambda X + mu + gain + sqrt(tau) sigma xi(t) over one step, the gain held: the stochastic exponential
/// Euler method, exact in law for a constant gain. For lambda = 0 it is the method of Euler and Maruyama.
struct RateDynamics {
  double decay, growth, mu, noise;

  RateDynamics(double tau, double lambda, double mean, double sigma, double dt)
      : decay(std::exp(-lambda * dt / tau)),
        growth(lambda > 0 ? -std::expm1(-lambda * dt / tau) / lambda : dt / tau),
        mu(mean),
        noise(sigma * std::sqrt(lambda > 0 ? -std::expm1(-2 * lambda * dt / tau) / (2 * lambda) : dt / tau)) {}

  double step(RateState& s, double gain, Random& random) const {
    s.rate = decay * s.rate + growth * (mu + gain);
    if (noise > 0) s.rate += noise * random.normal();
    return s.rate;
  }
};

}  // namespace proxon
