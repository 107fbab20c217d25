#include "proxon/network/rewire.hpp"

#include <unordered_map>

#include "proxon/base/error.hpp"

namespace proxon {

int64_t rewire(std::span<const int32_t> source, std::span<int32_t> target, bool recurrent, Key key) {
  PROXON_CHECK(source.size() == target.size() && source.size() < (uint64_t{1} << 32), "{} sources, {} targets", source.size(), target.size());
  const auto n = static_cast<uint32_t>(source.size());
  if (n < 2) return 0;
  const auto pair = [](int32_t from, int32_t to) { return static_cast<uint64_t>(from) << 32 | static_cast<uint32_t>(to); };
  std::unordered_map<uint64_t, int32_t> edges;
  for (size_t k = 0; k < n; ++k) ++edges[pair(source[k], target[k])];

  Stream draw(key, 0);
  int64_t swaps = 0;
  // A swap moves two edges.
  for (int64_t tried = 0; tried < 100 * int64_t{n} && swaps < 5 * int64_t{n}; ++tried) {
    const size_t k = draw.below(n), l = draw.below(n);
    const int32_t a = source[k], b = target[k], c = source[l], d = target[l];
    if (a == c || b == d || (recurrent && (a == d || c == b))) continue;
    if (edges.contains(pair(a, d)) || edges.contains(pair(c, b))) continue;
    for (const uint64_t gone : {pair(a, b), pair(c, d)})
      if (--edges[gone] == 0) edges.erase(gone);
    ++edges[pair(a, d)], ++edges[pair(c, b)];
    std::swap(target[k], target[l]);
    ++swaps;
  }
  return swaps;
}

}  // namespace proxon
