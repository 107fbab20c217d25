// Samples that are sequences of bins: what a step sees and is asked for, events, burn-in, and what the archive gets of overlapping ones.
#include <doctest/doctest.h>

#include "made_recording.hpp"

using namespace proxon;

namespace {

/// Two populations of spikes and a potential that counts the milliseconds; 60 ms, bins of 1 ms.
MadeRecording recording() {
  MadeRecording made;
  std::vector<double> time;
  std::vector<int32_t> neuron;
  for (int t = 0; t < 60; ++t)
    for (int n = 0; n < 3; ++n)
      if ((t * 7 + n * 5) % 11 == 0) time.push_back(t + 1), neuron.push_back(n);
  time.push_back(60), neuron.push_back(2);
  made.add_population("in", 3, time, neuron);
  made.add_population("out", 1, {4, 9.5, 10, 33}, {0, 0, 0, 0});
  made.add_trace("cell", "V_m", {0}, 1, 1, counting(60));
  return made;
}

DatasetOptions options() {
  DatasetOptions options = plain_options(1);
  options.sequence = 10;
  options.burn_in = 3;
  return options;
}
const ChannelSpec input{.source = "population:in", .what = "spikes"};
const ChannelSpec targets[] = {{.source = "population:out", .what = "spikes"}, {.source = "population:cell", .what = "V_m"}};

std::vector<float> rows_of(Dataset& dataset, std::vector<int64_t> numbers) {
  EventList events;
  std::vector<float> X(numbers.size() * static_cast<size_t>(dataset.steps() * dataset.inputs()), -1.f), Y(X.size());
  dataset.gather(Split::train, numbers, events, Y.data());
  CHECK(events.rows() == static_cast<int64_t>(numbers.size()) * dataset.steps());
  events.spread(X.data(), dataset.inputs());
  // The index by channel says the same.
  const Events view = events.view();
  int64_t seen = 0;
  for (int64_t c = 0; c < dataset.inputs(); ++c)
    for (int64_t k = view.channel_begin[c]; k < view.channel_begin[c + 1]; ++k, ++seen) {
      CHECK(X[static_cast<size_t>(view.row[k] * dataset.inputs() + c)] == view.value_by_channel[k]);
      if (k > view.channel_begin[c]) CHECK(view.row[k] > view.row[k - 1]);
    }
  CHECK(seen == view.count);
  return X;
}

}  // namespace

TEST_CASE("every step of a sequence has the inputs of its bin and the targets of the same bin, or lag later") {
  for (const double lag : {0.0, 2.0}) {
    MadeRecording made = recording();
    DatasetOptions o = options();
    o.lag = lag;
    Dataset dataset(made.source(60), o, {&input, 1}, targets, 1);
    CHECK(dataset.steps() == 10);
    CHECK(dataset.burn_in() == 3);
    CHECK(dataset.inputs() == 3);
    CHECK(dataset.outputs() == 2);
    CHECK(dataset.output_names() == std::vector<std::string>{"out[0] spikes", "cell[0] V_m"});
    CHECK(dataset.target_ranges() == std::vector<std::pair<int64_t, int64_t>>{{0, 1}, {1, 1}});
    // What is asked of one sample follows on what is asked of the one before.
    REQUIRE(dataset.samples(Split::train) == (lag == 0 ? 8 : 7));
    for (const int64_t number : {0, 1, 6}) {
      std::vector<float> X(30), Y(20);
      const int64_t numbers[] = {number};
      dataset.gather(Split::train, numbers, X.data(), Y.data());
      for (int64_t t = 0; t < 10; ++t) {
        const int64_t bin = number * 7 + t, asked = bin + static_cast<int64_t>(lag);
        for (int64_t n = 0; n < 3; ++n) CHECK(X[static_cast<size_t>(t * 3 + n)] == ((bin * 7 + n * 5) % 11 == 0 ? 1.f : 0.f) + (bin == 59 && n == 2));
        CHECK(Y[static_cast<size_t>(t * 2)] == (asked == 3 || asked == 32 ? 1.f : asked == 9 ? 2.f : 0.f));
        CHECK(Y[static_cast<size_t>(t * 2 + 1)] == static_cast<float>(asked));
      }
      CHECK(dataset.sample_time(Split::train, number) == doctest::Approx(static_cast<double>(number) * 7 + 1 + lag));
    }
  }
}

TEST_CASE("spikes come as events when they are all there is and nothing is normalised, and are the same numbers") {
  MadeRecording made = recording();
  Dataset dataset(made.source(60), options(), {&input, 1}, targets, 1);
  REQUIRE(dataset.sparse());
  std::vector<float> X(2 * 30), Y(2 * 20);
  const int64_t numbers[] = {5, 2};
  dataset.gather(Split::train, numbers, X.data(), Y.data());
  CHECK(rows_of(dataset, {5, 2}) == X);

  // However little is kept in memory.
  DatasetOptions tight = options();
  tight.cache = 1e-4;
  MadeRecording again = recording();
  Dataset small(again.source(60), tight, {&input, 1}, targets, 1);
  CHECK(rows_of(small, {5, 2}) == X);

  DatasetOptions normalised = options();
  normalised.normalise = "zscore";
  MadeRecording third = recording();
  CHECK_FALSE(Dataset(third.source(60), normalised, {&input, 1}, targets, 1).sparse());
  const ChannelSpec mixed[] = {input, targets[1]};
  MadeRecording fourth = recording();
  CHECK_FALSE(Dataset(fourth.source(60), options(), mixed, targets, 1).sparse());
}

TEST_CASE("the mean of the targets is that of the bins that are asked for") {
  MadeRecording made = recording();
  Dataset dataset(made.source(60), options(), {&input, 1}, targets, 1);
  // Eight sequences ask for the bins 3 .. 58, each once.
  CHECK(dataset.baseline()[0] == doctest::Approx(4.0 / 56));
  CHECK(dataset.baseline()[1] == doctest::Approx(30.5));
  CHECK(dataset.mean_targets() == dataset.baseline());
  DatasetOptions o = options();
  o.normalise_targets = "zscore";
  MadeRecording again = recording();
  for (const float mean : Dataset(again.source(60), o, {&input, 1}, targets, 1).mean_targets()) CHECK(std::fabs(mean) < 1e-6f);
}

TEST_CASE("of sequences that overlap each bin is new once, and none crosses a trial") {
  DatasetOptions o = options();
  o.stride = 2;
  o.trial = 20;
  MadeRecording made = recording();
  Dataset dataset(made.source(60), o, {&input, 1}, targets, 1);
  REQUIRE(dataset.samples(Split::train) == 18);
  std::vector<int> seen(60, 0);
  for (int64_t number = 0; number < 18; ++number)
    for (int64_t step = dataset.first_new_step(Split::train, number); step < 10; ++step)
      ++seen[static_cast<size_t>(std::llround(dataset.sample_time(Split::train, number)) - 1 + step)];
  for (int bin = 0; bin < 60; ++bin) CHECK(seen[static_cast<size_t>(bin)] == (bin % 20 >= 3));
}

TEST_CASE("what cannot be of a sequence is one sentence") {
  const auto error = [](auto change) -> std::string {
    DatasetOptions o = options();
    change(o);
    MadeRecording made = recording();
    try {
      Dataset dataset(made.source(60), o, {&input, 1}, targets, 1);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  auto has = [](const std::string& text, const char* part) { return text.find(part) != std::string::npos; };
  CHECK(has(error([](DatasetOptions& o) { o.history = 5; }), "leave out one of them"));
  CHECK(has(error([](DatasetOptions& o) { o.horizon = 5; }), "leave out one of them"));
  CHECK(has(error([](DatasetOptions& o) { o.burn_in = 10; }), "leaves nothing"));
  CHECK(has(error([](DatasetOptions& o) { o.sequence = 0; }), "set sequence"));
  CHECK(has(error([](DatasetOptions& o) { o.sequence = 61; }), "a sequence of 61 ms"));
  CHECK(has(error([](DatasetOptions& o) { o.align = "trial_end", o.trial = 20; }), "trial_end"));
  CHECK(has(error([](DatasetOptions& o) { o.sequence = 10.5; }), "no multiple of bin"));
  CHECK(error([](DatasetOptions&) {}).empty());
}
