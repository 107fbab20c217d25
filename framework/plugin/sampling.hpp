// Numbers drawn without repetition, for connection rules: a set of n out of 0 .. size-1, each set equally likely, in
// ascending order. Sequential: the gaps between chosen numbers are drawn, so that nothing is remembered and nothing is
// allocated.
//
// Source: Vitter 1987, "An efficient algorithm for sequential random sampling", doi:10.1145/23002.23003 (methods A and
// D).
#pragma once
#include <cmath>
#include <cstdint>

#include "proxon/base/random.hpp"

namespace proxon {
namespace detail {

/// Method A: walks over every number, for dense choices. O(size).
template <class Emit>
void choose_dense(int64_t next, int64_t size, int64_t n, Stream& stream, Emit&& emit) {
  for (; n > 1; --n, --size) {
    const double u = stream.uniform();
    double left = static_cast<double>(size - n), all = static_cast<double>(size), none_yet = left / all;
    for (; none_yet > u; ++next, --size) none_yet *= --left / --all;
    emit(next++);
  }
  if (n == 1) emit(next + static_cast<int64_t>(stream.below(static_cast<uint32_t>(size))));
}

}  // namespace detail

/// Calls emit(i) for n different numbers i of {0, ..., size - 1}, ascending. 0 <= n <= size < 2^32. Expected time O(n).
template <class Emit>
void choose(int64_t size, int64_t n, Stream& stream, Emit&& emit) {
  // A power 1 / k of a uniform number in (0, 1].
  auto root = [&](double k) { return std::exp(std::log(1.0 - stream.uniform()) / k); };
  int64_t next = 0;
  double v = n > 0 ? root(static_cast<double>(n)) : 0;
  while (n > 1 && 13 * n < size) {
    const double all = static_cast<double>(size), left = static_cast<double>(size - n + 1),
                 others = static_cast<double>(n - 1);
    double gap = 0;
    while (true) {
      // Propose a gap from the continuous distribution that bounds the wanted one.
      double x = all * (1 - v);
      for (gap = std::floor(x); gap >= left; gap = std::floor(x)) v = root(static_cast<double>(n)), x = all * (1 - v);
      // Accept at once, where the bound below lets it.
      const double y = std::exp(std::log((1.0 - stream.uniform()) * all / left) / others);
      v = y * (1 - x / all) * (left / (left - gap));
      if (v <= 1) break;
      // Else compare with the exact probability.
      double ratio = 1, top = all - 1;
      double bottom = others > gap ? all - others - 1 : all - gap - 1;
      const double limit = others > gap ? all - gap : left;
      for (double t = all - 1; t >= limit; --t) ratio *= top-- / bottom--;
      if (all / (all - x) >= y * std::exp(std::log(ratio) / others)) {
        v = root(others);
        break;
      }
      v = root(static_cast<double>(n));
    }
    next += static_cast<int64_t>(gap);
    emit(next++);
    size -= static_cast<int64_t>(gap) + 1;
    --n;
  }
  detail::choose_dense(next, size, n, stream, emit);
}

}  // namespace proxon
