// What does it cost to stream every spike and 100 membrane potentials a millisecond to the archive, during brunel10k (datasets/brunel at twice its
// size: 10,000 neurons, 10 million synapses)? NEST: 10 to 20 %. Runs with and without recording take turns; the medians are compared. The answer is
// checked: the archive holds as many spikes as were counted. `--short`: once, 200 ms.
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "network_bench.hpp"
#include "proxon/archive/writer.hpp"
#include "proxon/experiment/records.hpp"
#include "proxon/simulation/background_sink.hpp"

using namespace proxon;
using namespace proxon::bench;

int main(int argc, char** argv) {
  const Options o = options(argc, argv);
  const double duration = o.brief ? 200 : 1000;
  Registry registry(default_folders(""));
  Document document(std::string(PROXON_SOURCE_DIR) + "/datasets/brunel/brunel.toml",
                    {"network.populations.E.size=8000", "network.populations.I.size=2000", "constants.J=0.1", "constants.C_E=800", fmt::format("simulation.duration={}", duration),
                     "simulation.checkpoint_interval=0", "record.traces={ V = { source = \"E\", variable = \"V_m\", interval = 1 } }"},
                    registry);
  Experiment experiment = load(document, registry);
  for (TraceRequest& trace : experiment.options.traces) {
    trace.neurons.resize(100);
    for (int32_t i = 0; i < 100; ++i) trace.neurons[static_cast<size_t>(i)] = i;
  }
  Connectome connectome = build(experiment.blueprint, experiment.seed, experiment.options.dt);
  SimulationOptions silent = experiment.options;
  silent.traces.clear();
  const std::string file = (std::filesystem::temp_directory_path() / fmt::format("proxon_streaming_{}.h5", getpid())).string();

  std::vector<double> without, with;
  bool right = true;
  for (int repeat = 0; repeat < (o.brief ? 1 : 7); ++repeat) {
    Counter counter(0);
    Simulation plain(experiment.blueprint, connectome, experiment.stimuli, silent);
    double begin = seconds();
    plain.run(counter);
    without.push_back(seconds() - begin);

    Simulation recorded(experiment.blueprint, connectome, experiment.stimuli, experiment.options);
    archive::Writer writer = archive::Writer::create(file, skeleton(experiment, connectome, recorded).skeleton, {});
    ArchiveSink sink(writer, {true, true});
    BackgroundSink background(sink);
    begin = seconds();
    recorded.run(background);
    background.finish();
    with.push_back(seconds() - begin);
    right = right && sink.recorded() == counter.all();
    writer.close();
    std::filesystem::remove(file);
  }
  const auto median = [](std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2), values.end());
    return values[values.size() / 2];
  };
  std::printf("streaming, %d threads, %.1f s of biology, medians of %zu\n  without recording  %.3f s\n  all spikes and 100 traces  %.3f s (%+.1f %%)\n", threads(),
              duration * 1e-3, with.size(), median(without), median(with), 100 * (median(with) / median(without) - 1));
  std::printf("  spikes in the archive %s\n", right ? "as many as were counted" : "WRONG: not as many as were counted");
  return right ? 0 : 1;
}
