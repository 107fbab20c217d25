// Which neurons fired in the last steps: those of one thread of this rank, or those of another rank. In the order of the list that the machine
// keeps of them neurons ascend, so that whoever goes through it meets the spikes of a step in the same order for any number of threads and ranks.
//
// One thread writes and all read: a line of memory costs some hundred nanoseconds on its way from one processor to another, as much as fifty neurons
// take. So a step's spikes lie in one piece, counts first, on lines of their own, and what is read at the begin of a chunk is asked for at once.
#pragma once
#include <algorithm>
#include <span>

#include "proxon/simulation/population.hpp"

namespace proxon {

class alignas(cache_line) Firings {
 public:
  /// `own`: whose spikes these are; `slots`: how many steps are kept.
  Firings(std::vector<Range> own, int64_t slots) : own_(std::move(own)), ring_(static_cast<size_t>(slots)) {
    for (Column<int32_t>& step : ring_) make_room(step, own_.size() + 1), std::fill_n(step.data(), own_.size() + 1, 0);
  }

  const std::vector<Range>& own() const { return own_; }
  std::span<const int32_t> fired(int64_t step, int32_t population) const {
    const int32_t* begin = at(step).data() + population;
    return {at(step).data() + own_.size() + 1 + begin[0], static_cast<size_t>(begin[1] - begin[0])};
  }
  int64_t count(int64_t step) const { return at(step)[own_.size()]; }
  /// By a reader that soon wants the spikes of these steps.
  [[gnu::always_inline]] void ask_for(int64_t begin, int64_t end) const {
    for (int64_t step = begin; step < end; ++step) __builtin_prefetch(at(step).data());
  }

  /// For all populations in turn: the first begins the step anew.
  void add(int64_t step, int32_t population, std::span<const int32_t> neurons) {
    Column<int32_t>& s = ring_[static_cast<size_t>(step) % ring_.size()];
    const size_t p = static_cast<size_t>(population), head = own_.size() + 1;
    if (p == 0) s[0] = 0;
    make_room(s, head + static_cast<size_t>(s[p]) + neurons.size());
    std::copy(neurons.begin(), neurons.end(), s.begin() + static_cast<std::ptrdiff_t>(head) + s[p]);
    s[p + 1] = s[p] + static_cast<int32_t>(neurons.size());
  }
  /// Puts back what was fired in a past step: of each population those of `own`.
  void put(int64_t step, const std::vector<std::vector<int32_t>>& by_population) {
    for (size_t p = 0; p < own_.size(); ++p) {
      const auto& all = by_population[p];
      const auto from = std::lower_bound(all.begin(), all.end(), own_[p].begin), to = std::lower_bound(from, all.end(), own_[p].end);
      add(step, static_cast<int32_t>(p), std::span(from, to));
    }
  }

 private:
  /// In whole lines of memory.
  static void make_room(Column<int32_t>& step, size_t size) {
    constexpr size_t line = cache_line / sizeof(int32_t);
    if (size > step.size()) step.resize((size + size / 2) / line * line + line);
  }
  const Column<int32_t>& at(int64_t step) const { return ring_[static_cast<size_t>(step) % ring_.size()]; }

  std::vector<Range> own_;
  std::vector<Column<int32_t>> ring_;  ///< [slot][where each population's spikes begin, their end, the spikes]
};

}  // namespace proxon
