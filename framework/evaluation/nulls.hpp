// Null models: what a twin has to beat. They predict what the twin predicts, from the training span alone:
//
//   mean              the mean target; of classes how often each occurs, so that the most frequent one is given
//   psth              the mean target at each time within a trial, over training trials (peri-stimulus time histogram)
//   linear_nonlinear  a linear filter of the inputs' recent history, and a static nonlinearity that does not fall, one of each a target
//                     (Chichilnisky 2001, Network 12:199, doi:10.1080/713663221)
#pragma once
#include <span>
#include <string>
#include <vector>

#include "proxon/dataset/source.hpp"

namespace proxon {

inline constexpr const char* null_choices = "mean|psth|linear_nonlinear";

/// What one null model says of the rows of a split that are asked for, in their order and in the targets' own units.
struct NullPrediction {
  std::string name;               ///< "PSTH"
  std::string name_of_classes;    ///< what it is called where all targets are classes; "": the same
  std::vector<float> prediction;  ///< [rows x outputs], or [outputs] where it says the same of all rows
  std::string undefined;          ///< why there is none; else ""
};

/// The null model "mean", whose values [outputs] are known wherever there are predictions.
NullPrediction null_mean(std::vector<float> mean);
/// The others, which learn from the source's training span. `filter`: see EvaluationOptions. Throws Interrupted on Ctrl-C.
NullPrediction null_prediction(std::string_view name, NamedSource& source, Split split, std::span<const double> filter);

}  // namespace proxon
