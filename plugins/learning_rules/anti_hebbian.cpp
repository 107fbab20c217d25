#include <proxon/plugin/learning_rule.hpp>

#include <algorithm>
#include <stdexcept>

using namespace proxon;

struct anti_hebbian {
  static constexpr Documentation about{
      .summary = "Foldiak's rule for lateral inhibition: units that are active together come to inhibit each other until they are as often active "
                 "together as chance would have it.",
      .equation = "dw/dt = -eta (x y - p^2), w_min <= w <= w_max;  p is the wanted probability of activity;  in the layers of an approximator dt is 1 a "
                  "sample",
      .reference = "Foldiak 1990, Biological Cybernetics 64:165, doi:10.1007/BF02331346"};

  struct Parameters {
    double eta = 0.1;
    double p = 0.1;
    double w_min = -1e30;
    double w_max = 0;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::eta>("1", "learning rate, per ms", at_least(0)), field<&P::p>("1", "wanted probability of activity", between(0, 1)),
                        field<&P::w_min>("1", "lowest weight"), field<&P::w_max>("1", "highest weight; 0: inhibition only")};
    }
  };

  float eta, p_squared, w_min, w_max;

  anti_hebbian(const Parameters& p, const Step&) : eta(float(p.eta)), p_squared(float(p.p * p.p)), w_min(float(p.w_min)), w_max(float(p.w_max)) {
    if (p.w_min > p.w_max) throw std::invalid_argument("w_min must not lie above w_max");
  }

  void update(PlainSynapse& s, float x, float y, const Moment& m) const {
    s.w = std::min(w_max, std::max(w_min, s.w - m.dt * eta * (x * y - p_squared)));
  }
};

PROXON_PLUGIN(learning_rule, anti_hebbian, anti_hebbian)
