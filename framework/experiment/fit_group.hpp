// Fit and evaluation of many experiments that differ in [training] alone, over one recording: the dataset is made once, the biological side is
// read once, and the twins are trained together (learning/train_together.hpp). Nothing is written to an archive. What comes out is what `fit`
// and `evaluate` would put there, to the bit.
#pragma once
#include "proxon/archive/records.hpp"
#include "proxon/experiment/settings.hpp"

namespace proxon {

/// What came of one of them.
struct FitOutcome {
  std::vector<archive::EpochRecord> curve;
  std::vector<archive::MetricRecord> metrics;
  std::string error;  ///< a sentence; "": there is none
};

class FitGroup {
 public:
  /// Over the recording in an archive; `experiment` is one of the group, and must live as long. Throws Error with one sentence.
  FitGroup(const Experiment& experiment, const std::string& archive);
  ~FitGroup();

  /// In the order of the experiments; empty when their twins cannot be trained together. Throws Interrupted.
  std::vector<FitOutcome> run(std::span<const Experiment* const> experiments);

  /// Whether a parameter ("training.L2") may have another value in each experiment of a group.
  static bool leaves_free(std::string_view parameter);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace proxon
