#include <proxon/plugin/sampler.hpp>

#include <cstring>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

using namespace proxon;

struct asha {
  static constexpr Documentation about{
      .summary = "Asynchronous successive halving: many random points with little work, the best of each rung again with `eta` times as much. The work is "
                 "the axis with `fidelity = true`: epochs, simulated time. A point that is promoted is run anew with more, to the same bits as far as it had "
                 "come: all rungs together cost at most eta / (eta - 1) times the last.",
      .equation = "rung k has low eta^k of work, up to high; the best 1 / eta of rung k go on to rung k + 1",
      .reference = "Li et al. 2020, MLSys, arXiv:1810.05934"};

  struct Parameters {
    double eta = 3;
    static constexpr auto fields() { return std::tuple{field<&Parameters::eta>("1", "factor of work from rung to rung; one of so many is promoted", at_least(2))}; }
  };

  static constexpr bool looks_back = true;
  SamplerSetup space;
  double eta;
  size_t work = 0;  // the axis

  asha(const Parameters& p, const SamplerSetup& setup) : space(setup), eta(p.eta) {
    int64_t found = 0;
    for (int64_t a = 0; a < space.axes; ++a)
      if (space.axis[a].fidelity) work = static_cast<size_t>(a), ++found;
    if (found != 1) throw std::runtime_error("needs one axis with fidelity = true, the work of a trial (epochs, simulated time); there are " + std::to_string(found));
    if (!(space.axis[work].low > 0)) throw std::runtime_error("the axis '" + std::string(space.axis[work].name) + "' needs a low end above 0");
  }

  /// Work of the rungs, the last one the whole.
  std::vector<double> rungs() const {
    const SamplerAxis& axis = space.axis[work];
    std::vector<double> all;
    for (double x = axis.low; x < axis.high * 0.999; x *= eta) all.push_back(axis.whole ? std::round(x) : x);
    all.push_back(axis.high);
    return all;
  }

  /// The bits of a point but for its work.
  std::string name_of(const double* point) const {
    std::string bytes(reinterpret_cast<const char*>(point), static_cast<size_t>(space.axes) * sizeof(double));
    std::memset(bytes.data() + work * sizeof(double), 0, sizeof(double));
    return bytes;
  }

  void propose(int64_t trial, const SamplerHistory& history, std::span<double> point) const {
    const std::vector<double> rung = rungs();
    const size_t n = point.size();
    // Who is on which rung, and who has gone beyond it.
    std::vector<std::vector<size_t>> done(rung.size());
    std::unordered_map<std::string, size_t> highest;
    for (size_t t = 0; t < static_cast<size_t>(history.trials); ++t) {
      const double its = history.point[t * n + work];
      size_t k = 0;
      while (k + 1 < rung.size() && rung[k] < its * 0.999) ++k;
      size_t& top = highest[name_of(history.point + t * n)];
      top = std::max(top, k);
      if (history.state[t] == sampler_done && std::isfinite(history.value[t * static_cast<size_t>(space.objectives)])) done[k].push_back(t);
    }
    // From the top down: the first good one that has not been promoted yet.
    for (size_t k = rung.size() - 1; k-- > 0;) {
      auto cost = [&](size_t t) { return (space.maximise[0] ? -1 : 1) * history.value[t * static_cast<size_t>(space.objectives)]; };
      std::stable_sort(done[k].begin(), done[k].end(), [&](size_t a, size_t b) { return cost(a) < cost(b); });
      const auto promoted = static_cast<size_t>(static_cast<double>(done[k].size()) / eta);
      for (size_t i = 0; i < promoted; ++i) {
        const double* good = history.point + done[k][i] * n;
        if (highest[name_of(good)] > k) continue;
        std::copy(good, good + n, point.begin());
        for (size_t a = 0; a < n; ++a)
          if (std::isnan(point[a])) point[a] = at_share(space.axis[a], 0.5);  // not active: any value stands for it
        point[work] = rung[k + 1];
        return;
      }
    }
    for (size_t a = 0; a < n; ++a) point[a] = at_share(space.axis[a], uniform(space.key, static_cast<uint64_t>(trial), a));
    point[work] = rung[0];
  }
};

PROXON_PLUGIN(sampler, asha, asha)
