#include <cmath>
#include <proxon/plugin/connectivity.hpp>
#include <stdexcept>
#include <string>

using namespace proxon;

/// Number of marked ones among n drawn without repetition from `all`, of which `marked` are. Inversion of the
/// distribution function, summed from the mode outwards: O(standard deviation).
int64_t hypergeometric(int64_t all, int64_t marked, int64_t n, Random& random) {
  const int64_t low = std::max<int64_t>(0, n + marked - all), high = std::min(n, marked);
  const int64_t mode = static_cast<int64_t>(double(n + 1) * double(marked + 1) / double(all + 2));
  auto log_choose = [](double a, double b) { return log_gamma(a + 1) - log_gamma(b + 1) - log_gamma(a - b + 1); };
  auto ratio = [&](int64_t k) {
    return double(marked - k) * double(n - k) / (double(k + 1) * double(all - marked - n + k + 1));
  };
  int64_t down = std::min(std::max(mode, low), high), up = down;
  double p_down = std::exp(log_choose(double(marked), double(down)) +
                           log_choose(double(all - marked), double(n - down)) - log_choose(double(all), double(n)));
  double p_up = p_down, left = random.uniform() - p_down;
  while (left >= 0 && (down > low || up < high)) {
    if (up < high && (left -= p_up *= ratio(up), ++up, left < 0)) return up;
    if (down > low && (--down, left -= p_down /= ratio(down), left < 0)) return down;
  }
  return std::min(std::max(mode, low), high);
}

/// Successes among n trials of probability p: by their waiting times where they are few, else by transformed rejection
/// (BTRS; Hormann 1993, Journal of Statistical Computation and Simulation 46:101, doi:10.1080/00949659308811496), O(1).
int64_t binomial(int64_t n, double p, Random& random) {
  if (p > 0.5) return n - binomial(n, 1 - p, random);
  const double trials = double(n), mean = trials * p;
  if (mean < 30) return random.binomial(n, p);
  const double deviation = std::sqrt(mean * (1 - p)), odds = p / (1 - p), b = 1.15 + 2.53 * deviation;
  const double a = -0.0873 + 0.0248 * b + 0.01 * p, alpha = (2.83 + 5.1 / b) * deviation, v_r = 0.92 - 4.2 / b;
  const double mode = std::floor((trials + 1) * p);
  while (true) {
    const double u = random.uniform() - 0.5, v = 1 - random.uniform(), us = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / us + b) * u + mean + 0.5);
    if (us >= 0.07 && v <= v_r) return static_cast<int64_t>(k);
    if (k < 0 || k > trials) continue;
    const double bound = log_gamma(mode + 1) + log_gamma(trials - mode + 1) - log_gamma(k + 1) -
                         log_gamma(trials - k + 1) + (k - mode) * std::log(odds);
    if (std::log(v * alpha / (a / (us * us) + b)) <= bound) return static_cast<int64_t>(k);
  }
}

struct fixed_total_number {
  static constexpr Documentation about{
      .summary = "A given number of synapses, each between a source and a target drawn at random.",
      .reference = "the rule of this name in NEST: https://nest-simulator.readthedocs.io"};
  static constexpr Axis axis = Axis::source;

  struct Parameters {
    int64_t N = 0;
    bool allow_autapses = true;
    bool allow_multapses = true;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::N>("1", "number of synapses", required, at_least(0)),
                        field<&P::allow_autapses>("1", "whether a neuron may connect to itself"),
                        field<&P::allow_multapses>("1", "whether a pair may be drawn more than once")};
    }
  };

  const int64_t* outdegree;  // of each source: drawn once, by the constructor
  int32_t candidates;
  bool skip_self, repeat;

  static int64_t scratch(const Parameters&, const ConnectivitySetup& setup) { return setup.sources; }

  fixed_total_number(const Parameters& p, const ConnectivitySetup& setup)
      : outdegree(setup.scratch),
        candidates(setup.targets - (setup.same_population && !p.allow_autapses)),
        skip_self(setup.same_population && !p.allow_autapses),
        repeat(p.allow_multapses) {
    if (p.N > (repeat ? int64_t{candidates > 0} * p.N : int64_t{candidates} * setup.sources))
      throw std::invalid_argument("N is " + std::to_string(p.N) + " and there are " +
                                  std::to_string(int64_t{candidates} * setup.sources) +
                                  " pairs to draw from; lower it, or set allow_multapses = true");
    // Share N among the sources one after another: multinomial, or hypergeometric where no pair may repeat.
    int64_t left = p.N;
    for (int32_t i = 0; i < setup.sources; ++i) {
      Random random(setup.key, static_cast<uint64_t>(i), 1);
      const int64_t others = setup.sources - i;
      setup.scratch[i] = repeat ? binomial(left, 1.0 / double(others), random)
                                : hypergeometric(others * candidates, candidates, left, random);
      left -= setup.scratch[i];
    }
  }

  int64_t count(int32_t source) const { return outdegree[source]; }

  template <class Emit>
  void connect(int32_t source, Random& random, Emit&& emit) const {
    auto give = [&](int64_t j) { emit(static_cast<int32_t>(j + (skip_self && j >= source))); };
    if (!repeat) return choose(candidates, outdegree[source], random, give);
    for (int64_t k = 0; k < outdegree[source]; ++k) give(random.below(static_cast<uint32_t>(candidates)));
  }
};

PROXON_PLUGIN(connectivity, fixed_total_number, fixed_total_number)
