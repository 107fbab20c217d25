#include <proxon/plugin/sampler.hpp>

#include <numeric>
#include <vector>

using namespace proxon;

struct tpe {
  static constexpr Documentation about{
      .summary = "Tree-structured Parzen estimator: the trials are split into a few good ones and the others, a density is estimated of either over all "
                 "axes together, and of points drawn from the good one's that is taken where the two differ most. Trials that run count as others; with "
                 "several objectives the good ones are those of the last 1,000 that fewest others beat.",
      .equation = "next = argmax over draws from l of l(x) / g(x); l, g mixtures of products of truncated normal kernels and of the even density",
      .reference = "Bergstra, Bardenet, Bengio & Kegl 2011, NeurIPS 24; over all axes together: Falkner, Klein & Hutter 2018, arXiv:1807.01774"};

  struct Parameters {
    int64_t startup = 10;
    int64_t candidates = 24;
    double good = 0.1;
    int64_t most_good = 25;
    double width = 0.05;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::startup>("1", "trials that are drawn evenly before any is learnt from", at_least(1)),
                        field<&P::candidates>("1", "draws among which the next point is chosen", at_least(1)),
                        field<&P::good>("1", "share of the trials that counts as good", above(0), below(1)),
                        field<&P::most_good>("1", "and their largest number", at_least(1)),
                        field<&P::width>("1", "width of a kernel, in shares of an axis, times n^(-1 / (axes + 4))", above(0))};
    }
  };

  static constexpr bool looks_back = true;
  static constexpr size_t most_others = 500, most_compared = 1000;
  Parameters p;
  SamplerSetup space;

  tpe(const Parameters& parameters, const SamplerSetup& setup) : p(parameters), space(setup) {}

  /// Trials in their order of goodness: by value, or of several objectives by how many others beat a trial in everything, and of equal ones those
  /// first that lie apart (crowding distance of Deb et al. 2002, doi:10.1109/4235.996017).
  std::vector<size_t> in_order(const SamplerHistory& history) const {
    const auto objectives = static_cast<size_t>(space.objectives);
    auto cost = [&](size_t t, size_t o) { return (space.maximise[o] ? -1 : 1) * history.value[t * objectives + o]; };
    std::vector<size_t> order;
    for (size_t t = 0; t < static_cast<size_t>(history.trials); ++t)
      if (history.state[t] == sampler_done && std::isfinite(history.value[t * objectives])) order.push_back(t);
    if (objectives == 1) {
      std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return cost(a, 0) < cost(b, 0); });
      return order;
    }
    if (order.empty()) return order;
    if (order.size() > most_compared) order.erase(order.begin(), order.end() - most_compared);
    std::vector<size_t> beaten(static_cast<size_t>(history.trials));
    std::vector<double> apart(beaten.size());
    for (const size_t a : order)
      for (const size_t b : order) {
        bool better = false, worse = false;
        for (size_t o = 0; o < objectives; ++o) better |= cost(b, o) < cost(a, o), worse |= cost(b, o) > cost(a, o);
        beaten[a] += better && !worse;
      }
    for (size_t o = 0; o < objectives; ++o) {
      std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return beaten[a] != beaten[b] ? beaten[a] < beaten[b] : cost(a, o) < cost(b, o); });
      const auto [low, high] = std::minmax_element(order.begin(), order.end(), [&](size_t a, size_t b) { return cost(a, o) < cost(b, o); });
      const double range = std::max(cost(*high, o) - cost(*low, o), 1e-300);
      for (size_t i = 0; i < order.size(); ++i) {
        const bool first = i == 0 || beaten[order[i - 1]] != beaten[order[i]], last = i + 1 == order.size() || beaten[order[i + 1]] != beaten[order[i]];
        apart[order[i]] += first || last ? 2 : (cost(order[i + 1], o) - cost(order[i - 1], o)) / range;
      }
    }
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return beaten[a] != beaten[b] ? beaten[a] < beaten[b] : apart[a] > apart[b]; });
    return order;
  }

  /// Kernels around trials, in shares of the axes, and one that is even.
  struct Density {
    const SamplerAxis* axis = nullptr;
    size_t axes = 0;
    std::vector<double> at;  // [kernels x axes]; NaN: even along that axis
    double sigma = 0;
    // What log_at() goes over, an axis after the other: [axes x kernels]. Centre and 1 / sigma of a range, number of a choice; 0 and 0, -1 where even.
    std::vector<double> centre, steep;
    std::vector<double> height;            // [kernels] log of the normals' factors: 1 / (sqrt(2 pi) sigma, and their mass within [0, 1])
    mutable std::vector<double> exponent;  // [kernels]

    size_t kernels() const { return at.size() / axes; }
    /// Of the standard normal; what rounding makes 0 or 1 is not computed.
    static double cumulative(double z) { return z > 8.3 ? 1 : z < -38 ? 0 : 0.5 * std::erfc(-z * 0.7071067811865476); }
    void finish(double width) {
      constexpr double root = 2.5066282746310002;
      const size_t n = kernels();
      sigma = std::max(width * std::pow(static_cast<double>(n) + 1, -1.0 / (static_cast<double>(axes) + 4)), 1e-3);
      centre.assign(axes * n, 0), steep.assign(axes * n, 0), height.assign(n, 0), exponent.assign(n, 0);
      const double log_width = std::log(root * sigma);
      for (size_t a = 0; a < axes; ++a)
        for (size_t k = 0; k < n; ++k) {
          const double x = at[k * axes + a];
          if (axis[a].choices > 0) {
            centre[a * n + k] = std::isnan(x) ? -1 : std::floor(x * static_cast<double>(axis[a].choices));
          } else if (!std::isnan(x)) {
            centre[a * n + k] = x, steep[a * n + k] = 1 / sigma;
            const double mass = cumulative((1 - x) / sigma) - (x > 8.3 * sigma ? 0 : cumulative(-x / sigma));
            height[k] -= log_width + (mass < 1 ? std::log(mass) : 0);
          }
        }
    }
    /// Share of a choice that a kernel gives to its own one: wider than along a range, as choices have no neighbours.
    double own(size_t a) const {
      return 1 - std::min(4 * sigma, 1.0) * static_cast<double>(axis[a].choices - 1) / static_cast<double>(axis[a].choices);
    }
    double log_at(const std::vector<double>& u) const {
      const size_t n = kernels();
      double* e = exponent.data();
      std::copy(height.begin(), height.end(), e);
      for (size_t a = 0; a < axes; ++a) {
        const double *x = centre.data() + a * n, *s = steep.data() + a * n;
        if (axis[a].choices > 0) {
          const auto choices = static_cast<double>(axis[a].choices);
          const double mine = std::floor(u[a] * choices), same = std::log(own(a) * choices), other = std::log((1 - own(a)) * choices / std::max(choices - 1, 1.0));
          for (size_t k = 0; k < n; ++k) e[k] += x[k] < 0 ? 0 : x[k] == mine ? same : other;
        } else {
          for (size_t k = 0; k < n; ++k) {
            const double z = (u[a] - x[k]) * s[k];
            e[k] -= 0.5 * z * z;
          }
        }
      }
      double sum = 1;  // the even one; beside it a kernel that is far away is less than rounding
      for (size_t k = 0; k < n; ++k)
        if (e[k] > -40) sum += std::exp(e[k]);
      return std::log(sum / static_cast<double>(n + 1));
    }
    std::vector<double> draw(Stream& stream) const {
      const size_t k = stream.below(static_cast<uint32_t>(kernels() + 1));
      std::vector<double> u(axes);
      for (size_t a = 0; a < axes; ++a) {
        const double x = k < kernels() ? at[k * axes + a] : NAN;
        if (std::isnan(x)) {
          u[a] = stream.uniform();
        } else if (axis[a].choices > 0) {
          u[a] = stream.uniform() < own(a) ? x : stream.uniform();
        } else {
          do u[a] = x + sigma * stream.normal();
          while (u[a] < 0 || u[a] >= 1);
        }
      }
      return u;
    }
  };

  void propose(int64_t trial, const SamplerHistory& history, std::span<double> point) const {
    const size_t axes = point.size();
    Stream stream(space.key, static_cast<uint64_t>(trial));
    std::vector<size_t> order = in_order(history);
    if (static_cast<int64_t>(order.size()) < p.startup) {
      for (size_t a = 0; a < axes; ++a) point[a] = at_share(space.axis[a], stream.uniform());
      return;
    }

    // The good ones, and of the others no more than a density needs.
    const auto n_good = std::min<size_t>(static_cast<size_t>(p.most_good), static_cast<size_t>(std::ceil(p.good * static_cast<double>(order.size()))));
    std::vector<size_t> others(order.begin() + static_cast<long>(n_good), order.end());
    for (size_t t = 0; t < static_cast<size_t>(history.trials); ++t)
      if (history.state[t] != sampler_done) others.push_back(t);
    Density good{space.axis, axes}, bad{space.axis, axes};
    auto add = [&](Density& density, size_t t) {
      for (size_t a = 0; a < axes; ++a) density.at.push_back(share_of(space.axis[a], history.point[t * axes + a]));
    };
    for (size_t i = 0; i < n_good; ++i) add(good, order[i]);
    const size_t step = others.size() / most_others + 1;
    for (size_t i = 0; i < others.size(); i += step) add(bad, others[i]);
    good.finish(p.width), bad.finish(p.width);

    double best = -std::numeric_limits<double>::infinity();
    for (int64_t c = 0; c < p.candidates; ++c) {
      const std::vector<double> u = good.draw(stream);
      const double gain = good.log_at(u) - bad.log_at(u);
      if (gain <= best) continue;
      best = gain;
      for (size_t a = 0; a < axes; ++a) point[a] = at_share(space.axis[a], u[a]);
    }
  }
};

PROXON_PLUGIN(sampler, tpe, tpe)
