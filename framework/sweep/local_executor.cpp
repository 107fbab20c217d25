#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <thread>

#include "proxon/base/progress.hpp"
#include "proxon/sweep/executor.hpp"

namespace proxon::sweep {
namespace {

/// The last of what a worker has printed.
class LastWords {
 public:
  void add(const char* data, size_t n) {
    text_.append(data, n);
    if (text_.size() > 2 * most) text_.erase(0, text_.size() - most);
  }
  std::string text() const {
    std::string last = text_.size() > most ? text_.substr(text_.size() - most) : text_;
    last.erase(last.find_last_not_of(" \n\r\t") + 1);
    // What is no text would not be shown.
    for (char& c : last)
      if (static_cast<unsigned char>(c) < 32 && c != '\n' && c != '\t') c = '?';
    return last;
  }

 private:
  static constexpr size_t most = 1000;
  std::string text_;
};

struct Process {
  int32_t number = 0;
  pid_t pid = -1;
  int orders = -1, wake = -1, output = -1;  // pipes: trials to it, a byte a result from it, what it prints
  Watch* watch = nullptr;
  std::deque<Trial> given;
  std::string unsent;  // of the orders
  JournalReader journal;
  LastWords words;
  bool too_slow = false;
  int idle_deaths = 0;

  explicit Process(int32_t number, const Places& places) : number(number), journal(places.journal(number)) {}
};

/// The worker's own process: runs trials as they come, until there are no more to come.
[[noreturn]] void work(const WorkerSetup& setup, Watch* watch, int orders, int wake) {
  try {
    Worker worker(setup, watch);
    std::string bytes;
    std::vector<Trial> trials;
    char block[1 << 16];
    double told = 0;
    while (true) {
      size_t at = 0, left = 0;
      trials.clear();
      for (Trial trial; unpack(bytes, at, trial);) trials.push_back(std::move(trial));
      bytes.erase(0, at), left = trials.size();
      worker.run(trials, [&] {
        // A byte now and then: results that come fast are fetched together.
        const double now = monotonic_seconds();
        if (--left > 0 && now - told <= 0.002) return;
        told = now;
        if (write(wake, "!", 1) < 0 && errno != EAGAIN) _exit(0);
      });
      const ssize_t n = read(orders, block, sizeof block);
      if (n < 0 && errno == EINTR && !interrupted()) continue;
      if (n <= 0) break;
      bytes.append(block, static_cast<size_t>(n));
    }
  } catch (const Interrupted&) {
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    std::fflush(stderr);
    _exit(3);
  }
  _exit(0);
}

class LocalExecutor : public Executor {
 public:
  LocalExecutor(const Plan& plan, const Places& places, bool looks_back, int32_t first, int64_t workers)
      : plan_(plan), places_(places), looks_back_(looks_back) {
    int64_t n = workers > 0 ? workers : plan.where_to_run().workers;
    if (n == 0) n = std::max<int64_t>(1, std::thread::hardware_concurrency() / plan.where_to_run().threads);
    watches_ = static_cast<Watch*>(mmap(nullptr, static_cast<size_t>(n) * sizeof(Watch), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    PROXON_CHECK(watches_ != MAP_FAILED);
    for (int64_t i = 0; i < n; ++i) {
      processes_.emplace_back(first + static_cast<int32_t>(i), places_);
      processes_.back().watch = new (watches_ + i) Watch;
      // What stands in the journal already is of a worker before this one.
      processes_.back().journal.read([](Result&&) {});
    }
    signal(SIGPIPE, SIG_IGN);
  }

  ~LocalExecutor() override {
    stop();
    for (Process& process : processes_) {
      if (process.pid < 0) continue;
      while (waitpid(process.pid, nullptr, 0) < 0 && errno == EINTR) continue;
      close_pipes(process);
      std::error_code none;
      std::filesystem::remove_all(places_.scratch(process.number), none);
    }
    munmap(watches_, processes_.size() * sizeof(Watch));
  }

  int64_t room() const override {
    return std::max<int64_t>(0, static_cast<int64_t>(processes_.size()) * ahead() - outstanding());
  }

  int64_t outstanding() const override {
    auto n = static_cast<int64_t>(again_.size());
    for (const Process& process : processes_) n += static_cast<int64_t>(process.given.size());
    return n;
  }

  void give(std::vector<Trial> trials) override {
    // Neighbours share a worker, which may know their network already.
    size_t next = 0;
    while (next < trials.size()) {
      Process& process = *std::min_element(processes_.begin(), processes_.end(), [](const Process& a, const Process& b) { return a.given.size() < b.given.size(); });
      const size_t ahead = static_cast<size_t>(this->ahead()), fair = (trials.size() - 1) / processes_.size() + 1;
      const size_t share = std::clamp<size_t>(std::min(fair, ahead - std::min(process.given.size(), ahead)), 1, trials.size() - next);
      for (size_t i = 0; i < share; ++i) hand_over(process, std::move(trials[next++]));
      send(process);
    }
  }

  void wait(double seconds, const OnResult& result, const OnLost& lost) override {
    polled_.clear();
    for (Process& process : processes_) {
      polled_.push_back({process.wake, POLLIN, 0}), polled_.push_back({process.output, POLLIN, 0});
      polled_.push_back({process.unsent.empty() ? -1 : process.orders, POLLOUT, 0});
    }
    const int n = poll(polled_.data(), polled_.size(), static_cast<int>(seconds * 1000));
    if (n < 0 && errno != EINTR) fail("waiting for the workers failed: {}.", std::strerror(errno));
    const pollfd* of = polled_.data();
    for (Process& process : processes_) {
      const pollfd &wake = *of++, &output = *of++;
      ++of;
      if (process.pid < 0) continue;
      send(process);
      if (wake.revents != 0) hear(process.wake, [](const char*, size_t) {}), fetch(process, result);
      if (output.revents != 0 && !hear_words(process)) close(std::exchange(process.output, -1));
      end_when_too_slow(process);
      // Its end closes its pipes, unless a process that it began holds them still.
      int status = 0;
      if ((n <= 0 || (wake.revents & POLLHUP) != 0) && waitpid(process.pid, &status, WNOHANG) == process.pid) bury(process, status, result, lost);
    }
    // What a worker that ended had not begun.
    std::deque<Trial> again = std::move(again_);
    again_.clear();
    give({std::make_move_iterator(again.begin()), std::make_move_iterator(again.end())});
  }

  void stop() override {
    for (Process& process : processes_) {
      if (process.pid >= 0) kill(process.pid, SIGKILL);
      process.given.clear();
    }
    again_.clear();
  }

 private:
  /// How many trials a worker is given at a time: so many that it is busy for a twentieth of a second, or that they are best run together, but no more
  /// than two seconds' work one by one: at the end the others would wait for it.
  int64_t ahead() const {
    if (looks_back_) return 1;
    if (finished_ < 8) return 2;
    if (mean_seconds_ > 0.2) return 1;
    const double mean = std::max(mean_seconds_, 1e-5);
    const int64_t together = std::min(plan_.task->at_once(), static_cast<int64_t>(2 / mean));
    return std::clamp<int64_t>(static_cast<int64_t>(0.05 / mean), std::max<int64_t>(2, together), 512);
  }

  void start(Process& process) {
    int orders[2], wake[2], output[2];
    if (pipe2(orders, O_CLOEXEC) != 0 || pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0 || pipe2(output, O_CLOEXEC) != 0)
      fail("a worker cannot be started: {}.", std::strerror(errno));
    std::fflush(nullptr);
    process.watch->number = Watch::none;
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0) fail("a worker cannot be started: {}.", std::strerror(errno));
    if (pid == 0) {
      // It ends with the one that gives out trials, however that ends; Ctrl-C on the terminal is not for it.
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(0);
      setpgid(0, 0);
      for (const int sign : {SIGINT, SIGTERM, SIGUSR1, SIGPIPE}) signal(sign, SIG_DFL);
      const int nothing = open("/dev/null", O_RDONLY);
      dup2(nothing, STDIN_FILENO), dup2(output[1], STDOUT_FILENO), dup2(output[1], STDERR_FILENO);
      std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
      for (Process& other : processes_)
        if (other.pid >= 0) close_pipes(other);
      for (const int end : {orders[1], wake[0], output[0], output[1]}) close(end);
      work({&plan_, places_, process.number}, process.watch, orders[0], wake[1]);
    }
    for (const int end : {orders[0], wake[1], output[1]}) close(end);
    process.pid = pid, process.orders = orders[1], process.wake = wake[0], process.output = output[0];
    for (const int end : {process.orders, process.output}) fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK);
    process.words = {}, process.too_slow = false, process.unsent.clear();
  }

  void close_pipes(Process& process) {
    for (int* end : {&process.orders, &process.wake, &process.output})
      if (*end >= 0) close(std::exchange(*end, -1));
  }

  void hand_over(Process& process, Trial trial) {
    if (process.pid < 0) start(process);
    process.unsent += pack(trial);
    process.given.push_back(std::move(trial));
  }

  void send(Process& process) {
    while (!process.unsent.empty()) {
      const ssize_t n = write(process.orders, process.unsent.data(), process.unsent.size());
      if (n <= 0) return;
      process.unsent.erase(0, static_cast<size_t>(n));
    }
  }

  /// What a pipe holds, though of a worker that prints without end no more than the others can wait for. False when nothing more will come.
  bool hear(int pipe, const auto& each) {
    char block[1 << 14];
    for (int i = 0; i < 64; ++i) {
      const ssize_t n = read(pipe, block, sizeof block);
      if (n > 0) each(block, static_cast<size_t>(n));
      if (n < static_cast<ssize_t>(sizeof block)) return n != 0;
    }
    return true;
  }

  bool hear_words(Process& process) {
    return hear(process.output, [&](const char* data, size_t size) { process.words.add(data, size); });
  }

  void fetch(Process& process, const OnResult& on_result) {
    process.journal.read([&](Result&& result) {
      const auto same = [&](const Trial& t) { return t.number == result.trial.number && t.repeat == result.trial.repeat; };
      const auto found = std::find_if(process.given.begin(), process.given.end(), same);
      if (found == process.given.end()) return;  // of a sweep before this one
      process.given.erase(found);
      process.idle_deaths = 0;
      mean_seconds_ += (result.seconds - mean_seconds_) / static_cast<double>(std::min<int64_t>(++finished_, 100));
      on_result(std::move(result), process.journal.axes());
    });
  }

  void end_when_too_slow(Process& process) {
    const double limit = plan_.limits().time_limit;
    if (limit <= 0 || process.too_slow || process.watch->number == Watch::none || monotonic_seconds() - process.watch->since < limit) return;
    process.too_slow = true;
    kill(process.pid, SIGKILL);
  }

  /// A worker has ended: its results so far, the trial that it was at, and those that it had not begun.
  void bury(Process& process, int status, const OnResult& on_result, const OnLost& on_lost) {
    process.pid = -1;
    hear_words(process);
    fetch(process, on_result);
    close_pipes(process);
    const int sign = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    const int64_t number = process.watch->number;
    const auto at = std::find_if(process.given.begin(), process.given.end(),
                                 [&](const Trial& t) { return t.number == number && t.repeat == process.watch->repeat; });
    if (number == Watch::together && !(WIFEXITED(status) && WEXITSTATUS(status) == 3)) {
      // Of several at once nobody knows which it was: each is run again alone.
      for (Trial& trial : process.given) trial.alone = true;
    } else if (at == process.given.end()) {
      // Between two trials: nobody's fault, unless it does not even start.
      if (WIFEXITED(status) && WEXITSTATUS(status) == 3) fail("a worker cannot go on: {}", process.words.text());
      if (++process.idle_deaths >= 5) fail("worker {} ended {} times before its first trial; its last words: {}", process.number, process.idle_deaths, process.words.text());
    } else {
      LostTrial lost{.trial = std::move(*at), .seconds = monotonic_seconds() - process.watch->since, .worker = process.number};
      process.given.erase(at);
      lost.start = wall_seconds() - lost.seconds;
      if (WIFEXITED(status) && WEXITSTATUS(status) == 3) fail("a worker cannot go on: {}", process.words.text());
      if (process.too_slow) lost.reason = fmt::format("ended after time_limit = {} s.", plan_.limits().time_limit);
      else if (WIFEXITED(status) && WEXITSTATUS(status) == out_of_memory_status)
        lost.reason = plan_.limits().memory_limit > 0 ? fmt::format("needs more memory than memory_limit = {} MB.", plan_.limits().memory_limit) : "not enough memory.";
      else if (sign != 0) lost.reason = fmt::format("ended by signal {} ({}).", sign, strsignal(sign));
      else lost.reason = fmt::format("ended the process with status {}.", WEXITSTATUS(status));
      lost.from_outside = !process.too_slow && (sign == SIGKILL || sign == SIGTERM || sign == SIGUSR1);
      if (const std::string words = process.words.text(); !words.empty()) lost.reason += "\nLast words: " + words;
      on_lost(std::move(lost));
    }
    for (Trial& trial : process.given) again_.push_back(std::move(trial));
    process.given.clear();
  }

  const Plan& plan_;
  Places places_;
  bool looks_back_;
  Watch* watches_ = nullptr;
  std::deque<Process> processes_;
  std::vector<pollfd> polled_;
  std::deque<Trial> again_;
  double mean_seconds_ = 0;
  int64_t finished_ = 0;
};

}  // namespace

std::unique_ptr<Executor> local_executor(const Plan& plan, const Places& places, bool looks_back, int32_t first, int64_t workers) {
  return std::make_unique<LocalExecutor>(plan, places, looks_back, first, workers);
}

Result failed_result(const Plan& plan, LostTrial&& lost) {
  Result result{.trial = std::move(lost.trial), .state = TrialState::failed, .start = lost.start, .seconds = lost.seconds, .worker = lost.worker,
                .reason = std::move(lost.reason)};
  try {
    result.trial.id = plan.task->identify(plan.space, result.trial);
  } catch (const Error&) {
    result.trial.id = id_of_key(result.trial.key);
  }
  return result;
}

}  // namespace proxon::sweep
