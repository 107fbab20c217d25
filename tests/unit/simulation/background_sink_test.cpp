#include <doctest/doctest.h>

#include <chrono>

#include "proxon/base/error.hpp"
#include "proxon/simulation/background_sink.hpp"

using namespace proxon;

namespace {

/// Takes its time, and fails when it was told to.
struct Slow : MemoryRecording {
  int fail_at = -1, calls = 0;
  void spikes(int32_t population, std::span<const double> time, std::span<const int32_t> neuron) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    if (calls++ == fail_at) fail("no space left on device.");
    MemoryRecording::spikes(population, time, neuron);
  }
};

}  // namespace

TEST_CASE("a listener in the background gets everything, in order, from copies") {
  Slow slow;
  {
    BackgroundSink background(slow);
    std::vector<double> time(1);
    std::vector<int32_t> neuron(1);
    for (int k = 0; k < 100; ++k) {
      time[0] = k, neuron[0] = -k;  // the same memory each time: what is handed over must be a copy
      background.spikes(0, time, neuron);
      background.signal(0, std::vector<float>{float(k)});
      background.until(k);
    }
    background.finish();
  }
  REQUIRE(slow.spike.at(0).time.size() == 100);
  for (int k = 0; k < 100; ++k) {
    CHECK(slow.spike[0].time[size_t(k)] == k);
    CHECK(slow.spike[0].neuron[size_t(k)] == -k);
    CHECK(slow.signals.at(0)[size_t(k)] == float(k));
  }
  CHECK(slow.end == 99);
}

TEST_CASE("what goes wrong in the background is thrown, once, and nothing is handed on after it") {
  Slow slow;
  slow.fail_at = 3;
  BackgroundSink background(slow);
  const std::vector<double> time{1};
  const std::vector<int32_t> neuron{1};
  const auto hand_over = [&] {
    for (int k = 0; k < 1000; ++k) background.spikes(0, time, neuron);
    background.finish();
  };
  CHECK_THROWS_WITH_AS(hand_over(), "no space left on device.", Error);
  CHECK(slow.calls == 4);
  CHECK(slow.spike.at(0).time.size() == 3);
}

TEST_CASE("leaving without finish() hands over what is in the queue") {
  Slow slow;
  {
    BackgroundSink background(slow);
    for (int k = 0; k < 20; ++k) background.spikes(0, std::vector<double>{1.0}, std::vector<int32_t>{1});
  }
  CHECK(slow.spike.at(0).time.size() == 20);
}
