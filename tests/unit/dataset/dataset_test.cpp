#include "proxon/dataset/dataset.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "made_recording.hpp"
#include "proxon/base/threads.hpp"

using namespace proxon;
using Floats = std::vector<float>;

TEST_CASE("a sample sees history bins of the inputs and is asked for horizon bins of the targets, lag later") {
  MadeRecording made;
  made.add_signal("drive", 0, 10, counting(10));
  made.add_trace("n", "activity", {0}, 10, 10, counting(10, 100));
  const ChannelSpec inputs[] = {{.source = "stimulus:drive"}},
                    targets[] = {{.source = "population:n", .what = "activity"}};
  DatasetOptions options = plain_options(10);
  options.history = 30;

  SUBCASE("lag 0: the target bin is the last one seen") {
    Dataset dataset(made.source(100), options, inputs, targets, 1);
    CHECK(dataset.samples(Split::train) == 8);
    CHECK(gather(dataset, Split::train, {0}) == Samples{{0, 1, 2}, {102}});
    CHECK(gather(dataset, Split::train, {7, 1}) == Samples{{7, 8, 9, 1, 2, 3}, {109, 103}});
    CHECK(dataset.sample_time(Split::train, 0) == 30);
    CHECK(dataset.sample_time(Split::train, 7) == 100);
    CHECK(dataset.baseline() == Floats{105.5f});
  }
  SUBCASE("lag of one bin: the next one") {
    options.lag = 10;
    Dataset dataset(made.source(100), options, inputs, targets, 1);
    CHECK(dataset.samples(Split::train) == 7);
    CHECK(gather(dataset, Split::train, {6}) == Samples{{6, 7, 8}, {109}});
    CHECK(dataset.sample_time(Split::train, 0) == 40);
  }
  SUBCASE("horizon of two bins after a lag of two") {
    options.lag = 20;
    options.horizon = 20;
    Dataset dataset(made.source(100), options, inputs, targets, 1);
    CHECK(dataset.samples(Split::train) == 5);
    CHECK(gather(dataset, Split::train, {4}) == Samples{{4, 5, 6}, {108, 109}});
    CHECK(dataset.output_names() == std::vector<std::string>{"n[0] activity", "n[0] activity +10 ms"});
    // Targets 104 105 | 105 106 | ... | 108 109: inner bins count twice
    CHECK(dataset.baseline() == Floats{106.5f, 106.5f});
  }
  SUBCASE("stride and warm-up") {
    options.stride = 20;
    options.warm_up = 10;
    Dataset dataset(made.source(100), options, inputs, targets, 1);
    CHECK(dataset.samples(Split::train) == 4);
    CHECK(gather(dataset, Split::train, {0, 3}) == Samples{{1, 2, 3, 7, 8, 9}, {103, 109}});
    CHECK(dataset.baseline() == Floats{106});
  }
}

TEST_CASE("a recorded rate is a channel, and equals the rate of the population's spikes") {
  MadeRecording made;
  made.add_population("E", 2, {0.1, 9.9, 10, 10.1, 30, 39}, {0, 1, 0, 0, 1, 1});
  made.add_signal("E", 0, 10, {150, 50, 50, 50});  // spikes in (begin, end], by two neurons and 10 ms
  made.signals.back().population = true;
  made.add_signal("E", 0, 10, {1, 2, 3, 4});  // a stimulus of the same name
  const ChannelSpec specs[] = {{.source = "rate:E"}, {.source = "population:E"}, {.source = "stimulus:E"}};
  Dataset dataset(made.source(40), plain_options(10), specs, specs, 1);
  CHECK(dataset.output_names() == std::vector<std::string>{"E rate", "E rate", "E"});
  CHECK(gather(dataset, Split::train, {0}).Y == Floats{150, 150, 1});
  CHECK(gather(dataset, Split::train, {2}).Y == Floats{50, 50, 3});

  const ChannelSpec missing[] = {{.source = "rate:F"}}, part[] = {{.source = "rate:E", .what = "spikes"}};
  CHECK_THROWS_WITH_AS(Dataset(made.source(40), plain_options(10), missing, specs, 1),
                       doctest::Contains("names no rate that was recorded ([record.rates.NAME]). Did you mean 'rate:E'?"), Error);
  CHECK_THROWS_WITH_AS(Dataset(made.source(40), plain_options(10), part, specs, 1), doctest::Contains("a recorded rate gives its signal alone"), Error);
}

TEST_CASE("the class that a stimulus shows is one channel a label; nothing shown is none of them") {
  MadeRecording made;
  made.add_signal("images", 0, 10, {3, 3, 0, 1, 1, 0, 0, 0, 0, 2, 2, 0});  // numbers of labels from 1; 0: nothing is shown
  const ChannelSpec label[] = {{.source = "stimulus:images", .what = "class"}}, signal[] = {{.source = "stimulus:images"}};
  Dataset dataset(made.source(120), plain_options(30), signal, label, 1);
  CHECK(dataset.output_names() == std::vector<std::string>{"0", "1", "2"});
  CHECK(gather(dataset, Split::train, {0, 1, 2, 3}).Y == Floats{0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0});

  CHECK_THROWS_WITH_AS(Dataset(made.source(120), plain_options(60), label, label, 1), doctest::Contains("the class of stimulus 'images' changes between 0 and 60 ms"), Error);
  made.add_signal("drive", 0, 10, {1, 0.5f, 2});
  const ChannelSpec no_label[] = {{.source = "stimulus:drive", .what = "class"}};
  CHECK_THROWS_WITH_AS(Dataset(made.source(30), plain_options(10), signal, no_label, 1), doctest::Contains("the signal of this one has the value 0.5"), Error);
  made.add_signal("dark", 0, 10, {0, 0, 0});
  const ChannelSpec nothing[] = {{.source = "stimulus:dark", .what = "class"}};
  CHECK_THROWS_WITH_AS(Dataset(made.source(30), plain_options(10), signal, nothing, 1), doctest::Contains("nothing was shown"), Error);
}

TEST_CASE("windows of two splits share no bin, and a gap keeps them further apart") {
  MadeRecording made;
  made.add_signal("drive", 0, 1, counting(100));
  const ChannelSpec channels[] = {{.source = "stimulus:drive"}};
  DatasetOptions options = plain_options(1);
  options.history = 5;
  options.lag = 2;
  options.horizon = 3;
  options.train = 0.5, options.validation = 0.3, options.test = 0.2;
  for (const double gap : {0.0, 4.0}) {
    options.gap = gap;
    Dataset dataset(made.source(100), options, channels, channels, 1);
    float last = -1;
    const std::pair<double, double> spans[] = {{0, 50}, {50 + gap, 80}, {80 + gap, 100}};
    for (const Split split : {Split::train, Split::validation, Split::test}) {
      const Samples all = gather_all(dataset, split);
      const auto [lowest, highest] = std::minmax_element(all.X.begin(), all.X.end());
      CHECK(*lowest >= last + 1 + (split == Split::train ? 0 : gap));
      last = std::max(*highest, *std::max_element(all.Y.begin(), all.Y.end()));
      CHECK(dataset.span(split) == spans[static_cast<size_t>(split)]);
      const double bins = dataset.span(split).second - dataset.span(split).first;
      CHECK(dataset.samples(split) == static_cast<int64_t>(bins) - 9 + 1);
    }
    CHECK(last == 99);
  }
}

TEST_CASE("no window crosses the border of a trial") {
  MadeRecording made;
  made.add_signal("x", 0, 1, counting(60));
  made.add_trace("n", "activity", {0, 1}, 1, 1, counting(120));
  const ChannelSpec inputs[] = {{.source = "stimulus:x"}};
  const ChannelSpec targets[] = {{.source = "population:n", .what = "activity"}};
  DatasetOptions options = plain_options(1);
  options.history = 3;
  options.lag = 1;
  options.train = 0.6, options.validation = options.test = 0.2;

  SUBCASE("every bin of a trial of 6") {
    options.warm_up = 1;  // the first trial begins before the warm-up ends: it is left out
    Dataset dataset(made.source(60, 6), options, inputs, targets, 1);
    CHECK(dataset.samples(Split::train) == 5 * 3);  // 9 trials: 5, 2, 2
    CHECK(dataset.samples(Split::validation) == 2 * 3);
    CHECK(dataset.samples(Split::test) == 2 * 3);
    CHECK(gather(dataset, Split::train, {2, 3}) == Samples{{8, 9, 10, 12, 13, 14}, {22, 23, 30, 31}});
    for (int64_t i = 0; i < dataset.samples(Split::train); ++i) {
      const Samples one = gather(dataset, Split::train, {i});
      CHECK(int(one.X[0]) / 6 == int(one.Y[0]) / 12);
    }
  }
  SUBCASE("one sample a trial of 2, at its end") {
    options.history = 2;
    options.lag = 0;
    options.align = "trial_end";
    options.trial = 2;  // what the options say goes before what the recording says
    Dataset dataset(made.source(60, 6), options, inputs, targets, 1);
    CHECK(dataset.samples(Split::train) == 18);
    CHECK(gather(dataset, Split::train, {0, 1}) == Samples{{0, 1, 2, 3}, {2, 3, 6, 7}});
    CHECK(dataset.sample_time(Split::train, 1) == 4);
    // Second bins alone are targets: neuron 0 has 2, 6, ..., 70
    CHECK(dataset.baseline() == Floats{36, 37});
  }
  SUBCASE("trials drawn for the splits: each in one of them, by the seed alone") {
    options.history = 2;
    options.lag = 0;
    options.align = "trial_end";
    options.split_by = "trial";
    std::vector<Floats> drawn;
    for (const uint64_t seed : {1, 1, 2}) {
      Dataset dataset(made.source(60, 2), options, inputs, targets, seed);
      std::set<float> seen;
      for (const Split split : {Split::train, Split::validation, Split::test}) {
        const Samples all = gather_all(dataset, split);
        CHECK(std::is_sorted(all.X.begin(), all.X.end()));
        seen.insert(all.X.begin(), all.X.end());
        if (split == Split::test) drawn.push_back(all.X);
      }
      CHECK(seen.size() == 60);
    }
    CHECK(drawn[0] == drawn[1]);
    CHECK(drawn[0] != drawn[2]);
  }
  SUBCASE("splits that follow each other within each trial of 10: the same times of all trials are held back") {
    options.history = 2;
    options.lag = 0;
    options.split_by = "within_trial";
    options.train = 0.5, options.validation = 0.2, options.test = 0.3;
    options.warm_up = 1;  // five trials
    const int64_t from[] = {0, 5, 7, 10}, samples[] = {4, 1, 2};
    Dataset dataset(made.source(60, 10), options, inputs, targets, 1);
    for (const Split split : {Split::train, Split::validation, Split::test}) {
      const auto s = static_cast<size_t>(split);
      REQUIRE(dataset.samples(split) == 5 * samples[s]);
      for (int64_t i = 0; i < dataset.samples(split); ++i) {
        const Samples one = gather(dataset, split, {i});
        const auto begin = static_cast<float>(10 * (1 + i / samples[s]) + from[s] + i % samples[s]);
        CHECK(one == Samples{{begin, begin + 1}, {2 * (begin + 1), 2 * (begin + 1) + 1}});
      }
    }
    CHECK(dataset.span(Split::test) == std::pair<double, double>{17, 60});
    options.gap = 1;
    CHECK_THROWS_WITH(Dataset(made.source(60, 10), options, inputs, targets, 1),
                      "dataset: the validation split (0.2 of the trial's 10 ms) holds no window of 2 ms: record longer, shorten the window, or raise "
                      "validation.");
    CHECK_THROWS_WITH(Dataset(made.source(60), options, inputs, targets, 1),
                      "dataset: split_by = \"within_trial\" needs trials: give trial, the length of one in ms.");
  }
}

TEST_CASE("normalisation is that of the training span, and to_units undoes it") {
  MadeRecording made;
  made.add_signal("x", 0, 1, {1, 3, 1, 3, 100, 200, 300, 400});
  made.add_signal("flat", 0, 1, Floats(8, 0.1f));
  made.add_trace("n", "V_m", {0}, 1, 1, {-72, -68, -72, -68, 0, 10, 20, 30});
  const ChannelSpec inputs[] = {{.source = "stimulus:x"}, {.source = "stimulus:flat"}};
  const ChannelSpec targets[] = {{.source = "population:n", .what = "V_m"}};
  DatasetOptions options = plain_options(1);
  options.train = 0.5, options.test = 0.5;
  options.normalise = options.normalise_targets = "zscore";
  Dataset dataset(made.source(8), options, inputs, targets, 1);
  CHECK(dataset.input_normalisation().mean[0] == 2);
  CHECK(dataset.input_normalisation().std == std::vector<double>{1, 1});
  CHECK(dataset.target_normalisation().mean == std::vector<double>{-70});
  CHECK(dataset.target_normalisation().std[0] == doctest::Approx(2).epsilon(1e-12));  // a few roundings of a double
  CHECK(dataset.baseline() == Floats{-70});
  CHECK(gather(dataset, Split::train, {0, 1}) == Samples{{-1, 0, 1, 0}, {-1, 1}});
  Samples test = gather_all(dataset, Split::test);
  CHECK(test.X == Floats{98, 0, 198, 0, 298, 0, 398, 0});
  dataset.to_units(test.Y);
  for (size_t i = 0; i < 4; ++i)
    CHECK(test.Y[i] == doctest::Approx(10. * static_cast<double>(i)).epsilon(1e-5));  // -70 in float32
}

TEST_CASE("smoothing looks back only (exponential) or both ways (gaussian), and never over the border of a split") {
  MadeRecording made;
  made.add_population("E", 1, {15, 75}, {0, 0});  // one spike in bin 1 of 0 .. 4, one in bin 2 of 5 .. 9
  const ChannelSpec channels[] = {{.source = "population:E"}};
  DatasetOptions options = plain_options(10);
  options.train = options.test = 0.5;
  options.smoothing = 10;
  const double e = std::exp(-1.0), g = std::exp(-0.5), g4 = std::exp(-2.0), g9 = std::exp(-4.5);
  auto approx = [](double value) { return doctest::Approx(value).epsilon(1e-6); };  // float32
  SUBCASE("exponential") {
    Dataset dataset(made.source(100), options, channels, channels, 1);
    const Samples train = gather_all(dataset, Split::train), test = gather_all(dataset, Split::test);
    CHECK(train.X == Floats{0, 100, 0, 0, 0});
    CHECK(train.Y[0] == 0);
    CHECK(train.Y[1] == approx(100 / (1 + e)));
    CHECK(train.Y[2] == approx(100 * e / (1 + e + e * e)));
    CHECK(train.Y[4] == approx(100 * std::exp(-3.0) / (1 + e + e * e + std::exp(-3.0) + std::exp(-4.0))));
    CHECK(test.Y[1] == 0);  // nothing of the training span
    CHECK(test.Y[2] == approx(100 / (1 + e + e * e)));
  }
  SUBCASE("gaussian") {
    options.smoothing_kernel = "gaussian";
    Dataset dataset(made.source(100), options, channels, channels, 1);
    const Samples train = gather_all(dataset, Split::train);
    CHECK(train.Y[0] == approx(100 * g / (1 + g + g4 + g9 + std::exp(-8.0))));
    CHECK(train.Y[1] == approx(100 / (g + 1 + g + g4 + g9)));
    CHECK(train.Y[2] == approx(100 * g / (g4 + g + 1 + g + g4)));
  }
}

TEST_CASE("what cannot be is one sentence") {
  MadeRecording made;
  made.add_population("E", 10, {1, 2, 3}, {0, 1, 2});
  made.add_population("silent", 3, {}, {});
  made.add_trace("n", "activity", {0, 1}, 1, 1, counting(200));
  Floats bad = counting(200);
  bad[151] = std::numeric_limits<float>::quiet_NaN();
  made.add_trace("broken", "V_m", {4, 7}, 1, 1, bad);
  made.add_trace("coarse", "V_m", {0}, 50, 50, {1, 2});
  made.add_signal("drive", 0, 1, counting(100));
  ChannelSpec input{.source = "stimulus:drive"}, target{.source = "population:E"};
  DatasetOptions options = plain_options(10);
  auto error = [&]() -> std::string {
    try {
      Dataset dataset(made.source(100), options, {&input, 1}, {&target, 1}, 1);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  CHECK(error() == "");

  SUBCASE("times") {
    options.history = 25;
    CHECK(error() == "dataset: history = 25 ms is no multiple of bin = 10 ms: take 20 or 30 ms.");
    options.history = 110;
    CHECK(error() ==
          "dataset: a window of 110 ms (history 110 + lag 0 + horizon 10, less one bin) does not fit into the "
          "recording of 100 "
          "ms: record longer, or shorten history, lag or horizon.");
    options.history = 100;
    CHECK(error() == "");
    options.warm_up = 10;
    CHECK(error().find("after a warm_up of 10 ms") != std::string::npos);
    options.trial = 50;
    options.warm_up = 0;
    CHECK(error().find("does not fit into a trial of 50 ms") != std::string::npos);
    options.history = 0;
    CHECK(error() == "");
    options.trial = 0;
    options.align = "trial_end";
    CHECK(error() == "dataset: align = \"trial_end\" needs trials: give trial, the length of one in ms.");
  }
  SUBCASE("splits") {
    options.history = 20;
    options.train = 0.8, options.validation = 0.1, options.test = 0.1;
    CHECK(error() ==
          "dataset: the validation split (0.1 of 100 ms) holds no window of 20 ms: record longer, shorten the window, "
          "or raise "
          "validation.");
    options.validation = 0, options.test = 0.2;
    CHECK(error() == "");
    options.gap = 10;
    CHECK(error().find("the test split") != std::string::npos);
    options.trial = 50, options.gap = 0;
    CHECK(error() == "dataset: the test split (0.2 of 2 trials) holds no trial: record more of them, or raise test.");
    options.validation = 0.3;
    CHECK(error().find("must not be above 1") != std::string::npos);
  }
  SUBCASE("channels") {
    target.source = "population:silent";
    CHECK(error() == "");  // noted on standard error
    target.source = "population:Exc";
    CHECK(error() == "the target source 'population:Exc' names no population of the recording.");
    target.source = "population:E";
    input.source = "stimulus:drve";
    CHECK(error() ==
          "the input source 'stimulus:drve' names no stimulus whose signal was recorded. Did you mean 'stimulus:drive'?");
    input.source = "drive";
    CHECK(error() ==
          "the input source 'drive' is neither \"stimulus:NAME\" nor \"population:NAME\" nor \"rate:NAME\". Did you mean "
          "'stimulus:drive'?");
    input.source = "stimulus:drive";
    const int64_t outside[] = {3, 10};
    target.neurons = outside;
    CHECK(error() == "neuron 10 is not among the 10 recorded neurons of population 'E': take one of 0 .. 9.");
    target.neurons = {};
    target.what = "spike";
    CHECK(error() ==
          "what = \"spike\" of the target 'population:E' is neither \"rate\", \"spikes\" nor a variable that was "
          "recorded of it. "
          "Did you mean 'spikes'?");
    target = {.source = "population:n"};
    CHECK(error().find("population 'n' has no recorded spikes") == 0);
    target.what = "activity";
    CHECK(error() == "");
    options.smoothing = 10;
    CHECK(error() == "dataset: smoothing acts on target rates, and no target is a rate: leave smoothing out.");
    options.smoothing = 0;
    target = {.source = "population:broken", .what = "V_m"};
    CHECK(error() == "V_m of population 'broken' is not a finite number in neuron 7 between 70 and 80 ms.");
    const int64_t whole[] = {4};
    target.neurons = whole;
    CHECK(error() == "");
    target = {.source = "population:coarse", .what = "V_m"};
    CHECK(error() ==
          "V_m of population 'coarse' was recorded every 50 ms, more seldom than once a bin of 10 ms: record it more "
          "often or take "
          "wider bins.");
  }
}

TEST_CASE("a recording that stopped early gives the bins that all channels cover") {
  MadeRecording made;
  made.add_signal("drive", 0, 1, counting(57));
  made.add_trace("n", "activity", {0}, 0.1, 1, counting(64));
  const ChannelSpec inputs[] = {{.source = "stimulus:drive"}},
                    targets[] = {{.source = "population:n", .what = "activity"}};
  Dataset dataset(made.source(100), plain_options(10), inputs, targets, 1);
  CHECK(dataset.samples(Split::train) == 5);
  const ChannelSpec only[] = {{.source = "population:n", .what = "activity"}};
  Dataset trace(made.source(100), plain_options(10), only, only, 1);
  CHECK(trace.samples(Split::train) == 6);
  CHECK(gather(trace, Split::train, {0}).Y == Floats{4.5});  // rows at 0.1, 1.1, ..., 9.1
}

TEST_CASE("the dataset describes itself with its sizes") {
  MadeRecording made;
  made.add_population("E", 10, {1, 2, 3}, {0, 1, 2});
  const ChannelSpec inputs[] = {{.source = "population:E", .what = "spikes"}}, targets[] = {{.source = "population:E"}};
  DatasetOptions options = plain_options(10);
  options.history = 20;
  Dataset dataset(made.source(100), options, inputs, targets, 1);
  CHECK(dataset.describe() ==
        "inputs   20 = 10 channels x 2 bins of 10 ms: E[0] spikes, E[1] spikes, E[2] spikes, E[3] spikes, ... E[9] "
        "spikes\n"
        "outputs  1 = 1 channels x 1 bins: E rate\n"
        "samples  9 train, 0 validation, 0 test\n"
        "memory   440 B of 440 B of binned recording\n");
}
