// What a sampler sees of the trials so far. Inside this room only.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "proxon/plugin/sampler.hpp"

namespace proxon::sweep {

/// The history that a sampler sees: all proposals in the order of their numbers.
class History {
 public:
  explicit History(size_t objectives) : objectives_(objectives) {}

  size_t add(int64_t number, const std::vector<double>& coordinates) {
    trial_.push_back(number), point_.insert(point_.end(), coordinates.begin(), coordinates.end());
    value_.insert(value_.end(), objectives_, NAN), state_.push_back(sampler_running);
    return trial_.size() - 1;
  }
  void set(size_t place, SamplerState state, const std::vector<double>& values) {
    state_[place] = state;
    std::copy(values.begin(), values.end(), value_.begin() + static_cast<long>(place * objectives_));
  }
  SamplerHistory view() const { return {trial_.data(), point_.data(), value_.data(), state_.data(), static_cast<int64_t>(trial_.size())}; }

 private:
  size_t objectives_;
  std::vector<int64_t> trial_;
  std::vector<double> point_, value_;
  std::vector<uint32_t> state_;
};

/// What became of the proposals. The sampler sees it as soon as it is known, or, with a lag, in the order of their numbers: no proposal then depends
/// on which trial was the faster.
class Outcomes {
 public:
  Outcomes(History& history, int64_t lag) : history_(history), lag_(lag) {}

  void add(int64_t number, size_t place, SamplerState state, std::vector<double> values) {
    if (lag_ == 0) return history_.set(place, state, values);
    const auto n = static_cast<size_t>(number);
    if (n >= ended_.size()) ended_.resize(n + 1);
    ended_[n] = {true, place, state, std::move(values)};
  }
  /// Shows what proposal `number` is made from: the proposals up to number - lag, or `all` before it. False when one of them has not ended.
  bool show_for(int64_t number, bool all = false) {
    if (lag_ == 0) return true;
    const int64_t end = std::max<int64_t>(0, all ? number : number - lag_ + 1);
    for (; shown_ > end; --shown_) {
      const Outcome& outcome = ended_[static_cast<size_t>(shown_ - 1)];
      history_.set(outcome.place, sampler_running, std::vector<double>(outcome.values.size(), NAN));
    }
    for (; shown_ < end; ++shown_) {
      const auto n = static_cast<size_t>(shown_);
      if (n >= ended_.size() || !ended_[n].known) return false;
      history_.set(ended_[n].place, ended_[n].state, ended_[n].values);
    }
    return true;
  }

 private:
  struct Outcome {
    bool known = false;
    size_t place = 0;
    SamplerState state = sampler_running;
    std::vector<double> values;
  };
  History& history_;
  int64_t lag_, shown_ = 0;
  std::vector<Outcome> ended_;  // by number
};

}  // namespace proxon::sweep
