#include "proxon/network/positions.hpp"

#include <numeric>

namespace proxon {

std::string positions_text(const Positions& p) {
  if (!p) return "none";
  if (p.layout == Positions::Layout::listed)
    return fmt::format("listed, {} dimensions{}", p.dimensions(), p.periodic ? ", periodic" : "");
  const std::string box = fmt::format("{} um{}", fmt::join(p.extent, " x "), p.periodic ? ", periodic" : "");
  if (p.layout == Positions::Layout::uniform) return "uniform in " + box;
  return fmt::format("grid of {} neurons in {}", fmt::join(p.shape, " x "), box);
}

void check_positions(const Positions& p, int64_t size) {
  if (!p) return;
  if (p.extent.empty() || p.extent.size() > 3)
    fail("extent: needs 1 to 3 lengths, one a dimension, and has {}.", p.extent.size());
  for (const double length : p.extent)
    if (!(length > 0) || std::isinf(length)) fail("extent: {} um is no length; it must be above 0.", length);
  if (!p.center.empty() && p.center.size() != p.extent.size())
    fail("center: has {} coordinates and extent has {}; give as many.", p.center.size(), p.extent.size());
  for (const double x : p.center)
    if (!std::isfinite(x)) fail("center: {} um is no finite number.", x);
  if (p.layout == Positions::Layout::grid) {
    if (p.shape.size() != p.extent.size())
      fail("shape: has {} numbers and extent has {}; give as many.", p.shape.size(), p.extent.size());
    double places = 1;
    for (const int64_t n : p.shape) {
      if (n < 1) fail("shape: {} is no number of neurons.", n);
      places *= static_cast<double>(n);
    }
    if (places != static_cast<double>(size))
      fail("shape: {} gives {} places for {} neurons.", fmt::join(p.shape, " x "), places, size);
  }
  if (p.layout == Positions::Layout::listed) {
    if (static_cast<int64_t>(p.listed.size()) != size)
      fail("file: gives {} positions for {} neurons.", p.listed.size(), size);
    for (const auto& at : p.listed)
      for (const double x : at)
        if (!std::isfinite(x)) fail("file: {} um is no finite coordinate.", x);
  }
}

std::vector<std::array<double, 3>> coordinates(const Positions& p, int32_t size, std::string_view population,
                                               uint64_t seed) {
  if (p.layout == Positions::Layout::listed || !p) return p.listed;
  std::vector<std::array<double, 3>> all(static_cast<size_t>(size), {0, 0, 0});
  const Key key{seed, purpose("positions"), purpose(population)};
  for (int32_t i = 0; i < size; ++i) {
    Stream stream(key, static_cast<uint64_t>(i));
    int64_t rest = i;
    for (size_t d = 0; d < p.extent.size(); ++d) {
      double part = 0;  // of the extent
      if (p.layout == Positions::Layout::grid) {
        part = (static_cast<double>(rest % p.shape[d]) + 0.5) / static_cast<double>(p.shape[d]);
        rest /= p.shape[d];
      } else {
        part = stream.uniform();
      }
      all[static_cast<size_t>(i)][d] = (p.center.empty() ? 0 : p.center[d]) + (part - 0.5) * p.extent[d];
    }
  }
  return all;
}

ProjectionSpace::ProjectionSpace(const Positions& source, int32_t sources, std::string_view source_name,
                                 const Positions& target, int32_t targets, std::string_view target_name,
                                 uint64_t seed) {
  if (!source || !target) return;
  if (source.dimensions() != target.dimensions())
    fail("population '{}' has positions in {} dimensions and '{}' in {}; give both as many.", source_name,
         source.dimensions(), target_name, target.dimensions());
  if (source.periodic != target.periodic || (source.periodic && source.extent != target.extent))
    fail("populations '{}' and '{}' must have one extent and both be periodic, or neither.", source_name, target_name);
  dimensions_ = source.dimensions();
  if (source.periodic) std::copy(source.extent.begin(), source.extent.end(), period_.begin());
  auto flat = [&](const std::vector<std::array<double, 3>>& points) {
    std::vector<double> all;
    for (const auto& point : points) all.insert(all.end(), point.begin(), point.end());
    return all;
  };
  sources_ = flat(coordinates(source, sources, source_name, seed));
  targets_ = flat(coordinates(target, targets, target_name, seed));
}

}  // namespace proxon
