// Labelled samples: what columns become, which samples are in which split, padding, spikes, and what is refused, with its place.
#include <doctest/doctest.h>

#include <set>

#include "../network/support.hpp"
#include "proxon/dataset/samples.hpp"

using namespace network_test;

namespace {

/// A way to read, with files under the names "train", "validation", "test".
struct Told {
  TemporaryFolder folder;
  std::map<std::string, std::string> files;
  PluginValue way;
  SampleOptions options;
  LabelledSamples::Specs inputs, targets;

  explicit Told(const std::string& choice) : way(reader(choice)) {}
  Told(const Told&) = delete;
  void file(const std::string& name, const std::string& text) { files[name] = folder.write(name, text); }
  SampleSpec spec(int64_t column, std::string_view encoding) {
    SampleSpec s;
    s.reader.value = &way, s.train = "train", s.column = column, s.encoding = encoding;
    if (files.contains("test")) s.test = "test";
    return s;
  }
  LabelledSamples read() const { return LabelledSamples(options, inputs, targets, files, 1); }
  std::string refused() const {
    try {
      read();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
};

/// Words and tags of some sentences.
struct Sentences : Told {
  Sentences() : Told("'conll'") {
    file("train", "The\tO\ndog\tB-x\n\nThe\tO\ncat\tB-x\nsat\tO\n\nhi\tO\n");
    file("test", "The\tO\ncow\tB-x\n");
    options.validation = 0;
    inputs.emplace_back("word", spec(0, "word"));
    targets.emplace_back("tag", spec(1, "class"));
  }
};

/// `rows` images of two pixels, whose first is their number.
std::string images(int rows) {
  std::string text("\0\0\x08\x02\0\0\0", 7);
  text += static_cast<char>(rows), text += std::string("\0\0\0\x02", 4);
  for (int i = 0; i < rows; ++i) text += static_cast<char>(i), text += static_cast<char>(200);
  return text;
}

/// Events of a batch as (row, channel, value).
std::vector<std::tuple<int64_t, int32_t, float>> events_of(LabelledSamples& samples, Split split, std::vector<int64_t> numbers, std::vector<float>& Y) {
  EventList list;
  Y.assign(numbers.size() * static_cast<size_t>(samples.steps_of(split, numbers) * samples.outputs()), 9.f);
  samples.gather(split, numbers, list, Y.data());
  const Events events = list.view();
  std::vector<std::tuple<int64_t, int32_t, float>> all;
  for (int64_t row = 0; row < list.rows(); ++row)
    for (int64_t k = events.row_begin[row]; k < events.row_begin[row + 1]; ++k) all.emplace_back(row, events.channel[k], events.value[k]);
  return all;
}

}  // namespace

TEST_CASE("words become entries of the training file's vocabulary, others the unknown, and labels classes") {
  Sentences told;
  LabelledSamples samples = told.read();
  CHECK(samples.inputs() == 6);  // (unknown) The cat dog hi sat
  CHECK(samples.output_names() == std::vector<std::string>{"B-x", "O"});
  CHECK(samples.steps() == 3);
  CHECK(samples.varies());
  CHECK(samples.sparse());
  CHECK(samples.samples(Split::train) == 3);
  CHECK(samples.length(Split::train, 1) == 3);
  std::vector<float> Y;
  using Event = std::tuple<int64_t, int32_t, float>;
  CHECK(events_of(samples, Split::test, {0}, Y) == std::vector<Event>{{0, 1, 1.f}, {1, 0, 1.f}});
  CHECK(Y == std::vector<float>{0, 1, 1, 0});
  // A batch is as long as its longest sample; the rest is zeros.
  CHECK(events_of(samples, Split::train, {2, 0}, Y) == std::vector<Event>{{0, 4, 1.f}, {2, 1, 1.f}, {3, 3, 1.f}});
  CHECK(Y == std::vector<float>{0, 1, 0, 0, 0, 1, 1, 0});
  CHECK(samples.baseline() == std::vector<float>{float(2 / 6.), float(4 / 6.)});
}

TEST_CASE("rows of events and dense rows are the same samples") {
  Sentences told;
  LabelledSamples samples = told.read();
  std::vector<float> Y, other(8), X(2 * 2 * 6);
  EventList list;
  Y.resize(8);
  samples.gather(Split::train, std::vector<int64_t>{2, 0}, list, Y.data());
  std::vector<float> spread(X.size());
  list.spread(spread.data(), 6);
  samples.gather(Split::train, std::vector<int64_t>{2, 0}, X.data(), other.data());
  CHECK(X == spread);
  CHECK(Y == other);
}

TEST_CASE("rare words share the entry of the unknown; endings and shapes are entries too") {
  Sentences told;
  told.inputs[0].second.least = 2;
  CHECK(told.read().inputs() == 2);  // (unknown) The
  told.inputs[0].second.least = 1, told.inputs[0].second.suffix = 1, told.inputs[0].second.shape = true;
  // The dog cat sat hi, endings e g t i, shapes Xx x
  LabelledSamples samples = told.read();
  CHECK(samples.inputs() == 1 + 5 + 4 + 2);
  std::vector<float> Y;
  // "cow" is unknown, and so is its ending; its shape is known.
  CHECK(events_of(samples, Split::test, {0}, Y).size() == 3 + 2);
}

TEST_CASE("splits without a file are drawn from the training file, each sample once, by the seed") {
  Told told("'idx'");
  told.file("train", images(20));
  told.inputs.emplace_back("pixel", told.spec(-1, "number"));
  told.targets.emplace_back("second", told.spec(1, "number"));
  told.options.validation = 0.25, told.options.test = 0.25;
  LabelledSamples samples = told.read(), again = told.read(), other(told.options, told.inputs, told.targets, told.files, 2);
  CHECK(samples.inputs() == 2);
  CHECK(!samples.varies());
  std::set<float> seen;
  std::vector<float> order[3];
  const int64_t sizes[] = {10, 5, 5};
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    CHECK(samples.samples(split) == sizes[static_cast<size_t>(split)]);
    const auto [X, Y] = samples.all(split);
    CHECK(X == again.all(split).first);
    for (size_t i = 0; i < X.size(); i += 2) seen.insert(X[i]);
  }
  CHECK(seen.size() == 20);
  CHECK(samples.all(Split::train).first != other.all(Split::train).first);
}

TEST_CASE("an image that is shown for some steps is steady or spikes with the probability of its pixels, and is asked at the last step") {
  Told told("'idx'");
  told.file("train", images(1));
  told.inputs.emplace_back("pixel", told.spec(-1, "number"));
  told.inputs[0].second.scale = 0.0025;  // 200 is a probability of 1/2
  told.targets.emplace_back("second", told.spec(1, "number"));
  told.options.validation = told.options.test = 0, told.options.exposure = 400;
  LabelledSamples steady = told.read();
  CHECK(steady.steps() == 400);
  CHECK(steady.burn_in() == 399);
  const auto [X, Y] = steady.all(Split::train);
  CHECK(X[1] == doctest::Approx(0.5));
  CHECK(X[799] == doctest::Approx(0.5));
  CHECK(Y[399] == 200.f);
  CHECK(Y[398] == 0.f);
  told.options.coding = "poisson";
  LabelledSamples spikes = told.read();
  std::vector<float> none;
  const auto events = events_of(spikes, Split::train, {0}, none);
  // 400 draws of 1/2: a standard deviation of 10.
  CHECK(events.size() > 150);
  CHECK(events.size() < 250);
  for (const auto& [row, channel, value] : events) CHECK((channel == 1 && value == 1.f));
  CHECK(events == events_of(spikes, Split::train, {0}, none));
  told.inputs[0].second.scale = 1;
  CHECK(told.refused().find("takes values as probabilities, and 200 is none") != std::string::npos);
}

TEST_CASE("what is wrong with labelled samples is said with its place") {
  const auto says = [](const Told& told, const std::string& part) {
    const std::string said = told.refused();
    CHECK_MESSAGE(said.find(part) != std::string::npos, said);
  };
  {
    Sentences told;
    told.file("test", "The\tO\ncow\tB-y\n");
    says(told, told.files["test"] + ":2: the label 'B-y' of 'tag' does not occur in the training file; there are: B-x, O. Did you mean 'B-x'?");
  }
  {
    Sentences told;
    told.inputs[0].second.column = 5;
    says(told, "column 5 of 'word' is not there");
    told.inputs[0].second.column = -1;
    says(told, "'word' needs `column`: which of the 2 columns");
    told.inputs[0].second.column = 0, told.inputs[0].second.encoding = "number";
    says(told, "holds texts: give encoding = \"class\" or \"word\"");
  }
  {
    Sentences told;
    told.inputs[0].second.train = "trian";
    says(told, "there is no table [files.trian]; there are: test, train. Did you mean 'train'?");
  }
  {
    Sentences told;
    told.targets[0].second.test = "";
    says(told, "inputs and targets must both have a file for 'test', or neither");
  }
  {
    Sentences told;
    told.file("other", "a\tO\n");
    told.targets[0].second.train = "other";
    says(told, "holds 1 samples, and the inputs have 3");
    told.file("other", "a\tO\n\na\tO\n\na\tO\n");
    says(told, "sample 0 of " + told.files["other"] + " has 1 rows, and the inputs have 2");
  }
  {
    Sentences told;
    told.options.exposure = 5;
    says(told, "exposure shows a sample of one row for several steps, and these have up to 3 rows");
  }
}
