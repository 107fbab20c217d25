#include "proxon/report/compose.hpp"

#include "proxon/base/progress.hpp"
#include "proxon/dataset/source.hpp"
#include "proxon/report/sections.hpp"

namespace proxon::report {

double parameter(const archive::Reader& reader, std::string_view object, std::string_view name, double otherwise) {
  for (const archive::Object& candidate : reader.objects()) {
    if (candidate.name != object) continue;
    for (const archive::Attribute& attribute : candidate.attributes)
      if (attribute.name == name)
        if (const double* value = std::get_if<double>(&attribute.value)) return *value;
  }
  return otherwise;
}

bool is_simulated(const archive::Reader& reader) { return !reader.populations().empty(); }

std::string text_parameter(const archive::Reader& reader, std::string_view object, std::string_view name) {
  for (const archive::Object& candidate : reader.objects()) {
    if (candidate.name != object) continue;
    for (const archive::Attribute& attribute : candidate.attributes)
      if (attribute.name == name)
        if (const std::string* value = std::get_if<std::string>(&attribute.value)) return *value;
  }
  return "";
}

namespace {

/// Those of the metrics that are taken over whole samples of a split.
void add_figures(const archive::Reader& reader, std::initializer_list<std::string_view> names, std::string_view of, Facts& facts) {
  for (const archive::MetricRecord& metric : reader.metrics()) {
    const bool whole = std::find(std::begin(split_names), std::end(split_names), metric.scope) != std::end(split_names);
    if (metric.defined && whole && std::find(names.begin(), names.end(), metric.name) != names.end())
      facts.facts.push_back({fmt::format("{} on the {} {}", metric.name, metric.scope == "train" ? "training" : metric.scope, of), metric.value});
  }
}

/// The figures that a reader looks for first.
Section overview(const archive::Reader& reader) {
  if (!is_simulated(reader)) {
    Facts facts{.large = true};
    if (const auto model = reader.model(); model && !model->theta.empty())
      facts.facts.push_back({"parameters of the twin", static_cast<int64_t>(model->theta.size())});
    add_figures(reader, {"classification_report.f1[micro]", "classification_report.f1[macro]", "entity_f1.f1", "r2"}, "samples", facts);
    return {.heading = "Overview", .text = reader.description(), .blocks = {facts}};
  }
  int64_t neurons = 0, synapses = 0, spikes = 0;
  for (size_t p = 0; p < reader.populations().size(); ++p) {
    neurons += reader.populations()[p].size;
    if (reader.populations()[p].spikes) spikes += reader.n_spikes(static_cast<int>(p));
  }
  for (const archive::ProjectionRecord& projection : reader.projections()) synapses += projection.n_synapses;
  Facts facts{.facts = {{"neurons", neurons}, {"synapses", synapses}, {"recorded", reader.recorded_ms() / 1000, "s"}}, .large = true};
  if (!reader.stage_done("simulate")) facts.facts.push_back({"planned (the simulation was stopped)", reader.duration_ms() / 1000, "s"});
  if (spikes > 0) facts.facts.push_back({"spikes", spikes});
  if (const auto model = reader.model(); model && !model->theta.empty())
    facts.facts.push_back({"parameters of the twin", static_cast<int64_t>(model->theta.size())});
  add_figures(reader, {"r2", "roc_auc", "coincidence_factor"}, "span", facts);
  return {.heading = "Overview", .text = reader.description(), .blocks = {facts}};
}

Section provenance(const archive::Reader& reader) {
  Section section{.heading = "How it was run"};
  Facts facts{.title = "Provenance",
              .caption = "The same experiment, seed and version give the same bits for any number of threads.",
              .facts = {{"Proxon", reader.version() + " (" + reader.revision() + ")"}, {"seed", std::to_string(reader.seed())}, {"begun", reader.started()},
                        {"identifier", reader.identifier()}}};
  for (const archive::StageRecord& stage : reader.stages()) facts.facts.push_back({"stage " + stage.name, stage.seconds, "s"});
  section.blocks.push_back(facts);
  Table plugins{.title = "Plugins", .caption = "What took part, and what it was built as.", .columns = {{"kind"}, {"name"}, {"file"}, {"stamp"}}};
  for (const archive::PluginRecord& plugin : reader.plugins()) plugins.rows.push_back({plugin.kind, plugin.name, plugin.file, plugin.stamp});
  if (!plugins.rows.empty()) section.blocks.push_back(plugins);
  section.blocks.push_back(Code{.title = "Experiment", .caption = "The experiment file as it was run, with everything that was set on the command line.",
                                .text = reader.text("experiment")});
  return section;
}

}  // namespace

Page compose(const archive::Reader& reader) {
  const std::string title = text_parameter(reader, "experiment", "title");
  Page page{.title = title.empty() ? reader.description() : title,
            .subtitle = is_simulated(reader) ? "a biological network and its deep twin" : "labelled samples and what was fitted to them",
            .footer = fmt::format("Proxon {} ({}), seed {}, {}", reader.version(), reader.revision(), reader.seed(), reader.started())};
  page.sections.push_back(overview(reader));
  page.sections.push_back(is_simulated(reader) ? network_section(reader) : samples_section(reader));
  if (is_simulated(reader) && reader.stage_done("simulate")) page.sections.push_back(activity_section(reader));
  if (reader.stage_done("fit")) page.sections.push_back(fit_section(reader));
  if (reader.stage_done("fit")) page.sections.push_back(prediction_section(reader));
  if (const auto section = weights_section(reader)) page.sections.push_back(*section);
  if (reader.stage_done("evaluate")) page.sections.push_back(metrics_section(reader));
  page.sections.push_back(provenance(reader));
  return page;
}

}  // namespace proxon::report
