// The archive that stood where a run writes.
#pragma once
#include <string>

namespace proxon {

/// Keeps the archive that a run replaces, as NAME.before, until the new one is complete. One that a run left there that was killed is kept where what
/// has come in its place is not complete.
class Replaced {
 public:
  explicit Replaced(const std::string& path);
  ~Replaced();
  Replaced(const Replaced&) = delete;
  /// Puts back what was there; false when there was nothing.
  bool put_back();

 private:
  std::string path_, kept_;
  bool there_ = false;
};

}  // namespace proxon
