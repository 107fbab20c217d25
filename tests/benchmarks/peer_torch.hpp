// PyTorch beside a benchmark, in the same run, each network at its best setting and number of threads (peer_torch.py).
#pragma once
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace proxon::bench {

/// Our best time of a network, ms, and how many times as fast as PyTorch that shall be.
struct Aimed {
  double ms, times;
};

/// Runs PyTorch on a group of networks and prints how many times as fast `ours` were, by the networks' names.
inline void beside_torch(const std::string& group, const std::map<std::string, Aimed>& ours) {
  const std::filesystem::path result = std::filesystem::temp_directory_path() / fmt::format("peer_torch.{}.json", getpid());
  const std::string command = fmt::format("/usr/bin/python3 '{}/tests/benchmarks/peer_torch.py' {} '{}'", PROXON_SOURCE_DIR, group, result.string());
  if (std::system(command.c_str()) != 0 || !std::filesystem::exists(result)) {
    fmt::print("skipped: there is no PyTorch to compare with.\n");
    return;
  }
  const auto json = nlohmann::json::parse(std::ifstream(result));
  std::filesystem::remove(result);
  for (const auto& [name, mine] : ours) {
    const auto& its = json["best"][name];
    const double ms = its["ms"], times = ms / mine.ms;
    fmt::print("{:<28} ours {:>10.4f} ms, PyTorch {} {:>10.4f} ms ({}): {:.3g} times as fast ({} {:g})\n", name, mine.ms, json["version"].get<std::string>(), ms,
               its["setting"].get<std::string>(), times, times >= mine.times ? "reached:" : "MISSED:", mine.times);
  }
}

}  // namespace proxon::bench
