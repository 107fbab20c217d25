#include "proxon/network/rewire.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace proxon;

namespace {

struct Edges {
  std::vector<int32_t> source, target;
  int64_t shared(const Edges& other) const {
    std::set<std::pair<int32_t, int32_t>> mine;
    for (size_t k = 0; k < source.size(); ++k) mine.insert({source[k], target[k]});
    int64_t n = 0;
    for (size_t k = 0; k < other.source.size(); ++k) n += mine.contains({other.source[k], other.target[k]});
    return n;
  }
};

std::vector<int> degrees(const std::vector<int32_t>& ends) {
  std::vector<int> count(200, 0);
  for (const int32_t end : ends) ++count[static_cast<size_t>(end)];
  return count;
}

/// Each of 100 neurons sends to others, some to many more than others do; none to itself.
Edges uneven() {
  Edges edges;
  Stream draw(Key{5, purpose("test")}, 0);
  for (int32_t i = 0; i < 100; ++i)
    for (int32_t j = 0; j < 100; ++j)
      if (i != j && draw.uniform() < (i % 10 == 0 ? 0.4 : 0.08) * (j % 7 == 0 ? 2 : 1)) edges.source.push_back(i), edges.target.push_back(j);
  return edges;
}

}  // namespace

TEST_CASE("rewired edges keep both degrees of every neuron, and little else") {
  const Edges before = uneven();
  Edges after = before;
  const int64_t swaps = rewire(after.source, after.target, true, Key{1, 2});
  CHECK(swaps == 5 * static_cast<int64_t>(before.source.size()));
  CHECK(after.source == before.source);
  CHECK(degrees(after.target) == degrees(before.target));
  std::set<std::pair<int32_t, int32_t>> pairs;
  for (size_t k = 0; k < after.source.size(); ++k) {
    CHECK(after.source[k] != after.target[k]);
    CHECK(pairs.insert({after.source[k], after.target[k]}).second);
  }
  // By chance a pair that had an edge has one again: some 15 % of all pairs have.
  CHECK(static_cast<double>(after.shared(before)) < 0.35 * static_cast<double>(before.source.size()));

  // The key alone decides.
  Edges again = before, other = before;
  rewire(again.source, again.target, true, Key{1, 2});
  rewire(other.source, other.target, true, Key{2, 2});
  CHECK(again.target == after.target);
  CHECK(other.target != after.target);
}

TEST_CASE("rewiring: where every pair has an edge there is nothing to swap; an edge to itself may go and does not come") {
  std::vector<int32_t> source, target;
  for (int32_t i = 0; i < 5; ++i)
    for (int32_t j = 0; j < 4; ++j) source.push_back(i), target.push_back(j);
  const std::vector<int32_t> kept = target;
  CHECK(rewire(source, target, false, Key{1, 1}) == 0);
  CHECK(target == kept);
  CHECK(rewire(std::span(source).first(1), std::span(target).first(1), false, Key{1, 1}) == 0);

  // 0 -> 0, 1 -> 2: recurrent, the one swap that is possible gives 0 -> 2, 1 -> 0, and none leads back.
  const std::vector<int32_t> from{0, 1};
  std::vector<int32_t> to{0, 2};
  CHECK(rewire(from, to, true, Key{1, 1}) == 1);
  CHECK(to == std::vector<int32_t>{2, 0});
  // Two edges between a pair stay two until one of them goes.
  std::vector<int32_t> twice{0, 0, 1, 2}, ends{3, 3, 4, 5};
  rewire(twice, ends, false, Key{1, 1});
  CHECK(degrees(ends) == degrees({3, 3, 4, 5}));
}
