// The search space of a sweep: axes over parameters of an experiment, which of them move together or hang on each other, and what is left out.
// A point has one value an axis: the number itself of a range and of choices that are numbers, the position among the choices of others, and
// NaN where the axis is not active. A sampler sees coordinates: one an axis that moves by itself, positions for all choices.
#pragma once
#include <span>

#include "proxon/plugin/sampler.hpp"
#include "proxon/schema/document.hpp"
#include "proxon/sweep/expression.hpp"

namespace proxon::sweep {

struct Axis {
  std::string name;
  std::vector<std::string> parameters;  ///< paths of the parameters that take its value
  std::string unit;
  double low = 0, high = 0;
  int64_t points = 0;  ///< of a range in a grid; 0: not said
  bool logarithmic = false, whole = false, fidelity = false;
  std::vector<std::string> choices;  ///< as TOML; empty: a range
  std::vector<double> numbers;       ///< of the choices when all are numbers
  std::optional<size_t> moves_with;  ///< the axis that this one is zipped to
  std::optional<Expression> when;
  std::string where;  ///< "sweep.toml:12:8: axes.rate", to begin messages

  bool is_range() const { return choices.empty(); }
  bool is_text() const { return !choices.empty() && numbers.empty(); }
  /// The value as TOML, for the experiment.
  std::string toml(double value) const;
  /// The value as a person reads it: texts without their quotes.
  std::string text(double value) const;
};

using Point = std::vector<double>;

class Space {
 public:
  std::vector<Axis> axes;
  std::vector<Expression> constraints;

  std::vector<std::string> names() const;
  /// What a sampler sees; views the axes' names.
  std::vector<SamplerAxis> coordinates() const;
  /// The point at a sampler's coordinates.
  Point at(std::span<const double> coordinates) const;
  /// The coordinates of a point; NaN where the axis is not active or the value is none of its choices.
  std::vector<double> coordinates_of(const Point& point) const;
  /// Whether all constraints hold; one that needs an axis that is not active does.
  bool allows(const Point& point) const;
  /// What the point sets in the experiment, each with the axis as its origin.
  std::vector<Override> overrides(const Point& point) const;
  /// "rule = hebb, rate = 0.001": of the active axes.
  std::string text(const Point& point) const;

 private:
  std::vector<AxisValue> values(const Point& point) const;
};

}  // namespace proxon::sweep
