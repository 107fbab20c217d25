#include "proxon/experiment/replaced.hpp"

#include <filesystem>
#include <utility>

#include "proxon/archive/reader.hpp"

namespace proxon {

namespace fs = std::filesystem;

Replaced::Replaced(const std::string& path) : path_(path), kept_(path + ".before") {
  if (!fs::is_regular_file(path_)) return;
  const auto complete = [](const std::string& archive) {
    try {
      return archive::Reader(archive).stage_done("simulate");
    } catch (const Error&) {
      return true;  // no archive of ours, and all the more to be kept
    }
  };
  std::error_code error;
  there_ = fs::is_regular_file(kept_) && !complete(path_);
  if (there_) return;
  fs::remove(kept_, error);
  fs::create_hard_link(path_, kept_, error);
  if (error) fs::rename(path_, kept_, error);
  there_ = !error;
}

Replaced::~Replaced() {
  std::error_code error;
  if (there_) fs::remove(kept_, error);
}

bool Replaced::put_back() {
  if (!std::exchange(there_, false)) return false;
  std::error_code error;
  fs::rename(kept_, path_, error);
  return true;
}

}  // namespace proxon
