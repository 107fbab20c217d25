// Errors. A user's mistake is an Error whose text is one clear sentence: what is wrong, where (file, line, key), what to do.
// A mistake of ours is a Check, which shows the values. Neither is ever thrown across the border of a plugin.
#pragma once
#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace proxon {

/// What a user can mend. The program prints what() after "proxon: error: " and exits with status 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Ctrl-C: the stage stopped at a safe place and everything written so far is whole. Exit status 130.
class Interrupted : public Error {
 public:
  using Error::Error;
};

/// Throws Error with the formatted sentence.
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> sentence, Args&&... args) {
  throw Error(fmt::format(sentence, std::forward<Args>(args)...));
}

namespace detail {
[[noreturn]] void check_failed(const char* condition, const char* file, int line, const std::string& values);
}

/// "a neuron", "an optimizer".
inline std::string with_article(std::string_view noun) {
  return fmt::format("{} {}", !noun.empty() && std::string_view("aeiou").find(noun[0]) != std::string_view::npos ? "an" : "a", noun);
}

/// The candidate nearest to `word` by edit distance, or "" when none is near (used in "did you mean ...").
template <class Range>
std::string nearest_name(std::string_view word, const Range& candidates);

/// Number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (Damerau-Levenshtein).
int edit_distance(std::string_view a, std::string_view b);

template <class Range>
std::string nearest_name(std::string_view word, const Range& candidates) {
  std::string best;
  int best_distance = 1 + static_cast<int>(word.size() + 2) / 3;
  for (const auto& candidate : candidates) {
    const int distance = edit_distance(word, std::string_view(candidate));
    if (distance < best_distance) best_distance = distance, best = std::string(std::string_view(candidate));
  }
  return best;
}

/// " Did you mean 'x'?" or "", to end a sentence about an unknown name.
template <class Range>
std::string did_you_mean(std::string_view word, const Range& candidates) {
  const std::string name = nearest_name(word, candidates);
  return name.empty() ? "" : fmt::format(" Did you mean '{}'?", name);
}

}  // namespace proxon

/// A condition that only a mistake in the program can break: PROXON_CHECK(i < n, "i = {}, n = {}", i, n).
#define PROXON_CHECK(condition, ...)                                                                       \
  do {                                                                                                     \
    if (!(condition)) [[unlikely]]                                                                         \
      ::proxon::detail::check_failed(#condition, __FILE__, __LINE__, ::fmt::format("" __VA_ARGS__));       \
  } while (false)
