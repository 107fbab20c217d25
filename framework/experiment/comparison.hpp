// What an experiment's metrics look at. The biological side (spikes, weights, heads) is read once, and may be compared with as many twins as there
// are. Inside this room only.
#pragma once
#include "proxon/evaluation/evaluation.hpp"
#include "proxon/experiment/biology.hpp"

namespace proxon {

/// What a twin says of the span that is compared, and the mean targets of the training span, in the targets' own units, row-major.
struct ComparedRows {
  std::vector<std::string> channels;
  std::vector<double> time;  ///< of each row, ms
  std::vector<float> target, prediction, baseline;
};

/// The span that is compared: the test span, where the experiment does not name another.
Split compared_split(const Experiment& experiment);

class Comparison {
 public:
  /// Views both. Throws Error with one sentence.
  Comparison(const Experiment& experiment, const archive::Reader& reader);

  /// The metrics over a twin's rows and, where there is a model, its weights.
  std::vector<archive::MetricRecord> with(const ComparedRows& rows, const std::optional<archive::ModelRecord>& model);
  const Biology& biology();

 private:
  /// A twin's parameters with the weights as they act, and of each layer whether it joins the neurons of the network with one another.
  struct Acting {
    std::vector<float> theta;
    std::vector<char> among_neurons;
  };
  void add_nulls();
  /// What the twin was fitted to; opened by the first who asks.
  NamedSource& source();
  const ApproximatorTable& approximator() const;
  Acting acting(const archive::ModelRecord& record) const;

  const Experiment& experiment_;
  const archive::Reader& reader_;
  std::unique_ptr<Dataset> dataset_;          ///< where it is needed; one of the two
  std::unique_ptr<LabelledSamples> samples_;
  std::vector<archive::SpikeBlock> spikes_;
  std::optional<Biology> biology_;
  EvaluationInput input_;  ///< the part that all twins share
};

/// Runs the experiment's metrics over an archive.
std::vector<archive::MetricRecord> evaluate_archive(const Experiment& experiment, const archive::Reader& reader);

}  // namespace proxon
