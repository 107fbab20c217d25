#include "proxon/simulation/background_sink.hpp"

namespace proxon {
namespace {

constexpr size_t most_bytes = size_t{256} << 20;

template <class T>
std::vector<T> copy(std::span<const T> values) {
  return {values.begin(), values.end()};
}

}  // namespace

BackgroundSink::BackgroundSink(RecordingSink& to) : to_(to), thread_([this] { work(); }) {}

BackgroundSink::~BackgroundSink() { wait(); }

void BackgroundSink::finish() {
  wait();
  if (error_) std::rethrow_exception(error_);
}

void BackgroundSink::wait() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void BackgroundSink::push(size_t bytes, std::function<void()> run) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return error_ || queued_ == 0 || queued_ + bytes <= most_bytes; });
  if (error_) std::rethrow_exception(error_);
  queue_.push_back({std::move(run), bytes});
  queued_ += bytes;
  lock.unlock();
  changed_.notify_all();
}

void BackgroundSink::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return ended_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Task task = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    std::exception_ptr error;
    try {
      task.run();
    } catch (...) {
      error = std::current_exception();
    }
    task.run = nullptr;  // its copy is freed outside the lock
    lock.lock();
    queued_ -= task.bytes;
    if (error) {
      error_ = error;
      queue_.clear();
      queued_ = 0;
      ended_ = true;
    }
    changed_.notify_all();
  }
}

void BackgroundSink::spikes(int32_t population, std::span<const double> time, std::span<const int32_t> neuron) {
  push(time.size_bytes() + neuron.size_bytes(),
       [this, population, time = copy(time), neuron = copy(neuron)] { to_.spikes(population, time, neuron); });
}

void BackgroundSink::trace(int32_t trace, std::span<const float> rows) {
  push(rows.size_bytes(), [this, trace, rows = copy(rows)] { to_.trace(trace, rows); });
}

void BackgroundSink::signal(int32_t signal, std::span<const float> values) {
  push(values.size_bytes(), [this, signal, values = copy(values)] { to_.signal(signal, values); });
}

void BackgroundSink::correlation(int32_t correlation, std::span<const int64_t> count, std::span<const double> chance) {
  push(count.size_bytes() + chance.size_bytes(),
       [this, correlation, count = copy(count), chance = copy(chance)] { to_.correlation(correlation, count, chance); });
}

void BackgroundSink::weights(int32_t projection, double time, std::span<const float> weight) {
  push(weight.size_bytes(), [this, projection, time, weight = copy(weight)] { to_.weights(projection, time, weight); });
}

void BackgroundSink::until(double time) {
  push(0, [this, time] { to_.until(time); });
}

void BackgroundSink::checkpoint(const Checkpoint& state) {
  size_t bytes = 0;
  for (const auto& column : state.columns) bytes += column.bytes.size();
  push(bytes, [this, state] { to_.checkpoint(state); });
}

}  // namespace proxon
