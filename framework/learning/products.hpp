// Matrix products in single precision. Every element of C is one chain of fused multiply-adds over k in ascending order, cut into fixed
// blocks: its bits do not depend on how C is divided among threads, nor on how many there are. Nothing is allocated once each thread has
// run its first product. Why not a library: docs/decisions/products.md.
#pragma once
#include <cstdint>

namespace proxon {

/// A matrix as it lies in memory: row-major with `stride` floats from row to row; `transposed` means that its transpose is stored so.
struct MatrixRef {
  const float* data;
  int64_t stride;
  bool transposed = false;
};

/// C [m x n] = A [m x k] B [k x n] (+ C when `add`). C must not overlap A or B.
void product(int64_t m, int64_t n, int64_t k, MatrixRef a, MatrixRef b, float* c, int64_t ldc, bool add) noexcept;

}  // namespace proxon
