// A recording that is written while the simulation goes on: what it is handed is copied into a queue, and a thread of its own hands it to another
// listener, in the same order. The queue holds at most 256 MB; whoever hands over more waits. What goes wrong in the other listener
// (a full disk) is thrown at the next hand-over or by finish(), whichever comes first; nothing is handed on after it.
//
//   BackgroundSink background(archive_sink);
//   simulation.run(background);
//   background.finish();
#pragma once
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "proxon/simulation/recording.hpp"

namespace proxon {

class BackgroundSink : public RecordingSink {
 public:
  /// `to` is used by the other thread alone until finish() or the destructor has returned.
  explicit BackgroundSink(RecordingSink& to);
  /// Waits until everything has been handed over.
  ~BackgroundSink() override;
  BackgroundSink(const BackgroundSink&) = delete;
  BackgroundSink& operator=(const BackgroundSink&) = delete;

  /// The same, and throws what the listener threw.
  void finish();

  void spikes(int32_t population, std::span<const double> time, std::span<const int32_t> neuron) override;
  void trace(int32_t trace, std::span<const float> rows) override;
  void signal(int32_t signal, std::span<const float> values) override;
  void correlation(int32_t correlation, std::span<const int64_t> count, std::span<const double> chance) override;
  void weights(int32_t projection, double time, std::span<const float> weight) override;
  void until(double time) override;
  void checkpoint(const Checkpoint& state) override;

 private:
  struct Task {
    std::function<void()> run;
    size_t bytes;
  };
  void push(size_t bytes, std::function<void()> run);
  void work();
  void wait();

  RecordingSink& to_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> queue_;
  size_t queued_ = 0;  ///< bytes in the queue and under way
  bool ended_ = false;
  std::exception_ptr error_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace proxon
