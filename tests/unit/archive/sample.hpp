// A small run that has everything an archive can hold, made anew for each test, and a folder for its files.
#pragma once
#include <filesystem>
#include <functional>
#include <numeric>
#include <string>

#include "proxon/archive/reader.hpp"
#include "proxon/archive/recover.hpp"
#include "proxon/archive/writer.hpp"
#include "proxon/base/error.hpp"

namespace sample {

/// The sentence that a step is refused with.
inline std::string error_of(const std::function<void()>& step) {
  try {
    step();
  } catch (const proxon::Error& error) {
    return error.what();
  }
  return "(no error)";
}

using namespace proxon::archive;
namespace fs = std::filesystem;

/// A folder that is removed at the end of the test.
struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "proxon_archive_XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
};

/// Five excitatory, three inhibitory and two rate neurons; every source and every target is met, one source has no
/// synapse.
struct Network {
  std::vector<std::int64_t> offsets = {0, 3, 3, 4, 6, 8};
  std::vector<std::int32_t> targets = {0, 2, 2, 1, 0, 1, 1, 2};
  std::vector<float> weights = {0.5f, -1.f, 2.f, 0.25f, 3.f, 4.f, 5.f, 6.f};
  std::vector<float> delays = {1.5f};
  std::vector<std::int64_t> back_offsets = {0, 2, 2, 3};
  std::vector<std::int32_t> back_targets = {4, 0, 3};
  std::vector<float> back_weights = {-2.f};
  std::vector<float> back_delays = {1.f, 2.f, 0.5f};

  Skeleton skeleton() const {
    Skeleton s;
    s.experiment = "[experiment]\nname = \"déjà vu\"\n";
    s.description = "a sample";
    s.started = "2026-01-02T03:04:05+00:00";
    s.version = "0.1.0";
    s.revision = "abc";
    s.seed = 18446744073709551615u;
    s.duration_ms = 100;
    s.plugins = {{"neuron", "iaf_psc_delta", "libiaf.so", "stamp 1"}, {"synapse", "static", "libstatic.so", "stamp 2"}};
    s.objects = {
        {"simulation", {{"resolution", 0.1, "ms"}, {"steps", std::int64_t{1000}, ""}, {"note", std::string("µ"), ""}}},
        {"stimuli/drive", {{"rates", std::vector<double>{1, 2.5}, "Hz"}, {"on", true, ""}, {"off", false, ""}}}};
    s.populations = {{"exc",
                      "iaf_psc_delta",
                      5,
                      {{"tau_m", 10.0, "ms"}, {"refractory", std::int64_t{20}, ""}},
                      {"a", "b", "c", "d", "é"}},
                     {"inh", "iaf_psc_delta", 3, {}, {}, {{{0, 1, 2}, {3, 4, 5}, {6, 7, 8.5}}}},
                     {"rate", "tanh_rate", 2, {}, {}, {}, false}};
    ProjectionRecord forward{"exc_to_inh", "exc", "inh", "static", "stdp_pair"};
    forward.parameters = {{"U", 0.5, ""}};
    forward.learning_parameters = {{"tau_plus", 20.0, "ms"}};
    forward.weight_unit = "mV";
    forward.plastic = true;
    forward.synapses = {offsets, targets, weights, delays};
    ProjectionRecord back{"inh_to_exc", "inh", "exc", "static"};
    back.weight_unit = "mV";
    back.synapses = {back_offsets, back_targets, back_weights, back_delays};
    s.projections = {forward, back};
    s.traces = {{"exc", "V_m", "mV", {0, 2, 4}, 0, 0.1},
                {"exc", "I_syn", "pA", {1}, 5, 1},
                {"rate", "rate", "1", {0, 1}, 0, 1}};
    s.signals = {{"drive", "Hz", "rate of the Poisson input", 0, 10}, {"drive", "Hz", "rate of exc", 0, 50, true}};
    s.correlations = {{"pairs", "exc", "inh", {-2, 0, 2}}};
    return s;
  }
};

/// Fills everything; the numbers follow from simple formulas, so that tests can say what must be there.
inline void fill(Writer& w) {
  const std::vector<double> exc_ms = {1, 1, 2.5, 40}, inh_ms = {0.1, 99};
  const std::vector<std::int32_t> exc = {4, 0, 4, 1}, inh = {2, 0};
  w.append_spikes(0, std::span(exc_ms).first(2), std::span(exc).first(2));
  w.append_spikes(1, inh_ms, inh);
  w.append_spikes(0, std::span(exc_ms).last(2), std::span(exc).last(2));
  std::vector<float> v(3 * 100);
  std::iota(v.begin(), v.end(), 0.f);
  w.append_trace(0, std::span(v).first(30));
  w.append_trace(0, std::span(v).subspan(30));
  w.append_trace(1, std::span(v).first(7));
  w.append_trace(2, std::span(v).first(8));
  w.append_signal(0, std::span(v).first(10));
  w.append_signal(1, std::span(v).first(2));
  w.set_correlation(0, std::vector<std::int64_t>{1, 0, 2}, std::vector<double>{0.5, 1, 0.5});
  w.set_correlation(0, std::vector<std::int64_t>{3, 1, std::int64_t{1} << 40}, std::vector<double>{1.5, 2, 1.5});
  const std::vector<float> first = {1, 2, 3, 4, 5, 6, 7, 8}, second = {8, 7, 6, 5, 4, 3, 2, 1};
  w.append_weights(0, 0, first);
  w.append_weights(0, 50, second);
  w.finalise_units();
  w.end_stage("simulate", 1.5);
}

inline void fit(Writer& w, float scale = 1) {
  const Object optimizer{"optimizer", {{"learning_rate", 0.01, ""}, {"betas", std::vector<double>{0.9, 0.999}, ""}}};
  w.set_objects(std::span(&optimizer, 1));
  w.set_text("dataset", "{\"bin_ms\": 10}");
  w.set_model({{"hidden", 3, 2, 0, 6, "tanh"}, {"out", 2, 1, 8, -1, "linear"}},
              std::vector<float>{0 * scale, 1 * scale, 2 * scale, 3 * scale, 4 * scale, 5 * scale, -1, -2, 0.5f, 0.25f},
              "{}");
  for (std::int64_t e = 0; e < 5; ++e) w.append_epoch({e, scale / (1.0 + static_cast<double>(e)), 0.5, 0.01});
  w.start_predictions({"exc", "inh"});
  PredictionBlock block;
  for (int r = 0; r < 6; ++r) {
    block.time_ms.push_back(10.0 * r);
    block.split.push_back(r < 3 ? Split::train : r < 4 ? Split::validation : Split::test);
    for (int c = 0; c < 2; ++c) {
      block.target.push_back(static_cast<float>(10 * r + c));
      block.prediction.push_back(static_cast<float>(10 * r + c) * scale);
      block.baseline.push_back(-1);
    }
  }
  w.append_predictions(block);
  w.append_log("fit done");
  w.end_stage("fit", 2);
  const std::vector<MetricRecord> metrics = {
      {"r2", "test", 0.9, 2, true, "", "share of variance explained", "(-inf, 1], 1 is best", {{"mean rate", 0.1, true, ""}, {"PSTH", 0, false, "there are no trials"}}},
      {"roc_auc", "class 1", 0, 2, false, "the target has one class", "area under the curve", "[0, 1]", {{"chance", 0.5, true, ""}}}};
  w.set_metrics(metrics);
  w.end_stage("evaluate", 0.25);
}

}  // namespace sample
