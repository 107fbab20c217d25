// Matrix products in single precision. Every element of C is one chain of fused multiply-adds over k in ascending order, cut into fixed
// blocks: its bits do not depend on how C is divided among threads, nor on how many there are. Nothing is allocated once each thread has
// run its first product. Why not a library: docs/decisions/products.md.
#pragma once
#include <cstdint>

namespace proxon {

/// k at a time: sums of blocks of this many products are added one after the other, which is part of what a result is.
inline constexpr int64_t product_block = 256;

/// A matrix as it lies in memory: row-major with `stride` floats from row to row; `transposed` means that its transpose is stored so.
struct MatrixRef {
  const float* data;
  int64_t stride;
  bool transposed = false;
};

/// C [m x n] = A [m x k] B [k x n] (+ C when `add`). C must not overlap A or B.
void product(int64_t m, int64_t n, int64_t k, MatrixRef a, MatrixRef b, float* c, int64_t ldc, bool add) noexcept;

/// A [k x n] matrix B, packed once for many products with few rows of A, each on the calling thread. The bits are those of product().
int64_t packed_size(int64_t k, int64_t n);
void pack_matrix(int64_t k, int64_t n, MatrixRef b, float* packed) noexcept;
/// A is row-major with `lda` floats from row to row; rows may overlap.
void product_packed(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* packed, float* c, int64_t ldc, bool add) noexcept;

/// Matrices of as many models as a vector has lanes, element by element beside each other: element (i, j) of all of them begins at
/// data[(i row + j column) vector_width].
struct LanesRef {
  const float* data;
  int64_t row, column;
};

/// product() of each model by itself, with the same bits; C is [m x n], its rows one after the other.
void product_lanes(int64_t m, int64_t n, int64_t k, LanesRef a, LanesRef b, float* c, bool add) noexcept;

}  // namespace proxon
