// Does the cost grow as the work grows? Brunel's network (see brunel10k.cpp; 800 + 200 synapses a neuron) with 1 million to 300 million synapses, by
// one thread and by two: what one synaptic event costs, against adding along the same rows alone. The answer is checked: as many spikes by two
// threads as by one, and from 10 million synapses on the rate of 42.7 Hz. Before it, what memory allows: how long it takes to answer, and to add at random.
// `--short`: 1 and 3 million synapses alone.
#include "network_bench.hpp"

using namespace proxon;
using namespace proxon::bench;

namespace {

/// ns of a read whose place depends on the one before, in 512 MB.
double latency() {
  constexpr uint64_t size = uint64_t{1} << 26;
  constexpr int reads = 1'000'000;
  const Column<uint64_t> memory(size, 1);
  uint64_t at = 0;
  const double begin = seconds();
  for (int i = 0; i < reads; ++i) at = at * 6364136223846793005u + memory[(at >> 30) % size];
  asm volatile("" ::"r"(at));
  return (seconds() - begin) / reads * 1e9;
}

/// ns of an add at a random place of a buffer of so many MB, two threads with a buffer each.
double random_add(int megabytes) {
  constexpr int adds = 20'000'000;
  const double begin = seconds();
  parallel(2, [&](const Team&) {
    Column<float> plane(static_cast<size_t>(megabytes) << 18, 0.f);
    float* to = plane.data();
    uint32_t at = 1;
    for (int i = 0; i < adds; ++i) at = at * 1664525u + 1013904223u, to[at * uint64_t{plane.size()} >> 32] += 1;
    asm volatile("" ::"r"(to) : "memory");
  });
  return (seconds() - begin) / adds * 1e9;
}

bool run(Registry& registry, int neurons) {
  const Blueprint blueprint = brunel(registry, neurons, 1.5);
  const double begin = seconds();
  Connectome connectome = build(blueprint, 1);
  std::printf("%4d M synapses, built in %.2f s (%.0f M/s)\n", neurons / 1000, seconds() - begin, neurons * 1e-3 / (seconds() - begin));
  // About as many events for each size.
  const double duration = std::clamp(std::round(1e7 / neurons), 200.0, 2000.0);
  int64_t spikes = -1;
  bool right = true;
  double alone = 0;
  for (const int count : {1, 2}) {
    set_threads(count);
    Simulation simulation(blueprint, connectome, brunel_input(registry), {.duration = duration, .record_spikes = {"E", "I"}, .all_threads = true});
    Counter counter(100);
    const double limit = scattered_adds(connectome), start = seconds();
    simulation.run(counter);
    const double wall = seconds() - start, events = static_cast<double>(simulation.counts().synaptic_events);
    if (count == 1) alone = wall;
    std::printf("  %d thread%s  %7.0f M events/s, %.2f ns an event, %2.0f %% of adding alone", count, count == 1 ? " " : "s", events / wall * 1e-6,
                wall / events * 1e9, 100 * events / wall / limit);
    std::printf(count == 1 ? "\n" : "; %.2f times one thread\n", alone / wall);
    right = right && (spikes < 0 || counter.all() == spikes);
    spikes = counter.all();
  }
  if (!right) std::printf("  WRONG: two threads give %lld spikes, one gives others\n", static_cast<long long>(spikes));
  const double rate = static_cast<double>(spikes) / neurons / ((duration - 100) * 1e-3);
  return neurons < 10000 ? right : within("rate (Hz)", rate, 0.95 * 42.7, 1.05 * 42.7) && right;
}

}  // namespace

int main(int argc, char** argv) {
  const Options o = options(argc, argv);
  Registry registry(default_folders(""));
  bool right = true;
  if (!o.brief)
    std::printf("memory answers after %.0f ns; an add at random into 4, 16, 64 MB a thread takes %.1f, %.1f, %.1f ns\n", latency(), random_add(4), random_add(16), random_add(64));
  for (const int neurons : {1000, 3000, 10000, 30000, 100000, 300000})
    if (!o.brief || neurons <= 3000) right = run(registry, neurons) && right;
  return right ? 0 : 1;
}
