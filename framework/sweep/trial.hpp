// A trial and what came of it, as they go between the one that gives trials out, the workers, and the journals.
#pragma once
#include "proxon/archive/sweep_file.hpp"
#include "proxon/sweep/space.hpp"

namespace proxon::sweep {

using archive::TrialId;
using archive::TrialState;

/// One run of the experiment at a point.
struct Trial {
  int64_t number = 0;  ///< of the proposal that the point came from
  int32_t repeat = 0;  ///< 0, 1, ...: which of the seeds
  uint64_t key = 0;
  TrialId id;
  Point point;
  bool keep = false;  ///< the whole archive is wanted
  bool alone = false; ///< not together with others: a worker that ran several at once ended, and one of them is to blame
  double bar = NAN;   ///< only when the first objective is better than this; NaN: in any case
};

struct Epoch {
  int32_t epoch;
  float train_loss, validation_loss;
};

struct Result {
  Trial trial;
  TrialState state = TrialState::done;
  double start = 0;    ///< s since 1970, by the wall clock: for people only
  double seconds = 0;  ///< by a clock that never goes back
  int32_t worker = -1;
  std::string reason;  ///< of a failure: a sentence, with the trial's last words
  std::vector<std::pair<std::string, double>> figures;
  std::vector<Epoch> curve;
  std::vector<uint8_t> archive;  ///< the whole archive, where it is kept
};

}  // namespace proxon::sweep
