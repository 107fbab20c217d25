#include <proxon/plugin/sampler.hpp>

#include <stdexcept>
#include <string>

using namespace proxon;

struct grid {
  static constexpr Documentation about{
      .summary = "Every combination of the axes' values; the last axis runs fastest. Of a range it takes `points` values, its ends among them.",
      .equation = "x_k = low + k (high - low) / (points - 1), or low (high / low)^(k / (points - 1)), k = 0 ... points - 1"};
  using Parameters = NoParameters;

  SamplerSetup space;

  grid(const Parameters&, const SamplerSetup& setup) : space(setup) {
    for (int64_t a = 0; a < space.axes; ++a) size(space.axis[a]);
  }

  /// How many values an axis has.
  static int64_t size(const SamplerAxis& axis) {
    if (axis.choices > 0) return axis.choices;
    if (axis.low == axis.high) return 1;
    const double wholes = axis.high - axis.low + 1;
    if (axis.whole && (axis.points == 0 || static_cast<double>(axis.points) > wholes)) return static_cast<int64_t>(wholes);
    if (axis.points == 0) throw std::runtime_error("axis '" + std::string(axis.name) + "' is a range without end; give it `points`, or `values`");
    return axis.points;
  }

  int64_t points() const {
    double all = 1;
    for (int64_t a = 0; a < space.axes; ++a) all *= static_cast<double>(size(space.axis[a]));
    constexpr double most = 1e18;  // more than anybody runs
    int64_t exact = 1;
    for (int64_t a = 0; a < space.axes && all < most; ++a) exact *= size(space.axis[a]);
    return all < most ? exact : static_cast<int64_t>(most);
  }

  void propose(int64_t trial, const SamplerHistory&, std::span<double> point) const {
    for (size_t a = point.size(); a-- > 0;) {
      const SamplerAxis& axis = space.axis[a];
      const int64_t n = size(axis), k = trial % n;
      trial /= n;
      if (axis.choices > 0) {
        point[a] = static_cast<double>(k);
        continue;
      }
      const double share = n > 1 ? static_cast<double>(k) / static_cast<double>(n - 1) : 0;
      double x = axis.logarithmic ? axis.low * std::pow(axis.high / axis.low, share) : axis.low + share * (axis.high - axis.low);
      if (axis.whole) x = std::round(x);
      point[a] = k == 0 ? axis.low : k == n - 1 ? axis.high : x;
    }
  }
};

PROXON_PLUGIN(sampler, grid, grid)
