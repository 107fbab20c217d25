// SHA-256 (FIPS 180-4), by Nettle: libcrypto does the same, and takes 3 ms to load.
#pragma once
#include <nettle/sha2.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace proxon {

class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  std::array<uint8_t, 32> sum();  ///< of what was added; begins anew

 private:
  sha256_ctx context_;
};

}  // namespace proxon
