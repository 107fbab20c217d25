#include <cmath>
#include <proxon/plugin/learning_rule.hpp>

using namespace proxon;

struct e_prop {
  static constexpr Documentation about{
      .summary = "Learning of recurrent networks with what a synapse could know: an eligibility of its own, times a learning signal of its unit. The error "
                 "does not pass from unit to unit through time, only along each unit's own state. The sums over time are taken backwards, which gives the "
                 "same numbers as eligibility traces that are carried forward.",
      .equation = "dL/dW_ji = sum_t L_j(t) e_ji(t),  L_j = sum_k B_jk (y_k - y*_k);  B is the readout (symmetric) or fixed and random",
      .reference = "Bellec et al. 2020, Nature Communications 11:3625, doi:10.1038/s41467-020-17236-y"};

  struct Parameters {
    std::string_view feedback = "symmetric";
    static constexpr auto fields() {
      return std::tuple{field<&Parameters::feedback>("", "what brings the output's error to the units", one_of("symmetric|random"))};
    }
  };

  bool random;

  e_prop(const Parameters& p, const Step&) : random(p.feedback == "random") {}

  void gradient(const GradientPass& pass) const {
    const int64_t n = pass.hidden_units * pass.outputs;
    if (random && n > 0 && pass.direct[0] == 0)
      for (int64_t i = 0; i < n; ++i) pass.direct[i] = float(normal(pass.key, uint64_t(i), 0) / std::sqrt(double(pass.outputs)));
    pass.forward(pass.host);
    const ErrorPath path{.direct = random && n > 0 ? pass.direct : nullptr, .cut_recurrence = 1};
    pass.backward(pass.host, &path);
  }
};

PROXON_PLUGIN(learning_rule, e_prop, e_prop)
