// What stands around a twin when it is used: the units of what comes in and goes out, and what the numbers are called. Formats of other programs
// (onnx.hpp, nir.hpp) are written from a model in its frame.
#pragma once
#include <string>
#include <vector>

#include "proxon/dataset/dataset.hpp"
#include "proxon/learning/model.hpp"

namespace proxon {

struct TwinFrame {
  std::string title;    ///< of the experiment
  std::string version;  ///< of Proxon
  std::vector<std::string> inputs, outputs, units;  ///< names of the channels that come in and go out; units of those; may be empty
  Normalisation input, target;                      ///< a channel each; empty: as they are
  bool sequence = false;                            ///< every step has its own output, for any number of steps
  int64_t input_bins = 1, target_bins = 1;          ///< steps that a sample has, where it is no sequence
  double bin = 1;                                   ///< ms from a step to the next
};

/// Whether a channel is more than as it is.
inline bool changes(const Normalisation& constants) {
  for (const double mean : constants.mean)
    if (mean != 0) return true;
  for (const double std : constants.std)
    if (std != 1) return true;
  return false;
}

/// Runs the model's own description over `x`. Throws Error with one sentence when the approximator has none in that format, or none with these parameters.
Value describe(const Model& model, GraphFormat format, const Graph& graph, Value x);

}  // namespace proxon
