// Steps and milliseconds. All times of a simulation are whole numbers of steps; this is the one place where they are turned into each other.
#pragma once
#include <cmath>
#include <cstdint>

#include "proxon/base/error.hpp"

namespace proxon {

class Clock {
 public:
  /// Throws Error when dt is not above 0.
  explicit Clock(double dt) : dt_(dt) {
    if (!(dt > 0) || !std::isfinite(dt)) fail("The time step is {} ms, and must be above 0.", dt);
    const double per_ms = std::round(1 / dt);
    if (per_ms >= 1 && std::fabs(per_ms * dt - 1) < 1e-12) steps_per_ms_ = per_ms;
  }

  double dt() const { return dt_; }

  /// Begin of a step in ms; the number nearest to it where a millisecond is a whole number of steps (0.3, not 3 * 0.1).
  double time(int64_t step) const {
    return steps_per_ms_ > 0 ? static_cast<double>(step) / steps_per_ms_ : static_cast<double>(step) * dt_;
  }

  /// A duration in steps; throws Error "<what> is ..." when it is not a multiple of dt (to one part in 10^4 of a step: delays may be
  /// single precision) or shorter than `least` steps.
  template <class What>
  int64_t steps(double ms, int64_t least, const What& what) const {
    const double exact = ms / dt_;
    if (!(std::fabs(exact) < 1e15)) fail("{} is {} ms, and must be a finite time.", what, ms);
    const double whole = std::round(exact);
    if (std::fabs(exact - whole) > 1e-4 + 2e-7 * std::fabs(exact))
      fail("{} is {} ms, and must be a multiple of the time step of {} ms.", what, ms, dt_);
    if (whole < static_cast<double>(least))
      fail("{} is {} ms, and must be at least {} ms, the time step.", what, ms, static_cast<double>(least) * dt_);
    return static_cast<int64_t>(whole);
  }

 private:
  double dt_;
  double steps_per_ms_ = 0;
};

}  // namespace proxon
