// The input to come of a population's neurons that one thread owns (see plugin/arrivals.hpp), and the pages of that thread.
#pragma once
#include <memory>

#include "proxon/plugin/arrivals.hpp"
#include "proxon/simulation/population.hpp"

namespace proxon {

/// The pages of a thread; it asks the system for more, never gives any back.
class ArrivalPages {
 public:
  /// Sees to it that at least so many are free. Throws std::bad_alloc.
  void reserve(int64_t pages);
  ArrivalStock& stock() { return stock_; }
  /// Takes back the pages of a list, which is empty then.
  void put_back(ArrivalList& list);
  int64_t in_use() const { return made_ - stock_.count; }

 private:
  ArrivalStock stock_;
  int64_t made_ = 0;
  std::vector<Column<ArrivalPage>> slabs_;
};

class Arrivals {
 public:
  /// For the ports, and as many steps, as the population says (RunningPopulation::keep_ahead).
  Arrivals(RunningPopulation& population, Range own);

  /// The lists of a port, null for none: number d is what arrives d steps from now.
  ArrivalList* lists(int32_t port) { return port < 0 ? nullptr : windows_[static_cast<size_t>(port)].data() + now_; }
  /// Adds what arrives at `step`, which is now, to the population's planes, and goes on to the next step.
  void take(int64_t step, ArrivalPages& pages);
  /// Adds all up in the population's rings of input to come, of which `step` is the next. take() goes on from these sums, so that no bit depends
  /// on whether or when this was done.
  void settle(int64_t step, ArrivalPages& pages);
  /// Says that the rings hold input to come of `step` and later ones.
  void settled(int64_t step) { settled_until_ = step + slots_; }
  /// Forgets everything.
  void clear(int64_t step, ArrivalPages& pages);

 private:
  RunningPopulation& population_;
  Range own_;
  int64_t slots_, now_ = 0, settled_until_ = 0;    ///< before this step the rings may hold something
  static constexpr int64_t moves = 64;             ///< steps before a window begins anew
  std::vector<std::vector<ArrivalList>> windows_;  ///< [port][step], with room for so many moves; empty where the port has no such input
};

}  // namespace proxon
