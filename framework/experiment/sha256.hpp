// SHA-256 (FIPS 180-4), by libcrypto.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

struct evp_md_ctx_st;  // of libcrypto

namespace proxon {

class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  std::array<uint8_t, 32> sum();  ///< of what was added; once

 private:
  struct Release {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Release> context_;
};

}  // namespace proxon
