#include "proxon/learning/products.hpp"

#include <limits>

#include "proxon/learning/activations.hpp"
#include "support.hpp"

using namespace proxon;
using namespace proxon::testing;

namespace {

std::vector<float> reference(int64_t m, int64_t n, int64_t k, const MatrixRef& a, const MatrixRef& b, const std::vector<float>& c, bool add) {
  std::vector<float> result(static_cast<size_t>(m * n));
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double sum = add ? c[static_cast<size_t>(i * n + j)] : 0;
      for (int64_t p = 0; p < k; ++p)
        sum += static_cast<double>(a.transposed ? a.data[p * a.stride + i] : a.data[i * a.stride + p]) *
               static_cast<double>(b.transposed ? b.data[j * b.stride + p] : b.data[p * b.stride + j]);
      result[static_cast<size_t>(i * n + j)] = static_cast<float>(sum);
    }
  return result;
}

constexpr int64_t shapes[][3] = {{1, 1, 1},    {1, 1, 5000}, {16, 2, 1},    {2, 16, 1},     {7, 9, 33},   {8, 32, 256},    {9, 33, 257},
                                 {64, 1, 300}, {1, 97, 300}, {37, 53, 71},  {100, 31, 512}, {5, 400, 40}, {129, 257, 100}, {300, 8, 300},
                                 {33, 700, 65},  {1, 333, 600}, {2, 700, 300}, {3, 41, 120}};

}  // namespace

TEST_CASE("a product is the plain triple loop, for every shape, transposition, stride, and with or without adding") {
  for (const auto& [m, n, k] : shapes)
    for (int mode = 0; mode < 8; ++mode) {
      const bool ta = mode & 1, tb = mode & 2, add = mode & 4;
      const int64_t lda = (ta ? m : k) + 3, ldb = (tb ? k : n) + 5;
      const std::vector<float> A = gaussian((ta ? k : m) * lda, 1), B = gaussian((tb ? n : k) * ldb, 2);
      std::vector<float> C = gaussian(m * n, 3);
      const MatrixRef a{A.data(), lda, ta}, b{B.data(), ldb, tb};
      const std::vector<float> expected = reference(m, n, k, a, b, C, add);
      product(m, n, k, a, b, C.data(), n, add);
      // Rounding of k products of numbers of size 1 added one by one: at most about k * eps * the sum's size; a wrong element is off by 1.
      const double tolerance = 6e-8 * static_cast<double>(k + 2) * 4 + 1e-6;
      double worst = 0;
      for (size_t i = 0; i < C.size(); ++i) worst = std::max(worst, std::fabs(static_cast<double>(C[i] - expected[i])));
      CHECK_MESSAGE(worst < tolerance, m, " x ", n, " x ", k, " mode ", mode);
    }
}

TEST_CASE("a product over nothing is zero, or what was there") {
  std::vector<float> C{1, 2, 3, 4};
  product(2, 2, 0, {nullptr, 1}, {nullptr, 1}, C.data(), 2, true);
  CHECK(C == std::vector<float>{1, 2, 3, 4});
  product(2, 2, 0, {nullptr, 1}, {nullptr, 1}, C.data(), 2, false);
  CHECK(C == std::vector<float>{0, 0, 0, 0});
}

TEST_CASE("a product is equal to the bit for 1, 2, 3 and 8 threads, and an element does not depend on its neighbours") {
  const int64_t m = 200, n = 333, k = 600;
  const std::vector<float> A = gaussian(m * k, 4), B = gaussian(k * n, 5);
  std::vector<float> first;
  for (const int count : {1, 2, 3, 8}) {
    set_threads(count);
    std::vector<float> C(static_cast<size_t>(m * n));
    product(m, n, k, {A.data(), k}, {B.data(), n}, C.data(), n, false);
    if (first.empty()) first = C;
    CHECK(C == first);
    float one;  // small enough to go without packing
    product(1, 1, k, {A.data() + 7 * k, k}, {B.data() + 9, n}, &one, 1, false);
    CHECK(one == first[7 * n + 9]);
    for (const int64_t rows : {1, 2, 3}) {  // few enough that B is not packed
      std::vector<float> few(static_cast<size_t>(rows * 325));
      product(rows, 325, k, {A.data() + 11 * k, k}, {B.data() + 5, n}, few.data(), 325, false);
      bool as_among_others = true;
      for (int64_t i = 0; i < rows; ++i) as_among_others &= std::equal(few.begin() + i * 325, few.begin() + (i + 1) * 325, first.begin() + (11 + i) * n + 5);
      CHECK(as_among_others);
    }
    std::vector<float> part(50 * 100);  // rows 20 .. 69, columns 17 .. 116
    product(50, 100, k, {A.data() + 20 * k, k}, {B.data() + 17, n}, part.data(), 100, false);
    bool same = true;
    for (int64_t i = 0; i < 50; ++i)
      for (int64_t j = 0; j < 100; ++j) same &= part[static_cast<size_t>(i * 100 + j)] == first[static_cast<size_t>((20 + i) * n + 17 + j)];
    CHECK(same);
  }
  set_threads(0);
}

namespace {

double exact(Activation f, double x) {
  switch (f) {
    case Activation::linear: return x;
    case Activation::tanh: return std::tanh(x);
    case Activation::relu: return x < 0 ? 0 : x;
    case Activation::sigmoid: return 1 / (1 + std::exp(-x));
    case Activation::softplus: return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
  }
  return 0;
}

double exact_slope(Activation f, double x) {
  switch (f) {
    case Activation::linear: return 1;
    case Activation::tanh: return 1 / std::cosh(x) / std::cosh(x);
    case Activation::relu: return x > 0;
    case Activation::sigmoid: return exact(f, x) * exact(f, -x);
    case Activation::softplus: return exact(Activation::sigmoid, x);
  }
  return 0;
}

constexpr Activation all_activations[] = {Activation::linear, Activation::tanh, Activation::relu, Activation::sigmoid, Activation::softplus};

}  // namespace

TEST_CASE("activations are right to 4 units in the last place from -80 to 80") {
  std::vector<float> x;
  for (double v = 1e-6; v < 80; v *= 1.0007) x.push_back(static_cast<float>(v)), x.push_back(static_cast<float>(-v));
  x.push_back(0.f);
  for (const Activation f : all_activations) {
    std::vector<float> y(x.size());
    activate(f, x.data(), y.data(), static_cast<int64_t>(x.size()));
    double worst = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double truth = exact(f, static_cast<double>(x[i]));
      if (truth != 0) worst = std::max(worst, std::fabs(y[i] - truth) / std::fabs(truth));
    }
    CHECK_MESSAGE(worst < 4 * 1.2e-7, activation_names[static_cast<size_t>(f)]);
  }
}

TEST_CASE("slopes of activations are right from -12 to 12") {
  std::vector<float> x;
  for (double v = -12; v <= 12; v += 0.013) x.push_back(static_cast<float>(v));
  for (const Activation f : all_activations) {
    std::vector<float> y(x.size()), dy(x.size(), 3.f);
    activate(f, x.data(), y.data(), static_cast<int64_t>(x.size()));
    activate_back(f, y.data(), dy.data(), static_cast<int64_t>(x.size()));
    double worst = 0;
    // Absolute: 1 - y^2 and y (1 - y) lose the digits that y itself has lost near saturation, at most 2 eps of 1, times 3.
    for (size_t i = 0; i < x.size(); ++i) worst = std::max(worst, std::fabs(dy[i] - 3 * exact_slope(f, static_cast<double>(x[i]))));
    CHECK_MESSAGE(worst < 3 * 4e-7, activation_names[static_cast<size_t>(f)]);
  }
}

TEST_CASE("activations keep infinities in range and let NaN through") {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> x{infinity, -infinity, std::nanf("")};
  for (const Activation f : all_activations) {
    std::vector<float> y(3);
    activate(f, x.data(), y.data(), 3);
    CHECK(std::isnan(y[2]));
    if (f == Activation::tanh) CHECK((y[0] == 1.f && y[1] == -1.f));
    if (f == Activation::sigmoid) CHECK((y[0] == 1.f && y[1] < 2e-38f && y[1] >= 0.f));
    if (f == Activation::softplus) CHECK((y[0] == infinity && y[1] < 2e-38f));
  }
}

TEST_CASE("an activation's bits depend on its element alone") {
  const std::vector<float> x = gaussian(20000, 9);  // longer than what one thread takes
  for (const Activation f : all_activations) {
    std::vector<float> y(x.size());
    activate(f, x.data(), y.data(), static_cast<int64_t>(x.size()));
    bool same = true;
    for (size_t i = 0; i < x.size(); i += 7) {
      float one;
      activate(f, &x[i], &one, 1);
      same &= one == y[i];
    }
    CHECK(same);
  }
}

TEST_CASE("logarithm and exponential are right to 4 units in the last place") {
  double worst_exp = 0, worst_log = 0;
  for (double v = -86; v < 87; v += 0.0037) {
    const float x = static_cast<float>(v);
    worst_exp = std::max(worst_exp, std::fabs(fast::exp(x) / std::exp(static_cast<double>(x)) - 1));
  }
  for (double v = 1e-37; v < 1e37; v *= 1.003) {
    const float x = static_cast<float>(v);
    const double truth = std::log(static_cast<double>(x));
    // Near 1 the logarithm itself is near 0: absolute there.
    worst_log = std::max(worst_log, std::fabs(static_cast<double>(fast::log(x)) - truth) / std::max(1.0, std::fabs(truth)));
  }
  CHECK(worst_exp < 4 * 1.2e-7);
  CHECK(worst_log < 4 * 1.2e-7);
}
