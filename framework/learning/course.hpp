// What a training keeps in mind from epoch to epoch, whoever computes its steps: the schedule, the weights to go back to, when it ends. Inside
// this room only.
#pragma once
#include <limits>

#include "proxon/learning/trainer.hpp"

namespace proxon {

/// The order in which an epoch (0, 1, ...) meets the samples: Fisher & Yates, a function of (seed, epoch) alone.
void permute(std::vector<int64_t>& order, uint64_t seed, int64_t epoch);

/// Samples that are looked at together when nothing trains: some hundred rows.
inline int64_t looking_batch(const SampleSource& source) { return std::max<int64_t>(1, 256 / source.steps()); }

/// Throws Error when the options do not fit the samples.
void check_options(const TrainingOptions& options, const SampleSource& source);

class Course {
 public:
  Course(Model& model, const TrainingOptions& options, bool validates, const std::function<void(const EpochRecord&)>& each_epoch);

  /// Goes to the next epoch; false when there is none.
  bool begin_epoch();
  /// The one that runs: 0, 1, ...; and the schedule's factor on its learning rate.
  int64_t epoch() const { return at_.epoch - 1; }
  double factor() const { return factor_; }
  /// Throws Error when the sum of the epoch's losses is no longer finite.
  void check(double training_loss) const;
  /// Notes the epoch's losses; throws Error when they or the weights are not finite.
  void end_epoch(double train_loss, double validation_loss, double learning_rate);
  /// Gives the model the weights that are worth keeping: the best so far with early stopping, else those of the last whole epoch.
  void put_back();
  /// put_back(), and what came of it.
  TrainingResult finish();
  /// Writes what it keeps in mind, and the weights that are worth keeping; and takes them up, in the middle of an epoch that has begun.
  void keep(Checkpoint& to) const;
  void resume(const Checkpoint& from);

 private:
  [[noreturn]] void not_finite(const char* which) const;

  static constexpr double infinity = std::numeric_limits<double>::infinity(), unknown = std::numeric_limits<double>::quiet_NaN();
  /// Plain numbers, as a checkpoint holds them. `epoch`: how many have begun.
  struct Place {
    int64_t epoch = 0, best_epoch = 0, best_watched_at = 0;
    double train_loss = unknown, validation_loss = unknown;  ///< of the best epoch
    double plateau = 1, best_kept = infinity, best_watched = infinity;
  };

  Model& model_;
  const TrainingOptions& options_;
  bool validates_, ended_ = false;
  const std::function<void(const EpochRecord&)>& each_epoch_;
  Column<float> kept_;
  Place at_;
  double factor_ = 1;
};

}  // namespace proxon
