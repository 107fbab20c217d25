#include "proxon/archive/check.hpp"
#include "proxon/archive/reader.hpp"
#include "proxon/archive/recover.hpp"
#include "proxon/base/error.hpp"
#include "proxon/base/progress.hpp"
#include "proxon/cli/verbs.hpp"

namespace proxon::cli {
namespace {

int info(const Call& call) {
  const archive::Reader reader(call.arguments[0]);
  if (!reader.note().empty()) note(reader.note());
  fmt::print("{}\nProxon {} ({}), seed {}, begun {}\n", reader.description(), reader.version(), reader.revision(), reader.seed(), reader.started());
  for (size_t i = 0; i < reader.populations().size(); ++i) {
    const auto& population = reader.populations()[i];
    fmt::print("population {:<16} {:>10} {}", population.name, format_count(population.size), population.model);
    if (population.spikes) fmt::print(", {} spikes", format_count(reader.n_spikes(static_cast<int>(i))));
    fmt::print("\n");
  }
  for (const auto& projection : reader.projections())
    fmt::print("projection {:<16} {:>10} synapses, {} -> {}\n", projection.name, format_count(projection.n_synapses), projection.source, projection.target);
  for (size_t i = 0; i < reader.traces().size(); ++i)
    fmt::print("trace      {}.{}: {} rows of {} neurons every {} ms\n", reader.traces()[i].population, reader.traces()[i].variable,
               format_count(reader.trace_rows(static_cast<int>(i))), reader.traces()[i].neurons.size(), reader.traces()[i].step_ms);
  for (const auto& stage : reader.stages()) fmt::print("stage      {:<16} done in {}\n", stage.name, format_duration(stage.seconds));
  for (const auto& metric : reader.metrics())
    if (metric.defined) fmt::print("metric     {:<28} {:.5g}\n", metric.name, metric.value);
    else fmt::print("metric     {:<28} undefined: {}\n", metric.name, metric.reason);
  return 0;
}

int check_archive(const Call& call) {
  const std::vector<std::string> broken = archive::check(call.arguments[0]);
  for (const std::string& sentence : broken) fmt::print("{}\n", sentence);
  if (!broken.empty()) fail("{}: {} rule{} of NWB or SONATA broken.", call.arguments[0], broken.size(), broken.size() == 1 ? " is" : "s are");
  fmt::print("{}: valid as NWB and as SONATA\n", call.arguments[0]);
  return 0;
}

int recover_archive(const Call& call) {
  const std::string done = archive::recover(call.arguments[0]);
  fmt::print("{}: {}\n", call.arguments[0], done.empty() ? "is whole; nothing to do" : done);
  return 0;
}

}  // namespace

std::vector<Verb> archive_verbs() {
  return {{"archive info", "ARCHIVE", "says what an archive holds", "", 1, 1, {}, info},
          {"archive check", "FILE", "checks a file against the rules of NWB and SONATA", "", 1, 1, {}, check_archive},
          {"archive recover", "ARCHIVE", "mends an archive that a killed run left behind", "", 1, 1, {}, recover_archive}};
}

}  // namespace proxon::cli
