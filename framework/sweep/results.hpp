// All that is known of a sweep: the table of its archive, and what journals of workers hold beyond it. One row a trial, found by its identity or
// by its values; no trial has two. Where things are: NAME.h5 is the archive, NAME.h5.work the folder of a sweep that runs or was killed.
#pragma once
#include <set>
#include <unordered_map>

#include "proxon/sweep/journal.hpp"
#include "proxon/sweep/plan.hpp"

namespace proxon::sweep {

struct Places {
  std::string archive;
  std::string work() const { return archive + ".work"; }
  std::string lock() const { return work() + "/lock"; }
  /// Which sampler and space the numbers in the journals belong to, as SweepTable.sampler says it of the archive's.
  std::string sampler() const { return work() + "/sampler"; }
  std::string journal(int worker) const { return fmt::format("{}/worker-{}.journal", work(), worker); }
  std::string scratch(int worker) const { return fmt::format("{}/scratch-{}", work(), worker); }
  /// Journals that are there, in the order of their names.
  std::vector<std::string> journals() const;
};

/// The lock of the one process that gives out trials; ends with it and its workers, however they end.
class Lock {
 public:
  /// Throws Error when a sweep of that archive runs already.
  explicit Lock(const Places& places);
  ~Lock();
  Lock(const Lock&) = delete;
  /// The process that holds it ("4711 on node3"), "" when none does.
  static std::string holder(const Places& places);

 private:
  int fd_ = -1;
};

class Results {
 public:
  /// What the archive and the journals hold; an empty table when there is nothing.
  explicit Results(const Places& places);

  const archive::SweepTable& table() const { return table_; }
  archive::SweepTable& table() { return table_; }
  std::optional<int64_t> find(const TrialId& id) const;
  std::optional<int64_t> find_key(uint64_t key) const;

  /// Adds a result whose point is over `axes`; gives its row, the one that is there already when the trial is known (a failed one is replaced).
  int64_t add(const Result& result, const std::vector<JournalReader::AxisName>& axes);
  /// The point of a row in a space, by the names of its axes; nothing when an axis has another value there than the space knows.
  std::optional<Point> point(int64_t row, const Space& space) const;
  /// The trial of a failed row will run again, and have that row.
  void forget(int64_t row) { forgotten_.insert(row); }
  /// Makes columns for the axes of a space that have none, and says of all what they change.
  void describe_axes(const Space& space);
  /// All rows are of another time: none is found any more.
  void outdate();

  int64_t count(TrialState state) const;
  /// Results that were in journals and not yet in the archive.
  int64_t from_journals() const { return from_journals_; }
  /// The number of the proposal that a row answers.
  void set_number(int64_t row, int64_t number);
  /// Numbers are those of this sampler from here on; those of another are taken away.
  void number_for(const std::string& sampler);
  /// Whether the rows are no longer those of the archive.
  bool changed() const { return changed_; }

 private:
  size_t column(const std::string& name, bool is_text);
  archive::SweepTable table_;
  struct IdHash {
    size_t operator()(const TrialId& id) const { return id.high; }
  };
  std::unordered_map<TrialId, int64_t, IdHash> by_id_;
  std::unordered_map<uint64_t, int64_t> by_key_;
  std::set<int64_t> forgotten_;
  int64_t from_journals_ = 0;
  bool changed_ = false;
};

/// Axes of a space as journals name them.
std::vector<JournalReader::AxisName> axis_names(const Space& space);

/// Writes table, curves (of the archive before it and of the journals) and kept archives to the archive. `keep` are the trials whose archives are
/// wanted; `other`: another file to write.
void publish(const Places& places, const Results& results, const std::vector<TrialId>& keep, const std::string& other = "");

/// The same while other work goes on, in a process of its own, whose number it returns: the table is that of this moment.
int publish_aside(const Places& places, const Results& results, const std::vector<TrialId>& keep);

}  // namespace proxon::sweep
