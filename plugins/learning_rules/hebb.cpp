#include <proxon/plugin/learning_rule.hpp>

#include <algorithm>
#include <stdexcept>

using namespace proxon;

struct hebb {
  static constexpr Documentation about{
      .summary = "Hebb's rule on activity, with optional decay and hard bounds.",
      .equation = "dw/dt = eta x y - decay w, w_min <= w <= w_max;  in the layers of an approximator dt is 1 a sample",
      .reference = "Hebb 1949, The Organization of Behavior, Wiley; Gerstner & Kistler 2002, Biological Cybernetics 87:404, "
                   "doi:10.1007/s00422-002-0353-y"};

  struct Parameters {
    double eta = 1e-3;
    double decay = 0;
    double w_min = -1e30;
    double w_max = 1e30;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::eta>("1", "learning rate, per ms"), field<&P::decay>("1", "decay of the weight, per ms", at_least(0)),
                        field<&P::w_min>("1", "lowest weight"), field<&P::w_max>("1", "highest weight")};
    }
  };

  float eta, decay, w_min, w_max;

  hebb(const Parameters& p, const Step&) : eta(float(p.eta)), decay(float(p.decay)), w_min(float(p.w_min)), w_max(float(p.w_max)) {
    if (p.w_min > p.w_max) throw std::invalid_argument("w_min must not lie above w_max");
  }

  void update(PlainSynapse& s, float x, float y, const Moment& m) const {
    s.w = std::min(w_max, std::max(w_min, s.w + m.dt * (eta * x * y - decay * s.w)));
  }
};

PROXON_PLUGIN(learning_rule, hebb, hebb)
