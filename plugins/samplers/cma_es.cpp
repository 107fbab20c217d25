#include <proxon/plugin/sampler.hpp>

#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

using namespace proxon;

struct cma_es {
  static constexpr Documentation about{
      .summary = "Evolution strategy with covariance matrix adaptation, in shares of the axes; a generation begins when the one before it has ended. For "
                 "ranges and one objective. The strategy is followed anew from the history at every trial, so that it needs no state of its own.",
      .equation = "x ~ m + sigma N(0, C), m <- m + sum_i w_i (x_i:lambda - m), C and sigma by their evolution paths",
      .reference = "Hansen 2016, arXiv:1604.00772"};

  struct Parameters {
    double sigma = 0.3;
    int64_t population = 0;
    static constexpr auto fields() {
      return std::tuple{field<&Parameters::sigma>("1", "first step, in shares of an axis", above(0), at_most(1)),
                        field<&Parameters::population>("1", "trials a generation; 0: 4 + 3 ln(axes)", at_least(0))};
    }
  };

  static constexpr bool looks_back = true;
  SamplerSetup space;
  double sigma;
  int64_t lambda;

  cma_es(const Parameters& p, const SamplerSetup& setup) : space(setup), sigma(p.sigma) {
    if (space.objectives != 1) throw std::runtime_error("takes one objective, and there are " + std::to_string(space.objectives));
    for (int64_t a = 0; a < space.axes; ++a)
      if (space.axis[a].choices > 0) throw std::runtime_error("takes ranges, and axis '" + std::string(space.axis[a].name) + "' has choices; give low and high");
    lambda = p.population > 0 ? p.population : 4 + static_cast<int64_t>(3 * std::log(static_cast<double>(space.axes)));
    if (lambda < 2) throw std::runtime_error("population must be at least 2");
  }

  using Vector = std::vector<double>;

  /// Eigenvectors (columns of B) and eigenvalues of a symmetric matrix, by Jacobi's rotations.
  static void decompose(Vector C, size_t n, Vector& B, Vector& eigenvalue) {
    B.assign(n * n, 0);
    for (size_t i = 0; i < n; ++i) B[i * n + i] = 1;
    for (int sweep = 0; sweep < 60; ++sweep) {
      double off = 0, on = 0;
      for (size_t i = 0; i < n; ++i)
        for (size_t j = 0; j < n; ++j) (i == j ? on : off) += C[i * n + j] * C[i * n + j];
      if (off <= 1e-28 * on) break;
      for (size_t p = 0; p + 1 < n; ++p)
        for (size_t q = p + 1; q < n; ++q) {
          if (C[p * n + q] == 0) continue;
          const double theta = (C[q * n + q] - C[p * n + p]) / (2 * C[p * n + q]);
          const double t = (theta >= 0 ? 1 : -1) / (std::fabs(theta) + std::sqrt(theta * theta + 1)), c = 1 / std::sqrt(t * t + 1), s = t * c;
          for (size_t k = 0; k < n; ++k) {
            const double x = C[k * n + p], y = C[k * n + q];
            C[k * n + p] = c * x - s * y, C[k * n + q] = s * x + c * y;
          }
          for (size_t k = 0; k < n; ++k) {
            const double x = C[p * n + k], y = C[q * n + k];
            C[p * n + k] = c * x - s * y, C[q * n + k] = s * x + c * y;
          }
          for (size_t k = 0; k < n; ++k) {
            const double x = B[k * n + p], y = B[k * n + q];
            B[k * n + p] = c * x - s * y, B[k * n + q] = s * x + c * y;
          }
        }
    }
    eigenvalue.resize(n);
    for (size_t i = 0; i < n; ++i) eigenvalue[i] = std::max(C[i * n + i], 1e-30);
  }

  /// The strategy after some generations.
  struct State {
    size_t n;
    double sigma;
    Vector mean, C, B, D, path_c, path_s;
    State(size_t n, double sigma) : n(n), sigma(sigma), mean(n, 0.5), C(n * n), path_c(n), path_s(n) {
      for (size_t i = 0; i < n; ++i) C[i * n + i] = 1;
      refresh();
    }
    void refresh() {
      decompose(C, n, B, D);
      for (double& d : D) d = std::sqrt(d);
    }
    /// One generation: `x` holds lambda points, best first.
    void update(const std::vector<Vector>& x, int64_t generation) {
      const auto N = static_cast<double>(n);
      const size_t mu = x.size() / 2;
      Vector w(mu);
      for (size_t i = 0; i < mu; ++i) w[i] = std::log(0.5 * static_cast<double>(x.size() + 1)) - std::log(static_cast<double>(i + 1));
      const double total = std::accumulate(w.begin(), w.end(), 0.0);
      double squares = 0;
      for (double& v : w) v /= total, squares += v * v;
      const double mu_eff = 1 / squares;
      const double c_s = (mu_eff + 2) / (N + mu_eff + 5), d_s = 1 + 2 * std::max(0.0, std::sqrt((mu_eff - 1) / (N + 1)) - 1) + c_s;
      const double c_c = (4 + mu_eff / N) / (N + 4 + 2 * mu_eff / N), c_1 = 2 / ((N + 1.3) * (N + 1.3) + mu_eff);
      const double c_mu = std::min(1 - c_1, 2 * (mu_eff - 2 + 1 / mu_eff) / ((N + 2) * (N + 2) + mu_eff));
      const double expected = std::sqrt(N) * (1 - 1 / (4 * N) + 1 / (21 * N * N));

      // The mean moves; the step in the coordinates of C^(-1/2) goes into the path of sigma.
      Vector step(n), rotated(n);
      for (size_t i = 0; i < mu; ++i)
        for (size_t a = 0; a < n; ++a) step[a] += w[i] * (x[i][a] - mean[a]) / sigma;
      const Vector before = mean;
      for (size_t a = 0; a < n; ++a) mean[a] += sigma * step[a];
      for (size_t k = 0; k < n; ++k) {
        for (size_t a = 0; a < n; ++a) rotated[k] += B[a * n + k] * step[a];
        rotated[k] /= D[k];
      }
      double length = 0;
      for (size_t a = 0; a < n; ++a) {
        double white = 0;
        for (size_t k = 0; k < n; ++k) white += B[a * n + k] * rotated[k];
        path_s[a] = (1 - c_s) * path_s[a] + std::sqrt(c_s * (2 - c_s) * mu_eff) * white;
        length += path_s[a] * path_s[a];
      }
      length = std::sqrt(length);
      const bool moves = length / std::sqrt(1 - std::pow(1 - c_s, 2.0 * static_cast<double>(generation + 1))) < (1.4 + 2 / (N + 1)) * expected;
      for (size_t a = 0; a < n; ++a) path_c[a] = (1 - c_c) * path_c[a] + (moves ? std::sqrt(c_c * (2 - c_c) * mu_eff) * step[a] : 0);

      for (size_t a = 0; a < n; ++a)
        for (size_t b = 0; b < n; ++b) {
          double rank_mu = 0;
          for (size_t i = 0; i < mu; ++i) rank_mu += w[i] * (x[i][a] - before[a]) * (x[i][b] - before[b]) / (sigma * sigma);
          double& c = C[a * n + b];
          c = (1 - c_1 - c_mu) * c + c_1 * (path_c[a] * path_c[b] + (moves ? 0 : c_c * (2 - c_c)) * c) + c_mu * rank_mu;
        }
      sigma = std::min(sigma * std::exp(c_s / d_s * (length / expected - 1)), 1.0);
      refresh();
    }
  };

  bool propose(int64_t trial, const SamplerHistory& history, std::span<double> point) const {
    const size_t n = point.size();
    const int64_t generation = trial / lambda;
    State state(n, sigma);
    int64_t at = 0;
    for (int64_t g = 0; g < generation; ++g) {
      struct Member {
        Vector x;
        double cost;
      };
      std::vector<Member> members;
      for (; at < history.trials && history.trial[at] < (g + 1) * lambda; ++at) {
        if (history.state[at] == sampler_running) return false;
        Member member{Vector(n), std::numeric_limits<double>::infinity()};
        for (size_t a = 0; a < n; ++a) member.x[a] = share_of(space.axis[a], history.point[static_cast<size_t>(at) * n + a]);
        if (history.state[at] == sampler_done && std::isfinite(history.value[at])) member.cost = (space.maximise[0] ? -1 : 1) * history.value[at];
        members.push_back(std::move(member));
      }
      std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.cost < b.cost; });
      std::vector<Vector> x;
      for (Member& member : members)
        if (std::none_of(member.x.begin(), member.x.end(), [](double u) { return std::isnan(u); })) x.push_back(std::move(member.x));
      if (x.size() >= 2) state.update(x, g);
    }

    // Drawn again while it lies outside, and put on the border in the end.
    Stream stream(space.key, static_cast<uint64_t>(trial));
    Vector u(n);
    for (int attempt = 0; attempt < 100; ++attempt) {
      Vector z(n);
      for (size_t k = 0; k < n; ++k) z[k] = state.D[k] * stream.normal();
      bool inside = true;
      for (size_t a = 0; a < n; ++a) {
        u[a] = state.mean[a];
        for (size_t k = 0; k < n; ++k) u[a] += state.sigma * state.B[a * n + k] * z[k];
        inside &= u[a] >= 0 && u[a] <= 1;
      }
      if (inside) break;
    }
    for (size_t a = 0; a < n; ++a) point[a] = at_share(space.axis[a], std::clamp(u[a], 0.0, 1.0));
    return true;
  }
};

PROXON_PLUGIN(sampler, cma_es, cma_es)
