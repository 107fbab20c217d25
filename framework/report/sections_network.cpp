#include <map>

#include "proxon/base/progress.hpp"
#include "proxon/report/sections.hpp"

namespace proxon::report {
namespace {

/// At most this many synapses a projection are looked at for histograms.
constexpr int64_t most_synapses = 2'000'000;

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

}  // namespace

Section network_section(const archive::Reader& reader) {
  Section section{.heading = "The network"};
  Table populations{.title = "Populations", .columns = {{"name"}, {"model"}, {"neurons"}}};
  for (const archive::PopulationRecord& population : reader.populations())
    populations.rows.push_back({population.name, population.model, population.size});
  section.blocks.push_back(populations);

  Table projections{.title = "Projections",
                    .columns = {{"name"}, {"from"}, {"to"}, {"connectivity"}, {"synapses"}, {"synapse"}, {"learning rule"}, {"mean weight"}, {"std"}, {"unit"}}};
  std::map<std::string, std::vector<Sample>> weights_by_unit;
  std::vector<Sample> in_degrees, out_degrees;
  for (int p = 0; p < static_cast<int>(reader.projections().size()); ++p) {
    const archive::ProjectionRecord& record = reader.projections()[static_cast<size_t>(p)];
    const archive::SynapseBlock some = reader.synapses(p, 0, std::min(record.n_synapses, most_synapses));
    Sample weights{record.name, {some.weights.begin(), some.weights.end()}};
    double sum = 0, squares = 0;
    for (const double w : weights.values) sum += w, squares += w * w;
    const double n = std::max<double>(1, static_cast<double>(weights.values.size())), mean = sum / n;
    projections.rows.push_back({record.name, record.source, record.target, listed(record.parameters, "connectivity"), record.n_synapses,
                                record.synapse, record.learning_rule.empty() ? Cell() : Cell(record.learning_rule), mean,
                                std::sqrt(std::max(0.0, squares / n - mean * mean)), record.weight_unit == "1" ? "" : record.weight_unit});
    weights_by_unit[record.weight_unit].push_back(std::move(weights));
    Degrees d = degrees(reader, p);
    in_degrees.push_back({record.name, std::move(d.in)});
    out_degrees.push_back({record.name, std::move(d.out)});
  }
  if (projections.rows.empty()) return section;
  section.blocks.push_back(projections);
  for (auto& [unit, samples] : weights_by_unit)
    section.blocks.push_back(binned({.title = "Synaptic weights", .caption = "Inhibition stands left of zero. A truncated distribution ends at its bound.",
                                     .x = {"weight", unit == "1" ? "" : unit}, .y = {"synapses"}},
                                    samples));
  section.blocks.push_back(binned({.title = "In-degree", .caption = "Synapses that a target receives from one projection.",
                                   .x = {"synapses a target"}, .y = {"neurons"}}, in_degrees));
  section.blocks.push_back(binned({.title = "Out-degree", .caption = "Synapses that a source makes in one projection.",
                                   .x = {"synapses a source"}, .y = {"neurons"}}, out_degrees));
  return section;
}

}  // namespace proxon::report
