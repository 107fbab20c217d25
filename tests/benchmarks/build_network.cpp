// How fast is a network built, against how fast memory can be written? For each rule a network of 10 M synapses (1 M
// with --short) at 8 bytes a synapse, 9 with drawn delays; beside it the time in which as many bytes are merely streamed to memory by as
// many threads, measured in the same run. Checked: number of synapses, sum of the targets against its expectation, and
// that no more memory was held than the network and an eighth.
#include <fmt/format.h>

#include <cmath>
#include <fstream>

#include "clocks.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/network/connectome.hpp"

using namespace proxon;

namespace {

double seconds_of(const auto& body) {
  const double start = bench::seconds();
  body();
  return bench::seconds() - start;
}

/// Most memory that the process held since the last reset, and what it holds now, in bytes.
int64_t memory(const char* key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind(key, 0) == 0) return std::stoll(line.substr(std::string_view(key).size() + 1)) * 1024;
  return 0;
}
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

struct Case {
  const char* rule;
  std::vector<std::pair<const char*, double>> parameters;
  double synapses, deviation;  // expected, and standard deviation
  Distribution weight;
  Distribution delay = Distribution::constant(1);
};

}  // namespace

int main(int argc, char** argv) {
  const bool is_short = argc > 1 && std::string_view(argv[1]) == "--short";
  Registry registry(default_folders(""));
  const int32_t neurons = is_short ? 3162 : 10000;
  const double pairs = double(neurons) * neurons;
  const auto indegree = static_cast<double>(neurons / 10);
  const Distribution constant = Distribution::constant(0.1), normal{DistributionKind::normal, 0.1, 0.02, 0};
  const std::vector<Case> cases{
      {"pairwise_bernoulli", {{"p", 0.1}}, pairs * 0.1, std::sqrt(pairs * 0.09), constant},
      {"pairwise_bernoulli", {{"p", 0.1}}, pairs * 0.1, std::sqrt(pairs * 0.09), normal},
      {"fixed_indegree", {{"indegree", indegree}}, neurons * indegree, 0, constant},
      {"fixed_indegree", {{"indegree", indegree}}, neurons * indegree, 0, normal},
      {"fixed_indegree", {{"indegree", indegree}, {"allow_multapses", 0}}, neurons * indegree, 0, constant},
      {"fixed_total_number", {{"N", neurons * indegree}}, neurons * indegree, 0, constant},
      {"fixed_total_number", {{"N", neurons * indegree}}, neurons * indegree, 0, normal, {DistributionKind::normal, 1.5, 0.75}},
      {"all_to_all", {}, pairs, 0, constant},
  };

  bool right = true;
  fmt::print("{} neurons, {} threads, best of 3\n", neurons, threads());
  fmt::print("{:<44} {:>10} {:>9} {:>12} {:>9} {:>10}\n", "rule", "synapses", "built", "M synapses/s", "streamed",
             "B/synapse");
  for (const Case& c : cases) {
    Blueprint blueprint;
    blueprint.add(Population{.name = "E", .size = c.synapses > 3e7 ? 4000 : neurons});
    const int32_t size = blueprint.population("E").size;
    const double expected = c.synapses > 3e7 ? double(size) * size : c.synapses;
    PluginValue rule = plugin_value(registry, "connectivity", c.rule);
    std::string label = c.rule;
    for (const auto& [name, value] : c.parameters) {
      const FieldInfo& field = *rule.values.find(name);
      if (field.type == FieldType::real) rule.values.set(field, value);
      if (field.type == FieldType::integer) rule.values.set(field, static_cast<int64_t>(value));
      if (field.type == FieldType::boolean) rule.values.set(field, value != 0);
      if (field.type == FieldType::boolean) label += std::string(" ") + name + " = false";
    }
    label += c.weight.kind == DistributionKind::normal ? ", normal weights" : ", one weight";
    if (c.delay.varies()) label += " and delays";
    blueprint.add(Projection{.name = "p", .source = "E", .target = "E", .connectivity = rule, .weight = c.weight, .delay = c.delay});

    double built = 1e9, streamed = 1e9;
    int64_t synapses = 0, bytes = 0, held = 0;
    for (int repeat = 0; repeat < 3; ++repeat) {
      reset_peak();
      const int64_t before = memory("VmRSS:");
      Connectome network;
      built = std::min(built, seconds_of([&] { network = build(blueprint, static_cast<uint64_t>(repeat), 0.1); }));
      held = std::max(held, memory("VmHWM:") - before);
      synapses = network.synapses(), bytes = network.bytes();

      // The answer: as many as expected (six standard deviations), evenly over the targets.
      double sum = 0;
      for (const int32_t j : network.projections()[0].target) sum += j;
      const double mean = sum / double(synapses), error = size / std::sqrt(12.0 * double(synapses));
      if (std::fabs(double(synapses) - expected) > 6 * c.deviation || std::fabs(mean - (size - 1) / 2.0) > 6 * error)
        right = false;
    }
    for (int repeat = 0; repeat < 3; ++repeat)
      streamed = std::min(streamed, seconds_of([&] {
                            Column<int64_t> column(static_cast<size_t>(synapses));
                            parallel_for(synapses, 1 << 16, [&](int64_t begin, int64_t end) {
                              for (int64_t k = begin; k < end; ++k) column[k] = k;
                            });
                          }));
    // 2 MB for what else the process does meanwhile. No peak is known where the kernel does not let it be reset.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which hold memory of their own
    if (held > bytes + bytes / 8 + (2 << 20))
      right = false, fmt::print("held {} bytes for a network of {}\n", held, bytes);
#endif
    fmt::print("{:<44} {:>10} {:>7.0f} ms {:>12.1f} {:>6.0f} ms {:>10.2f}\n", label, synapses, built * 1e3,
               double(synapses) / built / 1e6, streamed * 1e3, double(held > 0 ? held : bytes) / double(synapses));
  }
  fmt::print("{}\n", right ? "answers right" : "WRONG ANSWER");
  return right ? 0 : 1;
}
