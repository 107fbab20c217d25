// What goes into an archive comes out again, whole, by ranges, while it is written, and after later stages ran anew.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "proxon/archive/check.hpp"
#include "proxon/archive/foreign.hpp"
#include "proxon/base/error.hpp"
#include "sample.hpp"

using namespace sample;

namespace {
void check_recording(const Reader& r) {
  CHECK(r.n_spikes(0) == 4);
  const auto exc = r.spikes(0);
  CHECK(exc.ms == std::vector<double>{1, 1, 2.5, 40});
  CHECK(exc.neurons == std::vector<std::int32_t>{4, 0, 4, 1});
  // [begin, end): a spike at `begin` belongs, one at `end` does not.
  CHECK(r.spikes(0, 1, 2.5).ms == std::vector<double>{1, 1});
  CHECK(r.spikes(0, 2.5, 40).ms == std::vector<double>{2.5});
  CHECK(r.spikes(0, 41, 100).ms.empty());
  CHECK(r.spikes(0, 3, 2).ms.empty());
  CHECK(r.spikes(1, 0, 1).neurons == std::vector<std::int32_t>{2});
  CHECK(r.n_spikes(2) == 0);
  CHECK(r.spikes(2).ms.empty());

  CHECK(r.trace_rows(0) == 100);
  CHECK(r.trace(0, 9, 11) == std::vector<float>{27, 28, 29, 30, 31, 32});
  CHECK(r.trace(r.trace("exc", "I_syn"), 0, 7) == std::vector<float>{0, 1, 2, 3, 4, 5, 6});
  CHECK(r.trace_rows(r.trace("rate", "rate")) == 4);
  CHECK(r.signal_rows(0) == 10);
  CHECK(r.signal(0, 8, 10) == std::vector<float>{8, 9});
  CHECK(r.signal_rows(1) == 2);
  CHECK(r.signal(1, 0, 2) == std::vector<float>{0, 1});
  CHECK(r.correlation(0).count == std::vector<std::int64_t>{3, 1, std::int64_t{1} << 40});
  CHECK(r.correlation(0).chance == std::vector<double>{1.5, 2, 1.5});
  CHECK(r.snapshot_times_ms(0) == std::vector<double>{0, 50});
  CHECK(r.snapshot(0, 1, 2, 5) == std::vector<float>{6, 5, 4});
  CHECK(r.snapshot_times_ms(1).empty());
}

void check_network(const Reader& r, const Network& network) {
  const Skeleton s = network.skeleton();
  REQUIRE(r.populations().size() == 3);
  for (int i = 0; i < 3; ++i) {
    const auto &got = r.populations()[i], &want = s.populations[i];
    CHECK(got.name == want.name);
    CHECK(got.model == want.model);
    CHECK(got.size == want.size);
    CHECK(got.parameters == want.parameters);
    CHECK(got.node_names == want.node_names);
    CHECK(got.positions == want.positions);
    CHECK(got.spikes == want.spikes);
  }
  REQUIRE(r.projections().size() == 2);
  for (int i = 0; i < 2; ++i) {
    const auto &got = r.projections()[i], &want = s.projections[i];
    CHECK(got.name == want.name);
    CHECK(got.source == want.source);
    CHECK(got.target == want.target);
    CHECK(got.synapse == want.synapse);
    CHECK(got.learning_rule == want.learning_rule);
    CHECK(got.parameters == want.parameters);
    CHECK(got.learning_parameters == want.learning_parameters);
    CHECK(got.weight_unit == want.weight_unit);
    CHECK(got.plastic == want.plastic);
    CHECK(got.n_synapses == static_cast<std::int64_t>(want.synapses.targets.size()));
  }
  CHECK(r.offsets(0) == network.offsets);
  CHECK(r.offsets(1) == network.back_offsets);
  CHECK(r.synapses(0, 0, 8).targets == network.targets);
  CHECK(r.synapses(0, 0, 8).weights == network.weights);
  CHECK(r.synapses(0, 0, 8).delays_ms == std::vector<float>(8, 1.5f));
  CHECK(r.synapses(0, 3, 5).targets == std::vector<std::int32_t>{1, 0});
  CHECK(r.synapses(1, 0, 3).weights == std::vector<float>(3, -2.f));
  CHECK(r.synapses(1, 0, 3).delays_ms == network.back_delays);
  CHECK(r.traces() == s.traces);
  CHECK(r.signals() == s.signals);
  CHECK(r.correlations() == s.correlations);
}
}  // namespace

TEST_CASE("what is written is read back") {
  const Folder folder;
  const std::string path = folder / "run.h5";
  const Network network;
  {
    Writer w = Writer::create(path, network.skeleton());
    fill(w);
    fit(w);
    w.close();
  }
  const Reader r(path);
  CHECK(r.note().empty());
  CHECK_FALSE(r.being_written());
  const Skeleton s = network.skeleton();
  CHECK(r.text("experiment") == s.experiment);
  CHECK(r.text("dataset") == "{\"bin_ms\": 10}");
  CHECK(r.text("evaluation").empty());
  CHECK(r.text("log") == "fit done\n");
  CHECK(r.seed() == s.seed);
  CHECK(r.version() == "0.1.0");
  CHECK(r.revision() == "abc");
  CHECK(r.started() == s.started);
  CHECK(r.description() == "a sample");
  CHECK(r.duration_ms() == 100);
  CHECK(r.plugins() == s.plugins);
  check_network(r, network);
  check_recording(r);

  auto objects = s.objects;
  objects.push_back({"optimizer", {{"learning_rate", 0.01, ""}, {"betas", std::vector<double>{0.9, 0.999}, ""}}});
  CHECK(r.objects() == objects);
  const auto model = r.model();
  REQUIRE(model);
  CHECK(model->layers == std::vector<LayerRecord>{{"hidden", 3, 2, 0, 6, "tanh"}, {"out", 2, 1, 8, -1, "linear"}});
  CHECK(model->theta == std::vector<float>{0, 1, 2, 3, 4, 5, -1, -2, 0.5f, 0.25f});
  CHECK(model->description == "{}");
  CHECK(r.epochs().size() == 5);
  CHECK(r.epochs()[4] == EpochRecord{4, 0.2, 0.5, 0.01});
  CHECK(r.prediction_channels() == std::vector<std::string>{"exc", "inh"});
  CHECK(r.prediction_rows() == 6);
  const auto block = r.predictions(2, 4);
  CHECK(block.time_ms == std::vector<double>{20, 30});
  CHECK(block.split == std::vector<Split>{Split::train, Split::validation});
  CHECK(block.target == std::vector<float>{20, 21, 30, 31});
  CHECK(block.baseline == std::vector<float>{-1, -1, -1, -1});
  const auto metrics = r.metrics();
  REQUIRE(metrics.size() == 2);
  CHECK(metrics[0].value == 0.9);
  CHECK(metrics[0].defined);
  CHECK(metrics[0].baselines == std::vector<BaselineRecord>{{"mean rate", 0.1, true, ""}, {"PSTH", 0, false, "there are no trials"}});
  CHECK(metrics[1].baselines == std::vector<BaselineRecord>{{"chance", 0.5, true, ""}});
  CHECK_FALSE(metrics[1].defined);
  CHECK(metrics[1].reason == "the target has one class");
  CHECK(metrics[1].range == "[0, 1]");
  CHECK(r.stages().size() == 3);
  CHECK(r.stage_done("evaluate"));
  CHECK_FALSE(r.stage_done("report"));
  CHECK(check(path) == std::vector<std::string>{});
}

TEST_CASE("a later stage replaces its own results and touches nothing else") {
  const Folder folder;
  const std::string path = folder / "run.h5";
  const Network network;
  {
    Writer w = Writer::create(path, network.skeleton());
    fill(w);
    fit(w, 3);
  }
  {
    Writer w = Writer::open(path);
    w.clear_fit();
    {
      const Reader between(path);
      CHECK_FALSE(between.model());
      CHECK(between.epochs().empty());
      CHECK(between.prediction_rows() == 0);
      CHECK(between.metrics().empty());
      CHECK(between.stage_done("simulate"));
      CHECK_FALSE(between.stage_done("fit"));
    }
    // Smaller than before: no rows of the first fit may be left.
    w.set_model({{"only", 1, 2, 0, -1, "linear"}}, std::vector<float>{7, 8});
    w.append_epoch({0, 0.25, 0.5, 0.1});
    w.start_predictions({"one"});
    w.append_predictions({{5}, {Split::test}, {1}, {2}, {3}});
    w.end_stage("fit", 9);
  }
  {
    const Reader r(path);
    check_recording(r);
    check_network(r, network);
    CHECK(r.model()->theta == std::vector<float>{7, 8});
    CHECK(r.epochs() == std::vector<EpochRecord>{{0, 0.25, 0.5, 0.1}});
    CHECK(r.prediction_channels() == std::vector<std::string>{"one"});
    CHECK(r.predictions(0, 1).prediction == std::vector<float>{2});
    CHECK(check(path) == std::vector<std::string>{});
  }
  // And larger again.
  {
    Writer w = Writer::open(path);
    w.clear_fit();
    fit(w, 2);
  }
  const Reader r(path);
  CHECK(r.model()->theta.size() == 10);
  CHECK(r.model()->theta[5] == 10);
  CHECK(r.predictions(5, 6).prediction == std::vector<float>{100, 102});
  CHECK(r.stages().size() == 3);
  check_recording(r);
}

TEST_CASE("spikes go on where an earlier writer stopped") {
  const Folder folder;
  const std::string path = folder / "run.h5";
  const Network network;
  const std::vector<double> first = {1, 2}, second = {2, 3};
  const std::vector<std::int32_t> ids = {0, 1};
  Writer::create(path, network.skeleton()).append_spikes(0, first, ids);
  Writer w = Writer::open(path);
  CHECK_THROWS_AS(w.append_spikes(0, std::vector<double>{1.5}, std::vector<std::int32_t>{0}), std::logic_error);
  CHECK_THROWS_AS(w.append_spikes(0, std::vector<double>{5}, std::vector<std::int32_t>{5}), std::logic_error);
  CHECK_THROWS_AS(w.append_spikes(0, std::vector<double>{5}, std::vector<std::int32_t>{-1}), std::logic_error);
  CHECK_THROWS_AS(w.append_spikes(0, std::vector<double>{6, 5}, ids), std::logic_error);
  CHECK_THROWS_AS(w.append_spikes(0, std::vector<double>{NAN}, std::vector<std::int32_t>{0}), std::logic_error);
  CHECK_THROWS_AS(w.append_spikes(2, first, ids), std::logic_error);
  w.append_spikes(0, second, ids);
  w.close();
  CHECK(Reader(path).spikes(0).ms == std::vector<double>{1, 2, 2, 3});
}

TEST_CASE("an archive with no spike, no synapse and no trace is whole") {
  const Folder folder;
  const std::string path = folder / "run.h5";
  Skeleton s;
  s.populations = {
      {"lonely", "tanh_rate", 1, {}, {}, {}, false}, {"silent", "iaf_psc_delta", 2}, {"none", "iaf_psc_delta", 0}};
  const std::vector<std::int64_t> offsets = {0, 0};
  ProjectionRecord empty{"nothing", "lonely", "silent", "static"};
  empty.plastic = true;
  empty.synapses.offsets = offsets;
  s.projections = {empty};
  {
    Writer w = Writer::create(path, s);
    w.finalise_units();
    w.end_stage("simulate", 0);
  }
  CHECK(check(path) == std::vector<std::string>{});
  const Reader r(path);
  CHECK(r.offsets(0) == offsets);
  CHECK(r.synapses(0, 0, 0).targets.empty());
  CHECK(r.spikes(1).ms.empty());
  CHECK(r.populations()[2].size == 0);
}

TEST_CASE("a reader sees an archive grow") {
  const Folder folder;
  const std::string path = folder / "run.h5";
  const Network network;
  Writer w = Writer::create(path, network.skeleton(), {.flush_interval_s = 1e9});
  Reader r(path);
  CHECK(r.being_written());
  CHECK(condition(path) == Condition::written);
  const std::vector<double> ms = {1, 2};
  const std::vector<std::int32_t> ids = {0, 1};
  w.append_spikes(0, ms, ids);
  r.refresh();
  CHECK(r.n_spikes(0) == 0);
  w.flush();
  r.refresh();
  CHECK(r.n_spikes(0) == 2);
  CHECK(r.spikes(0).ms == ms);
  CHECK(error_of([&] { Writer::open(path); }).find("another process is writing it") != std::string::npos);
  CHECK(error_of([&] { Writer::create(path, network.skeleton()); }).find("another process is writing it") !=
        std::string::npos);
  CHECK(error_of([&] { recover(path); }).find("a process is writing it") != std::string::npos);
}

TEST_CASE("units hold every spike once, however little memory they are sorted in") {
  const Folder folder;
  Skeleton s;
  s.populations = {{"a", "m", 7}, {"b", "m", 5}};
  std::uint32_t state = 1;
  auto random = [&] { return state = state * 1664525u + 1013904223u, state >> 8; };
  std::vector<double> ms[2];
  std::vector<std::int32_t> ids[2];
  for (int p = 0; p < 2; ++p)
    for (int i = 0; i < 1000; ++i)
      ms[p].push_back(i * 0.1), ids[p].push_back(static_cast<std::int32_t>(random() % s.populations[p].size));
  for (const std::int64_t room : {1, 300, 1 << 20}) {
    CAPTURE(room);
    const std::string path = folder / "run.h5";
    {
      Writer w = Writer::create(path, s);
      for (int p = 0; p < 2; ++p) w.append_spikes(p, ms[p], ids[p]);
      w.finalise_units(room);
      w.finalise_units(room);  // again, as a stage that runs anew does
    }
    REQUIRE(check(path) == std::vector<std::string>{});
    const auto times = proxon::archive::read_numbers(path, "/units/spike_times");
    const auto ends = proxon::archive::read_numbers(path, "/units/spike_times_index");
    std::vector<double> want;
    std::vector<double> want_ends;
    for (int p = 0; p < 2; ++p)
      for (int unit = 0; unit < s.populations[p].size; ++unit) {
        for (int i = 0; i < 1000; ++i)
          if (ids[p][i] == unit) want.push_back(ms[p][i] / 1000);
        want_ends.push_back(static_cast<double>(want.size()));
      }
    CHECK(times == want);
    CHECK(ends == want_ends);
  }
}

TEST_CASE("a network of a million synapses comes back, with both indices right") {
  const Folder folder;
  const std::string path = folder / "run.h5";
  constexpr int n = 1000, degree = 1100;
  std::vector<std::int64_t> offsets = {0};
  std::vector<std::int32_t> targets;
  std::vector<float> weights;
  std::uint32_t state = 7;
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k < degree; ++k) {
      state = state * 1664525u + 1013904223u;
      targets.push_back(static_cast<std::int32_t>((state >> 8) % n));
      weights.push_back(static_cast<float>(state >> 8));
    }
    offsets.push_back(static_cast<std::int64_t>(targets.size()));
  }
  const std::vector<float> delay = {1.f};
  Skeleton s;
  s.populations = {{"a", "m", n}};
  ProjectionRecord p{"aa", "a", "a", "static"};
  p.synapses = {offsets, targets, weights, delay};
  s.projections = {p};
  Writer::create(path, s).close();

  CHECK(check(path) == std::vector<std::string>{});
  const Reader r(path);
  CHECK(r.offsets(0) == offsets);
  const auto block = r.synapses(0, 0, r.projections()[0].n_synapses);
  CHECK((block.targets == targets));
  CHECK((block.weights == weights));
  // Every edge in the ranges of a target has that target, and all are reached.
  const std::string index = "/edges/aa/indices/target_to_source/";
  const auto ranges = proxon::archive::read_numbers(path, index + "node_id_to_ranges");
  const auto edges = proxon::archive::read_numbers(path, index + "range_to_edge_id");
  std::vector<char> reached(targets.size(), 0);
  int wrong = 0;
  for (int t = 0; t < n; ++t)
    for (auto k = static_cast<std::size_t>(ranges[2 * t]); k < static_cast<std::size_t>(ranges[2 * t + 1]); ++k)
      for (auto e = static_cast<std::size_t>(edges[2 * k]); e < static_cast<std::size_t>(edges[2 * k + 1]); ++e)
        wrong += targets[e] != t || reached[e]++;
  CHECK(wrong == 0);
  CHECK(std::count(reached.begin(), reached.end(), 1) == static_cast<std::ptrdiff_t>(targets.size()));
}

TEST_CASE("long prose is cut at a character, long names are refused") {
  const Folder folder;
  const Network network;
  Writer w = Writer::create(folder / "run.h5", network.skeleton());
  std::string prose;
  for (int i = 0; i < 300; ++i) prose += "é";
  w.set_metrics(std::vector<MetricRecord>{{.name = "m", .meaning = prose}});
  w.flush();
  const std::string got = Reader(folder / "run.h5").metrics()[0].meaning;
  CHECK(got.size() <= 256);
  CHECK(got.ends_with("é..."));
  CHECK(error_of([&] { w.set_metrics(std::vector<MetricRecord>{{.name = std::string(65, 'x')}}); }).find("too long") !=
        std::string::npos);
}
