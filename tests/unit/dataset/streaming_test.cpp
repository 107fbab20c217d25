#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "made_recording.hpp"
#include "proxon/archive/writer.hpp"
#include "proxon/base/random.hpp"
#include "proxon/base/threads.hpp"

using namespace proxon;

namespace {

/// Random spikes at multiples of 0.5 ms (many of them on borders of bins), a signal and a trace; 400 ms.
MadeRecording random_recording(uint64_t seed) {
  MadeRecording made;
  std::vector<double> time;
  std::vector<int32_t> neuron;
  for (int step = 1; step <= 800; ++step)
    for (int32_t n = 0; n < 3; ++n)
      if (uniform(Key{seed, 1}, static_cast<uint64_t>(n), static_cast<uint64_t>(step)) < 0.2)
        time.push_back(step * 0.5), neuron.push_back(n);
  made.add_population("E", 3, time, neuron);
  std::vector<float> signal, trace;
  for (uint64_t i = 0; i < 400; ++i) signal.push_back(static_cast<float>(normal(Key{seed, 2}, 0, i)));
  for (uint64_t i = 0; i < 1600; ++i) trace.push_back(static_cast<float>(normal(Key{seed, 3}, 0, i)));
  made.add_trace("n", "V_m", {0, 1}, 0.5, 0.5, trace);
  made.add_signal("drive", 0, 1, signal);
  return made;
}

const ChannelSpec random_inputs[] = {{.source = "stimulus:drive"}, {.source = "population:E", .what = "spikes"}};
const ChannelSpec random_targets[] = {{.source = "population:E"}, {.source = "population:n", .what = "V_m"}};

DatasetOptions random_options(uint64_t seed) {
  Stream stream(Key{seed, 4}, 0);
  DatasetOptions options;
  options.bin = 1 + stream.below(4);
  options.history = options.bin * (1 + stream.below(5));
  options.lag = options.bin * stream.below(3);
  options.horizon = options.bin * (1 + stream.below(3));
  options.stride = options.bin * (1 + stream.below(3));
  options.warm_up = options.bin * stream.below(5);
  options.gap = options.bin * stream.below(3);
  options.normalise = stream.below(2) ? "zscore" : "none";
  options.normalise_targets = stream.below(2) ? "zscore" : "none";
  options.smoothing = stream.below(2) ? 7 : 0;
  options.smoothing_kernel = stream.below(2) ? "exponential" : "gaussian";
  return options;
}

/// Without blocks, filters or running sums: value of a target rate, a V_m, a signal or a count in bin b, looked up
/// spike by spike.
double brute_value(const MadeRecording& made, const DatasetOptions& o, bool input, int channel, int64_t b) {
  const auto from = std::llround(static_cast<double>(b) * o.bin * 2),
             to = from + std::llround(o.bin * 2);  // half milliseconds
  double value = 0;
  const auto& spikes = made.memory.spike[0];
  if (input && channel == 0) {
    for (int64_t i = from / 2; i < to / 2; ++i) value += made.memory.signals[0][static_cast<size_t>(i)];
    return value / o.bin;
  }
  if (!input && channel > 0) {
    for (int64_t i = from; i < to; ++i) value += made.memory.traces[0][static_cast<size_t>(i * 2 + channel - 1)];
    return value / static_cast<double>(to - from);
  }
  for (size_t i = 0; i < spikes.time.size(); ++i) {
    const auto at = std::llround(spikes.time[i] * 2);
    value += at > from && at <= to && (!input || spikes.neuron[i] == channel - 1);
  }
  return input ? value : value / 3 / (o.bin / 1000);
}

}  // namespace

TEST_CASE("samples of random recordings are those of a loop over everything") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    MadeRecording made = random_recording(seed);
    DatasetOptions options = random_options(seed);
    options.normalise = options.normalise_targets = "none";
    INFO("seed " << seed);
    Dataset dataset(made.source(400), options, random_inputs, random_targets, 1);
    const auto H = std::llround(options.history / options.bin), lag = std::llround(options.lag / options.bin),
               K = std::llround(options.horizon / options.bin), stride = std::llround(options.stride / options.bin);
    for (const Split split : {Split::train, Split::validation, Split::test}) {
      const auto first = std::llround(dataset.span(split).first / options.bin),
                 last = std::llround(dataset.span(split).second / options.bin);
      const Samples all = gather_all(dataset, split);
      double worst = 0;
      int64_t sample = 0;
      for (int64_t w = first; w + H + lag + K - 1 <= last; w += stride, ++sample) {
        for (int64_t h = 0; h < H; ++h)
          for (int c = 0; c < 4; ++c)
            worst = std::max(worst, std::fabs(all.X[static_cast<size_t>((sample * H + h) * 4 + c)] -
                                              brute_value(made, options, true, c, w + h)));
        for (int64_t k = 0; k < K; ++k)
          for (int c = 0; c < 3; ++c) {
            const int64_t b = w + H - 1 + lag + k;
            double expected = brute_value(made, options, false, c, b);
            if (c == 0 && options.smoothing > 0) {
              double sum = 0, weights = 0;
              const bool gaussian = options.smoothing_kernel == "gaussian";
              for (int64_t other = first; other < last; ++other) {
                const double x = static_cast<double>(other - b) * options.bin / options.smoothing;
                const double weight = gaussian ? std::exp(-x * x / 2) : other <= b ? std::exp(x) : 0;
                sum += weight * brute_value(made, options, false, 0, other);
                weights += weight;
              }
              expected = sum / weights;
            }
            // Filters are cut where their weight is below 4e-4, rates are of the order of 100 Hz
            worst = std::max(worst, std::fabs(all.Y[static_cast<size_t>((sample * K + k) * 3 + c)] - expected) /
                                        (c == 0 ? 1000 : 1));
          }
      }
      CHECK(dataset.samples(split) == sample);
      CHECK(worst < (options.smoothing > 0 ? 4e-4 : 1e-6));
    }
  }
}

TEST_CASE("values do not depend on how much is kept in memory, on the order of asking or on threads, to the bit") {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    INFO("seed " << seed);
    MadeRecording made = random_recording(seed);
    DatasetOptions options = random_options(seed);
    Dataset whole(made.source(400), options, random_inputs, random_targets, 1);
    options.cache = 0.0003;  // ten bins at most
    Dataset streamed(made.source(400), options, random_inputs, random_targets, 1);
    CHECK(streamed.baseline() == whole.baseline());
    CHECK(streamed.input_normalisation().std == whole.input_normalisation().std);
    CHECK(streamed.describe() != whole.describe());
    for (const Split split : {Split::train, Split::validation, Split::test}) {
      std::vector<int64_t> numbers;
      Stream stream(Key{seed, 5}, 0);
      for (int i = 0; i < 50; ++i) numbers.push_back(stream.below(static_cast<uint32_t>(whole.samples(split))));
      set_threads(1);
      const Samples expected = gather(whole, split, numbers);
      CHECK(gather(streamed, split, numbers) == expected);
      set_threads(3);
      CHECK(gather(whole, split, numbers) == expected);
      set_threads(0);
      CHECK(gather_all(streamed, split) == gather_all(whole, split));
    }
  }
}

namespace {

archive::Skeleton skeleton_of(const MadeRecording& made) {
  archive::Skeleton skeleton{.experiment = "", .description = "test", .seed = 1, .duration_ms = 400};
  skeleton.objects.push_back({"simulation", {{"trial", 40.0, "ms"}}});
  skeleton.populations.push_back({.name = "E", .model = "iaf", .size = 3});
  skeleton.populations.push_back({.name = "n", .model = "rate", .size = 2, .spikes = false});
  skeleton.traces.push_back({"n", "V_m", "1", {0, 1}, made.traces[0].start, made.traces[0].interval});
  skeleton.signals.push_back({"drive", "Hz", "", 0, 1});
  return skeleton;
}

struct TemporaryFile {
  std::string path = std::filesystem::temp_directory_path() / fmt::format("proxon_dataset_{}.h5", ::getpid());
  ~TemporaryFile() { std::filesystem::remove(path); }
};

}  // namespace

TEST_CASE("an archive gives the same samples as the recording in memory") {
  MadeRecording made = random_recording(7);
  const TemporaryFile file;
  {
    archive::Writer writer = archive::Writer::create(file.path, skeleton_of(made));
    writer.append_spikes(0, made.memory.spike[0].time, made.memory.spike[0].neuron);
    writer.append_trace(0, made.memory.traces[0]);
    writer.append_signal(0, made.memory.signals[0]);
    writer.end_stage("simulate", 1);
    writer.close();
  }
  const archive::Reader reader(file.path);
  CHECK(recording_of(reader)->trial == 40);
  CHECK(recording_of(reader)->end == 400);
  for (const double cache : {256.0, 0.0005}) {
    DatasetOptions options;
    options.bin = 2;
    options.history = 10;
    options.smoothing = 5;
    Dataset in_memory(made.source(400, 40), options, random_inputs, random_targets, 1);
    options.cache = cache;
    Dataset streamed(recording_of(reader), options, random_inputs, random_targets, 1);
    CHECK(streamed.target_channel_names() == in_memory.target_channel_names());
    CHECK(streamed.record() == in_memory.record());
    for (const Split split : {Split::train, Split::validation, Split::test})
      CHECK(gather_all(streamed, split) == gather_all(in_memory, split));
  }
}

TEST_CASE("an archive of a run that was stopped gives the samples up to there") {
  MadeRecording made = random_recording(8);
  auto& spikes = made.memory.spike[0];
  while (spikes.time.back() > 200) spikes.time.pop_back(), spikes.neuron.pop_back();
  made.memory.signals[0].resize(200);
  made.memory.traces[0].resize(800);
  const TemporaryFile file;
  {
    archive::Writer writer = archive::Writer::create(file.path, skeleton_of(made));
    writer.append_spikes(0, spikes.time, spikes.neuron);
    writer.append_trace(0, made.memory.traces[0]);
    writer.append_signal(0, made.memory.signals[0]);
    writer.close();
  }
  const archive::Reader reader(file.path);
  CHECK(reader.duration_ms() == 400);
  DatasetOptions options;
  options.bin = 4;
  options.train = 0.6, options.validation = options.test = 0.2;  // of 5 trials
  Dataset in_memory(made.source(200, 40), options, random_inputs, random_targets, 1);
  Dataset streamed(recording_of(reader), options, random_inputs, random_targets, 1);
  CHECK(streamed.span(Split::test).second == 200);
  for (const Split split : {Split::train, Split::validation, Split::test})
    CHECK(gather_all(streamed, split) == gather_all(in_memory, split));
}
