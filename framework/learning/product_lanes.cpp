#include "proxon/learning/products.hpp"
#include "proxon/learning/vectors.hpp"

namespace proxon {
namespace {

/// `rows` rows of C from row i on, which share what is loaded of B.
template <int rows>
void some_rows(int64_t i, int64_t n, int64_t k, LanesRef a, LanesRef b, float* c, bool add) {
  for (int64_t j = 0; j < n; ++j) {
    float* to = c + (i * n + j) * vector_width;
    for (int64_t begin = 0; begin < k; begin += product_block) {
      const int64_t end = begin + product_block < k ? begin + product_block : k;
      Vector sum[rows] = {};
      for (int64_t p = begin; p < end; ++p) {
        const Vector factor = load(b.data + (p * b.row + j * b.column) * vector_width);
        for (int r = 0; r < rows; ++r) sum[r] = multiply_add(load(a.data + ((i + r) * a.row + p * a.column) * vector_width), factor, sum[r]);
      }
      for (int r = 0; r < rows; ++r) {
        float* element = to + r * n * vector_width;
        store(element, add || begin > 0 ? load(element) + sum[r] : sum[r]);
      }
    }
  }
}

}  // namespace

void product_lanes(int64_t m, int64_t n, int64_t k, LanesRef a, LanesRef b, float* c, bool add) noexcept {
  int64_t i = 0;
  for (; i + 8 <= m; i += 8) some_rows<8>(i, n, k, a, b, c, add);
  for (; i + 2 <= m; i += 2) some_rows<2>(i, n, k, a, b, c, add);
  for (; i < m; ++i) some_rows<1>(i, n, k, a, b, c, add);
}

}  // namespace proxon
