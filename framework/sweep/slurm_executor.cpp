#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "proxon/base/progress.hpp"
#include "proxon/sweep/executor.hpp"

namespace proxon::sweep {

namespace fs = std::filesystem;

namespace {

constexpr double look_seconds = 3;       // between two questions to Slurm
constexpr double patience_seconds = 300;  // that a task waits for whoever gives out trials
constexpr int most_submissions = 20;      // of one task, after each of which it came to nothing

std::string orders_file(const Places& places, int32_t task) { return fmt::format("{}/task-{}.orders", places.work(), task); }
std::string ready_file(const Places& places, int32_t task) { return fmt::format("{}/task-{}.ready", places.work(), task); }
std::string alive_file(const Places& places) { return places.work() + "/alive"; }
std::string job_file(const Places& places) { return places.work() + "/slurm.jobs"; }

void append(const std::string& path, const std::string& bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  const bool whole = fd >= 0 && write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  if (fd >= 0) close(fd);
  if (!whole) fail("{}: cannot be written: {}.", path, std::strerror(errno));
}

std::string in_quotes(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

struct Answer {
  int status;
  std::string text;
};
Answer ask(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (!pipe) return {-1, std::strerror(errno)};
  std::string text;
  std::array<char, 4096> block;
  while (const size_t n = fread(block.data(), 1, block.size(), pipe)) text.append(block.data(), n);
  text.erase(text.find_last_not_of(" \n") + 1);
  return {pclose(pipe), text};
}

class SlurmExecutor : public Executor {
 public:
  SlurmExecutor(const Plan& plan, const Places& places, bool looks_back, const std::string& command)
      : plan_(plan), places_(places), looks_back_(looks_back), command_(command) {
    end_earlier_jobs();
    int64_t n = plan.where_to_run().workers;
    if (n == 0) n = 1;
    for (int64_t i = 0; i < n; ++i) tasks_.emplace_back(static_cast<int32_t>(i), places_);
    append(alive_file(places_), "");
    submit(fmt::format("0-{}", n - 1));
  }
  ~SlurmExecutor() override { stop(); }

  int64_t room() const override {
    int64_t ready = 0;
    for (const Task& task : tasks_) ready += task.ready;
    return std::max<int64_t>(0, ready * ahead() - outstanding());
  }

  int64_t outstanding() const override {
    auto n = static_cast<int64_t>(again_.size());
    for (const Task& task : tasks_) n += static_cast<int64_t>(task.given.size());
    return n;
  }

  void give(std::vector<Trial> trials) override {
    std::map<int32_t, std::string> orders;
    for (Trial& trial : trials) {
      Task* least = nullptr;
      for (Task& task : tasks_)
        if (task.ready && (!least || task.given.size() < least->given.size())) least = &task;
      if (!least) {
        again_.push_back(std::move(trial));
        continue;
      }
      orders[least->number] += pack(trial);
      least->given.push_back(std::move(trial));
    }
    for (const auto& [task, bytes] : orders) append(orders_file(places_, task), bytes);
  }

  void wait(double seconds, const OnResult& on_result, const OnLost& on_lost) override {
    const double until = monotonic_seconds() + seconds;
    do {
      bool any = false;
      for (Task& task : tasks_) any |= fetch(task, on_result);
      if (any) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    } while (monotonic_seconds() < until && !interrupted());
    std::error_code none;
    for (Task& task : tasks_) task.ready = task.ready || fs::exists(ready_file(places_, task.number), none);
    if (monotonic_seconds() - looked_ > look_seconds) look(on_result, on_lost);
    std::vector<Trial> again(std::make_move_iterator(again_.begin()), std::make_move_iterator(again_.end()));
    again_.clear();
    give(std::move(again));
  }

  void stop() override {
    if (jobs_.empty()) return;
    for (const std::string& job : jobs_) ask("scancel " + job);
    await_end();
    jobs_.clear();
    std::remove(job_file(places_).c_str());
  }

 private:
  struct Task {
    int32_t number;
    bool ready = false;
    std::deque<Trial> given;
    JournalReader results, failures;
    int submissions = 1;
    Task(int32_t number, const Places& places)
        : number(number), results(places.journal(number)), failures(fmt::format("{}/task-{}.journal", places.work(), number)) {}
  };

  int64_t ahead() const {
    if (looks_back_) return 1;
    return std::clamp<int64_t>(static_cast<int64_t>(2.0 / std::max(mean_seconds_, 1e-4)), 2, 2000);
  }

  void submit(const std::string& tasks) {
    std::string options;
    for (const std::string_view option : plan_.where_to_run().options) options += " " + in_quotes(std::string(option));
    const std::string command =
        fmt::format("sbatch --parsable --array={} --requeue --open-mode=append --job-name=proxon-sweep --cpus-per-task={} --output={}{} --wrap={}", tasks,
                    plan_.where_to_run().threads, in_quotes(places_.work() + "/task-%a.out"), options, in_quotes("exec " + command_ + " $SLURM_ARRAY_TASK_ID"));
    const Answer answer = ask(command);
    if (answer.status != 0) fail("{}: sbatch refuses the job: {}{}", plan_.file, answer.text, answer.text.ends_with('.') ? "" : ".");
    const std::string job = answer.text.substr(0, answer.text.find(';'));
    jobs_.push_back(job);
    append(job_file(places_), job + "\n");
  }

  /// Jobs of a sweep that was killed: nobody gives them trials any more.
  void end_earlier_jobs() {
    std::ifstream file(job_file(places_));
    for (std::string job; std::getline(file, job);) jobs_.push_back(job);
    for (const std::string& job : jobs_) ask("scancel " + job);
    await_end();
    jobs_.clear();
    for (const auto& entry : fs::directory_iterator(places_.work()))
      if (entry.path().filename().string().starts_with("task-") && entry.path().extension() != ".journal") fs::remove(entry.path());
    std::remove(job_file(places_).c_str());
  }

  /// What a job wrote last must be there before its journal is read for the last time.
  void await_end() {
    for (int i = 0; i < 100 && !jobs_.empty(); ++i) {
      const Answer answer = ask(fmt::format("squeue -h -o %T -j {}", fmt::join(jobs_, ",")));
      if (answer.status != 0 || answer.text.empty()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }

  bool fetch(Task& task, const OnResult& on_result) {
    bool any = false;
    for (JournalReader* journal : {&task.results, &task.failures})
      any |= journal->read([&](Result&& result) {
        const auto same = [&](const Trial& t) { return t.number == result.trial.number && t.repeat == result.trial.repeat; };
        const auto found = std::find_if(task.given.begin(), task.given.end(), same);
        if (found == task.given.end()) return;
        task.given.erase(found);
        task.submissions = 1;
        mean_seconds_ += (result.seconds - mean_seconds_) / static_cast<double>(std::min<int64_t>(++finished_, 100));
        on_result(std::move(result), journal->axes());
      });
    return any;
  }

  /// Which tasks Slurm still knows. One that is gone is submitted again, and what it had not finished goes to others.
  void look(const OnResult& on_result, const OnLost& on_lost) {
    looked_ = monotonic_seconds();
    std::error_code none;
    fs::last_write_time(alive_file(places_), fs::file_time_type::clock::now(), none);
    const Answer answer = ask(fmt::format("squeue -h -r -o %K -j {}", fmt::join(jobs_, ",")));
    if (answer.status != 0 && answer.text.find("Invalid job id") == std::string::npos) return;  // Slurm is busy; it will say later
    std::set<int32_t> known;
    std::istringstream lines(answer.status == 0 ? answer.text : "");
    for (int32_t task; lines >> task;) known.insert(task);
    std::string gone;
    for (Task& task : tasks_) {
      if (known.contains(task.number)) continue;
      fetch(task, on_result);
      task.ready = false;
      fs::remove(ready_file(places_, task.number), none);
      fs::remove(orders_file(places_, task.number), none);
      if (++task.submissions > most_submissions)
        fail("task {} of the cluster ended {} times before it had finished a trial; its last words are in {}/task-{}.out.", task.number, most_submissions, places_.work(), task.number);
      // The first may be what it was at; the others it had not begun.
      for (size_t i = 0; i < task.given.size(); ++i) {
        if (i > 0) again_.push_back(std::move(task.given[i]));
        else on_lost({.trial = std::move(task.given[i]), .reason = "its job on the cluster ended, or its node was lost.", .from_outside = true, .start = wall_seconds(), .worker = task.number});
      }
      task.given.clear();
      gone += fmt::format("{}{}", gone.empty() ? "" : ",", task.number);
    }
    if (!gone.empty()) submit(gone);
  }

  const Plan& plan_;
  Places places_;
  bool looks_back_;
  std::string command_;
  std::vector<std::string> jobs_;
  std::deque<Task> tasks_;
  std::deque<Trial> again_;
  double looked_ = monotonic_seconds(), mean_seconds_ = 0;
  int64_t finished_ = 0;
};

double age_seconds(const std::string& path) {
  std::error_code error;
  const auto time = fs::last_write_time(path, error);
  return error ? 1e9 : std::chrono::duration<double>(fs::file_time_type::clock::now() - time).count();
}

}  // namespace

std::unique_ptr<Executor> slurm_executor(const Plan& plan, const Places& places, bool looks_back, const std::string& command) {
  return std::make_unique<SlurmExecutor>(plan, places, looks_back, command);
}

void run_task(const Plan& plan, const Places& places, int32_t number) {
  // What this task has finished already, before its node was lost.
  std::set<std::pair<int64_t, int32_t>> finished;
  const std::string own = fmt::format("{}/task-{}.journal", places.work(), number);
  for (const std::string& path : {places.journal(number), own})
    JournalReader(path).read([&](Result&& result) { finished.emplace(result.trial.number, result.trial.repeat); });
  JournalWriter failures(own, plan.space);
  const std::unique_ptr<Executor> executor = local_executor(plan, places, false, number, 1);
  append(ready_file(places, number), "");

  std::string bytes;
  size_t at = 0;
  int64_t read_to = 0;
  std::deque<Trial> queue;
  std::map<uint64_t, int64_t> attempts;
  while (!interrupted() && age_seconds(alive_file(places)) < patience_seconds) {
    // New orders, as far as they are whole.
    if (std::ifstream orders(orders_file(places, number), std::ios::binary); orders) {
      orders.seekg(read_to);
      const std::string more{std::istreambuf_iterator<char>(orders), {}};
      read_to += static_cast<int64_t>(more.size()), bytes += more;
      for (Trial trial; unpack(bytes, at, trial);)
        if (!finished.contains({trial.number, trial.repeat})) queue.push_back(trial);
      bytes.erase(0, at), at = 0;
    }
    std::vector<Trial> batch;
    for (int64_t room = executor->room(); room > 0 && !queue.empty(); --room) batch.push_back(std::move(queue.front())), queue.pop_front();
    executor->give(std::move(batch));
    if (executor->outstanding() == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      continue;
    }
    executor->wait(0.1, [](Result&&, const auto&) {}, [&](LostTrial&& lost) {
      if (lost.from_outside && ++attempts[lost.trial.key] <= plan.limits().retries) queue.push_front(std::move(lost.trial));
      else failures.append(failed_result(plan, std::move(lost)));
    });
  }
}

}  // namespace proxon::sweep
