#include <map>

#include "proxon/base/progress.hpp"
#include "proxon/report/sections.hpp"

namespace proxon::report {
namespace {

/// At most this many synapses a projection are looked at for histograms, and this many changes of single weights are drawn.
constexpr int64_t most_synapses = 2'000'000, most_drawn_changes = 2000;
/// With more projections than this, histograms are those of populations: a line a projection could not be told from the next.
constexpr size_t most_projections = 8;

struct Degrees {
  std::vector<double> in, out;
};

Degrees degrees(const archive::Reader& reader, int projection) {
  const archive::ProjectionRecord& record = reader.projections()[static_cast<size_t>(projection)];
  const std::vector<int64_t> offsets = reader.offsets(projection);
  Degrees result;
  for (size_t i = 0; i + 1 < offsets.size(); ++i) result.out.push_back(static_cast<double>(offsets[i + 1] - offsets[i]));
  result.in.assign(static_cast<size_t>(reader.populations()[static_cast<size_t>(reader.population(record.target))].size), 0);
  constexpr int64_t block = 1 << 20;
  for (int64_t begin = 0; begin < record.n_synapses; begin += block)
    for (const int32_t target : reader.synapses(projection, begin, std::min(begin + block, record.n_synapses)).targets)
      ++result.in[static_cast<size_t>(target)];
  return result;
}

std::string listed(const std::vector<archive::Attribute>& attributes, std::string_view name) {
  for (const archive::Attribute& attribute : attributes)
    if (attribute.name == name)
      if (const std::string* text = std::get_if<std::string>(&attribute.value)) return *text;
  return "";
}

/// The sample of that name, made where there is none yet.
Sample& sample_of(std::vector<Sample>& samples, const std::string& name) {
  const auto found = std::find_if(samples.begin(), samples.end(), [&](const Sample& sample) { return sample.name == name; });
  return found != samples.end() ? *found : samples.emplace_back(Sample{name, {}});
}

void append(std::vector<double>& values, const std::vector<double>& more) { values.insert(values.end(), more.begin(), more.end()); }

/// Degrees of the same neurons add up.
void add(std::vector<double>& sums, const std::vector<double>& more) {
  sums.resize(std::max(sums.size(), more.size()));
  for (size_t i = 0; i < more.size(); ++i) sums[i] += more[i];
}

/// What learning did to the weights of one projection: before and after, their change synapse by synapse, their mean over time.
void add_learned(const archive::Reader& reader, int projection, const std::vector<double>& before, Section& section) {
  const archive::ProjectionRecord& record = reader.projections()[static_cast<size_t>(projection)];
  const std::vector<double> times = reader.snapshot_times_ms(projection);
  if (times.empty()) return;
  const Axis weight{"weight", record.weight_unit == "1" ? "" : record.weight_unit};
  const auto n = static_cast<int64_t>(before.size());
  const std::vector<float> last = reader.snapshot(projection, std::ssize(times) - 1, 0, n);
  const std::vector<double> after(last.begin(), last.end());
  section.blocks.push_back(binned({.title = fmt::format("Weights of {}, learned by {}", record.name, record.learning_rule),
                                   .caption = fmt::format("Before the run and at its end ({:g} s).", times.back() / 1000), .x = weight, .y = {"synapses"}},
                                  {{"before", before}, {"after", after}}));
  if (record.n_synapses <= most_drawn_changes) {
    Series change{record.name, {}, {}};
    for (size_t k = 0; k < after.size(); ++k) change.x.push_back(static_cast<double>(k)), change.y.push_back(after[k] - before[k]);
    section.blocks.push_back(Lines{.title = "What each synapse of " + record.name + " learned", .caption = "Synapses in the order of the archive: by source, then by target.",
                                   .x = {"synapse"}, .y = {"change of weight", weight.unit}, .series = {std::move(change)}});
  }
  if (times.size() < 3) return;
  Series mean{record.name, {}, {}};
  for (int64_t t = 0; t < std::ssize(times); ++t) {
    double sum = 0;
    for (const float w : reader.snapshot(projection, t, 0, n)) sum += w;
    mean.x.push_back(times[static_cast<size_t>(t)] / 1000), mean.y.push_back(sum / std::max<double>(1, static_cast<double>(n)));
  }
  section.blocks.push_back(Lines{.title = "Mean weight of " + record.name, .caption = "At each recorded time.", .x = {"time", "s"}, .y = weight, .series = {std::move(mean)}});
}

}  // namespace

Section network_section(const archive::Reader& reader) {
  Section section{.heading = "The network"};
  Table populations{.title = "Populations", .columns = {{"name"}, {"model"}, {"neurons"}}};
  for (const archive::PopulationRecord& population : reader.populations())
    populations.rows.push_back({population.name, population.model, population.size});
  section.blocks.push_back(populations);

  Table projections{.title = "Projections",
                    .columns = {{"name"}, {"from"}, {"to"}, {"connectivity"}, {"synapses"}, {"synapse"}, {"learning rule"}, {"mean weight"}, {"std"}, {"unit"}}};
  const bool pooled = reader.projections().size() > most_projections;
  std::map<std::string, std::vector<Sample>> weights_by_unit;
  std::vector<Sample> in_degrees, out_degrees;
  std::vector<std::vector<double>> before;
  for (int p = 0; p < static_cast<int>(reader.projections().size()); ++p) {
    const archive::ProjectionRecord& record = reader.projections()[static_cast<size_t>(p)];
    const archive::SynapseBlock some = reader.synapses(p, 0, std::min(record.n_synapses, most_synapses));
    const std::vector<double> weights(some.weights.begin(), some.weights.end());
    const double n = std::max<double>(1, static_cast<double>(weights.size()));
    const double first = weights.empty() ? 0 : weights.front();  // what equal weights differ by is 0
    double beyond = 0, squares = 0;
    for (const double w : weights) beyond += w - first;
    const double mean = first + beyond / n;
    for (const double w : weights) squares += (w - mean) * (w - mean);
    projections.rows.push_back({record.name, record.source, record.target, listed(record.parameters, "connectivity"), record.n_synapses,
                                record.synapse, record.learning_rule.empty() ? Cell() : Cell(record.learning_rule), mean,
                                std::sqrt(squares / n), record.weight_unit == "1" ? "" : record.weight_unit});
    append(sample_of(weights_by_unit[record.weight_unit], pooled ? record.source : record.name).values, weights);
    const Degrees d = degrees(reader, p);
    add(sample_of(in_degrees, pooled ? record.target : record.name).values, d.in);
    add(sample_of(out_degrees, pooled ? record.source : record.name).values, d.out);
    before.push_back(record.learning_rule.empty() ? std::vector<double>() : weights);
  }
  if (projections.rows.empty()) return section;
  section.blocks.push_back(projections);
  for (auto& [unit, samples] : weights_by_unit)
    section.blocks.push_back(binned({.title = "Synaptic weights",
                                     .caption = std::string("Inhibition stands left of zero. A truncated distribution ends at its bound.") +
                                                (pooled ? " One line a source population." : ""),
                                     .x = {"weight", unit == "1" ? "" : unit}, .y = {"synapses"}},
                                    samples));
  section.blocks.push_back(binned({.title = "In-degree", .caption = pooled ? "Synapses that a neuron of a population receives." : "Synapses that a target receives from one projection.",
                                   .x = {"synapses a target"}, .y = {"neurons"}}, in_degrees));
  section.blocks.push_back(binned({.title = "Out-degree", .caption = pooled ? "Synapses that a neuron of a population makes." : "Synapses that a source makes in one projection.",
                                   .x = {"synapses a source"}, .y = {"neurons"}}, out_degrees));
  for (int p = 0; p < static_cast<int>(reader.projections().size()); ++p)
    if (!reader.projections()[static_cast<size_t>(p)].learning_rule.empty()) add_learned(reader, p, before[static_cast<size_t>(p)], section);
  return section;
}

}  // namespace proxon::report
