// The results of a sweep, one HDF5 file: a table of trials in columns, their curves, and the archives of those that are kept. The file is only
// ever replaced as a whole (written beside it, renamed into place), so that it opens at any moment, also while the sweep runs. A million rows
// fit in memory: a row is some 200 B. Layout: docs/sweeps.md.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proxon/archive/records.hpp"

namespace proxon::archive {

enum class TrialState : std::uint8_t {
  done = 0,
  failed = 1,
  outdated = 2,  ///< run with a plugin that has been rebuilt since; another row has its place
};

/// What a trial is known by: a hash of its resolved parameters, its plugins and its seed.
struct TrialId {
  std::uint64_t high = 0, low = 0;
  auto operator<=>(const TrialId&) const = default;
  std::string text() const;  ///< 16 hexadecimal digits, as people use it
};

/// An axis and its value in every trial: a number; the position among `choices` where there are any; NaN where it was not active.
struct SweepAxis {
  std::string name;
  std::vector<std::string> parameters;
  std::string unit;
  bool logarithmic = false;
  std::vector<std::string> choices;
  std::vector<double> value;  ///< [rows]
};

/// A figure that trials gave ("r2.test"), NaN where one did not.
struct SweepFigure {
  std::string name;
  std::vector<double> value;  ///< [rows]
};

struct SweepObjective {
  std::string name;    ///< "accuracy"
  std::string figure;  ///< "accuracy.test"; "accuracy" is the first figure of that name, whatever it is taken over
  bool maximise = false;
};

struct SweepTable {
  // What was swept.
  std::string title, description;
  std::string sweep, experiment;  ///< texts of the two files
  std::string sampler, version, revision, started;
  std::string command;     ///< what a trial is run alone with, before the values of its axes; "" when that is not possible
  std::uint64_t seed = 0;  ///< of the first repeat; the others follow it
  std::vector<SweepObjective> objectives;
  std::vector<PluginRecord> plugins;  ///< `stamp` is the SHA-256 of the file

  // Columns, all of one length.
  std::vector<TrialId> id;
  std::vector<std::uint64_t> key;    ///< of the values alone, to find a trial without loading its experiment
  std::vector<std::int64_t> number;  ///< of the proposal
  std::vector<std::int32_t> repeat;
  std::vector<std::uint8_t> state;  ///< TrialState
  std::vector<double> start;        ///< s since 1970
  std::vector<double> seconds;
  std::vector<std::int32_t> worker;  ///< -1: found by the one that gives out the trials
  std::vector<SweepAxis> axes;
  std::vector<SweepFigure> figures;
  std::map<std::int64_t, std::string> reasons;  ///< of the failed rows

  std::int64_t rows() const { return static_cast<std::int64_t>(id.size()); }
  TrialState state_of(std::int64_t row) const { return static_cast<TrialState>(state[static_cast<std::size_t>(row)]); }
  const SweepFigure* figure(std::string_view name) const;
  /// What a row gave for an objective, NaN where it gave nothing; the objective "seconds" is the trial's own time.
  double value(std::int64_t row, const SweepObjective& objective) const;
  /// Adds an empty row and returns its number.
  std::int64_t add_row();
  /// The column of that name, made when there is none.
  SweepFigure& figure_column(const std::string& name);
  /// The command that runs a trial alone.
  std::string command_of(std::int64_t row) const;
  /// The value of an axis as a person reads it; "" where it is not active.
  std::string axis_text(const SweepAxis& axis, std::int64_t row) const;
  /// "rule = hebb, rate = 0.001"
  std::string point_text(std::int64_t row) const;
};

/// A point of a trial's curves.
struct CurvePoint {
  std::int32_t row;
  std::int32_t epoch;
  float train_loss, validation_loss;
};

class SweepReader {
 public:
  /// Throws Error when the file is missing or none of ours.
  explicit SweepReader(const std::string& path);
  ~SweepReader();

  SweepTable table() const;
  /// All curves, in blocks.
  void curves(const std::function<void(const std::vector<CurvePoint>&)>& block) const;
  /// Identities of the trials whose archives are kept.
  std::vector<TrialId> kept() const;
  std::vector<std::uint8_t> kept_archive(const TrialId& id) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Writes the file anew beside `path`; close() puts it in place. Destroyed before that, it leaves nothing behind.
class SweepWriter {
 public:
  SweepWriter(const std::string& path, const SweepTable& table);
  ~SweepWriter();

  void append_curves(const std::vector<CurvePoint>& points);
  void keep_archive(const TrialId& id, const std::vector<std::uint8_t>& bytes);
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace proxon::archive
