#include "proxon/experiment/sha256.hpp"

namespace proxon {

Sha256::Sha256() { sha256_init(&context_); }

void Sha256::add(std::string_view bytes) { sha256_update(&context_, bytes.size(), reinterpret_cast<const uint8_t*>(bytes.data())); }

std::array<uint8_t, 32> Sha256::sum() {
  std::array<uint8_t, 32> sum;
  sha256_digest(&context_, sum.size(), sum.data());
  return sum;
}

}  // namespace proxon
