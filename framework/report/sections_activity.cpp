#include "proxon/base/progress.hpp"
#include "proxon/report/sections.hpp"

namespace proxon::report {
namespace {

constexpr int64_t most_rows = 20000;
constexpr size_t most_drawn_traces = 8;

/// Rate of a population over time, in bins.
Series rate_of(const archive::Reader& reader, int population, double bin, int colour) {
  const archive::PopulationRecord& record = reader.populations()[static_cast<size_t>(population)];
  const double duration = reader.recorded_ms();
  Series series{record.name, {}, {}, colour};
  std::vector<int64_t> counts(static_cast<size_t>(std::ceil(duration / bin)) + 1);
  const int64_t n = reader.n_spikes(population);
  constexpr int64_t block = 1 << 20;
  for (int64_t begin = 0; begin < n; begin += block)
    for (const double ms : reader.spike_range(population, begin, std::min(begin + block, n)).ms)
      ++counts[std::min(counts.size() - 1, static_cast<size_t>(ms / bin))];
  for (size_t b = 0; (static_cast<double>(b) + 1) * bin <= duration; ++b) {
    series.x.push_back((static_cast<double>(b) + 0.5) * bin / 1000);
    series.y.push_back(static_cast<double>(counts[b]) / (static_cast<double>(record.size) * bin / 1000));
  }
  return series;
}

/// Rows [first, last) of a sampled signal that lie in the drawn stretch, at most as many as a chart can show.
std::pair<int64_t, int64_t> stretch(double start, double step, int64_t rows, double begin, double length) {
  const auto first = static_cast<int64_t>(std::max(0.0, std::ceil((begin - start) / step)));
  const auto last = static_cast<int64_t>((begin + length - start) / step) + 1;
  return {first, std::min({rows, last, first + most_rows})};
}

void add_traces(const archive::Reader& reader, double begin, double length, Section& section) {
  for (int t = 0; t < static_cast<int>(reader.traces().size()); ++t) {
    const archive::TraceRecord& record = reader.traces()[static_cast<size_t>(t)];
    const auto [first, last] = stretch(record.start_ms, record.step_ms, reader.trace_rows(t), begin, length);
    if (last <= first) continue;
    const std::vector<float> rows = reader.trace(t, first, last);
    const size_t width = record.neurons.size(), drawn = std::min(width, most_drawn_traces);
    Lines lines{.title = record.variable + " of " + record.population,
                .caption = drawn < width ? fmt::format("{} of the {} recorded neurons.", drawn, width) : "The recorded neurons.",
                .x = {"time", "ms"},
                .y = {record.variable, record.unit == "1" ? "" : record.unit},
                .wide = true};
    for (size_t k = 0; k < drawn; ++k) {
      const int32_t neuron = record.neurons[k];
      const auto& names = reader.populations()[static_cast<size_t>(reader.population(record.population))].node_names;
      Series series{names.empty() ? fmt::format("neuron {}", neuron) : names[static_cast<size_t>(neuron)], {}, {}};
      for (int64_t r = first; r < last; ++r) {
        series.x.push_back(record.start_ms + static_cast<double>(r) * record.step_ms);
        series.y.push_back(rows[static_cast<size_t>(r - first) * width + k]);
      }
      lines.series.push_back(std::move(series));
    }
    section.blocks.push_back(std::move(lines));
  }
}

void add_correlations(const archive::Reader& reader, Section& section) {
  for (int c = 0; c < static_cast<int>(reader.correlations().size()); ++c) {
    const archive::CorrelationRecord& record = reader.correlations()[static_cast<size_t>(c)];
    const archive::CorrelationBlock pairs = reader.correlation(c);
    Lines lines{.title = "Cross-correlation of " + record.source + " and " + record.target,
                .caption = "Pairs of spikes by the time from the first to the second, and how many independent spikes of the same rates would make.",
                .x = {"lag", "ms"}, .y = {"pairs", ""}, .wide = true};
    lines.series.push_back({record.name, record.lags_ms, {pairs.count.begin(), pairs.count.end()}});
    lines.series.push_back({"chance", record.lags_ms, pairs.chance});
    section.blocks.push_back(std::move(lines));
  }
}

}  // namespace

Section activity_section(const archive::Reader& reader) {
  Section section{.heading = "Activity"};
  // A run that was stopped before raster_begin shows its end.
  const double recorded = reader.recorded_ms(), asked = parameter(reader, "report", "raster_length", 1000);
  const double at = parameter(reader, "report", "raster_begin", 0);
  const double begin = at < recorded ? at : std::max(0.0, recorded - asked);
  const double length = std::min(asked, recorded - begin);

  Raster raster{.title = "Spikes", .caption = fmt::format("One mark a spike, {:g} to {:g} ms; one row a neuron, one colour a population.", begin, begin + length),
                .from = begin, .to = begin + length};
  Lines rates{.title = "Population rates",
              .x = {"time", "s"}, .y = {"rate", "Hz"}, .wide = true};
  const double bin = std::max(50.0, std::ceil(reader.recorded_ms() / 200 / 50) * 50);
  rates.caption = fmt::format("Spikes a neuron and second, in bins of {:g} ms.", bin);
  int32_t row = 0;
  for (int p = 0; p < static_cast<int>(reader.populations().size()); ++p) {
    const archive::PopulationRecord& record = reader.populations()[static_cast<size_t>(p)];
    if (!record.spikes) continue;
    archive::SpikeBlock block = reader.spikes(p, begin, begin + length);
    Spikes spikes{record.name, std::move(block.ms), std::move(block.neurons), p};
    for (int32_t& neuron : spikes.rows) neuron += row;
    row += static_cast<int32_t>(record.size);
    raster.groups.push_back(std::move(spikes));
    rates.series.push_back(rate_of(reader, p, bin, p));
  }
  raster.neurons = static_cast<size_t>(row);
  if (!raster.groups.empty()) section.blocks.push_back(std::move(raster));
  if (!rates.series.empty()) section.blocks.push_back(std::move(rates));

  // Stimuli of one unit share a chart, and so do recorded rates; a stimulus that stays at a value is told, not drawn.
  Facts constant{.title = "Constant stimuli", .caption = "The value that all targets of a stimulus share.", .facts = {}};
  std::vector<std::pair<std::string, Lines>> charts;
  for (int s = 0; s < static_cast<int>(reader.signals().size()); ++s) {
    const archive::SignalRecord& record = reader.signals()[static_cast<size_t>(s)];
    const auto [first, last] = stretch(record.start_ms, record.step_ms, reader.signal_rows(s), begin, length);
    if (last <= first) continue;
    const std::vector<float> values = reader.signal(s, first, last);
    if (!record.population && std::all_of(values.begin(), values.end(), [&](float value) { return value == values.front(); })) {
      if (values.front() != 0) constant.facts.push_back({record.name, static_cast<double>(values.front()), record.unit == "1" ? "" : record.unit});
      continue;
    }
    const std::string key = (record.population ? "population " : "stimulus ") + record.unit;
    auto found = std::find_if(charts.begin(), charts.end(), [&](const auto& chart) { return chart.first == key; });
    if (found == charts.end())
      found = charts.insert(charts.end(), {key, Lines{.title = record.population ? "Recorded rates" : "Stimuli",
                                                      .caption = record.population ? "As they were recorded, over the same stretch."
                                                                                   : "The value that all targets of a stimulus share, over the same stretch.",
                                                      .x = {"time", "ms"}, .y = {record.population ? "rate" : "signal", record.unit}, .wide = true}});
    Series series{record.name, {}, {}};
    for (int64_t r = first; r < last; ++r) {
      series.x.push_back(record.start_ms + static_cast<double>(r) * record.step_ms);
      series.y.push_back(values[static_cast<size_t>(r - first)]);
    }
    found->second.series.push_back(std::move(series));
  }
  if (!constant.facts.empty()) section.blocks.push_back(std::move(constant));
  for (auto& [key, chart] : charts) section.blocks.push_back(std::move(chart));
  add_correlations(reader, section);
  add_traces(reader, begin, length, section);
  return section;
}

}  // namespace proxon::report
