// The method of Goto & van de Geijn 2008 (doi:10.1145/1356052.1356053): blocks of A and B are packed into panels that a kernel of
// kernel_rows x kernel_columns runs through with all sums in registers.
#include "proxon/learning/products.hpp"

#include <algorithm>
#include <type_traits>

#include "proxon/base/columns.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/learning/vectors.hpp"

namespace proxon {
namespace {

#if defined(__AVX512F__)
constexpr int kernel_rows = 8, kernel_vectors = 2;
#else
constexpr int kernel_rows = 4, kernel_vectors = 3;
#endif
typedef float Vector8 [[gnu::vector_size(32)]];

constexpr int kernel_columns = kernel_vectors * vector_width;
constexpr int64_t depth_block = product_block;
constexpr int64_t tile_rows = 256;                         // at most; a multiple of kernel_rows
constexpr int64_t tile_columns = 10 * kernel_columns;      // at most
constexpr int64_t small_work = 4096;                       // multiply-adds below which packing does not pay
constexpr int64_t few_rows = 3;                            // of C, up to which B is not packed
constexpr int64_t direct_rows = 64;                         // of a tile, up to which whole panels of B are not packed
constexpr int64_t serial_work = 1'500'000;                 // multiply-adds below which one thread works

constexpr int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

struct Panels {
  Column<float> a = Column<float>(tile_rows * depth_block);
  Column<float> b = Column<float>(tile_columns * depth_block);
};

/// The transpose of 8 x 8 floats, by three perfect shuffles.
inline void transpose8(Vector8 (&v)[8]) {
  typedef int32_t Index [[gnu::vector_size(32)]];
  constexpr Index low = {0, 8, 1, 9, 2, 10, 3, 11}, high = {4, 12, 5, 13, 6, 14, 7, 15};
  for (int round = 0; round < 3; ++round) {
    Vector8 w[8];
    for (int i = 0; i < 4; ++i) {
      w[2 * i] = __builtin_shuffle(v[i], v[i + 4], low);
      w[2 * i + 1] = __builtin_shuffle(v[i], v[i + 4], high);
    }
    for (int i = 0; i < 8; ++i) v[i] = w[i];
  }
}

/// Packs `width` lanes of a block into a panel: panel[p * width + lane] = source[lane * lane_stride + p * depth_stride]; lanes from `lanes`
/// on are zero. One of the strides is 1.
template <int width>
void pack_panel(const float* source, int64_t lane_stride, int64_t depth_stride, int64_t lanes, int64_t depth, float* panel) {
  if (lane_stride == 1) {
    for (int64_t p = 0; p < depth; ++p) {
      const float* row = source + p * depth_stride;
      if (lanes == width) {
        for (int lane = 0; lane < width; ++lane) panel[p * width + lane] = row[lane];
      } else {
        for (int64_t lane = 0; lane < width; ++lane) panel[p * width + lane] = lane < lanes ? row[lane] : 0.f;
      }
    }
    return;
  }
  for (int64_t first = 0; first < width; first += std::min(width, 8)) {
    int64_t p = 0;
    if (width % 8 == 0 && first + 8 <= lanes) {
      for (; p + 8 <= depth; p += 8) {
        Vector8 v[8];
        for (int i = 0; i < 8; ++i) v[i] = load<Vector8>(source + (first + i) * lane_stride + p);
        transpose8(v);
        for (int i = 0; i < 8; ++i) store(panel + (p + i) * width + first, v[i]);
      }
    }
    for (int64_t lane = first; lane < std::min<int64_t>(first + 8, width); ++lane)
      for (int64_t q = p; q < depth; ++q) panel[q * width + lane] = lane < lanes ? source[lane * lane_stride + q] : 0.f;
  }
}

/// All panels of a block: `lanes` rows of A (columns of B), `depth` of k.
template <int width>
void pack(const float* source, int64_t lane_stride, int64_t depth_stride, int64_t lanes, int64_t depth, float* panels) {
  for (int64_t lane = 0; lane < lanes; lane += width)
    pack_panel<width>(source + lane * lane_stride, lane_stride, depth_stride, std::min<int64_t>(width, lanes - lane), depth,
                      panels + lane * depth);
}

/// One kernel_rows x kernel_columns piece of C from A, whose element in row r at depth p is a(r, p), and one panel of B, packed or (with `ldb` floats
/// from row to row) where it lies; `rows` and `columns` of it exist.
template <class A, class Stride = std::integral_constant<int64_t, kernel_columns>>
inline void kernel(int64_t depth, A&& a, const float* b, float* c, int64_t ldc, int64_t rows, int64_t columns, bool add, Stride ldb = {}) {
  Vector sum[kernel_rows][kernel_vectors] = {};
  for (int64_t p = 0; p < depth; ++p) {
    Vector row[kernel_vectors];
#pragma GCC unroll 4
    for (int v = 0; v < kernel_vectors; ++v) row[v] = load(b + p * ldb + v * vector_width);
#pragma GCC unroll 16
    for (int r = 0; r < kernel_rows; ++r) {
      const Vector factor = a(r, p) - Vector{};
#pragma GCC unroll 4
      for (int v = 0; v < kernel_vectors; ++v) sum[r][v] = multiply_add(factor, row[v], sum[r][v]);
    }
  }
  if (rows == kernel_rows && columns == kernel_columns) {
#pragma GCC unroll 16
    for (int r = 0; r < kernel_rows; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < kernel_vectors; ++v) {
        float* to = c + r * ldc + v * vector_width;
        store(to, add ? load(to) + sum[r][v] : sum[r][v]);
      }
    }
    return;
  }
  alignas(cache_line) float piece[kernel_rows][kernel_columns];
#pragma GCC unroll 16
  for (int r = 0; r < kernel_rows; ++r)
    for (int v = 0; v < kernel_vectors; ++v) store(&piece[r][v * vector_width], sum[r][v]);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t j = 0; j < columns; ++j) c[r * ldc + j] = add ? c[r * ldc + j] + piece[r][j] : piece[r][j];
}

struct Strides {
  int64_t row, column;
  explicit Strides(const MatrixRef& m) : row(m.transposed ? 1 : m.stride), column(m.transposed ? m.stride : 1) {}
};

/// The rows [row, row + rows) and columns [column, column + columns) of C.
void tile(int64_t row, int64_t rows, int64_t column, int64_t columns, int64_t k, const MatrixRef& a, const MatrixRef& b, float* c,
          int64_t ldc, bool add) {
  thread_local Panels panels;
  const Strides a_stride(a), b_stride(b);
  for (int64_t p = 0; p < k; p += depth_block) {
    const int64_t depth = std::min(depth_block, k - p);
    pack<kernel_rows>(a.data + row * a_stride.row + p * a_stride.column, a_stride.row, a_stride.column, rows, depth, panels.a.data());
    const float* from_b = b.data + p * b_stride.row + column * b_stride.column;
    // Whole panels that few rows of A meet stay where they lie.
    const int64_t direct = !b.transposed && rows <= direct_rows ? columns / kernel_columns * kernel_columns : 0;
    if (direct < columns)
      pack<kernel_columns>(from_b + direct * b_stride.column, b_stride.column, b_stride.row, columns - direct, depth, panels.b.data() + direct * depth);
    for (int64_t j = 0; j < columns; j += kernel_columns)
      for (int64_t i = 0; i < rows; i += kernel_rows) {
        const auto of_a = [from = panels.a.data() + i * depth](int r, int64_t at) { return from[at * kernel_rows + r]; };
        float* to = c + (row + i) * ldc + column + j;
        const int64_t height = std::min<int64_t>(kernel_rows, rows - i);
        if (j < direct) kernel(depth, of_a, from_b + j, to, ldc, height, kernel_columns, add || p > 0, b_stride.row);
        else kernel(depth, of_a, panels.b.data() + j * depth, to, ldc, height, std::min<int64_t>(kernel_columns, columns - j), add || p > 0);
      }
  }
}

/// As small_product(), where C is so narrow that its row's sums are registers.
template <int n>
void narrow_product(int64_t m, int64_t k, const MatrixRef& a, const MatrixRef& b, float* c, int64_t ldc, bool add) {
  const Strides a_stride(a), b_stride(b);
  for (int64_t i = 0; i < m; ++i) {
    float* row = c + i * ldc;
    const float* from = a.data + i * a_stride.row;
    for (int64_t block = 0; block < k; block += depth_block) {
      float sum[n] = {};
      for (int64_t p = block; p < std::min(block + depth_block, k); ++p)
#pragma GCC unroll 4
        for (int j = 0; j < n; ++j) sum[j] = multiply_add(from[p * a_stride.column], b.data[p * b_stride.row + j * b_stride.column], sum[j]);
#pragma GCC unroll 4
      for (int j = 0; j < n; ++j) row[j] = add || block > 0 ? row[j] + sum[j] : sum[j];
    }
  }
}

/// Without packing, for the smallest products; the same chain of sums.
void small_product(int64_t m, int64_t n, int64_t k, const MatrixRef& a, const MatrixRef& b, float* c, int64_t ldc, bool add) {
  if (n == 1) return narrow_product<1>(m, k, a, b, c, ldc, add);
  if (n == 2) return narrow_product<2>(m, k, a, b, c, ldc, add);
  if (n == 4) return narrow_product<4>(m, k, a, b, c, ldc, add);
  const Strides a_stride(a), b_stride(b);
  float sum[small_work];
  for (int64_t i = 0; i < m; ++i) {
    float* row = c + i * ldc;
    for (int64_t block = 0; block < k; block += depth_block) {
      std::fill_n(sum, n, 0.f);
      for (int64_t p = block; p < std::min(block + depth_block, k); ++p) {
        const float factor = a.data[i * a_stride.row + p * a_stride.column];
        const float* from = b.data + p * b_stride.row;
        if (b_stride.column == 1) {
          for (int64_t j = 0; j < n; ++j) sum[j] = multiply_add(factor, from[j], sum[j]);
        } else {
          for (int64_t j = 0; j < n; ++j) sum[j] = multiply_add(factor, from[j * b_stride.column], sum[j]);
        }
      }
      if (add || block > 0) {
        for (int64_t j = 0; j < n; ++j) row[j] += sum[j];
      } else {
        std::copy_n(sum, n, row);
      }
    }
  }
}

/// `vectors` columns' worth of one row of C, straight from B's rows; the same chain of sums.
template <int vectors>
void strip(int64_t k, const float* a, int64_t a_step, const float* b, int64_t ldb, float* c, bool add) {
  for (int64_t block = 0; block < k; block += depth_block) {
    Vector sum[vectors] = {};
    for (int64_t p = block; p < std::min(block + depth_block, k); ++p) {
      const Vector factor = a[p * a_step] - Vector{};
#pragma GCC unroll 16
      for (int v = 0; v < vectors; ++v) sum[v] = multiply_add(factor, load(b + p * ldb + v * vector_width), sum[v]);
    }
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) {
      float* to = c + v * vector_width;
      store(to, add || block > 0 ? load(to) + sum[v] : sum[v]);
    }
  }
}

/// A product of so few rows that B, packed, would be used no more often than it is moved.
void row_product(int64_t m, int64_t n, int64_t k, const MatrixRef& a, const MatrixRef& b, float* c, int64_t ldc, bool add) {
  constexpr int most = sizeof(Vector) == 64 ? 16 : 8;  // sums that registers hold
  const Strides a_stride(a);
  for (int64_t i = 0; i < m; ++i) {
    const float* row = a.data + i * a_stride.row;
    float* to = c + i * ldc;
    int64_t j = 0;
    for (; j + most * vector_width <= n; j += most * vector_width) strip<most>(k, row, a_stride.column, b.data + j, b.stride, to + j, add);
    for (; j + 4 * vector_width <= n; j += 4 * vector_width) strip<4>(k, row, a_stride.column, b.data + j, b.stride, to + j, add);
    for (; j + vector_width <= n; j += vector_width) strip<1>(k, row, a_stride.column, b.data + j, b.stride, to + j, add);
    if (j < n) small_product(1, n - j, k, {row, a.stride, a.transposed}, {b.data + j, b.stride}, to + j, ldc, add);
  }
}

}  // namespace

void product(int64_t m, int64_t n, int64_t k, MatrixRef a, MatrixRef b, float* c, int64_t ldc, bool add) noexcept {
  if (k <= 0) {
    for (int64_t i = 0; i < m && !add; ++i) std::fill_n(c + i * ldc, n, 0.f);
    return;
  }
  const int64_t work = m * n * k;
  if (work <= small_work) return small_product(m, n, k, a, b, c, ldc, add);
  if (m <= few_rows && !b.transposed) return row_product(m, n, k, a, b, c, ldc, add);

  // Tiles: as large as the panels hold, and enough of them for the threads. (Their borders do not show in the result.)
  int64_t rows = std::min(tile_rows, round_up(m, kernel_rows)), columns = std::min(tile_columns, round_up(n, kernel_columns));
  if (work > serial_work) {
    const int64_t wanted = 2 * threads();
    const auto tiles = [&] { return ((m + rows - 1) / rows) * ((n + columns - 1) / columns); };
    while (tiles() < wanted) {
      if (columns > 2 * kernel_columns && columns >= rows / 2)
        columns = round_up(columns / 2, kernel_columns);
      else if (rows > 2 * kernel_rows)
        rows = round_up(rows / 2, kernel_rows);
      else
        break;
    }
  }
  const int64_t across = (n + columns - 1) / columns, tiles = ((m + rows - 1) / rows) * across;
  const auto run = [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t row = t / across * rows, column = t % across * columns;
      tile(row, std::min(rows, m - row), column, std::min(columns, n - column), k, a, b, c, ldc, add);
    }
  };
  if (work <= serial_work || tiles == 1) return run(0, tiles);
  parallel_for(tiles, 1, run);
}

int64_t packed_size(int64_t k, int64_t n) { return k * round_up(n, kernel_columns); }

void pack_matrix(int64_t k, int64_t n, MatrixRef b, float* packed) noexcept {
  const Strides stride(b);
  for (int64_t p = 0; p < k; p += depth_block) {
    const int64_t depth = std::min(depth_block, k - p);
    pack<kernel_columns>(b.data + p * stride.row, stride.column, stride.row, n, depth, packed + p * round_up(n, kernel_columns));
  }
}

void product_packed(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* packed, float* c, int64_t ldc, bool add) noexcept {
  if (k <= 0) {
    for (int64_t i = 0; i < m && !add; ++i) std::fill_n(c + i * ldc, n, 0.f);
    return;
  }
  for (int64_t p = 0; p < k; p += depth_block) {
    const int64_t depth = std::min(depth_block, k - p);
    const float* block = packed + p * round_up(n, kernel_columns);
    for (int64_t j = 0; j < n; j += kernel_columns)
      for (int64_t i = 0; i < m; i += kernel_rows) {
        const int64_t rows = std::min<int64_t>(kernel_rows, m - i);
        const float* row[kernel_rows];
        for (int r = 0; r < kernel_rows; ++r) row[r] = a + (i + std::min<int64_t>(r, rows - 1)) * lda + p;
        kernel(depth, [&](int r, int64_t at) { return row[r][at]; }, block + j * depth, c + i * ldc + j, ldc, rows,
               std::min<int64_t>(kernel_columns, n - j), add || p > 0);
      }
  }
}

}  // namespace proxon
