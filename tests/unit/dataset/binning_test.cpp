#include <doctest/doctest.h>

#include "made_recording.hpp"

using namespace proxon;
using Floats = std::vector<float>;

namespace {

Floats bins_of(MadeRecording& made, const ChannelSpec& spec, double bin, double end) {
  const auto source = made.source(end);
  const Channels channels(*source, {&spec, 1}, "input", bin);
  Floats all(static_cast<size_t>(channels.bins() * channels.size()));
  channels.read(*source, 0, channels.bins(), all.data());
  // However they are asked for: one at a time
  Floats single(all.size());
  for (int64_t b = 0; b < channels.bins(); ++b) channels.read(*source, b, b + 1, single.data() + b * channels.size());
  CHECK(single == all);
  return all;
}

}  // namespace

TEST_CASE("a spike exactly on a border belongs to the bin that ends there") {
  MadeRecording made;
  made.add_population("E", 2, {0.1, 10, 10, 10.1, 30}, {0, 0, 1, 1, 0});
  const ChannelSpec spikes{.source = "population:E", .what = "spikes"};
  CHECK(bins_of(made, spikes, 10, 30) == Floats{2, 1, 0, 1, 1, 0});
  const int64_t second[] = {1};
  CHECK(bins_of(made, {.source = "population:E", .what = "spikes", .neurons = second}, 10, 30) == Floats{1, 1, 0});
  // Rates: 3 spikes of 2 neurons in 10 ms are 150 Hz
  CHECK(bins_of(made, {.source = "population:E"}, 10, 30) == Floats{150, 50, 50});
  CHECK(bins_of(made, {.source = "population:E", .what = "rate", .neurons = second}, 10, 30) == Floats{100, 100, 0});
}

TEST_CASE("steps that are multiples of 0.1 ms only up to rounding fall into the right bin") {
  MadeRecording made;
  std::vector<double> sum, product;
  double time = 0;
  for (int k = 1; k <= 30000; ++k) {
    product.push_back(k * 0.1);
    sum.push_back(time += 0.1);
  }
  made.add_population("product", 1, product, std::vector<int32_t>(30000, 0));
  made.add_population("sum", 1, sum, std::vector<int32_t>(30000, 0));
  for (const char* name : {"population:product", "population:sum"})
    for (const int steps : {1, 3, 10, 25}) {
      INFO(name << " " << steps);
      const Floats counts = bins_of(made, {.source = name, .what = "spikes"}, steps * 0.1, 3000);
      CHECK(counts == Floats(static_cast<size_t>(30000 / steps), static_cast<float>(steps)));
    }
}

TEST_CASE("a signal holds until its next sample, and a bin has its mean") {
  MadeRecording made;
  made.add_signal("fine", 0, 2, counting(15));
  made.add_signal("coarse", 0, 20, {1, 5});
  made.add_signal("odd", 0, 4, {1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(bins_of(made, {.source = "stimulus:fine"}, 10, 30) == Floats{2, 7, 12});
  CHECK(bins_of(made, {.source = "stimulus:coarse"}, 10, 40) == Floats{1, 1, 5, 5});
  // 4 ms of 1, 4 of 2, 2 of 3; then 2 of 3, 4 of 4, 4 of 5
  const Floats odd = bins_of(made, {.source = "stimulus:odd"}, 10, 30);
  CHECK(odd[0] == doctest::Approx(1.8));
  CHECK(odd[1] == doctest::Approx(4.2));
}

TEST_CASE("a trace is averaged over the rows of (begin, end]") {
  MadeRecording made;
  made.add_trace("n", "V_m", {3, 5}, 5, 5, {1, 10, 2, 20, 3, 30, 4, 40});
  CHECK(bins_of(made, {.source = "population:n", .what = "V_m"}, 10, 20) == Floats{1.5, 15, 3.5, 35});
  const int64_t turned[] = {5, 3};
  CHECK(bins_of(made, {.source = "population:n", .what = "V_m", .neurons = turned}, 5, 20) ==
        Floats{10, 1, 20, 2, 30, 3, 40, 4});
}
