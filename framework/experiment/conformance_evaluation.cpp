// Conformance of what reads and judges: metrics and readers; and of what proposes: samplers.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "proxon/experiment/conformance_drivers.hpp"

namespace proxon::conform {
namespace {

/// Something to judge; what the metric did not ask for is not there.
struct Case {
  const char* name;
  int64_t rows, channels;
  std::vector<float> target, prediction;
  std::vector<double> time;
  std::vector<int32_t> neuron;
  std::vector<float> phi, theta;
};

std::vector<Case> cases() {
  std::vector<float> classes = some_numbers(120, 0, 1, 1);
  for (float& c : classes) c = c < 0.4f ? 0.f : 1.f;
  const std::vector<float> values = some_numbers(120, -2, 2, 2), weights = some_numbers(50, -1, 1, 3);
  std::vector<double> time;
  std::vector<int32_t> neuron;
  for (int i = 0; i < 60; ++i) time.push_back(3 + 10.0 * i + i % 3), neuron.push_back(i % 4);
  return {
      {"a perfect prediction", 40, 3, values, values, time, neuron, weights, weights},
      {"a perfect prediction of classes", 40, 3, classes, classes, time, neuron, weights, weights},
      {"a poor prediction", 40, 3, classes, values, time, neuron, weights, some_numbers(50, -1, 1, 4)},
      {"one value", 1, 1, {0.5f}, {0.25f}, {10.0}, {0}, {0.1f}, {0.2f}},
      {"constants", 40, 3, std::vector<float>(120, 2.f), std::vector<float>(120, 3.f), {5, 5, 5}, {1, 1, 1}, std::vector<float>(50, 0.f), std::vector<float>(50, 0.f)},
      {"one class", 40, 3, std::vector<float>(120, 1.f), values, {1, 2}, {0, 1}, std::vector<float>(50, 1.f), weights},
      {"no class but the other", 40, 3, std::vector<float>(120, 0.f), values, {0, 600}, {0, 0}, weights, std::vector<float>(50, -1.f)},
      {"large values", 2, 2, {1e30f, -1e30f, 1e30f, 0}, {-1e30f, 1e30f, 0, 0}, time, neuron, {1e30f, -1e30f}, {-1e30f, 1e30f}},
  };
}

struct Taken {
  std::string name, undefined, meaning;
  double value, low, high;
  int64_t n;
  bool operator==(const Taken&) const = default;
};

}  // namespace

void metric(const PluginValue& plugin, Findings& findings) {
  const Instance<MetricTable, MetricSetup> model(plugin, MetricSetup{{1, purpose("conformance")}});
  const uint32_t needs = model.table().needs;
  for (const Case& c : cases()) {
    MetricInput input{};
    static const char* const channel_names[] = {"a", "b", "c"};
    if (needs & needs_prediction)
      input.channel_names = channel_names, input.target = c.target.data(), input.prediction = c.prediction.data(), input.rows = c.rows, input.channels = c.channels;
    input.begin = 0, input.end = 700, input.neurons = 4;
    if (needs & needs_spikes) input.spike_time = c.time.data(), input.spike_neuron = c.neuron.data(), input.spikes = static_cast<int64_t>(c.time.size());
    if (needs & needs_weights) {
      input.weight_phi = c.phi.data(), input.weight_theta = c.theta.data();
      input.weights_phi = static_cast<int64_t>(c.phi.size()), input.weights_theta = static_cast<int64_t>(c.theta.size());
      input.paired = 1;
    }
    if (needs & needs_response)
      input.response = c.target.data(), input.response_bins = c.rows, input.inputs = c.channels, input.outputs = 1, input.bin = 1;
    if (needs & needs_hidden) input.hidden_rate = c.time.data(), input.hidden_units = static_cast<int64_t>(c.time.size());
    auto evaluate = [&] {
      std::vector<Taken> figures;
      const MetricSinkTable sink{&figures, [](void* host, const Figure* f) {
                                   static_cast<std::vector<Taken>*>(host)->push_back({f->name, f->undefined, f->meaning, f->value, f->low, f->high, f->n});
                                 }};
      Status status;
      model.table().evaluate(model.object(), &input, &sink, &status);
      if (status.failed) findings.add("for {} it fails: {}", c.name, status.message.c_str());
      return figures;
    };
    const std::vector<Taken> figures = evaluate();
    if (figures.empty()) findings.add("for {} it says nothing: an undefined figure is given with the reason.", c.name);
    std::set<std::string> names;
    for (const Taken& f : figures) {
      if (f.name.empty() || f.meaning.empty()) findings.add("a figure of it has no name or no meaning.");
      if (!names.insert(f.name).second) findings.add("it gives the figure '{}' twice.", f.name);
      if (f.n < 0) findings.add("for {} '{}' rests on {} values.", c.name, f.name, f.n);
      if (f.undefined == "not a number" || (f.undefined.empty() && !std::isfinite(f.value))) {
        findings.add("for {} '{}' is {}: it must be a number, or undefined with the reason.", c.name, f.name, f.value);
        continue;
      }
      // A rounding beyond the range is forgiven.
      const double slack = 1e-6 * (1 + std::abs(f.value));
      if (f.undefined.empty() && (f.value < f.low - slack || f.value > f.high + slack))
        findings.add("for {} '{}' is {}, outside its range from {} to {}.", c.name, f.name, f.value, f.low, f.high);
    }
    if (evaluate() != figures && findings.list().empty()) findings.add("for {} it gives two answers.", c.name);
  }
}

void reader(const PluginValue& plugin, Findings& findings) {
  // No HDF5 here: a reader that asks for it is told that the file is not there.
  static const auto refuse = [](const char* path, Status* status) {
    detail::report(status, (std::string(path) + ": cannot be opened for reading.").c_str());
  };
  ReaderServices services{};
  services.numbers = [](void*, const char* path, const char*, int64_t* n, Status* status) noexcept -> const double* {
    *n = 0;
    refuse(path, status);
    return nullptr;
  };
  services.list = [](void*, const char* path, const char*, Status* status) noexcept -> const char* {
    refuse(path, status);
    return "";
  };
  services.attribute = [](void*, const char* path, const char*, const char*, Status* status) noexcept -> const char* {
    refuse(path, status);
    return "";
  };
  const Instance<ReaderTable, ReaderSetup> model(plugin, ReaderSetup{&services});
  if (!model.table().read && !model.table().samples) return findings.add("it reads neither networks nor samples.");

  static bool negative;
  negative = false;
  EdgeSinkTable sink{};
  sink.node = [](void*, const char*, int64_t length, int64_t) { negative |= length < 0; };
  sink.nodes = [](void*, int64_t n) { negative |= n < 0; };
  sink.edge = [](void*, const char*, int64_t source, const char*, int64_t target, double, double, int64_t) { negative |= source < 0 || target < 0; };
  sink.edges = [](void*, const double*, const double*, const double*, const double*, int64_t n) { negative |= n < 0; };
  SampleSinkTable samples{};
  samples.numbers = [](void*, const float*, int64_t rows, int64_t columns) { negative |= rows < 0 || columns < 0; };
  samples.texts = [](void*, const std::string_view*, int64_t columns, int64_t) { negative |= columns < 0; };
  samples.end_sample = [](void*) {};
  // As what it can be read; a file that neither can read is complained of by both.
  auto read = [&](const std::string& path) {
    Status status;
    if (model.table().read) model.table().read(model.object(), path.c_str(), &sink, &status);
    if (model.table().samples && !status.failed) model.table().samples(model.object(), path.c_str(), &samples, &status);
    return status;
  };

  const auto folder = std::filesystem::temp_directory_path() / fmt::format("proxon_conformance_{}", getpid());
  std::filesystem::create_directories(folder);
  auto write = [&](const char* name, const std::string& bytes) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
    return (folder / name).string();
  };
  const Status missing = read((folder / "missing.file").string());
  if (!missing.failed)
    findings.add("a file that is not there is read without complaint.");
  else if (std::string_view(missing.message.c_str()).find("missing.file") == std::string_view::npos)
    findings.add("the complaint about a missing file does not name it: {}", missing.message.c_str());
  // Empty, garbage, and cut in a line: read or refused, and the program lives.
  read(write("empty", ""));
  read(write("garbage", std::string("\x00\xff\x01<\"\n\n,,,\n]]>", 14)));
  read(write("cut", "a,b,c\n1,2"));
  read(folder.string());
  if (negative) findings.add("it gives the sink negative lengths.");
  std::filesystem::remove_all(folder);
}

void sampler(const PluginValue& plugin, Findings& findings) {
  const SamplerAxis axes[] = {{.name = "plain", .low = -2, .high = 3, .points = 3},
                              {.name = "ratios", .low = 1e-5, .high = 1e-1, .points = 4, .logarithmic = 1},
                              {.name = "whole", .low = 1, .high = 9, .points = 3, .whole = 1, .fidelity = 1},
                              {.name = "choices", .choices = 4}};
  constexpr int64_t width = std::size(axes), trials = 60;
  for (const uint32_t maximise : {0u, 1u}) {
    const Instance<SamplerTable, SamplerSetup> model(plugin, SamplerSetup{{1, purpose("conformance")}, axes, width, &maximise, 1, trials});
    std::vector<int64_t> trial;
    std::vector<double> points, values;
    std::vector<uint32_t> states;
    auto propose = [&](int64_t number, bool& has) {
      std::vector<double> point(width, NAN);
      const SamplerHistory history{trial.data(), points.data(), values.data(), states.data(), static_cast<int64_t>(trial.size())};
      Status status;
      has = model.table().propose(model.object(), number, &history, point.data(), width, &status);
      findings.ok(status, "propose");
      return point;
    };
    if (model.table().points(model.object()) < trials) findings.add("it has fewer points than the trials that are wanted of it, in a space that holds them.");
    bool inside = true, same = true, goes_on = true;
    size_t running = trials;
    for (int64_t number = 0; number < trials && inside && goes_on; ++number) {
      bool has = false, again = false;
      std::vector<double> point = propose(number, has);
      // What waits for a trial that runs has its answer once that has ended.
      if (!has && running < trials) {
        states[running] = sampler_done, values[running] = 1, running = trials;
        point = propose(number, has);
      }
      goes_on = has;
      same &= same_bits(point, propose(number, again)) && has == again;
      for (int64_t a = 0; a < width && has; ++a) {
        const SamplerAxis& axis = axes[a];
        const double x = point[static_cast<size_t>(a)], low = axis.choices ? 0 : axis.low, high = axis.choices ? static_cast<double>(axis.choices - 1) : axis.high;
        inside &= x >= low && x <= high && (!(axis.choices || axis.whole) || x == std::floor(x));
      }
      // Every seventh trial fails, one at a time runs.
      trial.push_back(number), points.insert(points.end(), point.begin(), point.end());
      states.push_back(number % 7 == 3 ? sampler_failed : sampler_done);
      values.push_back(number % 7 == 3 ? NAN : point[0] * point[0] + std::log(point[1]));
      if (number % 7 == 5 && running == trials) running = static_cast<size_t>(number), states.back() = sampler_running, values.back() = NAN;
    }
    if (!inside) findings.add("it proposes a coordinate outside its axis, or no whole number where one belongs.");
    if (!same) findings.add("it proposes two points for the same trial and history.");
    if (!goes_on) findings.add("it waits though no trial runs.");
  }
}

}  // namespace proxon::conform
