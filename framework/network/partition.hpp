// Which neurons belong to which rank of a run on several: of every population a contiguous range whose borders are multiples of 64. A rank holds
// the synapses that end at its neurons and nothing of the others', so that a network may be larger than the memory of one machine.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "proxon/network/blueprint.hpp"

namespace proxon {

/// A contiguous range of neurons, numbered within their population.
struct Range {
  int32_t begin = 0, end = 0;
  int32_t size() const { return end - begin; }
};

/// Part `part` of `parts` of a range of neurons, in blocks of 64; `turn` makes the remainders of several ranges go to different parts.
inline Range part_of(Range whole, int32_t part, int32_t parts, int32_t turn) {
  const int64_t blocks = (int64_t{whole.size()} + 63) / 64;
  const auto border = [&](int64_t p) {
    const int64_t block = (p * blocks + turn % parts) / parts;
    return static_cast<int32_t>(p == 0 ? whole.begin : p == parts ? whole.end : std::min<int64_t>(whole.begin + block * 64, whole.end));
  };
  return {border(part), border(part + 1)};
}

/// Of each population, in the order of the blueprint, whether its neurons must not be divided: a rule that hands something on along a row
/// needs the row in one place.
std::vector<bool> undivided(const Blueprint& blueprint);

/// Of each population the neurons of a rank.
std::vector<Range> own_neurons(const Blueprint& blueprint, int32_t rank, int32_t ranks);

}  // namespace proxon
