// Where a population's neurons are, in um: what a person declares (a grid, a box of random positions, a list), and the coordinates that
// follow from it and the seed. Connection rules, weights and delays may depend on the distance between two neurons.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "proxon/base/error.hpp"
#include "proxon/plugin/connectivity.hpp"

namespace proxon {

struct Positions {
  enum class Layout { none, grid, uniform, listed };
  Layout layout = Layout::none;
  std::vector<int64_t> shape;       ///< grid: rows of neurons along x, y, z; neuron 0 at the lower corner, x runs fastest
  std::vector<double> extent;       ///< um along x, y, z: its length is the number of dimensions, 1 to 3
  std::vector<double> center;       ///< um; empty: 0
  bool periodic = false;            ///< whether the box continues at its other side
  std::vector<std::array<double, 3>> listed = {};  ///< um, one a neuron

  explicit operator bool() const { return layout != Layout::none; }
  int32_t dimensions() const { return static_cast<int32_t>(extent.size()); }
  bool operator==(const Positions&) const = default;
};

/// "grid of 10 x 10 neurons in 1000 x 1000 um, periodic"
std::string positions_text(const Positions& positions);

/// Throws Error (a sentence that begins with the key's name) when a declaration for `size` neurons contradicts itself.
void check_positions(const Positions& positions, int64_t size);

/// Coordinates of `size` neurons, um; those beyond the dimensions are 0. Random ones are keyed by (seed, "positions", population, neuron).
std::vector<std::array<double, 3>> coordinates(const Positions& positions, int32_t size, std::string_view population, uint64_t seed);

/// The coordinates of a projection's two ends, as rules and distributions see them. Without positions on both sides it has no dimensions.
class ProjectionSpace {
 public:
  ProjectionSpace() = default;
  /// Throws Error when the two populations do not lie in one space.
  ProjectionSpace(const Positions& source, int32_t sources, std::string_view source_name, const Positions& target, int32_t targets,
                  std::string_view target_name, uint64_t seed);
  Space space() const { return {sources_.data(), targets_.data(), dimensions_, period_[0], period_[1], period_[2]}; }

 private:
  std::vector<double> sources_, targets_;
  int32_t dimensions_ = 0;
  std::array<double, 3> period_{};
};

}  // namespace proxon
