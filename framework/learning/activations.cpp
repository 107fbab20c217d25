#include "proxon/learning/activations.hpp"

#include "proxon/base/threads.hpp"

namespace proxon {
namespace {

constexpr int64_t grain = 16384;

template <class F>
void each(const float* x, float* y, int64_t n, F f) {
  const auto run = [&](int64_t begin, int64_t end) {
#pragma GCC ivdep
    for (int64_t i = begin; i < end; ++i) y[i] = f(x[i]);
  };
  if (n <= grain) return run(0, n);
  parallel_for(n, grain, run);
}

template <class F>
void each_slope(const float* y, float* dy, int64_t n, F slope) {
  const auto run = [&](int64_t begin, int64_t end) {
#pragma GCC ivdep
    for (int64_t i = begin; i < end; ++i) dy[i] *= slope(y[i]);
  };
  if (n <= grain) return run(0, n);
  parallel_for(n, grain, run);
}

}  // namespace

void activate(Activation f, const float* x, float* y, int64_t n) noexcept {
  switch (f) {
    case Activation::linear:
      if (x != y) each(x, y, n, [](float v) { return v; });
      return;
    case Activation::tanh: return each(x, y, n, [](float v) { return fast::tanh(v); });
    case Activation::relu: return each(x, y, n, [](float v) { return v < 0.f ? 0.f : v; });
    case Activation::sigmoid: return each(x, y, n, [](float v) { return fast::sigmoid(v); });
    case Activation::softplus: return each(x, y, n, [](float v) { return fast::softplus(v); });
  }
}

void activate_back(Activation f, const float* y, float* dy, int64_t n) noexcept {
  switch (f) {
    case Activation::linear: return;
    case Activation::tanh: return each_slope(y, dy, n, [](float v) { return 1.f - v * v; });
    case Activation::relu: return each_slope(y, dy, n, [](float v) { return v > 0.f ? 1.f : 0.f; });
    case Activation::sigmoid: return each_slope(y, dy, n, [](float v) { return v * (1.f - v); });
    case Activation::softplus: return each_slope(y, dy, n, [](float v) { return fast::softplus_slope(v); });
  }
}

}  // namespace proxon
