// What a person sees while the program works: one line a stage. On a terminal a bar that redraws itself with the time left;
// in a log plain lines, not more than one every few seconds.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace proxon {

/// True once Ctrl-C (SIGINT), SIGTERM or SIGUSR1 (which mpirun passes to its ranks at once, and schedulers send before the time
/// is up) has arrived; long loops look here and stop at a safe place by calling stop_if_interrupted(), which throws Interrupted.
bool interrupted();
void stop_if_interrupted(const char* what);
/// The same where another process was interrupted, and this one must stop with it.
[[noreturn]] void stop_as_interrupted(const char* what);
/// Installs the handlers. A second Ctrl-C ends the process at once.
void watch_signals();

/// How the program talks: quiet prints no progress (errors still go to standard error).
void set_quiet(bool quiet);

/// A person's "1.2 s", "3 min 20 s", "4.1 MB", "12,345".
std::string format_duration(double seconds);
std::string format_bytes(double bytes);
std::string format_count(int64_t n);

/// The progress of one stage. Not for use by several threads at once.
///
///   Progress progress("simulate", n_steps);
///   progress.update(step, "E 12.1 Hz");      // cheap: draws at most ten times a second
///   progress.done("10 s of biology, 81,233 spikes");
class Progress {
 public:
  Progress(std::string stage, int64_t total);
  ~Progress();
  void update(int64_t done, const std::string& note = "");
  /// Ends the stage's line with what was done.
  void done(const std::string& summary);
  double seconds() const;

 private:
  using Clock = std::chrono::steady_clock;
  void draw(const std::string& note);
  std::string stage_;
  int64_t total_, done_ = 0;
  Clock::time_point start_, last_;
  bool finished_ = false;
};

/// A line beside the stages ("proxon: note: ..."), on standard error.
void note(const std::string& sentence);

}  // namespace proxon
