// The two clocks of the benchmarks.
#pragma once
#include <chrono>
#include <ctime>

namespace proxon::bench {

inline double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Processor time of all threads: what a machine that is shared with others would need alone.
inline double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace proxon::bench
