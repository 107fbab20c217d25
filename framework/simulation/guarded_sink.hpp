// Hands a recording on to another listener until that one fails: what was thrown is kept, so that this rank still comes to every meeting. On
// ranks other than the first it hands nothing on.
#pragma once
#include <exception>

#include "proxon/base/ranks.hpp"
#include "proxon/simulation/recording.hpp"

namespace proxon {

class GuardedSink : public RecordingSink {
 public:
  explicit GuardedSink(RecordingSink& to) : to_(to) {}
  std::exception_ptr error;

  void spikes(int32_t population, std::span<const double> time, std::span<const int32_t> neuron) override {
    guard([&] { to_.spikes(population, time, neuron); });
  }
  void trace(int32_t trace, std::span<const float> rows) override {
    guard([&] { to_.trace(trace, rows); });
  }
  void signal(int32_t signal, std::span<const float> values) override {
    guard([&] { to_.signal(signal, values); });
  }
  void correlation(int32_t correlation, std::span<const int64_t> count, std::span<const double> chance) override {
    guard([&] { to_.correlation(correlation, count, chance); });
  }
  void weights(int32_t projection, double time, std::span<const float> weight) override {
    guard([&] { to_.weights(projection, time, weight); });
  }
  void until(double time) override {
    guard([&] { to_.until(time); });
  }
  void checkpoint(const Checkpoint& state) override {
    guard([&] { to_.checkpoint(state); });
  }

 private:
  template <class Call>
  void guard(Call&& call) {
    if (error || rank() > 0) return;
    try {
      call();
    } catch (...) {
      error = std::current_exception();
    }
  }
  RecordingSink& to_;
};

}  // namespace proxon
