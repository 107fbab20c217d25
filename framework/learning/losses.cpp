#include "proxon/learning/losses.hpp"

#include <algorithm>
#include <cmath>

#include "proxon/base/error.hpp"
#include "proxon/base/sums.hpp"
#include "proxon/learning/activations.hpp"
#include "proxon/learning/vectors.hpp"

namespace proxon {
namespace {

double sum(const float* x, int64_t n) {
  return sum_in_parts<double>(n, [x](int64_t i) { return static_cast<double>(x[i]); });
}

/// ln(softplus(z)): for very negative z softplus(z) = e^z (1 - e^z / 2 + ...), beyond what a float holds.
inline float log_softplus(float z) {
  const float rate = fast::softplus(z > -15.f ? z : -15.f);
  return z > -15.f ? fast::log(rate) : z;
}

/// sigmoid(z) / softplus(z), which tends to 1 as z falls.
inline float softplus_log_slope(float z) {
  const float bounded = z > -15.f ? z : -15.f;
  const float ratio = fast::sigmoid(bounded) / fast::softplus(bounded);
  return z > -15.f ? ratio : 1.f;
}

constexpr int64_t chunk = 4096;  ///< values that a piece of the loss works on at a time

/// The output's activation for a loss; throws Error when they do not go together.
Activation activation_for(LossKind loss, Activation output) {
  const std::string_view name = activation_names[static_cast<size_t>(output)];
  switch (loss) {
    case LossKind::mse: return output;
    case LossKind::bce:
      if (output != Activation::linear && output != Activation::sigmoid)
        fail("loss 'bce' takes outputs as probabilities, but the output activation is '{}': set output_activation = \"sigmoid\"", name);
      return Activation::sigmoid;
    case LossKind::poisson:
      if (output != Activation::linear && output != Activation::softplus && output != Activation::sigmoid)
        fail("loss 'poisson' takes outputs as rates above 0, but the output activation is '{}': set output_activation = \"softplus\"", name);
      return output == Activation::linear ? Activation::softplus : output;
    case LossKind::cross_entropy:
      if (output != Activation::linear)
        fail("loss 'cross_entropy' makes probabilities of the outputs itself, but the output activation is '{}': set output_activation = "
             "\"linear\"",
             name);
      return output;
  }
  return output;
}

}  // namespace

Loss::Loss(std::vector<Head> heads, Activation output, int64_t columns) : heads_(std::move(heads)), columns_(columns) {
  std::sort(heads_.begin(), heads_.end(), [](const Head& a, const Head& b) { return a.first < b.first; });
  int64_t next = 0;
  for (const Head& head : heads_) {
    const std::string choice = fmt::format("|{}|", loss_choices);
    const size_t found = choice.find("|" + head.loss + "|");
    if (head.loss.empty() || found == std::string::npos) fail("loss '{}' is unknown: choose mse, bce, poisson or cross_entropy", head.loss);
    const auto loss = static_cast<LossKind>(std::count(choice.begin(), choice.begin() + static_cast<long>(found), '|'));
    kinds_.push_back({loss, activation_for(loss, output)});
    PROXON_CHECK(head.first == next && head.columns > 0, "head '{}' begins at output {}, not {}", head.name, head.first, next);
    if (!(head.weight >= 0)) fail("the weight {:g} of head '{}' must be 0 or above", head.weight, head.name);
    if (loss == LossKind::cross_entropy && head.columns > chunk) fail("loss 'cross_entropy' takes at most {} classes, and there are {}", chunk, head.columns);
    next = head.first + head.columns;
  }
  PROXON_CHECK(next == columns, "heads for {} of {} outputs", next, columns);
  most_rows_ = std::max<int64_t>(1, chunk / columns);
}

double Loss::evaluate(const float* z, const float* t, float* y, float* dz, int64_t rows, int64_t counted) const {
  double total = 0;
  for (size_t h = 0; h < heads_.size(); ++h) {
    const Head& head = heads_[h];
    const bool whole_rows = kinds_[h].loss == LossKind::cross_entropy;
    const double mean_over = whole_rows ? 1 : static_cast<double>(head.columns);
    const auto scale = static_cast<float>(head.weight / (static_cast<double>(counted) * mean_over));
    double sum_of_head = 0;
    if (head.columns == columns_) {
      // Rows follow one another without a gap.
      const int64_t n = rows * columns_;
      for (int64_t begin = 0; begin < n; begin += chunk) {
        const int64_t count = std::min(chunk, n - begin);
        float* slope = dz ? dz + begin : nullptr;
        sum_of_head += whole_rows ? classes(z + begin, t + begin, y + begin, slope, scale, count / columns_, columns_)
                                  : piece(kinds_[h], z + begin, t + begin, y + begin, slope, scale, count);
      }
    } else {
      alignas(64) float zs[chunk], ts[chunk], ys[chunk], slopes[chunk];
      const int64_t width = std::min(head.columns, chunk), rows_at_once = chunk / width;
      for (int64_t column = 0; column < head.columns; column += width)
        for (int64_t first = 0; first < rows; first += rows_at_once) {
          const int64_t n = std::min(width, head.columns - column), count = std::min(rows_at_once, rows - first);
          const auto at = [&](int64_t row) { return (first + row) * columns_ + head.first + column; };
          for (int64_t row = 0; row < count; ++row) {
            std::copy_n(z + at(row), n, zs + row * n);
            std::copy_n(t + at(row), n, ts + row * n);
          }
          float* slope = dz ? slopes : nullptr;
          sum_of_head += whole_rows ? classes(zs, ts, ys, slope, scale, count, n) : piece(kinds_[h], zs, ts, ys, slope, scale, count * n);
          for (int64_t row = 0; row < count; ++row) {
            std::copy_n(ys + row * n, n, y + at(row));
            if (dz) std::copy_n(slopes + row * n, n, dz + at(row));
          }
        }
    }
    total += head.weight * sum_of_head / mean_over;
  }
  return total;
}

/// Softmax and its loss, row by row.
double Loss::classes(const float* z, const float* t, float* y, float* dz, float scale, int64_t rows, int64_t n) const {
  double total = 0;
  for (int64_t row = 0; row < rows; ++row, z += n, t += n, y += n) {
    const float highest = *std::max_element(z, z + n);
    double exps = 0, targets = 0, expected = 0;
    for (int64_t c = 0; c < n; ++c) y[c] = fast::exp(z[c] - highest);
    for (int64_t c = 0; c < n; ++c) {
      exps += static_cast<double>(y[c]);
      targets += static_cast<double>(t[c]);
      expected += static_cast<double>(t[c]) * static_cast<double>(z[c] - highest);
    }
    total += targets * std::log(exps) - expected;
    const auto share = static_cast<float>(1 / exps);
    for (int64_t c = 0; c < n; ++c) y[c] *= share;
    if (!dz) continue;
    for (int64_t c = 0; c < n; ++c) dz[c] = scale * (static_cast<float>(targets) * y[c] - t[c]);
    dz += n;
  }
  return total;
}

namespace {

/// What each of n values of one head adds to the loss, and its slope.
void terms(LossKind loss, Activation output, const float* z, const float* t, float* y, float* dz, float* term, float scale, int64_t n) {
  activate(output, z, y, n);
  switch (loss) {
    case LossKind::cross_entropy: break;
    case LossKind::mse:
      for (int64_t i = 0; i < n; ++i) term[i] = (y[i] - t[i]) * (y[i] - t[i]);
      if (!dz) break;
      for (int64_t i = 0; i < n; ++i) dz[i] = 2.f * scale * (y[i] - t[i]);
      activate_back(output, y, dz, n);
      break;
    case LossKind::bce:
      // softplus(z) - t z, the large parts first: they cancel where the model is right.
      for (int64_t i = 0; i < n; ++i) term[i] = ((z[i] > 0.f ? z[i] : 0.f) - t[i] * z[i]) + fast::log1p(fast::exp(-std::fabs(z[i])));
      if (!dz) break;
      for (int64_t i = 0; i < n; ++i) dz[i] = scale * (y[i] - t[i]);
      break;
    case LossKind::poisson:
      if (output == Activation::softplus) {
        for (int64_t i = 0; i < n; ++i) term[i] = y[i] - t[i] * log_softplus(z[i]);
        if (!dz) break;
        for (int64_t i = 0; i < n; ++i) dz[i] = scale * (fast::sigmoid(z[i]) - t[i] * softplus_log_slope(z[i]));
      } else {
        for (int64_t i = 0; i < n; ++i) term[i] = y[i] + t[i] * fast::softplus(-z[i]);
        if (!dz) break;
        for (int64_t i = 0; i < n; ++i) dz[i] = scale * (y[i] - t[i]) * fast::sigmoid(-z[i]);
      }
      break;
  }
}

}  // namespace

/// The sum over n <= chunk values of one head.
double Loss::piece(const Kind& kind, const float* z, const float* t, float* y, float* dz, float scale, int64_t n) const {
  PROXON_CHECK(n <= chunk, "n = {}", n);
  alignas(64) float term[chunk];
  terms(kind.loss, kind.output, z, t, y, dz, term, scale, n);
  return sum(term, n);
}

void Loss::evaluate_lanes(const float* z, const float* t, float* y, float* dz, int64_t rows, int64_t counted, double* sums) const {
  PROXON_CHECK(is_elementwise() && rows <= most_rows_, "{} rows of {}", rows, most_rows_);
  const double mean_over = static_cast<double>(columns_);
  const auto scale = static_cast<float>(heads_[0].weight / (static_cast<double>(counted) * mean_over));
  // sum() of each model: its values in parts by their number.
  double lanes[sum_parts][vector_width] = {};
  alignas(64) float term[chunk];
  const int64_t n = rows * columns_, at_once = chunk / vector_width;
  for (int64_t begin = 0; begin < n; begin += at_once) {
    const int64_t count = std::min(at_once, n - begin), at = begin * vector_width;
    terms(kinds_[0].loss, kinds_[0].output, z + at, t + at, y + at, dz ? dz + at : nullptr, term, scale, count * vector_width);
    for (int64_t i = 0; i < count; ++i)
      for (int m = 0; m < vector_width; ++m) lanes[(begin + i) % sum_parts][m] += static_cast<double>(term[i * vector_width + m]);
  }
  for (int m = 0; m < vector_width; ++m) {
    double total = 0;
    for (const auto& lane : lanes) total += lane[m];
    sums[m] += heads_[0].weight * total / mean_over;
  }
}

void Loss::check_targets(const float* t, int64_t rows) const {
  for (size_t h = 0; h < heads_.size(); ++h) {
    if (kinds_[h].loss == LossKind::mse) continue;
    float low = 0, high = 0;
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t c = 0; c < heads_[h].columns; ++c) {
        const float value = t[row * columns_ + heads_[h].first + c];
        low = value < low ? value : low;
        high = value > high ? value : high;
      }
    if (kinds_[h].loss != LossKind::poisson && (low < 0 || high > 1))
      fail("loss '{}' needs targets between 0 and 1, and found {:g}: choose loss = \"mse\", or other targets", heads_[h].loss, low < 0 ? low : high);
    if (low < 0)
      fail("loss 'poisson' needs targets of 0 or above, and found {:g}: choose loss = \"mse\", or leave out normalise_targets where it is set", low);
  }
}

float Loss::inverse(int64_t column, float mean) const {
  size_t h = 0;
  while (h + 1 < heads_.size() && column >= heads_[h + 1].first) ++h;
  const double m = static_cast<double>(mean), p = std::clamp(m, 1e-6, 1 - 1e-6);
  if (kinds_[h].loss == LossKind::cross_entropy) return static_cast<float>(std::log(p));
  switch (kinds_[h].output) {
    case Activation::linear: return mean;
    case Activation::sigmoid: return static_cast<float>(std::log(p / (1 - p)));
    case Activation::tanh: return static_cast<float>(std::atanh(std::clamp(m, -1 + 1e-6, 1 - 1e-6)));
    case Activation::relu: return std::max(mean, 0.f);
    case Activation::softplus: return static_cast<float>(std::log(std::expm1(std::max(m, 1e-6))));
  }
  return mean;
}

}  // namespace proxon
