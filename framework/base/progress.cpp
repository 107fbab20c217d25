#include "proxon/base/progress.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "proxon/base/error.hpp"
#include "proxon/base/ranks.hpp"

namespace proxon {
namespace {

volatile std::sig_atomic_t signals_seen = 0;
bool quiet_mode = false;

/// The first rank speaks for all.
bool quiet() { return quiet_mode || rank() > 0; }

void on_signal(int signal) {
  if (signals_seen != 0) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  signals_seen = 1;
}

bool on_terminal() {
  static const bool terminal = isatty(STDOUT_FILENO) != 0 && ranks() == 1;  // mpirun gives a terminal of its own, wherever its output goes
  return terminal;
}

}  // namespace

bool interrupted() { return signals_seen != 0; }

void stop_if_interrupted(const char* what) {
  if (interrupted()) stop_as_interrupted(what);
}

void stop_as_interrupted(const char* what) {
  throw Interrupted(fmt::format("interrupted while {}; what was written so far is whole.", what));
}

void watch_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) std::signal(signal, on_signal);
}

void set_quiet(bool quiet) { quiet_mode = quiet; }

std::string format_duration(double seconds) {
  if (seconds < 0.001) return fmt::format("{:.0f} us", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::string format_bytes(double bytes) {
  const char* unit = "B";
  for (const char* larger : {"kB", "MB", "GB", "TB"}) {
    if (bytes < 1000) break;
    bytes /= 1000, unit = larger;
  }
  return bytes < 10 && unit[0] != 'B' ? fmt::format("{:.1f} {}", bytes, unit) : fmt::format("{:.0f} {}", bytes, unit);
}

std::string format_count(int64_t n) {
  std::string digits = std::to_string(n < 0 ? -n : n), text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return n < 0 ? "-" + text : text;
}

Progress::Progress(std::string stage, int64_t total)
    : stage_(std::move(stage)), total_(total), start_(Clock::now()), last_(start_) {
  if (on_terminal()) draw("");
}

Progress::~Progress() {
  if (!finished_ && !quiet() && on_terminal()) std::fputs("\n", stdout);
}

double Progress::seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

void Progress::update(int64_t done, const std::string& note) {
  done_ = done;
  const auto now = Clock::now();
  const double since = std::chrono::duration<double>(now - last_).count();
  if (since < (on_terminal() ? 0.1 : 5.0)) return;
  last_ = now;
  draw(note);
}

void Progress::draw(const std::string& note) {
  if (quiet()) return;
  const double share = total_ > 0 ? std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_)) : 0;
  const std::string left = share > 0.005 ? format_duration(seconds() * (1 - share) / share) + " left" : "";
  if (on_terminal()) {
    std::string bar;
    for (int i = 0; i < 24; ++i) bar += i < static_cast<int>(share * 24) ? "━" : "╌";
    fmt::print("\r\033[K{:<10} {} {:3.0f} %  {}{}{}", stage_, bar, share * 100, left, note.empty() ? "" : "  ", note);
  } else {
    fmt::print("{:<10} {:3.0f} %  {}{}{}\n", stage_, share * 100, left, note.empty() ? "" : "  ", note);
  }
  std::fflush(stdout);
}

void Progress::done(const std::string& summary) {
  finished_ = true;
  if (quiet()) return;
  fmt::print("{}{:<10} {} ({})\n", on_terminal() ? "\r\033[K" : "", stage_, summary, format_duration(seconds()));
  std::fflush(stdout);
}

void note(const std::string& sentence) {
  if (rank() > 0 || quiet()) return;
  std::fflush(stdout);
  fmt::print(stderr, "proxon: note: {}\n", sentence);
}

}  // namespace proxon
