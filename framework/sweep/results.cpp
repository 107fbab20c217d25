#include "proxon/sweep/results.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace proxon::sweep {

namespace fs = std::filesystem;

std::vector<std::string> Places::journals() const {
  std::vector<std::string> all;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(work(), error))
    if (entry.path().extension() == ".journal") all.push_back(entry.path().string());
  std::sort(all.begin(), all.end());
  return all;
}

// --------------------------------------------------------------------------------------------------------------------- lock

Lock::Lock(const Places& places) {
  const std::string path = places.lock();
  while (true) {
    std::error_code error;
    fs::create_directories(places.work(), error);
    fd_ = open(path.c_str(), O_RDWR | O_CREAT, 0666);
    if (fd_ < 0) fail("{}: cannot be written: {}.", path, std::strerror(errno));
    // Workers of a sweep that was killed a moment ago end with it, but not before it.
    bool mine_now = false;
    for (int attempt = 0; attempt < 40 && !mine_now; ++attempt) {
      if (attempt > 0) usleep(50'000);
      mine_now = flock(fd_, LOCK_EX | LOCK_NB) == 0;
    }
    if (!mine_now) {
      close(std::exchange(fd_, -1));
      fail("{}: a sweep is at work on it already (process {}). `proxon sweep status` shows how far it is; wait for its end, or stop it with Ctrl-C there.",
           places.archive, holder(places));
    }
    // The folder may have been removed by the sweep that just ended: then the lock is on a file that has no name any more.
    struct stat mine{}, named{};
    if (fstat(fd_, &mine) == 0 && stat(path.c_str(), &named) == 0 && mine.st_ino == named.st_ino) break;
    close(fd_);
  }
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  const std::string text = fmt::format("{} on {}\n", getpid(), host);
  if (pwrite(fd_, text.data(), text.size(), 0) < 0 || ftruncate(fd_, static_cast<off_t>(text.size())) != 0) return;  // for people only
}

Lock::~Lock() {
  if (fd_ >= 0) close(fd_);
}

std::string Lock::holder(const Places& places) {
  const int fd = open(places.lock().c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  std::string text;
  if (flock(fd, LOCK_SH | LOCK_NB) != 0) {
    char line[300] = "";
    const ssize_t n = read(fd, line, sizeof line - 1);
    text = n > 0 ? std::string(line, static_cast<size_t>(n)) : "unknown";
    text.erase(text.find_last_not_of('\n') + 1);
  }
  close(fd);
  return text;
}

// ------------------------------------------------------------------------------------------------------------------ results

Results::Results(const Places& places) {
  if (fs::exists(places.archive)) table_ = archive::SweepReader(places.archive).table();
  by_id_.reserve(table_.id.size()), by_key_.reserve(table_.id.size());
  for (int64_t row = 0; row < table_.rows(); ++row) {
    if (table_.state_of(row) == TrialState::outdated) continue;
    by_id_[table_.id[static_cast<size_t>(row)]] = row;
    by_key_[table_.key[static_cast<size_t>(row)]] = row;
  }
  // The journals' numbers are of the sampler that ran last.
  if (std::ifstream file(places.sampler()); file) number_for({std::istreambuf_iterator(file), {}});
  for (const std::string& path : places.journals()) {
    JournalReader journal(path);
    journal.read([&](Result&& result) { add(result, journal.axes()), ++from_journals_; });
  }
}

std::optional<int64_t> Results::find(const TrialId& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() || forgotten_.contains(found->second) ? std::nullopt : std::optional(found->second);
}

std::optional<int64_t> Results::find_key(uint64_t key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() || forgotten_.contains(found->second) ? std::nullopt : std::optional(found->second);
}

size_t Results::column(const std::string& name, bool is_text) {
  size_t c = 0;
  while (c < table_.axes.size() && table_.axes[c].name != name) ++c;
  if (c == table_.axes.size()) table_.axes.push_back({.name = name, .value = std::vector<double>(table_.id.size(), NAN)});
  archive::SweepAxis& axis = table_.axes[c];
  // An axis of numbers that takes texts from now on becomes one of texts.
  if (is_text && axis.choices.empty()) {
    for (double& value : axis.value) {
      if (std::isnan(value)) continue;
      const std::string text = number_text(value);
      const auto known = std::find(axis.choices.begin(), axis.choices.end(), text);
      value = static_cast<double>(known - axis.choices.begin());
      if (known == axis.choices.end()) axis.choices.push_back(text);
    }
  }
  return c;
}

int64_t Results::add(const Result& result, const std::vector<JournalReader::AxisName>& axes) {
  const Trial& trial = result.trial;
  const auto known = by_id_.find(trial.id);
  if (known != by_id_.end() && table_.state_of(known->second) == TrialState::done) return known->second;
  const int64_t row = known != by_id_.end() ? known->second : table_.add_row();
  changed_ = true;
  forgotten_.erase(row);
  const auto r = static_cast<size_t>(row);
  table_.id[r] = trial.id, table_.key[r] = trial.key, table_.number[r] = trial.number, table_.repeat[r] = trial.repeat;
  table_.state[r] = static_cast<uint8_t>(result.state), table_.start[r] = result.start, table_.seconds[r] = result.seconds, table_.worker[r] = result.worker;
  for (size_t a = 0; a < axes.size(); ++a) {
    archive::SweepAxis& axis = table_.axes[column(axes[a].name, !axes[a].choices.empty())];
    double value = trial.point[a];
    if (!axis.choices.empty() && !std::isnan(value)) {
      const std::string text = axes[a].choices.empty() ? number_text(value) : axes[a].choices[static_cast<size_t>(value)];
      const auto found = std::find(axis.choices.begin(), axis.choices.end(), text);
      value = static_cast<double>(found - axis.choices.begin());
      if (found == axis.choices.end()) axis.choices.push_back(text);
    }
    axis.value[r] = value;
  }
  for (const auto& [name, value] : result.figures) table_.figure_column(name).value[r] = value;
  if (result.state == TrialState::failed) table_.reasons[row] = result.reason;
  else table_.reasons.erase(row);
  by_id_[trial.id] = row, by_key_[trial.key] = row;
  return row;
}

std::optional<Point> Results::point(int64_t row, const Space& space) const {
  Point point(space.axes.size(), NAN);
  for (size_t a = 0; a < space.axes.size(); ++a) {
    const Axis& axis = space.axes[a];
    const auto column = std::find_if(table_.axes.begin(), table_.axes.end(), [&](const auto& c) { return c.name == axis.name; });
    if (column == table_.axes.end()) return std::nullopt;
    const double value = column->value[static_cast<size_t>(row)];
    if (std::isnan(value)) continue;
    if (axis.is_text() != !column->choices.empty()) return std::nullopt;
    point[a] = value;
    if (!axis.is_text()) continue;
    size_t choice = 0;
    while (choice < axis.choices.size() && axis.text(static_cast<double>(choice)) != column->choices[static_cast<size_t>(value)]) ++choice;
    if (choice == axis.choices.size()) return std::nullopt;
    point[a] = static_cast<double>(choice);
  }
  return point;
}

void Results::describe_axes(const Space& space) {
  for (const Axis& axis : space.axes) {
    archive::SweepAxis& its = table_.axes[column(axis.name, axis.is_text())];
    its.parameters = axis.parameters, its.unit = axis.unit, its.logarithmic = axis.logarithmic;
    for (size_t i = 0; axis.is_text() && i < axis.choices.size(); ++i)
      if (const std::string text = axis.text(static_cast<double>(i)); std::find(its.choices.begin(), its.choices.end(), text) == its.choices.end())
        its.choices.push_back(text);
  }
}

void Results::number_for(const std::string& sampler) {
  if (table_.sampler != sampler) std::fill(table_.number.begin(), table_.number.end(), -1);
  table_.sampler = sampler;
}

void Results::outdate() {
  std::fill(table_.state.begin(), table_.state.end(), static_cast<uint8_t>(TrialState::outdated));
  by_id_.clear(), by_key_.clear(), changed_ = true;
}

void Results::set_number(int64_t row, int64_t number) {
  int64_t& its = table_.number[static_cast<size_t>(row)];
  changed_ |= its != number, its = number;
}

int64_t Results::count(TrialState state) const {
  return std::count(table_.state.begin(), table_.state.end(), static_cast<uint8_t>(state));
}

std::vector<JournalReader::AxisName> axis_names(const Space& space) {
  std::vector<JournalReader::AxisName> names;
  for (const Axis& axis : space.axes) {
    names.push_back({axis.name, {}});
    for (size_t i = 0; axis.is_text() && i < axis.choices.size(); ++i) names.back().choices.push_back(axis.text(static_cast<double>(i)));
  }
  return names;
}

// ------------------------------------------------------------------------------------------------------------------ archive

void publish(const Places& places, const Results& results, const std::vector<TrialId>& keep, const std::string& other) {
  archive::SweepWriter writer(other.empty() ? places.archive : other, results.table());
  const std::set<TrialId> wanted(keep.begin(), keep.end());
  std::set<TrialId> written;
  std::vector<bool> has_curve(static_cast<size_t>(results.table().rows()));
  // Of the archive that is there; rows keep their numbers.
  if (fs::exists(places.archive)) {
    const archive::SweepReader before(places.archive);
    before.curves([&](const std::vector<archive::CurvePoint>& points) {
      for (const auto& point : points) has_curve[static_cast<size_t>(point.row)] = true;
      writer.append_curves(points);
    });
    for (const TrialId& id : before.kept())
      if (wanted.contains(id) && written.insert(id).second) writer.keep_archive(id, before.kept_archive(id));
  }
  // Of the journals.
  std::vector<archive::CurvePoint> points;
  for (const std::string& path : places.journals()) {
    JournalReader journal(path, !wanted.empty());
    journal.read([&](Result&& result) {
      const auto row = results.find(result.trial.id);
      if (!row || has_curve[static_cast<size_t>(*row)]) return;
      has_curve[static_cast<size_t>(*row)] = result.state == TrialState::done;
      for (const Epoch& e : result.curve) points.push_back({static_cast<int32_t>(*row), e.epoch, e.train_loss, e.validation_loss});
      if (points.size() > 100'000) writer.append_curves(points), points.clear();
      if (!result.archive.empty() && wanted.contains(result.trial.id) && written.insert(result.trial.id).second)
        writer.keep_archive(result.trial.id, result.archive);
    });
  }
  writer.append_curves(points);
  writer.close();
}

int publish_aside(const Places& places, const Results& results, const std::vector<TrialId>& keep) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) fail("{}: cannot be written: {}.", places.archive, std::strerror(errno));
  if (child > 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    publish(places, results, keep);
  } catch (const std::exception&) {
    _exit(1);  // a disk that is full now may have room at the sweep's end
  }
  _exit(0);
}

}  // namespace proxon::sweep
