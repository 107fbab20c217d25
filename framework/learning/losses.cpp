#include "proxon/learning/losses.hpp"

#include "proxon/base/error.hpp"
#include "proxon/learning/activations.hpp"

namespace proxon {
namespace {

/// Sum of `n` floats in double, in 16 lanes.
double sum(const float* x, int64_t n) {
  double lanes[16] = {};
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int lane = 0; lane < 16; ++lane) lanes[lane] += static_cast<double>(x[i + lane]);
  for (int lane = 0; i < n; ++i, ++lane) lanes[lane] += static_cast<double>(x[i]);
  double total = 0;
  for (const double lane : lanes) total += lane;
  return total;
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

}  // namespace

Loss::Loss(std::string_view name, Activation output)
    : kind_(name == "bce" ? LossKind::bce : name == "poisson" ? LossKind::poisson : LossKind::mse), output_(output) {
  if (kind_ == LossKind::mse && name != "mse") fail("loss '{}' is unknown: choose mse, bce or poisson", name);
  const std::string_view activation = activation_names[static_cast<size_t>(output)];
  if (kind_ == LossKind::bce && output != Activation::sigmoid)
    fail("loss 'bce' takes outputs as probabilities, but the output activation is '{}': set output_activation = \"sigmoid\"", activation);
  if (kind_ == LossKind::poisson && output != Activation::softplus && output != Activation::sigmoid)
    fail("loss 'poisson' takes outputs as rates above 0, but the output activation is '{}': set output_activation = \"softplus\"",
         activation);
}

double Loss::evaluate(const float* z, const float* t, float* y, float* dz, float scale, int64_t n) const {
  PROXON_CHECK(n <= chunk, "n = {}", n);
  alignas(64) float term[chunk];
  activate(output_, z, y, n);
  switch (kind_) {
    case LossKind::mse:
      for (int64_t i = 0; i < n; ++i) term[i] = (y[i] - t[i]) * (y[i] - t[i]);
      if (!dz) break;
      for (int64_t i = 0; i < n; ++i) dz[i] = 2.f * scale * (y[i] - t[i]);
      activate_back(output_, y, dz, n);
      break;
    case LossKind::bce:
      // softplus(z) - t z, the large parts first: they cancel where the model is right.
      for (int64_t i = 0; i < n; ++i) term[i] = ((z[i] > 0.f ? z[i] : 0.f) - t[i] * z[i]) + fast::log1p(fast::exp(-std::fabs(z[i])));
      if (!dz) break;
      for (int64_t i = 0; i < n; ++i) dz[i] = scale * (y[i] - t[i]);
      break;
    case LossKind::poisson:
      if (output_ == Activation::softplus) {
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
  return sum(term, n);
}

void Loss::check_targets(const float* t, int64_t n) const {
  float low = 0, high = 0;
  for (int64_t i = 0; i < n; ++i) {
    low = t[i] < low ? t[i] : low;
    high = t[i] > high ? t[i] : high;
  }
  if (kind_ == LossKind::bce && (low < 0 || high > 1))
    fail("loss 'bce' needs targets between 0 and 1, and found {:g}: normalise the targets or choose loss = \"mse\"", low < 0 ? low : high);
  if (kind_ == LossKind::poisson && low < 0)
    fail("loss 'poisson' needs targets of 0 or above, and found {:g}: switch off the normalisation of targets or choose loss = \"mse\"", low);
}

}  // namespace proxon
