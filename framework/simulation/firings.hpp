// Which neurons fired in the last steps: those of one thread of this rank, or those of another rank. In the order of the list that the machine
// keeps of them neurons ascend, so that whoever goes through it meets the spikes of a step in the same order for any number of threads and ranks.
#pragma once
#include <algorithm>
#include <span>

#include "proxon/simulation/population.hpp"

namespace proxon {

class Firings {
 public:
  /// `own`: whose spikes these are; `slots`: how many steps are kept.
  Firings(std::vector<Range> own, int64_t slots) : own_(std::move(own)), ring_(static_cast<size_t>(slots)) {
    for (Step& step : ring_) step.begin.assign(own_.size() + 1, 0);
  }

  const std::vector<Range>& own() const { return own_; }
  std::span<const int32_t> fired(int64_t step, int32_t population) const {
    const Step& s = at(step);
    const auto p = static_cast<size_t>(population);
    return {s.neuron.data() + s.begin[p], static_cast<size_t>(s.begin[p + 1] - s.begin[p])};
  }
  int64_t count(int64_t step) const { return static_cast<int64_t>(at(step).neuron.size()); }

  void clear(int64_t step) { ring_[static_cast<size_t>(step) % ring_.size()].neuron.clear(); }
  /// Population by population, after clear().
  void add(int64_t step, int32_t population, std::span<const int32_t> neurons) {
    Step& s = ring_[static_cast<size_t>(step) % ring_.size()];
    s.neuron.insert(s.neuron.end(), neurons.begin(), neurons.end());
    s.begin[static_cast<size_t>(population) + 1] = static_cast<int32_t>(s.neuron.size());
  }
  /// Puts back what was fired in a past step: of each population those of `own`.
  void put(int64_t step, const std::vector<std::vector<int32_t>>& by_population) {
    clear(step);
    for (size_t p = 0; p < own_.size(); ++p) {
      const auto& all = by_population[p];
      const auto from = std::lower_bound(all.begin(), all.end(), own_[p].begin), to = std::lower_bound(from, all.end(), own_[p].end);
      add(step, static_cast<int32_t>(p), std::span(from, to));
    }
  }

 private:
  struct Step {
    std::vector<int32_t> neuron;
    std::vector<int32_t> begin;  ///< [population + 1]
  };
  const Step& at(int64_t step) const { return ring_[static_cast<size_t>(step) % ring_.size()]; }

  std::vector<Range> own_;
  std::vector<Step> ring_;
};

}  // namespace proxon
