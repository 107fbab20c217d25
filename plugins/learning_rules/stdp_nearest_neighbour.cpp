#include <proxon/plugin/learning_rule.hpp>

#include <algorithm>
#include <stdexcept>

using namespace proxon;

struct stdp_nearest_neighbour {
  static constexpr Documentation about{
      .summary = "Pair-based additive STDP in which only neighbouring spikes make pairs, within hard bounds.",
      .equation = "pre spike: w -= A_minus exp(-s/tau_minus), s since the last post spike;  post spike: w += A_plus sum exp(-s/tau_plus), s since "
                  "pre spikes: the last one (symmetric), all since the last post spike (presynaptic_centered), the last one where no other spike "
                  "of either neuron lies between, on both sides (restricted_symmetric)",
      .reference = "Morrison, Diesmann & Gerstner 2008, Biological Cybernetics 98:459, doi:10.1007/s00422-008-0233-1 (figure 7)"};

  struct Parameters {
    std::string_view pairing = "symmetric";
    double A_plus = 0.01;
    double A_minus = 0.0105;
    double tau_plus = 20;
    double tau_minus = 20;
    double w_min = 0;
    double w_max = 1;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::pairing>("", "which spikes make pairs", one_of("symmetric|presynaptic_centered|restricted_symmetric")),
                        field<&P::A_plus>("1", "growth of the weight for a pair at no distance, in the unit of the weight", at_least(0)),
                        field<&P::A_minus>("1", "fall of the weight for a pair at no distance, in the unit of the weight", at_least(0)),
                        field<&P::tau_plus>("ms", "time constant of the window for pre before post", above(0)),
                        field<&P::tau_minus>("ms", "time constant of the window for post before pre", above(0)),
                        field<&P::w_min>("1", "lowest weight"), field<&P::w_max>("1", "highest weight")};
    }
  };

  struct Synapse {
    float w = 0, seen = 0;
    static constexpr auto fields() {
      return std::tuple{field<&Synapse::w>("1", "synaptic weight"), field<&Synapse::seen>("1", "the source's trace `all` at the last post spike")};
    }
  };
  struct Pre {
    float last, all;
    static constexpr auto fields() {
      return std::tuple{field<&Pre::last>("1", "trace of the source's last spike"), field<&Pre::all>("1", "trace of all the source's spikes")};
    }
  };
  struct Post {
    float last, age;
    static constexpr auto fields() {
      return std::tuple{field<&Post::last>("1", "trace of the target's last spike, with tau_minus"),
                        field<&Post::age>("1", "trace of the target's last spike, with tau_plus")};
    }
  };

  Pre tau_pre;
  Post tau_post;
  bool centered, restricted;
  float A_plus, A_minus, w_min, w_max;

  stdp_nearest_neighbour(const Parameters& p, const Step&)
      : tau_pre{float(p.tau_plus), float(p.tau_plus)}, tau_post{float(p.tau_minus), float(p.tau_plus)},
        centered(p.pairing == "presynaptic_centered"), restricted(p.pairing == "restricted_symmetric"), A_plus(float(p.A_plus)),
        A_minus(float(p.A_minus)), w_min(float(p.w_min)), w_max(float(p.w_max)) {
    if (p.w_min > p.w_max) throw std::invalid_argument("w_min must not lie above w_max");
  }

  void pre_fired(Pre& pre) const { pre = {1, pre.all + 1}; }
  void post_fired(Post& post) const { post = {1, 1}; }

  // Pre::last and Post::age decay alike, so that the larger of the two belongs to the later spike.
  void on_pre(Synapse& s, const Pre& pre, const Post& post) const {
    const float y = restricted && post.age <= pre.last ? 0.f : post.last;
    s.w = std::max(w_min, s.w - A_minus * y);
  }
  void on_post(Synapse& s, const Pre& pre, const Post& post) const {
    const float since = std::max(0.f, pre.all - s.seen * post.age), nearest = restricted && pre.last <= post.age ? 0.f : pre.last;
    s.w = std::min(w_max, s.w + A_plus * (centered ? since : nearest));
    s.seen = pre.all;
  }
};

PROXON_PLUGIN(learning_rule, stdp_nearest_neighbour, stdp_nearest_neighbour)
