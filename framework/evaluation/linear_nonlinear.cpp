#include "proxon/evaluation/linear_nonlinear.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "proxon/base/progress.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/learning/products.hpp"

namespace proxon {
namespace {

/// Strengths of the ridge that are tried, in units of the variance of each number of x; the middle one where there is no validation span.
constexpr double ridges[] = {1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1};
constexpr double middle_ridge[] = {1e-3};

constexpr int64_t drive_bins = 2048;   ///< of w . x, over ten standard deviations on either side
constexpr double least_rows = 20;      ///< that the lowest resolution of f rests on

/// A symmetric matrix becomes U with U^T U = A, by rows; what is below the diagonal means nothing. A row is one chain of subtractions, rows ascending.
void factorise(std::vector<double>& a, int64_t n) {
  constexpr int64_t panel = 64;
  const auto row = [&](int64_t i) { return a.data() + i * n; };
  for (int64_t begin = 0; begin < n; begin += panel) {
    const int64_t end = std::min(begin + panel, n);
    for (int64_t k = begin; k < end; ++k) {
      double* u = row(k);
      const double inverse = 1 / std::sqrt(u[k]);
      for (int64_t j = k; j < n; ++j) u[j] *= inverse;
      for (int64_t i = k + 1; i < end; ++i)
        for (int64_t j = i; j < n; ++j) row(i)[j] -= u[i] * u[j];
    }
    parallel_for(n - end, 8, [&](int64_t from, int64_t to) {
      for (int64_t i = end + from; i < end + to; ++i)
        for (int64_t k = begin; k < end; ++k)
          for (int64_t j = i; j < n; ++j) row(i)[j] -= row(k)[i] * row(k)[j];
    });
  }
}

/// U^T U x = b for each of the columns of b, in place.
void solve(const std::vector<double>& u, int64_t n, std::vector<double>& b, int64_t columns) {
  parallel_for(columns, 16, [&](int64_t from, int64_t to) {
    const auto row = [&](int64_t i) { return b.data() + i * columns; };
    const auto subtract = [&](int64_t i, double factor, int64_t k) {
      for (int64_t c = from; c < to; ++c) row(i)[c] -= factor * row(k)[c];
    };
    const auto divide = [&](int64_t i) {
      for (int64_t c = from; c < to; ++c) row(i)[c] /= u[static_cast<size_t>(i * n + i)];
    };
    for (int64_t k = 0; k < n; ++k) {
      divide(k);
      for (int64_t i = k + 1; i < n; ++i) subtract(i, u[static_cast<size_t>(k * n + i)], k);
    }
    for (int64_t i = n - 1; i >= 0; --i) {
      for (int64_t k = i + 1; k < n; ++k) subtract(i, u[static_cast<size_t>(i * n + k)], k);
      divide(i);
    }
  });
}

/// Time constants in bins.
std::vector<double> filters_of(const NamedSource& source, std::span<const double> filter) {
  if (source.steps() == 1) return {};
  if (filter.empty()) return {2, 6, 18, 54};
  std::vector<double> result;
  for (const double tau : filter) result.push_back(tau / source.bin());
  return result;
}

}  // namespace

/// Means and covariances of x and y over a split; those of y are taken from the mean targets of the training span.
struct LinearNonlinear::Moments {
  double rows = 0;
  std::vector<double> x, y, xx, xy, yy;

  void centre() {
    const size_t n = x.size(), m = y.size();
    for (auto* values : {&x, &y, &xx, &xy, &yy})
      for (double& value : *values) value /= rows;
    for (size_t i = 0; i < n; ++i) {
      for (size_t k = 0; k < n; ++k) xx[i * n + k] -= x[i] * x[k];
      for (size_t j = 0; j < m; ++j) xy[i * m + j] -= x[i] * y[j];
    }
    for (size_t j = 0; j < m; ++j) yy[j] -= y[j] * y[j];
  }
};

std::string LinearNonlinear::refusal(const NamedSource& source, std::span<const double> filter) {
  const int64_t features = source.inputs() * (1 + static_cast<int64_t>(filters_of(source, filter).size()));
  if (features <= most_features) return "";
  return fmt::format("its filter would have {} weights, and at most {} are fitted", features, most_features);
}

LinearNonlinear::LinearNonlinear(NamedSource& source, std::span<const double> filter)
    : inputs_(source.inputs()), outputs_(source.outputs()), shift_(source.mean_targets()) {
  for (const double tau : filters_of(source, filter)) decay_.push_back(static_cast<float>(std::exp(-1 / tau)));
  features_ = inputs_ * (1 + static_cast<int64_t>(decay_.size()));
  Moments training = moments(source, Split::train), validation;
  if (source.samples(Split::validation) > 0) validation = moments(source, Split::validation);
  fit_filter(training, validation);
  fit_nonlinearity(source);
}

template <class Use>
void LinearNonlinear::each_block(NamedSource& source, Split split, Use use) const {
  const int64_t most = std::max<int64_t>(1, 4096 / source.steps());
  std::vector<float> X, Y, features, targets;
  for (int64_t begin = 0; begin < source.samples(split); begin += most) {
    stop_if_interrupted("fitting the null models");
    std::vector<int64_t> numbers(static_cast<size_t>(std::min(most, source.samples(split) - begin)));
    std::iota(numbers.begin(), numbers.end(), begin);
    const int64_t steps = source.steps_of(split, numbers);
    X.resize(numbers.size() * static_cast<size_t>(steps * inputs_)), Y.resize(numbers.size() * static_cast<size_t>(steps * outputs_));
    source.gather(split, numbers, X.data(), Y.data());

    targets.clear();
    std::vector<int64_t> first_row(numbers.size() + 1, 0);
    source.each_row(split, numbers, [&](size_t i, int64_t, size_t row) {
      first_row[i + 1] = static_cast<int64_t>(targets.size()) / outputs_ + 1;
      for (int64_t j = 0; j < outputs_; ++j) targets.push_back(Y[row * static_cast<size_t>(outputs_) + static_cast<size_t>(j)] - shift_[static_cast<size_t>(j)]);
    });
    for (size_t i = 0; i < numbers.size(); ++i) first_row[i + 1] = std::max(first_row[i], first_row[i + 1]);
    const int64_t rows = first_row.back();
    features.resize(static_cast<size_t>(rows * features_));
    parallel_for(static_cast<int64_t>(numbers.size()), 1, [&](int64_t from, int64_t to) {
      std::vector<float> history(static_cast<size_t>(features_));
      for (int64_t i = from; i < to; ++i) {
        std::fill(history.begin(), history.end(), 0.f);
        const int64_t length = source.length(split, numbers[static_cast<size_t>(i)]);
        int64_t row = first_row[static_cast<size_t>(i) + 1] - length;  // of step 0, were all steps asked for
        for (int64_t step = 0; step < length; ++step, ++row) {
          const float* x = X.data() + (i * steps + step) * inputs_;
          std::copy_n(x, inputs_, history.data());
          for (size_t k = 0; k < decay_.size(); ++k) {
            float* seen = history.data() + static_cast<int64_t>(k + 1) * inputs_;
            for (int64_t c = 0; c < inputs_; ++c) seen[c] = decay_[k] * seen[c] + x[c];
          }
          if (row >= first_row[static_cast<size_t>(i)]) std::copy(history.begin(), history.end(), features.data() + row * features_);
        }
      }
    });
    use(features, targets, rows);
  }
}

LinearNonlinear::Moments LinearNonlinear::moments(NamedSource& source, Split split) const {
  const auto n = static_cast<size_t>(features_), m = static_cast<size_t>(outputs_);
  Moments result{0, std::vector<double>(n), std::vector<double>(m), std::vector<double>(n * n), std::vector<double>(n * m), std::vector<double>(m)};
  std::vector<float> xx(n * n), xy(n * m);
  each_block(source, split, [&](const std::vector<float>& x, const std::vector<float>& y, int64_t rows) {
    product(features_, features_, rows, {x.data(), features_, true}, {x.data(), features_}, xx.data(), features_, false);
    product(features_, outputs_, rows, {x.data(), features_, true}, {y.data(), outputs_}, xy.data(), outputs_, false);
    for (size_t i = 0; i < n * n; ++i) result.xx[i] += static_cast<double>(xx[i]);
    for (size_t i = 0; i < n * m; ++i) result.xy[i] += static_cast<double>(xy[i]);
    for (size_t i = 0; i < x.size(); ++i) result.x[i % n] += static_cast<double>(x[i]);
    for (size_t i = 0; i < y.size(); ++i) result.y[i % m] += static_cast<double>(y[i]), result.yy[i % m] += static_cast<double>(y[i]) * static_cast<double>(y[i]);
    result.rows += static_cast<double>(rows);
  });
  result.centre();
  return result;
}

void LinearNonlinear::fit_filter(const Moments& training, const Moments& validation) {
  const auto n = static_cast<size_t>(features_), m = static_cast<size_t>(outputs_);
  // Each number of x by its spread; one that never changes has no part.
  std::vector<double> scale(n, 0.0);
  for (size_t i = 0; i < n; ++i)
    if (const double std = std::sqrt(std::max(0.0, training.xx[i * n + i])); std > 1e-3 * std::fabs(training.x[i])) scale[i] = 1 / std;

  std::vector<double> best(m, std::numeric_limits<double>::infinity()), chosen(n * m);
  const bool validated = validation.rows > 0;
  for (const double ridge : validated ? std::span<const double>(ridges) : std::span<const double>(middle_ridge)) {
    std::vector<double> a(n * n), w(n * m);
    for (size_t i = 0; i < n; ++i) {
      for (size_t k = 0; k < n; ++k) a[i * n + k] = training.xx[i * n + k] * scale[i] * scale[k];
      for (size_t j = 0; j < m; ++j) w[i * m + j] = training.xy[i * m + j] * scale[i];
      a[i * n + i] += ridge;
    }
    factorise(a, features_);
    solve(a, features_, w, outputs_);
    for (size_t k = 0; k < n * m; ++k) w[k] *= scale[k / m];

    // The error on the validation span, from its moments alone: how far w . x lies from y in the mean, and how it varies about it.
    std::vector<double> error(m, 0.0);
    if (validated) {
      std::vector<double> off(m);
      for (size_t j = 0; j < m; ++j) off[j] = validation.y[j] - training.y[j], error[j] = validation.yy[j];
      std::vector<double> part(n * m, 0.0);
      parallel_for(features_, 8, [&](int64_t from, int64_t to) {
        for (auto i = static_cast<size_t>(from); i < static_cast<size_t>(to); ++i)
          for (size_t k = 0; k < n; ++k)
            for (size_t j = 0; j < m; ++j) part[i * m + j] += validation.xx[i * n + k] * w[k * m + j];
      });
      for (size_t i = 0; i < n; ++i)
        for (size_t j = 0; j < m; ++j) {
          error[j] += w[i * m + j] * (part[i * m + j] - 2 * validation.xy[i * m + j]);
          off[j] -= w[i * m + j] * (validation.x[i] - training.x[i]);
        }
      for (size_t j = 0; j < m; ++j) error[j] += off[j] * off[j];
    }
    for (size_t j = 0; j < m; ++j) {
      if (!(error[j] < best[j])) continue;
      best[j] = error[j];
      for (size_t i = 0; i < n; ++i) chosen[i * m + j] = w[i * m + j];
    }
  }

  filter_.assign(chosen.begin(), chosen.end());
  offset_ = training.y, mean_ = training.y, spread_.assign(m, 0.0);
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < m; ++j) offset_[j] -= chosen[i * m + j] * training.x[i];
  for (size_t i = 0; i < n; ++i)
    for (size_t k = 0; k < n; ++k)
      for (size_t j = 0; j < m; ++j) spread_[j] += chosen[i * m + j] * training.xx[i * n + k] * chosen[k * m + j];
  for (double& spread : spread_) spread = std::sqrt(std::max(0.0, spread));
}

std::vector<float> LinearNonlinear::drives(const std::vector<float>& features, int64_t rows) const {
  std::vector<float> drive(static_cast<size_t>(rows * outputs_));
  product(rows, outputs_, features_, {features.data(), features_}, {filter_.data(), outputs_}, drive.data(), outputs_, false);
  return drive;
}

void LinearNonlinear::fit_nonlinearity(NamedSource& source) {
  struct Level {
    double rows = 0, drive = 0, target = 0;
    void add(const Level& other) { rows += other.rows, drive += other.drive, target += other.target; }
  };
  const auto m = static_cast<size_t>(outputs_);
  std::vector<Level> levels(m * drive_bins);
  each_block(source, Split::train, [&](const std::vector<float>& x, const std::vector<float>& y, int64_t rows) {
    const std::vector<float> drive = drives(x, rows);
    parallel_for(outputs_, 8, [&](int64_t from, int64_t to) {
      for (auto row = size_t{0}; row < static_cast<size_t>(rows); ++row)
        for (auto j = static_cast<size_t>(from); j < static_cast<size_t>(to); ++j) {
          const double d = static_cast<double>(drive[row * m + j]) + offset_[j];
          const double place = spread_[j] > 0 ? 0.5 + (d - mean_[j]) / (20 * spread_[j]) : 0.5;
          const auto bin = static_cast<size_t>(std::clamp(place * drive_bins, 0.0, drive_bins - 1.0));
          levels[j * drive_bins + bin].add({1, d, static_cast<double>(y[row * m + j])});
        }
    });
  });

  // Bins that hold too few rows go on; then neighbours become one until none falls (pool adjacent violators).
  nonlinearity_.resize(m);
  for (size_t j = 0; j < m; ++j) {
    std::vector<Level> kept;
    Level next;
    const auto put = [&](Level level) {
      while (!kept.empty() && kept.back().target / kept.back().rows >= level.target / level.rows) level.add(kept.back()), kept.pop_back();
      kept.push_back(level);
    };
    for (size_t bin = 0; bin < drive_bins; ++bin) {
      next.add(levels[j * drive_bins + bin]);
      if (next.rows >= least_rows) put(std::exchange(next, {}));
    }
    if (next.rows > 0) {
      if (!kept.empty()) next.add(kept.back()), kept.pop_back();
      put(next);
    }
    for (const Level& level : kept) nonlinearity_[j].drive.push_back(level.drive / level.rows), nonlinearity_[j].level.push_back(level.target / level.rows);
  }
}

double LinearNonlinear::Nonlinearity::operator()(double x) const {
  const auto after = static_cast<size_t>(std::upper_bound(drive.begin(), drive.end(), x) - drive.begin());
  if (after == 0) return level.front();
  if (after == drive.size()) return level.back();
  const double share = (x - drive[after - 1]) / (drive[after] - drive[after - 1]);
  return level[after - 1] + share * (level[after] - level[after - 1]);
}

std::vector<float> LinearNonlinear::predict(NamedSource& source, Split split) const {
  std::vector<float> prediction;
  each_block(source, split, [&](const std::vector<float>& x, const std::vector<float>&, int64_t rows) {
    const std::vector<float> drive = drives(x, rows);
    for (size_t k = 0; k < drive.size(); ++k) {
      const size_t j = k % static_cast<size_t>(outputs_);
      prediction.push_back(static_cast<float>(nonlinearity_[j](static_cast<double>(drive[k]) + offset_[j])) + shift_[j]);
    }
  });
  return prediction;
}

}  // namespace proxon
