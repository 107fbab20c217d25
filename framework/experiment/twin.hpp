// The twin of an experiment: its approximator in the shape of the dataset, with the heads that [training] gives its outputs. Inside this room
// only.
#pragma once
#include "proxon/experiment/settings.hpp"

namespace proxon {

/// Outputs [first, first + columns) of one table [dataset.targets.NAME].
struct TargetRange {
  std::string name;
  int64_t first, columns;
};

/// The experiment's targets as outputs of `dataset`; empty where the outputs are several bins of each.
std::vector<TargetRange> target_ranges(const Experiment& experiment, const NamedSource& dataset);

/// The model as the experiment wants it, with theta at 0; an approximator whose units are neurons has the archive's network. Throws Error when
/// heads and outputs do not go together.
Model make_twin(const Experiment& experiment, const NamedSource& dataset, const archive::Reader& reader);
/// The same, with the theta and the rest that `record` keeps.
Model make_twin(const Experiment& experiment, const NamedSource& dataset, const archive::Reader& reader, const archive::ModelRecord& record);

/// What the archive keeps of its fitted twin. Throws Error when there is none.
archive::ModelRecord kept_twin(const archive::Reader& reader);

/// Key of the twin's first weights, of the order of samples, of dropout.
uint64_t fit_seed(const Experiment& experiment);

/// What the twin is fitted to, as the experiment wants it: the dataset of an archive's recordings, or labelled samples.
std::unique_ptr<NamedSource> open_source(const Experiment& experiment, const archive::Reader& reader);
std::unique_ptr<LabelledSamples> open_samples(const Experiment& experiment);
std::unique_ptr<Dataset> open_dataset(const Experiment& experiment, const archive::Reader& reader);

}  // namespace proxon
